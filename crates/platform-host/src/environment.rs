//! What a process is given: its command, its environment, its search path. Pure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seaworthy_platform::{EnvValue, Secret};
use seaworthy_spec::CommandLine;

/// The search path of a process, whatever the daemon's own is: a release must not depend on the shell it was started from.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Directories of an artifact whose programs are found first.
pub(crate) const BIN_DIRS: [&str; 2] = ["node_modules/.bin", ".venv/bin"];

/// What the platform adds to the variables of the file.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    pub(crate) port: Option<u16>,
    pub(crate) release: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) home: &'a Path,
    pub(crate) tmp: &'a Path,
    /// Those of [`BIN_DIRS`] that are there, absolute.
    pub(crate) bin_dirs: &'a [PathBuf],
}

/// The argument vector of a command.
pub(crate) fn argv(command: &CommandLine) -> Vec<String> {
    match command {
        CommandLine::Exec(words) => words.clone(),
        CommandLine::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
    }
}

/// The whole environment of a process, sorted by name.
///
/// The file may set `HOME`, `TMPDIR` and `PATH` (the artifact's own programs still come first);
/// `PORT` (of what listens) and `SEAWORTHY_…` are the platform's. A secret that was not fetched is answered by its name.
pub(crate) fn environment(
    given: &Given<'_>,
    env: &BTreeMap<String, EnvValue>,
    secrets: &BTreeMap<(String, u32), Secret>,
) -> Result<Vec<(String, String)>, String> {
    let mut all = BTreeMap::from([
        ("HOME".to_owned(), given.home.display().to_string()),
        ("TMPDIR".to_owned(), given.tmp.display().to_string()),
        ("PATH".to_owned(), PATH.to_owned()),
    ]);
    for (name, value) in env {
        let value = match value {
            EnvValue::Plain(value) => value.clone(),
            EnvValue::Secret { name, version } => secrets
                .get(&(name.clone(), *version))
                .ok_or_else(|| name.clone())?
                .expose()
                .to_owned(),
        };
        all.insert(name.clone(), value);
    }
    if let Some(path) = all.get_mut("PATH") {
        let own = given.bin_dirs.iter().map(|dir| dir.display().to_string());
        *path = own.chain([path.clone()]).collect::<Vec<_>>().join(":");
    }
    if let Some(port) = given.port {
        all.insert("PORT".to_owned(), port.to_string());
    }
    all.insert("SEAWORTHY_RELEASE".to_owned(), given.release.to_owned());
    all.insert("SEAWORTHY_INSTANCE".to_owned(), given.instance.to_owned());
    Ok(all.into_iter().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn given(bin_dirs: &[PathBuf]) -> Given<'_> {
        Given {
            port: Some(20001),
            release: "r1",
            instance: "web-1-1",
            home: Path::new("/s/home"),
            tmp: Path::new("/s/tmp"),
            bin_dirs,
        }
    }

    fn value<'a>(env: &'a [(String, String)], name: &str) -> Option<&'a str> {
        env.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    #[test]
    fn the_platforms_variables_win_and_nothing_else_leaks_in() {
        let env = BTreeMap::from([
            ("PORT".to_owned(), EnvValue::Plain("1".to_owned())),
            ("MODE".to_owned(), EnvValue::Plain("live".to_owned())),
        ]);
        let all = environment(&given(&[]), &env, &BTreeMap::new()).unwrap();
        let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "HOME",
            "MODE",
            "PATH",
            "PORT",
            "SEAWORTHY_INSTANCE",
            "SEAWORTHY_RELEASE",
            "TMPDIR",
        ];
        assert_eq!(names, expected);
        assert_eq!(value(&all, "PORT"), Some("20001"));
    }

    #[test]
    fn programs_of_the_artifact_come_first_also_before_a_path_of_the_file() {
        let own = [PathBuf::from("/a/node_modules/.bin")];
        let env = BTreeMap::from([("PATH".to_owned(), EnvValue::Plain("/opt/bin".to_owned()))]);
        let all = environment(&given(&own), &env, &BTreeMap::new()).unwrap();
        assert_eq!(value(&all, "PATH"), Some("/a/node_modules/.bin:/opt/bin"));
    }

    #[test]
    fn a_secret_is_put_in_by_name_and_version() {
        let wanted = EnvValue::Secret {
            name: "jwt".to_owned(),
            version: 2,
        };
        let env = BTreeMap::from([("JWT".to_owned(), wanted)]);
        let old = BTreeMap::from([(("jwt".to_owned(), 1), Secret::new("old".to_owned()))]);
        assert_eq!(environment(&given(&[]), &env, &old), Err("jwt".to_owned()));
        let new = BTreeMap::from([(("jwt".to_owned(), 2), Secret::new("new".to_owned()))]);
        let all = environment(&given(&[]), &env, &new).unwrap();
        assert_eq!(value(&all, "JWT"), Some("new"));
    }
}
