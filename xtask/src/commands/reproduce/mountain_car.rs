//! Sutton & Barto 2018, figure 10.1: semi-gradient SARSA with tile coding finds its way up the hill, for three step sizes.
//!
//! Eight tilings of 8 × 8 tiles, no exploration but the optimism of values that begin at 0. The book's curves fall from about 1,000
//! steps in the first episodes to between 100 and 200.

use anyhow::Result;
use rayon::prelude::*;
use slatewise_eval::report::LinePlot;
use slatewise_rl::environments::MountainCar;
use slatewise_rl::tabular::{LinearConfig, LinearSarsa, TileCoding};
use slatewise_rl::{Budget, EpsilonSchedule, Learning, Streams, rollout};

use super::{Reproduction, Row, mean_curve};

pub(super) const ABOUT: &str =
    "Mountain car, Sutton & Barto 2018, figure 10.1: steps per episode of linear SARSA with tile coding";

const EPISODES: usize = 500;
/// Episodes at the end whose steps are averaged.
const LAST: usize = 50;
/// Episodes to a point of the figure.
const BLOCK: usize = 5;
const TILINGS: usize = 8;
/// Ours; the book's are these over the number of tilings.
const STEP_SIZES: [f64; 3] = [0.1, 0.2, 0.5];

/// Steps of every episode of one run.
fn steps(tiles: TileCoding<2>, step_size: f64, seed: u64, run: u64) -> Vec<f64> {
    let config = LinearConfig { discount: 1.0, step_size, min_support: 0 };
    let mut learner = LinearSarsa::new(tiles, 3, config);
    let mut learning =
        Learning::new(&mut learner, EpsilonSchedule::constant(0.0), |reward: &f64, _: &[f32; 2]| *reward);
    let budget = Budget::Episodes(EPISODES as u64);
    rollout(&mut [MountainCar::endless()], &mut learning, budget, &mut Streams::of_session(seed, run));
    // A step costs 1.
    learning.returns().iter().map(|value| -value).collect()
}

/// Reproduces the figure.
pub(super) fn reproduce(runs: u64, seed: u64) -> Result<Reproduction> {
    let tiles = TileCoding::new(MountainCar::BOUNDS, [8, 8], TILINGS)?;
    let last = |runs: &[Vec<f64>]| -> Vec<f64> {
        runs.iter().map(|run| run[EPISODES - LAST..].iter().sum::<f64>() / LAST as f64).collect()
    };
    let mut rows = Vec::new();
    let mut figure = LinePlot::new("Mountain car: steps per episode", "episode", "log10 of steps");
    for (step_size, key, what) in [
        (STEP_SIZES[0], "steps_0_1", "α = 0.1/8, steps per episode, last 50"),
        (STEP_SIZES[1], "steps_0_2", "α = 0.2/8, steps per episode, last 50"),
        (STEP_SIZES[2], "steps_0_5", "α = 0.5/8, steps per episode, last 50"),
    ] {
        let all: Vec<Vec<f64>> = (0..runs).into_par_iter().map(|run| steps(tiles, step_size, seed, run)).collect();
        let source = "100 to 200, off its figure";
        rows.push(Row { key, what, samples: last(&all), source, bounds: Some((100.0, 200.0)) });
        let log = |run: &Vec<f64>| {
            run.chunks_exact(BLOCK).map(|block| (block.iter().sum::<f64>() / BLOCK as f64).log10()).collect()
        };
        let curves: Vec<Vec<f64>> = all.iter().map(log).collect();
        let xs = (1..=EPISODES / BLOCK).map(|block| (block * BLOCK) as f64);
        figure = figure.series(mean_curve(&format!("α = {step_size}/8"), xs, &curves));
    }
    Ok(Reproduction { rows, figure })
}
