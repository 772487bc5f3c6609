//! Units as forms of the language.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use super::{Cores, Expression, Malformed, Pace, Range, Rate, Size, Span};
use crate::form::{Form, Print, TextForm};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::{Shape, TextShape};
use crate::tree::{Node, Value, quote};

impl From<Malformed> for Complaint {
    fn from(malformed: Malformed) -> Self {
        Self::new("spec.bad_unit", malformed.cause, malformed.remedy)
    }
}

/// A quantity that is written as a text.
pub(crate) trait Measured: FromStr<Err = Malformed> + Display {
    const SHAPE: TextShape;
}

impl Measured for Span {
    const SHAPE: TextShape = TextShape {
        name: "time",
        pattern: "^[0-9]+(ms|s|m|h|d)$",
        example: "30s",
    };
}

impl Measured for Size {
    const SHAPE: TextShape = TextShape {
        name: "size",
        pattern: "^[0-9]+([KMGT]i)?B$",
        example: "512MiB",
    };
}

impl Measured for Range<Size> {
    const SHAPE: TextShape = TextShape {
        name: "size or range",
        pattern: r"^[0-9]+([KMGT]i)?B( *\.\. *[0-9]+([KMGT]i)?B)?$",
        example: "512MiB..1GiB",
    };
}

macro_rules! measured {
    ($($Unit:ty),*) => { $(
        impl Form for $Unit {
            type Value = Self;

            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                let shape = <Self as Measured>::SHAPE;
                let text = reader.text(node, shape.name, shape.example)?;
                reader.accept(node, text.parse::<Self>().map_err(Complaint::from))
            }

            fn shape() -> Shape {
                Shape::Text(<Self as Measured>::SHAPE)
            }
        }

        impl Print for $Unit {
            fn print(value: &Self) -> String {
                quote(&value.to_string())
            }
        }
    )* };
}

measured!(Span, Size, Range<Size>);

impl TextForm for Rate {
    const SHAPE: TextShape = TextShape {
        name: "rate",
        pattern: "^[0-9]+ */ *[0-9]+(ms|s|m|h|d)( per client)?$",
        example: "100 / 15m per client",
    };

    fn check(text: &str) -> Result<(), Complaint> {
        Ok(text.parse::<Self>().map(drop)?)
    }
}

impl TextForm for Pace {
    const SHAPE: TextShape = TextShape {
        name: "pace",
        pattern: "^[0-9]+% */ *[0-9]+(ms|s|m|h|d)$",
        example: "50% / 30s",
    };

    fn check(text: &str) -> Result<(), Complaint> {
        Ok(text.parse::<Self>().map(drop)?)
    }
}

impl TextForm for Expression {
    const SHAPE: TextShape = TextShape {
        name: "gate",
        pattern: r"^(error_rate|p50|p90|p95|p99) *(<|<=|>|>=|==|!=) *.+$",
        example: "error_rate < 1%",
    };

    fn check(text: &str) -> Result<(), Complaint> {
        Ok(text.parse::<Self>().map(drop)?)
    }
}

/// A number, or a range of numbers as a text: `3`, `"3..20"`, `0.25`, `"0.25..0.5"`.
pub(crate) struct Ranged<T>(PhantomData<T>);

impl Form for Ranged<u32> {
    type Value = Range<u32>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Range<u32>> {
        let range: Result<Range<u32>, Malformed> = match &node.value {
            Value::Integer(number) => number.to_string().parse(),
            Value::Text(text) => text.parse(),
            _ => {
                reader.wrong_type(node, "a number or a range", "write for example 3 or \"3..20\"");
                return None;
            }
        };
        let range = reader.accept(node, range.map_err(Complaint::from))?;
        let refusal = || {
            let cause = format!("{range} is out of range (1–10000)");
            Complaint::new("spec.out_of_range", cause, "write at least 1 and at most 10000")
        };
        reader.accept(
            node,
            (range.low >= 1 && range.high <= 10_000)
                .then_some(range)
                .ok_or_else(refusal),
        )
    }

    fn shape() -> Shape {
        let range = TextShape {
            name: "range",
            pattern: r"^[0-9]+( *\.\. *[0-9]+)?$",
            example: "3..20",
        };
        Shape::Any(vec![Shape::Integer { least: 1, most: 10_000 }, Shape::Text(range)])
    }
}

impl Print for Ranged<u32> {
    fn print(value: &Range<u32>) -> String {
        if value.is_range() {
            quote(&value.to_string())
        } else {
            value.to_string()
        }
    }
}

impl Form for Ranged<Cores> {
    type Value = Range<Cores>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Range<Cores>> {
        let range: Result<Range<Cores>, Malformed> = match &node.value {
            Value::Integer(number) => number.to_string().parse(),
            Value::Float(text) | Value::Text(text) => text.parse(),
            _ => {
                reader.wrong_type(node, "a number or a range", "write for example 0.25 or \"0.25..0.5\"");
                return None;
            }
        };
        reader.accept(node, range.map_err(Complaint::from))
    }

    fn shape() -> Shape {
        let range = TextShape {
            name: "range",
            pattern: r"^[0-9]+(\.[0-9]{1,3})?( *\.\. *[0-9]+(\.[0-9]{1,3})?)?$",
            example: "0.25..0.5",
        };
        Shape::Any(vec![Shape::Number, Shape::Text(range)])
    }
}
