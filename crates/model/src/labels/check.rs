//! Which labels a head can have.

use crate::{Error, Head, ModelSpec, Transform};
use slatewise_features::LabelBatch;

/// Sum of the weights of each task, after every label that counts was found to be one its task can have.
pub(super) fn check_labels(batch: &LabelBatch, spec: &ModelSpec) -> Result<Vec<f64>, Error> {
    let tasks = spec.tasks.len();
    let mut sums = vec![0.0; tasks];
    for (index, (&value, &weight)) in batch.value.iter().zip(&batch.weight).enumerate() {
        let shape = &spec.tasks[index % tasks];
        let problem = if !(weight.is_finite() && weight >= 0.0) {
            Some("a weight is a finite number of at least 0")
        } else if weight > 0.0 {
            shape.head.problem_of(value)
        } else {
            None
        };
        if let Some(mend) = problem {
            return Err(Error::InvalidLabel { row: index / tasks, task: shape.name.clone(), value, weight, mend });
        }
        sums[index % tasks] += f64::from(weight);
    }
    Ok(sums)
}

impl Head {
    /// What is wrong with a label that counts, and the mend.
    fn problem_of(&self, label: f32) -> Option<&'static str> {
        let (allowed, mend) = match *self {
            Self::Binary { .. } => (label == 0.0 || label == 1.0, "a binary label is 0 or 1"),
            Self::Regression { transform: Transform::Identity, .. } => {
                (label.is_finite(), "a regression's label is a finite number")
            }
            Self::Regression { transform: Transform::Log1p, .. } => {
                (label.is_finite() && label >= 0.0, "a label under `log1p` is a finite number of at least 0")
            }
            Self::WatchTime { .. } => {
                (label.is_finite() && label >= 0.0, "a watch time is a finite number of seconds, 0 where not watched")
            }
            Self::Ordinal { levels } => (is_index(label, levels), "a level is a whole number from 0 to `levels` - 1"),
            Self::MultiClass { classes, .. } => {
                (is_index(label, classes), "a class is a whole number from 0 to `classes` - 1")
            }
            Self::Choice { items } => (is_index(label, items), "a choice is the index of an item of the catalogue"),
            Self::Slate {} => {
                (label == 0.0 || label == 1.0, "a slate's label is 1 on the row chosen and 0 on the others")
            }
        };
        (!allowed).then_some(mend)
    }
}

fn is_index(label: f32, count: usize) -> bool {
    label >= 0.0 && label.fract() == 0.0 && (label as usize) < count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_head_takes_its_labels_and_no_others() {
        let quantile = None;
        let nan = f32::NAN;
        let heads: [(Head, &[f32], &[f32]); 8] = [
            (Head::binary(), &[0.0, 1.0], &[0.5, -1.0, 2.0, nan]),
            (Head::Regression { transform: Transform::Identity, quantile }, &[-3.5, 0.0, 1e30], &[f32::INFINITY, nan]),
            (Head::Regression { transform: Transform::Log1p, quantile }, &[0.0, 7.5], &[-0.1, f32::INFINITY, nan]),
            (Head::WatchTime { exact: false }, &[0.0, 31.5], &[-1.0, f32::INFINITY, nan]),
            (Head::Ordinal { levels: 5 }, &[0.0, 4.0], &[5.0, -1.0, 1.5, nan]),
            (Head::MultiClass { classes: 3, label_smoothing: 0.0 }, &[0.0, 2.0], &[3.0, -1.0, 0.5, nan]),
            (Head::Choice { items: 9 }, &[0.0, 8.0], &[9.0, -1.0, 0.5, nan]),
            (Head::Slate {}, &[0.0, 1.0], &[0.5, 2.0, nan]),
        ];
        for (head, sound, unsound) in heads {
            assert!(sound.iter().all(|&label| head.problem_of(label).is_none()), "{head:?}");
            assert!(unsound.iter().all(|&label| head.problem_of(label).is_some()), "{head:?}");
        }
    }
}
