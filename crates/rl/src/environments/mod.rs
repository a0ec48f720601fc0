//! The environments of the books, with gymnasium's exact dynamics: what a learner is tried on before it meets a shop.
//!
//! | file | observation | actions | ends |
//! |---|---|---|---|
//! | `frozen_lake.rs` | one of 16 or 64 cells | 4 | hole or goal; 100 or 200 steps |
//! | `cliff_walking.rs` | one of 48 cells | 4 | goal |
//! | `windy_gridworld.rs` | one of 70 cells | 4, 8 or 9 | goal |
//! | `taxi.rs` | one of 500 states | 6 | passenger delivered; 200 steps |
//! | `cart_pole.rs` | 4 numbers | 2 | pole or cart out of bounds; 500 steps |
//! | `acrobot.rs` | 6 numbers | 3 | tip above the line; 500 steps |
//! | `mountain_car.rs` | 2 numbers | 3 | the hill's top; 200 steps |
//! | `maximisation_bias.rs` | one of 2 states | 2 and 10 | right, or any in the second |
//! | `mdp_environment.rs` | states of any table | any | as the table says |
//!
//! The response is the reward that gymnasium gives. Every grid world is a table of outcomes, `mdp()`, which
//! [`DynamicProgramming`](crate::tabular::DynamicProgramming) solves.
//!
//! ```
//! use slatewise_rl::environments::FrozenLake;
//! use slatewise_rl::tabular::DynamicProgramming;
//!
//! let lake = FrozenLake::small().environment()?;
//! let solution = DynamicProgramming::new(0.99).value_iteration(lake.mdp())?;
//! assert!((solution.values()[0] - 0.542_026).abs() < 1e-6);
//! # Ok::<(), slatewise_rl::Error>(())
//! ```

mod acrobot;
mod cart_pole;
mod cliff_walking;
mod frozen_lake;
mod maximisation_bias;
mod mdp_environment;
mod mountain_car;
mod taxi;
mod windy_gridworld;

pub use acrobot::Acrobot;
pub use cart_pole::CartPole;
pub use cliff_walking::CliffWalking;
pub use frozen_lake::FrozenLake;
pub use maximisation_bias::MaximisationBias;
pub use mdp_environment::{MdpEnvironment, MdpPosition};
pub use mountain_car::MountainCar;
pub use taxi::{Taxi, TaxiState};
pub use windy_gridworld::{Moves, WindyGridworld};
