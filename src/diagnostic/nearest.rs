//! "Did you mean …": the nearest of the known names, when there is one near enough.

/// The candidate nearest to `word`, or `None` when none is close enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    // A letter has up to four bytes: a name much longer or shorter is not measured.
    let is_close = |candidate: &&str| candidate.len().abs_diff(wanted.len()) <= 4 * limit;
    candidates
        .into_iter()
        .filter(is_close)
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" for the nearest candidate.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_close_is_suggested() {
        let known = ["topics", "title", "thread"];
        assert_eq!(nearest("topcis", known), Some("topics"));
        assert_eq!(nearest("Title", known), Some("title"));
        assert_eq!(nearest("weather", known), None);
        assert_eq!(nearest("", known), None);
    }
}
