//! This project's side of `benches/peers/learning.py`: whole trainings, interaction and learning together, timed.
//!
//! ```text
//! rl_peer --work frozen_lake|cliff_walking|taxi|dqn --steps N --environments E --threads T [--seed K]
//! ```
//!
//! The grid worlds: Q-learning (α 0.1, γ 0.99, ε 0.1). `dqn`: CartPole with the hyper-parameters of CleanRL's `dqn.py`: two hidden
//! layers 120 and 84, Adam 2.5e-4, batch 128, a gradient step every 10 transitions, target network every 50 of them, replay
//! 10,000, ε from 1 to 0.05 over half the steps, no double Q-learning; learning starts after 10,000 transitions. Prints one line of
//! JSON with the seconds and the mean return of the last 100 episodes.
#![expect(clippy::print_stdout, reason = "the line of JSON is the result")]

use std::collections::BTreeMap;
use std::time::Instant;

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_rl::deep::{Dqn, DqnConfig};
use slatewise_rl::environments::{CartPole, CliffWalking, FrozenLake, MdpEnvironment, Taxi};
use slatewise_rl::tabular::{QLearning, StepSize, TabularConfig};
use slatewise_rl::{Budget, Discretiser, Encoder, EpsilonSchedule, Identity, Learning, Streams, rollout};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options: BTreeMap<&str, &str> =
        arguments.chunks_exact(2).map(|pair| (pair[0].trim_start_matches("--"), pair[1].as_str())).collect();
    let text = |key: &str, otherwise: &'static str| options.get(key).copied().unwrap_or(otherwise).to_owned();
    let number = |key: &str, otherwise: &'static str| text(key, otherwise).parse::<u64>();
    let work = text("work", "frozen_lake");
    let (steps, environments) = (number("steps", "1000000")?, number("environments", "1")? as usize);
    let (threads, seed) = (number("threads", "1")?, number("seed", "1")?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build()?;
    let (seconds, returns) = pool.install(|| -> Result<_, BoxError> {
        match work.as_str() {
            "frozen_lake" => Ok(q_learning(vec![FrozenLake::small().environment()?; environments], steps, seed)),
            "cliff_walking" => {
                Ok(q_learning(vec![CliffWalking { slippery: false }.environment(); environments], steps, seed))
            }
            "taxi" => Ok(q_learning(vec![Taxi.environment(); environments], steps, seed)),
            "dqn" => Ok(dqn(environments, steps, seed)),
            other => Err(format!("--work {other}: give frozen_lake, cliff_walking, taxi or dqn").into()),
        }
    })?;
    let last = &returns[returns.len().saturating_sub(100)..];
    println!(
        "{{\"work\": \"{work}\", \"steps\": {steps}, \"environments\": {environments}, \"threads\": {threads}, \"seconds\": {seconds:.6}, \"episodes\": {}, \"last_return\": {:.3}}}",
        returns.len(),
        last.iter().sum::<f64>() / last.len().max(1) as f64
    );
    Ok(())
}

fn q_learning(mut environments: Vec<MdpEnvironment>, steps: u64, seed: u64) -> (f64, Vec<f64>) {
    let mdp = environments[0].mdp();
    let (states, actions) = (mdp.states(), mdp.actions());
    let config = TabularConfig { discount: 0.99, step_size: StepSize::Constant(0.1), ..TabularConfig::default() };
    let start = Instant::now();
    let mut learner = QLearning::new(Identity { states }, actions, config);
    let mut learning = Learning::new(&mut learner, EpsilonSchedule::constant(0.1), |reward: &f64, _: &usize| *reward);
    rollout(&mut environments, &mut learning, Budget::Steps(steps), &mut Streams::new(seed));
    (start.elapsed().as_secs_f64(), learning.returns().to_vec())
}

fn dqn(environments: usize, steps: u64, seed: u64) -> (f64, Vec<f64>) {
    let config = DqnConfig {
        hidden: vec![120, 84],
        discount: 0.99,
        learning_rate: 2.5e-4,
        batch_size: 128,
        replay_capacity: 10_000,
        learning_starts: 10_000,
        learn_every: 10,
        target_update_every: 50,
        double: false,
        ..DqnConfig::default()
    };
    let epsilon = EpsilonSchedule { start: 1.0, end: 0.05, steps: steps / 2 };
    let mut carts = vec![CartPole::new(); environments];
    let start = Instant::now();
    let mut learner = Dqn::new(Row, 2, config, &Device::flex(), &mut ChaCha8Rng::seed_from_u64(seed));
    let mut learning = Learning::new(&mut learner, epsilon, |reward: &f64, _: &[f32; 4]| *reward);
    rollout(&mut carts, &mut learning, Budget::Steps(steps), &mut Streams::new(seed));
    (start.elapsed().as_secs_f64(), learning.returns().to_vec())
}

/// The four numbers as they are, all of one discrete state.
#[derive(Clone, Copy)]
struct Row;

impl Discretiser<[f32; 4]> for Row {
    fn states(&self) -> usize {
        1
    }

    fn state(&self, _observation: &[f32; 4]) -> usize {
        0
    }
}

impl Encoder<[f32; 4]> for Row {
    fn width(&self) -> usize {
        4
    }

    fn encode(&self, observation: &[f32; 4], row: &mut [f32]) {
        row.copy_from_slice(observation);
    }
}
