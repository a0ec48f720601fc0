//! `FusionGrid`: finitely many weight vectors, so that learners over indices set fusion weights: action `a` is row `a`.
//!
//! ```text
//! simplex(K, n)    all w with w_k ∈ {0, 1/n, ..., 1} and Σ_k w_k = 1:  C(n + K − 1, K − 1) of them
//! ```
//!
//! Tabular learners and DQN take [`FusionGrid::len`] for their number of actions and rank by [`FusionGrid::weights`] of the one chosen.

use crate::error::Error;

/// Larger grids have more actions than a learner can try.
const MOST: usize = 100_000;

/// Weight vectors, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct FusionGrid {
    values: Vec<f64>,
    tasks: usize,
}

impl FusionGrid {
    /// All weights that are multiples of 1 / `steps` and sum to 1, in ascending order of the first, then of the second, and so on.
    ///
    /// # Errors
    /// No task, no step, or more than 100,000 points.
    pub fn simplex(tasks: usize, steps: usize) -> Result<Self, Error> {
        Error::unless(tasks >= 1, "fusion", "tasks", || "must be at least 1".to_owned())?;
        Error::unless(steps >= 1, "fusion", "steps", || "must be at least 1".to_owned())?;
        // C(n + j, j) for j = 1..K − 1, each from the one before.
        let count =
            (1..tasks).try_fold(1_usize, |count, j| Some(count.checked_mul(steps + j)? / j).filter(|&c| c <= MOST));
        Error::unless(count.is_some(), "fusion", "steps", || {
            format!("a grid of {steps} steps over {tasks} tasks has more than {MOST} points; take fewer steps")
        })?;
        let mut values = Vec::new();
        let mut parts = vec![0; tasks];
        fill(&mut parts, 0, steps, &mut |parts| values.extend(parts.iter().map(|&part| part as f64 / steps as f64)));
        Ok(Self { values, tasks })
    }

    /// Weight vectors of the caller's.
    ///
    /// # Shapes
    /// `values [A, K]`, row by row
    ///
    /// # Errors
    /// No task, no full row, a number that is not finite.
    pub fn new(values: Vec<f64>, tasks: usize) -> Result<Self, Error> {
        let full = tasks >= 1 && !values.is_empty() && values.len().is_multiple_of(tasks);
        Error::unless(full, "fusion", "weights", || {
            format!("{} numbers in rows of {tasks}: give at least one full row", values.len())
        })?;
        Error::unless(values.iter().all(|weight| weight.is_finite()), "fusion", "weights", || {
            "every weight must be finite".to_owned()
        })?;
        Ok(Self { values, tasks })
    }

    /// Number of weight vectors: of actions.
    pub fn len(&self) -> usize {
        self.values.len() / self.tasks
    }

    /// Whether there is none; there always is one.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// K.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// The weights that an action stands for.
    ///
    /// # Shapes
    /// `action` below `len()` → `[K]`
    pub fn weights(&self, action: usize) -> &[f64] {
        let actions = self.len();
        assert!(action < actions, "action {action} of a grid of shape [{actions}, {}]", self.tasks);
        &self.values[action * self.tasks..][..self.tasks]
    }

    /// The action whose weights are closest, by their squared distance; the lowest among equals.
    ///
    /// # Shapes
    /// `weights [K]`
    pub fn nearest(&self, weights: &[f64]) -> usize {
        let (given, tasks) = (weights.len(), self.tasks);
        assert!(given == tasks, "weights of shape [{given}] for a grid over [{tasks}] tasks");
        let distance =
            |action: usize| -> f64 { self.weights(action).iter().zip(weights).map(|(a, b)| (a - b) * (a - b)).sum() };
        (1..self.len()).fold(0, |best, action| if distance(action) < distance(best) { action } else { best })
    }
}

/// Calls `each` with every way to divide `left` among the parts from `place` on.
fn fill(parts: &mut [usize], place: usize, left: usize, each: &mut impl FnMut(&[usize])) {
    if place + 1 == parts.len() {
        parts[place] = left;
        return each(parts);
    }
    for part in 0..=left {
        parts[place] = part;
        fill(parts, place + 1, left - part, each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simplex_is_covered_once() {
        let grid = FusionGrid::simplex(2, 2).unwrap();
        assert_eq!(grid.values, [0.0, 1.0, 0.5, 0.5, 1.0, 0.0]);
        for (tasks, steps, count) in [(3, 4, 15), (1, 7, 1), (4, 1, 4), (3, 10, 66)] {
            let grid = FusionGrid::simplex(tasks, steps).unwrap();
            assert_eq!((grid.len(), grid.tasks()), (count, tasks));
            let rows: Vec<&[f64]> = (0..count).map(|action| grid.weights(action)).collect();
            assert!(rows.iter().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
            assert!((1..count).all(|row| !rows[..row].contains(&rows[row])));
        }
    }

    #[test]
    fn the_nearest_action_is_found() {
        let grid = FusionGrid::simplex(2, 4).unwrap();
        assert_eq!(grid.weights(grid.nearest(&[0.6, 0.4])), [0.5, 0.5]);
        assert_eq!(grid.nearest(&[0.125, 0.875]), 0);
    }

    #[test]
    fn faults_are_named() {
        let message = |tasks, steps| FusionGrid::simplex(tasks, steps).unwrap_err().to_string();
        assert_eq!(message(0, 3), "fusion.tasks: must be at least 1");
        assert!(message(9, 100).starts_with("fusion.steps: a grid of 100 steps over 9 tasks has more than"));
        let message = FusionGrid::new(vec![1.0; 3], 2).unwrap_err().to_string();
        assert_eq!(message, "fusion.weights: 3 numbers in rows of 2: give at least one full row");
    }
}
