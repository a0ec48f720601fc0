//! Sutton & Barto 2018, example 6.5: SARSA on a gridworld with wind; the curve of episodes over time steps bends upwards.
//!
//! The book's figure ends at 8,000 steps with about 160 episodes.

use anyhow::Result;
use rayon::prelude::*;
use slatewise_eval::report::LinePlot;
use slatewise_rl::environments::{MdpEnvironment, WindyGridworld};
use slatewise_rl::tabular::{Sarsa, StepSize, TabularConfig};
use slatewise_rl::{Budget, EpsilonSchedule, Identity, Learning, Streams, rollout};

use super::{Reproduction, Row, mean_curve};

pub(super) const ABOUT: &str =
    "Windy gridworld, Sutton & Barto 2018, example 6.5: episodes that SARSA ends in 8,000 steps";

const STEPS: u64 = 8_000;
/// Steps to a point of the figure.
const BLOCK: u64 = 100;
const EPSILON: f64 = 0.1;
const CONFIG: TabularConfig =
    TabularConfig { discount: 1.0, step_size: StepSize::Constant(0.5), initial_value: 0.0, min_support: 0 };

/// One run: episodes that had ended by the end of every block of steps.
fn ended(environment: &MdpEnvironment, seed: u64, run: u64) -> Vec<f64> {
    let mut learner = Sarsa::new(Identity { states: environment.mdp().states() }, environment.mdp().actions(), CONFIG);
    let exploration = EpsilonSchedule::constant(EPSILON);
    let mut learning = Learning::new(&mut learner, exploration, |reward: &f64, _: &usize| *reward);
    rollout(&mut [environment.clone()], &mut learning, Budget::Steps(STEPS), &mut Streams::of_session(seed, run));
    // A step costs 1, so an episode's return is its length.
    let ends = learning.returns().iter().scan(0.0, |step, length| {
        *step -= length;
        Some(*step)
    });
    let ends: Vec<f64> = ends.collect();
    (0..=STEPS / BLOCK).map(|block| ends.iter().filter(|&&end| end <= (block * BLOCK) as f64).count() as f64).collect()
}

/// Reproduces the example.
pub(super) fn reproduce(runs: u64, seed: u64) -> Result<Reproduction> {
    let environment = WindyGridworld::default().environment();
    let runs: Vec<Vec<f64>> = (0..runs).into_par_iter().map(|run| ended(&environment, seed, run)).collect();
    let rows = vec![Row {
        key: "episodes",
        what: "SARSA, episodes ended in 8,000 steps",
        samples: runs.iter().filter_map(|run| run.last().copied()).collect(),
        source: "about 160, off its figure",
        bounds: Some((152.0, 168.0)),
    }];
    let xs = (0..=STEPS / BLOCK).map(|block| (block * BLOCK) as f64);
    let figure = LinePlot::new("Windy gridworld: episodes ended by SARSA", "time step", "episodes")
        .series(mean_curve("SARSA", xs, &runs));
    Ok(Reproduction { rows, figure })
}
