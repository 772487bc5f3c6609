//! When a log file is full, what the rotated ones are called and which of them go.

/// The file that is written now.
pub(crate) const CURRENT: &str = "current";

/// Whether `incoming` bytes should go to a new file. A file that is empty takes any line.
pub(crate) fn is_due(len: u64, incoming: u64, file_bytes: u64) -> bool {
    len > 0 && len.saturating_add(incoming) > file_bytes
}

/// The name of the `number`th rotated file. Numbers rather than times: a clock may be set back.
pub(crate) fn name(number: u64) -> String {
    format!("{number:08}.log")
}

/// The number in a rotated file's name; none for any other file.
pub(crate) fn number(name: &str) -> Option<u64> {
    name.strip_suffix(".log")?.parse().ok()
}

/// Which of the rotated files go, so that with the current one no more than `files` are there.
pub(crate) fn surplus(mut rotated: Vec<u64>, files: u32) -> Vec<u64> {
    rotated.sort_unstable();
    let keep = (files as usize).saturating_sub(1);
    rotated.truncate(rotated.len().saturating_sub(keep));
    rotated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_full_when_the_next_lines_would_not_fit() {
        assert!(!is_due(90, 10, 100));
        assert!(is_due(91, 10, 100));
        assert!(!is_due(0, 1000, 100));
    }

    #[test]
    fn names_are_numbers_and_nothing_else_is_one() {
        assert_eq!(number(&name(7)), Some(7));
        assert_eq!(number(&name(123_456_789)), Some(123_456_789));
        assert_eq!(number("current"), None);
        assert_eq!(number("notes.log"), None);
    }

    #[test]
    fn the_oldest_go_first() {
        assert_eq!(surplus(vec![3, 10, 2, 9], 3), [2, 3]);
        assert_eq!(surplus(vec![1], 3), [0u64; 0]);
        assert_eq!(surplus(vec![1, 2], 1), [1, 2]);
    }
}
