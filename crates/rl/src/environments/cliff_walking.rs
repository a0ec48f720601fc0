//! CliffWalking: along the edge of a cliff from S to G; who falls is back at S, a hundred poorer.
//!
//! ```text
//! . . . . . . . . . . . .     state = row · 12 + column: S is 36, G is 47
//! . . . . . . . . . . . .     actions 0 up, 1 right, 2 down, 3 left; at the edge of the grid one stays
//! . . . . . . . . . . . .     reward -1 a step, -100 into the cliff C and back to S; reaching G terminates
//! S C C C C C C C C C C G     slippery: the direction meant, or one of the two beside it, with 1/3 each
//! ```
//!
//! Source: Sutton & Barto 2018, example 6.6; gymnasium's `CliffWalking-v1` and `CliffWalkingSlippery-v1`, whose table of outcomes
//! this one equals entry by entry. Episodes are never truncated. The best path earns -13.
//!
//! Differences from gymnasium: 1. chance comes from the generator passed in; 2. no draw is made where the outcome is certain.

use super::MdpEnvironment;
use crate::tabular::{Outcome, TabularMdp};

const ROWS: usize = 4;
const COLUMNS: usize = 12;
const START: usize = (ROWS - 1) * COLUMNS;
const GOAL: usize = ROWS * COLUMNS - 1;

/// Which cliff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CliffWalking {
    /// Whether one slips.
    pub slippery: bool,
}

impl CliffWalking {
    /// Its table of outcomes.
    pub fn mdp(&self) -> TabularMdp {
        let mut initial = [0.0; ROWS * COLUMNS];
        initial[START] = 1.0;
        TabularMdp::from_rules(ROWS * COLUMNS, 4, &initial, |state, action| {
            if self.slippery {
                [action + 3, action, action + 1].map(|direction| go(1.0 / 3.0, state, direction % 4)).to_vec()
            } else {
                vec![go(1.0, state, action)]
            }
        })
    }

    /// The cliff to walk along.
    pub fn environment(&self) -> MdpEnvironment {
        MdpEnvironment::new("cliff walking", self.mdp(), None)
    }
}

fn go(probability: f64, state: usize, direction: usize) -> Outcome {
    let (row, column) = (state / COLUMNS, state % COLUMNS);
    let (row, column) = match direction {
        0 => (row.saturating_sub(1), column),
        1 => (row, (column + 1).min(COLUMNS - 1)),
        2 => ((row + 1).min(ROWS - 1), column),
        _ => (row, column.saturating_sub(1)),
    };
    match row * COLUMNS + column {
        fallen if fallen > START && fallen < GOAL => {
            Outcome { probability, next_state: START, reward: -100.0, terminates: false }
        }
        next_state => Outcome { probability, next_state, reward: -1.0, terminates: next_state == GOAL },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::DynamicProgramming;
    use crate::testing::check_environment;

    #[test]
    fn cliffs_are_environments() {
        check_environment(|| CliffWalking::default().environment(), 8);
        check_environment(|| CliffWalking { slippery: true }.environment(), 9);
    }

    /// Up, eleven to the right along the edge, down.
    #[test]
    fn the_best_path_earns_minus_thirteen() {
        let mdp = CliffWalking::default().mdp();
        let solution = DynamicProgramming::new(1.0).value_iteration(&mdp).unwrap();
        assert_eq!((solution.values()[START], solution.policy()[START]), (-13.0, 0));
        assert_eq!(solution.policy()[START - COLUMNS..START - 1], [1; 11]);
        assert_eq!(DynamicProgramming::new(1.0).policy_iteration(&mdp).unwrap().values()[START], -13.0);
    }
}
