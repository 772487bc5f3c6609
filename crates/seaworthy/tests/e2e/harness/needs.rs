//! What a test needs beside the binary. `cargo xtask test` says what is missing, and collects who was skipped for it.

use std::io::Write;

/// Whether something is missing that this test needs; then it says so and must return.
pub(crate) fn lacks(needs: &[&str]) -> bool {
    let missing = std::env::var("SEAWORTHY_MISSING").unwrap_or_default();
    let missing: Vec<&str> = missing.split(',').filter(|name| needs.contains(name)).collect();
    if missing.is_empty() {
        return false;
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("skipped: {test} (needs {})", missing.join(", "));
    eprintln!("{line}");
    if let Some(file) = std::env::var_os("SEAWORTHY_SKIPPED") {
        let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
        // One write per line: tests run at the same time.
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    true
}
