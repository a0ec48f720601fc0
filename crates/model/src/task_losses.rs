//! From logits and labels to one loss per task.

use crate::loss::{
    LogProbabilities, binary_cross_entropy, focal_cross_entropy, ordering_penalty, ordinal_cross_entropy, pinball,
    slate_cross_entropy, smoothed_softmax_cross_entropy, softmax_cross_entropy, squared_error,
    watch_time_cross_entropy,
};
use crate::{DeviceFeatures, DeviceLabels, Head, ModelSpec, MultiTaskModel, Target, TaskLabels, TaskLogits};
use burn::tensor::Tensor;

impl MultiTaskModel {
    /// Mean loss of each task over the rows of the batch whose label counts; 0 where there is none.
    ///
    /// # Shapes
    /// - output: `[T]`, in task order, without the tasks' loss weights
    pub fn losses(&self, features: &DeviceFeatures, labels: &DeviceLabels) -> Tensor<1> {
        let spec = self.spec();
        let logits = self.forward(features, &labels.rows(spec));
        let mut losses: Vec<Option<Tensor<1>>> = labels
            .task
            .iter()
            .enumerate()
            .map(|(task, labels)| Some(spec.loss(task, &logits, labels.as_ref()?)))
            .collect();
        if let Some(binary) = &labels.binary {
            let columns = binary.task.iter().map(|&task| logits.of(task)).collect();
            let loss = binary_cross_entropy(Tensor::cat(columns, 1), binary.value.clone(), binary.weight.clone());
            for (column, &task) in binary.task.iter().enumerate() {
                losses[task] = Some(loss.clone().narrow(0, column, 1));
            }
        }
        let zero = || Tensor::zeros([1], &features.device);
        Tensor::cat(losses.into_iter().map(|loss| loss.unwrap_or_else(zero)).collect(), 0)
    }
}

impl ModelSpec {
    /// The loss `[1]` of one task that is not among the packed ones.
    fn loss(&self, task: usize, logits: &TaskLogits, labels: &TaskLabels) -> Tensor<1> {
        let (head, weight) = (self.tasks[task].head, labels.weight.clone());
        match (head, labels.target.clone()) {
            (Head::Binary { label_smoothing, focal_gamma }, Target::Number(label)) => {
                let probability = self.log_probabilities(task, logits);
                let likely = probability.positive.clone();
                let loss = focal_cross_entropy(probability, label, weight.clone(), label_smoothing, focal_gamma);
                match self.tasks[task].ordered_after.as_ref().map(|order| (self.position(&order.task), order.weight)) {
                    Some((Some(earlier), share)) => {
                        let earlier = self.log_probabilities(earlier, logits).positive;
                        loss + ordering_penalty(likely, earlier, weight) * share
                    }
                    _ => loss,
                }
            }
            (Head::Regression { quantile: None, .. }, Target::Number(label)) => {
                squared_error(logits.of(task), label, weight)
            }
            (Head::Regression { quantile: Some(quantile), .. }, Target::Number(label)) => {
                pinball(logits.of(task), label, weight, quantile)
            }
            (Head::WatchTime { exact }, Target::Number(seconds)) => {
                watch_time_cross_entropy(logits.of(task), seconds, weight, exact)
            }
            (Head::Ordinal { .. }, Target::Number(level)) => ordinal_cross_entropy(logits.of(task), level, weight),
            (Head::MultiClass { label_smoothing, .. }, Target::Class(class)) => {
                smoothed_softmax_cross_entropy(logits.of(task), class, weight, label_smoothing)
            }
            (Head::Choice { .. }, Target::Class(item)) => softmax_cross_entropy(logits.of(task), item, weight),
            (Head::Slate {}, Target::Slate(slates)) => slate_cross_entropy(logits.of(task), &slates, weight),
            (head, target) => unreachable!("labels {target:?} for the head {head:?}"),
        }
    }

    /// Log-probabilities of a binary task, over the whole chain that it ends.
    fn log_probabilities(&self, task: usize, logits: &TaskLogits) -> LogProbabilities {
        let steps = self.chain(task).into_iter().map(|task| logits.of(task)).collect();
        LogProbabilities::of_chain(Tensor::cat(steps, 1))
    }
}

impl TaskLogits {
    /// The logits of a task that was asked for.
    fn of(&self, task: usize) -> Tensor<2> {
        let Some(logits) = &self.0[task] else { unreachable!("no logits of task {task}: its tower did not run") };
        logits.clone()
    }
}
