//! `DeviceLabels`: what the losses need of a batch's labels, on the device.
//!
//! ```text
//! LabelBatch    columns of plain binary tasks ──► value, weight [B, T_binary], one loss for all of them
//!               any other binary task         ──► number [B, 1], weight [B, 1]
//!               other heads, rows of weight > 0 ► rows [R], number or class [R, 1], weight [R, 1]
//!               a slate head                  ──► rows [R], index into them [G, L], weight [G, 1], see `slate.rs`
//! ```
//!
//! Each task's weights are divided here, in f64, by their sum over the batch, so that a loss on the device is a weighted
//! sum, and its mean over an epoch is Σ loss · weight_sum / Σ weight_sum.

mod check;
mod slate;

pub use slate::SlateIndex;

use crate::upload::check_size;
use crate::{Error, Head, ModelSpec, TaskRows, TaskShape};
use burn::tensor::{Device, Int, Tensor, TensorData};
use check::check_labels;
use slate::Slates;
use slatewise_features::LabelBatch;
use std::ops::Range;

/// Labels on the device.
#[derive(Debug, Clone)]
pub struct DeviceLabels {
    /// Labels of the binary tasks whose loss is the plain cross-entropy, packed; `None` where there are none.
    pub binary: Option<BinaryLabels>,
    /// Per task of the model: its labels; `None` where they are packed in [`binary`](Self::binary) or none counts.
    pub task: Vec<Option<TaskLabels>>,
    /// Per task of the model: sum of its weights over the batch, before they were divided by it.
    pub weight_sum: Vec<f64>,
}

/// Labels of the plain binary tasks.
#[derive(Debug, Clone)]
pub struct BinaryLabels {
    /// Column → index in [`ModelSpec::tasks`].
    pub task: Vec<usize>,
    /// `[B, T]`, 0 or 1.
    pub value: Tensor<2>,
    /// `[B, T]`, each column sums to 1, or to 0 where no label counts.
    pub weight: Tensor<2>,
}

/// Labels of one task, on the rows where its tower runs.
#[derive(Debug, Clone)]
pub struct TaskLabels {
    /// Those rows.
    pub rows: TaskRows,
    /// What is to be predicted.
    pub target: Target,
    /// `[R, 1]`, or `[G, 1]` for slates; sums to 1.
    pub weight: Tensor<2>,
}

/// What a task is to predict.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one per task and batch; a box would only add an indirection")]
pub enum Target {
    /// `[R, 1]`, a number: 0 or 1, seconds, a level, or what a regression learns of its label.
    Number(Tensor<2>),
    /// `[R, 1]`, a class or an item.
    Class(Tensor<2, Int>),
    /// Which rows were shown together, and which of them was chosen.
    Slate(SlateIndex),
}

/// Takes labels to `device`, after every one that counts was found to be one its task can have.
pub(crate) fn upload_labels(
    batch: &LabelBatch,
    rows: usize,
    spec: &ModelSpec,
    device: &Device,
) -> Result<DeviceLabels, Error> {
    Ok(CheckedLabels::new(batch, rows, spec)?.upload(0..rows, device))
}

/// Labels of a batch on the host, every one that counts found to be one its task can have.
pub(crate) struct CheckedLabels<'a> {
    batch: &'a LabelBatch,
    spec: &'a ModelSpec,
    rows: usize,
    /// Per slate task: its slates.
    slates: Vec<(usize, Slates)>,
    /// Per task: sum of its weights over the batch.
    pub(crate) weight_sum: Vec<f64>,
}

impl<'a> CheckedLabels<'a> {
    pub(crate) fn new(batch: &'a LabelBatch, rows: usize, spec: &'a ModelSpec) -> Result<Self, Error> {
        let tasks = spec.tasks.len();
        check_size("labels", rows, tasks, batch.value.len())?;
        check_size("label weights", rows, tasks, batch.weight.len())?;
        let mut weight_sum = check_labels(batch, spec)?;
        let slate_tasks = spec.indices(|task| task.head == Head::Slate {});
        if !slate_tasks.is_empty() {
            check_size("slates", rows, 1, batch.slate.len())?;
        }
        let mut slates = Vec::with_capacity(slate_tasks.len());
        for task in slate_tasks {
            let found = Slates::find(batch, task, tasks)?;
            weight_sum[task] = found.weight_sum();
            slates.push((task, found));
        }
        Ok(Self { batch, spec, rows, slates, weight_sum })
    }

    /// Whether no label of any task counts.
    pub(crate) fn is_empty(&self) -> bool {
        self.weight_sum.iter().all(|&sum| sum == 0.0)
    }

    /// Whether losses of parts of the batch add up to the batch's: not so where rows of a slate are weighed together.
    pub(crate) fn is_divisible(&self) -> bool {
        self.slates.is_empty()
    }

    /// Takes the labels of some rows to `device`, their weights as shares of the whole batch's: the losses of parts of a
    /// batch then add up to the batch's. With slates only the whole batch goes, as a slate cannot be divided.
    pub(crate) fn upload(&self, rows: Range<usize>, device: &Device) -> DeviceLabels {
        let tasks = self.spec.tasks.len();
        let whole = rows == (0..self.rows);
        assert!(whole || self.slates.is_empty(), "slates within rows {rows:?} of {}", self.rows);
        let column = |task| Column {
            batch: self.batch,
            task,
            tasks,
            first: rows.start,
            rows: rows.len(),
            weight_sum: self.weight_sum[task],
        };
        let weight_sum: Vec<f64> =
            if whole { self.weight_sum.clone() } else { (0..tasks).map(|task| column(task).sum()).collect() };
        let mut task_labels = vec![None; tasks];
        for (task, slates) in &self.slates {
            task_labels[*task] = slates.upload(self.rows, device);
        }
        let plain = self.spec.indices(TaskShape::is_plain_binary);
        for task in (0..tasks).filter(|task| weight_sum[*task] > 0.0 && !plain.contains(task)) {
            if self.slates.iter().all(|(slate_task, _)| *slate_task != task) {
                task_labels[task] = Some(column(task).upload(&self.spec.tasks[task].head, device));
            }
        }
        let binary = (!plain.is_empty()).then(|| {
            let shape = [rows.len(), plain.len()];
            let columns: Vec<Column<'_>> = plain.iter().map(|&task| column(task)).collect();
            let cells = || (0..rows.len()).flat_map(|row| columns.iter().map(move |column| (column, row)));
            let value: Vec<f32> = cells().map(|(column, row)| column.value(row)).collect();
            let weight: Vec<f32> = cells().map(|(column, row)| column.share(row)).collect();
            BinaryLabels {
                value: Tensor::from_data(TensorData::new(value, shape), device),
                weight: Tensor::from_data(TensorData::new(weight, shape), device),
                task: plain.clone(),
            }
        });
        DeviceLabels { binary, task: task_labels, weight_sum }
    }
}

/// One task's column of consecutive rows of a batch on the host.
struct Column<'a> {
    batch: &'a LabelBatch,
    task: usize,
    tasks: usize,
    /// The first of the rows; the others are counted from it.
    first: usize,
    rows: usize,
    weight_sum: f64,
}

impl Column<'_> {
    fn cell(&self, row: usize) -> usize {
        (self.first + row) * self.tasks + self.task
    }

    fn weight(&self, row: usize) -> f32 {
        self.batch.weight[self.cell(row)]
    }

    /// Sum of the weights of the labels that count.
    fn sum(&self) -> f64 {
        (0..self.rows).map(|row| f64::from(self.weight(row).max(0.0))).sum()
    }

    /// The label, 0 where it does not count.
    fn value(&self, row: usize) -> f32 {
        if self.weight(row) > 0.0 { self.batch.value[self.cell(row)] } else { 0.0 }
    }

    /// The weight as a share of the batch's, 0 where the label does not count.
    fn share(&self, row: usize) -> f32 {
        let weight = self.weight(row);
        if weight > 0.0 { (f64::from(weight) / self.weight_sum) as f32 } else { 0.0 }
    }

    /// Labels of any head but a slate, of which at least one counts.
    fn upload(&self, head: &Head, device: &Device) -> TaskLabels {
        // A binary task may be part of a chain, whose logits stand side by side: its tower runs on every row.
        let keep = |&row: &usize| matches!(head, Head::Binary { .. }) || self.weight(row) > 0.0;
        let counted: Vec<usize> = (0..self.rows).filter(keep).collect();
        let shape = [counted.len(), 1];
        let values = counted.iter().map(|&row| self.value(row));
        let target = match head {
            Head::MultiClass { .. } | Head::Choice { .. } => {
                let classes: Vec<i32> = values.map(|value| value as i32).collect();
                Target::Class(Tensor::from_data(TensorData::new(classes, shape), device))
            }
            Head::Regression { transform, .. } => number(values.map(|value| transform.apply(value)).collect(), device),
            Head::Binary { .. } | Head::WatchTime { .. } | Head::Ordinal { .. } | Head::Slate {} => {
                number(values.collect(), device)
            }
        };
        let weight: Vec<f32> = counted.iter().map(|&row| self.share(row)).collect();
        let weight = Tensor::from_data(TensorData::new(weight, shape), device);
        TaskLabels { rows: upload_rows(&counted, self.rows, device), target, weight }
    }
}

fn number(values: Vec<f32>, device: &Device) -> Target {
    let shape = [values.len(), 1];
    Target::Number(Tensor::from_data(TensorData::new(values, shape), device))
}

/// Row indices `[R]` on the device; all rows need none.
fn upload_rows(chosen: &[usize], rows: usize, device: &Device) -> TaskRows {
    if chosen.len() == rows {
        return TaskRows::All;
    }
    let index: Vec<i32> = chosen.iter().map(|&row| row as i32).collect();
    TaskRows::Only(Tensor::from_data(TensorData::new(index, [chosen.len()]), device))
}

impl DeviceLabels {
    /// The rows on which each task's tower has to run for these labels.
    pub fn rows(&self, spec: &ModelSpec) -> Vec<TaskRows> {
        let rows_of = |task: usize| match (&self.task[task], &spec.tasks[task].head) {
            (Some(labels), _) => labels.rows.clone(),
            // Another task of its chain may need its logits.
            (None, Head::Binary { .. }) => TaskRows::All,
            (None, _) => TaskRows::Nothing,
        };
        (0..spec.tasks.len()).map(rows_of).collect()
    }

    /// Whether no label of any task counts.
    pub fn is_empty(&self) -> bool {
        self.weight_sum.iter().all(|&sum| sum == 0.0)
    }
}
