//! Gates as people read them.

use seaworthy_api::{Hold, Measurement, Release};

use super::paint::Paint;
use super::table::Table;

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
    let mark = mark(&gate.verdict, paint);
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

fn mark(verdict: &str, paint: Paint) -> String {
    match verdict {
        "pass" => paint.good("✓"),
        "fail" => paint.bad("✗"),
        _ => paint.warn("!"),
    }
}

/// A row for every gate in every hold: its first, worst and last value, and how it ended. Empty when nothing was judged.
pub(super) fn table(release: &Release, paint: Paint) -> String {
    let mut judged: Vec<Judged<'_>> = Vec::new();
    for seen in &release.gates {
        // What was judged while the share was on its way belongs to no hold.
        let within = |hold: &Hold| hold.began_ms <= seen.at_ms && hold.ended_ms.is_none_or(|ended| seen.at_ms <= ended);
        let hold = release.holds.iter().rposition(within);
        match judged
            .iter_mut()
            .find(|row| row.hold == hold && row.last.gate == seen.gate)
        {
            Some(row) => row.take(seen),
            None => judged.push(Judged {
                hold,
                ticks: 1,
                first: seen,
                worst: seen,
                last: seen,
            }),
        }
    }
    if judged.is_empty() {
        return String::new();
    }
    let mut table = Table::new([
        "HOLD", "GATE", "JUDGED", "REQUESTS", "FIRST", "WORST", "LAST", "BOUND", "VERDICT",
    ]);
    for row in &judged {
        let hold = row.hold.and_then(|hold| release.holds.get(hold));
        table.row([
            hold.map_or_else(|| "shifting".to_owned(), share),
            row.last.gate.clone(),
            format!("{} ×", row.ticks),
            row.last.sample.to_string(),
            number(row.first.value),
            number(row.worst.value),
            number(row.last.value),
            number(row.last.threshold),
            format!("{} {}", mark(&row.last.verdict, paint), row.last.verdict),
        ]);
    }
    table.render(paint)
}

fn share(hold: &Hold) -> String {
    match hold.phase.as_str() {
        "baking" => "bake".to_owned(),
        _ => format!("{} %", hold.percent),
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"))
}

/// One gate in one hold.
struct Judged<'a> {
    hold: Option<usize>,
    ticks: usize,
    first: &'a Measurement,
    worst: &'a Measurement,
    last: &'a Measurement,
}

impl<'a> Judged<'a> {
    fn take(&mut self, seen: &'a Measurement) {
        self.ticks += 1;
        self.last = seen;
        // A value on the wrong side of the bound, or nearest to it, is the worst; `>` turns the sides around.
        let sign = if seen.gate.contains('>') { -1.0 } else { 1.0 };
        let badness = |of: &Measurement| of.value.map_or(f64::NEG_INFINITY, |value| sign * value);
        if badness(seen) > badness(self.worst) {
            self.worst = seen;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn release() -> Release {
        let gate = |at: u64, name: &str, value: &str, sample: u64, verdict: &str| {
            format!(
                r#"{{"at_ms":{at},"gate":"{name}","value":{value},"threshold":5,"sample":{sample},"verdict":"{verdict}"}}"#
            )
        };
        let gates = [
            gate(1100, "errors < 5%", "null", 0, "inconclusive"),
            gate(1200, "errors < 5%", "2.5", 40, "inconclusive"),
            gate(1300, "errors < 5%", "1.25", 80, "pass"),
            gate(1500, "errors < 5%", "null", 0, "inconclusive"),
            gate(2100, "errors < 5%", "0", 20, "inconclusive"),
            gate(2200, "errors < 5%", "41.2", 60, "fail"),
            gate(2150, "share > 90%", "95", 60, "inconclusive"),
            gate(2200, "share > 90%", "91", 70, "pass"),
        ];
        let text = format!(
            r#"{{"version":1,"id":"r2","app":"shop","environment":"production","kind":"release","strategy":"canary","from":"a",
            "to":"b","phase":"reverting","outcome":"rolled_back","reason":null,"by":"root","commit":null,"asked_ms":1,
            "ended_ms":3000,"steps":[],"notes":[],"gates":[{}],"holds":[
            {{"phase":"holding","percent":10,"began_ms":1000,"until_ms":1300,"ended_ms":1300}},
            {{"phase":"baking","percent":100,"began_ms":2000,"until_ms":4000,"ended_ms":2200}}]}}"#,
            gates.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn every_gate_has_a_row_in_every_hold_with_its_worst_value() {
        let expected = "\
HOLD      GATE         JUDGED  REQUESTS  FIRST  WORST  LAST  BOUND  VERDICT
10 %      errors < 5%  3 ×     80        –      2.5    1.2   5.0    ✓ pass
shifting  errors < 5%  1 ×     0         –      –      –     5.0    ! inconclusive
bake      errors < 5%  2 ×     60        0.0    41.2   41.2  5.0    ✗ fail
bake      share > 90%  2 ×     70        95.0   91.0   91.0  5.0    ✓ pass
";
        let text = table(&release(), Paint::new(false));
        assert_eq!(text, expected, "\n{text}");
    }

    #[test]
    fn nothing_judged_is_no_table() {
        let mut release = release();
        release.gates.clear();
        assert_eq!(table(&release, Paint::new(false)), "");
    }
}
