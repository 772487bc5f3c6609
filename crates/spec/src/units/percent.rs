use super::Malformed;
use crate::form::{Form, Print};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::{Shape, TextShape};
use crate::tree::Node;

/// The form of a share, written `"70%"`; kept in percent.
pub(crate) struct Percent;

/// Reads `"70%"`, 1 to 100.
pub(crate) fn read_percent(text: &str) -> Result<u32, Malformed> {
    let Some(number) = text.strip_suffix('%') else {
        return Err(Malformed::new(
            format!("{text:?} is not a share"),
            "write a percentage, for example \"70%\"",
        ));
    };
    let percent = number
        .trim_end()
        .parse::<u32>()
        .ok()
        .filter(|percent| (1..=100).contains(percent));
    percent.ok_or_else(|| {
        Malformed::new(
            format!("{text:?} is not between 1% and 100%"),
            "write whole percents from \"1%\" to \"100%\"",
        )
    })
}

impl Form for Percent {
    type Value = u32;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<u32> {
        let text = reader.text(node, "percentage", "70%")?;
        reader.accept(node, read_percent(text).map_err(Complaint::from))
    }

    fn shape() -> Shape {
        Shape::Text(TextShape {
            name: "percentage",
            pattern: "^([1-9][0-9]?|100)%$",
            example: "70%",
        })
    }
}

impl Print for Percent {
    fn print(value: &u32) -> String {
        format!("\"{value}%\"")
    }
}
