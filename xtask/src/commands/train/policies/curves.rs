//! How learners came along: the return of what each had learned so far, over its seeds.

use serde::Serialize;

use super::learn::Learned;

/// A learner's path, over all seeds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Curve {
    pub(crate) learner: &'static str,
    /// Steps in the simulator; 0 is what the log alone taught, or nothing yet.
    pub(crate) steps: Vec<u64>,
    /// Mean over seeds of the greedy return in the learner's simulator.
    pub(crate) mean: Vec<f64>,
    pub(crate) lowest: Vec<f64>,
    pub(crate) highest: Vec<f64>,
}

/// The curves of all learners, each over its seeds.
///
/// # Shapes
/// `learned [seeds][learners]`
pub(super) fn curves(learned: &[Vec<Learned>]) -> Vec<Curve> {
    let learners = learned.first().map_or(0, Vec::len);
    let over_seeds = |learner: usize| {
        let seeds: Vec<&Learned> = learned.iter().map(|seed| &seed[learner]).collect();
        let points = || 0..seeds[0].curve.len();
        let returns = |point: usize| seeds.iter().map(move |seed| seed.curve[point].1).collect::<Vec<f64>>();
        let fold = |by: fn(f64, f64) -> f64| {
            points().map(|point| returns(point).into_iter().reduce(by).unwrap_or(f64::NAN)).collect()
        };
        Curve {
            learner: seeds[0].name,
            steps: points().map(|point| seeds[0].curve[point].0).collect(),
            mean: points().map(|point| returns(point).iter().sum::<f64>() / seeds.len() as f64).collect(),
            lowest: fold(f64::min),
            highest: fold(f64::max),
        }
    };
    (0..learners).map(over_seeds).collect()
}

impl Curve {
    /// For the console: the return at a few points on the way.
    pub(super) fn line(&self) -> String {
        let last = self.mean.len() - 1;
        let mut shown: Vec<usize> = (0..=4).map(|quarter| quarter * last / 4).collect();
        shown.dedup();
        let points = shown.iter().map(|&point| format!("{:.2} at {}", self.mean[point], self.steps[point]));
        format!("{:<26} greedy return by steps: {}", self.learner, points.collect::<Vec<_>>().join(", "))
    }
}
