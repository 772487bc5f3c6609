//! Rules about one file: its name, its length, what must not stand in it.

/// Names that say nothing about what a file holds.
const NAMELESS: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "manager"];

/// Past this many lines, two ideas share a room.
const MOST_LINES: usize = 500;

/// How far above an `unsafe` its reason may begin.
const REASON_WITHIN: usize = 8;

/// What is left open, in a comment: in a string the same word is somebody else's, such as a placeholder secret.
/// Split, so that this file does not break its own rule.
const LEFT_OPEN: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// What must not stand in code, and why.
const UNFINISHED: &[(&str, &str)] = &[
    (concat!("todo", "!("), "nothing half-done lands"),
    (concat!("unimplemented", "!("), "nothing half-done lands"),
    (concat!("#[", "ignore"), "a test that does not run proves nothing"),
];

/// Whether a file is one that people write code in.
pub(crate) fn is_source(path: &str) -> bool {
    let endings = [
        ".rs", ".toml", ".sh", ".py", ".js", ".mjs", ".html", ".css", ".sql", ".ci/run",
    ];
    endings.iter().any(|ending| path.ends_with(ending))
}

/// A file's name must say what it holds.
pub(crate) fn name(path: &str, breaches: &mut Vec<String>) {
    let nameless = |part: &str| NAMELESS.contains(&part.split('.').next().unwrap_or(part));
    if path.ends_with(".rs") && path.split('/').any(nameless) {
        breaches.push(format!("{path}: this name does not say what is inside"));
    }
}

/// What a source must be and must not hold.
pub(crate) fn text(path: &str, text: &str, breaches: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate() {
        let comment = line.find("//").or(line.find('#')).map_or("", |start| &line[start..]);
        let mut found =
            |pattern: &str, reason: &str| breaches.push(format!("{path}:{}: `{pattern}`: {reason}", number + 1));
        for word in LEFT_OPEN.iter().filter(|word| comment.contains(**word)) {
            found(word, "work left open belongs in an issue");
        }
        for (pattern, reason) in UNFINISHED.iter().filter(|(pattern, _)| line.contains(pattern)) {
            found(pattern, reason);
        }
    }
    if !path.ends_with(".rs") {
        return;
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        breaches.push(format!(
            "{path}: {lines} lines: two ideas share this file (at most {MOST_LINES})"
        ));
    }
    unsafe_has_a_reason(path, text, breaches);
    let is_root = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    if is_root && !text.contains("#![forbid(unsafe_code)]") && !text.contains("#![deny(unsafe_code)]") {
        breaches.push(format!(
            "{path}: a crate begins with #![forbid(unsafe_code)] (or deny, and a reason at each use)"
        ));
    }
}

fn unsafe_has_a_reason(path: &str, text: &str, breaches: &mut Vec<String>) {
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let opens = [
            concat!("unsafe", " {"),
            concat!("unsafe", " impl "),
            concat!("unsafe", " extern "),
        ];
        if code.starts_with("//") || !opens.iter().any(|opening| code.contains(opening)) {
            continue;
        }
        let above = &lines[number.saturating_sub(REASON_WITHIN)..number];
        if !above.iter().any(|line| line.contains("SAFETY:")) {
            breaches.push(format!(
                "{path}:{}: unsafe without a `// SAFETY:` reason above it",
                number + 1
            ));
        }
    }
}

/// Every crate keeps the workspace's lints.
pub(crate) fn manifest(path: &str, text: &str, breaches: &mut Vec<String>) {
    let kept = text
        .split("[lints]")
        .nth(1)
        .is_some_and(|rest| rest.trim_start().starts_with("workspace = true"));
    if !kept {
        breaches.push(format!("{path}: needs `[lints] workspace = true`"));
    }
}

#[cfg(test)]
mod tests {
    use super::{LEFT_OPEN, UNFINISHED, manifest, name, text};

    fn breaches_of(path: &str, source: &str) -> Vec<String> {
        let mut breaches = Vec::new();
        name(path, &mut breaches);
        text(path, source, &mut breaches);
        breaches
    }

    #[test]
    fn a_clean_file_passes() {
        let source = "//! Edge.\n#![deny(unsafe_code)]\n// SAFETY: the descriptor is ours.\nlet a = 1;\n";
        assert_eq!(breaches_of("crates/edge/src/lib.rs", source), [""; 0]);
    }

    #[test]
    fn what_is_left_open_is_named_with_its_line() {
        for pattern in LEFT_OPEN.iter().chain(UNFINISHED.iter().map(|(pattern, _)| pattern)) {
            let found = breaches_of("crates/edge/src/drain.rs", &format!("\ncall(); // {pattern}\n"));
            assert!(
                found.len() == 1 && found[0].starts_with("crates/edge/src/drain.rs:2:"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_word_in_a_string_is_somebody_elses() {
        let line = format!("let placeholder = {:?};", LEFT_OPEN[0]);
        assert_eq!(breaches_of("crates/checks/src/strength.rs", &line), [""; 0]);
    }

    #[test]
    fn long_files_nameless_files_and_roots_without_a_word_on_unsafe_are_named() {
        assert_eq!(breaches_of("crates/edge/src/long.rs", &"\n".repeat(501)).len(), 1);
        assert_eq!(breaches_of("crates/edge/src/long.rs", &"\n".repeat(500)).len(), 0);
        assert_eq!(breaches_of("crates/edge/src/utils.rs", "").len(), 1);
        assert_eq!(breaches_of("crates/edge/tests/common/mod.rs", "").len(), 1);
        assert_eq!(breaches_of("crates/edge/src/lib.rs", "").len(), 1);
    }

    #[test]
    fn unsafe_needs_a_reason() {
        let block = concat!("let x = unsafe", " { call() };\n");
        assert_eq!(breaches_of("crates/edge/src/fds.rs", block).len(), 1);
        assert_eq!(
            breaches_of("crates/edge/src/fds.rs", &format!("// SAFETY: checked.\n{block}")).len(),
            0
        );
    }

    #[test]
    fn a_crate_keeps_the_lints() {
        let mut breaches = Vec::new();
        manifest("a", "[lints]\nworkspace = true\n", &mut breaches);
        assert!(breaches.is_empty());
        manifest("b", "[package]\n", &mut breaches);
        assert_eq!(breaches.len(), 1);
    }
}
