//! The secret store, told without values.

use std::io::ErrorKind;
use std::path::Path;

use seaworthy_checks::Fact;
use seaworthy_checks::facts::{Problem, SecretElsewhere, SecretFact, Secrets};
use seaworthy_checks::secrets::{Reference, references};
use seaworthy_checks::strength::assess;
use seaworthy_checks::value::violations;
use seaworthy_platform::Scope;
use seaworthy_spec::Spec;
use seaworthy_store::secrets::{Current, SecretError, SecretStore};

/// What the checks may know of the secrets of an application. A file that names none opens no store.
pub(super) fn of(spec: &Spec, state: &Path) -> Fact<Secrets> {
    let references = references(spec);
    if references.is_empty() {
        return Fact::Known(Secrets::default());
    }
    match look(spec, state, &references) {
        Ok(secrets) => Fact::Known(secrets),
        // A store that this user may not read may be in perfect order.
        Err(SecretError::Io { path, source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
            Fact::Unknown(format!("{}: {source}", path.display()))
        }
        Err(error) => Fact::Known(Secrets {
            broken: Some(Problem {
                cause: error.to_string(),
                remedy: error.remedy().to_owned(),
            }),
            ..Secrets::default()
        }),
    }
}

fn look(spec: &Spec, state: &Path, references: &[Reference<'_>]) -> Result<Secrets, SecretError> {
    let mut secrets = Secrets::default();
    let Some(store) = SecretStore::find(state)? else {
        return Ok(secrets);
    };
    let scope = Scope::new(&spec.app, &spec.environment.name);
    for current in store.current(&scope)? {
        let fact = fact(&current, references);
        secrets.here.insert(current.name, fact);
    }
    for environment in store.environments(&scope.organisation, &scope.app)? {
        if environment == scope.environment {
            continue;
        }
        for other in store.current(&Scope::new(&spec.app, &environment))? {
            secrets.elsewhere.push(SecretElsewhere {
                environment: environment.clone(),
                name: other.name,
                digest: other.digest,
            });
        }
    }
    Ok(secrets)
}

/// The only place where the checks meet a value; what comes out does not hold it.
fn fact(current: &Current, references: &[Reference<'_>]) -> SecretFact {
    let value = current.value.expose();
    let named = references.iter().filter(|reference| reference.name == current.name);
    SecretFact {
        version: current.version,
        digest: current.digest.clone(),
        assessment: assess(value),
        violations: named
            .filter_map(|reference| Some((reference.key.clone(), violations(reference.variable?, value))))
            .collect(),
    }
}
