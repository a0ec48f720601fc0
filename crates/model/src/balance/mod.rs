//! `Balance`: how much each task's gradient counts in a step, so that no task learns at the others' cost.
//!
//! Every method here is one function on the host, from numbers to numbers: it sees the losses Lₖ of a step and, where
//! it asks for them, the inner products gᵢ·gⱼ of the tasks' gradients on the parameters they share; it says the weight
//! of each task. Not even gradient surgery needs the gradients themselves: whatever it does to them ends as a weighted
//! sum.
//!
//! ```text
//! losses [T] ───────────┐                    shared [T]:  Σₖ sharedₖ gₖ   on the trunk and the embeddings
//! labelled [T] ─────────┼──► weights() ──►
//! Gram matrix [T, T] ───┘                    own [T]:     ownₖ ∇Lₖ        on the task's own tower
//! ```
//!
//! | `kind` | the weight of a task follows | needs gradients | file |
//! |---|---|---|---|
//! | `fixed` | what the configuration says | no | `fixed.rs` |
//! | `uncertainty` | its loss: about 1/(2L) | no | `uncertainty.rs` |
//! | `grad_norm` | its gradient's norm and how fast it learns | yes | `grad_norm.rs` |
//! | `dwa` | how fast its loss fell from epoch to epoch | no | `dwa.rs` |
//! | `pc_grad` | what of its gradient the other tasks can bear | yes | `pc_grad.rs` |
//!
//! The declared loss weights multiply what a method says: they are what somebody wants, a method is how to get there.
//!
//! A method is a file of this folder: its config, its state, its [`TaskBalance`]. To add one, write the file, and add
//! its variant to [`BalanceConfig`] and [`Balance`] and to `every_kind()` in `tests.rs`.

mod conflict;
mod dwa;
mod fixed;
mod grad_norm;
mod gram;
mod pc_grad;
mod scalar_adam;
mod uncertainty;

#[cfg(test)]
mod tests;

pub use conflict::{GradientConflict, PairConflict};
pub use dwa::{DwaConfig, DynamicWeightAverage};
pub use fixed::FixedWeights;
pub use grad_norm::{GradNorm, GradNormConfig};
pub use gram::Gram;
pub use pc_grad::PcGrad;
pub use uncertainty::{UncertaintyConfig, UncertaintyWeights};

use crate::Error;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What a step tells a balancing method.
#[derive(Debug, Clone, Copy)]
pub struct StepSignals<'a> {
    /// Mean loss of each task on this batch, unweighted, `[T]`; not looked at unless
    /// [`needs_losses`](TaskBalance::needs_losses).
    pub losses: &'a [f64],
    /// Whether any label of the task counted, `[T]`.
    pub labelled: &'a [bool],
    /// Inner products of the tasks' unweighted gradients on the shared parameters, `[T, T]`; not looked at unless
    /// [`needs_gradients`](TaskBalance::needs_gradients).
    pub gram: Option<&'a Gram>,
}

/// What the gradients of a step are multiplied by.
#[derive(Debug, Clone, PartialEq)]
pub struct StepWeights {
    /// Weight of each task's gradient on the shared parameters, `[T]`.
    pub shared: Vec<f64>,
    /// Weight of each task's gradient on its own parameters, `[T]`; equal to `shared` but for gradient surgery.
    pub own: Vec<f64>,
}

impl StepWeights {
    /// The same weights everywhere: a step may then go backwards once, through Σₖ wₖ Lₖ.
    pub(crate) fn everywhere(weights: Vec<f64>) -> Self {
        Self { shared: weights.clone(), own: weights }
    }
}

/// A way to weigh the tasks, step by step.
pub trait TaskBalance {
    /// Whether [`weights`](Self::weights) looks at the losses: they must then be read from the device at every step.
    fn needs_losses(&self) -> bool;

    /// Whether [`weights`](Self::weights) looks at the Gram matrix: a step then goes backwards once per task.
    fn needs_gradients(&self) -> bool;

    /// The weights of this step, finite whatever the signals; what the method learns from the step counts from the next
    /// one on.
    ///
    /// # Errors
    /// [`Error::NonFiniteSignal`], naming the task by its position from 0, where a loss or a gradient is NaN or infinite;
    /// [`Error::InvalidConfig`] where a Gram matrix was asked for and there is none. The state is then as before.
    fn weights(&mut self, step: &StepSignals<'_>) -> Result<StepWeights, Error>;

    /// Closes an epoch: mean loss of each task over its labelled rows, unweighted, `[T]`; `None` where there were none.
    fn end_of_epoch(&mut self, mean_losses: &[Option<f64>]);
}

/// Which method, and its settings: `balance = { kind = "grad_norm", alpha = 1.5 }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BalanceConfig {
    /// The declared loss weights throughout.
    Fixed {},
    /// Weights learnt from the losses.
    Uncertainty(UncertaintyConfig),
    /// Weights learnt from the gradients' norms.
    GradNorm(GradNormConfig),
    /// Weights from the losses of the last two epochs.
    Dwa(DwaConfig),
    /// Gradients without what conflicts with other tasks.
    PcGrad {},
}

impl Default for BalanceConfig {
    fn default() -> Self {
        Self::Fixed {}
    }
}

impl BalanceConfig {
    /// A method at its start, for tasks of these declared loss weights, `[T]`, ≥ 0. The generator is for gradient
    /// surgery, which draws the order of its projections.
    pub fn init(&self, loss_weight: &[f32], rng: ChaCha8Rng) -> Balance {
        let declared = loss_weight.iter().map(|&weight| f64::from(weight)).collect();
        match self {
            Self::Fixed {} => Balance::Fixed(FixedWeights::new(declared)),
            Self::Uncertainty(config) => Balance::Uncertainty(UncertaintyWeights::new(config, declared)),
            Self::GradNorm(config) => Balance::GradNorm(GradNorm::new(config, declared)),
            Self::Dwa(config) => Balance::Dwa(DynamicWeightAverage::new(config, declared)),
            Self::PcGrad {} => Balance::PcGrad(PcGrad::new(declared, rng)),
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the key.
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Fixed {} | Self::PcGrad {} => Ok(()),
            Self::Uncertainty(config) => config.validate(),
            Self::GradNorm(config) => config.validate(),
            Self::Dwa(config) => config.validate(),
        }
    }
}

/// A method in training: all that its next weights depend on, so that a saved one goes on as if nothing had happened.
///
/// A format must keep floats exactly, as TOML does here; plain JSON may lose the last bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a training holds one")]
pub enum Balance {
    /// The declared loss weights throughout.
    Fixed(FixedWeights),
    /// Weights learnt from the losses.
    Uncertainty(UncertaintyWeights),
    /// Weights learnt from the gradients' norms.
    GradNorm(GradNorm),
    /// Weights from the losses of the last two epochs.
    Dwa(DynamicWeightAverage),
    /// Gradients without what conflicts with other tasks.
    PcGrad(PcGrad),
}

impl Balance {
    fn method(&self) -> &dyn TaskBalance {
        match self {
            Self::Fixed(method) => method,
            Self::Uncertainty(method) => method,
            Self::GradNorm(method) => method,
            Self::Dwa(method) => method,
            Self::PcGrad(method) => method,
        }
    }

    fn method_mut(&mut self) -> &mut dyn TaskBalance {
        match self {
            Self::Fixed(method) => method,
            Self::Uncertainty(method) => method,
            Self::GradNorm(method) => method,
            Self::Dwa(method) => method,
            Self::PcGrad(method) => method,
        }
    }
}

impl TaskBalance for Balance {
    fn needs_losses(&self) -> bool {
        self.method().needs_losses()
    }

    fn needs_gradients(&self) -> bool {
        self.method().needs_gradients()
    }

    fn weights(&mut self, step: &StepSignals<'_>) -> Result<StepWeights, Error> {
        self.method_mut().weights(step)
    }

    fn end_of_epoch(&mut self, mean_losses: &[Option<f64>]) {
        self.method_mut().end_of_epoch(mean_losses);
    }
}

impl<'a> StepSignals<'a> {
    /// Whether each of `tasks` tasks is labelled.
    fn labelled(&self, tasks: usize) -> &'a [bool] {
        assert_eq!(self.labelled.len(), tasks, "one entry of `labelled` per task");
        self.labelled
    }

    /// The losses of `tasks` tasks, all of them finite.
    fn losses(&self, tasks: usize) -> Result<&'a [f64], Error> {
        assert_eq!(self.losses.len(), tasks, "one loss per task");
        refuse(self.losses.iter().position(|loss| !loss.is_finite()), "loss")?;
        Ok(self.losses)
    }

    /// The Gram matrix of `tasks` tasks, all of it finite.
    fn gram(&self, tasks: usize, kind: &'static str) -> Result<&'a Gram, Error> {
        let Some(gram) = self.gram else {
            let mend = "this method works on the tasks' gradients, and the step has none: ask `needs_gradients` first";
            return Err(Error::InvalidConfig { key: "trainer.balance.kind", value: kind.into(), mend });
        };
        assert_eq!(gram.tasks(), tasks, "one gradient per task");
        refuse(gram.first_not_finite(), "gradient")?;
        Ok(gram)
    }
}

fn refuse(task: Option<usize>, quantity: &'static str) -> Result<(), Error> {
    task.map_or(Ok(()), |task| Err(Error::NonFiniteSignal { task, quantity }))
}

/// Refuses a setting that is not a finite number above 0.
fn above_zero(key: &'static str, value: f64, mend: &'static str) -> Result<(), Error> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::InvalidConfig { key, value: value.to_string(), mend })
}
