//! Whatever is wrong with an application ends in a message with the cause and the last lines.

use seaworthy_platform::{EnvValue, InstanceState, PlatformError, SideSpec, Trouble, TroubleKind};
use seaworthy_spec::CommandLine;
use seaworthy_spec::units::Span;

use crate::world::{World, kill};

async fn trouble(world: &World, side: &SideSpec) -> Trouble {
    match world.ensure(side, 1).await {
        Err(PlatformError::Trouble { trouble, .. }) => trouble,
        other => panic!("no trouble: {other:?}"),
    }
}

#[tokio::test]
async fn a_process_that_exits_at_once() {
    let world = World::new().await;
    let side = world.shell("echo cannot find the config >&2; exit 3");
    let trouble = trouble(&world, &side).await;
    assert_eq!(trouble.kind, TroubleKind::ExitedEarly);
    assert!(
        trouble.cause.ends_with("ended before it was ready: exited with 3"),
        "{}",
        trouble.cause
    );
    assert_eq!(trouble.last_lines, ["cannot find the config"]);
    assert_eq!(world.instances().await.len(), 1, "it stays for `remove` to deal with");
}

#[tokio::test]
async fn a_command_that_is_not_there() {
    let world = World::new().await;
    let side = world.command(CommandLine::Exec(vec!["no-such-program".to_owned()]));
    let found = trouble(&world, &side).await;
    assert_eq!(found.kind, TroubleKind::NotExecutable);
    assert!(
        found.cause.starts_with("`no-such-program` could not be executed: "),
        "{}",
        found.cause
    );
}

#[tokio::test]
async fn a_command_that_the_shell_does_not_find() {
    let world = World::new().await;
    let side = world.shell("no-such-program --port $PORT");
    assert_eq!(trouble(&world, &side).await.kind, TroubleKind::NotExecutable);
}

#[tokio::test]
async fn a_process_that_forks_away() {
    let world = World::new().await;
    let side = world.shell("sleep 300 & exit 0");
    let trouble = trouble(&world, &side).await;
    assert_eq!(trouble.kind, TroubleKind::ForkedAway);
    assert!(trouble.cause.contains("sleep"), "{}", trouble.cause);
}

#[tokio::test]
async fn a_process_that_never_listens() {
    let world = World::new().await;
    let mut side = world.shell("echo warming up; exec sleep 300");
    side.health.start = Span::secs(1);
    let trouble = trouble(&world, &side).await;
    assert_eq!(trouble.kind, TroubleKind::NeverListened);
    assert!(
        trouble
            .cause
            .starts_with("it has been running for 1 s and listens on no port"),
        "{}",
        trouble.cause
    );
    assert_eq!(trouble.last_lines, ["warming up"]);
}

#[tokio::test]
async fn a_process_that_ignores_the_port_is_found_long_before_its_time_to_start_is_over() {
    let world = World::new().await;
    let mut side = world.side("wrong port");
    side.health.start = Span::secs(600);
    let trouble = trouble(&world, &side).await;
    assert_eq!(trouble.kind, TroubleKind::WrongPort);
    let line = trouble.last_lines.last().unwrap();
    let port = line.rsplit(' ').next().unwrap();
    assert!(
        trouble.cause.contains(&format!("127.0.0.1:{port}, not on $PORT")),
        "{} {line}",
        trouble.cause
    );
}

#[tokio::test]
async fn a_process_that_listens_where_nobody_reaches_it() {
    let world = World::new().await;
    let mut side = world.side("wrong address");
    side.health.start = Span::secs(600);
    let trouble = trouble(&world, &side).await;
    assert_eq!(trouble.kind, TroubleKind::WrongAddress);
    assert!(
        trouble.cause.starts_with("it listens on 127.0.0.2:"),
        "{}",
        trouble.cause
    );
}

#[tokio::test]
async fn a_readiness_path_that_says_no() {
    let world = World::new().await;
    for status in ["404", "500"] {
        let mut side = world.side(status);
        side.id.revision = format!("{status}aaaaaaaaa").as_str().into();
        side.health.start = Span::millis(1500);
        let trouble = trouble(&world, &side).await;
        assert_eq!(trouble.kind, TroubleKind::NeverReady);
        let cause = format!("after 1500 ms GET /ready is still answered with {status}");
        assert_eq!(trouble.cause, cause);
    }
}

#[tokio::test]
async fn an_instance_that_was_ready_and_then_dies_again_and_again() {
    let world = World::new().await;
    let side = world.side("dies after its first life");
    let seen = world.ensure(&side, 1).await.unwrap();
    kill(seen.instances[0].pid.unwrap());
    let looping = |instances: &[seaworthy_platform::InstanceObserved]| {
        instances[0].state == InstanceState::CrashLooping && instances[0].trouble.is_some()
    };
    let now = world.until("the crash loop", looping).await;
    let found = now[0].trouble.clone().unwrap();
    assert_eq!(found.kind, TroubleKind::CrashLoop);
    assert_eq!(found.last_lines.last().unwrap(), "I do not want to live again");
    assert!(now[0].restarts >= 3, "{now:?}");
    assert_eq!(trouble(&world, &side).await.kind, TroubleKind::CrashLoop);
}

#[tokio::test]
async fn what_fails_goes_first_when_a_side_is_lowered() {
    let world = World::new().await;
    let good = world.side("good");
    let first = world.ensure(&good, 1).await.unwrap();
    let mut bad = world.shell("exit 1");
    bad.id = good.id.clone();
    world.ensure(&bad, 2).await.unwrap_err();
    let left = world.ensure(&good, 1).await.unwrap();
    assert_eq!(left.instances, first.instances);
}

#[tokio::test]
async fn a_port_that_another_process_took_is_not_mistaken_for_the_instance() {
    let world = World::new().await;
    // It says its port, on which this test listens before it could.
    let mut side = world.shell("echo $PORT > $OUT; exec sleep 300");
    let out = world.shared().join("port");
    side.env
        .insert("OUT".to_owned(), EnvValue::Plain(out.display().to_string()));
    side.health.ready = None;
    let foreigner = async {
        let port = loop {
            match std::fs::read_to_string(&out).map(|text| text.trim().parse::<u16>()) {
                Ok(Ok(port)) => break port,
                _ => tokio::task::yield_now().await,
            }
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        loop {
            drop(listener.accept().await);
        }
    };
    let found = tokio::select! {
        found = trouble(&world, &side) => found,
        () = foreigner => unreachable!(),
    };
    assert_eq!(found.kind, TroubleKind::Platform);
    assert!(
        found.cause.starts_with("another process answers on port "),
        "{}",
        found.cause
    );
}
