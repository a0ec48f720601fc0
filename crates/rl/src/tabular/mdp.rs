//! `TabularMdp`: a Markov decision process written out, outcome by outcome.
//!
//! ```text
//! (state, action) ──▶ [ probability, next state, reward, terminates ]      as gymnasium's P[state][action]
//!
//! Q(s, a) = Σ p (r + γ V(s'))         V(s') counts 0 where the outcome terminates
//! ```
//!
//! Outcomes keep their order and are not merged, so a draw from one generator picks what gymnasium would pick for the same
//! number in [0, 1). Termination belongs to the outcome, not to the state after it: what follows has no value, whatever the table
//! says of that state.
//!
//! ```
//! use slatewise_rl::tabular::{Outcome, TabularMdp};
//!
//! // One state; action 0 stays with probability 3/4 and earns 1, else ends.
//! let stay = Outcome { probability: 0.75, next_state: 0, reward: 1.0, terminates: false };
//! let end = Outcome { probability: 0.25, terminates: true, ..stay };
//! let mdp = TabularMdp::new(1, 1, &[1.0], |_, _| vec![stay, end])?;
//! assert_eq!(mdp.backup(0, 0, &[2.0], 0.5), 0.75 * (1.0 + 0.5 * 2.0) + 0.25 * 1.0);
//! # Ok::<(), slatewise_rl::Error>(())
//! ```

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::error::Error;

/// How far probabilities may be from summing to 1.
pub(super) const SUM_TOLERANCE: f64 = 1e-9;

/// One thing that an action can lead to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// In [0, 1].
    pub probability: f64,
    /// The state after it, below the number of states.
    pub next_state: usize,
    /// Finite.
    pub reward: f64,
    /// Whether the episode ends here for good.
    pub terminates: bool,
}

impl Outcome {
    /// What is certain to happen.
    pub fn certain(next_state: usize, reward: f64, terminates: bool) -> Self {
        Self { probability: 1.0, next_state, reward, terminates }
    }
}

/// States, actions, and the outcomes of each pair.
#[derive(Debug, Clone, PartialEq)]
pub struct TabularMdp {
    states: usize,
    actions: usize,
    /// Start of each pair's outcomes, `[S · A + 1]`.
    first: Vec<usize>,
    outcomes: Vec<Outcome>,
    /// Cumulative probability and state, for states in which an episode can begin.
    starts: Vec<(f64, usize)>,
}

impl TabularMdp {
    /// A table from the probability of beginning in each state and the outcomes of each (state, action).
    ///
    /// # Shapes
    /// `initial [S]`
    ///
    /// # Errors
    /// No state or action, probabilities outside [0, 1] or that do not sum to 1, a next state that does not exist, a reward that
    /// is not finite.
    pub fn new(
        states: usize,
        actions: usize,
        initial: &[f64],
        outcomes: impl FnMut(usize, usize) -> Vec<Outcome>,
    ) -> Result<Self, Error> {
        if states == 0 || actions == 0 {
            let problem = format!("{states} states and {actions} actions; there must be at least one of each");
            return Err(Error::InvalidMdp { place: "table".to_owned(), problem });
        }
        let mdp = Self::from_rules(states, actions, initial, outcomes);
        check_distribution(initial, states)
            .map_err(|problem| Error::InvalidMdp { place: "initial distribution".to_owned(), problem })?;
        for (state, action) in mdp.pairs() {
            mdp.check(state, action)
                .map_err(|problem| Error::InvalidMdp { place: format!("state {state}, action {action}"), problem })?;
        }
        Ok(mdp)
    }

    /// A table from rules that are part of the program, whose tests check them.
    pub(crate) fn from_rules(
        states: usize,
        actions: usize,
        initial: &[f64],
        mut of: impl FnMut(usize, usize) -> Vec<Outcome>,
    ) -> Self {
        let (mut outcomes, mut first) = (Vec::new(), vec![0]);
        for pair in 0..states * actions {
            outcomes.extend(of(pair / actions, pair % actions));
            first.push(outcomes.len());
        }
        let mut sum = 0.0;
        let mut starts = Vec::new();
        for (state, &probability) in initial.iter().enumerate().filter(|(_, probability)| **probability > 0.0) {
            sum += probability;
            starts.push((sum, state));
        }
        Self { states, actions, first, outcomes, starts }
    }

    fn check(&self, state: usize, action: usize) -> Result<(), String> {
        let outcomes = self.outcomes(state, action);
        for Outcome { probability, next_state, reward, .. } in outcomes {
            if !(0.0..=1.0).contains(probability) {
                return Err(format!("probability {probability} is outside [0, 1]"));
            }
            if *next_state >= self.states {
                return Err(format!("next state {next_state} is not among the states 0 to {}", self.states - 1));
            }
            if !reward.is_finite() {
                return Err(format!("reward {reward} is not a finite number"));
            }
        }
        let sum: f64 = outcomes.iter().map(|outcome| outcome.probability).sum();
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            return Err(format!("probabilities sum to {sum}, not to 1; list every outcome, with all digits"));
        }
        Ok(())
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.states
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// What an action can lead to, at least one outcome.
    #[inline]
    pub fn outcomes(&self, state: usize, action: usize) -> &[Outcome] {
        assert!(action < self.actions, "action {action} of a table of shape [{}, {}]", self.states, self.actions);
        let pair = state * self.actions + action;
        &self.outcomes[self.first[pair]..self.first[pair + 1]]
    }

    /// States in which an episode can begin, each with its probability.
    pub fn starts(&self) -> impl Iterator<Item = (usize, f64)> {
        let before = std::iter::once(0.0).chain(self.starts.iter().map(|(sum, _)| *sum));
        self.starts.iter().zip(before).map(|(&(sum, state), before)| (state, sum - before))
    }

    /// Q(state, action) where the states that follow are worth `values`.
    ///
    /// # Shapes
    /// `values [S]`
    pub fn backup(&self, state: usize, action: usize, values: &[f64], discount: f64) -> f64 {
        let worth = |outcome: &Outcome| {
            let ahead = if outcome.terminates { 0.0 } else { discount * values[outcome.next_state] };
            outcome.probability * (outcome.reward + ahead)
        };
        self.outcomes(state, action).iter().map(worth).sum()
    }

    /// What happens this time: one draw, none where the outcome is certain.
    #[inline]
    pub fn draw(&self, state: usize, action: usize, rng: &mut ChaCha8Rng) -> Outcome {
        let outcomes = self.outcomes(state, action);
        let last = outcomes.len() - 1;
        if last == 0 {
            return outcomes[0];
        }
        let (point, mut sum) = (rng.random::<f64>(), 0.0);
        let chosen = outcomes.iter().position(|outcome| {
            sum += outcome.probability;
            sum > point
        });
        outcomes[chosen.unwrap_or(last)]
    }

    /// Where an episode begins this time: one draw, none where there is one such state.
    pub fn draw_start(&self, rng: &mut ChaCha8Rng) -> usize {
        let last = self.starts.len() - 1;
        let chosen = if last == 0 {
            0
        } else {
            let point: f64 = rng.random();
            self.starts.partition_point(|(sum, _)| *sum <= point).min(last)
        };
        self.starts[chosen].1
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let actions = self.actions;
        (0..self.states * actions).map(move |pair| (pair / actions, pair % actions))
    }
}

/// Whether there is one probability per state and they sum to 1.
fn check_distribution(initial: &[f64], states: usize) -> Result<(), String> {
    if initial.len() != states {
        return Err(format!("{} probabilities for {states} states; give one per state", initial.len()));
    }
    if let Some(state) = initial.iter().position(|probability| !(0.0..=1.0).contains(probability)) {
        return Err(format!("probability {} of state {state} is outside [0, 1]", initial[state]));
    }
    let sum: f64 = initial.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(format!("probabilities sum to {sum}, not to 1"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn outcome(probability: f64, next_state: usize, reward: f64) -> Outcome {
        Outcome { probability, next_state, reward, terminates: false }
    }

    #[test]
    fn what_is_wrong_is_named_by_state_and_action() {
        let refusal = |initial: &[f64], bad: Vec<Outcome>| {
            let rules = |state, action| {
                if (state, action) == (1, 2) { bad.clone() } else { vec![Outcome::certain(0, 0.0, false)] }
            };
            TabularMdp::new(2, 3, initial, rules).unwrap_err().to_string()
        };
        let place = "state 1, action 2: ";
        for (bad, problem) in [
            (vec![outcome(0.5, 0, 0.0), outcome(0.4, 1, 0.0)], "probabilities sum to 0.9, not to 1"),
            (vec![], "probabilities sum to 0, not to 1"),
            (vec![outcome(1.5, 0, 0.0), outcome(-0.5, 0, 0.0)], "probability 1.5 is outside [0, 1]"),
            (vec![outcome(f64::NAN, 0, 0.0)], "probability NaN is outside [0, 1]"),
            (vec![outcome(1.0, 2, 0.0)], "next state 2 is not among the states 0 to 1"),
            (vec![outcome(1.0, 0, f64::INFINITY)], "reward inf is not a finite number"),
        ] {
            let message = refusal(&[1.0, 0.0], bad);
            assert!(message.replace("-0,", "0,").starts_with(&format!("{place}{problem}")), "{message}");
        }
        let good = || vec![Outcome::certain(1, 0.0, true)];
        assert_eq!(refusal(&[1.0], good()), "initial distribution: 1 probabilities for 2 states; give one per state");
        assert_eq!(refusal(&[0.5, 0.4], good()), "initial distribution: probabilities sum to 0.9, not to 1");
        assert!(TabularMdp::new(0, 3, &[], |_, _| vec![]).unwrap_err().to_string().starts_with("table: 0 states"));
    }

    #[test]
    fn draws_occur_as_often_as_they_say() {
        let rules = |_, _| vec![outcome(0.5, 0, 1.0), outcome(0.0, 1, 2.0), outcome(0.2, 1, 3.0), outcome(0.3, 1, 4.0)];
        let mdp = TabularMdp::new(3, 1, &[0.25, 0.0, 0.75], rules).unwrap();
        assert_eq!(mdp.starts().collect::<Vec<_>>(), [(0, 0.25), (2, 0.75)]);
        let (mut rng, draws) = (ChaCha8Rng::seed_from_u64(3), 40_000);
        let (mut by_reward, mut by_start) = ([0.0; 5], [0.0; 3]);
        for _ in 0..draws {
            by_reward[mdp.draw(2, 0, &mut rng).reward as usize] += 1.0 / f64::from(draws);
            by_start[mdp.draw_start(&mut rng)] += 1.0 / f64::from(draws);
        }
        // Five standard errors of a share near 1/2: 5 · sqrt(0.25 / 40,000).
        for (found, expected) in by_reward.iter().zip([0.0, 0.5, 0.0, 0.2, 0.3]) {
            assert!((found - expected).abs() < 0.0125 && (expected > 0.0 || *found == 0.0), "{by_reward:?}");
        }
        assert!((by_start[0] - 0.25).abs() < 0.0125 && by_start[1] == 0.0, "{by_start:?}");
    }
}
