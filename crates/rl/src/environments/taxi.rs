//! Taxi: fetch a passenger at one of four stands and set them down at another.
//!
//! ```text
//! +---------+
//! |R: | : :G|     state = ((row · 5 + column) · 5 + passenger) · 4 + destination, 500 of them
//! | : | : : |     passenger 0 R, 1 G, 2 Y, 3 B, 4 in the taxi; destination 0 to 3
//! | : : : : |     actions 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 set down; a wall | stops east and west
//! | | : | : |
//! |Y| : |B: |     start: any cell, the passenger at a stand that is not the destination, all as likely
//! +---------+     truncated after 200 steps
//!
//! reward   20 for setting down at the destination, which terminates
//!         -10 for picking up where there is no passenger, for setting down elsewhere than at a stand or without one
//!          -1 else; setting down at another stand is allowed, and leaves the passenger there
//! ```
//!
//! Source: Dietterich 2000, "Hierarchical reinforcement learning with the MAXQ value function decomposition", JAIR 13;
//! gymnasium's `Taxi-v4` (without rain and fickle passengers the rules of `Taxi-v3`), whose table of outcomes this one equals entry
//! by entry.
//!
//! Differences from gymnasium: 1. chance comes from the generator passed in; 2. no draw is made where the outcome is certain, hence
//! only at a reset; 3. rain and fickle passengers are left out; 4. there is no mask of actions that do nothing.

use super::MdpEnvironment;
use crate::tabular::{Outcome, TabularMdp};

const SIDE: usize = 5;
const STATES: usize = 500;
const IN_TAXI: usize = 4;
/// Cells of R, G, Y and B.
const STANDS: [(usize, usize); 4] = [(0, 0), (0, 4), (4, 0), (4, 3)];
/// Per row, whether there is a wall to the east of each column.
const WALL_EAST: [[bool; SIDE]; SIDE] = [
    [false, true, false, false, true],
    [false, true, false, false, true],
    [false, false, false, false, true],
    [true, false, true, false, true],
    [true, false, true, false, true],
];

/// Where everyone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaxiState {
    /// Row of the taxi, 0 to 4 from the north.
    pub row: usize,
    /// Column of the taxi, 0 to 4 from the west.
    pub column: usize,
    /// Stand of the passenger, 0 to 3, or 4 in the taxi.
    pub passenger: usize,
    /// Stand to go to, 0 to 3.
    pub destination: usize,
}

impl TaxiState {
    /// The state's number, below 500.
    pub fn encode(self) -> usize {
        ((self.row * SIDE + self.column) * 5 + self.passenger) * 4 + self.destination
    }

    /// The state of a number below 500.
    pub fn decode(state: usize) -> Self {
        assert!(state < STATES, "state {state} of {STATES}");
        let cell = state / 20;
        Self { row: cell / SIDE, column: cell % SIDE, passenger: state / 4 % 5, destination: state % 4 }
    }
}

/// The taxi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taxi;

impl Taxi {
    /// Its table of outcomes.
    pub fn mdp(&self) -> TabularMdp {
        let starts = |state| {
            let TaxiState { passenger, destination, .. } = TaxiState::decode(state);
            if passenger != IN_TAXI && passenger != destination { 1.0 / 300.0 } else { 0.0 }
        };
        let initial: Vec<f64> = (0..STATES).map(starts).collect();
        TabularMdp::from_rules(STATES, 6, &initial, |state, action| vec![act(TaxiState::decode(state), action)])
    }

    /// The taxi to drive.
    pub fn environment(&self) -> MdpEnvironment {
        MdpEnvironment::new("taxi", self.mdp(), Some(200))
    }
}

fn act(mut state: TaxiState, action: usize) -> Outcome {
    let TaxiState { row, column, passenger, destination } = state;
    let stand = STANDS.iter().position(|&cell| cell == (row, column));
    let (mut reward, mut terminates) = (-1.0, false);
    match action {
        0 => state.row = (row + 1).min(SIDE - 1),
        1 => state.row = row.saturating_sub(1),
        2 if !WALL_EAST[row][column] => state.column = column + 1,
        3 if column > 0 && !WALL_EAST[row][column - 1] => state.column = column - 1,
        2 | 3 => {}
        4 if stand == Some(passenger) => state.passenger = IN_TAXI,
        5 => match stand {
            Some(stand) if passenger == IN_TAXI => {
                state.passenger = stand;
                terminates = stand == destination;
                reward = if terminates { 20.0 } else { reward };
            }
            _ => reward = -10.0,
        },
        _ => reward = -10.0,
    }
    Outcome::certain(state.encode(), reward, terminates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_environment;

    #[test]
    fn the_taxi_is_an_environment() {
        check_environment(|| Taxi.environment(), 12);
    }

    #[test]
    fn numbers_and_states_are_one_to_one() {
        assert!((0..STATES).all(|state| TaxiState::decode(state).encode() == state));
        // ((3 · 5 + 1) · 5 + 2) · 4 + 0
        assert_eq!(TaxiState { row: 3, column: 1, passenger: 2, destination: 0 }.encode(), 328);
        assert_eq!(Taxi.mdp().starts().count(), 300);
    }
}
