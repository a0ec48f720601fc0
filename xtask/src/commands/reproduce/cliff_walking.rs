//! Sutton & Barto 2018, example 6.6: SARSA takes the safe path and earns more while it explores; Q-learning learns the best path,
//! along the edge, and falls off it now and then.
//!
//! The book's figure is smoothed; its curves settle at about -25 (SARSA) and about -50 (Q-learning).

use anyhow::Result;
use rayon::prelude::*;
use slatewise_eval::report::LinePlot;
use slatewise_rl::environments::{CliffWalking, MdpEnvironment};
use slatewise_rl::tabular::{QLearning, Sarsa, StepSize, TabularConfig};
use slatewise_rl::{
    Budget, EpsilonGreedy, EpsilonSchedule, Identity, Learner, Learning, Streams, TimeStep, Watched, rollout,
};

use super::{Reproduction, Row, mean_curve};

pub(super) const ABOUT: &str =
    "Cliff walking, Sutton & Barto 2018, example 6.6: online returns of Q-learning and SARSA";

const EPISODES: usize = 500;
/// Episodes at the end whose returns are averaged.
const LAST: usize = 100;
/// Episodes to a point of the figure.
const BLOCK: usize = 10;
const EPSILON: f64 = 0.1;
const CONFIG: TabularConfig =
    TabularConfig { discount: 1.0, step_size: StepSize::Constant(0.5), initial_value: 0.0, min_support: 0 };

/// One run: returns per episode of both learners, and what Q-learning's greedy policy earns in the end.
struct Run {
    q_learning: Vec<f64>,
    sarsa: Vec<f64>,
    greedy: f64,
}

/// The returns of one of the learners.
type Curve = fn(&Run) -> &[f64];

impl Run {
    fn new(environment: &MdpEnvironment, seed: u64, run: u64) -> Self {
        let states = Identity { states: environment.mdp().states() };
        let streams = || Streams::of_session(seed, run);
        let mut q_learner = QLearning::new(states, environment.mdp().actions(), CONFIG);
        let mut sarsa_learner = Sarsa::new(states, environment.mdp().actions(), CONFIG);
        let q_learning = returns(&mut q_learner, environment, streams());
        let sarsa = returns(&mut sarsa_learner, environment, streams());
        let mut greedy = 0.0;
        let mut policy = EpsilonGreedy::greedy(&q_learner);
        let watch = |_, _, step: &TimeStep<'_, usize, f64>| greedy += step.response.unwrap_or(0.0);
        let mut judge = Watched::new(&mut policy, watch);
        // A path that does not end must not be walked for ever.
        let limited = MdpEnvironment::new("cliff walking", CliffWalking::default().mdp(), Some(100));
        rollout(&mut [limited], &mut judge, Budget::Episodes(1), &mut streams());
        Self { q_learning, sarsa, greedy }
    }
}

fn returns(
    learner: &mut impl Learner<usize, State = usize>,
    environment: &MdpEnvironment,
    mut streams: Streams,
) -> Vec<f64> {
    let exploration = EpsilonSchedule::constant(EPSILON);
    let mut learning = Learning::new(learner, exploration, |reward: &f64, _: &usize| *reward);
    rollout(&mut [environment.clone()], &mut learning, Budget::Episodes(EPISODES as u64), &mut streams);
    learning.returns().to_vec()
}

/// Reproduces the example.
pub(super) fn reproduce(runs: u64, seed: u64) -> Result<Reproduction> {
    let environment = CliffWalking::default().environment();
    let runs: Vec<Run> = (0..runs).into_par_iter().map(|run| Run::new(&environment, seed, run)).collect();
    let last = |of: Curve| -> Vec<f64> {
        runs.iter().map(|run| of(run)[EPISODES - LAST..].iter().sum::<f64>() / LAST as f64).collect()
    };
    let blocks = |of: Curve| -> Vec<Vec<f64>> {
        let means = |run| of(run).chunks_exact(BLOCK).map(|block| block.iter().sum::<f64>() / BLOCK as f64).collect();
        runs.iter().map(means).collect()
    };
    let q_learning: Curve = |run| &run.q_learning;
    let sarsa: Curve = |run| &run.sarsa;
    let rows = vec![
        Row {
            key: "q_learning_return",
            what: "Q-learning, return per episode, last 100",
            samples: last(q_learning),
            source: "about -50, off its figure",
            bounds: Some((-56.0, -42.0)),
        },
        Row {
            key: "sarsa_return",
            what: "SARSA, return per episode, last 100",
            samples: last(sarsa),
            source: "about -25, off its figure",
            bounds: Some((-30.0, -19.0)),
        },
        Row {
            key: "q_learning_greedy_return",
            what: "Q-learning, greedy path after 500 episodes",
            samples: runs.iter().map(|run| run.greedy).collect(),
            source: "-13, the best",
            bounds: Some((-13.0, -13.0)),
        },
    ];
    let xs = || (0..EPISODES / BLOCK).map(|block| (block * BLOCK + BLOCK) as f64);
    let figure = LinePlot::new("Cliff walking: return while learning", "episode", "return")
        .series(mean_curve("SARSA", xs(), &blocks(sarsa)))
        .series(mean_curve("Q-learning", xs(), &blocks(q_learning)));
    Ok(Reproduction { rows, figure })
}
