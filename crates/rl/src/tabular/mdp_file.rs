//! `MdpFile`: a Markov decision process as it stands in a JSON file.
//!
//! ```text
//! {
//!   "n_states": 3, "n_actions": 2,
//!   "transitions_nonterminal": [[state, action, next_state, probability], ...],
//!   "expected_reward": [[r(0, 0), r(0, 1)], ...],        per state and action
//!   "initial_dist": [1.0, 0.0, 0.0],                     may be missing: then every state is as likely
//!   "gamma": 0.9                                         may be missing
//! }
//! ```
//!
//! What the probabilities of a pair lack to 1 ends the episode; a pair that is not listed ends it for certain. Other keys are
//! left alone.

use serde::Deserialize;

use super::mdp::{Outcome, SUM_TOLERANCE, TabularMdp};
use crate::error::Error;

/// The file's keys.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MdpFile {
    /// Number of states.
    pub n_states: usize,
    /// Number of actions.
    pub n_actions: usize,
    /// State, action, next state and probability of outcomes after which the episode goes on.
    pub transitions_nonterminal: Vec<(usize, usize, usize, f64)>,
    /// Mean reward, `[S, A]`.
    pub expected_reward: Vec<Vec<f64>>,
    /// Probability of beginning in each state, `[S]`.
    pub initial_dist: Option<Vec<f64>>,
    /// Discount that the file was made for.
    pub gamma: Option<f64>,
}

impl MdpFile {
    /// The table that the file describes.
    ///
    /// # Errors
    /// Whatever makes it none, naming key, state and action.
    pub fn to_mdp(&self) -> Result<TabularMdp, Error> {
        let (states, actions) = (self.n_states, self.n_actions);
        for (key, count) in [("n_states", states), ("n_actions", actions)] {
            if count == 0 {
                return Err(invalid(key, "0; there must be at least one".to_owned()));
            }
        }
        self.check_rewards()?;
        let mut outcomes = vec![Vec::new(); states * actions];
        for (entry, &(state, action, next_state, probability)) in self.transitions_nonterminal.iter().enumerate() {
            let place = || format!("transitions_nonterminal[{entry}] (state {state}, action {action})");
            for (name, index, count) in
                [("state", state, states), ("action", action, actions), ("next state", next_state, states)]
            {
                if index >= count {
                    return Err(invalid(&place(), format!("{name} {index} is not among 0 to {}", count - 1)));
                }
            }
            if !(0.0..=1.0).contains(&probability) {
                return Err(invalid(&place(), format!("probability {probability} is outside [0, 1]")));
            }
            let reward = self.expected_reward[state][action];
            outcomes[state * actions + action].push(Outcome { probability, next_state, reward, terminates: false });
        }
        for (pair, listed) in outcomes.iter_mut().enumerate() {
            let (state, action) = (pair / actions, pair % actions);
            let sum: f64 = listed.iter().map(|outcome: &Outcome| outcome.probability).sum();
            if sum > 1.0 + SUM_TOLERANCE {
                let place = format!("transitions_nonterminal, state {state}, action {action}");
                let problem = format!("probabilities sum to {sum}, above 1; list each outcome once, with all digits");
                return Err(invalid(&place, problem));
            }
            // Less than rounding leaves no ending.
            if 1.0 - sum > 1e-12 {
                let reward = self.expected_reward[state][action];
                listed.push(Outcome { probability: 1.0 - sum, next_state: state, reward, terminates: true });
            }
        }
        let uniform = || vec![1.0 / states as f64; states];
        let initial = self.initial_dist.clone().unwrap_or_else(uniform);
        TabularMdp::new(states, actions, &initial, |state, action| {
            std::mem::take(&mut outcomes[state * actions + action])
        })
        .map_err(|error| match error {
            Error::InvalidMdp { place, problem } if place == "initial distribution" => invalid("initial_dist", problem),
            other => other,
        })
    }

    fn check_rewards(&self) -> Result<(), Error> {
        let (states, actions) = (self.n_states, self.n_actions);
        if self.expected_reward.len() != states {
            let rows = self.expected_reward.len();
            return Err(invalid("expected_reward", format!("{rows} rows for {states} states; give one per state")));
        }
        for (state, row) in self.expected_reward.iter().enumerate() {
            let place = format!("expected_reward[{state}] (state {state})");
            if row.len() != actions {
                let problem = format!("{} rewards for {actions} actions; give one per action", row.len());
                return Err(invalid(&place, problem));
            }
            if let Some(action) = row.iter().position(|reward| !reward.is_finite()) {
                return Err(invalid(&place, format!("action {action}: {} is not a finite number", row[action])));
            }
        }
        Ok(())
    }
}

fn invalid(place: &str, problem: String) -> Error {
    Error::InvalidMdp { place: place.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> MdpFile {
        MdpFile {
            n_states: 2,
            n_actions: 2,
            transitions_nonterminal: vec![(0, 0, 1, 0.25), (0, 0, 0, 0.5), (0, 1, 1, 1.0)],
            expected_reward: vec![vec![1.0, 2.0], vec![3.0, 4.0]],
            initial_dist: None,
            gamma: None,
        }
    }

    #[test]
    fn what_is_missing_to_one_ends_the_episode() {
        let mdp = file().to_mdp().unwrap();
        let outcome =
            |probability, next_state, reward, terminates| Outcome { probability, next_state, reward, terminates };
        let expected = [outcome(0.25, 1, 1.0, false), outcome(0.5, 0, 1.0, false), outcome(0.25, 0, 1.0, true)];
        assert_eq!(mdp.outcomes(0, 0), expected);
        assert_eq!(mdp.outcomes(0, 1), [outcome(1.0, 1, 2.0, false)]);
        assert_eq!(mdp.outcomes(1, 1), [outcome(1.0, 1, 4.0, true)]);
        assert_eq!(mdp.starts().collect::<Vec<_>>(), [(0, 0.5), (1, 0.5)]);
    }

    #[test]
    fn errors_name_key_state_and_action() {
        let refusal = |change: fn(&mut MdpFile)| {
            let mut file = file();
            change(&mut file);
            file.to_mdp().unwrap_err().to_string()
        };
        for (change, message) in [
            (
                (|file| file.transitions_nonterminal[1].3 = 0.8) as fn(&mut MdpFile),
                "transitions_nonterminal, state 0, action 0: probabilities sum to 1.05, above 1",
            ),
            (
                |file| file.transitions_nonterminal[2].2 = 2,
                "transitions_nonterminal[2] (state 0, action 1): next state 2 is not among 0 to 1",
            ),
            (
                |file| file.transitions_nonterminal[0].0 = 7,
                "transitions_nonterminal[0] (state 7, action 0): state 7 is not among 0 to 1",
            ),
            (
                |file| file.transitions_nonterminal[0].3 = -0.1,
                "transitions_nonterminal[0] (state 0, action 0): probability -0.1 is outside [0, 1]",
            ),
            (|file| file.expected_reward[1].truncate(1), "expected_reward[1] (state 1): 1 rewards for 2 actions"),
            (|file| file.expected_reward[1][0] = f64::NAN, "expected_reward[1] (state 1): action 0: NaN is not"),
            (|file| file.expected_reward.truncate(1), "expected_reward: 1 rows for 2 states"),
            (|file| file.initial_dist = Some(vec![0.5, 0.6]), "initial_dist: probabilities sum to 1.1, not to 1"),
            (|file| file.n_actions = 0, "n_actions: 0; there must be at least one"),
        ] {
            let found = refusal(change);
            assert!(found.starts_with(message), "{found} instead of {message}");
        }
    }
}
