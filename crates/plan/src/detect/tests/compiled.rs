use super::*;

#[test]
fn a_crate_is_built_with_its_lock_file_and_its_binary_started() {
    let manifest = "[package]\nname = \"hello-axum\"\nversion = \"0.1.0\"\n[dependencies]\naxum = \"0.8\"\n";
    let main = "fn main() { Router::new().route(\"/health\", get(ok)) }";
    let found = detected(&[("Cargo.toml", manifest), ("Cargo.lock", ""), ("src/main.rs", main)]);
    assert_eq!(found.stack, Stack::Rust);
    assert_eq!(found.build.as_deref(), Some("cargo build --release --locked"));
    assert_eq!(found.command, exec(&["bin/hello-axum"]));
    assert_eq!(found.health_path.as_deref(), Some("/health"));
}

#[test]
fn a_renamed_binary_is_started_by_its_name() {
    let manifest = "[package]\nname = \"x\"\n[[bin]]\nname = \"server\"\npath = \"src/main.rs\"\n";
    let found = detected(&[("Cargo.toml", manifest), ("src/main.rs", "")]);
    assert_eq!(found.build.as_deref(), Some("cargo build --release"));
    assert_eq!(found.command, exec(&["bin/server"]));
}

#[test]
fn several_programs_need_a_choice() {
    let manifest = "[package]\nname = \"x\"\n";
    let files = [
        ("Cargo.toml", manifest),
        ("src/bin/a.rs", ""),
        ("src/bin/b/main.rs", ""),
    ];
    let why = detected(&files).missing.unwrap();
    assert!(why.cause.contains("a, b"), "{why}");
    let chosen = "[package]\nname = \"x\"\ndefault-run = \"b\"\n";
    assert_eq!(
        detected(&[("Cargo.toml", chosen), files[1], files[2]]).command,
        exec(&["bin/b"])
    );
}

#[test]
fn the_only_program_of_a_workspace_is_built() {
    let found = detected(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
        ("Cargo.lock", ""),
        ("crates/core/Cargo.toml", "[package]\nname = \"core\"\n"),
        ("crates/core/src/lib.rs", ""),
        ("crates/web/Cargo.toml", "[package]\nname = \"web\"\n"),
        ("crates/web/src/main.rs", ""),
    ]);
    assert_eq!(
        found.build.as_deref(),
        Some("cargo build --release --locked --package web")
    );
    assert_eq!(found.command, exec(&["bin/web"]));
}

#[test]
fn a_library_crate_says_what_is_missing() {
    let why = detected(&[("Cargo.toml", "[package]\nname = \"x\"\n"), ("src/lib.rs", "")])
        .missing
        .unwrap();
    assert!(why.cause.contains("no program"), "{why}");
}

#[test]
fn go_programs_are_found_at_the_root_and_under_cmd() {
    let root = detected(&[
        ("go.mod", "module example.com/hello\n\ngo 1.22\n"),
        ("main.go", "package main\n"),
    ]);
    assert_eq!(
        (root.stack, root.build.as_deref()),
        (Stack::Go, Some("go build -o bin/app ."))
    );
    assert_eq!(root.command, exec(&["bin/app"]));
    let module = ("go.mod", "module x\n");
    let cmd = detected(&[
        module,
        ("cmd/api/main.go", "package main\n"),
        ("cmd/api/main_test.go", ""),
    ]);
    assert_eq!(cmd.build.as_deref(), Some("go build -o bin/app ./cmd/api"));
    let two = detected(&[module, ("cmd/api/main.go", ""), ("cmd/job/main.go", "")]);
    assert!(two.missing.unwrap().cause.contains("api, job"));
}
