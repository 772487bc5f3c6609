//! The tour, as a newcomer takes it.

use serde_json::Value;

use crate::harness::Seaworthy;

#[test]
fn the_demo_ends_with_its_summary() {
    let ship = Seaworthy::new();
    let ran = ship.run(["demo", "--once", "--json"]).succeeds();
    let summary: Value = ran.json();
    assert_eq!(summary["version"], 1, "{ran}");
    assert!(summary["requests"].as_u64() > Some(100), "{ran}");
    assert_eq!(summary["failed"], 0, "{ran}");
    assert!(summary["held"].is_u64() && summary["longest_gap_ms"].is_u64(), "{ran}");
    assert_eq!(summary["good"]["outcome"], "succeeded", "{ran}");
    let never_ready = &summary["bad"][0];
    assert_eq!(
        (&never_ready["fault"], &never_ready["outcome"]),
        (&"never_ready".into(), &"failed_before_traffic".into())
    );
    assert!(summary["urls"].is_object(), "{ran}");
}
