//! Follows a release to its end. The release belongs to the daemon: whoever follows may leave and come back.

use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use seaworthy_api::{AppStatus, Event, Happened, Release};

use crate::autostart;
use crate::client::{Client, Lines};
use crate::context::{Context, Target};
use crate::failure::{Exit, Failure};
use crate::reporter::progress::Progress;
use crate::reporter::release as view;

/// How long to wait for a daemon that went away.
const LIMIT: Duration = Duration::from_secs(60);
/// After this a daemon that went away is started again; what supervises it has had its chance.
const REVIVE: Duration = Duration::from_secs(2);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);
/// How often progress is told that time passes.
const TICK: Duration = Duration::from_millis(250);

/// Follows a release and says how it ended. Where results are JSON, the events are a part of them.
pub(crate) async fn follow(context: &Context, client: &Client, id: &str) -> Result<Exit, Failure> {
    let reporter = &context.reporter;
    let state = context.state()?;
    let mut follower = Follower::new(client, &state, Progress::new(reporter));
    let tell = |event: &Event| {
        if reporter.json() {
            reporter.document(event);
        }
    };
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let release = tokio::select! {
        release = follower.follow(id, tell) => release?,
        _ = &mut interrupted => return Err(Failure::LeftAlone { release: id.to_owned() }),
    };
    drop(follower);
    conclude(context, client, &release).await
}

/// Follows a release that the daemon has taken over, unless it has ended already or nobody wants to wait.
pub(crate) async fn taken(
    context: &Context,
    client: &Client,
    release: &Release,
    detach: bool,
) -> Result<Exit, Failure> {
    if release.outcome.is_some() {
        return conclude(context, client, release).await;
    }
    if !detach {
        return follow(context, client, &release.id).await;
    }
    context.reporter.result(release, |paint| {
        let id = &release.id;
        format!(
            "{} is under way; `seaworthy release show {id} --follow` watches it\n",
            paint.bold(id)
        )
    });
    Ok(Exit::Done)
}

/// Says how a release ended, where the application is reached, and which exit code that means.
pub(crate) async fn conclude(context: &Context, client: &Client, release: &Release) -> Result<Exit, Failure> {
    let exit = Exit::of_outcome(release.outcome.as_deref());
    if context.reporter.json() {
        context.reporter.document(release);
        return Ok(exit);
    }
    let target = Target {
        app: release.app.clone(),
        environment: release.environment.clone(),
    };
    let urls = match exit {
        Exit::Done => client.get::<AppStatus>(&target.path("")).await?.urls,
        _ => Vec::new(),
    };
    context
        .reporter
        .text(&view::ending(release, &urls, context.reporter.paint()));
    Ok(exit)
}

/// Follows one release, through any death of the daemon.
pub(crate) struct Follower<'a> {
    client: &'a Client,
    state: &'a Path,
    progress: Progress<'a>,
    /// The last event that was seen.
    after: u64,
    /// Since when the daemon is away.
    away: Option<Instant>,
}

impl<'a> Follower<'a> {
    /// Follows by this daemon, which is started again in its state directory when it goes away and stays away.
    pub(crate) fn new(client: &'a Client, state: &'a Path, progress: Progress<'a>) -> Self {
        Self {
            client,
            state,
            progress,
            after: 0,
            away: None,
        }
    }

    /// The release as it is when it has ended or is held. Each event is told once.
    pub(crate) async fn follow(&mut self, id: &str, mut tell: impl FnMut(&Event)) -> Result<Release, Failure> {
        loop {
            let rests = match self.events(id, &mut tell).await {
                Ok(true) => self.client.get(&format!("/v1/releases/{id}")).await.map(Some),
                // The daemon closed the stream in good order before the end, as it does when it stops; or the end was told
                // just before a connection broke, and is not told again.
                Ok(false) => self.ended(id).await,
                Err(failure) => Err(failure),
            };
            match rests {
                Ok(Some(release)) => return Ok(release),
                Ok(None) => tokio::time::sleep(PAUSE).await,
                Err(failure @ (Failure::Unreachable { .. } | Failure::Answer { .. })) => self.wait(failure).await?,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// The release, if it has ended.
    async fn ended(&self, id: &str) -> Result<Option<Release>, Failure> {
        let release: Release = self.client.get(&format!("/v1/releases/{id}")).await?;
        Ok(release.outcome.is_some().then_some(release))
    }

    /// Reads events until the stream ends. Whether the release has come to rest.
    async fn events(&mut self, id: &str, tell: &mut impl FnMut(&Event)) -> Result<bool, Failure> {
        let path = format!("/v1/releases/{id}/events?after={}", self.after);
        let mut lines = self.client.stream(&path).await?;
        if self.away.take().is_some() {
            self.progress.say("the daemon is back");
        }
        let mut rests = false;
        while let Some(event) = self.next(&mut lines).await? {
            self.after = event.seq;
            tell(&event);
            self.progress.event(&event);
            match event.what {
                // A held release keeps its stream open until a person has answered, which may take days.
                Happened::Held { .. } => return Ok(true),
                Happened::Ended { .. } => rests = true,
                Happened::Phase { .. }
                | Happened::Step { .. }
                | Happened::Holding { .. }
                | Happened::Judged { .. }
                | Happened::ApprovalNeeded { .. }
                | Happened::Steered { .. } => rests = false,
            }
        }
        Ok(rests)
    }

    /// The next event, while progress is told that time passes.
    async fn next(&mut self, lines: &mut Lines) -> Result<Option<Event>, Failure> {
        loop {
            tokio::select! {
                event = lines.next::<Event>() => return event,
                () = tokio::time::sleep(TICK) => self.progress.tick(),
            }
        }
    }

    /// Waits a little for a daemon that went away, and starts it again when nobody else does.
    async fn wait(&mut self, failure: Failure) -> Result<(), Failure> {
        if self.away.is_none() {
            self.progress.say("the daemon went away; waiting for it to come back");
        }
        let since = *self.away.get_or_insert_with(Instant::now);
        if since.elapsed() > LIMIT {
            return Err(failure);
        }
        if since.elapsed() > REVIVE && !self.client.reachable().await {
            self.progress
                .say("starting it again; it finishes or undoes what was under way");
            autostart::ensure(self.state, &autostart::this_binary()?).await?;
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    use super::*;
    use crate::reporter::Reporter;

    fn event(seq: u64, what: &str) -> String {
        format!(r#"{{"version":1,"seq":{seq},"at_ms":1,"release":"r1","what":{what}}}"#)
    }

    const RELEASE: &str = concat!(
        r#"{"version":1,"id":"r1","app":"a","environment":"production","kind":"release","strategy":"first","from":null,"#,
        r#""to":"x","phase":"retiring","outcome":"succeeded","reason":null,"by":"root","commit":null,"asked_ms":1,"#,
        r#""ended_ms":2,"steps":[],"gates":[],"notes":[]}"#
    );

    /// Answers one question after another; the asked paths come out.
    async fn daemon(listener: UnixListener, answers: Vec<String>) -> Vec<String> {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let length = stream.read(&mut bytes).await.unwrap();
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            asked.push(text.split(' ').nth(1).unwrap().to_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        asked
    }

    #[tokio::test]
    async fn a_daemon_that_dies_is_asked_for_what_was_missed() {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("daemon.sock")).unwrap();
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let phase = |name: &str| format!(r#"{{"event":"phase","phase":"{name}"}}"#);
        let first = format!(
            "{head}{}\n{}\n{{\"cut",
            event(4, &phase("checking")),
            event(5, &phase("starting"))
        );
        let ended = event(6, r#"{"event":"ended","outcome":"succeeded","reason":null}"#);
        let answers = vec![first, format!("{head}{ended}\n"), format!("{head}{RELEASE}")];
        let answering = tokio::spawn(daemon(listener, answers));

        let (client, reporter) = (Client::of(dir.path()), Reporter::new(true));
        let mut seen = Vec::new();
        let mut follower = Follower::new(&client, dir.path(), Progress::new(&reporter));
        let release = follower.follow("r1", |event| seen.push(event.seq)).await.unwrap();

        assert_eq!(release.outcome.as_deref(), Some("succeeded"));
        assert_eq!(seen, [4, 5, 6], "each event is told once");
        let asked = answering.await.unwrap();
        let expected = [
            "/v1/releases/r1/events?after=0",
            "/v1/releases/r1/events?after=5",
            "/v1/releases/r1",
        ];
        assert_eq!(asked, expected);
    }
}
