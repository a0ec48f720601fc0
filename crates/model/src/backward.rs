//! `backward`: a step's losses, checked, and the gradient of their sum as the balancing weighs them.
//!
//! ```text
//! weights known beforehand     each part: forward, backward
//! weights from the losses      each part: forward;  losses checked, weighed;  each part: backward
//! weights from gradients       each part: forward and backward per task;  losses checked;  products, weights, sum
//! ```

use crate::Error;
use crate::balance::{Balance, StepSignals, TaskBalance};
use crate::batch_parts::{BatchParts, Part, side_by_side};
use crate::epoch_losses::LossLog;
use crate::error::device_error;
use crate::gradients::StepGradients;
use burn::tensor::Tensor;

/// What a step found out before anything moves.
pub(crate) struct Backward {
    /// `[T]`, on the device.
    pub(crate) losses: Tensor<1>,
    /// The same, where they were read and checked.
    pub(crate) read: Option<Vec<f32>>,
    pub(crate) gradients: StepGradients,
}

/// Losses and gradient of a batch; losses are read, and checked by `log`, where the balancing needs them or `always_read`.
pub(crate) fn backward(
    parts: &BatchParts<'_>,
    balance: &mut Balance,
    log: &LossLog,
    always_read: bool,
) -> Result<Backward, Error> {
    let labelled = parts.labelled();
    let (reads, needs_losses) = (always_read || balance.needs_losses(), balance.needs_losses());
    let checked = |losses: &Tensor<1>| -> Result<Option<Vec<f32>>, Error> {
        if !reads {
            return Ok(None);
        }
        let losses: Vec<f32> = losses.clone().try_into_data().map_err(device_error)?.iter::<f32>().collect();
        log.check(&losses)?;
        Ok(Some(losses))
    };
    if balance.needs_gradients() {
        let (losses, tasks) = parts.map(|part| (part.losses(), part.backward_per_task())).into_iter().unzip();
        let losses = total(losses);
        let read = checked(&losses)?;
        let tasks = StepGradients::join_tasks(tasks, &labelled, parts.network());
        let gram = StepGradients::gram(&tasks, parts.network())?;
        if let Some(task) = gram.first_not_finite() {
            return Err(Error::NonFiniteGradient { task: Some(parts.task_name(task)) });
        }
        let known = known(read.as_deref(), labelled.len());
        let weights = balance.weights(&StepSignals { losses: &known, labelled: &labelled, gram: Some(&gram) })?;
        return Ok(Backward { losses, read, gradients: StepGradients::combine(tasks, &weights, parts.network()) });
    }
    let mut weights = |read: Option<&[f32]>| -> Result<Vec<f32>, Error> {
        let known = known(read, labelled.len());
        let weights = balance.weights(&StepSignals { losses: &known, labelled: &labelled, gram: None })?;
        Ok(weights.shared.iter().map(|&weight| weight as f32).collect())
    };
    if needs_losses {
        let forward = parts.map(|part| part);
        let losses = total(forward.iter().map(Part::losses).collect());
        let read = checked(&losses)?;
        let weights = weights(read.as_deref())?;
        let gradients = side_by_side(forward, |part| part.backward(&weights));
        return Ok(Backward { losses, read, gradients: StepGradients::join(gradients, parts.network()) });
    }
    let weights = weights(None)?;
    let (losses, gradients) = parts.map(|part| (part.losses(), part.backward(&weights))).into_iter().unzip();
    let losses = total(losses);
    let read = checked(&losses)?;
    Ok(Backward { losses, read, gradients: StepGradients::join(gradients, parts.network()) })
}

/// Looks for a task whose gradient alone is not finite, at the price of a backward pass per task.
pub(crate) fn with_task(error: Error, parts: &BatchParts<'_>) -> Error {
    if !matches!(error, Error::NonFiniteGradient { task: None }) {
        return error;
    }
    let tasks = StepGradients::join_tasks(parts.map(Part::backward_per_task), &parts.labelled(), parts.network());
    let astray = |task: usize| {
        let norm = tasks[task].as_ref().map_or(Ok(0.0), |gradients| gradients.norm(parts.network()));
        norm.is_ok_and(|norm| !((norm * f64::from(parts.loss_weight(task))) as f32).is_finite())
    };
    let task = (0..tasks.len()).find(|&task| astray(task));
    Error::NonFiniteGradient { task: task.map(|task| parts.task_name(task)) }
}

/// The sum of the parts' losses.
fn total(losses: Vec<Tensor<1>>) -> Tensor<1> {
    let mut losses = losses.into_iter();
    let Some(first) = losses.next() else { unreachable!("a batch without parts") };
    losses.fold(first, |sum, losses| sum + losses)
}

/// The losses read, 0 where they were not.
fn known(read: Option<&[f32]>, tasks: usize) -> Vec<f64> {
    read.map_or_else(|| vec![0.0; tasks], |losses| losses.iter().map(|&loss| f64::from(loss)).collect())
}
