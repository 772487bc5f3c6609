//! The file that a command speaks of.

use std::path::{Path, PathBuf};
use std::process::Command;

use seaworthy_api::Commit;

use crate::failure::Failure;

/// The name of the file where none is named.
pub(crate) const FILE: &str = "seaworthy.toml";

/// A file, read but not yet understood.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its absolute path.
    pub(crate) path: PathBuf,
    /// Its text.
    pub(crate) text: String,
}

impl Project {
    /// Reads the named file, or the nearest `seaworthy.toml` from this directory upwards.
    pub(crate) fn read(named: Option<&Path>, from: &Path) -> Result<Self, Failure> {
        let path = match named {
            Some(named) => from.join(named),
            None => nearest(from).ok_or_else(|| Failure::NoFile { from: from.to_owned() })?,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::Unreadable {
            path: path.clone(),
            cause: error.to_string(),
        })?;
        Ok(Self { path, text })
    }

    /// The directory that sources are relative to.
    pub(crate) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// The application's name, read so that a mistake elsewhere in the file does not stop `status` or `logs`.
    pub(crate) fn app(&self) -> Result<String, Failure> {
        app_name(&self.text).ok_or_else(|| Failure::Usage {
            cause: format!("{}: it does not name the application", self.path.display()),
            remedy: "`seaworthy check` says what is wrong with the file".into(),
        })
    }

    /// The commit of the source and whether files differ from it; none outside a git repository or without git.
    pub(crate) fn commit(&self) -> Option<Commit> {
        let git = |arguments: &[&str]| {
            let output = Command::new("git")
                .arg("-C")
                .arg(self.directory())
                .args(arguments)
                .output()
                .ok()?;
            output
                .status
                .success()
                .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let id = git(&["rev-parse", "HEAD"])?;
        let changes = git(&["status", "--porcelain", "--", "."])?;
        Some(Commit {
            id,
            dirty: !changes.is_empty(),
        })
    }
}

fn nearest(from: &Path) -> Option<PathBuf> {
    from.ancestors()
        .map(|directory| directory.join(FILE))
        .find(|path| path.is_file())
}

/// The value of the key `app`, which stands before the first table and, being a name, needs no escapes.
fn app_name(text: &str) -> Option<String> {
    let keys = text.lines().map(str::trim).take_while(|line| !line.starts_with('['));
    let value = keys
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "app")?
        .1
        .trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (name, _) = value.get(1..)?.split_once(quote)?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_name_is_found_in_a_file_with_mistakes() {
        let named = |text| app_name(text);
        assert_eq!(
            named("# hi\napp = \"hello\"  # name\n[services.web]\nprot = 1\n"),
            Some("hello".into())
        );
        assert_eq!(named("app='a-1'\n= broken"), Some("a-1".into()));
        assert_eq!(
            named("[services.web]\napp = \"inner\"\n"),
            None,
            "that is another table's key"
        );
        for wrong in [
            "",
            "app = hello",
            "app = \"\"",
            "app = \"../x\"",
            "application = \"x\"",
            "app = \"x",
        ] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_nearest_file_above_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::write(dir.path().join("a").join(FILE), "app = \"near\"\n").unwrap();
        std::fs::write(dir.path().join(FILE), "app = \"far\"\n").unwrap();
        assert_eq!(Project::read(None, &below).unwrap().app().unwrap(), "near");
        assert_eq!(
            Project::read(Some(Path::new("../../seaworthy.toml")), &below)
                .unwrap()
                .app()
                .unwrap(),
            "far"
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let failure = Project::read(Some(Path::new("nowhere.toml")), Path::new("/")).unwrap_err();
        assert!(failure.to_string().starts_with("/nowhere.toml: "), "{failure}");
    }
}
