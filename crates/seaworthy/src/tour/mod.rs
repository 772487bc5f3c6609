//! `seaworthy demo`: the tour. Ships a built-in application under live traffic, then bad versions of it.
//!
//! | module | holds | acts? |
//! |---|---|---|
//! | `file` | the `seaworthy.toml` of each version | no |
//! | `summary` | what was measured, and whether that is what was promised | no |
//! | `place` | a temporary state, and its removal | yes |
//! | `traffic` | open-loop load through the edge | yes |

mod file;
mod place;
mod summary;
mod traffic;

use std::pin::pin;
use std::time::{Duration, Instant};

use seaworthy_api::{Queue, Release, ReleaseRequest};

use crate::built_in;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::follow::Follower;
use crate::reporter::{Reporter, duration, progress::Progress, release as view};
use file::Version;
use place::Place;
use summary::{Bad, Good, Summary, Urls};
use traffic::Traffic;

/// How long the traffic goes on after a release, to see that what serves goes on serving.
const AFTERMATH: Duration = Duration::from_millis(1500);

/// Runs the tour: once, or until Ctrl-C. Whatever happens, nothing of it is left behind.
pub(crate) async fn run(reporter: &Reporter, once: bool, rate: u32) -> Result<Exit, Failure> {
    let mut end = pin!(built_in::asked_to_end());
    let place = Place::prepare()?;
    let tour = Tour {
        reporter,
        place: &place,
        rate,
    };
    let told = tokio::select! {
        told = tour.tell() => told.map(Some),
        _ = &mut end => Ok(None),
    };
    let mut exit = Ok(Exit::Failed);
    match told {
        Err(failure) => exit = Err(failure),
        Ok(None) => reporter.say("interrupted"),
        Ok(Some(summary)) => {
            reporter.say("");
            reporter.result(&summary, |paint| summary.render(paint));
            exit = Ok(if summary.as_promised() {
                Exit::Done
            } else {
                Exit::Failed
            });
            if !once {
                let page = reporter.err_paint().link(&summary.urls.page);
                reporter.say(&format!("\n{page} stays up; Ctrl-C ends everything"));
                // Whether it was Ctrl-C or that signals cannot be heard: this is the end.
                let _ = end.await;
            }
        }
    }
    let cleaned = place.clear(reporter).await;
    let exit = exit?;
    cleaned.map(|()| exit)
}

struct Tour<'a> {
    reporter: &'a Reporter,
    place: &'a Place,
    rate: u32,
}

impl Tour<'_> {
    async fn tell(&self) -> Result<Summary, Failure> {
        let page = format!("http://{}/", self.place.address);
        self.chapter(
            "A daemon and an edge start in a temporary state",
            &self.place.root.display().to_string(),
        );
        let client = self.place.start().await?;

        self.chapter("Version 1 ships", "the first release: nothing serves yet");
        let first = self.ship(&client, Version::good(1)).await?;
        self.expect(&first, "succeeded")?;
        self.reporter.say(&format!(
            "  {} shows the application, live",
            self.reporter.err_paint().link(&page)
        ));

        let traffic = Traffic::start(&page, self.rate)?;
        let per_second = self.rate;
        self.chapter(
            "Version 2 ships by canary, under traffic",
            &format!("{per_second} requests per second, on schedule whatever the answers do"),
        );
        let began = Instant::now();
        let second = self.ship(&client, Version::good(2)).await?;
        let seconds = began.elapsed().as_secs_f64();
        tokio::time::sleep(AFTERMATH).await;
        self.tally(&traffic, &[]);

        let mut bad = vec![self.ship_never_ready(&client, &traffic).await?];
        let mut exposed = Vec::new();
        for (number, (fault, remark)) in (4..).zip(file::UNDER_TRAFFIC) {
            self.chapter(&format!("Version {number} ships; it is bad"), remark);
            let before = traffic.so_far();
            let release = self.ship(&client, Version::bad(number, fault)).await?;
            let after = traffic.so_far();
            exposed.push(release.id.clone());
            bad.push(Bad {
                fault: fault.to_owned(),
                outcome: outcome(&release),
                exposed_percent: Some(after.exposed_percent(&before, &release.id)),
                detect_to_stable_ms: summary::detect_to_stable_ms(&release),
            });
            tokio::time::sleep(AFTERMATH).await;
            self.tally(&traffic, &exposed);
        }

        let measured = traffic.stop().await;
        Ok(Summary {
            version: seaworthy_api::VERSION,
            requests: measured.requests,
            failed: measured.failed(&exposed),
            held: summary::held(&client.text("/metrics").await?),
            longest_gap_ms: measured.longest_gap_ms,
            good: Good {
                outcome: outcome(&second),
                seconds: (seconds * 10.0).round() / 10.0,
            },
            bad,
            urls: Urls { page },
        })
    }

    /// A version that nobody may ever meet, so every answer of it counts as failed.
    async fn ship_never_ready(&self, client: &Client, traffic: &Traffic) -> Result<Bad, Failure> {
        self.chapter("Version 3 ships; it is bad", "its readiness probe never passes");
        let release = self.ship(client, Version::bad(3, file::NEVER_READY)).await?;
        tokio::time::sleep(AFTERMATH).await;
        self.tally(traffic, &[]);
        Ok(Bad {
            fault: file::NEVER_READY.to_owned(),
            outcome: outcome(&release),
            exposed_percent: None,
            detect_to_stable_ms: None,
        })
    }

    fn chapter(&self, title: &str, remark: &str) {
        let paint = self.reporter.err_paint();
        self.reporter
            .say(&format!("\n{}  {}", paint.bold(title), paint.dim(remark)));
    }

    /// Releases a version and follows it to its end.
    async fn ship(&self, client: &Client, version: Version) -> Result<Release, Failure> {
        let text = file::render(&self.place.binary, self.place.address, version, self.rate);
        let path = self.place.write(&text)?;
        let request = ReleaseRequest {
            file: text,
            path: path.display().to_string(),
            environment: None,
            commit: None,
            queue: Queue::Wait,
            allow_downtime: false,
        };
        let asked = format!("/v1/apps/{}/production/releases", file::APP);
        let release: Release = client.post(&asked, &request).await?;
        let mut follower = Follower::new(client, &self.place.state, Progress::new(self.reporter));
        let release = follower.follow(&release.id, |_| {}).await?;
        drop(follower);
        self.reporter
            .say(view::ending(&release, &[], self.reporter.err_paint()).trim_end());
        Ok(release)
    }

    /// Without its first version the tour has nothing to show.
    fn expect(&self, release: &Release, outcome: &str) -> Result<(), Failure> {
        match release.outcome.as_deref() {
            Some(seen) if seen == outcome => Ok(()),
            seen => Err(Failure::Machine {
                place: format!("release {} of the demo", release.id),
                cause: format!("it ended {} and not {outcome}", seen.unwrap_or("held")),
                remedy: "the reason stands above; `seaworthy doctor` says what this machine lacks".into(),
            }),
        }
    }

    fn tally(&self, traffic: &Traffic, exposed: &[String]) {
        let so_far = traffic.so_far();
        let paint = self.reporter.err_paint();
        let failed = match so_far.failed(exposed) {
            0 => paint.good("0 failed"),
            failed => paint.bad(&format!("{failed} failed")),
        };
        let gap = duration::short(Duration::from_millis(so_far.longest_gap_ms));
        self.reporter.say(&format!(
            "  {} requests so far, {failed}, longest gap between two answers {gap}",
            so_far.requests
        ));
    }
}

/// How a release ended; one that has not ended when its events are over is held.
fn outcome(release: &Release) -> String {
    release.outcome.clone().unwrap_or_else(|| "held".to_owned())
}
