//! From logits and labels to one loss per task.

use crate::loss::{binary_cross_entropy, softmax_cross_entropy};
use crate::{DeviceFeatures, DeviceLabels, MultiTaskModel, TaskLogits};
use burn::tensor::Tensor;

impl MultiTaskModel {
    /// Mean loss of each task over the rows of the batch whose label counts; 0 where there is none.
    ///
    /// # Shapes
    /// - output: `[T]`, in task order, without the tasks' loss weights
    pub fn losses(&self, features: &DeviceFeatures, labels: &DeviceLabels) -> Tensor<1> {
        let rows = labels.rows(self.spec());
        let TaskLogits(mut logits) = self.forward(features, &rows);
        let mut losses: Vec<Option<Tensor<1>>> = vec![None; logits.len()];
        if let Some(binary) = &labels.binary {
            let tasks = self.spec().binary_tasks();
            let columns = tasks.iter().filter_map(|&task| logits[task].take()).collect();
            let loss = binary_cross_entropy(Tensor::cat(columns, 1), binary.value.clone(), binary.weight.clone());
            tasks.iter().enumerate().for_each(|(column, &task)| losses[task] = Some(loss.clone().narrow(0, column, 1)));
        }
        for (choice, task) in labels.choice.iter().zip(self.spec().choice_tasks()) {
            if let (Some(choice), Some(logits)) = (choice, logits[task].take()) {
                losses[task] = Some(softmax_cross_entropy(logits, choice.target.clone(), choice.weight.clone()));
            }
        }
        let zero = || Tensor::zeros([1], &features.device);
        Tensor::cat(losses.into_iter().map(|loss| loss.unwrap_or_else(zero)).collect(), 0)
    }
}
