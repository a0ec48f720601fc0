//! `PropensityDiagnostics`: are the logged propensities those of the policy that logged, and did it stand still?
//!
//! ```text
//! calibration of action a   m_a = 1/n Σ_i [a_i = a] / π_b(a_i | x_i)          E = 1 if a can be taken in every context
//!                           z_a = (m_a − 1) / se(m_a)
//! drift of action a         d_a = mean ln π_b(a | x) over a's rounds in the second half of the log − the same in the first half
//!                           moved if |d_a| > 0.05 and > 4 standard errors;   drifting share = rounds of actions that moved / rounds
//! ```
//!
//! Where propensities are wrong, every importance-weighted estimate is, and the weights of the evaluation policy alone may not show it:
//! m_a is that check for each action by itself. It presumes that every action was possible in every round. A policy that learns while it
//! logs drifts without being wrong: estimates stay unbiased, but rounds are not alike, and intervals that take them as such are
//! approximate. The two-sample form of d_a (Welch) asks for 20 rounds of an action in either half.
//! Reference: Li et al., "Unbiased offline evaluation of contextual-bandit-based news article recommendation algorithms", WSDM 2011, for
//! checks on logged randomness.
//!
//! ```
//! use slatewise_eval::off_policy::PropensityDiagnostics;
//!
//! // Each of two actions was taken half the time, but action 1 was logged with 0.9.
//! let (actions, propensities): (Vec<u32>, Vec<f64>) = (0..200).map(|i| (i % 2, if i % 2 == 0 { 0.5 } else { 0.9 })).unzip();
//! let diagnostics = PropensityDiagnostics::of(&actions, &propensities, 2)?;
//! assert_eq!(diagnostics.actions[0].inverse_mean, 1.0);
//! assert!((diagnostics.actions[1].inverse_mean - 0.5 / 0.9).abs() < 1e-12);
//! assert_eq!(diagnostics.worst().map(|worst| worst.action), Some(1));
//! # Ok::<(), slatewise_eval::Error>(())
//! ```

use serde::Serialize;

use crate::error::Error;

/// Rounds of an action that either half of the log must hold for its drift.
const ROUNDS: usize = 20;
/// Shift of the mean log propensity that is too small to matter.
const SHIFT: f64 = 0.05;

/// One action's calibration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ActionPropensity {
    /// The action.
    pub action: usize,
    /// Rounds that logged it.
    pub logged: u64,
    /// Mean over all rounds of 1 / propensity where it was taken, 0 elsewhere; 1 in expectation.
    pub inverse_mean: f64,
    /// Standard error of that mean.
    pub standard_error: f64,
    /// Shift of the mean log propensity from the first to the second half of the log; none with too few rounds in either.
    pub shift: Option<Shift>,
}

/// A difference of two means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shift {
    /// Second half minus first, in nats.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// What the logged propensities show of themselves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PropensityDiagnostics {
    /// Per logged action.
    pub actions: Vec<ActionPropensity>,
    /// Share of the rounds whose action's propensities moved between the halves of the log, in [0, 1]; none if no action has enough rounds.
    pub drifting_share: Option<f64>,
}

impl ActionPropensity {
    /// Distance of the mean from 1 in standard errors.
    pub fn z(&self) -> f64 {
        if self.standard_error > 0.0 { (self.inverse_mean - 1.0) / self.standard_error } else { 0.0 }
    }
}

impl Shift {
    fn moved(&self) -> bool {
        self.difference.abs() > SHIFT && self.difference.abs() > PropensityDiagnostics::ERRORS * self.standard_error
    }
}

/// Sums over an action's rounds in one half of the log.
#[derive(Debug, Clone, Copy, Default)]
struct Half {
    count: usize,
    sum: f64,
    squares: f64,
}

impl Half {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    /// Mean and the variance of the mean.
    fn mean(&self) -> (f64, f64) {
        let count = self.count as f64;
        let mean = self.sum / count;
        (mean, (self.squares / count - mean * mean).max(0.0) / (count - 1.0))
    }

    fn shift(first: &Self, second: &Self) -> Option<Shift> {
        if first.count < ROUNDS || second.count < ROUNDS {
            return None;
        }
        let ((before, noise), (after, more_noise)) = (first.mean(), second.mean());
        Some(Shift { difference: after - before, standard_error: (noise + more_noise).sqrt() })
    }
}

impl PropensityDiagnostics {
    /// Share of drifting rounds above which the log is said to drift.
    pub const DRIFT: f64 = 0.1;
    /// Distance in standard errors above which an action's propensities are said to be off.
    pub const ERRORS: f64 = 4.0;

    /// Reads the propensities in the order of time.
    ///
    /// # Shapes
    /// One action and one propensity in (0, 1] per round.
    ///
    /// # Errors
    /// No rounds, unequal lengths, an action out of range.
    pub fn of(action: &[u32], propensity: &[f64], actions: usize) -> Result<Self, Error> {
        if action.is_empty() {
            return Err(Error::Empty { what: "rounds" });
        }
        if action.len() != propensity.len() {
            let (left_len, right_len) = (action.len(), propensity.len());
            return Err(Error::UnequalLengths { left: "action", left_len, right: "propensity", right_len });
        }
        let mut sums = vec![(0_u64, 0.0, 0.0, [Half::default(); 2]); actions];
        for (row, (&taken, &propensity)) in action.iter().zip(propensity).enumerate() {
            let Some((count, sum, squares, halves)) = sums.get_mut(taken as usize) else {
                let last = actions.saturating_sub(1);
                return Err(Error::UnknownAction { row: row + 1, action: taken.into(), last });
            };
            let inverse = 1.0 / propensity;
            *count += 1;
            *sum += inverse;
            *squares += inverse * inverse;
            halves[usize::from(row >= action.len() / 2)].add(propensity.ln());
        }
        let rounds = action.len() as f64;
        let logged = sums.into_iter().enumerate().filter(|(_, sums)| sums.0 > 0);
        let actions: Vec<ActionPropensity> = logged
            .map(|(action, (logged, sum, squares, [first, second]))| {
                let mean: f64 = sum / rounds;
                let variance: f64 = (squares / rounds - mean * mean).max(0.0);
                let standard_error = (variance / rounds).sqrt();
                ActionPropensity {
                    action,
                    logged,
                    inverse_mean: mean,
                    standard_error,
                    shift: Half::shift(&first, &second),
                }
            })
            .collect();
        let moved = |action: &&ActionPropensity| action.shift.is_some_and(|shift| shift.moved());
        let drifting: u64 = actions.iter().filter(moved).map(|action| action.logged).sum();
        let known = actions.iter().any(|action| action.shift.is_some());
        Ok(Self { actions, drifting_share: known.then(|| drifting as f64 / rounds) })
    }

    /// The action whose mean lies farthest from 1 in standard errors.
    pub fn worst(&self) -> Option<&ActionPropensity> {
        self.actions.iter().max_by(|a, b| a.z().abs().total_cmp(&b.z().abs()))
    }

    /// What to tell the reader; empty if nothing stands out.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(worst) = self.worst().filter(|worst| worst.z().abs() > Self::ERRORS) {
            warnings.push(format!(
                "propensities of action {} do not calibrate: the mean of 1/propensity over all rounds is {:.3}, {:.1} standard errors from 1",
                worst.action,
                worst.inverse_mean,
                worst.z().abs()
            ));
        }
        if let Some(share) = self.drifting_share.filter(|&share| share > Self::DRIFT) {
            warnings.push(format!(
                "the logged propensities drift: those of {:.0} % of the rounds' actions moved between the halves of the log; the logging policy did not stand still",
                100.0 * share
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_stands_still_does_not_drift() -> Result<(), Error> {
        let propensities: Vec<f64> = (0..2000).map(|i| 0.1 + 0.8 * f64::from((i * 37) % 101) / 100.0).collect();
        let still = PropensityDiagnostics::of(&vec![0; 2000], &propensities, 1)?;
        assert_eq!((still.drifting_share, still.warnings().len()), (Some(0.0), 1), "calibration only");
        let moved: Vec<f64> =
            propensities.iter().enumerate().map(|(i, p)| if i < 1000 { *p } else { p / 2.0 }).collect();
        let moved = PropensityDiagnostics::of(&vec![0; 2000], &moved, 1)?;
        let shift = moved.actions[0].shift.map(|shift| shift.difference);
        assert!(shift.is_some_and(|shift| (shift + 2.0_f64.ln()).abs() < 0.05), "{shift:?}");
        assert_eq!((moved.drifting_share, moved.warnings().len()), (Some(1.0), 2));
        assert_eq!(PropensityDiagnostics::of(&[0; 5], &[0.5; 5], 1)?.drifting_share, None);
        Ok(())
    }

    #[test]
    fn bad_input_is_refused() {
        assert!(PropensityDiagnostics::of(&[], &[], 1).is_err());
        assert!(PropensityDiagnostics::of(&[0], &[], 1).is_err());
        assert!(matches!(PropensityDiagnostics::of(&[3], &[0.5], 2), Err(Error::UnknownAction { row: 1, .. })));
    }
}
