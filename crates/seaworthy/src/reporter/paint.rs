//! Colours, and when there are none.

use console::Style;

/// Gives words a colour where colours are wanted. A word means the same without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours, if `on`.
    pub(crate) fn new(on: bool) -> Self {
        Self { on }
    }

    fn with(self, style: Style, text: &str) -> String {
        match self.on {
            true => style.force_styling(true).apply_to(text).to_string(),
            false => text.to_owned(),
        }
    }

    /// Something is as it should be.
    pub(crate) fn good(self, text: &str) -> String {
        self.with(Style::new().green(), text)
    }

    /// Something needs an eye on it.
    pub(crate) fn warn(self, text: &str) -> String {
        self.with(Style::new().yellow(), text)
    }

    /// Something is wrong.
    pub(crate) fn bad(self, text: &str) -> String {
        self.with(Style::new().red(), text)
    }

    /// Less important than what stands beside it.
    pub(crate) fn dim(self, text: &str) -> String {
        self.with(Style::new().dim(), text)
    }

    /// A heading.
    pub(crate) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// A place to go to.
    pub(crate) fn link(self, text: &str) -> String {
        self.with(Style::new().cyan(), text)
    }

    /// The state of a service, an instance, a step or a release, in the colour of how good that is.
    pub(crate) fn state(self, word: &str) -> String {
        match word {
            "ready" | "serving" | "running" | "succeeded" | "done" | "ok" => self.good(word),
            "down" | "crash_looping" | "failed" | "failed_before_traffic" | "missing" | "error" => self.bad(word),
            "stopped" | "external" | "cancelled" | "note" => self.dim(word),
            _ => self.warn(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_nothing_is_added() {
        assert_eq!(Paint::new(false).state("ready"), "ready");
    }

    #[test]
    fn with_colours_the_word_stays() {
        let painted = Paint::new(true).state("crash_looping");
        assert_ne!(painted, "crash_looping");
        assert_eq!(console::strip_ansi_codes(&painted), "crash_looping");
    }
}
