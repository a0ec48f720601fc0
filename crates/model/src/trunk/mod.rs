//! `Trunk`: the part of the model that all tasks share, from the input to one representation per task.
//!
//! ```text
//! x [B, input] ──► trunk ──► h₁ [B, hidden]  ──► tower of task 1
//!                       └──► h₂ [B, hidden]  ──► tower of task 2   ...
//! ```
//!
//! A trunk is a file of this folder: its config with `init`, its module with `forward`. To add one, write the file, add
//! its variant to [`TrunkConfig`] and [`Trunk`] and the arms that go with it below, and add it to `trunks()` in
//! `tests/model/fixture.rs`, so that it passes the conformance suite.

mod mmoe;
mod shared_bottom;

pub use mmoe::{Mmoe, MmoeConfig};
pub use shared_bottom::{SharedBottom, SharedBottomConfig};

use crate::Error;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Which trunk, and its widths: `trunk = { kind = "mmoe", experts = 4, widths = [128, 64] }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrunkConfig {
    /// One network for all tasks.
    SharedBottom(SharedBottomConfig),
    /// Several networks, mixed by one gate per task.
    Mmoe(MmoeConfig),
}

/// A trunk with its weights.
#[derive(Module, Debug)]
pub enum Trunk {
    /// One network for all tasks.
    SharedBottom(SharedBottom),
    /// Several networks, mixed by one gate per task.
    Mmoe(Mmoe),
}

impl TrunkConfig {
    /// Draws the weights for `input` values and `tasks` tasks.
    pub fn init(&self, input: usize, tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> Trunk {
        match self {
            Self::SharedBottom(config) => Trunk::SharedBottom(config.init(input, tasks, rng, device)),
            Self::Mmoe(config) => Trunk::Mmoe(config.init(input, tasks, rng, device)),
        }
    }

    /// Width of the representations.
    pub fn output(&self, input: usize) -> usize {
        let widths = match self {
            Self::SharedBottom(config) => &config.widths,
            Self::Mmoe(config) => &config.widths,
        };
        widths.last().copied().unwrap_or(input)
    }

    /// Checks the widths.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the key.
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Self::SharedBottom(config) => config.validate(),
            Self::Mmoe(config) => config.validate(),
        }
    }
}

impl Trunk {
    /// One representation per task, in task order.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: per task `[B, hidden]`
    pub fn forward(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        match self {
            Self::SharedBottom(trunk) => trunk.forward(x),
            Self::Mmoe(trunk) => trunk.forward(x),
        }
    }
}

/// Widths of a trunk's layers: at least one, none of them zero.
fn validate_widths(key: &'static str, widths: &[usize]) -> Result<(), Error> {
    if widths.is_empty() || widths.contains(&0) {
        let mend = "give one or more positive layer widths, such as [128, 64]";
        return Err(Error::InvalidConfig { key, value: format!("{widths:?}"), mend });
    }
    Ok(())
}
