//! The settings of a release that are in force, defaults filled in.

use seaworthy_spec::units::{Expression, Malformed, Metric, Span};
use seaworthy_spec::{NoData, Step};
use serde::{Deserialize, Serialize};

/// How this release is carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How traffic moves when there is a stable side.
    pub strategy: seaworthy_spec::Strategy,
    /// Canary: the weights of the new side and how long each is held. Blue-green is the one step to 100 %.
    pub steps: Vec<Step>,
    /// Before which percentage a person must agree.
    pub approve: Option<u32>,
    /// How many ready instances of a service may be missing during a rolling release.
    pub max_unavailable: u32,
    /// How many instances above `replicas` may run during a rolling release.
    pub max_surge: u32,
    /// How the new side is judged by its traffic.
    pub judging: Judging,
    /// How long the new side is watched after it has all traffic.
    pub bake: Span,
    /// The longest the release may take.
    pub deadline: Span,
    /// A gap was consented to, in the file or by the caller.
    pub downtime_allowed: bool,
}

/// How a new side is judged by its traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judging {
    /// The gates. None: health alone is watched.
    pub gates: Vec<Gate>,
    /// Least number of requests in a hold.
    pub sample: u32,
    /// The time over which a gate looks.
    pub window: Span,
    /// The time between two judgements.
    pub tick: Span,
    /// How long a new side is not judged after it was given traffic.
    pub warm_up: Span,
    /// `true`: only the default gate of a rolling release is in force, which may end without enough traffic to pass it. An
    /// application that nobody calls could otherwise never be released.
    pub lenient: bool,
}

/// A gate on what the edge measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name in the evidence.
    pub name: String,
    /// What is compared.
    pub expression: Expression,
    /// Failing ticks in a row that make it fail.
    pub consecutive: u32,
    /// What no data means at the end of a hold.
    pub no_data: NoData,
}

impl Judging {
    /// Nothing is judged.
    pub fn none() -> Self {
        Self {
            gates: Vec::new(),
            sample: 100,
            window: Span::secs(30),
            tick: Span::secs(1),
            warm_up: Span::secs(0),
            lenient: true,
        }
    }
}

impl Judging {
    /// What the file says, or its defaults. Gates on PromQL are not among them: they are refused by name before.
    fn of(release: &seaworthy_spec::Release) -> Result<Self, Malformed> {
        let mut gates = Vec::new();
        for gate in release.gates_in_force() {
            if let Some(expression) = gate.judgement()? {
                let usual = if expression.metric == Metric::ErrorRate { 1 } else { 3 };
                gates.push(Gate {
                    name: gate.name,
                    expression,
                    consecutive: gate.consecutive.unwrap_or(usual),
                    no_data: gate.no_data.unwrap_or(release.no_data),
                });
            }
        }
        Ok(Self {
            gates,
            sample: release.sample,
            window: release.window,
            tick: release.tick,
            warm_up: release.warm_up,
            lenient: release.gates.is_none() && release.strategy == seaworthy_spec::Strategy::Rolling,
        })
    }
}

impl Settings {
    /// The settings of a spec; `allow_downtime` is the caller's word.
    ///
    /// # Errors
    /// A gate that is no expression, which a file that was read cannot have.
    pub fn of(spec: &seaworthy_spec::Spec, allow_downtime: bool) -> Result<Self, Malformed> {
        let release = &spec.release;
        let before = release
            .approve
            .as_deref()
            .map(|text| text.chars().filter(char::is_ascii_digit).collect::<String>());
        Ok(Self {
            strategy: release.strategy,
            steps: release.steps.clone(),
            approve: before.and_then(|digits| digits.parse().ok()),
            max_unavailable: release.max_unavailable,
            max_surge: release.max_surge,
            judging: Judging::of(release)?,
            bake: release.bake,
            deadline: release.deadline,
            downtime_allowed: allow_downtime || release.downtime == seaworthy_spec::Downtime::Allow,
        })
    }

    /// Settings for moving between revisions that are known to be good: no bake, no gates, the gap consented to.
    pub fn known_good(strategy: seaworthy_spec::Strategy) -> Self {
        Self {
            strategy,
            steps: Vec::new(),
            approve: None,
            max_unavailable: 0,
            max_surge: 1,
            judging: Judging::none(),
            bake: Span::secs(0),
            deadline: Span::secs(3600),
            downtime_allowed: true,
        }
    }

    /// The steps of the strategy. The last one is to 100 %.
    pub fn steps_in_force(&self) -> Vec<Step> {
        let whole = Step {
            percent: 100,
            hold: Span::secs(0),
        };
        match self.strategy {
            seaworthy_spec::Strategy::Canary if !self.steps.is_empty() => self.steps.clone(),
            _ => vec![whole],
        }
    }
}
