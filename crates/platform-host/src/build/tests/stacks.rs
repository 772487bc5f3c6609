//! The stacks with the tools that people have. A tool that this machine lacks is named by the test that needs it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use seaworthy_plan::detect;

use super::*;
use crate::build::tools;

/// Whether a test's tool is here; says so when it is not.
#[allow(clippy::print_stderr)]
fn lacks(tool: &str) -> bool {
    let lacks = tools::find(tool, &Machine::of_this_process().search()).is_none();
    if lacks {
        eprintln!("skipped: this test needs {tool}");
    }
    lacks
}

impl Yard {
    /// Detects and builds, as a release does.
    async fn detected(&self) -> (detect::Detected, Built) {
        let facts = source::facts(&self.source, &self.state).unwrap();
        let detected = detect::detect(&facts).unwrap();
        let request = BuildRequest {
            command: detected.build.clone(),
            ..self.request(detected.stack.as_str(), "")
        };
        let built = match self.builder.build(&request).await {
            Ok(built) => built,
            Err(error) => panic!("{error:#?}"),
        };
        (detected, built)
    }
}

/// Runs a command in an artifact as an instance would: without the daemon's environment, and as another user if possible.
fn output(dir: &Path, words: &[&str]) -> String {
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .current_dir(dir)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin");
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn npm_installs_what_the_lock_file_says() {
    if lacks("npm") {
        return;
    }
    let lock = r#"{"name":"odd","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
        "":{"name":"odd","version":"1.0.0","dependencies":{"is-number":"7.0.0"}},
        "node_modules/is-number":{"version":"7.0.0","resolved":"https://registry.npmjs.org/is-number/-/is-number-7.0.0.tgz",
        "integrity":"sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng=="}}}"#;
    let yard = Yard::new(&[
        (
            "package.json",
            r#"{"name":"odd","version":"1.0.0","dependencies":{"is-number":"7.0.0"},
                "scripts":{"build":"node -e \"require('fs').writeFileSync('built', 'yes')\"","start":"node server.js"}}"#,
        ),
        ("package-lock.json", lock),
        ("server.js", "console.log(require('is-number')(7))"),
    ]);
    let (detected, built) = yard.detected().await;
    assert_eq!(detected.build.as_deref(), Some("npm ci && npm run build"));
    let dir = yard.dir(&built);
    assert_eq!(output(&dir, &["node", "server.js"]), "true\n");
    assert_eq!(fs::read_to_string(dir.join("built")).unwrap(), "yes");
    assert!(yard.detected().await.1.reused);
}

#[tokio::test]
async fn a_virtual_environment_works_where_it_lies_and_for_another_user() {
    if lacks("python3") {
        return;
    }
    let yard = Yard::new(&[
        ("requirements.txt", "six==1.17.0\n"),
        ("main.py", "import six, sys\nprint(six.__version__, sys.prefix)\n"),
    ]);
    let (detected, built) = yard.detected().await;
    let dir = yard.dir(&built);
    let Some(seaworthy_spec::CommandLine::Exec(words)) = detected.command else {
        panic!("{:?}", detected.command)
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = output(&dir, &words);
    assert_eq!(said, format!("1.17.0 {}\n", dir.join(".venv").display()));
    // The scripts of packages begin with the interpreter's absolute path.
    let said = output(&dir, &[".venv/bin/pip", "--version"]);
    assert!(said.contains(dir.to_str().unwrap()), "{said}");
    yard.builder.artifacts().verify(&built.artifact).unwrap();
}

#[tokio::test]
async fn cargo_builds_a_program_and_its_target_directory_goes() {
    if lacks("cargo") {
        return;
    }
    let yard = Yard::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        ),
        (
            "Cargo.lock",
            "version = 3\n\n[[package]]\nname = \"hello\"\nversion = \"0.1.0\"\n",
        ),
        (
            "src/main.rs",
            "fn main() { println!(\"hello from {}\", env!(\"CARGO_PKG_NAME\")); }\n",
        ),
        ("templates/page.html", "<p>"),
    ]);
    let (detected, built) = yard.detected().await;
    assert_eq!(detected.build.as_deref(), Some("cargo build --release --locked"));
    let dir = yard.dir(&built);
    assert_eq!(output(&dir, &["bin/hello"]), "hello from hello\n");
    assert!(!dir.join("target").exists());
    assert!(dir.join("templates/page.html").exists(), "what the program reads stays");
}
