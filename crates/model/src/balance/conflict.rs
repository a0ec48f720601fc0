//! `GradientConflict`: how far the tasks pull the shared parameters in different directions, over many steps.
//!
//! ```text
//! per pair i < j:   mean over the steps of cos(gᵢ, gⱼ),   share of the steps with cos(gᵢ, gⱼ) < 0
//! ```
//!
//! A negative cosine is what Yu et al. 2020 (definition 1) call conflicting gradients. Steps in which one of the two
//! gradients is 0, such as those without a label of the task, do not count for the pair.
//!
//! # Reference
//! Yu, Kumar, Gupta, Levine, Hausman, Finn 2020, "Gradient Surgery for Multi-Task Learning", NeurIPS.

use super::Gram;
use serde::{Deserialize, Serialize};

/// The sums over the steps so far; saved and read, it goes on counting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GradientConflict {
    tasks: usize,
    /// Per pair i < j, row by row.
    sums: Vec<PairSums>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct PairSums {
    steps: u64,
    negative: u64,
    cosine: f64,
}

/// What is said of two tasks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairConflict {
    /// Position of the first task.
    pub first: usize,
    /// Position of the second task, above `first`.
    pub second: usize,
    /// Steps in which both had a gradient.
    pub steps: u64,
    /// Mean over these steps of the cosine, in [-1, 1]; `None` where there were none.
    pub mean_cosine: Option<f64>,
    /// Share of these steps in which the cosine was negative, in [0, 1]; `None` where there were none.
    pub negative_share: Option<f64>,
}

impl GradientConflict {
    /// No steps yet, of `tasks` tasks.
    pub fn new(tasks: usize) -> Self {
        Self { tasks, sums: vec![PairSums::default(); tasks * tasks.saturating_sub(1) / 2] }
    }

    /// Counts a step; products that are not finite do not count.
    ///
    /// # Panics
    /// Where the matrix is of another number of tasks.
    pub fn push(&mut self, gram: &Gram) {
        assert_eq!(gram.tasks(), self.tasks, "one gradient per task");
        for ((first, second), sums) in pairs(self.tasks).zip(&mut self.sums) {
            if let Some(cosine) = gram.cosine(first, second).filter(|cosine| cosine.is_finite()) {
                sums.steps += 1;
                sums.negative += u64::from(cosine < 0.0);
                sums.cosine += cosine;
            }
        }
    }

    /// The pairs i < j, row by row.
    pub fn pairs(&self) -> Vec<PairConflict> {
        let pair = |((first, second), sums): ((usize, usize), &PairSums)| {
            let mean = |sum: f64| (sums.steps > 0).then(|| sum / sums.steps as f64);
            let (mean_cosine, negative_share) = (mean(sums.cosine), mean(sums.negative as f64));
            PairConflict { first, second, steps: sums.steps, mean_cosine, negative_share }
        };
        pairs(self.tasks).zip(&self.sums).map(pair).collect()
    }
}

fn pairs(tasks: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..tasks).flat_map(move |first| (first + 1..tasks).map(move |second| (first, second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tasks 0 and 1 at 0° then 180°, 0 and 2 at 90° then not at all, 1 and 2 at 90° then not at all.
    #[test]
    fn means_and_shares_are_over_the_steps_in_which_both_learn() {
        let mut conflict = GradientConflict::new(3);
        conflict.push(&Gram::of(&[vec![1.0, 0.0], vec![2.0, 0.0], vec![0.0, 3.0]]));
        conflict.push(&Gram::of(&[vec![1.0, 0.0], vec![-2.0, 0.0], vec![0.0, 0.0]]));
        let pair = |first, second, steps, mean_cosine, negative_share| PairConflict {
            first,
            second,
            steps,
            mean_cosine: Some(mean_cosine),
            negative_share: Some(negative_share),
        };
        assert_eq!(conflict.pairs(), [pair(0, 1, 2, 0.0, 0.5), pair(0, 2, 1, 0.0, 0.0), pair(1, 2, 1, 0.0, 0.0)]);
    }

    #[test]
    fn without_steps_nothing_is_said() {
        let found = GradientConflict::new(2).pairs();
        assert_eq!((found.len(), found[0].mean_cosine, found[0].negative_share), (1, None, None));
        assert!(GradientConflict::new(1).pairs().is_empty() && GradientConflict::new(0).pairs().is_empty());
    }

    #[test]
    fn a_saved_count_goes_on() -> Result<(), Box<dyn std::error::Error>> {
        let mut conflict = GradientConflict::new(2);
        conflict.push(&Gram::of(&[vec![1.0, 0.3], vec![0.1, -0.7]]));
        let read: GradientConflict = toml::from_str(&toml::to_string(&conflict)?)?;
        assert_eq!(read, conflict);
        Ok(())
    }
}
