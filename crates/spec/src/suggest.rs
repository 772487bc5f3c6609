//! The nearest known word to one that is not known.

use crate::form::Form;
use crate::model::Spec;
use crate::shape::Shape;
use crate::tree::join;

/// The known word that was most likely meant, if any is near enough that suggesting it helps.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase().replace('_', "-");
    let distance = |candidate: &str| strsim::damerau_levenshtein(&folded, &candidate.to_lowercase().replace('_', "-"));
    // A third of the letters may be wrong: `replcias` is `replicas`, but `port` is not `host`'s typing error.
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(wrong, candidate)| *wrong <= allowed && *wrong < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// A remedy for an unknown word: the nearest known one, otherwise all of them.
pub(crate) fn remedy<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone, none: &str) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<&str> = known.into_iter().collect();
    if all.is_empty() {
        none.to_owned()
    } else {
        format!("known here: {}", all.join(", "))
    }
}

/// A remedy for an unknown key: the nearest one that is known here, otherwise where it belongs, otherwise all that is
/// known.
pub(crate) fn key(word: &str, known: &[&'static str]) -> String {
    if nearest(word, known.iter().copied()).is_none()
        && let Some(home) = home(word, "", &Spec::shape())
    {
        return format!("`{word}` is a key of [{home}]");
    }
    remedy(word, known.iter().copied(), "take it away")
}

/// The first table of the language that has such a key.
fn home(word: &str, path: &str, shape: &Shape) -> Option<String> {
    match shape {
        Shape::Table(table) => {
            let keys = (table.keys)();
            if !path.is_empty() && keys.iter().any(|key| key.name == word) {
                return Some(path.to_owned());
            }
            keys.iter()
                .find_map(|key| home(word, &join(path, key.name), &key.shape))
        }
        Shape::Map { of, .. } => home(word, &format!("{path}.NAME"), of),
        Shape::Any(shapes) => shapes.iter().find_map(|shape| home(word, path, shape)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let keys = ["replicas", "needs", "port", "max_surge"];
        assert_eq!(nearest("replcias", keys), Some("replicas"));
        assert_eq!(nearest("need", keys), Some("needs"));
        assert_eq!(nearest("max-surge", keys), Some("max_surge"));
        assert_eq!(nearest("memory", keys), None);
        assert_eq!(nearest("", keys), None);
    }

    #[test]
    fn says_where_a_key_belongs() {
        assert_eq!(
            key("strategy", &["app", "services"]),
            "`strategy` is a key of [release]"
        );
        assert_eq!(
            key("interval", &["port"]),
            "`interval` is a key of [services.NAME.health]"
        );
        assert_eq!(key("frobnicate", &["app", "edge"]), "known here: app, edge");
    }
}
