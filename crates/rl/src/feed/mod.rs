//! The feed: visitors who are shown slates, answer per task, leave when patience runs out, and return on a later day.
//!
//! ```text
//! PlantedSpec ─drawn─▶ PlantedWorld ─┐ VisitorModel                          FeedRewardSpec ─▶ FeedReward
//! FeedLog ────fitted─▶ FittedVisitor ─┴─▶ FeedSimulator ── step(slate) ──▶ FeedResponse ──────────┴──▶ terms, reward
//!    ▲                      └─fidelity─▶ FeedFidelity            └─ logged with propensities ─▶ FeedLog
//! ```
//!
//! | file | content |
//! |---|---|
//! | `items.rs` | `FeedItems`: what can be shown |
//! | `state.rs` | `FeedState` (visible), `Visitor` (with what is hidden), `FeedResponse` |
//! | `visitor_model.rs` | `VisitorModel`, `ChoiceModel` |
//! | `simulator.rs` | `FeedSimulator`, `FeedConfig` |
//! | `planted_spec.rs`, `planted.rs` | `PlantedSpec`, `PlantedWorld`: the truth is known |
//! | `exact.rs` | `ExactFeed`: a small world as a table, so that its optimum is known |
//! | `relaxed.rs` | `RelaxedFeed`, `ValueBound`: what no policy can exceed, and a policy that plans by it |
//! | `reward.rs` | `FeedRewardSpec`, `FeedReward`: what answers are worth |
//! | `policy.rs` | `SlatePolicy` and simple ones with exact propensities |
//! | `play.rs` | `play`, `evaluate_slates`: the loop, and what a policy is worth |
//! | `log.rs` | `FeedLog` |
//! | `fitted.rs`, `logistic.rs` | `FittedVisitor`: fitted from a log alone; the regressions |
//! | `fidelity.rs`, `baselines.rs`, `discriminator.rs` | `FeedFidelity`: agreement with held-out visitors |
//!
//! ```
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//! use slatewise_rl::feed::*;
//!
//! let world = PlantedWorld::new(PlantedSpec::default(), &mut ChaCha8Rng::seed_from_u64(1))?;
//! let config = FeedConfig { slate: 3, ..FeedConfig::default() };
//! let reward = FeedReward::new(FeedRewardSpec::default(), world.tasks(), world.items(), "reward")?;
//! let mut simulator = FeedSimulator::new(&world, config)?;
//! let values = evaluate_slates(&mut simulator, &mut UniformSlates { items: 120, slate: 3 }, (&reward, 0.95), 100, 7);
//! assert!(values.mean() > 0.0 && values.returns.len() == 100);
//! # Ok::<(), slatewise_rl::Error>(())
//! ```

mod baselines;
mod discriminator;
mod exact;
mod fidelity;
mod fitted;
mod items;
mod log;
mod logistic;
mod planted;
mod planted_spec;
mod play;
mod policy;
mod relaxed;
mod reward;
mod simulator;
mod state;
#[cfg(test)]
mod testing;
mod visitor_model;

pub use exact::{ExactFeed, MOST_STATES};
pub use fidelity::{FeedFidelity, FidelityCheck, TaskCalibration};
pub use fitted::{FittedVisitor, VisitorFit};
pub use items::FeedItems;
pub use log::FeedLog;
pub use planted::PlantedWorld;
pub use planted_spec::PlantedSpec;
pub use play::{ShownSlate, SlateValues, evaluate_slates, evaluate_with_truth, greedy_by_click, play};
pub use policy::{LoggedSlates, PlackettLuce, RankedSlates, SlatePolicy, UniformSlates};
pub use relaxed::{RelaxedFeed, ValueBound};
pub use reward::{FeedReward, FeedRewardSpec};
pub use simulator::{FeedConfig, FeedSimulator, FeedStep};
pub use state::{FeedResponse, FeedState, Seen, SlotResponse, Visitor};
pub use visitor_model::{ChoiceModel, VisitorModel};
