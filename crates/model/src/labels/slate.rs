//! Slates of a batch: which rows were shown together, as an index that a device can gather by.
//!
//! ```text
//! batch   row     0   1   2   3   4   5   6   7        rows counted   [0, 1, 2, 5, 6]        R = 5
//!         slate   7   7   7   4   4   9   9   9        position       [ 0  1  2 ]            G = 2 slates
//!         chosen      x               x                               [ 3  4  · ]            L = 3 rows in the longest
//!         weight  1   2   1   1   1   1   1   0        chosen [1, 0], weight [2/3, 1/3]
//! ```
//!
//! Slate 4 has no chosen row and is left out; row 7 is masked and left out of its slate. The weight of a slate is that of
//! its chosen row.

use super::{Target, TaskLabels, upload_rows};
use crate::Error;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use slatewise_features::LabelBatch;
use std::collections::HashSet;
use std::ops::Range;

/// The slates whose choice counts, on the device.
#[derive(Debug, Clone)]
pub struct SlateIndex {
    /// `[G, L]`, indices into the rows on which the tower ran; 0 in the padding.
    pub position: Tensor<2, Int>,
    /// `[G, L]`, true where a slate has ended.
    pub padding: Tensor<2, Bool>,
    /// `[G, 1]`, place of the chosen row within its slate.
    pub chosen: Tensor<2, Int>,
}

/// The same on the host.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Slates {
    /// Rows of the batch, slate by slate.
    rows: Vec<usize>,
    /// Per slate its part of `rows`.
    range: Vec<Range<usize>>,
    /// Per slate the place of its chosen row.
    chosen: Vec<usize>,
    /// Per slate the weight of its chosen row.
    weight: Vec<f32>,
}

impl Slates {
    /// The slates of checked labels of `task`, one of `tasks`.
    ///
    /// # Errors
    /// [`Error::InvalidSlate`] where the rows of a slate are not consecutive or two of them are chosen.
    pub(super) fn find(batch: &LabelBatch, task: usize, tasks: usize) -> Result<Self, Error> {
        let mut slates = Self::default();
        let mut seen = HashSet::new();
        let mut first = 0;
        for of_slate in batch.slate.chunk_by(|id, next| id == next) {
            let (slate, rows) = (of_slate[0], first..first + of_slate.len());
            if !seen.insert(slate) {
                let problem = "its rows are not consecutive: keep the rows of a slate together";
                return Err(Error::InvalidSlate { row: first, slate, problem });
            }
            first = rows.end;
            let shown: Vec<usize> = rows.filter(|row| batch.weight[row * tasks + task] > 0.0).collect();
            let mut chosen = (0..shown.len()).filter(|&place| batch.value[shown[place] * tasks + task] == 1.0);
            let Some(place) = chosen.next() else { continue };
            if let Some(second) = chosen.next() {
                let problem = "a second row is chosen: give each choice a slate of its own";
                return Err(Error::InvalidSlate { row: shown[second], slate, problem });
            }
            slates.chosen.push(place);
            slates.weight.push(batch.weight[shown[place] * tasks + task]);
            slates.range.push(slates.rows.len()..slates.rows.len() + shown.len());
            slates.rows.extend(shown);
        }
        Ok(slates)
    }

    /// Sum of the slates' weights.
    pub(super) fn weight_sum(&self) -> f64 {
        self.weight.iter().map(|&weight| f64::from(weight)).sum()
    }

    /// Takes them to the device; `None` where there is none.
    pub(super) fn upload(&self, batch_rows: usize, device: &Device) -> Option<TaskLabels> {
        let longest = self.range.iter().map(ExactSizeIterator::len).max()?;
        let (count, sum) = (self.range.len(), self.weight_sum());
        let mut position = vec![0_i32; count * longest];
        let mut padding = vec![true; count * longest];
        for (slate, range) in self.range.iter().enumerate() {
            for (place, row) in range.clone().enumerate() {
                position[slate * longest + place] = row as i32;
                padding[slate * longest + place] = false;
            }
        }
        let chosen: Vec<i32> = self.chosen.iter().map(|&place| place as i32).collect();
        let weight: Vec<f32> = self.weight.iter().map(|&weight| (f64::from(weight) / sum) as f32).collect();
        let index = SlateIndex {
            position: Tensor::from_data(TensorData::new(position, [count, longest]), device),
            padding: Tensor::from_data(TensorData::new(padding, [count, longest]), device),
            chosen: Tensor::from_data(TensorData::new(chosen, [count, 1]), device),
        };
        Some(TaskLabels {
            rows: upload_rows(&self.rows, batch_rows, device),
            target: Target::Slate(index),
            weight: Tensor::from_data(TensorData::new(weight, [count, 1]), device),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaskRows;

    /// The batch of the module's drawing, as the second of two tasks.
    fn batch() -> LabelBatch {
        let chosen = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        let weight = [1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        LabelBatch {
            value: chosen.iter().flat_map(|&chosen| [9.0, chosen]).collect(),
            weight: weight.iter().flat_map(|&weight| [0.5, weight]).collect(),
            slate: vec![7, 7, 7, 4, 4, 9, 9, 9],
        }
    }

    #[test]
    fn the_drawing_holds() -> Result<(), Error> {
        let slates = Slates::find(&batch(), 1, 2)?;
        let expected =
            Slates { rows: vec![0, 1, 2, 5, 6], range: vec![0..3, 3..5], chosen: vec![1, 0], weight: vec![2.0, 1.0] };
        assert_eq!((slates.weight_sum(), slates), (3.0, expected));
        Ok(())
    }

    #[test]
    fn the_index_on_the_device_is_padded() -> Result<(), Error> {
        let labels = Slates::find(&batch(), 1, 2)?.upload(8, &Device::flex());
        let Some(TaskLabels { rows: TaskRows::Only(rows), target: Target::Slate(index), weight }) = labels else {
            return Err(Error::EmptyBatch);
        };
        assert_eq!(rows.into_data().iter::<i32>().collect::<Vec<_>>(), [0, 1, 2, 5, 6]);
        assert_eq!(index.position.into_data().iter::<i32>().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 0]);
        let padding: Vec<bool> = index.padding.into_data().iter::<bool>().collect();
        assert_eq!(padding, [false, false, false, false, false, true]);
        assert_eq!(index.chosen.into_data().iter::<i32>().collect::<Vec<_>>(), [1, 0]);
        assert_eq!(weight.into_data().iter::<f32>().collect::<Vec<_>>(), [2.0 / 3.0, 1.0 / 3.0]);
        Ok(())
    }

    #[test]
    fn a_slate_that_counts_nowhere_is_nothing() -> Result<(), Error> {
        let mut batch = batch();
        batch.value.iter_mut().for_each(|value| *value = 0.0);
        assert!(Slates::find(&batch, 1, 2)?.upload(8, &Device::flex()).is_none());
        Ok(())
    }

    #[test]
    fn a_second_choice_and_a_torn_slate_are_refused() {
        let message = |change: fn(&mut LabelBatch)| {
            let mut batch = batch();
            change(&mut batch);
            Slates::find(&batch, 1, 2).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(
            message(|batch| batch.value[2 * 2 + 1] = 1.0),
            "row 2, slate 7: a second row is chosen: give each choice a slate of its own"
        );
        assert_eq!(message(|batch| batch.value[7 * 2 + 1] = 1.0), "", "row 7 is masked");
        assert_eq!(
            message(|batch| batch.slate[5] = 7),
            "row 5, slate 7: its rows are not consecutive: keep the rows of a slate together"
        );
    }
}
