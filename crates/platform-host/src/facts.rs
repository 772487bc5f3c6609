//! Gathers what [`seaworthy_checks`] decides over: sources, programs, listening addresses, disk, state directory, memory,
//! kernel, secrets.
//!
//! Only looks: nothing is made, changed or started, with two exceptions that leave no trace, the sockets that are bound to
//! see whether an address is free (they never listen), and programs asked for their version where [`Request::versions`]
//! wants it. What cannot be looked at becomes [`Fact::Unknown`] with the reason, and never stops the rest.
//!
//! Without versions all of it takes a few milliseconds, so `check` and `up` gather afresh each time.

mod access;
mod disk;
mod kernel;
mod listening;
mod machine;
mod programs;
mod secrets;
mod source;
mod state;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use seaworthy_checks::facts::Ports;
use seaworthy_checks::{Fact, Facts};
use seaworthy_spec::Spec;

use access::User;

/// What to look at.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The merged file of one environment.
    pub spec: &'a Spec,
    /// The directory of the file, to which sources are relative.
    pub root: &'a Path,
    /// The state directory; it need not exist.
    pub state: &'a Path,
    /// The daemon's search path, on which builds find their programs.
    pub search: &'a [PathBuf],
    /// Whether programs are asked for their versions, which starts each of them.
    pub versions: bool,
}

/// Looks at everything the checks need to know. Blocks for a few milliseconds (with versions: for as long as the programs
/// take, two seconds each at most).
pub fn gather(request: &Request<'_>) -> Facts {
    let instances = User::of_instances();
    let sources = source::of_services(request);
    let programs = programs::look_up(request, &sources, &instances);
    Facts {
        sources,
        build_programs: programs.build,
        run_programs: programs.run,
        listeners: listening::of_edge(&request.spec.edge, request.state),
        disk: disk::below(request.state),
        state: state::directory(request.state, &instances),
        machine: machine::bounds(),
        ports: Fact::Known(Ports {
            low: *crate::ports::RANGE.start(),
            high: *crate::ports::RANGE.end(),
        }),
        kernel: kernel::features(),
        secrets: secrets::of(request.spec, request.state),
    }
}

/// The nearest directory above a path, or the path itself, that exists.
fn nearest_existing(path: &Path) -> &Path {
    path.ancestors().find(|at| at.exists()).unwrap_or(Path::new("/"))
}
