use super::*;

#[tokio::test]
async fn a_source_is_copied_built_and_sealed() {
    use std::os::unix::fs::PermissionsExt;
    let yard = Yard::new(&[("in.txt", "hello\n"), (".gitignore", "noise\n"), ("noise", "x")]);
    let built = yard
        .build("none", "tr a-z A-Z <in.txt >out.txt; ls >list.txt")
        .await
        .unwrap();
    assert!(!built.reused);
    let dir = yard.dir(&built);
    assert_eq!(fs::read_to_string(dir.join("out.txt")).unwrap(), "HELLO\n");
    assert!(!fs::read_to_string(dir.join("list.txt")).unwrap().contains("noise"));
    assert_eq!(
        fs::metadata(dir.join("out.txt")).unwrap().permissions().mode() & 0o777,
        0o444
    );
    assert!(!yard.source.join("out.txt").exists(), "the source is left alone");
    yard.builder.artifacts().verify(&built.artifact).unwrap();
    let manifest = yard.builder.artifacts().manifest(&built.artifact).unwrap().unwrap();
    assert!(manifest.input.starts_with(built.artifact.as_str()));
    assert_eq!(manifest.stack, "none");
}

#[tokio::test]
async fn without_a_command_the_source_is_copied() {
    let yard = Yard::new(&[("index.html", "<h1>hi</h1>")]);
    let request = BuildRequest {
        command: None,
        ..yard.request("static", "")
    };
    let built = yard.builder.build(&request).await.unwrap();
    assert_eq!(
        fs::read_to_string(yard.dir(&built).join("index.html")).unwrap(),
        "<h1>hi</h1>"
    );
    assert!(
        yard.build("static", "").await.unwrap().reused,
        "an empty command is none"
    );
}

#[tokio::test]
async fn an_unchanged_input_is_not_built_again() {
    let yard = Yard::new(&[("a", "1")]);
    let command = "echo built >>OUTSIDE/count";
    let first = yard.build("none", command).await.unwrap();
    let second = yard.build("none", command).await.unwrap();
    assert_eq!((second.reused, &second.artifact), (true, &first.artifact));
    assert_eq!(
        yard.builder.find(&yard.request("none", command)).await.unwrap(),
        (first.artifact.clone(), true)
    );
    // Another daemon, later.
    let reopened = Builder::open(&yard.state, Machine::of_this_process()).unwrap();
    assert!(reopened.build(&yard.request("none", command)).await.unwrap().reused);
    let digest = source::input_digest(&yard.request("none", command), &yard.state).unwrap();
    assert_eq!(digest[..32], first.artifact.0);
    assert_eq!(yard.said("count"), "built\n");

    yard.write("a", "2");
    let changed = yard.build("none", command).await.unwrap();
    assert_eq!((changed.reused, changed.artifact == first.artifact), (false, false));
    assert_eq!(yard.said("count"), "built\nbuilt\n");
    yard.write("a", "1");
    assert_eq!(yard.build("none", command).await.unwrap().artifact, first.artifact);
}

#[tokio::test]
async fn two_requests_at_once_are_one_build() {
    let yard = Yard::new(&[("a", "1")]);
    let command = "echo built >>OUTSIDE/count; sleep 0.2";
    let (one, two) = tokio::join!(yard.build("none", command), yard.build("none", command));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.artifact, two.artifact);
    assert_ne!(one.reused, two.reused);
    assert_eq!(yard.said("count"), "built\n");
}

#[tokio::test]
async fn the_environment_is_the_builders_own() {
    let yard = Yard::new(&[("a", "1")]);
    yard.build("none", "env >OUTSIDE/env; pwd >OUTSIDE/pwd; cat >OUTSIDE/stdin")
        .await
        .unwrap();
    let env = yard.said("env");
    let value = |name: &str| env.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    assert!(
        value("HOME").unwrap().starts_with(yard.state.to_str().unwrap()),
        "{env}"
    );
    assert!(
        value("npm_config_cache")
            .unwrap()
            .starts_with(yard.state.to_str().unwrap())
    );
    assert_eq!(value("CI"), Some("1"));
    assert_eq!(value("NODE_ENV"), None);
    // This test runs under cargo, whose variables would turn a cargo inside astray.
    assert!(
        !env.lines().any(|line| line.starts_with("CARGO_")
            && !line.starts_with("CARGO_HOME=")
            && !line.starts_with("CARGO_HTTP_CAINFO=")),
        "{env}"
    );
    assert!(!env.contains("NEXTEST"), "{env}");
    assert_eq!(yard.said("stdin"), "", "nothing waits for input");
}
