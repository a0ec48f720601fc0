//! The known name nearest to a misspelt one, for messages that suggest the mend.
//!
//! Distance is the number of letters to insert, delete or replace, case ignored; a name further off than half the letters of the wanted one is not suggested.
//!
//! # Reference
//! V. Levenshtein, *Binary codes capable of correcting deletions, insertions, and reversals*, 1966.

/// Names longer than this are not compared: the cost is quadratic, and no one misspells them by hand.
const LONGEST: usize = 100;

/// The known name with the smallest distance to `wanted`, the first of several.
pub(crate) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = lower(wanted);
    let (distance, name) = known
        .filter(|name| name.len() <= LONGEST && wanted.len() <= LONGEST)
        .map(|name| (distance(&wanted, &lower(name)), name))
        .min_by_key(|&(distance, _)| distance)?;
    (2 * distance <= wanted.len()).then_some(name)
}

fn lower(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).collect()
}

fn distance(a: &[char], b: &[char]) -> usize {
    // row[j] is the distance between the letters of `a` seen so far and the first j letters of `b`.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for j in 0..b.len() {
            let replaced = diagonal + usize::from(*letter != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_insertions_deletions_and_replacements() {
        let count = |a: &str, b: &str| distance(&lower(a), &lower(b));
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("Colour", "colour"), 0);
    }

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["colour", "country", "session ID"];
        assert_eq!(nearest("color", known.into_iter()), Some("colour"));
        assert_eq!(nearest("session_id", known.into_iter()), Some("session ID"));
        assert_eq!(nearest("price", known.into_iter()), None);
    }
}
