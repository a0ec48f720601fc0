//! `FixedPoint`: values of states swept until they rest.
//!
//! ```text
//! y(s, a) = r̂(s, a) + γ Σ P̂(s'|s, a) V(s')        for the pairs in the log
//! V(s)    ← what a method makes of y(s, ·)          until no value is further than `accuracy` from its fixed point
//! ```
//!
//! Each method's map from y(s, ·) to V(s) is monotone, and shifts with y: so it stretches no distance, and a sweep shrinks every
//! distance by γ. Hence the bound of [`DynamicProgramming`], γ Δ / (1 − γ) with Δ the last change, holds for all of them.

use super::log::TabularLog;
use crate::error::Error;
use crate::tabular::DynamicProgramming;

/// The discount, and how exactly to solve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedPoint {
    /// γ in [0, 1].
    pub discount: f64,
    /// Largest error allowed in a value, > 0; with γ = 1, largest change of the last sweep.
    pub accuracy: f64,
    /// Sweeps after which to give up.
    pub max_sweeps: usize,
    /// V(s) of a state in which the log never acts.
    pub unseen_value: f64,
}

impl FixedPoint {
    /// Values to within 10⁻¹⁰, in at most a million sweeps; states in which the log never acts are worth 0, as after an end.
    pub fn new(discount: f64) -> Self {
        let DynamicProgramming { accuracy, max_sweeps, .. } = DynamicProgramming::new(discount);
        Self { discount, accuracy, max_sweeps, unseen_value: 0.0 }
    }

    /// Sweeps V(s) ← `value(s, y(s, ·))` to rest; y in the order of `log.pairs(s)`.
    ///
    /// # Errors
    /// A setting out of its range; values that do not come to rest.
    pub(super) fn solve(
        &self,
        log: &TabularLog,
        mut value: impl FnMut(usize, &[f64]) -> f64,
    ) -> Result<Vec<f64>, Error> {
        let &Self { discount, accuracy, max_sweeps, unseen_value } = self;
        let holds = unseen_value.is_finite();
        Error::unless(holds, "offline", "unseen_value", || format!("{unseen_value} is no finite number; 0 is usual"))?;
        let mut targets = Vec::new();
        let sweep = |state: usize, values: &[f64]| {
            self.targets(log, values, state, &mut targets);
            if targets.is_empty() { unseen_value } else { value(state, &targets) }
        };
        Ok(DynamicProgramming { discount, accuracy, max_sweeps }.sweep(log.states(), sweep)?.0)
    }

    /// Writes y(s, ·), `[pairs of s]`.
    pub(super) fn targets(&self, log: &TabularLog, values: &[f64], state: usize, targets: &mut Vec<f64>) {
        targets.clear();
        targets.extend(log.pairs(state).iter().map(|pair| log.backup(pair, values, self.discount)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::Transition;

    fn endless() -> TabularLog {
        let step = |observation, next_observation| Transition {
            observation,
            action: 0,
            reward: 1.0,
            discount: 1.0,
            next_observation,
            next_action: None,
        };
        TabularLog::new(3, 1, &[step(0, 0), step(1, 2)]).unwrap()
    }

    #[test]
    fn values_rest_at_the_geometric_series_and_at_the_declared_value() {
        let fixed_point = FixedPoint { unseen_value: -4.0, ..FixedPoint::new(0.75) };
        let values = fixed_point.solve(&endless(), |_, targets| targets[0]).unwrap();
        assert!((values[0] - 4.0).abs() < 1e-10, "{values:?}"); // 1 / (1 − 0.75)
        assert!((values[1] + 2.0).abs() < 1e-10 && values[2] == -4.0, "{values:?}"); // 1 + 0.75 · (−4)
    }

    #[test]
    fn bad_settings_and_values_without_rest_are_named() {
        let refusal =
            |fixed_point: FixedPoint| fixed_point.solve(&endless(), |_, targets| targets[0]).unwrap_err().to_string();
        let usual = FixedPoint::new(0.9);
        assert!(refusal(FixedPoint { discount: 1.5, ..usual }).contains("discount: 1.5 must lie in [0, 1]"));
        assert!(refusal(FixedPoint { accuracy: 0.0, ..usual }).contains("accuracy: 0 must be above 0"));
        assert!(refusal(FixedPoint { unseen_value: f64::NAN, ..usual }).contains("offline.unseen_value: NaN"));
        assert!(refusal(FixedPoint { max_sweeps: 5, ..usual }).starts_with("after 5 sweeps values still change by"));
        assert!(refusal(FixedPoint { discount: 1.0, max_sweeps: 50, ..usual }).contains("choose a discount below 1"));
    }
}
