//! `Trajectories`: a log of decisions in sequence, checked and put in order.
//!
//! ```text
//! row  trajectory  t  reward  π_b(a|s)  π_e(a|s)      rows may come in any order; t counts 0, 1, 2, ... without gaps
//!  1       a       0   1.0      0.5       0.8
//!  2       a       1   0.0      0.5       0.1
//!  3       b       0   2.0      0.25      0.5
//!
//! cumulative weight   ln ρ_t = Σ_{k ≤ t} ( ln π_e(a_k|s_k) − ln π_b(a_k|s_k) )      kept as logarithms: products of many ratios overflow
//! after the last step ρ_t = ρ_{T−1}, r_t = 0                                        a finished trajectory keeps its weight up to the horizon
//! ```
//!
//! ```
//! use slatewise_eval::off_policy::{Steps, Trajectories};
//!
//! let log = Steps {
//!     trajectory: &[0, 0, 1], step: &[0.0, 1.0, 0.0], reward: &[1.0, 0.0, 2.0],
//!     propensity: &[0.5, 0.5, 0.25], evaluation: &[0.8, 0.1, 0.5], done: None, model: None,
//! };
//! let trajectories = Trajectories::new(&log, 0.9, None)?;
//! assert_eq!((trajectories.len(), trajectories.horizon()), (2, 2));
//! assert!((trajectories.log_weight(0, 1).exp() - 1.6 * 0.2).abs() < 1e-12);
//! assert!((trajectories.log_weight(1, 1).exp() - 2.0).abs() < 1e-12, "carried forward");
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use std::ops::Range;

use crate::error::{Error, Undefined};
use crate::off_policy::weights::WeightDiagnostics;

/// The rows of a log of trajectories, in any order.
///
/// # Shapes
/// One value per row in every column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps<'a> {
    /// Which trajectory the row belongs to.
    pub trajectory: &'a [u32],
    /// Its place in it: 0, 1, 2, ...
    pub step: &'a [f64],
    /// Reward.
    pub reward: &'a [f64],
    /// The logging policy's probability of the action taken, in (0, 1].
    pub propensity: &'a [f64],
    /// The evaluation policy's probability of the action taken, in [0, 1].
    pub evaluation: &'a [f64],
    /// 1 on a last step, else 0, if logged: nothing may follow a 1.
    pub done: Option<&'a [f64]>,
    /// Predictions of an action-value model, for the estimators that use one.
    pub model: Option<StepModel<'a>>,
}

/// Predictions of an action-value model of the evaluation policy (by fitted Q evaluation, say).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepModel<'a> {
    /// Q̂(s, a) of the action taken.
    pub q_logged: &'a [f64],
    /// V̂(s) = Σ_a π_e(a|s) Q̂(s, a).
    pub value: &'a [f64],
}

/// Checked trajectories, each with its steps in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectories {
    discount: f64,
    horizon: usize,
    /// Where each trajectory's steps begin, and the end of the last.
    offset: Vec<usize>,
    reward: Vec<f64>,
    log_weight: Vec<f64>,
    q_logged: Vec<f64>,
    value: Vec<f64>,
    has_model: bool,
}

impl Trajectories {
    /// Checks and orders the rows.
    ///
    /// `discount` is γ in [0, 1]; `horizon` is the number of steps that a trajectory can have, by default the longest one's.
    ///
    /// # Errors
    /// No rows, unequal lengths, numbers that are not finite, probabilities out of range, a step that is no whole number, is there
    /// twice or leaves a gap, a step after `done`, a trajectory longer than the horizon, a discount outside [0, 1].
    pub fn new(steps: &Steps<'_>, discount: f64, horizon: Option<usize>) -> Result<Self, Error> {
        steps.check()?;
        if !(0.0..=1.0).contains(&discount) {
            return Err(Error::OutsideRange { what: "discount", row: 1, value: discount, low: 0.0, high: 1.0 });
        }
        let rows = steps.in_order();
        let offset = steps.check_sequence(&rows)?;
        let longest = offset.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        let horizon = horizon.unwrap_or(longest);
        if let Some(start) = offset.windows(2).find(|pair| pair[1] - pair[0] > horizon).map(|pair| pair[0]) {
            let row = rows[start + horizon] + 1;
            return Err(Error::OutsideRange {
                what: "step",
                row,
                value: horizon as f64,
                low: 0.0,
                high: horizon as f64 - 1.0,
            });
        }
        let gather = |column: &[f64]| rows.iter().map(|&row| column[row]).collect::<Vec<f64>>();
        let mut log_weight = Vec::with_capacity(rows.len());
        for pair in offset.windows(2) {
            let mut sum = 0.0;
            for &row in &rows[pair[0]..pair[1]] {
                sum += steps.evaluation[row].ln() - steps.propensity[row].ln();
                log_weight.push(sum);
            }
        }
        let (q_logged, value) = steps.model.map_or_else(Default::default, |m| (gather(m.q_logged), gather(m.value)));
        let reward = gather(steps.reward);
        let has_model = steps.model.is_some();
        Ok(Self { discount, horizon, offset, reward, log_weight, q_logged, value, has_model })
    }

    /// Number of trajectories.
    pub fn len(&self) -> usize {
        self.offset.len() - 1
    }

    /// Always false: [`Trajectories::new`] refuses an empty log.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of steps that a trajectory can have.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// γ.
    pub fn discount(&self) -> f64 {
        self.discount
    }

    fn steps(&self, trajectory: usize) -> Range<usize> {
        self.offset[trajectory]..self.offset[trajectory + 1]
    }

    /// Rewards of one trajectory in order.
    pub fn rewards(&self, trajectory: usize) -> &[f64] {
        &self.reward[self.steps(trajectory)]
    }

    /// ln ρ_t, carried forward beyond the last step; −∞ once the evaluation policy would not have gone this way.
    pub fn log_weight(&self, trajectory: usize, step: usize) -> f64 {
        let steps = self.steps(trajectory);
        self.log_weight[(steps.start + step).min(steps.end - 1)]
    }

    /// ln ρ at the horizon.
    pub fn final_log_weight(&self, trajectory: usize) -> f64 {
        self.log_weight(trajectory, self.horizon)
    }

    /// Q̂(s_t, a_t) and V̂(s_t) of one trajectory in order.
    ///
    /// # Errors
    /// Undefined when the log came without predictions.
    pub fn model(&self, trajectory: usize) -> Result<(&[f64], &[f64]), Undefined> {
        if !self.has_model {
            return Err(Undefined::NoRewardModel);
        }
        let steps = self.steps(trajectory);
        Ok((&self.q_logged[steps.clone()], &self.value[steps]))
    }

    /// Discounted return Σ_t γ^t r_t of each trajectory.
    pub fn returns(&self) -> Vec<f64> {
        (0..self.len()).map(|trajectory| self.discounted(self.rewards(trajectory).iter().copied())).collect()
    }

    /// Σ_t γ^t x_t
    pub(super) fn discounted(&self, values: impl Iterator<Item = f64>) -> f64 {
        values.scan(1.0, |factor, x| Some(x * std::mem::replace(factor, *factor * self.discount))).sum()
    }

    /// Diagnostics of the whole trajectories' weights.
    pub fn weight_diagnostics(&self) -> WeightDiagnostics {
        WeightDiagnostics::of_logs((0..self.len()).map(|trajectory| self.final_log_weight(trajectory)))
    }

    /// Weights at a step over the largest one there: what ratios need, without overflow. `step` −1 is before the first: all 1.
    pub(super) fn relative_weights(&self, step: Option<usize>) -> Vec<f64> {
        let logs = || (0..self.len()).map(|trajectory| step.map_or(0.0, |step| self.log_weight(trajectory, step)));
        let largest = logs().fold(f64::NEG_INFINITY, f64::max);
        let scale = if largest.is_finite() { largest } else { 0.0 };
        logs().map(|log| (log - scale).exp()).collect()
    }
}

impl Steps<'_> {
    fn check(&self) -> Result<(), Error> {
        let rows = self.reward.len();
        if rows == 0 {
            return Err(Error::Empty { what: "steps" });
        }
        let empty: &[f64] = &[];
        let (q_logged, value) = self.model.map_or((empty, empty), |model| (model.q_logged, model.value));
        let columns = [
            ("step", self.step, true),
            ("reward", self.reward, true),
            ("propensity", self.propensity, true),
            ("evaluation probability", self.evaluation, true),
            ("done", self.done.unwrap_or(empty), self.done.is_some()),
            ("q_hat", q_logged, self.model.is_some()),
            ("model value", value, self.model.is_some()),
        ];
        if self.trajectory.len() != rows {
            let (left_len, right_len) = (rows, self.trajectory.len());
            return Err(Error::UnequalLengths { left: "reward", left_len, right: "trajectory", right_len });
        }
        for (what, column, present) in columns {
            if present && column.len() != rows {
                let (left_len, right_len) = (rows, column.len());
                return Err(Error::UnequalLengths { left: "reward", left_len, right: what, right_len });
            }
            let finite = what != "propensity" && what != "evaluation probability";
            if let Some(index) = column.iter().position(|value| finite && !value.is_finite()) {
                return Err(Error::NotFinite { what, row: index + 1, value: column[index] });
            }
        }
        for (index, (&propensity, &evaluation)) in self.propensity.iter().zip(self.evaluation).enumerate() {
            let row = index + 1;
            if !(propensity > 0.0 && propensity <= 1.0) {
                return Err(Error::Propensity { what: "propensity", row, value: propensity });
            }
            if !(0.0..=1.0).contains(&evaluation) {
                let what = "evaluation probability";
                return Err(Error::OutsideRange { what, row, value: evaluation, low: 0.0, high: 1.0 });
            }
        }
        Ok(())
    }

    /// Row indices by trajectory and step.
    fn in_order(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.reward.len()).collect();
        let key = |row: usize| (self.trajectory[row], self.step[row]);
        rows.sort_by(|&a, &b| key(a).0.cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)));
        rows
    }

    /// Offsets of the trajectories, after checking that each counts 0, 1, 2, ... and ends where it says.
    fn check_sequence(&self, rows: &[usize]) -> Result<Vec<usize>, Error> {
        let mut offset = vec![0];
        for (place, pair) in rows.windows(2).enumerate() {
            if self.trajectory[pair[0]] != self.trajectory[pair[1]] {
                offset.push(place + 1);
            }
        }
        offset.push(rows.len());
        for trajectory in offset.windows(2) {
            for (expected, place) in (trajectory[0]..trajectory[1]).enumerate() {
                let row = rows[place];
                let found = self.step[row];
                if found != expected as f64 {
                    return Err(Error::StepOrder { row: row + 1, found, expected });
                }
                let ended = self.done.is_some_and(|done| done[row] != 0.0);
                if ended && place + 1 < trajectory[1] {
                    return Err(Error::StepAfterEnd { row: rows[place + 1] + 1, end: row + 1 });
                }
            }
        }
        Ok(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps<'a>(trajectory: &'a [u32], step: &'a [f64], ones: &'a [f64]) -> Steps<'a> {
        let ones = &ones[..step.len()];
        Steps { trajectory, step, reward: ones, propensity: ones, evaluation: ones, done: None, model: None }
    }

    #[test]
    fn gaps_and_repeats_are_refused_by_row() {
        let ones = [1.0; 4];
        let new = |trajectory: &[u32], step: &[f64]| Trajectories::new(&steps(trajectory, step, &ones), 1.0, None);
        assert_eq!(new(&[0, 0], &[0.0, 2.0]).err(), Some(Error::StepOrder { row: 2, found: 2.0, expected: 1 }));
        assert_eq!(new(&[0, 0], &[0.0, 0.0]).err(), Some(Error::StepOrder { row: 2, found: 0.0, expected: 1 }));
        assert_eq!(new(&[0, 1], &[0.0, 1.0]).err(), Some(Error::StepOrder { row: 2, found: 1.0, expected: 0 }));
        assert_eq!(new(&[0], &[0.5]).err(), Some(Error::StepOrder { row: 1, found: 0.5, expected: 0 }));
        assert_eq!(new(&[], &[]).err(), Some(Error::Empty { what: "steps" }));
        assert!(new(&[0, 0, 1], &[1.0, 0.0, 0.0]).is_ok_and(|t| t.len() == 2), "any order of rows");
    }

    #[test]
    fn nothing_follows_the_end_and_no_trajectory_outlasts_the_horizon() {
        let ones = [1.0; 3];
        let rows = steps(&[0, 0, 0], &[0.0, 1.0, 2.0], &ones);
        let ended = Steps { done: Some(&[0.0, 1.0, 0.0]), ..rows };
        assert_eq!(Trajectories::new(&ended, 1.0, None).err(), Some(Error::StepAfterEnd { row: 3, end: 2 }));
        assert!(matches!(Trajectories::new(&rows, 1.0, Some(2)), Err(Error::OutsideRange { row: 3, .. })));
        assert!(Trajectories::new(&rows, 1.5, None).is_err());
        assert!(Trajectories::new(&rows, 1.0, Some(9)).is_ok_and(|t| t.horizon() == 9));
    }

    #[test]
    fn bad_probabilities_are_refused() {
        let ones = [1.0; 2];
        let rows = steps(&[0, 0], &[0.0, 1.0], &ones);
        let zero = Trajectories::new(&Steps { propensity: &[1.0, 0.0], ..rows }, 1.0, None);
        assert_eq!(zero.err(), Some(Error::Propensity { what: "propensity", row: 2, value: 0.0 }));
        let above = Trajectories::new(&Steps { evaluation: &[1.5, 0.0], ..rows }, 1.0, None);
        assert!(matches!(above, Err(Error::OutsideRange { row: 1, .. })));
        let never = Trajectories::new(&Steps { evaluation: &[1.0, 0.0], ..rows }, 1.0, None);
        assert_eq!(never.map(|t| t.weight_diagnostics().effective_sample_size), Ok(0.0));
    }
}
