//! What is wrong with a bad version of the demo application.

use std::time::Duration;

use http::StatusCode;

/// A fault, chosen by `$DEMO_FAULT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its readiness probe never passes.
    NeverReady,
    /// Every third answer is an error.
    Errors,
    /// Every answer is late.
    Slow,
}

impl Fault {
    /// The fault with this name.
    pub(crate) fn named(name: &str) -> Result<Option<Self>, String> {
        match name {
            "" => Ok(None),
            "never_ready" => Ok(Some(Fault::NeverReady)),
            "errors" => Ok(Some(Fault::Errors)),
            "slow" => Ok(Some(Fault::Slow)),
            other => Err(format!("DEMO_FAULT={other}: known are never_ready, errors and slow")),
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Fault::NeverReady => "never_ready",
            Fault::Errors => "errors",
            Fault::Slow => "slow",
        }
    }

    /// What a readiness probe is told.
    pub(crate) fn readiness(fault: Option<Self>) -> StatusCode {
        match fault {
            Some(Fault::NeverReady) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        }
    }

    /// How late every answer is.
    pub(crate) fn delay(fault: Option<Self>) -> Duration {
        match fault {
            Some(Fault::Slow) => Duration::from_millis(700),
            _ => Duration::ZERO,
        }
    }

    /// What the answer to the `number`th request is instead of the right one.
    pub(crate) fn error(fault: Option<Self>, number: u64) -> Option<StatusCode> {
        (fault == Some(Fault::Errors) && number.is_multiple_of(3)).then_some(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn each_fault_shows_where_it_should_and_nowhere_else() {
        let named = |name| Fault::named(name).unwrap();
        assert_eq!(Fault::readiness(named("never_ready")), StatusCode::SERVICE_UNAVAILABLE);
        for fine in ["", "errors", "slow"] {
            assert_eq!(Fault::readiness(named(fine)), StatusCode::OK, "{fine}");
        }
        let errors = |name| {
            (1..=9)
                .filter(|number| Fault::error(named(name), *number).is_some())
                .count()
        };
        assert_eq!([errors(""), errors("errors"), errors("slow")], [0, 3, 0]);
        assert_eq!(Fault::delay(named("errors")), Duration::ZERO);
        assert!(Fault::delay(named("slow")) > Duration::ZERO);
        assert!(Fault::named("wrong").is_err());
    }

    #[test]
    fn a_fault_is_known_by_its_name() {
        for fault in [Fault::NeverReady, Fault::Errors, Fault::Slow] {
            assert_eq!(Fault::named(fault.name()), Ok(Some(fault)));
        }
    }
}
