//! Shared bottom: one network below, every task reads the same representation.
//!
//! ```text
//! h = f(x)                 [B, input] → [B, hidden]
//! yₖ = towerₖ(h)           one tower per task k, not part of this file
//! ```
//!
//! Cheap and a good baseline; tasks that pull the representation in different directions pay for it (negative transfer),
//! which is what [`Mmoe`](super::Mmoe) is for.
//!
//! # Reference
//! Caruana 1997, "Multitask Learning", Machine Learning 28; drawn as Figure 1a in Ma et al. 2018.

use super::validate_widths;
use crate::{Error, Mlp, MlpConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Shape of a [`SharedBottom`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedBottomConfig {
    /// Output width of each layer; the last one is the width of the representation.
    pub widths: Vec<usize>,
}

/// One network for all tasks.
#[derive(Module, Debug)]
pub struct SharedBottom {
    bottom: Mlp,
    #[module(skip)]
    tasks: usize,
}

impl SharedBottomConfig {
    /// Draws the weights for `input` values and `tasks` tasks.
    pub fn init(&self, input: usize, tasks: usize, rng: &mut ChaCha8Rng, device: &Device) -> SharedBottom {
        let bottom = MlpConfig::new(self.widths.clone()).with_activated_last().init(input, rng, device);
        SharedBottom { bottom, tasks }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        validate_widths(&self.widths)
    }
}

impl SharedBottom {
    /// The same representation for each task.
    ///
    /// # Shapes
    /// - x: `[B, input]`
    /// - output: per task `[B, hidden]`
    pub fn forward(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        vec![self.bottom.forward(x); self.tasks]
    }
}
