//! Where the application runs: what fits the platform.

use super::{Rules, key};
use crate::model::{ENVIRONMENTS, Platform, Spec};

pub(super) fn check(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let environment = &spec.environment;
    let place = |key_of: &str| key(ENVIRONMENTS, &environment.name, key_of);
    let platform = place("platform");
    if environment.kubernetes.is_some() && environment.platform != Platform::Kubernetes {
        let cause = format!("has no effect: the platform is {}", environment.platform);
        rules.tell(
            &place("kubernetes"),
            &[&platform],
            "spec.no_effect",
            cause,
            "write platform = \"kubernetes\"",
        );
    }
    if environment.host.is_some() && environment.platform == Platform::Kubernetes {
        let cause = "has no effect: the cluster is named by `kubernetes`".to_owned();
        rules.tell(&place("host"), &[&platform], "spec.no_effect", cause, "take it away");
    }
}
