//! FrozenLake: across the ice from S to G without falling into a hole H; the ice is slippery.
//!
//! ```text
//! S F F F     state = row · columns + column, the start first
//! F H F H     actions 0 left, 1 down, 2 right, 3 up; at the edge one stays
//! F F F H     slippery: the direction meant with probability 1/3, each of the two beside it with 1/3
//! H F F G     reward 1 on reaching G, else 0; H and G terminate; truncated after 100 steps (8x8: 200)
//! ```
//!
//! Source: gymnasium's `FrozenLake-v1` and `FrozenLake8x8-v1` (Towers et al. 2024, "Gymnasium: a standard interface for reinforcement
//! learning environments"), whose table of outcomes this one equals entry by entry.
//!
//! Differences from gymnasium: 1. chance comes from the generator passed in, so a seed gives other episodes; 2. no draw is made
//! where the outcome is certain; 3. the reward of a tile cannot be changed here: rewards are computed outside.

use super::MdpEnvironment;
use crate::error::Error;
use crate::tabular::{Outcome, TabularMdp};

const SMALL: [&str; 4] = ["SFFF", "FHFH", "FFFH", "HFFG"];
const LARGE: [&str; 8] =
    ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"];

/// Which lake.
#[derive(Debug, Clone, PartialEq)]
pub struct FrozenLake {
    /// Rows of S (start, at least one), F (ice), H (hole) and G (goal), all of one length.
    pub map: Vec<String>,
    /// Whether the ice is slippery.
    pub slippery: bool,
    /// Probability, where it is, of going where one meant to; in [0, 1].
    pub success_rate: f64,
    /// Steps after which an episode is truncated, if ever.
    pub max_steps: Option<u32>,
}

impl FrozenLake {
    /// gymnasium's `FrozenLake-v1`.
    pub fn small() -> Self {
        Self::with_map(&SMALL, 100)
    }

    /// gymnasium's `FrozenLake8x8-v1`.
    pub fn large() -> Self {
        Self::with_map(&LARGE, 200)
    }

    fn with_map(map: &[&str], max_steps: u32) -> Self {
        let map = map.iter().map(|&row| row.to_owned()).collect();
        Self { map, slippery: true, success_rate: 1.0 / 3.0, max_steps: Some(max_steps) }
    }

    /// Its table of outcomes.
    ///
    /// # Errors
    /// A map that is not a rectangle of S, F, H and G with at least one S; a success rate outside [0, 1].
    pub fn mdp(&self) -> Result<TabularMdp, Error> {
        let tiles: Vec<&[u8]> = self.map.iter().map(String::as_bytes).collect();
        let (rows, columns) = (tiles.len(), tiles.first().map_or(0, |row| row.len()));
        let (key, rate) = ("frozen_lake", self.success_rate);
        Error::unless((0.0..=1.0).contains(&rate), key, "success_rate", || format!("{rate} must lie in [0, 1]"))?;
        let even = columns > 0 && tiles.iter().all(|row| row.len() == columns);
        Error::unless(even, key, "map", || "rows must be of one length, and there must be one".to_owned())?;
        let known = tiles.iter().all(|row| row.iter().all(|tile| b"SFHG".contains(tile)));
        Error::unless(known, key, "map", || "tiles are S, F, H and G".to_owned())?;
        let starts: Vec<bool> = tiles.iter().flat_map(|row| row.iter().map(|&tile| tile == b'S')).collect();
        let count = starts.iter().filter(|&&start| start).count();
        Error::unless(count > 0, key, "map", || "an S is missing, where episodes begin".to_owned())?;
        let initial: Vec<f64> = starts.iter().map(|&start| f64::from(u8::from(start)) / count as f64).collect();

        let go = |probability: f64, state: usize, direction: usize| {
            let (row, column) = (state / columns, state % columns);
            let (row, column) = match direction {
                0 => (row, column.saturating_sub(1)),
                1 => ((row + 1).min(rows - 1), column),
                2 => (row, (column + 1).min(columns - 1)),
                _ => (row.saturating_sub(1), column),
            };
            let tile = tiles[row][column];
            let reward = if tile == b'G' { 1.0 } else { 0.0 };
            Outcome { probability, next_state: row * columns + column, reward, terminates: b"GH".contains(&tile) }
        };
        TabularMdp::new(rows * columns, 4, &initial, |state, action| {
            if b"GH".contains(&tiles[state / columns][state % columns]) {
                return vec![Outcome::certain(state, 0.0, true)];
            }
            if !self.slippery {
                return vec![go(1.0, state, action)];
            }
            let beside = (1.0 - rate) / 2.0;
            let ways = [(beside, action + 3), (rate, action), (beside, action + 1)];
            ways.map(|(probability, direction)| go(probability, state, direction % 4)).to_vec()
        })
    }

    /// The lake to play on.
    ///
    /// # Errors
    /// As [`mdp`](Self::mdp).
    pub fn environment(&self) -> Result<MdpEnvironment, Error> {
        Ok(MdpEnvironment::new("frozen lake", self.mdp()?, self.max_steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::DynamicProgramming;
    use crate::testing::check_environment;

    #[test]
    fn lakes_are_environments() {
        check_environment(|| FrozenLake::small().environment().unwrap(), 5);
        check_environment(|| FrozenLake::large().environment().unwrap(), 6);
        check_environment(|| FrozenLake { slippery: false, ..FrozenLake::small() }.environment().unwrap(), 7);
    }

    /// On firm ice the goal is six steps away, five of them before the reward.
    #[test]
    fn a_lake_of_ones_own_is_solved() {
        let lake = FrozenLake { slippery: false, ..FrozenLake::small() };
        let value = |lake: &FrozenLake| DynamicProgramming::new(0.9).value_iteration(&lake.mdp().unwrap()).unwrap();
        assert!((value(&lake).values()[0] - 0.9_f64.powi(5)).abs() < 1e-12);
        let corridor = FrozenLake { map: vec!["SFHSG".to_owned()], ..lake };
        assert_eq!(corridor.mdp().unwrap().starts().collect::<Vec<_>>(), [(0, 0.5), (3, 0.5)]);
        assert_eq!(value(&corridor).values(), [0.0, 0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn maps_that_are_none_are_refused() {
        let refusal = |rows: &[&str]| {
            let map = rows.iter().map(|&row| row.to_owned()).collect();
            FrozenLake { map, ..FrozenLake::small() }.mdp().unwrap_err().to_string()
        };
        assert!(refusal(&[]).starts_with("frozen_lake.map: rows must be of one length"));
        assert!(refusal(&["SF", "G"]).contains("of one length"));
        assert!(refusal(&["SX"]).contains("tiles are S, F, H and G"));
        assert!(refusal(&["FG"]).contains("an S is missing"));
        let message = FrozenLake { success_rate: 1.2, ..FrozenLake::small() }.mdp().unwrap_err().to_string();
        assert_eq!(message, "frozen_lake.success_rate: 1.2 must lie in [0, 1]");
    }
}
