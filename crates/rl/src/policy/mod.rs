//! `Policy` → `Decision`: every act is made with a known probability, and carries it.
//!
//! ```text
//! probabilities   [A]                     π(a | observation), sums to 1
//! Decision        { action, propensity }  propensity = probabilities[action]
//! ```
//!
//! | file | policy |
//! |---|---|
//! | `fixed.rs` | uniform random; one listing for everybody (the most popular) |
//! | `markov.rs` | what the visitor would most likely do next; what the visitor would do, drawn |
//! | `epsilon_greedy.rs` | greedy or ε-greedy over action values Q |
//! | `softmax.rs` | the better an action looks, the more often |
//! | `ucb.rs` | UCB1: as good as an action may yet turn out to be, by visit counts |
//! | `thompson.rs` | Thompson sampling: as often as an action is believed to be the best |
//! | `exploration.rs` | `Exploration`: these four over the course of training |
//!
//! Where several actions are equally good, the lowest index is taken: a greedy choice never depends on chance.

mod epsilon_greedy;
mod exploration;
mod fixed;
mod markov;
mod softmax;
mod thompson;
mod ucb;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use epsilon_greedy::{ActionCounts, ActionValues, EpsilonGreedy, EpsilonSchedule};
pub use exploration::{Exploration, TemperatureSchedule, UcbBonus};
pub use fixed::{Constant, UniformRandom, most_popular_listing};
pub use markov::{MarkovChain, SelfNavigation};
pub use softmax::Softmax;
pub use thompson::{Belief, Thompson};
pub use ucb::Ucb;

/// An action and the probability with which it was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Index of the action.
    pub action: usize,
    /// π(action | observation), in (0, 1].
    pub propensity: f64,
}

/// A rule that chooses actions; mutable, because it may keep scratch memory.
pub trait Policy<O> {
    /// Writes π(· | observation).
    ///
    /// # Shapes
    /// `probabilities [A]`, overwritten.
    fn probabilities(&mut self, observation: &O, probabilities: &mut [f64]);

    /// Chooses one action.
    fn decide(&mut self, observation: &O, rng: &mut ChaCha8Rng) -> Decision;

    /// Appends one decision per observation; a network overrides it with one forward pass for all.
    fn decide_all(
        &mut self,
        observations: &mut dyn Iterator<Item = &O>,
        decisions: &mut Vec<Decision>,
        rng: &mut ChaCha8Rng,
    ) {
        for observation in observations {
            decisions.push(self.decide(observation, rng));
        }
    }
}

/// Puts all probability on one action.
pub(crate) fn degenerate(action: usize, probabilities: &mut [f64]) {
    probabilities.fill(0.0);
    probabilities[action] = 1.0;
}

/// Draws an index with probability proportional to its weight; one draw. The last positive weight takes what rounding leaves.
pub(crate) fn draw(weights: impl Iterator<Item = f64> + Clone, rng: &mut ChaCha8Rng) -> usize {
    let mut left = rng.random::<f64>() * weights.clone().sum::<f64>();
    let mut last = 0;
    for (index, weight) in weights.enumerate() {
        if weight > 0.0 {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
    }
    last
}
