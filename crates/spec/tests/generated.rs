//! `docs/seaworthy.schema.json` and `docs/reference.md` are generated: they must be what the types say now.
#![allow(clippy::unwrap_used)]
#![allow(
    clippy::disallowed_methods,
    reason = "what is generated stands in files, and is written again on request"
)]

use std::path::PathBuf;

fn is_current(name: &str, generated: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "docs", name].iter().collect();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == generated,
        "docs/{name} is stale: UPDATE=1 cargo nextest run -p seaworthy-spec"
    );
}

#[test]
fn schema_is_current() {
    is_current("seaworthy.schema.json", &format!("{:#}\n", seaworthy_spec::schema()));
}

#[test]
fn reference_is_current() {
    is_current("reference.md", &seaworthy_spec::reference());
}
