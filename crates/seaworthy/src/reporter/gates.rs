//! Gates as people read them.

use seaworthy_api::Measurement;

use super::paint::Paint;

/// `…            holding     10 % for 30 s`
pub(super) fn holding(percent: u32, whole: &str, paint: Paint) -> String {
    format!(
        "{} {:>9}  {:<10}  {percent} % for {whole}",
        paint.dim("…"),
        "",
        "holding"
    )
}

/// `✗            gate        error_rate < 5% fail: 41.2 after 17 requests`
pub(super) fn verdict(gate: &Measurement, paint: Paint) -> String {
    let mark = match gate.verdict.as_str() {
        "pass" => paint.good("✓"),
        "fail" => paint.bad("✗"),
        _ => paint.warn("!"),
    };
    format!(
        "{mark} {:>9}  {:<10}  {} {}: {} after {} requests",
        "",
        "gate",
        gate.gate,
        gate.verdict,
        value(gate),
        gate.sample
    )
}

/// `error_rate < 5% 0.4 (120 requests)`
pub(super) fn moving(gate: &Measurement) -> String {
    format!("{} {} ({} requests)", gate.gate, value(gate), gate.sample)
}

fn value(gate: &Measurement) -> String {
    gate.value
        .map_or_else(|| "nothing measured".to_owned(), |value| format!("{value:.1}"))
}
