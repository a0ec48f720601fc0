//! Optimisers: one declaration, two places where it works.
//!
//! ```text
//! network   device tensors, all values at every step       `dense.rs`
//! tables    host rows, those that the batch touched only   `sparse.rs`
//! ```
//!
//! | kind | update of a value w with gradient g | reference |
//! |---|---|---|
//! | `sgd` | w ← w − η g | Robbins & Monro 1951 |
//! | `adagrad` | s ← s + g²;  w ← w − η g / (√s + ε) | Duchi, Hazan & Singer 2011 |
//! | `row_wise_adagrad` | tables: s ← s + mean over the row of g², one s per row; network: as `adagrad` | Gupta, Bengio & Weston 2014; FBGEMM's `EXACT_ROWWISE_ADAGRAD` |
//! | `adam` | m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  w ← w − η m̂ / (√v̂ + ε) | Kingma & Ba 2015 |
//!
//! with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ) and t the number of steps of the run. Defaults are PyTorch's: Adam ε 1e-8, Adagrad ε
//! 1e-10. Weight decay is the L2 term λ w added to the gradient, as in PyTorch's `Adam`, after clipping.
//!
//! On tables the updates are *lazy*: a row that no id of the batch touched keeps its weights and its moments, does not
//! decay, and its moments are as old as its last visit. That is the meaning of PyTorch's `SparseAdam`; where every row is
//! touched at every step it is Adam.

mod dense;
mod sparse;

pub use dense::DenseOptimizer;
pub(crate) use sparse::{RowState, SparseOptimizer};

use crate::Error;
use serde::{Deserialize, Serialize};

/// Which optimiser: `optimizer = { kind = "adam" }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Plain gradient descent; no state.
    Sgd,
    /// One accumulator per value.
    Adagrad {
        /// ε > 0.
        #[serde(default = "adagrad_epsilon")]
        epsilon: f32,
    },
    /// One accumulator per row of a table: 1/width of the state, for the largest tables.
    RowWiseAdagrad {
        /// ε > 0.
        #[serde(default = "adagrad_epsilon")]
        epsilon: f32,
    },
    /// Two moments per value.
    Adam {
        /// β₁ in [0, 1).
        #[serde(default = "beta_1")]
        beta_1: f32,
        /// β₂ in [0, 1).
        #[serde(default = "beta_2")]
        beta_2: f32,
        /// ε > 0.
        #[serde(default = "adam_epsilon")]
        epsilon: f32,
    },
}

fn adagrad_epsilon() -> f32 {
    1e-10
}

fn adam_epsilon() -> f32 {
    1e-8
}

fn beta_1() -> f32 {
    0.9
}

fn beta_2() -> f32 {
    0.999
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam { beta_1: beta_1(), beta_2: beta_2(), epsilon: adam_epsilon() }
    }
}

impl OptimizerConfig {
    /// Checks the ranges.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let refuse =
            |value: f32, mend| Err(Error::InvalidConfig { key: "trainer.optimizer", value: value.to_string(), mend });
        let positive = |number: f32| number.is_finite() && number > 0.0;
        match *self {
            Self::Adagrad { epsilon } | Self::RowWiseAdagrad { epsilon } | Self::Adam { epsilon, .. }
                if !positive(epsilon) =>
            {
                refuse(epsilon, "give an `epsilon` above 0")
            }
            Self::Adam { beta_1, beta_2, .. } => {
                match [beta_1, beta_2].into_iter().find(|beta| !(0.0..1.0).contains(beta)) {
                    Some(beta) => refuse(beta, "give `beta_1` and `beta_2` from 0 to below 1"),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// What Adam's moments are multiplied by at step t, from 1: η √(1 − β₂ᵗ) / (1 − β₁ᵗ), and what ε becomes, ε √(1 − β₂ᵗ).
///
/// η m̂ / (√v̂ + ε) = η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε √(1 − β₂ᵗ)).
fn bias_corrected(learning_rate: f64, beta_1: f32, beta_2: f32, epsilon: f32, step: u64) -> (f32, f32) {
    let remaining = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
    let root = remaining(beta_2).sqrt();
    ((learning_rate * root / remaining(beta_1)) as f32, (f64::from(epsilon) * root) as f32)
}
