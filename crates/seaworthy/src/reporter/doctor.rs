//! What this machine gives.

use super::paint::Paint;
use super::table::Table;
use crate::machine::{Gift, State};

/// A line for each thing, and below it what to do where it lacks.
pub(crate) fn render(gifts: &[Gift], paint: Paint) -> String {
    let mut table = Table::new(["", "", ""]);
    for gift in gifts {
        let word = gift.state.word();
        let state = match gift.state {
            State::Ok => paint.good(word),
            State::Missing => paint.bad(word),
            State::Absent => paint.warn(word),
            State::Unknown => paint.dim(word),
        };
        table.row([gift.what.to_owned(), state, gift.seen.clone()]);
        if !gift.remedy.is_empty() {
            table.note(format!("{} {}", paint.dim("→"), gift.remedy));
        }
    }
    table.render(paint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_is_followed_by_what_to_do() {
        let gifts = [
            Gift::ok("kernel", "Linux 6.1"),
            Gift::lacking("git", State::Absent, "not in $PATH", "install it"),
        ];
        let expected = "kernel  ok      Linux 6.1\ngit     absent  not in $PATH\n  → install it\n";
        assert_eq!(render(&gifts, Paint::new(false)), expected);
    }
}
