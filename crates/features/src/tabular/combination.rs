//! `Combinations`: values of several columns together → their place in a list.
//!
//! ```text
//! parts      clerk → 1  farmer → 2        Kyoto → 1  Osaka → 2
//! list       [1, 1, 0, 0] → 0             [2, 1, 0, 0] → 1             clerk in Kyoto, farmer in Kyoto
//! ```
//!
//! Each column has a vocabulary of its own, so that a live row is looked up without joining texts: one look-up per column
//! and one of four small numbers. 0 stands for a text that is in no combination, and for columns beyond the declared.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Columns that count together at most.
pub(super) const MOST_COLUMNS: usize = 4;

/// A number per column: a place in its part, or a code of the file while fitting; 0 beyond the declared columns.
pub(super) type Key = [u32; MOST_COLUMNS];

/// Combinations of values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Vec<String>>", into = "Vec<Vec<String>>")]
pub(super) struct Combinations {
    parts: Vec<HashMap<String, u32>>,
    place: HashMap<Key, u32>,
}

impl Combinations {
    /// What a text is in a column's part; 0 for one that is in no combination.
    pub(super) fn part(&self, column: usize, text: &str) -> u32 {
        self.parts.get(column).and_then(|part| part.get(text)).copied().unwrap_or(0)
    }

    /// Place of a combination in the list.
    pub(super) fn find(&self, key: &Key) -> Option<u32> {
        self.place.get(key).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.place.len()
    }
}

impl From<Vec<Vec<String>>> for Combinations {
    fn from(list: Vec<Vec<String>>) -> Self {
        let mut parts: Vec<HashMap<String, u32>> = Vec::new();
        let mut place = HashMap::with_capacity(list.len());
        for (combination, at) in list.into_iter().zip(0..) {
            let mut key = Key::default();
            for (column, text) in combination.into_iter().enumerate().take(MOST_COLUMNS) {
                if parts.len() == column {
                    parts.push(HashMap::new());
                }
                let next = parts[column].len() as u32 + 1;
                key[column] = *parts[column].entry(text).or_insert(next);
            }
            place.insert(key, at);
        }
        Self { parts, place }
    }
}

impl From<Combinations> for Vec<Vec<String>> {
    fn from(combinations: Combinations) -> Self {
        let texts = combinations.parts.iter().map(|part| {
            let mut texts: Vec<(&String, u32)> = part.iter().map(|(text, &place)| (text, place)).collect();
            texts.sort_unstable_by_key(|&(_, place)| place);
            texts.into_iter().map(|(text, _)| text).collect::<Vec<_>>()
        });
        let texts: Vec<Vec<&String>> = texts.collect();
        let mut list: Vec<(Key, u32)> = combinations.place.iter().map(|(&key, &place)| (key, place)).collect();
        list.sort_unstable_by_key(|&(_, place)| place);
        let combination =
            |key: Key| texts.iter().zip(key).map(|(texts, place)| texts[place as usize - 1].clone()).collect();
        list.into_iter().map(|(key, _)| combination(key)).collect()
    }
}

/// Texts of a key of codes of the file.
pub(super) fn texts_of(key: &Key, texts: &[&Vec<String>]) -> Vec<String> {
    texts.iter().zip(key).map(|(texts, &code)| texts[code as usize].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_found_again_and_written_as_a_list() -> Result<(), serde_json::Error> {
        let list: Vec<Vec<String>> =
            [["a", "x"], ["b", "x"], ["a", ""]].map(|c| c.map(str::to_owned).to_vec()).to_vec();
        let combinations = Combinations::from(list.clone());
        let find = |a, b| combinations.find(&[combinations.part(0, a), combinations.part(1, b), 0, 0]);
        assert_eq!([find("a", "x"), find("b", "x"), find("a", "")], [Some(0), Some(1), Some(2)]);
        assert_eq!([find("b", ""), find("x", "a"), find("?", "x")], [None; 3]);
        let text = serde_json::to_string(&combinations)?;
        assert_eq!(text, r#"[["a","x"],["b","x"],["a",""]]"#);
        assert_eq!(serde_json::from_str::<Combinations>(&text)?, combinations);
        Ok(())
    }
}
