//! The rows of an embedding table: a vocabulary by frequency, or hash buckets.
//!
//! ```text
//! train rows: b a b c b a      min_count = 2      row 0  unknown, absent, and c
//!                                                 row 1  b (3 times)
//!                                                 row 2  a (2 times)
//! ```
//!
//! The commonest value has row 1, and values of one count are in the order of their text, so the order of the file's
//! rows does not matter.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::hash::bucket_row;

/// The rows of one embedding table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TableRows {
    /// A row for each value that is common enough.
    Vocabulary(Vocabulary),
    /// So many rows, to which values are hashed.
    Buckets(u32),
}

/// Value → row, from 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub(super) struct Vocabulary {
    row_of: HashMap<String, u32>,
}

impl TableRows {
    /// The row of a value; `hash` says which of the hashes is asked for.
    pub(super) fn row(&self, value: &str, hash: u32) -> u32 {
        match self {
            _ if value.is_empty() => 0,
            Self::Vocabulary(vocabulary) => vocabulary.row_of.get(value).copied().unwrap_or(0),
            Self::Buckets(buckets) => bucket_row(value, hash, *buckets),
        }
    }

    /// Number of rows, with row 0.
    pub(super) fn count(&self) -> usize {
        1 + match self {
            Self::Vocabulary(vocabulary) => vocabulary.row_of.len(),
            Self::Buckets(buckets) => *buckets as usize,
        }
    }
}

impl Vocabulary {
    /// Keeps the values that occur in at least `min_count` rows.
    pub(super) fn fit(counts: HashMap<&str, u64>, min_count: u64) -> Self {
        let mut kept: Vec<(&str, u64)> = counts.into_iter().filter(|&(_, n)| n >= min_count.max(1)).collect();
        kept.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        kept.into_iter().map(|(value, _)| value.to_owned()).collect::<Vec<_>>().into()
    }
}

impl From<Vec<String>> for Vocabulary {
    fn from(values: Vec<String>) -> Self {
        Self { row_of: values.into_iter().zip(1..).collect() }
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        let mut rows: Vec<(String, u32)> = vocabulary.row_of.into_iter().collect();
        rows.sort_unstable_by_key(|&(_, row)| row);
        rows.into_iter().map(|(value, _)| value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_values_come_first_and_rare_ones_share_row_zero() {
        let counts = [("c", 2), ("a", 1), ("b", 5), ("d", 2)];
        let rows = TableRows::Vocabulary(Vocabulary::fit(counts.into(), 2));
        assert_eq!(["b", "c", "d", "a", "?", ""].map(|value| rows.row(value, 0)), [1, 2, 3, 0, 0, 0]);
        assert_eq!(rows.count(), 4);
    }

    #[test]
    fn values_that_do_not_occur_get_no_row_whatever_the_cut_off() {
        assert_eq!(TableRows::Vocabulary(Vocabulary::fit([("a", 0)].into(), 0)).count(), 1);
    }

    #[test]
    fn a_vocabulary_is_written_as_its_values_in_order() -> Result<(), serde_json::Error> {
        let vocabulary = Vocabulary::fit([("x", 1), ("y", 2)].into(), 1);
        assert_eq!(serde_json::to_string(&vocabulary)?, r#"["y","x"]"#);
        assert_eq!(serde_json::from_str::<Vocabulary>(r#"["y","x"]"#)?, vocabulary);
        Ok(())
    }
}
