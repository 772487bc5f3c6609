//! Python: web frameworks behind a server made for production, Django, and plain programs.

use seaworthy_spec::CommandLine;

use super::python_packages::{self, Packages};
use super::{Candidate, Detected, NotDetected, SourceFacts, Stack, because, python_server};

/// Files that start a program by convention, the most usual first.
const PROGRAMS: [&str; 6] = ["main.py", "app.py", "server.py", "run.py", "src/main.py", "__main__.py"];

/// A source with Python packages, `manage.py`, or a program of a usual name.
pub(super) fn detect(facts: &SourceFacts) -> Candidate {
    let packages = match python_packages::choose(facts) {
        Ok(packages) => packages,
        Err(why) => return Some(Err(why)),
    };
    let program = facts.first(&PROGRAMS);
    let mut packages = match (packages, facts.first(&["manage.py"]).or(program)) {
        (Some(packages), _) => packages,
        (None, Some(file)) => python_packages::none(because(file, "Python without packages to install")),
        (None, None) => return None,
    };
    let server = python_server::choose(facts, &mut packages);
    let detected = |packages: Packages, mut evidence| {
        let mut all = vec![packages.because];
        all.append(&mut evidence);
        Detected::built(Stack::Python, Some(packages.steps.join(" && ")), all)
    };
    Some(Ok(match (server, program) {
        (Some(server), _) => {
            let mut built = detected(packages, server.because);
            built.command = Some(server.command);
            built
        }
        (None, Some(file)) => {
            // Unbuffered: a line in the log belongs to the moment in which it was written.
            let command = [".venv/bin/python", "-u", file].map(str::to_owned).to_vec();
            detected(packages, Vec::new()).starts(CommandLine::Exec(command), because(file, "started with python"))
        }
        (None, None) => {
            let file = packages.because.file.clone();
            detected(packages, Vec::new()).starts_nothing(NotDetected::new(
                &file,
                "no FastAPI, Starlette, Flask or Django application and no main.py or app.py was found",
                "set command for this service in seaworthy.toml, such as \".venv/bin/python -m yourpackage\"",
            ))
        }
    }))
}
