//! Windy gridworld: from S to G through an upward wind that is strongest in the middle.
//!
//! ```text
//! . . . . . . . . . .     state = row · 10 + column: S is 30, G is 37
//! . . . . . . . . . .     actions 0 up, 1 right, 2 down, 3 left; king's moves add 4 up-right, 5 down-right, 6 down-left, 7 up-left,
//! . . . . . . . . . .     and a ninth, 8, stays
//! S . . . . . . G . .     next = state + move + as many cells up as the wind of the column one leaves; the grid's edge holds
//! . . . . . . . . . .     reward -1 a step; reaching G terminates
//! . . . . . . . . . .
//! . . . . . . . . . .
//! 0 0 0 1 1 1 2 2 1 0     wind; a stochastic one is one less, as it is or one more, with 1/3 each, where it is not 0
//! ```
//!
//! Source: Sutton & Barto 2018, example 6.5, and exercises 6.9 (king's moves) and 6.10 (stochastic wind). Episodes are never
//! truncated. The book's best path takes 15 steps, and 7 with king's moves.
//!
//! Differences from the book: 1. the order of the actions is our own, that of CliffWalking first; 2. the book does not say how wind
//! and move add up at the edge: here they are added first, and then the edge holds.

use super::MdpEnvironment;
use crate::tabular::{Outcome, TabularMdp};

const ROWS: i32 = 7;
const WIND: [i32; 10] = [0, 0, 0, 1, 1, 1, 2, 2, 1, 0];
const START: usize = 30;
const GOAL: usize = 37;
/// Rows down and columns right of each action.
const MOVES: [(i32, i32); 9] = [(-1, 0), (0, 1), (1, 0), (0, -1), (-1, 1), (1, 1), (1, -1), (-1, -1), (0, 0)];

/// Which moves there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Moves {
    /// Up, right, down, left.
    #[default]
    Four,
    /// The diagonals as well.
    King,
    /// All those, and staying where one is but for the wind.
    KingOrStay,
}

/// Which gridworld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindyGridworld {
    /// The moves.
    pub moves: Moves,
    /// Whether the wind varies.
    pub stochastic: bool,
}

impl WindyGridworld {
    /// Its table of outcomes.
    pub fn mdp(&self) -> TabularMdp {
        let actions = match self.moves {
            Moves::Four => 4,
            Moves::King => 8,
            Moves::KingOrStay => 9,
        };
        let states = ROWS as usize * WIND.len();
        let mut initial = vec![0.0; states];
        initial[START] = 1.0;
        TabularMdp::from_rules(states, actions, &initial, |state, action| {
            let wind = WIND[state % WIND.len()];
            if self.stochastic && wind > 0 {
                [wind - 1, wind, wind + 1].map(|wind| go(1.0 / 3.0, state, action, wind)).to_vec()
            } else {
                vec![go(1.0, state, action, wind)]
            }
        })
    }

    /// The gridworld to walk in.
    pub fn environment(&self) -> MdpEnvironment {
        MdpEnvironment::new("windy gridworld", self.mdp(), None)
    }
}

fn go(probability: f64, state: usize, action: usize, wind: i32) -> Outcome {
    let columns = WIND.len() as i32;
    let (row, column) = (state as i32 / columns, state as i32 % columns);
    let (down, right) = MOVES[action];
    let row = (row + down - wind).clamp(0, ROWS - 1);
    let column = (column + right).clamp(0, columns - 1);
    let next_state = (row * columns + column) as usize;
    Outcome { probability, next_state, reward: -1.0, terminates: next_state == GOAL }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::DynamicProgramming;
    use crate::testing::check_environment;

    #[test]
    fn gridworlds_are_environments() {
        check_environment(|| WindyGridworld::default().environment(), 10);
        check_environment(|| WindyGridworld { moves: Moves::KingOrStay, stochastic: true }.environment(), 11);
    }

    /// The book: from the cell to the right of the goal, left takes one to the cell just above the goal.
    #[test]
    fn the_wind_is_that_of_the_column_one_leaves() {
        let mdp = WindyGridworld::default().mdp();
        assert_eq!(mdp.outcomes(38, 3), [Outcome::certain(27, -1.0, false)]);
        assert_eq!(mdp.outcomes(START, 1), [Outcome::certain(31, -1.0, false)]); // no wind yet
        assert_eq!(mdp.outcomes(6, 2), [Outcome::certain(6, -1.0, false)]); // one down, two up, held by the edge
        let windy = WindyGridworld { stochastic: true, ..WindyGridworld::default() }.mdp();
        let next: Vec<usize> = windy.outcomes(58, 3).iter().map(|outcome| outcome.next_state).collect();
        assert_eq!(next, [57, 47, 37]);
        assert_eq!(windy.outcomes(58, 3).iter().filter(|outcome| outcome.terminates).count(), 1);
    }

    #[test]
    fn the_best_paths_are_as_long_as_the_book_says() {
        for (moves, steps) in [(Moves::Four, -15.0), (Moves::King, -7.0), (Moves::KingOrStay, -7.0)] {
            let mdp = WindyGridworld { moves, stochastic: false }.mdp();
            assert_eq!(DynamicProgramming::new(1.0).value_iteration(&mdp).unwrap().values()[START], steps);
        }
    }
}
