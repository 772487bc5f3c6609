//! Real builds with real tools.
#![allow(clippy::unwrap_used, clippy::panic)]

mod ending;
mod shell;
mod stacks;

use std::fs;
use std::path::{Path, PathBuf};

use seaworthy_platform::{BuildRequest, Built, PlatformError, Scope};

use super::*;

/// A source, a state directory, and a place for what a build command says to the test.
struct Yard {
    _root: tempfile::TempDir,
    source: PathBuf,
    state: PathBuf,
    outside: PathBuf,
    builder: Builder,
}

impl Yard {
    fn new(files: &[(&str, &str)]) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        // Instances run as other users; the test's directory must let them through as a state directory does.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let [source, state, outside] = ["source", "state", "outside"].map(|name| {
            let path = fs::canonicalize(root.path()).unwrap().join(name);
            fs::create_dir(&path).unwrap();
            path
        });
        let builder = Builder::open(&state, Machine::of_this_process()).unwrap();
        let yard = Self {
            _root: root,
            source,
            state,
            outside,
            builder,
        };
        files.iter().for_each(|(path, text)| yard.write(path, text));
        yard
    }

    fn write(&self, path: &str, text: &str) {
        let place = self.source.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// A request with this command, in which `OUTSIDE` stands for a directory that outlives the build.
    fn request(&self, stack: &str, command: &str) -> BuildRequest {
        BuildRequest {
            scope: Scope::new("shop", "production"),
            service: "web".to_owned(),
            source: self.source.clone(),
            command: Some(command.replace("OUTSIDE", self.outside.to_str().unwrap())),
            stack: stack.to_owned(),
        }
    }

    async fn build(&self, stack: &str, command: &str) -> Result<Built, PlatformError> {
        self.builder.build(&self.request(stack, command)).await
    }

    /// The directory of what was built.
    fn dir(&self, built: &Built) -> PathBuf {
        self.builder.artifacts().dir(&built.artifact)
    }

    fn said(&self, file: &str) -> String {
        fs::read_to_string(self.outside.join(file)).unwrap_or_default()
    }

    /// Waits until the build has written a file outside.
    async fn until_said(&self, file: &str) -> String {
        until(|| Some(self.said(file)).filter(|text| text.ends_with('\n'))).await
    }

    /// What lies in the directories of artifacts and of builds under way.
    fn remains(&self) -> Vec<String> {
        let names = |directory: &str| fs::read_dir(self.state.join(directory)).unwrap();
        let both = names("artifacts").chain(names("tmp"));
        both.map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    async fn until_nothing_remains(&self) {
        until(|| self.remains().is_empty().then_some(())).await;
    }
}

/// Looks until there is an answer.
async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look() {
                Some(answer) => return answer,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap()
}

/// Whether a process runs. One that has ended and was not reaped yet does not.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

fn refused(error: PlatformError) -> (String, String, Vec<String>) {
    match error {
        PlatformError::Build {
            cause,
            remedy,
            last_lines,
            ..
        } => (cause, remedy, last_lines),
        other => panic!("{other}"),
    }
}
