//! `ReplayBuffer`: the last N transitions as rows of numbers, drawn uniformly.
//!
//! ```text
//! ring of N    observation [N, W]  action [N]  reward [N]  discount [N]  next_observation [N, W]  next_cell [N]
//!                                     ▲ the oldest is overwritten first
//! sample       the same columns with B rows, into memory that is used again
//! ```
//!
//! Reference: Lin 1992, "Self-improving reactive agents"; Mnih et al. 2015.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use slatewise_model::{Numbers, StateReader, StateWriter};

use super::{EncodedState, ReplayBatch};
use crate::error::Error;
use crate::transition::Transition;

/// What the ring holds of every transition.
#[derive(Debug, Clone, PartialEq, Default)]
struct Columns {
    observation: Vec<f32>,
    action: Vec<u32>,
    reward: Vec<f32>,
    discount: Vec<f32>,
    next_observation: Vec<f32>,
    next_cell: Vec<u32>,
}

/// A ring of transitions.
#[derive(Debug, Clone)]
pub struct ReplayBuffer {
    width: usize,
    capacity: usize,
    /// Slot that the next push writes once the ring is full.
    next: usize,
    columns: Columns,
}

impl ReplayBuffer {
    /// An empty ring for rows of `width` numbers; memory grows with what is pushed, up to `capacity` ≥ 1.
    pub fn new(capacity: usize, width: usize) -> Self {
        assert!(capacity >= 1, "a replay buffer of shape [{capacity}, {width}] holds nothing");
        Self { width, capacity, next: 0, columns: Columns::default() }
    }

    /// Number of transitions held.
    pub fn len(&self) -> usize {
        self.columns.action.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a transition, in place of the oldest one if the ring is full, and returns its place.
    pub fn push(&mut self, transition: &Transition<EncodedState>) -> usize {
        let (before, after) = (&transition.observation.row, &transition.next_observation.row);
        let (width, got, next) = (self.width, before.len(), after.len());
        assert!(got == width && next == width, "rows of shapes [{got}] and [{next}] for a buffer of width [{width}]");
        let columns = &mut self.columns;
        let slot = self.next;
        if columns.action.len() < self.capacity {
            columns.observation.extend_from_slice(before);
            columns.next_observation.extend_from_slice(after);
            columns.action.push(transition.action as u32);
            columns.reward.push(transition.reward as f32);
            columns.discount.push(transition.discount as f32);
            columns.next_cell.push(transition.next_observation.cell as u32);
        } else {
            columns.observation[slot * width..][..width].copy_from_slice(before);
            columns.next_observation[slot * width..][..width].copy_from_slice(after);
            columns.action[slot] = transition.action as u32;
            columns.reward[slot] = transition.reward as f32;
            columns.discount[slot] = transition.discount as f32;
            columns.next_cell[slot] = transition.next_observation.cell as u32;
        }
        self.next = (slot + 1) % self.capacity;
        slot
    }

    /// Fills `batch` with `size` transitions drawn uniformly with replacement.
    pub fn sample(&self, size: usize, batch: &mut ReplayBatch, rng: &mut ChaCha8Rng) {
        assert!(!self.is_empty(), "a sample of shape [{size}] from an empty replay buffer");
        batch.index.clear();
        batch.index.extend((0..size).map(|_| rng.random_range(0..self.len())));
        batch.weight.clear();
        batch.weight.resize(size, 1.0);
        self.gather(batch);
    }

    /// Fills the columns of `batch` with the transitions at `batch.index`.
    pub fn gather(&self, batch: &mut ReplayBatch) {
        let ReplayBatch { observation, action, reward, discount, next_observation, next_cell, index, .. } = batch;
        let columns = &self.columns;
        let rows = |from: &[f32], to: &mut Vec<f32>| {
            to.clear();
            index.iter().for_each(|&index| to.extend_from_slice(&from[index * self.width..][..self.width]));
        };
        rows(&columns.observation, observation);
        rows(&columns.next_observation, next_observation);
        pick(&columns.action, index, action);
        pick(&columns.reward, index, reward);
        pick(&columns.discount, index, discount);
        pick(&columns.next_cell, index, next_cell);
    }
}

impl ReplayBuffer {
    /// Writes all that is held.
    pub(crate) fn write(&self, out: &mut StateWriter<'_>, name: &str) -> Result<(), slatewise_model::Error> {
        let columns = &self.columns;
        let arrays = [
            ("observation", Numbers::F32(&columns.observation)),
            ("action", Numbers::U32(&columns.action)),
            ("reward", Numbers::F32(&columns.reward)),
            ("discount", Numbers::F32(&columns.discount)),
            ("next_observation", Numbers::F32(&columns.next_observation)),
            ("next_cell", Numbers::U32(&columns.next_cell)),
            ("next", Numbers::U32(&[self.next as u32])),
        ];
        out.arrays(name, arrays.map(|(name, numbers)| (name.to_owned(), numbers)).into())
    }

    /// A ring of this one's shape with what was written.
    pub(crate) fn read(&self, from: &StateReader, name: &str) -> Result<Self, Error> {
        let mut arrays = from.arrays(name)?;
        let columns = Columns {
            observation: arrays.f32("observation")?,
            action: arrays.u32("action")?,
            reward: arrays.f32("reward")?,
            discount: arrays.f32("discount")?,
            next_observation: arrays.f32("next_observation")?,
            next_cell: arrays.u32("next_cell")?,
        };
        let next = arrays.u32("next")?.first().map_or(0, |&next| next as usize);
        Ok(Self { width: self.width, capacity: self.capacity, next, columns })
    }
}

fn pick<T: Copy>(from: &[T], index: &[usize], to: &mut Vec<T>) {
    to.clear();
    to.extend(index.iter().map(|&index| from[index]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn transition(number: usize) -> Transition<EncodedState> {
        let state = |x: usize| EncodedState { row: vec![x as f32, -(x as f32)], cell: x };
        Transition {
            observation: state(number),
            action: number,
            reward: number as f64,
            discount: 1.0,
            next_observation: state(number + 1),
            next_action: None,
        }
    }

    #[test]
    fn the_oldest_is_overwritten_and_columns_stay_together() {
        let mut buffer = ReplayBuffer::new(3, 2);
        for number in 0..5 {
            assert_eq!(buffer.push(&transition(number)), number % 3);
        }
        let mut batch = ReplayBatch::default();
        buffer.sample(200, &mut batch, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!((buffer.len(), batch.action.len()), (3, 200));
        for row in 0..200 {
            let number = batch.action[row];
            assert!((2..5).contains(&number));
            assert_eq!(batch.observation[row * 2 + 1], -(number as f32));
            assert_eq!(batch.next_observation[row * 2], number as f32 + 1.0);
            assert_eq!((batch.reward[row], batch.next_cell[row]), (number as f32, number + 1));
        }
        assert!((2..5).all(|number| batch.action.contains(&number)), "each of the three is drawn");
    }

    #[test]
    fn sampling_repeats_with_its_seed_and_allocates_once() {
        let mut buffer = ReplayBuffer::new(8, 2);
        for number in 0..8 {
            buffer.push(&transition(number));
        }
        let (mut one, mut two) = (ReplayBatch::default(), ReplayBatch::default());
        buffer.sample(16, &mut one, &mut ChaCha8Rng::seed_from_u64(9));
        buffer.sample(16, &mut two, &mut ChaCha8Rng::seed_from_u64(9));
        assert_eq!(one, two);
        let memory = one.observation.as_ptr();
        buffer.sample(16, &mut one, &mut ChaCha8Rng::seed_from_u64(10));
        assert_eq!(memory, one.observation.as_ptr());
    }
}
