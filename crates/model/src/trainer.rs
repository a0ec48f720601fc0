//! `Trainer`: one optimiser step per batch, losses per epoch, and nothing else.
//!
//! The caller owns the loops: it draws batches, counts epochs, evaluates, keeps the best weights and decides to stop.
//!
//! ```text
//! for epoch in 0..config.epochs {
//!     for batch in batches { trainer.step(&batch)?; }      gather → upload → losses → backward → clip → optimiser
//!     let losses = trainer.finish_epoch()?;
//!     if better(evaluate(&trainer.snapshot())) { best = trainer.snapshot(); }
//! }
//! trainer.restore(best);
//! ```
//!
//! The loss minimised is Σₖ λₖ Lₖ, Lₖ a task's mean over the batch's labelled rows ([`losses`](crate::MultiTaskModel::losses)) and λₖ its
//! loss weight, or what the declared balancing makes of it ([`BalanceConfig`](crate::BalanceConfig)).
//!
//! # When a training goes astray
//! A loss that is NaN, infinite or above `max_loss` ends the training with its task, its batch and the mend.
//!
//! | device | losses are read | gradients are checked | what a bad batch leaves behind |
//! |---|---|---|---|
//! | CPU, where reading costs nothing | at every step, before the backward pass | at every step | the weights of the step before |
//! | GPU | 64 steps at a time, or at every step where the balancing looks at them | where they are clipped or balanced by gradients | weights up to 64 steps further; the batch named is the right one |
//!
//! What does come back from any device at every step is the gradient of the input, because the embedding tables lie in the
//! host's memory.

use crate::balance::{Balance, StepSignals, TaskBalance};
use crate::embedding::{SparseGradient, squares};
use crate::epoch_losses::LossLog;
use crate::error::device_error;
use crate::gradient_clip::{clip_factor, global_norm, is_finite, scale};
use crate::gradients::StepGradients;
use crate::labels::upload_labels;
use crate::optimizer::{DenseOptimizer, RowState, SparseOptimizer};
use crate::upload::{check_features, upload_features};
use crate::{BatchPlace, DeviceFeatures, DeviceLabels, EpochLosses, Error, MultiTaskModel, TrainerConfig};
use burn::tensor::{Device, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_features::Batch;

/// A model in training.
pub struct Trainer {
    pub(crate) model: MultiTaskModel,
    pub(crate) optimizer: DenseOptimizer,
    pub(crate) row_state: Vec<RowState>,
    row_gradient: Vec<SparseGradient>,
    pub(crate) config: TrainerConfig,
    device: Device,
    /// Whether reading from the device costs nothing.
    on_host: bool,
    pub(crate) balance: Balance,
    pub(crate) steps: usize,
    pub(crate) step: usize,
    pub(crate) log: LossLog,
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
        Ok(Self {
            balance: config.balance.init(&weights, ChaCha8Rng::seed_from_u64(config.balance_seed)),
            log: LossLog::new(model.spec(), config.max_loss),
            optimizer: DenseOptimizer::new(config.optimizer, config.weight_decay),
            row_state: model.embedding.fresh_state(&config.tables_optimizer()),
            row_gradient: Vec::new(),
            model: model.to_device(&device.clone().without_autodiff()).train(),
            config: config.clone(),
            on_host: device == Device::flex(),
            device,
            steps: config.epochs * steps_per_epoch,
            step: 0,
        })
    }

    /// One step of the optimiser on one batch. A batch in which no label counts is only counted.
    ///
    /// # Errors
    /// [`Error::AtBatch`], which says where the training stood: the batch does not fit the model, the device fails, or
    /// [`Error::NonFiniteLoss`], [`Error::LossTooLarge`] or [`Error::NonFiniteGradient`]. On the CPU weights, optimiser and
    /// [`steps_taken`](Self::steps_taken) are then those of the step before; on a GPU losses are read in blocks, so that the
    /// error may come up to 64 steps late, naming the batch at which it happened.
    pub fn step(&mut self, batch: &Batch) -> Result<(), Error> {
        let place = self.log.begin(self.step + 1);
        self.take(batch, place).map_err(|error| error.at(place))
    }

    fn take(&mut self, batch: &Batch, place: BatchPlace) -> Result<(), Error> {
        let spec = self.model.spec();
        check_features(&batch.features, spec)?;
        let labels = upload_labels(&batch.labels, batch.features.rows, spec, &self.device)?;
        if labels.is_empty() {
            self.log.skip(batch.features.rows);
            return Ok(());
        }
        self.model.embedding.meet(&batch.features.ids);
        let rows = self.model.embedding.rows_of(&batch.features.ids);
        let mut features = upload_features(&batch.features, &rows, &self.model, &self.device);
        features.x = features.x.require_grad();

        let losses = self.model.losses(&features, &labels);
        let on_device = losses.clone().inner();
        let mut read = None;
        if self.on_host || self.balance.needs_losses() {
            let losses: Vec<f32> = on_device.clone().try_into_data().map_err(device_error)?.iter::<f32>().collect();
            self.log.check(&losses)?;
            read = Some(losses);
        }
        let gradients = self.backward(losses, read.as_deref(), &features, &labels)?;
        self.apply(&rows, gradients).map_err(|error| self.with_task(error, &features, &labels))?;
        match read {
            Some(losses) => self.log.record(&losses, &labels.weight_sum, features.rows),
            None => self.log.push(on_device, &labels.weight_sum, features.rows, place)?,
        }
        Ok(())
    }

    /// The gradient of the losses' sum as the balancing weighs them; `read` are the losses `[T]` where they were read.
    fn backward(
        &mut self,
        losses: Tensor<1>,
        read: Option<&[f32]>,
        features: &DeviceFeatures,
        labels: &DeviceLabels,
    ) -> Result<StepGradients, Error> {
        let network = &self.model.network;
        let labelled: Vec<bool> = labels.weight_sum.iter().map(|&sum| sum > 0.0).collect();
        let known: Vec<f64> = match read {
            Some(losses) => losses.iter().map(|&loss| f64::from(loss)).collect(),
            None => vec![0.0; labelled.len()],
        };
        if !self.balance.needs_gradients() {
            let signals = StepSignals { losses: &known, labelled: &labelled, gram: None };
            let weights: Vec<f32> =
                self.balance.weights(&signals)?.shared.iter().map(|&weight| weight as f32).collect();
            let weights = Tensor::from_floats(weights.as_slice(), &features.device);
            return Ok(StepGradients::of(&(losses * weights).sum(), features, network));
        }
        let tasks = StepGradients::per_task(&self.model, features, labels);
        let gram = StepGradients::gram(&tasks, network)?;
        if let Some(task) = gram.first_not_finite() {
            return Err(Error::NonFiniteGradient { task: Some(self.task_name(task)) });
        }
        let signals = StepSignals { losses: &known, labelled: &labelled, gram: Some(&gram) };
        let weights = self.balance.weights(&signals)?;
        Ok(StepGradients::combine(tasks, &weights, network))
    }

    /// Moves network and tables along their gradients; moves nothing where a gradient was found not to be finite.
    fn apply(&mut self, rows: &[u32], gradients: StepGradients) -> Result<(), Error> {
        let StepGradients { input, network: mut gradients } = gradients;
        let mut finite = true;
        if let Some(of_input) = input {
            let data = of_input.try_into_data().map_err(device_error)?;
            let values = data.as_slice::<f32>().map_err(device_error)?;
            finite = !self.on_host || values.iter().fold(true, |finite, value| finite & value.is_finite());
            self.model.embedding.collect(rows, values, &mut self.row_gradient);
        }
        if self.on_host {
            finite = finite && is_finite(&gradients, &self.model.network)?;
        }
        let mut factor = 1.0;
        if let (true, Some(max_norm)) = (finite, self.config.gradient_clip_norm) {
            let norm = global_norm(&gradients, &self.model.network, squares(&self.row_gradient))?;
            (finite, factor) = (norm.is_finite(), clip_factor(norm, max_norm));
        }
        if !finite {
            return Err(Error::NonFiniteGradient { task: None });
        }
        scale(&mut gradients, &self.model.network, factor);
        let (rate, step) = (self.learning_rate(), self.step as u64 + 1);
        self.model.network = self.optimizer.step(self.model.network.clone(), &mut gradients, rate, step);
        let tables = self.config.tables_optimizer();
        let sparse = SparseOptimizer::new(tables, rate, self.config.weight_decay, factor, step);
        self.model.embedding.update(&mut self.row_gradient, &mut self.row_state, &sparse, step);
        self.step += 1;
        Ok(())
    }

    /// Looks for a task whose gradient alone is not finite, at the price of a backward pass per task.
    fn with_task(&self, error: Error, features: &DeviceFeatures, labels: &DeviceLabels) -> Error {
        if !matches!(error, Error::NonFiniteGradient { task: None }) {
            return error;
        }
        let network = &self.model.network;
        let tasks = StepGradients::per_task(&self.model, features, labels);
        let astray = |task: usize| {
            let norm = tasks[task].as_ref().map_or(Ok(0.0), |gradients| gradients.norm(network));
            let weight = self.model.spec().tasks[task].loss_weight;
            norm.is_ok_and(|norm| !((norm * f64::from(weight)) as f32).is_finite())
        };
        Error::NonFiniteGradient { task: (0..tasks.len()).find(|&task| astray(task)).map(|task| self.task_name(task)) }
    }

    fn task_name(&self, task: usize) -> String {
        self.model.spec().tasks[task].name.clone()
    }

    /// Steps of the optimiser taken so far.
    pub fn steps_taken(&self) -> usize {
        self.step
    }

    /// Closes the epoch: mean loss per task over its labelled rows.
    ///
    /// # Errors
    /// Where losses still waited on the device: [`Error::AtBatch`] with [`Error::NonFiniteLoss`] or [`Error::LossTooLarge`],
    /// or [`Error::Device`].
    pub fn finish_epoch(&mut self) -> Result<EpochLosses, Error> {
        let losses = self.log.finish()?;
        let means: Vec<Option<f64>> = losses.tasks.iter().map(|task| task.mean).collect();
        self.balance.end_of_epoch(&means);
        Ok(losses)
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
