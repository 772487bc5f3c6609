//! A generated history: what is released, how, and everything that happens meanwhile.

use std::collections::BTreeMap;

use seaworthy_plan::{Gate, Judging, Kind, Plan, Refusal, Settings};
use seaworthy_spec::units::{Bound, Comparison, Expression, Metric, Span};
use seaworthy_spec::{NoData, Step, Strategy};

use crate::random::Random;
use crate::{Application, Fault, Faults, Mutant, Traffic, World, settings};

/// The whole input of a simulated release. The same input gives the same history, to the letter.
#[derive(Debug, Clone)]
pub struct History {
    /// The services before and after.
    pub services: Vec<Service>,
    /// Why it happens.
    pub kind: Kind,
    /// There is no stable revision.
    pub first: bool,
    /// How it is carried out.
    pub settings: Settings,
    /// What people send, from the beginning.
    pub traffic: Traffic,
    /// The new version never passes its probes.
    pub never_ready: bool,
    /// A person approves what waits for it.
    pub approves: bool,
    /// What goes wrong with effects, by their number.
    pub faults: BTreeMap<u32, Fault>,
    /// What happens besides, before the turn of this number.
    pub happenings: Vec<(u32, Happening)>,
}

/// One service in two versions of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Its instances before; 0: it is not in the file.
    pub before: u32,
    /// Its instances after.
    pub after: u32,
    /// Its source changed.
    pub changed: bool,
    /// It takes requests.
    pub listens: bool,
    /// Two instances may run at once.
    pub overlap: bool,
    /// It has a migration.
    pub migrates: bool,
}

/// Something that happens outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Happening {
    /// A person aborts.
    Abort,
    /// A person promotes.
    Promote,
    /// A person pauses.
    Pause,
    /// A person resumes.
    Resume,
    /// A person approves.
    Approve,
    /// A person answers a question, asked or not.
    Answer,
    /// The daemon is killed.
    DaemonDies,
    /// The machine is started anew.
    Reboot,
    /// The wall clock is set by so many seconds.
    ClockSet(i32),
    /// The journal cannot be written for so many seconds.
    JournalFull(u32),
    /// The daemon is killed in the next write to the journal.
    DiesWriting,
    /// The edge's counters cannot be read for so many ticks.
    Blind(u32),
    /// Traffic changes.
    Traffic(Traffic),
    /// All instances of the new sides fall over.
    NewSidesFall,
    /// One instance of the side of this number falls over.
    OneFalls(u32),
    /// What fell over has come back.
    Heals,
    /// The end of an effect that is long over is told once more.
    StaleResult,
    /// Measurements come when nobody asked.
    StrayMeasures,
}

impl History {
    /// The history of this number.
    pub fn generate(seed: u64, number: u64) -> Self {
        let mut random = Random::new(seed, number);
        let random = &mut random;
        let first = random.percent(6);
        let kind = match random.below(100) {
            0..80 => Kind::Release,
            80..88 => Kind::Rollback,
            88..94 => Kind::Restart,
            _ => Kind::Scale,
        };
        let services = (0..random.between(1, 3)).map(|_| service(random)).collect();
        let faulty = random.percent(70);
        let eventful = random.percent(70);
        let faults = (0..if faulty { random.between(1, 5) } else { 0 })
            .map(|_| (random.between(1, 30), random.one(&Fault::ALL)))
            .collect();
        let happenings = (0..if eventful { random.between(1, 6) } else { 0 })
            .map(|_| (random.below(70), happening(random)))
            .collect();
        Self {
            services,
            kind,
            first,
            settings: how(random),
            traffic: traffic(random),
            never_ready: random.percent(8),
            approves: random.percent(70),
            faults,
            happenings,
        }
    }

    /// The plan of it.
    ///
    /// # Errors
    /// As [`seaworthy_plan::plan`].
    pub fn plan(&self) -> Result<Plan, Refusal> {
        let after = self.application(true);
        if self.first {
            return after.first(self.settings.clone());
        }
        let before = self.application(false);
        match self.kind {
            Kind::Restart => before.after(&before, Kind::Restart, self.settings.clone()),
            kind => after.after(&before, kind, self.settings.clone()),
        }
    }

    /// The world in which it happens.
    ///
    /// # Errors
    /// As [`seaworthy_plan::plan`].
    pub fn world(&self, mutant: Option<Mutant>) -> Result<World, Refusal> {
        let mut world = World::with_mutant(self.plan()?, Faults(self.faults.clone()), mutant);
        world.traffic = self.traffic;
        world.never_ready = self.never_ready;
        Ok(world)
    }

    /// Whether nothing at all goes wrong, traffic is enough for every gate and there is time for it: then it must succeed.
    pub fn is_good(&self) -> bool {
        let judging = &self.settings.judging;
        let calm = self.faults.is_empty() && self.happenings.is_empty() && !self.never_ready && self.approves;
        let answers_well = self.traffic.errors == 0 && self.traffic.new_ms <= self.traffic.stable_ms;
        let waits = judging.gates.iter().all(|gate| gate.no_data == NoData::Wait);
        // Compared with a stable side that never has traffic beside the new one, nothing can pass.
        let compares = |gate: &Gate| matches!(gate.expression.bound, Bound::Stable { .. });
        let mut steps = self.settings.steps_in_force().into_iter();
        let together = steps.any(|step| step.percent < 100 && step.hold.millis > 0);
        let moves = |service: &Service| {
            service.before > 0 && service.after > 0 && service.changed && service.listens && service.overlap
        };
        let comparable = together && self.services.iter().any(moves) || !judging.gates.iter().any(compares);
        calm && answers_well
            && waits
            && comparable
            && self
                .longest_seconds()
                .is_some_and(|most| most < self.settings.deadline.millis / 1000)
    }

    /// Upper bound of its duration; none where traffic never fills a sample.
    fn longest_seconds(&self) -> Option<u64> {
        let judging = &self.settings.judging;
        // The share of one side among all services of the application, in whole requests a second, as the edge counts them here.
        let services = self.services.len() as u64 + 1;
        let fill = |percent: u32| {
            let rate = self.traffic.per_second * u64::from(percent) / 100 / (services * 4);
            (rate > 0).then(|| {
                u64::from(judging.sample) / rate + judging.window.millis / 1000 + judging.warm_up.millis / 1000 + 3
            })
        };
        let mut seconds = 60 + self.settings.bake.millis / 1000 + fill(100)?;
        for step in self.settings.steps_in_force() {
            seconds += step.hold.millis / 1000 + fill(step.percent)?;
        }
        Some(seconds)
    }

    fn application(&self, after: bool) -> Application {
        let mut app = Application::new();
        for (number, service) in self.services.iter().enumerate() {
            let replicas = if after { service.after } else { service.before };
            let changed = after && service.changed && self.kind != Kind::Scale;
            let (name, version) = (format!("s{number}"), if changed { "2" } else { "1" });
            if replicas == 0 {
                continue;
            }
            app = if service.listens {
                app.service(&name, version, replicas)
            } else {
                app.worker(&name, version, replicas)
            };
            if !service.overlap {
                app = app.singleton(&name);
            }
            if service.migrates {
                app = app.migrates(&name);
            }
        }
        app
    }
}

fn service(random: &mut Random) -> Service {
    let overlap = random.percent(90);
    let most = if overlap { 4 } else { 1 };
    Service {
        before: random.below(most + 1),
        after: random.below(most + 1),
        changed: random.percent(75),
        listens: random.percent(75),
        overlap,
        migrates: random.percent(20),
    }
}

fn traffic(random: &mut Random) -> Traffic {
    let per_second = if random.percent(15) {
        0
    } else {
        u64::from(random.between(1, 400))
    };
    let slow = random.percent(25);
    Traffic {
        per_second,
        errors: if random.percent(60) {
            0
        } else {
            u64::from(random.below(40))
        },
        new_ms: if slow { 90.0 } else { 20.0 },
        stable_ms: 20.0,
    }
}

fn how(random: &mut Random) -> Settings {
    let strategy = random.one(&[
        Strategy::Rolling,
        Strategy::BlueGreen,
        Strategy::Canary,
        Strategy::Canary,
    ]);
    let surge = random.below(3);
    let mut percent = 0;
    let mut steps = Vec::new();
    while percent < 100 {
        percent = (percent + random.between(1, 60)).min(100);
        steps.push(Step {
            percent,
            hold: Span::secs(random.one(&[0, 3, 8, 15])),
        });
    }
    Settings {
        strategy,
        steps: if strategy == Strategy::Canary {
            steps
        } else {
            Vec::new()
        },
        approve: random.percent(20).then(|| random.between(1, 100)),
        max_unavailable: if surge == 0 { 1 } else { random.below(2) },
        max_surge: surge,
        judging: judging(random, strategy),
        bake: Span::secs(random.one(&[0, 5, 12])),
        deadline: Span::secs(random.one(&[10, 60, 90, 150, 250])),
        downtime_allowed: true,
    }
}

fn judging(random: &mut Random, strategy: Strategy) -> Judging {
    let lenient = strategy == Strategy::Rolling && random.percent(60);
    let mut gates = vec![Gate {
        name: "error_rate < 5%".to_owned(),
        expression: Expression {
            metric: Metric::ErrorRate,
            comparison: Comparison::Below,
            bound: Bound::Percent(5.0),
        },
        consecutive: 1,
        no_data: random.one(&[NoData::Wait, NoData::Wait, NoData::Fail]),
    }];
    if !lenient && random.percent(40) {
        gates.push(Gate {
            name: "p95 < 2 * stable.p95".to_owned(),
            expression: Expression {
                metric: Metric::P95,
                comparison: Comparison::Below,
                bound: Bound::Stable {
                    factor: 2.0,
                    metric: Metric::P95,
                },
            },
            consecutive: random.one(&[1, 3]),
            no_data: NoData::Wait,
        });
    }
    if random.percent(10) {
        gates.clear();
    }
    Judging {
        gates,
        sample: random.one(&[1, 20, 100]),
        window: Span::secs(u64::from(random.between(1, 10))),
        warm_up: Span::secs(random.one(&[0, 0, 0, 4])),
        lenient,
        ..Judging::none()
    }
}

fn happening(random: &mut Random) -> Happening {
    match random.below(22) {
        0 | 1 => Happening::Abort,
        2 | 3 => Happening::Promote,
        4 | 5 => Happening::Pause,
        6 => Happening::Resume,
        7 => Happening::Approve,
        8 => Happening::Answer,
        9 => Happening::DaemonDies,
        10 => Happening::Reboot,
        11 => Happening::ClockSet(random.between(0, 240) as i32 - 120),
        12 => Happening::JournalFull(random.between(1, 100)),
        13 => Happening::DiesWriting,
        14 | 15 => Happening::Blind(random.between(1, 40)),
        16 => Happening::Traffic(traffic(random)),
        17 => Happening::NewSidesFall,
        18 => Happening::OneFalls(random.below(6)),
        19 => Happening::Heals,
        20 => Happening::StaleResult,
        _ => Happening::StrayMeasures,
    }
}

/// Settings of the file's defaults, for a history that a person writes.
impl Default for History {
    fn default() -> Self {
        Self {
            services: Vec::new(),
            kind: Kind::Release,
            first: false,
            settings: settings(),
            traffic: Traffic::default(),
            never_ready: false,
            approves: true,
            faults: BTreeMap::new(),
            happenings: Vec::new(),
        }
    }
}
