//! `DeviceLabels`: what the losses need of a batch's labels, on the device.
//!
//! ```text
//! LabelBatch    columns of binary tasks ──► value, weight [B, T_binary]
//!               a choice's rows of weight > 0 ──► rows [R], target [R, 1], weight [R, 1]
//! ```
//!
//! Each task's weights are divided here, in f64, by their sum over the batch, so that a loss on the device is a weighted
//! sum, and its mean over an epoch is Σ loss · weight_sum / Σ weight_sum.

use crate::upload::check_size;
use crate::{Error, ModelSpec, TaskRows};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slatewise_data::TaskKind;
use slatewise_features::LabelBatch;

/// Labels on the device.
#[derive(Debug, Clone)]
pub struct DeviceLabels {
    /// Labels of the binary tasks; `None` where there are none.
    pub binary: Option<BinaryLabels>,
    /// Per choice task; `None` where no row's label counts.
    pub choice: Vec<Option<ChoiceLabels>>,
    /// Per task of the model: sum of its weights over the batch, before they were divided by it.
    pub weight_sum: Vec<f64>,
}

/// Labels of all binary tasks, columns in the order of [`ModelSpec::binary_tasks`].
#[derive(Debug, Clone)]
pub struct BinaryLabels {
    /// `[B, T]`, 0 or 1.
    pub value: Tensor<2>,
    /// `[B, T]`, each column sums to 1, or to 0 where no label counts.
    pub weight: Tensor<2>,
}

/// Labels of one choice task, on the rows where it counts.
#[derive(Debug, Clone)]
pub struct ChoiceLabels {
    /// `[R]`, indices into the batch.
    pub rows: Tensor<1, Int>,
    /// `[R, 1]`, the item chosen.
    pub target: Tensor<2, Int>,
    /// `[R, 1]`, sums to 1.
    pub weight: Tensor<2>,
}

/// Takes labels to `device`, after every one that counts was found to be one its task can have.
pub(crate) fn upload_labels(
    batch: &LabelBatch,
    rows: usize,
    spec: &ModelSpec,
    device: &Device,
) -> Result<DeviceLabels, Error> {
    let tasks = spec.tasks.len();
    check_size("labels", rows, tasks, batch.value.len())?;
    check_size("label weights", rows, tasks, batch.weight.len())?;
    let weight_sum = checked_weight_sums(batch, spec)?;
    let column = |row: usize, task: usize| row * tasks + task;
    let share = |row, task: usize| (f64::from(batch.weight[column(row, task)]) / weight_sum[task]) as f32;

    let binary_tasks = spec.binary_tasks();
    let mut value = Vec::with_capacity(rows * binary_tasks.len());
    let mut weight = Vec::with_capacity(rows * binary_tasks.len());
    for row in 0..rows {
        for &task in &binary_tasks {
            let counts = batch.weight[column(row, task)] > 0.0;
            value.push(if counts { batch.value[column(row, task)] } else { 0.0 });
            weight.push(if counts { share(row, task) } else { 0.0 });
        }
    }
    let shape = [rows, binary_tasks.len()];
    let binary = (!binary_tasks.is_empty()).then(|| BinaryLabels {
        value: Tensor::from_data(TensorData::new(value, shape), device),
        weight: Tensor::from_data(TensorData::new(weight, shape), device),
    });
    let choice = spec.choice_tasks().into_iter().map(|task| {
        let counted: Vec<usize> = (0..rows).filter(|&row| batch.weight[column(row, task)] > 0.0).collect();
        let target = counted.iter().map(|&row| batch.value[column(row, task)] as i32).collect();
        let weight = counted.iter().map(|&row| share(row, task)).collect();
        ChoiceLabels::new(&counted, target, weight, device)
    });
    Ok(DeviceLabels { binary, choice: choice.collect(), weight_sum })
}

/// Sum of the weights of each task, after every label that counts was found to be one its task can have.
fn checked_weight_sums(batch: &LabelBatch, spec: &ModelSpec) -> Result<Vec<f64>, Error> {
    let tasks = spec.tasks.len();
    let mut sums = vec![0.0; tasks];
    for (index, (&value, &weight)) in batch.value.iter().zip(&batch.weight).enumerate() {
        let shape = &spec.tasks[index % tasks];
        let mend = match shape.kind {
            _ if !(weight.is_finite() && weight >= 0.0) => "a weight is a finite number of at least 0",
            TaskKind::Binary if weight > 0.0 && value != 0.0 && value != 1.0 => "a binary label is 0 or 1",
            TaskKind::Choice if weight > 0.0 && !is_class(value, shape.classes) => {
                "a choice is the index of an item of the catalogue"
            }
            _ => {
                sums[index % tasks] += f64::from(weight);
                continue;
            }
        };
        return Err(Error::InvalidLabel { row: index / tasks, task: shape.name.clone(), value, weight, mend });
    }
    Ok(sums)
}

fn is_class(value: f32, classes: usize) -> bool {
    value >= 0.0 && value.fract() == 0.0 && (value as usize) < classes
}

impl ChoiceLabels {
    fn new(rows: &[usize], target: Vec<i32>, weight: Vec<f32>, device: &Device) -> Option<Self> {
        let count = rows.len();
        (count > 0).then(|| Self {
            rows: upload_rows(rows, device),
            target: Tensor::from_data(TensorData::new(target, [count, 1]), device),
            weight: Tensor::from_data(TensorData::new(weight, [count, 1]), device),
        })
    }
}

/// Row indices `[R]` on the device.
pub(crate) fn upload_rows(rows: &[usize], device: &Device) -> Tensor<1, Int> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let count = rows.len();
    Tensor::from_data(TensorData::new(rows, [count]), device)
}

impl DeviceLabels {
    /// The rows on which each task's tower has to run for these labels.
    pub fn rows(&self, spec: &ModelSpec) -> Vec<TaskRows> {
        let mut choice = self.choice.iter();
        let rows_of_choice = |labels: Option<&Option<ChoiceLabels>>| match labels {
            Some(Some(labels)) => TaskRows::Only(labels.rows.clone()),
            _ => TaskRows::Nothing,
        };
        let rows = spec.tasks.iter().map(|task| match task.kind {
            TaskKind::Binary => TaskRows::All,
            TaskKind::Choice => rows_of_choice(choice.next()),
        });
        rows.collect()
    }

    /// Whether no label of any task counts.
    pub fn is_empty(&self) -> bool {
        self.weight_sum.iter().all(|&sum| sum == 0.0)
    }
}
