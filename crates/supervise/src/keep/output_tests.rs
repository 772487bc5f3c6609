use super::*;

fn skip(held: &str, known: &[&str]) -> (u64, Vec<String>) {
    let mut lines = Lines::new(held.as_bytes(), 100, false);
    let known: Vec<_> = known.iter().map(|line| line.as_bytes().to_vec()).collect();
    let others = skip_known(&mut lines, &known);
    (
        others,
        lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect(),
    )
}

#[test]
fn lines_that_are_written_and_not_taken_are_skipped() {
    assert_eq!(skip("a\nb\nc\n", &["a", "b"]), (0, vec!["c".to_owned()]));
    assert_eq!(skip("a\na\na\n", &["a", "a"]), (0, vec!["a".to_owned()]));
}

#[test]
fn lines_that_were_taken_are_not_missed_in_what_is_new() {
    let new = vec!["c".to_owned(), "b".to_owned()];
    assert_eq!(skip("c\nb\n", &["a", "b"]), (0, new.clone()));
    assert_eq!(skip("c\nb\n", &["c", "b", "a"]), (0, new));
    assert_eq!(skip("", &["a"]), (0, vec![]));
}

#[test]
fn lines_that_were_dropped_between_are_skipped_with_them_and_counted() {
    assert_eq!(skip("a\nx\ny\nb\nc\n", &["a", "b"]), (2, vec!["c".to_owned()]));
}
