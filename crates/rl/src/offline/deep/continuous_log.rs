//! `ContinuousLog`: transitions whose actions are rows of numbers in [−1, 1], such as the weights that fuse task scores.
//!
//! ```text
//! columns   observation [N, W]  action [N, K]  reward [N]  discount [N]  next_observation [N, W]
//! sample    the same with B rows, uniformly with replacement
//! RowScale  x ↦ (x − mean) / (standard deviation + 0.001), of the log's observations, number by number
//! ```

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Added to standard deviations (Fujimoto & Gu 2021), so that a constant number becomes 0.
const EPSILON: f64 = 1e-3;

/// One step whose action is a row of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuousTransition {
    /// `[W]`
    pub observation: Vec<f32>,
    /// `[K]`, each in [−1, 1].
    pub action: Vec<f32>,
    /// r_t.
    pub reward: f64,
    /// In [0, 1]; 0 where nothing follows.
    pub discount: f64,
    /// `[W]`
    pub next_observation: Vec<f32>,
}

/// Columns of transitions, in memory that is used again from one minibatch to the next.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContinuousBatch {
    /// `[B, W]`
    pub observation: Vec<f32>,
    /// `[B, K]`
    pub action: Vec<f32>,
    /// `[B]`
    pub reward: Vec<f32>,
    /// `[B]`
    pub discount: Vec<f32>,
    /// `[B, W]`
    pub next_observation: Vec<f32>,
}

impl ContinuousBatch {
    fn clear(&mut self) {
        let Self { observation, action, reward, discount, next_observation } = self;
        [observation, action, reward, discount, next_observation].into_iter().for_each(Vec::clear);
    }
}

/// A log to learn from.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuousLog {
    width: usize,
    action_width: usize,
    columns: ContinuousBatch,
}

impl ContinuousLog {
    /// An empty log of rows of `width` numbers and actions of `action_width` numbers.
    pub fn new(width: usize, action_width: usize) -> Self {
        Self { width, action_width, columns: ContinuousBatch::default() }
    }

    /// Adds a transition.
    ///
    /// # Errors
    /// Rows of another width, a number that is not finite, an action outside [−1, 1], or a discount outside [0, 1].
    pub fn push(&mut self, transition: &ContinuousTransition) -> Result<(), Error> {
        let key = format!("log.transitions[{}]", self.len());
        let ContinuousTransition { observation, action, reward, discount, next_observation } = transition;
        let rows = [
            ("observation", observation, self.width),
            ("action", action, self.action_width),
            ("next_observation", next_observation, self.width),
        ];
        for (name, row, expected) in rows {
            let got = row.len();
            Error::unless(got == expected, &key, name, || {
                format!("a row of {got} numbers among rows of {expected}; encode all alike")
            })?;
            let finite = row.iter().all(|x| x.is_finite());
            Error::unless(finite, &key, name, || format!("{row:?} is not finite; impute what is missing"))?;
        }
        let within = action.iter().all(|x| (-1.0..=1.0).contains(x));
        Error::unless(within, &key, "action", || format!("{action:?} must lie in [-1, 1]; rescale the actions"))?;
        Error::unless(reward.is_finite(), &key, "reward", || format!("{reward} is not finite"))?;
        Error::unless((0.0..=1.0).contains(discount), &key, "discount", || {
            format!("{discount} must lie in [0, 1]: 0 where the episode terminates, else 1")
        })?;
        let columns = &mut self.columns;
        columns.observation.extend_from_slice(observation);
        columns.action.extend_from_slice(action);
        columns.reward.push(*reward as f32);
        columns.discount.push(*discount as f32);
        columns.next_observation.extend_from_slice(next_observation);
        Ok(())
    }

    /// Number of transitions.
    pub fn len(&self) -> usize {
        self.columns.reward.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in an observation.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Numbers in an action.
    pub fn action_width(&self) -> usize {
        self.action_width
    }

    /// All transitions as columns.
    pub fn all(&self) -> &ContinuousBatch {
        &self.columns
    }

    /// Fills `batch` with `size` transitions drawn uniformly with replacement; the log must not be empty.
    pub fn sample(&self, size: usize, batch: &mut ContinuousBatch, rng: &mut ChaCha8Rng) {
        assert!(!self.is_empty(), "a sample of shape [{size}] from an empty log");
        batch.clear();
        for _ in 0..size {
            let index = rng.random_range(0..self.len());
            let (row, action) = (index * self.width, index * self.action_width);
            batch.observation.extend_from_slice(&self.columns.observation[row..][..self.width]);
            batch.action.extend_from_slice(&self.columns.action[action..][..self.action_width]);
            batch.reward.push(self.columns.reward[index]);
            batch.discount.push(self.columns.discount[index]);
            batch.next_observation.extend_from_slice(&self.columns.next_observation[row..][..self.width]);
        }
    }

    /// Mean and deviation of the observations; the log must not be empty.
    pub fn row_scale(&self) -> RowScale {
        assert!(!self.is_empty(), "the scale of rows of shape [0, {}]", self.width);
        RowScale::of(&self.columns.observation, self.width)
    }
}

/// How rows are brought to mean 0 and deviation 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowScale {
    /// `[W]`
    pub mean: Vec<f64>,
    /// `[W]`, above 0.
    pub deviation: Vec<f64>,
}

impl RowScale {
    /// Rows as they are.
    pub fn none(width: usize) -> Self {
        Self { mean: vec![0.0; width], deviation: vec![1.0; width] }
    }

    /// That of some rows.
    ///
    /// # Shapes
    /// `rows [N, width]`, N ≥ 1
    pub fn of(rows: &[f32], width: usize) -> Self {
        let count = (rows.len() / width) as f64;
        let mean_of = |column: usize, of: &dyn Fn(f64) -> f64| {
            rows.chunks_exact(width).map(|row| of(f64::from(row[column]))).sum::<f64>() / count
        };
        let mean: Vec<f64> = (0..width).map(|column| mean_of(column, &|x| x)).collect();
        let deviation = |column: usize| mean_of(column, &|x| (x - mean[column]).powi(2)).sqrt() + EPSILON;
        Self { deviation: (0..width).map(deviation).collect(), mean }
    }

    /// Scaled rows.
    ///
    /// # Shapes
    /// `[N, W]` → `[N, W]`
    pub fn apply(&self, rows: &[f32]) -> Vec<f32> {
        let scale = self.mean.iter().zip(&self.deviation).cycle();
        rows.iter().zip(scale).map(|(&x, (mean, deviation))| ((f64::from(x) - mean) / deviation) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn transition(number: f32) -> ContinuousTransition {
        ContinuousTransition {
            observation: vec![number, 5.0],
            action: vec![number / 10.0],
            reward: f64::from(number),
            discount: 1.0,
            next_observation: vec![number + 1.0, 5.0],
        }
    }

    #[test]
    fn columns_stay_together_and_draws_repeat() {
        let mut log = ContinuousLog::new(2, 1);
        (0..4).for_each(|number| log.push(&transition(number as f32)).unwrap());
        let draw = || {
            let mut batch = ContinuousBatch::default();
            log.sample(3, &mut batch, &mut ChaCha8Rng::seed_from_u64(1));
            log.sample(60, &mut batch, &mut ChaCha8Rng::seed_from_u64(2));
            batch
        };
        let batch = draw();
        assert_eq!((batch.reward.len(), &batch), (60, &draw()));
        for (row, &reward) in batch.reward.iter().enumerate() {
            assert_eq!((batch.observation[row * 2], batch.action[row]), (reward, reward / 10.0));
            assert_eq!(batch.next_observation[row * 2], reward + 1.0);
        }
        assert!((0..4).all(|number| batch.reward.contains(&(number as f32))));
    }

    #[test]
    fn scales_equal_hand_computation() {
        // 1 and 3: mean 2, deviation 1; 5 and 5: mean 5, deviation 0.
        let scale = RowScale::of(&[1.0, 5.0, 3.0, 5.0], 2);
        assert_eq!(scale, RowScale { mean: vec![2.0, 5.0], deviation: vec![1.001, 0.001] });
        let scaled = scale.apply(&[1.0, 5.0, 4.002, 5.0]);
        assert!(scaled.iter().zip([-1.0 / 1.001, 0.0, 2.0, 0.0]).all(|(f, e)| (f - e as f32).abs() < 1e-6));
    }

    #[test]
    fn actions_out_of_range_are_refused_with_their_place() {
        let (mut log, wrong) =
            (ContinuousLog::new(2, 1), ContinuousTransition { action: vec![1.5], ..transition(0.0) });
        log.push(&transition(1.0)).unwrap();
        let message = log.push(&wrong).unwrap_err().to_string();
        assert_eq!(message, "log.transitions[1].action: [1.5] must lie in [-1, 1]; rescale the actions");
        assert_eq!(log.len(), 1);
    }
}
