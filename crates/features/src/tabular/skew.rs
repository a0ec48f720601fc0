//! Serving skew: rows as they are served against the train rows.
//!
//! ```text
//! PSI = Σ over bins (q − p) ln(q / p)        p share of the train rows, q of the rows served, each at least 0.0001
//! ```
//!
//! Below 0.1 is called stable, above 0.25 a shift. Few rows alone make some PSI: without any shift it is on average
//! (bins − 1)(1/N + 1/n), for N train rows and n served ones.
//!
//! # Reference
//! N. Siddiqi 2006, *Credit Risk Scorecards*, chapter 8 (the thresholds). B. Yurdakul and J. Naranjo 2020, *Statistical
//! properties of the population stability index*, Journal of Risk Model Validation 14(4) (its mean).

use super::statistics::{Count, Reads, TrainStatistics};
use crate::batch::FeatureBatch;

/// The least share in a PSI: an empty bin would make it infinite.
const LEAST: f64 = 1e-4;

/// What has been served so far, gathered from encoded rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ServedStatistics {
    rows: u64,
    reads: Vec<Reads>,
    counts: Vec<Count>,
}

/// A share or number of the train rows and of those served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Of the train rows.
    pub train: f64,
    /// Of the rows served.
    pub served: f64,
}

/// How far a feature has moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Skew {
    /// The feature's name in the layout.
    pub feature: String,
    /// Share of the rows without a value.
    pub missing: Change,
    /// Share of the rows whose value is not in the vocabulary.
    pub out_of_vocabulary: Change,
    /// Mean of the encoded value; 0 for a field.
    pub mean: Change,
    /// Deviation of the encoded value; 0 for a field.
    pub deviation: Change,
    /// Population stability index over the bins, ≥ 0; none where they are not measured or nothing was served.
    pub psi: Option<f64>,
    /// The PSI that so few rows show on average without any shift.
    pub psi_by_chance: f64,
}

impl ServedStatistics {
    /// Nothing served so far, of an encoder with these statistics.
    pub fn new(train: &TrainStatistics) -> Self {
        let reads: Vec<Reads> = train.features.iter().map(|feature| feature.reads.clone()).collect();
        Self { rows: 0, counts: vec![Count::default(); reads.len()], reads }
    }

    /// Takes in encoded rows.
    pub fn push(&mut self, batch: &FeatureBatch) {
        let rows = batch.rows.max(1);
        let (fields, dense) = (batch.ids.len() / rows, batch.dense.len() / rows);
        self.rows += batch.rows as u64;
        for (reads, count) in self.reads.iter().zip(&mut self.counts) {
            match *reads {
                Reads::Field { at, .. } => {
                    batch.ids.iter().skip(at).step_by(fields.max(1)).for_each(|&row| count.row(reads, row, 1.0));
                }
                Reads::Dense { at, missing, .. } => {
                    for row in batch.dense.chunks_exact(dense.max(1)) {
                        if missing.is_some_and(|missing| row[missing] == 1.0) {
                            count.missing(1.0);
                        } else {
                            count.value(reads, row[at], 1.0);
                        }
                    }
                }
            }
        }
    }

    /// Takes in what another gathered of the same encoder.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, other)| count.add(other));
    }

    /// Number of rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How far each feature has moved from the train rows, in the order of their statistics.
    pub fn skew(&self, train: &TrainStatistics) -> Vec<Skew> {
        let features = train.features.iter().zip(&self.counts);
        let skew = features.map(|(train_feature, count)| {
            let served = count.finish(String::new(), train_feature.reads.clone());
            let change = |train, served| Change { train, served };
            let bins = train_feature.shares.iter().filter(|&&share| share > 0.0).count();
            let by_chance =
                (bins.saturating_sub(1)) as f64 * (1.0 / train.rows.max(1) as f64 + 1.0 / self.rows.max(1) as f64);
            Skew {
                feature: train_feature.name.clone(),
                missing: change(train_feature.missing, served.missing),
                out_of_vocabulary: change(train_feature.out_of_vocabulary, served.out_of_vocabulary),
                mean: change(train_feature.mean, served.mean),
                deviation: change(train_feature.deviation, served.deviation),
                psi: psi(&train_feature.shares, &served.shares),
                psi_by_chance: by_chance,
            }
        });
        skew.collect()
    }
}

/// Population stability index; missing bins behind the last are empty.
fn psi(train: &[f64], served: &[f64]) -> Option<f64> {
    if train.is_empty() || served.is_empty() {
        return None;
    }
    let bin = |shares: &[f64], bin: usize| shares.get(bin).copied().unwrap_or(0.0).max(LEAST);
    let bins = 0..train.len().max(served.len());
    Some(bins.map(|at| (bin(train, at), bin(served, at))).map(|(p, q)| (q - p) * (q / p).ln()).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_that_computed_by_hand() -> Result<(), &'static str> {
        let found = psi(&[0.5, 0.5], &[0.25, 0.75]).ok_or("none")?;
        // −1/4 ln(1/2) + 1/4 ln(3/2) = 1/4 ln 3.
        assert!((found - 3.0_f64.ln() / 4.0).abs() < 1e-12);
        assert_eq!(psi(&[0.2, 0.8], &[0.2, 0.8]), Some(0.0));
        assert_eq!((psi(&[], &[1.0]), psi(&[1.0], &[])), (None, None));
        assert!(psi(&[1.0], &[0.5, 0.5]).is_some_and(|found| found > 4.0 && found.is_finite()));
        Ok(())
    }
}
