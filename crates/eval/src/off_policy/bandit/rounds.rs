//! `BanditRounds`: a log of single decisions, checked once, reduced to what the estimators need.
//!
//! ```text
//! round   action  reward  propensity π_b(a|x)   evaluation π_e(·|x)   q̂(x,·) optional
//!   1       2      1.0         0.25              0.1  0.2  0.7         0.3  0.2  0.6
//!   2       0      0.0         0.50              0.8  0.1  0.1         0.2  0.1  0.4
//!                                   │ push
//!                                   ▼
//! w = π_e(a|x) / π_b(a|x)      q̂(x, a)      v̂(x) = Σ_a' π_e(a'|x) q̂(x, a')
//! ```
//!
//! A round holds 44 bytes here however many actions there are. Rounds come one by one, so that a file can be streamed.
//!
//! ```
//! use slatewise_eval::off_policy::{BanditRounds, Round};
//!
//! let mut rounds = BanditRounds::with_actions(3)?;
//! let evaluation = [0.1, 0.2, 0.7];
//! rounds.push(&Round { action: 2, reward: 1.0, propensity: 0.25, evaluation: &evaluation, q_hat: None })?;
//! assert_eq!(rounds.weights(), [2.8]);
//!
//! let never = rounds.push(&Round { action: 2, reward: 1.0, propensity: 0.0, evaluation: &evaluation, q_hat: None });
//! assert!(never.unwrap_err().to_string().starts_with("propensity, row 2: 0 is not above 0 and at most 1"));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use std::sync::OnceLock;

use crate::error::{Error, Undefined};
use crate::off_policy::refusal::{Refusal, RefusalRules};
use crate::off_policy::weights::WeightDiagnostics;

/// How far the evaluation policy's probabilities may miss 1 in sum, for files that hold single precision.
const SUM_TOLERANCE: f64 = 1e-5;

/// One logged decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round<'a> {
    /// The action that was taken, in 0 ≤ action < actions.
    pub action: usize,
    /// What it earned.
    pub reward: f64,
    /// The logging policy's probability of it, in (0, 1].
    pub propensity: f64,
    /// The evaluation policy's probability of every action in this context; sums to 1.
    pub evaluation: &'a [f64],
    /// A reward model's prediction for every action in this context, if there is one. All rounds have it or none.
    pub q_hat: Option<&'a [f64]>,
}

/// Checked rounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BanditRounds {
    action: Vec<u32>,
    reward: Vec<f64>,
    propensity: Vec<f64>,
    weight: Vec<f64>,
    q_logged: Vec<f64>,
    model_value: Vec<f64>,
    evaluation_mass: Vec<f64>,
    logged: Vec<u64>,
    reward_range: Option<(f64, f64)>,
    largest_weight: Option<f64>,
    /// Every estimator asks for it; reading ten million weights takes a while.
    diagnostics: OnceLock<WeightDiagnostics>,
}

impl BanditRounds {
    /// An empty log over some actions.
    ///
    /// # Errors
    /// No actions.
    pub fn with_actions(actions: usize) -> Result<Self, Error> {
        if actions == 0 {
            return Err(Error::Empty { what: "actions" });
        }
        Ok(Self { evaluation_mass: vec![0.0; actions], logged: vec![0; actions], ..Self::default() })
    }

    /// Makes room for rounds to come.
    pub fn reserve(&mut self, rounds: usize) {
        self.action.reserve_exact(rounds);
        for column in [&mut self.reward, &mut self.propensity, &mut self.weight] {
            column.reserve_exact(rounds);
        }
    }

    /// Adds a round.
    ///
    /// # Errors
    /// An action out of range; a reward or prediction that is not finite; a propensity outside (0, 1]; evaluation probabilities of
    /// another number than the actions, outside [0, 1], or that do not sum to 1 (within 1e-5); a weight that overflows; predictions
    /// on some rounds only. The row is the round's number, counted from 1; nothing of the round is kept.
    pub fn push(&mut self, round: &Round<'_>) -> Result<(), Error> {
        let row = self.len() + 1;
        let weight = self.checked_weight(round, row)?;
        if let Some(q_hat) = round.q_hat {
            self.check_q_hat(q_hat, row)?;
            let value = round.evaluation.iter().zip(q_hat).map(|(pi, q)| pi * q).sum();
            self.q_logged.push(q_hat[round.action]);
            self.model_value.push(value);
        } else if !self.q_logged.is_empty() {
            return Err(Error::UnequalLengths { left: "rounds", left_len: row, right: "q_hat", right_len: row - 1 });
        }
        self.diagnostics.take();
        self.action.push(round.action as u32);
        self.reward.push(round.reward);
        self.propensity.push(round.propensity);
        self.weight.push(weight);
        self.logged[round.action] += 1;
        for (mass, probability) in self.evaluation_mass.iter_mut().zip(round.evaluation) {
            *mass += probability;
        }
        Ok(())
    }

    fn checked_weight(&self, round: &Round<'_>, row: usize) -> Result<f64, Error> {
        let Round { action, reward, propensity, evaluation, .. } = *round;
        let actions = self.actions();
        if action >= actions {
            return Err(Error::UnknownAction { row, action: action as f64, last: actions - 1 });
        }
        if !reward.is_finite() {
            return Err(Error::NotFinite { what: "reward", row, value: reward });
        }
        if !(propensity > 0.0 && propensity <= 1.0) {
            return Err(Error::Propensity { what: "propensity", row, value: propensity });
        }
        check_distribution("evaluation probability", evaluation, actions, row)?;
        let weight = evaluation[action] / propensity;
        if !weight.is_finite() {
            return Err(Error::WeightOverflow { row, evaluation: evaluation[action], propensity });
        }
        Ok(weight)
    }

    fn check_q_hat(&self, q_hat: &[f64], row: usize) -> Result<(), Error> {
        if q_hat.len() != self.actions() {
            let (left_len, right_len) = (self.actions(), q_hat.len());
            return Err(Error::UnequalLengths { left: "actions", left_len, right: "q_hat", right_len });
        }
        if let Some(value) = q_hat.iter().copied().find(|value| !value.is_finite()) {
            return Err(Error::NotFinite { what: "q_hat", row, value });
        }
        if self.q_logged.len() + 1 != row {
            return Err(Error::UnequalLengths { left: "rounds", left_len: row, right: "q_hat", right_len: 1 });
        }
        Ok(())
    }

    /// Declares what rewards and weights can be, for bounds that hold whatever the log shows; without it, its extremes are taken.
    #[must_use]
    pub fn with_bounds(self, reward_range: Option<(f64, f64)>, largest_weight: Option<f64>) -> Self {
        Self { reward_range, largest_weight, ..self }
    }

    /// Number of rounds.
    pub fn len(&self) -> usize {
        self.reward.len()
    }

    /// Whether there are no rounds.
    pub fn is_empty(&self) -> bool {
        self.reward.is_empty()
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.logged.len()
    }

    /// Logged actions.
    pub fn action(&self) -> &[u32] {
        &self.action
    }

    /// Rewards.
    pub fn rewards(&self) -> &[f64] {
        &self.reward
    }

    /// Logged propensities, in (0, 1].
    pub fn propensities(&self) -> &[f64] {
        &self.propensity
    }

    /// Importance weights, ≥ 0.
    pub fn weights(&self) -> &[f64] {
        &self.weight
    }

    /// How often each action was logged.
    pub fn logged(&self) -> &[u64] {
        &self.logged
    }

    /// q̂(x, a) of the logged actions and v̂(x), per round.
    ///
    /// # Errors
    /// Undefined when no predictions were pushed.
    pub fn model(&self) -> Result<(&[f64], &[f64]), Undefined> {
        if self.q_logged.is_empty() { Err(Undefined::NoRewardModel) } else { Ok((&self.q_logged, &self.model_value)) }
    }

    /// Diagnostics of the weights as they are.
    pub fn weight_diagnostics(&self) -> WeightDiagnostics {
        *self.diagnostics.get_or_init(|| WeightDiagnostics::of(self.weight.iter().copied()))
    }

    /// Share of the evaluation policy's probability on actions that were never logged, in [0, 1], and their number.
    pub fn unsupported(&self) -> (f64, usize) {
        let of = self.evaluation_mass.iter().zip(&self.logged).filter(|&(&mass, &count)| count == 0 && mass > 0.0);
        let (mass, actions) = of.fold((0.0, 0), |(mass, actions), (more, _)| (mass + more, actions + 1));
        (mass / (self.len() as f64).max(1.0), actions)
    }

    /// The support rule, if the log breaks it.
    pub fn support_refusal(&self, rules: &RefusalRules) -> Option<Refusal> {
        let (share, actions) = self.unsupported();
        rules.check_support(share, actions)
    }

    /// Bounds of `value + weight · residual` over what values, weights and residuals can be.
    pub(super) fn range(&self, value: (f64, f64), largest: f64, residual: (f64, f64)) -> (f64, f64) {
        (value.0 + largest * residual.0.min(0.0), value.1 + largest * residual.1.max(0.0))
    }

    /// Declared or seen extremes of the reward.
    pub fn reward_range(&self) -> (f64, f64) {
        self.reward_range.unwrap_or_else(|| extremes(self.reward.iter().copied()))
    }

    /// Declared or seen largest weight.
    pub fn largest_weight(&self) -> f64 {
        self.largest_weight.unwrap_or_else(|| self.weight_diagnostics().largest)
    }
}

/// Refuses what is no probability distribution over the actions.
fn check_distribution(what: &'static str, probabilities: &[f64], actions: usize, row: usize) -> Result<(), Error> {
    if probabilities.len() != actions {
        let (left_len, right_len) = (actions, probabilities.len());
        return Err(Error::UnequalLengths { left: "actions", left_len, right: what, right_len });
    }
    let mut sum = 0.0;
    for &value in probabilities {
        if !(0.0..=1.0 + SUM_TOLERANCE).contains(&value) {
            return Err(Error::OutsideRange { what, row, value, low: 0.0, high: 1.0 });
        }
        sum += value;
    }
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(Error::ProbabilitySum { what, row, sum });
    }
    Ok(())
}

/// Smallest and largest of some values.
pub(super) fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(action: usize, propensity: f64, evaluation: &[f64]) -> Result<(), Error> {
        let mut rounds = BanditRounds::with_actions(2)?;
        rounds.push(&Round { action, reward: 1.0, propensity, evaluation, q_hat: None })
    }

    #[test]
    fn bad_rounds_are_refused_by_row_and_column() {
        assert_eq!(push(2, 0.5, &[0.5, 0.5]), Err(Error::UnknownAction { row: 1, action: 2.0, last: 1 }));
        for propensity in [0.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            let error = push(0, propensity, &[0.5, 0.5]);
            assert!(matches!(error, Err(Error::Propensity { row: 1, .. })), "{error:?}");
        }
        assert_eq!(
            push(0, 0.5, &[0.5, 0.25]),
            Err(Error::ProbabilitySum { what: "evaluation probability", row: 1, sum: 0.75 })
        );
        assert!(matches!(push(0, 0.5, &[-0.5, 1.5]), Err(Error::OutsideRange { .. })));
        assert!(matches!(push(0, 0.5, &[f64::NAN, 1.0]), Err(Error::OutsideRange { .. })));
        assert!(matches!(push(0, 1e-320, &[1.0, 0.0]), Err(Error::WeightOverflow { .. })));
        assert!(matches!(push(0, 0.5, &[1.0]), Err(Error::UnequalLengths { .. })));
        assert_eq!(push(0, 0.5, &[0.5, 0.5]), Ok(()));
    }

    #[test]
    fn actions_never_logged_are_counted() -> Result<(), Error> {
        let mut rounds = BanditRounds::with_actions(3)?;
        for _ in 0..2 {
            let round = Round { action: 0, reward: 1.0, propensity: 0.5, evaluation: &[0.75, 0.25, 0.0], q_hat: None };
            rounds.push(&round)?;
        }
        assert_eq!(rounds.unsupported(), (0.25, 1));
        assert!(rounds.support_refusal(&RefusalRules::default()).is_some());
        Ok(())
    }

    #[test]
    fn predictions_come_with_every_round_or_none() -> Result<(), Error> {
        let mut rounds = BanditRounds::with_actions(2)?;
        let evaluation = &[0.5, 0.5];
        let bare = Round { action: 0, reward: 1.0, propensity: 0.5, evaluation, q_hat: None };
        rounds.push(&Round { q_hat: Some(&[0.4, 0.2]), ..bare })?;
        assert!(rounds.push(&bare).is_err());
        assert_eq!(rounds.model().map(|(q, v)| (q.to_vec(), v.len())), Ok((vec![0.4], 1)));
        let mut without = BanditRounds::with_actions(2)?;
        without.push(&bare)?;
        assert!(without.push(&Round { q_hat: Some(&[0.4, 0.2]), ..bare }).is_err());
        assert_eq!(without.model(), Err(Undefined::NoRewardModel));
        assert_eq!((without.len(), without.q_logged.len()), (1, 0));
        Ok(())
    }
}
