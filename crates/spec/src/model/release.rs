//! How the application changes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Gate;
use super::gate::{GateForm, NoData};
use crate::form::{Count, Form, Print, Text};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::{Shape, TextShape};
use crate::table::{choices, table};
use crate::text::{Approval, Preparation};
use crate::tree::{Node, quote};
use crate::units::{Malformed, Span, read_percent};

table! {
    /// How the application changes.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Release {
        /// Rolling, blue-green or canary.
        pub strategy: Strategy = default(Strategy, Strategy::Rolling),
        /// Rolling: how many ready instances may be missing.
        pub max_unavailable: u32 = default(Count<0, 10_000>, 0),
        /// Rolling: how many instances more than `replicas` may run.
        pub max_surge: u32 = default(Count<0, 10_000>, 1),
        /// Canary: `"10% for 30m"`, ascending, the last `"100%"`. Not written, a canary takes 10, 25 and 50 % for ten
        /// minutes each.
        pub steps: Vec<Step> = several(Vec<Step>),
        /// What runs before, `"backup db"`.
        pub before: Vec<String> = several(Vec<Text<Preparation>>),
        /// What is judged: expressions such as `"error_rate < 1%"`, `"p95 < 500ms"`, `"p95 < 1.2 * stable.p95"`, or
        /// tables.
        pub gates: Option<Vec<Gate>> = implied(Vec<GateForm>, format!("[{}]", quote(Release::DEFAULT_GATE))),
        /// Least number of requests per hold.
        pub sample: u32 = default(Count<1, 1_000_000_000>, 100),
        /// The time over which a gate looks.
        pub window: Span = default(Span, Span::secs(30)),
        /// The time between two judgements.
        pub tick: Span = default(Span, Span::secs(1)),
        /// How long a new side is not judged.
        pub warm_up: Span = default(Span, Span::secs(0)),
        /// What no data means.
        pub no_data: NoData = default(NoData, NoData::Wait),
        /// How long the new side is watched after it has all traffic.
        pub bake: Span = default(Span, Span::secs(60)),
        /// The longest a release may take.
        pub deadline: Span = default(Span, Span::secs(3600)),
        /// Where a person must agree, `"before 100%"`.
        pub approve: Option<String> = optional(Text<Approval>),
        /// `"allow"`: a gap is consented to.
        pub downtime: Downtime = default(Downtime, Downtime::Refuse),
    }
}

impl Release {
    /// What is judged where the file does not say.
    pub const DEFAULT_GATE: &'static str = "error_rate < 5%";

    /// The gates of the file, or the default one.
    pub fn gates_in_force(&self) -> Vec<Gate> {
        self.gates.clone().unwrap_or_else(|| vec![Gate::on(Self::DEFAULT_GATE)])
    }
}

choices! {
    /// Release strategy.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Strategy {
        /// Instances replaced a few at a time.
        Rolling = "rolling",
        /// The whole new side, then one step.
        BlueGreen = "blue-green",
        /// Weights through steps, each judged.
        Canary = "canary",
    }
}

choices! {
    /// Consent to a gap.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Downtime {
        /// A release with a gap is refused unless `--allow-downtime`.
        Refuse = "refuse",
        /// Consented to.
        Allow = "allow",
    }
}

/// One canary step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Percent of traffic for the new side.
    pub percent: u32,
    /// How long it is held.
    pub hold: Span,
}

impl Step {
    /// What a canary goes through when the file does not say.
    pub(crate) fn usual() -> Vec<Self> {
        let ten_minutes = Span::secs(600);
        let step = |percent| Self {
            percent,
            hold: ten_minutes,
        };
        vec![
            step(10),
            step(25),
            step(50),
            Self {
                percent: 100,
                hold: Span::secs(0),
            },
        ]
    }
}

impl FromStr for Step {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (percent, hold) = text
            .split_once(" for ")
            .map_or((text, "0s"), |(percent, hold)| (percent, hold.trim()));
        Ok(Self {
            percent: read_percent(percent.trim())?,
            hold: hold.parse()?,
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}%", self.percent)?;
        if self.hold.millis == 0 {
            Ok(())
        } else {
            write!(out, " for {}", self.hold)
        }
    }
}

impl Form for Step {
    type Value = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, "step", "10% for 30m")?;
        reader.accept(
            node,
            text.parse().map_err(|malformed: Malformed| Complaint::from(malformed)),
        )
    }

    fn shape() -> Shape {
        let pattern = "^([1-9][0-9]?|100)%( for +[0-9]+(ms|s|m|h|d))?$";
        Shape::Text(TextShape {
            name: "step",
            pattern,
            example: "10% for 30m",
        })
    }
}

impl Print for Step {
    fn print(value: &Self) -> String {
        quote(&value.to_string())
    }
}
