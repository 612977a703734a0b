//! What somebody probably meant.

/// The word that one or two slips of the finger turn into `word`; none when all are further off.
#[must_use]
pub fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let (distance, found) = words.iter().map(|it| (slips(word, it), *it)).min()?;
    (distance <= 2.min(word.len() / 3)).then_some(found)
}

/// Letters put in, left out or exchanged (Levenshtein's distance).
fn slips(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (to, against) in other.iter().enumerate() {
            let exchanged = diagonal + usize::from(letter != *against);
            diagonal = row[to + 1];
            row[to + 1] = exchanged.min(row[to] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let words = ["listen", "public_url", "data_dir"];
        assert_eq!(nearest("public_ur", &words), Some("public_url"));
        assert_eq!(nearest("datadir", &words), Some("data_dir"));
        assert_eq!(nearest("port", &words), None);
    }
}
