//! `FusionTransition`: the weights a list was ranked by and what every task earned; and the ring of the last N of them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_model::{Numbers, StateReader, StateWriter};

use crate::error::Error;

/// One decision on fusion weights and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FusionTransition {
    /// s `[W]`.
    pub row: Vec<f32>,
    /// w `[K]`.
    pub weights: Vec<f64>,
    /// r `[T]`: a reward per task.
    pub rewards: Vec<f64>,
    /// In [0, 1]; 0 where nothing follows.
    pub discount: f64,
    /// s' `[W]`.
    pub next_row: Vec<f32>,
}

/// Numbers per transition: W, K and T.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Widths {
    pub(super) row: usize,
    pub(super) weights: usize,
    pub(super) tasks: usize,
}

/// Columns of transitions.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    /// `[N, W]`
    pub(super) row: Vec<f32>,
    /// `[N, K]`
    pub(super) weights: Vec<f32>,
    /// `[N, T]`
    pub(super) rewards: Vec<f32>,
    /// `[N]`
    pub(super) discount: Vec<f32>,
    /// `[N, W]`
    pub(super) next_row: Vec<f32>,
}

/// The last N transitions; the oldest is overwritten first.
#[derive(Debug, Clone)]
pub(super) struct FusionReplay {
    widths: Widths,
    capacity: usize,
    next: usize,
    columns: Columns,
}

impl FusionReplay {
    pub(super) fn new(capacity: usize, widths: Widths) -> Self {
        assert!(capacity >= 1, "a replay buffer of shape [{capacity}] holds nothing");
        Self { widths, capacity, next: 0, columns: Columns::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.columns.discount.len()
    }

    pub(super) fn push(&mut self, transition: &FusionTransition) {
        let FusionTransition { row, weights, rewards, discount, next_row } = transition;
        let found = [row.len(), next_row.len(), weights.len(), rewards.len()];
        let Widths { row: width, weights: count, tasks } = self.widths;
        let expected = [width, width, count, tasks];
        assert!(found == expected, "row, next row, weights and rewards of shapes {found:?}, expected {expected:?}");
        let narrow = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<f32>>();
        let full = self.len() == self.capacity;
        let place = full.then_some(self.next);
        let columns = &mut self.columns;
        write(&mut columns.row, place, row);
        write(&mut columns.weights, place, &narrow(weights));
        write(&mut columns.rewards, place, &narrow(rewards));
        write(&mut columns.discount, place, &[*discount as f32]);
        write(&mut columns.next_row, place, next_row);
        self.next = (self.next + 1) % self.capacity;
    }

    /// `size` transitions, drawn uniformly with replacement.
    pub(super) fn sample(&self, size: usize, rng: &mut ChaCha8Rng) -> Columns {
        let held = self.len();
        assert!(held > 0, "a sample of shape [{size}] from an empty replay buffer");
        let mut batch = Columns::default();
        let columns = &self.columns;
        for _ in 0..size {
            let index = rng.random_range(0..held);
            let copy = |from: &[f32], to: &mut Vec<f32>| {
                let width = from.len() / held;
                to.extend_from_slice(&from[index * width..][..width]);
            };
            copy(&columns.row, &mut batch.row);
            copy(&columns.weights, &mut batch.weights);
            copy(&columns.rewards, &mut batch.rewards);
            copy(&columns.discount, &mut batch.discount);
            copy(&columns.next_row, &mut batch.next_row);
        }
        batch
    }

    /// Writes all that is held.
    pub(super) fn write(&self, out: &mut StateWriter<'_>, name: &str) -> Result<(), slatewise_model::Error> {
        let columns = &self.columns;
        let arrays = [
            ("row", Numbers::F32(&columns.row)),
            ("weights", Numbers::F32(&columns.weights)),
            ("rewards", Numbers::F32(&columns.rewards)),
            ("discount", Numbers::F32(&columns.discount)),
            ("next_row", Numbers::F32(&columns.next_row)),
            ("next", Numbers::U32(&[self.next as u32])),
        ];
        out.arrays(name, arrays.map(|(name, numbers)| (name.to_owned(), numbers)).into())
    }

    /// A ring of this one's shape with what was written.
    pub(super) fn read(&self, from: &StateReader, name: &str) -> Result<Self, Error> {
        let mut arrays = from.arrays(name)?;
        let columns = Columns {
            row: arrays.f32("row")?,
            weights: arrays.f32("weights")?,
            rewards: arrays.f32("rewards")?,
            discount: arrays.f32("discount")?,
            next_row: arrays.f32("next_row")?,
        };
        let next = arrays.u32("next")?.first().map_or(0, |&next| next as usize);
        Ok(Self { widths: self.widths, capacity: self.capacity, next, columns })
    }
}

/// Appends a row to a column, or overwrites the one at a place.
fn write(column: &mut Vec<f32>, place: Option<usize>, row: &[f32]) {
    match place {
        Some(place) => column[place * row.len()..][..row.len()].copy_from_slice(row),
        None => column.extend_from_slice(row),
    }
}
