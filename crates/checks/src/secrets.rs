//! Secrets: missing, breaking constraints, placeholder, well-known, weak, reused. Judged from facts that hold no value.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_spec::{EnvSource, EnvVar, Spec, Tls};

use crate::catalogue::{
    SECRET_MISSING, SECRET_PLACEHOLDER, SECRET_REUSED, SECRET_STORE, SECRET_WEAK, SECRET_WELL_KNOWN,
};
use crate::facts::{Fact, Facts, SecretFact, Secrets};
use crate::finding::Report;
use crate::machine::unknown;
use crate::strength::{Flaw, LEAST_BITS};
use crate::variables;

/// A place of the file that names a secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference<'a> {
    /// The key.
    pub key: String,
    /// The secret's name.
    pub name: &'a str,
    /// What its value must look like, where the place is a variable.
    pub variable: Option<&'a EnvVar>,
}

/// Every place of the file that names a secret.
pub fn references(spec: &Spec) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    for (key, _, variable) in variables::each(spec) {
        found.extend(reference(key, &variable.source, Some(variable)));
    }
    for (name, database) in &spec.databases {
        found.extend(
            database
                .url
                .as_ref()
                .and_then(|url| reference(format!("databases.{name}.url"), url, None)),
        );
    }
    for (name, notify) in &spec.notify {
        for (channel, address) in &notify.channels {
            found.extend(reference(format!("notify.{name}.{channel}"), address, None));
        }
    }
    if let Tls::Files { key, .. } = &spec.edge.tls {
        found.push(Reference {
            key: "edge.tls.key".to_owned(),
            name: key,
            variable: None,
        });
    }
    found
}

fn reference<'a>(key: String, source: &'a EnvSource, variable: Option<&'a EnvVar>) -> Option<Reference<'a>> {
    match source {
        EnvSource::Secret(name) => Some(Reference { key, name, variable }),
        EnvSource::Value(_) | EnvSource::From(_) | EnvSource::Missing => None,
    }
}

pub(crate) fn check(spec: &Spec, facts: &Facts, report: &mut Report<'_>) {
    let references = references(spec);
    if references.is_empty() {
        return;
    }
    let secrets = match &facts.secrets {
        Fact::Unknown(why) => return unknown("machine.secrets", "what is in the secret store", why, report),
        Fact::Known(secrets) => secrets,
    };
    if let Some(broken) = &secrets.broken {
        return report.add(
            &SECRET_STORE,
            "machine.secrets",
            broken.cause.clone(),
            broken.remedy.clone(),
        );
    }
    let mut judged = BTreeSet::new();
    for reference in &references {
        let Some(secret) = secrets.here.get(reference.name) else {
            missing(reference, &spec.environment.name, report);
            continue;
        };
        for violation in secret.violations.get(&reference.key).into_iter().flatten() {
            report.add(
                violation.check(),
                &reference.key,
                format!("the value of the secret `{}` {violation}", reference.name),
                format!("set another: {}", set(reference.name, &spec.environment.name)),
            );
        }
        // A secret that several variables use is judged once, where it is named first.
        if judged.insert(reference.name) {
            quality(reference, secret, &spec.environment.name, report);
        }
    }
    reuse(&references, secrets, &spec.environment.name, report);
}

fn set(name: &str, environment: &str) -> String {
    format!("`seaworthy secret set {name} -e {environment}` reads a value from stdin, `secret generate` makes one.")
}

fn missing(reference: &Reference<'_>, environment: &str, report: &mut Report<'_>) {
    report.add(
        &SECRET_MISSING,
        &reference.key,
        format!(
            "there is no secret `{}` for the environment {environment}, or every version of it is revoked",
            reference.name
        ),
        set(reference.name, environment),
    );
}

fn quality(reference: &Reference<'_>, secret: &SecretFact, environment: &str, report: &mut Report<'_>) {
    let name = reference.name;
    let assessment = secret.assessment;
    let (check, reason) = match assessment.flaw {
        None => return,
        Some(Flaw::Placeholder) => (
            &SECRET_PLACEHOLDER,
            format!("the value of the secret `{name}` is a placeholder"),
        ),
        Some(Flaw::WellKnown) => (
            &SECRET_WELL_KNOWN,
            format!("the value of the secret `{name}` is a default, or among the first that are guessed"),
        ),
        Some(Flaw::Weak) => (
            &SECRET_WEAK,
            format!(
                "the value of the secret `{name}` has {} characters, at most {} bits (alphabet of its characters, repetitions \
                 and runs counted once); {LEAST_BITS} is the least that OWASP demands of a session identifier",
                assessment.length, assessment.bits
            ),
        ),
    };
    report.add(
        check,
        &reference.key,
        reason,
        format!("set another: {}", set(name, environment)),
    );
}

fn reuse(references: &[Reference<'_>], secrets: &Secrets, environment: &str, report: &mut Report<'_>) {
    let mut by_digest: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, secret) in &secrets.here {
        by_digest.entry(&secret.digest).or_default().insert(format!("`{name}`"));
    }
    for other in &secrets.elsewhere {
        let name = format!("`{}` of the environment {}", other.name, other.environment);
        by_digest.entry(&other.digest).or_default().insert(name);
    }
    for names in by_digest.values().filter(|names| names.len() > 1) {
        let used = references
            .iter()
            .find(|reference| names.contains(&format!("`{}`", reference.name)));
        let Some(reference) = used else { continue };
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        report.add(
            &SECRET_REUSED,
            &reference.key,
            format!("these secrets have the same value: {}", names.join(", ")),
            format!(
                "give each its own, so that one that leaks opens one door: {}",
                set(reference.name, environment)
            ),
        );
    }
}
