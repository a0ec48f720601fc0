//! How features are distributed: of the train rows once, kept by the encoder, and of rows as they are served.
//!
//! ```text
//! field            rows of the table    [ 0 | 1 | 2 | … | 30 | the others ]    the commonest values come first
//! dense value      deciles of the train rows, ties once; missing ones apart
//! ```
//!
//! Both are read off encoded rows in the same way, so that any difference between them is one of the rows.

use serde::{Deserialize, Serialize};

use super::vocabulary::TableRows;

/// Bins of a field: rows of its table, those from here on together.
const MOST_BINS: u32 = 32;
/// Cuts between the bins of a dense value.
const CUTS: u64 = 9;

/// How the features of the train rows are distributed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TrainStatistics {
    /// Number of train rows.
    pub rows: u64,
    /// Fields and dense values, in the order of the layout. Not measured: hashed crosses, times of day, and of vectors
    /// anything but the share that is missing. Statistics of labels are those that a live row gets, of the rows whose label
    /// counts.
    pub features: Vec<FeatureStatistics>,
}

/// How a field or a dense value is distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureStatistics {
    /// The feature's name in the layout.
    pub name: String,
    /// Share of the rows without a value, as far as the encoded rows tell: an empty cell without a row of its own is out of
    /// the vocabulary.
    pub missing: f64,
    /// Share of the rows whose value is not in the vocabulary, rare ones included.
    pub out_of_vocabulary: f64,
    /// Mean of the encoded values that are there; 0 for a field.
    pub mean: f64,
    /// Their deviation; 0 for a field.
    pub deviation: f64,
    /// Share of the rows in each bin, of those with a value for a dense one; empty where it is not measured.
    pub shares: Vec<f64>,
    pub(super) reads: Reads,
}

/// Where a feature stands in an encoded row, and what is read there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reads {
    Field {
        at: usize,
        /// Row of missing values, if they have one.
        missing: Option<u32>,
        /// From here on rows are those of hashed values outside of the vocabulary.
        known: u32,
        /// Rows are hashed: spread over the bins.
        spread: bool,
    },
    Dense {
        at: usize,
        /// Place of the value that says whether it is missing.
        missing: Option<usize>,
        /// Between bins, ascending.
        cuts: Vec<f32>,
    },
}

impl Reads {
    /// A field whose table has these rows.
    pub(super) fn field(at: usize, rows: &TableRows) -> Self {
        let missing = match rows {
            TableRows::Vocabulary { out_of_vocabulary: 0, .. } => Some(rows.row("", 0)).filter(|&row| row > 0),
            TableRows::Vocabulary { .. } => Some(rows.row("", 0)),
            TableRows::Buckets(_) | TableRows::Cuts(_) | TableRows::Fixed(_) => Some(0),
            TableRows::Combinations(_) => None,
        };
        Self::Field { at, missing, known: rows.known() as u32, spread: matches!(rows, TableRows::Buckets(_)) }
    }

    /// A dense value that takes these values, each so often; ascending.
    pub(super) fn dense(at: usize, missing: Option<usize>, values: &[(f32, u64)]) -> Self {
        let all: u64 = values.iter().map(|&(_, count)| count).sum();
        let (mut cuts, mut below, mut next): (Vec<f32>, u64, u64) = (Vec::new(), 0, 1);
        for &(value, count) in values {
            below += count;
            while next <= CUTS && below * (CUTS + 1) > all * next {
                if cuts.last() != Some(&value) {
                    cuts.push(value);
                }
                next += 1;
            }
        }
        Self::Dense { at, missing, cuts }
    }
}

/// Counts of one feature; weighted, because a long column is known by a sample.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Count {
    rows: f64,
    missing: f64,
    unknown: f64,
    sum: f64,
    squares: f64,
    bins: Vec<f64>,
}

impl Count {
    pub(super) fn row(&mut self, reads: &Reads, row: u32, times: f64) {
        let &Reads::Field { missing, known, spread, .. } = reads else { return };
        self.rows += times;
        if missing == Some(row) {
            self.missing += times;
        } else if row == 0 || row >= known {
            self.unknown += times;
        }
        let bin = if spread && row > 0 { 1 + (row - 1) % (MOST_BINS - 1) } else { row.min(MOST_BINS - 1) };
        self.put_in(bin as usize, times);
    }

    pub(super) fn value(&mut self, reads: &Reads, value: f32, times: f64) {
        let Reads::Dense { cuts, .. } = reads else { return };
        self.rows += times;
        if !cuts.is_empty() {
            let x = f64::from(value);
            self.sum += x * times;
            self.squares += x * x * times;
            self.put_in(cuts.partition_point(|&cut| cut <= value), times);
        }
    }

    pub(super) fn missing(&mut self, times: f64) {
        self.rows += times;
        self.missing += times;
    }

    fn put_in(&mut self, bin: usize, times: f64) {
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0.0);
        }
        self.bins[bin] += times;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.missing += other.missing;
        self.unknown += other.unknown;
        self.sum += other.sum;
        self.squares += other.squares;
        other.bins.iter().enumerate().for_each(|(bin, &times)| self.put_in(bin, times));
    }

    /// The distribution.
    pub(super) fn finish(&self, name: String, reads: Reads) -> FeatureStatistics {
        let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let binned: f64 = self.bins.iter().sum();
        let mean = of(self.sum, binned);
        FeatureStatistics {
            name,
            missing: of(self.missing, self.rows),
            out_of_vocabulary: of(self.unknown, self.rows),
            mean,
            deviation: (of(self.squares, binned) - mean * mean).max(0.0).sqrt(),
            shares: self.bins.iter().map(|&bin| of(bin, binned)).collect(),
            reads,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_of_a_dense_value_are_deciles_and_ties_count_once() {
        let values: Vec<(f32, u64)> = (0..100).map(|i| (i as f32, 1)).collect();
        let Reads::Dense { cuts, .. } = Reads::dense(0, None, &values) else { return };
        assert_eq!(cuts, [10., 20., 30., 40., 50., 60., 70., 80., 90.]);
        let Reads::Dense { cuts, .. } = Reads::dense(0, None, &[(0.0, 95), (1.0, 5)]) else { return };
        assert_eq!(cuts, [0.0]);
    }

    #[test]
    fn shares_mean_and_deviation_are_those_computed_by_hand() {
        let reads = Reads::dense(0, Some(1), &[(1.0, 1), (3.0, 1)]);
        let mut count = Count::default();
        count.value(&reads, 1.0, 1.0);
        count.value(&reads, 3.0, 1.0);
        count.missing(2.0);
        let found = count.finish("x".to_owned(), reads);
        assert_eq!((found.missing, found.mean, found.deviation), (0.5, 2.0, 1.0));
        assert_eq!(found.shares, [0.0, 0.5, 0.5]);
    }
}
