//! `Trainer`: one optimiser step per batch, losses per epoch, and nothing else.
//!
//! The caller owns the loops: it draws batches, counts epochs, evaluates, keeps the best weights and decides to stop.
//!
//! ```text
//! for epoch in 0..config.epochs {
//!     for batch in batches { trainer.step(&batch)?; }      upload → losses → backward → clip → Adam
//!     let losses = trainer.finish_epoch()?;
//!     if better(evaluate(&trainer.snapshot())) { best = trainer.snapshot(); }
//! }
//! trainer.restore(best);
//! ```
//!
//! The loss minimised is Σₖ λₖ Lₖ, λₖ the task's loss weight and Lₖ its mean over the batch's labelled rows
//! ([`losses`](crate::MultiTaskModel::losses)). Losses stay on the device and are read every 64 steps: a step does not
//! wait for the device.
//!
//! The optimiser is Adam (Kingma & Ba 2015) with β₁ 0.9, β₂ 0.999 and ε 1e-8, PyTorch's defaults; burn's own ε is 1e-5.
//! Weight decay is the L2 term λ w added to the gradient, as in PyTorch's `Adam`.

use crate::gradient_clip::clip_global_norm;
use crate::{EpochLosses, Error, MultiTaskModel, Schedule, epoch_losses::LossLog, upload};
use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, decay::WeightDecayConfig};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use slatewise_features::Batch;

/// The section `[trainer]` of a configuration. The caller, who owns the loops, reads `epochs` too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainerConfig {
    /// Passes over the training rows, at least 1.
    pub epochs: usize,
    /// Adam's step size, above 0.
    pub learning_rate: f64,
    /// L2 term added to the gradient, ≥ 0.
    pub weight_decay: f64,
    /// Largest global norm of the gradient, above 0; none by default.
    pub gradient_clip_norm: Option<f64>,
    /// How the learning rate changes over the steps.
    pub schedule: Schedule,
}

impl Default for TrainerConfig {
    fn default() -> Self {
        Self {
            epochs: 3,
            learning_rate: 1e-3,
            weight_decay: 0.0,
            gradient_clip_norm: None,
            schedule: Schedule::default(),
        }
    }
}

impl TrainerConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the key.
    pub fn validate(&self) -> Result<(), Error> {
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let check = |sound: bool, key, value: &dyn ToString, mend| {
            if sound { Ok(()) } else { Err(Error::InvalidConfig { key, value: value.to_string(), mend }) }
        };
        check(self.epochs > 0, "trainer.epochs", &self.epochs, "give at least 1")?;
        let rate = self.learning_rate;
        check(positive(rate), "trainer.learning_rate", &rate, "give a number above 0, such as 0.001")?;
        let decay = self.weight_decay;
        check(decay == 0.0 || positive(decay), "trainer.weight_decay", &decay, "give a number of at least 0")?;
        let norm = self.gradient_clip_norm.unwrap_or(1.0);
        check(positive(norm), "trainer.gradient_clip_norm", &norm, "give a number above 0, or leave it out")?;
        self.schedule.validate()
    }
}

/// A model in training.
pub struct Trainer {
    model: MultiTaskModel,
    optimizer: ModuleOptimizer,
    config: TrainerConfig,
    device: Device,
    loss_weight: Tensor<1>,
    steps: usize,
    step: usize,
    log: LossLog,
}

impl Trainer {
    /// Takes a model into training on `device`, for `config.epochs` epochs of `steps_per_epoch` steps.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the key.
    pub fn new(
        model: MultiTaskModel,
        config: &TrainerConfig,
        steps_per_epoch: usize,
        device: &Device,
    ) -> Result<Self, Error> {
        config.validate()?;
        let device = device.clone().autodiff();
        let weights: Vec<f32> = model.spec().tasks.iter().map(|task| task.loss_weight).collect();
        let decay = (config.weight_decay > 0.0).then(|| WeightDecayConfig::new(config.weight_decay as f32));
        Ok(Self {
            loss_weight: Tensor::from_data(TensorData::new(weights, [model.spec().tasks.len()]), &device),
            log: LossLog::new(model.spec()),
            optimizer: AdamConfig::new().with_epsilon(1e-8).with_weight_decay(decay).init(),
            model: model.to_device(&device.clone().without_autodiff()).train(),
            config: config.clone(),
            device,
            steps: config.epochs * steps_per_epoch,
            step: 0,
        })
    }

    /// One step of the optimiser on one batch. A batch in which no label counts is only counted.
    ///
    /// # Errors
    /// Where the batch does not fit the model, the device fails, or a loss is NaN or infinite; the latter is found when
    /// the losses are read, up to 64 steps later, and names the step at which it happened.
    pub fn step(&mut self, batch: &Batch) -> Result<(), Error> {
        let (features, labels) = upload(&batch.features, Some(&batch.labels), self.model.spec(), &self.device)?;
        let Some(labels) = labels.filter(|labels| !labels.is_empty()) else {
            self.log.skip(features.rows);
            return Ok(());
        };
        let losses = self.model.losses(&features, &labels);
        let loss = (losses.clone() * self.loss_weight.clone()).sum();
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        if let Some(norm) = self.config.gradient_clip_norm {
            clip_global_norm(&mut gradients, &self.model, norm);
        }
        self.model = self.optimizer.step(self.learning_rate(), self.model.clone(), gradients);
        self.step += 1;
        self.log.push(losses.inner(), &labels.weight_sum, features.rows)
    }

    /// Closes the epoch: mean loss per task over its labelled rows.
    ///
    /// # Errors
    /// [`Error::NonFiniteLoss`], or [`Error::Device`] where the losses cannot be read.
    pub fn finish_epoch(&mut self) -> Result<EpochLosses, Error> {
        self.log.finish()
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        self.config.learning_rate * self.config.schedule.factor(self.step, self.steps)
    }

    /// A copy of the weights, on the device without gradients: what evaluation, a checkpoint and a ranker take.
    pub fn snapshot(&self) -> MultiTaskModel {
        self.model.valid()
    }

    /// Puts back weights taken by [`snapshot`](Self::snapshot); the optimiser's moments stay as they are.
    pub fn restore(&mut self, model: MultiTaskModel) {
        self.model = model.train();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound_and_every_key_is_checked() {
        let message = |change: fn(&mut TrainerConfig)| {
            let mut config = TrainerConfig::default();
            change(&mut config);
            config.validate().err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(message(|_| ()), "");
        assert_eq!(message(|config| config.epochs = 0), "`trainer.epochs` is 0: give at least 1");
        assert!(message(|config| config.learning_rate = -1.0).starts_with("`trainer.learning_rate` is -1"));
        assert!(message(|config| config.weight_decay = f64::INFINITY).starts_with("`trainer.weight_decay` is inf"));
        assert!(message(|config| config.gradient_clip_norm = Some(0.0)).contains("gradient_clip_norm"));
        assert!(message(|config| config.schedule = Schedule::Constant { warm_up: 2.0 }).contains("warm_up"));
    }
}
