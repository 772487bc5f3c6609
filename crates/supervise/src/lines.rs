//! Where a line ends.
//!
//! The keeper looks at what a FIFO holds before it takes it. What is no whole line stays in the FIFO, so that this
//! module needs no memory from one look to the next, and a keeper that is killed takes no half line with it.

/// The lines in a look at a FIFO. Iterate, then ask [`Lines::used`] how much may be taken.
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    held: &'a [u8],
    used: usize,
    cut: usize,
    take_rest: bool,
}

impl<'a> Lines<'a> {
    /// Lines of `held`, none longer than `cut` bytes: what is longer goes on as a line of its own.
    /// `take_rest`: what is left without a line end is a line too, because nothing more can follow it.
    pub(crate) fn new(held: &'a [u8], cut: usize, take_rest: bool) -> Self {
        Self {
            held,
            used: 0,
            cut: cut.max(4),
            take_rest,
        }
    }

    /// How many bytes the lines so far stand for, their line ends included.
    pub(crate) fn used(&self) -> usize {
        self.used
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = &self.held[self.used..];
        // One byte more than the cut, since a line that just fits may have its line end there.
        let window = &rest[..rest.len().min(self.cut + 1)];
        if let Some(end) = window.iter().position(|byte| *byte == b'\n') {
            self.used += end + 1;
            let line = &rest[..end];
            return Some(line.strip_suffix(b"\r").unwrap_or(line));
        }
        if rest.len() > self.cut {
            let end = character_boundary(rest, self.cut);
            self.used += end;
            return Some(&rest[..end]);
        }
        if self.take_rest && !rest.is_empty() {
            self.used = self.held.len();
            return Some(rest);
        }
        None
    }
}

/// The last place at or before `at` that is not within a UTF-8 character; `at` itself if there is none nearby.
fn character_boundary(bytes: &[u8], at: usize) -> usize {
    let is_continuation = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
    (at - 3..=at)
        .rev()
        .find(|place| !is_continuation(bytes[*place]))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(held: &str, cut: usize, take_rest: bool) -> (Vec<String>, usize) {
        let mut lines = Lines::new(held.as_bytes(), cut, take_rest);
        let found = lines
            .by_ref()
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        (found, lines.used())
    }

    #[test]
    fn whole_lines_are_taken_and_a_partial_one_stays() {
        assert_eq!(
            split("a\nbc\r\n\npart", 100, false),
            (vec!["a".into(), "bc".into(), String::new()], 7)
        );
        assert_eq!(split("part", 100, false), (vec![], 0));
    }

    #[test]
    fn the_rest_is_a_line_when_nothing_can_follow() {
        assert_eq!(split("a\npart", 100, true), (vec!["a".into(), "part".into()], 6));
        assert_eq!(split("a\n", 100, true), (vec!["a".into()], 2));
    }

    #[test]
    fn a_long_line_goes_on_in_the_next_and_nothing_of_it_is_lost() {
        assert_eq!(split("aaaabbbbcc\nd\n", 4, false).0, ["aaaa", "bbbb", "cc", "d"]);
    }

    #[test]
    fn a_line_that_just_fits_is_not_cut_and_leaves_no_empty_line() {
        assert_eq!(split("aaaa", 4, false), (vec![], 0));
        assert_eq!(split("aaaa\nb\n", 4, false).0, ["aaaa", "b"]);
    }

    #[test]
    fn a_character_is_not_cut_in_two() {
        assert_eq!(split("aaä€€\n", 5, false).0, ["aaä", "€", "€"]);
    }
}
