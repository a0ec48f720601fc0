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

use crate::backward::{Backward, backward, with_task};
use crate::balance::{Balance, TaskBalance};
use crate::batch_parts::BatchParts;
use crate::embedding::{SparseGradient, squares};
use crate::epoch_losses::LossLog;
use crate::gradient_clip::{clip_factor, global_norm, is_finite, scale};
use crate::gradients::{StepGradients, host_rows};
use crate::labels::CheckedLabels;
use crate::optimizer::{DenseOptimizer, RowState, SparseOptimizer};
use crate::upload::check_features;
use crate::{BatchPlace, EpochLosses, Error, MultiTaskModel, TrainerConfig};
use burn::tensor::Device;
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
        let spec = self.model.shared_spec();
        check_features(&batch.features, &spec)?;
        let labels = CheckedLabels::new(&batch.labels, batch.features.rows, &spec)?;
        if labels.is_empty() {
            self.log.skip(batch.features.rows);
            return Ok(());
        }
        self.model.embedding.meet(&batch.features.ids);
        let rows = self.model.embedding.rows_of(&batch.features.ids);
        let parts = BatchParts::new(batch, &labels, &rows, &self.model, &self.device);
        let Backward { losses, read, gradients } = backward(&parts, &mut self.balance, &self.log, self.on_host)?;
        if let Err(error) = self.apply(&rows, gradients) {
            let parts = BatchParts::new(batch, &labels, &rows, &self.model, &self.device);
            return Err(with_task(error, &parts));
        }
        match read {
            Some(losses) => self.log.record(&losses, &labels.weight_sum, batch.features.rows),
            None => self.log.push(losses, &labels.weight_sum, batch.features.rows, place)?,
        }
        Ok(())
    }

    /// Moves network and tables along their gradients; moves nothing where a gradient was found not to be finite.
    fn apply(&mut self, rows: &[u32], gradients: StepGradients) -> Result<(), Error> {
        let StepGradients { input, network: mut gradients } = gradients;
        let input = host_rows(input)?;
        let mut finite = !self.on_host || input.iter().fold(true, |finite, value| finite & value.is_finite());
        self.model.embedding.collect(rows, &input, &mut self.row_gradient);
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
