//! Environment variables whose values stand in the file.

use seaworthy_spec::{EnvSource, EnvVar, Spec};

use crate::catalogue::{ENV_MISSING, ENV_NOT_JUDGED};
use crate::finding::Report;
use crate::plain;
use crate::value::violations;

/// Each variable of each service, with its key.
pub(crate) fn each(spec: &Spec) -> impl Iterator<Item = (String, &str, &EnvVar)> {
    spec.services.iter().flat_map(|(service, it)| {
        it.env
            .iter()
            .map(move |(name, variable)| (format!("services.{service}.env.{name}"), name.as_str(), variable))
    })
}

/// Each variable whose value is written in the file, with its key.
pub(crate) fn each_value(spec: &Spec) -> impl Iterator<Item = (String, &str, &str)> {
    each(spec).filter_map(|(key, name, variable)| match &variable.source {
        EnvSource::Value(value) => Some((key, name, value.as_str())),
        EnvSource::Secret(_) | EnvSource::From(_) | EnvSource::Missing => None,
    })
}

pub(crate) fn check(spec: &Spec, report: &mut Report<'_>) {
    for (key, name, variable) in each(spec) {
        match &variable.source {
            EnvSource::Value(value) => {
                // What may be a credential is not repeated, though it stands in the file.
                let shown = if plain::looks_secret(name, value) {
                    "the value".to_owned()
                } else {
                    format!("`{value}`")
                };
                for violation in violations(variable, value) {
                    report.add(
                        violation.check(),
                        &key,
                        format!("{shown} {violation}"),
                        "correct the value, or the constraint.",
                    );
                }
            }
            EnvSource::Missing => report.add(
                &ENV_MISSING,
                &key,
                format!("there is no value in the environment {}", spec.environment.name),
                format!("give one here, or under [environments.{}.set].", spec.environment.name),
            ),
            EnvSource::From(path) if is_constrained(variable) => report.add(
                &ENV_NOT_JUDGED,
                &key,
                format!("the value comes from {path} and is known only when that runs"),
                "nothing; remove the constraints if they were not meant.",
            ),
            // The values of secrets are judged in `secrets`.
            EnvSource::From(_) | EnvSource::Secret(_) => {}
        }
    }
}

fn is_constrained(variable: &EnvVar) -> bool {
    !variable.one_of.is_empty() || variable.matches.is_some() || variable.min_length.is_some()
}
