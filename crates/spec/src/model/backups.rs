//! How the application is recovered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::form::{Count, Form, Text};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::table::{choices, table};
use crate::text::{Repository, TimeOfDay, Weekly};
use crate::tree::Node;
use crate::units::Span;

table! {
    /// How the application is recovered.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Backups {
        /// Repositories. The first must hold; the others follow.
        pub to: Vec<String> = required(Vec<Text<Repository>>),
        /// Time of the daily backup, UTC, `"02:00"`.
        pub daily: Option<String> = optional(Text<TimeOfDay>),
        /// Day and time of the weekly backup, UTC, `"sunday 01:00"`.
        pub weekly: Option<String> = optional(Text<Weekly>),
        /// How many of each are kept.
        pub keep: BTreeMap<String, u32> = nested(Keep),
        /// The most data that may be lost.
        pub rpo: Option<Span> = optional(Span),
        /// The longest a recovery may take.
        pub rto: Option<Span> = optional(Span),
        /// How often a restore is drilled.
        pub drill: Option<String> = optional(DrillWord),
    }
}

table! {
    /// How many backups of each age are kept.
    #[derive(Debug)]
    pub(crate) struct Kept {
        /// Daily ones.
        pub(crate) daily: Option<u32> = optional(Count<0, 100_000>),
        /// Weekly ones.
        pub(crate) weekly: Option<u32> = optional(Count<0, 100_000>),
        /// Monthly ones.
        pub(crate) monthly: Option<u32> = optional(Count<0, 100_000>),
        /// Yearly ones.
        pub(crate) yearly: Option<u32> = optional(Count<0, 100_000>),
    }
}

/// The numbers of kept backups, by their age's word.
struct Keep;

impl Form for Keep {
    type Value = BTreeMap<String, u32>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let Kept {
            daily,
            weekly,
            monthly,
            yearly,
        } = Kept::read(node, reader)?;
        let ages = [
            ("daily", daily),
            ("weekly", weekly),
            ("monthly", monthly),
            ("yearly", yearly),
        ];
        Some(
            ages.into_iter()
                .filter_map(|(age, number)| Some((age.to_owned(), number?)))
                .collect(),
        )
    }

    fn shape() -> Shape {
        Kept::shape()
    }
}

choices! {
    /// How often a restore is drilled.
    #[derive(Debug, Clone, Copy)]
    pub(crate) enum Drill {
        /// Every day.
        Daily = "daily",
        /// Every week.
        Weekly = "weekly",
        /// Every month.
        Monthly = "monthly",
    }
}

/// The rhythm of drills, kept as its word.
struct DrillWord;

impl Form for DrillWord {
    type Value = String;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        Drill::read(node, reader).map(|drill| drill.word().to_owned())
    }

    fn shape() -> Shape {
        Drill::shape()
    }
}
