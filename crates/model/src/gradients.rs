//! Gradients of one loss or of each task's, in network and input, and their inner products.
//!
//! ```text
//! loss ──► backward ──► network: a tensor per parameter     (shared: trunk; own: towers and wide parts)
//!                  └──► input:   ∂ loss / ∂ x [B, input]    stands for the embedding tables, which x was gathered from
//! ```
//!
//! A task's gradient on shared parameters is that of the trunk and of the input. Counting the input and not the tables saves summing
//! duplicates per task, and is the same where no id comes twice in a batch.

use crate::balance::{GradientConflict, Gram, StepWeights};
use crate::embedding::SparseGradient;
use crate::error::device_error;
use crate::gradient_clip::global_norm;
use crate::labels::upload_labels;
use crate::multi_task::Network;
use crate::upload::{check_features, upload_features};
use crate::weights::{name_in_file, network_tensors};
use crate::{DeviceFeatures, DeviceLabels, Error, MultiTaskModel, NamedTensor};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use slatewise_features::Batch;
use std::collections::BTreeMap;

/// The gradient of a loss.
pub(crate) struct StepGradients {
    /// `[rows, input]` of each part of the batch, in the order of its rows.
    pub(crate) input: Vec<Tensor<2>>,
    pub(crate) network: GradientsParams,
}

impl StepGradients {
    /// The gradient of `loss` `[1]`, computed from `features`, whose x keeps gradients.
    pub(crate) fn of(loss: &Tensor<1>, features: &DeviceFeatures, network: &Network) -> Self {
        let mut gradients = loss.backward();
        let input = features.x.grad_remove(&mut gradients).unwrap_or_else(|| features.x.clone().inner().zeros_like());
        Self { input: vec![input], network: GradientsParams::from_grads(gradients, network) }
    }

    /// The gradient where no label counts.
    pub(crate) fn none(features: &DeviceFeatures) -> Self {
        Self { input: vec![features.x.clone().inner().zeros_like()], network: GradientsParams::new() }
    }

    /// One gradient per task, [`none`](Self::none) where it has no label. The graph of a loss is used up by its backward
    /// pass, so there is a forward pass per task.
    pub(crate) fn per_task(model: &MultiTaskModel, features: &DeviceFeatures, labels: &DeviceLabels) -> Vec<Self> {
        let of_task = |(task, &weight): (usize, &f64)| {
            if weight == 0.0 {
                return Self::none(features);
            }
            let loss = model.losses(features, labels).narrow(0, task, 1);
            Self::of(&loss, features, &model.network)
        };
        labels.weight_sum.iter().enumerate().map(of_task).collect()
    }

    /// The Euclidean norm over network and input. Waits for the device.
    pub(crate) fn norm(&self, network: &Network) -> Result<f64, Error> {
        let mut of_input = 0.0;
        for input in &self.input {
            let squares = input.clone().square().sum().try_into_data().map_err(device_error)?;
            of_input += squares.iter::<f64>().sum::<f64>();
        }
        global_norm(&self.network, network, of_input)
    }

    /// Inner products of the tasks' gradients on shared parameters; 0 for a task without labels. Waits for the device.
    pub(crate) fn gram(tasks: &[Option<Self>], network: &Network) -> Result<Gram, Error> {
        let count = tasks.len();
        let mut products = vec![0.0; count * count];
        for first in 0..count {
            for second in first..count {
                let (Some(a), Some(b)) = (&tasks[first], &tasks[second]) else { continue };
                let mut dot = Dot { a: &a.network, b: &b.network, sum: None };
                network.trunk.visit(&mut dot);
                a.input.iter().zip(&b.input).for_each(|(a, b)| dot.add(a.clone() * b.clone()));
                let value = match dot.sum {
                    Some(sum) => sum.try_into_data().map_err(device_error)?.iter::<f64>().sum(),
                    None => 0.0,
                };
                (products[first * count + second], products[second * count + first]) = (value, value);
            }
        }
        Ok(Gram::new(count, products))
    }

    /// Σₖ wₖ gₖ, with one weight on shared parameters and another on a task's own.
    pub(crate) fn combine(tasks: Vec<Option<Self>>, weights: &StepWeights, network: &Network) -> Self {
        let mut sum = Self { input: Vec::new(), network: GradientsParams::new() };
        for (task, gradients) in tasks.into_iter().enumerate() {
            let Some(mut gradients) = gradients else { continue };
            let weighted = gradients.input.into_iter().map(|input| input * weights.shared[task]);
            sum.input = match sum.input.is_empty() {
                true => weighted.collect(),
                false => sum.input.into_iter().zip(weighted).map(|(sum, input)| sum + input).collect(),
            };
            let mut add = Add { from: &mut gradients.network, to: &mut sum.network, weight: weights.shared[task] };
            network.trunk.visit(&mut add);
            add.weight = weights.own[task];
            network.tower.visit(&mut add);
            network.wide.visit(&mut add);
        }
        sum
    }

    /// The gradient of a batch from those of its parts, in the order of its rows.
    pub(crate) fn join(parts: Vec<Self>, network: &Network) -> Self {
        let mut parts = parts.into_iter();
        let empty = Self { input: Vec::new(), network: GradientsParams::new() };
        let mut joined = parts.next().unwrap_or(empty);
        for mut part in parts {
            joined.input.append(&mut part.input);
            network.visit(&mut Add { from: &mut part.network, to: &mut joined.network, weight: 1.0 });
        }
        joined
    }

    /// [`join`](Self::join) of each task's gradients, given per part of the batch and task; `None` where a task is not
    /// labelled in the batch.
    pub(crate) fn join_tasks(parts: Vec<Vec<Self>>, labelled: &[bool], network: &Network) -> Vec<Option<Self>> {
        let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
        let of_task = |&labelled: &bool| {
            let of_task = parts.iter_mut().filter_map(Iterator::next).collect();
            labelled.then(|| Self::join(of_task, network))
        };
        labelled.iter().map(of_task).collect()
    }
}

impl MultiTaskModel {
    /// The gradient of Σ loss weight · task loss on a batch, by the weights' names; zero where a weight had no part.
    ///
    /// # Errors
    /// Where the batch does not fit the model, or the device fails.
    pub fn gradients(&self, batch: &Batch, device: &Device) -> Result<BTreeMap<String, NamedTensor>, Error> {
        let (model, features, labels) = self.in_training(batch, device)?;
        let weights: Vec<f32> = self.spec().tasks.iter().map(|task| task.loss_weight).collect();
        let loss = model.losses(&features, &labels) * Tensor::from_floats(weights.as_slice(), &features.device);
        let gradients = StepGradients::of(&loss.sum(), &features, &model.network);
        let mut of_tables = Vec::new();
        let input = host_rows(gradients.input)?;
        self.embedding.collect(&self.embedding.rows_of(&batch.features.ids), &input, &mut of_tables);
        let named = network_gradients(model.network, gradients.network)?;
        let mut named: BTreeMap<String, NamedTensor> =
            named.into_iter().map(|(name, tensor)| (name_in_file(&name), tensor)).collect();
        for (name, (rows, width), sum) in self.embedding.named(&of_tables) {
            named.insert(name, NamedTensor { shape: vec![rows, width], values: sum.dense(rows) });
        }
        Ok(named)
    }

    /// How the tasks' gradients on shared parameters lie to each other, over some batches.
    ///
    /// # Errors
    /// Where a batch does not fit the model, or the device fails.
    pub fn gradient_conflict(&self, batches: &[Batch], device: &Device) -> Result<GradientConflict, Error> {
        let mut conflict = GradientConflict::new(self.spec().tasks.len());
        for batch in batches {
            let (model, features, labels) = self.in_training(batch, device)?;
            let tasks = StepGradients::per_task(&model, &features, &labels).into_iter().zip(&labels.weight_sum);
            let tasks: Vec<_> = tasks.map(|(gradients, &weight)| (weight > 0.0).then_some(gradients)).collect();
            conflict.push(&StepGradients::gram(&tasks, &model.network)?);
        }
        Ok(conflict)
    }

    fn in_training(&self, batch: &Batch, device: &Device) -> Result<(Self, DeviceFeatures, DeviceLabels), Error> {
        check_features(&batch.features, self.spec())?;
        let (plain, device) = (device.clone().without_autodiff(), device.clone().autodiff());
        let model = self.valid_on(&plain).train();
        let labels = upload_labels(&batch.labels, batch.features.rows, self.spec(), &device)?;
        let rows = self.embedding.rows_of(&batch.features.ids);
        let mut features = upload_features(&batch.features, &rows, &model, &device);
        features.x = features.x.require_grad();
        Ok((model, features, labels))
    }

    /// A copy without gradients on a device.
    fn valid_on(&self, device: &Device) -> Self {
        self.clone().to_device(device)
    }
}

/// The rows of several device tensors, one after the other.
pub(crate) fn host_rows(parts: Vec<Tensor<2>>) -> Result<Vec<f32>, Error> {
    let mut rows = Vec::new();
    for part in parts {
        let data = part.try_into_data().map_err(device_error)?;
        match rows.is_empty() {
            true => rows = data.try_into_vec::<f32>().map_err(device_error)?,
            false => rows.extend_from_slice(data.as_slice::<f32>().map_err(device_error)?),
        }
    }
    Ok(rows)
}

/// A network's gradients by its weights' names; zero where a weight had no part.
pub(crate) fn network_gradients<M: Module>(
    network: M,
    gradients: GradientsParams,
) -> Result<BTreeMap<String, NamedTensor>, Error> {
    network_tensors(&network.map(&mut Replace { gradients }).valid())
}

impl SparseGradient {
    /// The gradient of a whole table of `rows` rows.
    fn dense(&self, rows: usize) -> Vec<f32> {
        let width = self.sum.len().checked_div(self.unique.len()).unwrap_or(self.width);
        let mut values = vec![0.0; rows * width];
        for (&row, sum) in self.unique.iter().zip(self.sum.chunks_exact(width.max(1))) {
            values[row as usize * width..][..width].copy_from_slice(sum);
        }
        values
    }
}

/// Σ over parameters of aᵀb.
struct Dot<'a> {
    a: &'a GradientsParams,
    b: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl Dot<'_> {
    fn add<const D: usize>(&mut self, product: Tensor<D>) {
        // Row by row first: a single sum over millions of values is split by the number of threads.
        let sum = product.sum_dim(D - 1).sum();
        self.sum = Some(self.sum.take().map_or(sum.clone(), |total| total + sum));
    }
}

impl ModuleVisitor for Dot<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let (Some(a), Some(b)) = (self.a.get::<D>(param.id), self.b.get::<D>(param.id)) {
            self.add(a * b);
        }
    }
}

/// to ← to + weight · from
struct Add<'a> {
    from: &'a mut GradientsParams,
    to: &'a mut GradientsParams,
    weight: f64,
}

impl ModuleVisitor for Add<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.from.remove::<D>(param.id) {
            let weighted = if self.weight == 1.0 { gradient } else { gradient * self.weight };
            let sum = match self.to.remove::<D>(param.id) {
                Some(sum) => sum + weighted,
                None => weighted,
            };
            self.to.register(param.id, sum);
        }
    }
}

/// Puts gradients where the weights were.
struct Replace {
    gradients: GradientsParams,
}

impl ModuleMapper for Replace {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let gradient = self.gradients.remove::<D>(param.id);
        param.map(|weight| match gradient {
            Some(gradient) => Tensor::from_inner(gradient),
            None => weight.zeros_like(),
        })
    }
}
