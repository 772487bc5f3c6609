//! Builds that do not come to their end.

use super::*;

#[tokio::test]
async fn a_failure_shows_its_last_lines_and_leaves_nothing() {
    let yard = Yard::new(&[("a", "1")]);
    let command = "for i in $(seq 1 60); do echo line $i; done; echo 'type error in a' >&2; exit 3";
    let (cause, remedy, last_lines) = refused(yard.build("none", command).await.unwrap_err());
    assert!(cause.contains("status 3"), "{cause}");
    assert!(!remedy.is_empty());
    assert_eq!(last_lines.len(), 40);
    assert!(
        last_lines.iter().any(|line| line == "type error in a"),
        "{last_lines:?}"
    );
    assert!(last_lines.iter().any(|line| line == "line 60"));
    yard.until_nothing_remains().await;
    let log = fs::read_dir(yard.state.join("logs/default/shop/production/build"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert!(fs::read_to_string(log.path()).unwrap().starts_with("line 1\n"));
    // The next try starts afresh.
    assert!(yard.build("none", command).await.is_err());
}

#[tokio::test]
async fn a_missing_tool_is_named() {
    let yard = Yard::new(&[("a", "1")]);
    let (cause, remedy, _) = refused(yard.build("none", "seaworthy-no-such-tool --help").await.unwrap_err());
    assert_eq!(cause, "seaworthy-no-such-tool is not installed on this machine");
    assert!(remedy.contains("PATH"), "{remedy}");
}

#[tokio::test]
async fn the_time_limit_ends_the_whole_group() {
    let yard = Yard::new(&[("a", "1")]);
    let builder = yard.builder.clone().limit(Duration::from_millis(500));
    let command = "(trap '' TERM; echo $(exec sh -c 'echo $PPID') >OUTSIDE/inner; sleep 600) & echo waiting; wait";
    let (cause, _, last_lines) = refused(builder.build(&yard.request("none", command)).await.unwrap_err());
    assert!(cause.contains("0.5 s"), "{cause}");
    assert_eq!(last_lines, ["waiting"]);
    let inner = yard.until_said("inner").await;
    until(|| (!runs(&inner)).then_some(())).await;
    yard.until_nothing_remains().await;
}

#[tokio::test]
async fn a_build_that_nobody_waits_for_ends_and_leaves_nothing() {
    let yard = Yard::new(&[("a", "1")]);
    // The process of which the test knows is not the one that was started: the whole group must end.
    let command = "[ -e OUTSIDE/pid ] && exit 0; touch half; sleep 600 & echo $! >OUTSIDE/pid; wait";
    let request = yard.request("none", command);
    let builder = yard.builder.clone();
    let asked = request.clone();
    let building = tokio::spawn(async move { builder.build(&asked).await });
    let pid = yard.until_said("pid").await;
    assert!(runs(&pid));
    building.abort();
    assert!(building.await.unwrap_err().is_cancelled());
    until(|| (!runs(&pid)).then_some(())).await;
    yard.until_nothing_remains().await;
    // Its lock is free, and nothing of the first try is in the second one's result.
    let built = yard.builder.build(&request).await.unwrap();
    assert!(!yard.dir(&built).join("half").exists());
}

#[tokio::test]
async fn what_a_build_leaves_running_is_ended() {
    let yard = Yard::new(&[("a", "1")]);
    let built = yard
        .build("none", "sleep 600 & echo $! >OUTSIDE/pid; echo done")
        .await
        .unwrap();
    // It is ended at once, although it holds the output open: it could still write into what is being sealed.
    assert!(built.millis < 2_000, "{} ms", built.millis);
    let pid = yard.said("pid");
    until(|| (!runs(&pid)).then_some(())).await;
}

#[tokio::test]
async fn a_link_out_of_the_source_is_refused_before_anything_is_copied() {
    let yard = Yard::new(&[("a", "1")]);
    std::os::unix::fs::symlink("../outside", yard.source.join("way")).unwrap();
    let error = yard.build("none", "touch OUTSIDE/ran").await.unwrap_err().to_string();
    assert!(
        error.contains("way") && error.contains("leaves the source directory"),
        "{error}"
    );
    assert!(yard.remains().is_empty());
    assert!(!yard.outside.join("ran").exists());
}
