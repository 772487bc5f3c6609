//! Judgements of a release.

use serde::{Deserialize, Serialize};

use crate::form::{Count, Form, Text, TextForm};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::{Shape, TextShape};
use crate::table::{choices, keys, table};
use crate::text::Plain;
use crate::tree::{Node, Value};
use crate::units::{Comparison, Expression, Malformed};

table! {
    /// A judgement. An expression alone sets `is`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Gate with Label plain "is" {
        /// Its name.
        pub name: String = given(read_name),
        /// The expression as written, `"error_rate < 1%"`, or the comparison `is` of a query, `"== 0"`.
        pub expression: String as "is" = required(Text<Judgement>),
        /// A PromQL query; `$new` stands for the release that is judged.
        pub promql: Option<String> = optional(Text<Plain>),
        /// What no data means for this gate.
        pub no_data: Option<NoData> = optional(NoData),
        /// Failing ticks in a row that make it fail. None: 1 for errors, 3 for latency.
        pub consecutive: Option<u32> = optional(Count<1, 1000>),
    }
}

keys! {
    /// How a gate is called.
    pub(crate) struct Label {
        /// Its name in the evidence. Not written: the query or the expression.
        "name" = optional(Text<Plain>),
    }
}

fn read_name(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
    let table = node.table()?;
    let text = |key| match table.get(key).map(|entry| &entry.node.value) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let name = reader.optional::<Text<Plain>>(table, "name");
    Some(
        name.or_else(|| text("promql"))
            .or_else(|| text("is"))
            .unwrap_or_default(),
    )
}

impl Gate {
    /// A gate on what the edge itself measures, named by its expression.
    pub fn on(expression: impl Into<String>) -> Self {
        let expression = expression.into();
        Self {
            name: expression.clone(),
            expression,
            promql: None,
            no_data: None,
            consecutive: None,
        }
    }

    /// What is compared, for a gate on what the edge itself measures; `None` for a query.
    ///
    /// # Errors
    /// A gate that was not read from a file may hold an expression that is none.
    pub fn judgement(&self) -> Result<Option<Expression>, Malformed> {
        if self.promql.is_some() {
            Ok(None)
        } else {
            self.expression.parse().map(Some)
        }
    }
}

choices! {
    /// What no data means to a gate. It never passes.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum NoData {
        /// The gate fails.
        Fail = "fail",
        /// The gate waits until the deadline, which reverts.
        Wait = "wait",
    }
}

/// What `is` may hold: a whole expression, or what the answer of a query is compared with.
struct Judgement;

impl TextForm for Judgement {
    const SHAPE: TextShape = TextShape {
        name: "comparison",
        pattern: "^((error_rate|p50|p90|p95|p99) *)?(<|<=|>|>=|==|!=) *.+$",
        example: "== 0",
    };

    fn check(text: &str) -> Result<(), Complaint> {
        if check_comparison(text).is_ok() {
            Ok(())
        } else {
            Expression::check(text)
        }
    }
}

/// A gate as an expression or as a table.
pub(crate) struct GateForm;

impl Form for GateForm {
    type Value = Gate;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Gate> {
        if node.table().is_none() {
            return Text::<Expression>::read(node, reader).map(Gate::on);
        }
        let gate = Gate::read(node, reader)?;
        if let Some(is) = node.get(["is"]).filter(|_| !gate.expression.is_empty()) {
            let checked = match (&gate.promql, check_comparison(&gate.expression)) {
                (Some(_), compared) => compared,
                (None, Ok(())) => Err(Complaint::new(
                    "spec.gate_without_query",
                    "there is no query whose answer could be compared",
                    "write promql = 'QUERY', or a whole expression such as \"error_rate < 1%\"",
                )),
                (None, Err(_)) => Expression::check(&gate.expression),
            };
            reader.at_key("is", |reader| reader.accept(is, checked))?;
        }
        Some(gate)
    }

    fn shape() -> Shape {
        Shape::Any(vec![Text::<Expression>::shape(), Gate::shape()])
    }
}

/// A query's answer is compared with a number.
fn check_comparison(text: &str) -> Result<(), Complaint> {
    let number = Comparison::split(text.trim()).map(|(_, number)| number.trim().parse::<f64>());
    match number {
        Some(Ok(number)) if number.is_finite() => Ok(()),
        _ => Err(Complaint::new(
            "spec.bad_unit",
            format!("{text:?} is not a comparison with a number"),
            "write for example \"== 0\" or \"< 0.5\"",
        )),
    }
}
