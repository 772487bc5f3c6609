//! Texts that have a form of their own: names, hosts, paths, schedules, patterns. They stay texts in the model; what
//! they must look like is said here once, for parser and schema alike.

mod address;
mod cron;
mod name;
mod pattern;
mod time;

pub(crate) use address::{Egress, External, Host, Image, Listen, Network, Registry, Remote, Repository, WebOrigin};
pub(crate) use cron::Cron;
pub(crate) use name::{
    AppName, Email, EnvName, Header, KeyPath, Mount, Name, Plain, Preparation, Reference, SecretName, UrlPath, Version,
};
pub(crate) use pattern::Pattern;
pub(crate) use time::{Approval, TimeOfDay, TimeZone, Weekly};

/// Defines texts by their pattern, and where a pattern alone cannot tell, by a function besides (`and`).
macro_rules! texts {
    ($(
        $(#[doc = $about:literal])*
        $Name:ident is $name:literal like $example:literal: $pattern:literal, $remedy:literal
            $(, confidential $confidential:literal)? $(, and $also:path)?
    );* $(;)?) => { $(
        $(#[doc = $about])*
        pub(crate) struct $Name;

        impl $crate::form::TextForm for $Name {
            const SHAPE: $crate::shape::TextShape =
                $crate::shape::TextShape { name: $name, pattern: $pattern, example: $example };
            $( const CONFIDENTIAL: bool = $confidential; )?

            fn check(text: &str) -> Result<(), $crate::mistake::Complaint> {
                static PATTERN: std::sync::OnceLock<Option<regex::Regex>> = std::sync::OnceLock::new();
                let pattern = PATTERN.get_or_init(|| regex::Regex::new($pattern).ok());
                let fits = pattern.as_ref().is_some_and(|pattern| pattern.is_match(text));
                if fits $( && $also(text) )? {
                    return Ok(());
                }
                let shown = if Self::CONFIDENTIAL { "this".to_owned() } else { $crate::tree::quote(text) };
                let article = if $name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
                let cause = format!("{shown} is not {article} {}", $name);
                Err($crate::mistake::Complaint::new("spec.bad_text", cause, $remedy))
            }
        }
    )* };
}

use texts;
