//! The checks that stand before every release.

use seaworthy_api::Finding;
use seaworthy_checks::Severity;
use seaworthy_platform_host::build::Machine;
use seaworthy_platform_host::facts::{Request, gather};

use super::file::Read;
use crate::app::App;

/// The errors among what `seaworthy check` would find now. With one of them nothing is begun.
pub(crate) async fn errors_found(app: &App, read: &Read) -> Vec<Finding> {
    let search = Machine::of_this_process().search();
    let request = Request {
        spec: &read.merged.spec,
        root: &read.root,
        state: &app.state,
        search: &search,
        versions: false,
    };
    let facts = tokio::task::block_in_place(|| gather(&request));
    let found = seaworthy_checks::run(&read.merged.spec, &facts, &read.merged);
    let errors = found.into_iter().filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|finding| Finding {
            id: finding.id.to_owned(),
            severity: finding.severity.to_string(),
            place: finding.place,
            key: Some(finding.key),
            reason: finding.reason,
            remedy: finding.remedy,
        })
        .collect()
}
