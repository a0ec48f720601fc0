//! `Slates`: a log of whole lists with a reward at each position, and the estimators for it.
//!
//! ```text
//! slate  position  reward   joint π(a_1…a_K|x)   item-position π(a_k at k|x)   cascade π(a_1…a_k|x)      each for π_b and π_e
//!
//! SIPS   V̂ = 1/S Σ_s Σ_k w(joint)      r_sk      no assumption                                   variance as of the whole slate
//! IIPS   V̂ = 1/S Σ_s Σ_k w(item at k)  r_sk      a reward depends on its own item and position only
//! RIPS   V̂ = 1/S Σ_s Σ_k w(cascade)    r_sk      a reward depends on the items above it and its own
//!
//! SNSIPS V̂ = Σ_s w_s Σ_k r_sk / Σ_s w_s                                         SNIIPS, SNRIPS: per position k
//!                                                V̂ = Σ_k (S_k / S) Σ_s w_sk r_sk / Σ_s w_sk ,   S_k slates reach position k
//! ```
//!
//! References: Strehl et al., NeurIPS 2010 (SIPS); Li et al., "Offline evaluation of ranking policies with click models", KDD 2018 (IIPS);
//! McInerney et al., "Counterfactual evaluation of slate recommendations with sequential reward interactions", KDD 2020 (RIPS).
//!
//! ```
//! use slatewise_eval::off_policy::{Estimator, Probabilities, SlateEstimator, SlateRows, SlateWeights, Slates};
//!
//! // One slate of two positions; the evaluation policy is twice as likely to show it.
//! let rows = SlateRows {
//!     slate: &[0, 0], position: &[0.0, 1.0], reward: &[1.0, 0.5],
//!     joint: Some(Probabilities { logging: &[0.25, 0.25], evaluation: &[0.5, 0.5] }), item_position: None, cascade: None,
//! };
//! let slates = Slates::new(&rows)?;
//! let sips = SlateEstimator { weights: SlateWeights::Joint, self_normalised: false };
//! assert_eq!(sips.evidence(&slates)?.contributions.value()?, 3.0);
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::contributions::{Contributions, Term};
use super::estimate::{Estimator, Evidence, WeightUse};
use super::weights::WeightDiagnostics;
use crate::error::{Error, Undefined};

/// Probabilities of the same thing under both policies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probabilities<'a> {
    /// Under the logging policy, in (0, 1].
    pub logging: &'a [f64],
    /// Under the evaluation policy, in [0, 1].
    pub evaluation: &'a [f64],
}

/// The rows of a log of slates, one per position, in any order.
///
/// # Shapes
/// One value per row in every column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlateRows<'a> {
    /// Which slate the row belongs to: 0, 1, ..., every number in use.
    pub slate: &'a [u32],
    /// The position in it; whole numbers, counted from wherever the log counts.
    pub position: &'a [f64],
    /// Reward at the position.
    pub reward: &'a [f64],
    /// Of the whole slate; the same on all of its rows.
    pub joint: Option<Probabilities<'a>>,
    /// Of the item at its position.
    pub item_position: Option<Probabilities<'a>>,
    /// Of the items down to this position.
    pub cascade: Option<Probabilities<'a>>,
}

/// Which probabilities make the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlateWeights {
    /// SIPS: the whole slate's.
    Joint,
    /// IIPS: the item's at its position.
    ItemPosition,
    /// RIPS: the items' down to the position.
    Cascade,
}

/// Checked slates.
#[derive(Debug, Clone, PartialEq)]
pub struct Slates {
    slates: usize,
    positions: usize,
    slate: Vec<u32>,
    /// Index among the distinct positions.
    position: Vec<u32>,
    reward: Vec<f64>,
    /// Per kind of [`SlateWeights`], one per row.
    weights: [Option<Vec<f64>>; 3],
}

/// SIPS, IIPS or RIPS, plain or self-normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlateEstimator {
    /// Which weights.
    pub weights: SlateWeights,
    /// Whether they are normalised.
    pub self_normalised: bool,
}

impl Slates {
    /// Checks the rows.
    ///
    /// # Errors
    /// No rows, unequal lengths, numbers that are not finite, probabilities out of range, a position twice in a slate, a joint
    /// probability that differs within a slate, a weight that overflows.
    pub fn new(rows: &SlateRows<'_>) -> Result<Self, Error> {
        let count = rows.reward.len();
        if count == 0 {
            return Err(Error::Empty { what: "slates" });
        }
        if rows.slate.len() != count {
            let (left_len, right_len) = (count, rows.slate.len());
            return Err(Error::UnequalLengths { left: "reward", left_len, right: "slate", right_len });
        }
        check_column("position", rows.position, count)?;
        check_column("reward", rows.reward, count)?;
        let weights = [weights(rows.joint, count)?, weights(rows.item_position, count)?, weights(rows.cascade, count)?];
        let mut distinct: Vec<f64> = rows.position.to_vec();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        let index = |position: f64| distinct.partition_point(|&other| other < position) as u32;
        let position: Vec<u32> = rows.position.iter().map(|&position| index(position)).collect();
        let slates = rows.slate.iter().max().map_or(0, |&last| last as usize + 1);
        let checked = Self {
            slates,
            positions: distinct.len(),
            slate: rows.slate.to_vec(),
            position,
            reward: rows.reward.to_vec(),
            weights,
        };
        checked.check_slates(rows)?;
        Ok(checked)
    }

    fn check_slates(&self, rows: &SlateRows<'_>) -> Result<(), Error> {
        let mut seen: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        let mut joint = vec![f64::NAN; self.slates];
        for (row, key) in self.slate.iter().copied().zip(self.position.iter().copied()).enumerate() {
            if let Some(first) = seen.insert(key, row) {
                return Err(Error::PositionTwice { row: row + 1, first: first + 1, position: rows.position[row] });
            }
            if let Some(weights) = &self.weights[0] {
                let of_slate = &mut joint[key.0 as usize];
                if of_slate.is_nan() {
                    *of_slate = weights[row];
                } else if (*of_slate - weights[row]).abs() > 1e-9 * of_slate.abs().max(1.0) {
                    return Err(Error::JointProbability { row: row + 1 });
                }
            }
        }
        Ok(())
    }

    /// Number of slates.
    pub fn len(&self) -> usize {
        self.slates
    }

    /// Always false: [`Slates::new`] refuses an empty log.
    pub fn is_empty(&self) -> bool {
        self.slates == 0
    }

    /// Number of distinct positions.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// Total reward of each slate.
    pub fn rewards(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.slates];
        for (&slate, reward) in self.slate.iter().zip(&self.reward) {
            sums[slate as usize] += reward;
        }
        sums
    }

    /// Weights per row.
    ///
    /// # Errors
    /// Undefined when the log came without these probabilities.
    pub fn weights(&self, kind: SlateWeights) -> Result<&[f64], Undefined> {
        let (index, what) = match kind {
            SlateWeights::Joint => (0, "of whole slates"),
            SlateWeights::ItemPosition => (1, "of items at positions"),
            SlateWeights::Cascade => (2, "of cascades"),
        };
        self.weights[index].as_deref().ok_or(Undefined::NoProbabilities { what })
    }

    /// Diagnostics of the weights at the position where they are worst.
    ///
    /// # Errors
    /// As [`Slates::weights`].
    pub fn weight_diagnostics(&self, kind: SlateWeights) -> Result<WeightDiagnostics, Undefined> {
        let weights = self.weights(kind)?;
        let at = |position: usize| {
            let rows = self.position.iter().zip(weights);
            WeightDiagnostics::of(rows.filter(move |(p, _)| **p as usize == position).map(|(_, &weight)| weight))
        };
        let worst = (0..self.positions).map(at).min_by(|a, b| a.effective_share().total_cmp(&b.effective_share()));
        worst.ok_or(Undefined::NoSample)
    }
}

impl SlateEstimator {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self { weights: SlateWeights::Joint, self_normalised: false },
        Self { weights: SlateWeights::ItemPosition, self_normalised: false },
        Self { weights: SlateWeights::Cascade, self_normalised: false },
        Self { weights: SlateWeights::Joint, self_normalised: true },
        Self { weights: SlateWeights::ItemPosition, self_normalised: true },
        Self { weights: SlateWeights::Cascade, self_normalised: true },
    ];

    /// One ratio per group of rows, group means weighted by the group's share of slates.
    fn ratios(slates: &Slates, weights: &[f64]) -> Vec<Term> {
        let mut columns = vec![(vec![0.0; slates.slates], vec![0.0; slates.slates], 0.0); slates.positions];
        for (row, weight) in weights.iter().enumerate() {
            let (numerator, denominator, reached) = &mut columns[slates.position[row] as usize];
            let slate = slates.slate[row] as usize;
            numerator[slate] += weight * slates.reward[row];
            denominator[slate] += weight;
            *reached += 1.0;
        }
        let scaled = |(mut numerator, denominator, reached): (Vec<f64>, Vec<f64>, f64)| {
            let share = reached / slates.slates as f64;
            numerator.iter_mut().for_each(|value| *value *= share);
            Term::ratio(numerator, denominator)
        };
        columns.into_iter().map(scaled).collect()
    }

    /// One weight and one total reward per slate.
    fn whole(slates: &Slates, weights: &[f64]) -> Vec<Term> {
        let (mut numerator, mut denominator) = (vec![0.0; slates.slates], vec![0.0; slates.slates]);
        for (row, weight) in weights.iter().enumerate() {
            let slate = slates.slate[row] as usize;
            numerator[slate] += weight * slates.reward[row];
            denominator[slate] = *weight;
        }
        vec![Term::ratio(numerator, denominator)]
    }
}

impl Estimator<Slates> for SlateEstimator {
    fn name(&self) -> String {
        let kind = match self.weights {
            SlateWeights::Joint => "sips",
            SlateWeights::ItemPosition => "iips",
            SlateWeights::Cascade => "rips",
        };
        format!("slate_{}{kind}", if self.self_normalised { "sn" } else { "" })
    }

    fn evidence(&self, slates: &Slates) -> Result<Evidence, Error> {
        let weights = slates.weights(self.weights)?;
        let terms = match (self.self_normalised, self.weights) {
            (true, SlateWeights::Joint) => Self::whole(slates, weights),
            (true, SlateWeights::ItemPosition | SlateWeights::Cascade) => Self::ratios(slates, weights),
            (false, _) => {
                let mut sums = vec![0.0; slates.slates];
                for ((&slate, weight), reward) in slates.slate.iter().zip(weights).zip(&slates.reward) {
                    sums[slate as usize] += weight * reward;
                }
                vec![Term::mean(sums)]
            }
        };
        Ok(Evidence {
            contributions: Contributions::new(terms)?,
            weights: WeightUse::Full(slates.weight_diagnostics(self.weights)?),
            range: None,
        })
    }
}

fn check_column(what: &'static str, column: &[f64], rows: usize) -> Result<(), Error> {
    if column.len() != rows {
        return Err(Error::UnequalLengths { left: "reward", left_len: rows, right: what, right_len: column.len() });
    }
    match column.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(Error::NotFinite { what, row: index + 1, value: column[index] }),
        None => Ok(()),
    }
}

/// π_e / π_b per row.
fn weights(probabilities: Option<Probabilities<'_>>, rows: usize) -> Result<Option<Vec<f64>>, Error> {
    let Some(Probabilities { logging, evaluation }) = probabilities else {
        return Ok(None);
    };
    for (what, column) in [("logging probability", logging), ("evaluation probability", evaluation)] {
        if column.len() != rows {
            return Err(Error::UnequalLengths { left: "reward", left_len: rows, right: what, right_len: column.len() });
        }
    }
    let weight = |(index, (&propensity, &evaluation)): (usize, (&f64, &f64))| {
        let row = index + 1;
        if !(propensity > 0.0 && propensity <= 1.0) {
            return Err(Error::Propensity { what: "logging probability", row, value: propensity });
        }
        if !(0.0..=1.0).contains(&evaluation) {
            let what = "evaluation probability";
            return Err(Error::OutsideRange { what, row, value: evaluation, low: 0.0, high: 1.0 });
        }
        let weight = evaluation / propensity;
        if weight.is_finite() { Ok(weight) } else { Err(Error::WeightOverflow { row, evaluation, propensity }) }
    };
    logging.iter().zip(evaluation).enumerate().map(weight).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(slates: &Slates, weights: SlateWeights, self_normalised: bool) -> Result<f64, Error> {
        Ok(SlateEstimator { weights, self_normalised }.evidence(slates)?.contributions.value()?)
    }

    #[test]
    fn slates_of_unequal_length_by_hand() -> Result<(), Error> {
        // Slate 0: weights 2, 1 with rewards 1, 1; slate 1 has its first position only: weight ½, reward 0.
        let rows = SlateRows {
            slate: &[0, 0, 1],
            position: &[1.0, 2.0, 1.0],
            reward: &[1.0, 1.0, 0.0],
            joint: None,
            item_position: Some(Probabilities { logging: &[0.25, 0.5, 0.5], evaluation: &[0.5, 0.5, 0.25] }),
            cascade: None,
        };
        let slates = Slates::new(&rows)?;
        assert_eq!(value(&slates, SlateWeights::ItemPosition, false)?, 1.5);
        // Position 1: 2 / 2.5; position 2, which half the slates reach: ½ · 1.
        assert!((value(&slates, SlateWeights::ItemPosition, true)? - (0.8 + 0.5)).abs() < 1e-15);
        assert!(matches!(value(&slates, SlateWeights::Joint, false), Err(Error::Undefined(_))));
        assert_eq!((slates.rewards(), slates.positions()), (vec![2.0, 0.0], 2));
        Ok(())
    }

    #[test]
    fn bad_slates_are_refused() {
        let half = Some(Probabilities { logging: &[0.5, 0.5], evaluation: &[0.5, 0.25] });
        let rows = SlateRows {
            slate: &[0, 0],
            position: &[0.0, 1.0],
            reward: &[1.0, 1.0],
            joint: half,
            item_position: None,
            cascade: None,
        };
        assert_eq!(Slates::new(&rows), Err(Error::JointProbability { row: 2 }));
        let twice = Slates::new(&SlateRows { position: &[1.0, 1.0], joint: None, ..rows });
        assert_eq!(twice, Err(Error::PositionTwice { row: 2, first: 1, position: 1.0 }));
        let zero = Some(Probabilities { logging: &[0.5, 0.0], evaluation: &[0.5, 0.5] });
        let zero = Slates::new(&SlateRows { joint: zero, ..rows });
        assert!(matches!(zero, Err(Error::Propensity { row: 2, .. })));
        let nan = Slates::new(&SlateRows { reward: &[1.0, f64::NAN], ..rows });
        assert!(matches!(nan, Err(Error::NotFinite { what: "reward", row: 2, .. })));
    }
}
