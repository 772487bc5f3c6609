//! The description of the API is complete and checked in.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::Path;

/// Paths that are about the description itself or belong to another format.
const NOT_DESCRIBED: [&str; 2] = ["/metrics", "/v1/openapi.json"];

#[test]
fn every_path_that_is_served_is_described() {
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api.rs")).unwrap();
    let mut served = BTreeSet::new();
    for line in source.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix(".route(&of_app(\"") {
            served.insert(format!(
                "/v1/apps/{{app}}/{{environment}}{}",
                rest.split('"').next().unwrap()
            ));
        } else if let Some(rest) = line.strip_prefix(".route(\"") {
            served.insert(rest.split('"').next().unwrap().to_owned());
        }
    }
    assert!(
        served.len() > 15,
        "the source of the router was not understood: {served:?}"
    );
    for path in NOT_DESCRIBED {
        assert!(served.remove(path), "{path} is not served any more");
    }
    let described: BTreeSet<String> = seaworthy_daemon::api::openapi()["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(described, served);
}

#[test]
fn the_checked_in_description_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = format!("{:#}\n", seaworthy_daemon::api::openapi());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(checked_in, now, "run UPDATE=1 cargo nextest run -p seaworthy-daemon");
}
