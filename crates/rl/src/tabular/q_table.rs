//! `QTable`: one value and one visit count per (state, action).
//!
//! ```text
//! Q [S, A]  f64      Q(s, a) ← Q(s, a) + α (target − Q(s, a))
//! n [S, A]  u32      α constant, or 1 / n(s, a)^ω
//! ```
//!
//! With ω in (0.5, 1] the step sizes satisfy Robbins & Monro's conditions, under which Q-learning converges (Even-Dar & Mansour 2003).
//!
//! ```toml
//! [policy.q_learning]
//! discount = 0.95
//! step_size = { visits = 0.7 }   # or { constant = 0.1 }
//! initial_value = 0.0
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};
use slatewise_model::StateReader;

use crate::checkpoint::same;
use crate::error::Error;
use crate::support::Support;

/// How far a value moves towards its target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepSize {
    /// α in (0, 1].
    Constant(f64),
    /// α = 1 / n^ω for the n-th visit of the pair, with this ω in (0.5, 1].
    Visits(f64),
}

/// Settings of a tabular learner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TabularConfig {
    /// γ in [0, 1].
    pub discount: f64,
    /// α.
    pub step_size: StepSize,
    /// Q before the first update. Where rewards are at least 0, the value 0 is pessimistic: an action never seen in a log never looks
    /// better than one that was. Against actions seen too rarely there is `Support`.
    pub initial_value: f64,
    /// Times that an action must occur in a state of the log to be allowed offline; see `Support`.
    pub min_support: u32,
}

impl Default for TabularConfig {
    fn default() -> Self {
        Self { discount: 0.95, step_size: StepSize::Visits(0.7), initial_value: 0.0, min_support: 20 }
    }
}

impl TabularConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let discount = self.discount;
        let holds = (0.0..=1.0).contains(&discount);
        Error::unless(holds, key, "discount", || format!("{discount} must lie in [0, 1]"))?;
        match self.step_size {
            StepSize::Constant(alpha) => Error::unless(alpha > 0.0 && alpha <= 1.0, key, "step_size.constant", || {
                format!("{alpha} must lie in (0, 1]")
            }),
            StepSize::Visits(omega) => Error::unless(omega > 0.5 && omega <= 1.0, key, "step_size.visits", || {
                format!("{omega} must lie in (0.5, 1], or the values do not settle")
            }),
        }?;
        Error::unless(self.initial_value.is_finite(), key, "initial_value", || "must be a finite number".to_owned())
    }
}

/// Values and visit counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QTable {
    actions: usize,
    values: Vec<f64>,
    visits: Vec<u32>,
    support: Option<Support>,
}

impl QTable {
    /// A table with the same value everywhere.
    pub fn new(states: usize, actions: usize, initial_value: f64) -> Self {
        assert!(actions >= 1, "a table of shape [{states}, {actions}] has no action");
        Self {
            actions,
            values: vec![initial_value; states * actions],
            visits: vec![0; states * actions],
            support: None,
        }
    }

    /// A saved table of the same shape.
    ///
    /// # Errors
    /// The file cannot be read, was changed, or is of a table of another shape.
    pub(crate) fn saved(&self, from: &StateReader, name: &str, directory: &Path) -> Result<Self, Error> {
        let table: Self = from.settings(name)?;
        let shape = |table: &Self| [table.actions, table.values.len(), table.visits.len()];
        same(directory, "actions, values and visits of the table", &shape(&table), &shape(self))?;
        Ok(table)
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.values.len() / self.actions
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// Q(state, ·), `[A]`.
    pub fn row(&self, state: usize) -> &[f64] {
        &self.values[state * self.actions..][..self.actions]
    }

    /// Appends Q(state, ·) with −∞ for actions that a support rules out, `[A]`.
    pub fn available(&self, state: usize, values: &mut Vec<f64>) {
        let start = values.len();
        values.extend_from_slice(self.row(state));
        if let Some(support) = &self.support {
            support.mask(state, &mut values[start..]);
        }
    }

    /// Restricts `available` to what a log supports.
    pub fn set_support(&mut self, support: Option<Support>) {
        self.support = support;
    }

    /// Lets step sizes start anew, so that what is learned next is not drowned by what was.
    pub fn forget_visits(&mut self) {
        self.visits.fill(0);
    }

    /// How often (state, action) was updated.
    pub fn visits(&self, state: usize, action: usize) -> u32 {
        self.visits[state * self.actions + action]
    }

    /// How often each action was updated in a state, `[A]`.
    pub fn visits_row(&self, state: usize) -> &[u32] {
        &self.visits[state * self.actions..][..self.actions]
    }

    /// Number of pairs that were updated at least once.
    pub fn visited(&self) -> usize {
        self.visits.iter().filter(|&&visits| visits > 0).count()
    }

    /// Moves Q(state, action) towards a target.
    pub fn update(&mut self, state: usize, action: usize, target: f64, step_size: StepSize) {
        self.visit(state, action);
        self.shift(state, action, target - self.row(state)[action], step_size);
    }

    /// Counts a visit of (state, action).
    pub fn visit(&mut self, state: usize, action: usize) {
        assert!(action < self.actions, "action {action} of a table of shape [{}, {}]", self.states(), self.actions);
        let visits = &mut self.visits[state * self.actions + action];
        *visits = visits.saturating_add(1);
    }

    /// Adds α times a difference to Q(state, action), which was visited at least once.
    pub fn shift(&mut self, state: usize, action: usize, difference: f64, step_size: StepSize) {
        let index = state * self.actions + action;
        let alpha = match step_size {
            StepSize::Constant(alpha) => alpha,
            StepSize::Visits(omega) => f64::from(self.visits[index].max(1)).powf(-omega),
        };
        self.values[index] += alpha * difference;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_count_step_of_one_averages_the_targets() {
        let mut table = QTable::new(2, 2, 7.0);
        for target in [1.0, 2.0, 6.0] {
            table.update(1, 0, target, StepSize::Visits(1.0));
        }
        assert!((table.row(1)[0] - 3.0).abs() < 1e-12);
        assert_eq!((table.row(0), table.visits(1, 0), table.visited()), ([7.0, 7.0].as_slice(), 3, 1));
    }

    #[test]
    fn validation_names_the_key() {
        let config = TabularConfig { step_size: StepSize::Constant(1.5), ..TabularConfig::default() };
        let message = config.validate("policy.sarsa").unwrap_err().to_string();
        assert_eq!(message, "policy.sarsa.step_size.constant: 1.5 must lie in (0, 1]");
        let parsed: TabularConfig = toml::from_str("step_size = { constant = 0.1 }").unwrap();
        assert_eq!(parsed.step_size, StepSize::Constant(0.1));
        assert!(toml::from_str::<TabularConfig>("alpha = 0.1").is_err());
    }
}
