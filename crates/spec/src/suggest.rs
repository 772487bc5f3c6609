//! The nearest known word to one that is not known.

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
}
