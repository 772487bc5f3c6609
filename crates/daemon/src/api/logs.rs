//! Logs of an application's instances, in the order of time, and on as new lines come.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use regex::Regex;
use seaworthy_api as api;
use seaworthy_platform::Scope;
use seaworthy_platform_host::LogPlace;
use seaworthy_supervise::log::{Filter, Follow, Line, read};

use crate::app::App;
use crate::refusal::Refused;

/// How often a follower looks for new lines and new instances.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(super) async fn logs(
    State(app): State<Arc<App>>,
    Path((name, environment)): Path<(String, String)>,
    Query(query): Query<api::LogsQuery>,
) -> Result<Response, Refused> {
    let scope = Scope::new(&name, &environment);
    let wanted = Wanted::of(&query)?;
    let mut lines = Vec::new();
    let mut followers = BTreeMap::new();
    for place in app.platform.log_places(&scope) {
        if !wanted.service(&place) {
            continue;
        }
        let found = if query.follow && place.running {
            let (found, follow) =
                Follow::start(&place.directory, &wanted.filter).map_err(|error| unreadable(&error))?;
            followers.insert(place.directory.clone(), (place.clone(), follow));
            found
        } else {
            read(&place.directory, &wanted.filter).map_err(|error| unreadable(&error))?
        };
        lines.extend(
            found
                .into_iter()
                .filter(|line| wanted.text(line))
                .map(|line| told(&place, line)),
        );
    }
    lines.sort_by_key(|line| line.at_us);
    if let Some(last) = query.last {
        lines.drain(..lines.len().saturating_sub(last as usize));
    }
    if !query.follow {
        return Ok(super::lines(futures_util::stream::iter(lines)));
    }
    let following = Following {
        app,
        scope,
        wanted,
        followers,
    };
    let stream = futures_util::stream::unfold((lines, following), |(ready, mut following)| async move {
        let lines = if ready.is_empty() {
            following.next().await
        } else {
            ready
        };
        Some((lines, (Vec::new(), following)))
    });
    use futures_util::StreamExt as _;
    Ok(super::lines(stream.flat_map(futures_util::stream::iter)))
}

/// What of the logs is wanted.
struct Wanted {
    service: Option<String>,
    grep: Option<Regex>,
    filter: Filter,
}

impl Wanted {
    fn of(query: &api::LogsQuery) -> Result<Self, Refused> {
        let grep = query.grep.as_deref().map(Regex::new).transpose().map_err(|error| {
            Refused::usage(
                "grep",
                format!("--grep is no regular expression: {error}"),
                "mend the expression, or quote it",
            )
        })?;
        let since = query
            .since_ms
            .and_then(|millis| jiff::Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok());
        Ok(Self {
            service: query.service.clone(),
            grep,
            filter: Filter {
                since,
                ..Filter::default()
            },
        })
    }

    fn service(&self, place: &LogPlace) -> bool {
        self.service.as_ref().is_none_or(|service| *service == place.service)
    }

    fn text(&self, line: &Line) -> bool {
        self.grep.as_ref().is_none_or(|grep| grep.is_match(&line.text))
    }
}

/// Logs that somebody follows.
struct Following {
    app: Arc<App>,
    scope: Scope,
    wanted: Wanted,
    followers: BTreeMap<PathBuf, (LogPlace, Follow)>,
}

impl Following {
    /// The next lines, in the order of time. Instances that are new are followed from their first line.
    async fn next(&mut self) -> Vec<api::LogLine> {
        loop {
            let mut lines = Vec::new();
            let places: Vec<LogPlace> = self
                .app
                .platform
                .log_places(&self.scope)
                .into_iter()
                .filter(|place| place.running && self.wanted.service(place))
                .collect();
            for place in &places {
                if self.followers.contains_key(&place.directory) {
                    continue;
                }
                if let Ok((found, follow)) = Follow::start(&place.directory, &self.wanted.filter) {
                    lines.extend(
                        found
                            .into_iter()
                            .filter(|line| self.wanted.text(line))
                            .map(|line| told(place, line)),
                    );
                    self.followers.insert(place.directory.clone(), (place.clone(), follow));
                }
            }
            for (place, follow) in self.followers.values_mut() {
                // A log that cannot be read now is read at the next look.
                let found = follow.poll().unwrap_or_default();
                lines.extend(
                    found
                        .into_iter()
                        .filter(|line| self.wanted.text(line))
                        .map(|line| told(place, line)),
                );
            }
            self.followers
                .retain(|directory, _| places.iter().any(|place| place.directory == *directory));
            if !lines.is_empty() {
                lines.sort_by_key(|line| line.at_us);
                return lines;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn told(place: &LogPlace, line: Line) -> api::LogLine {
    api::LogLine {
        version: api::VERSION,
        at_us: u64::try_from(line.at.as_microsecond()).unwrap_or(0),
        service: place.service.clone(),
        instance: place.instance.clone(),
        stream: line.source.as_str().to_owned(),
        text: line.text,
    }
}

fn unreadable(error: &seaworthy_supervise::log::LogError) -> Refused {
    Refused::failed("log", error.to_string(), error.remedy())
}
