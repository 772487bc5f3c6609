//! Judgements of a release.

use serde::{Deserialize, Serialize};

use crate::form::{Count, Form, Text, TextForm};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::table::{choices, table};
use crate::text::Plain;
use crate::tree::Node;
use crate::units::{Comparison, Expression, Malformed};

table! {
    /// A judgement. An expression alone sets `is`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Gate plain "is" {
        /// Its name in the evidence; the expression itself where it is not written.
        pub name: String = default(Text<Plain>, String::new()),
        /// The expression as written, `"error_rate < 1%"`, or the comparison `is` of a query, `"== 0"`.
        pub expression: String as "is" = required(Text<Plain>),
        /// A PromQL query; `$new` stands for the release that is judged.
        pub promql: Option<String> = optional(Text<Plain>),
        /// What no data means for this gate.
        pub no_data: Option<NoData> = optional(NoData),
        /// Failing ticks in a row that make it fail. None: 1 for errors, 3 for latency.
        pub consecutive: Option<u32> = optional(Count<1, 1000>),
    }
}

impl Gate {
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

/// A gate as an expression or as a table.
pub(crate) struct GateForm;

impl Form for GateForm {
    type Value = Gate;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Gate> {
        if node.table().is_none() {
            let expression = Text::<Expression>::read(node, reader)?;
            return Some(Gate {
                name: expression.clone(),
                expression,
                promql: None,
                no_data: None,
                consecutive: None,
            });
        }
        let mut gate = Gate::read(node, reader)?;
        let expression = node.get(["is"])?;
        let checked = if gate.promql.is_some() {
            check_comparison(&gate.expression)
        } else {
            Expression::check(&gate.expression)
        };
        reader.at_key("is", |reader| reader.accept(expression, checked))?;
        if gate.name.is_empty() {
            gate.name = gate.promql.clone().unwrap_or_else(|| gate.expression.clone());
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
