//! DQN on CartPole-v1 or Acrobot-v1 with parallel environments: how many steps until 100 greedy episodes are good enough, per seed.
//!
//! ```sh
//! cargo run --release --example classic_control -- cart-pole 5
//! cargo run --release --example classic_control -- acrobot 5
//! ```
//!
//! Every 2,500 steps 20 greedy episodes are judged; where they suffice, 100 others decide. At most 50,000 steps.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_rl::deep::{Dqn, DqnConfig};
use slatewise_rl::environments::{Acrobot, CartPole};
use slatewise_rl::{
    ActionValues, Budget, Environment, EpsilonGreedy, EpsilonSchedule, Learning, Numbers, Rollout, Streams, TimeStep,
    Watched, rollout,
};

const EPSILON: EpsilonSchedule = EpsilonSchedule { start: 1.0, end: 0.05, steps: 8_000 };

fn config(n_step: usize) -> DqnConfig {
    DqnConfig {
        n_step,
        hidden: vec![64, 64],
        discount: 0.99,
        learning_rate: 1e-3,
        batch_size: 64,
        replay_capacity: 50_000,
        learning_starts: 1_000,
        learn_every: 1,
        target_update_every: 250,
        ..DqnConfig::default()
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (name, seeds) = (arguments.next(), arguments.next().and_then(|count| count.parse().ok()).unwrap_or(5));
    for seed in 0..seeds {
        let found = match name.as_deref() {
            Some("acrobot") => {
                let environments = std::array::from_fn(|_| Acrobot::new());
                learn(environments, Numbers { scale: [1.0, 1.0, 1.0, 1.0, 4.0, 9.0] }, config(3), -100.0, seed)
            }
            _ => {
                let environments = std::array::from_fn(|_| CartPole::new());
                learn(environments, Numbers { scale: [2.4, 2.0, 0.2, 2.0] }, config(1), 475.0, seed)
            }
        };
        println!("seed {seed}: {found}");
    }
}

/// Learns until 100 greedy episodes have a mean of at least `enough`.
fn learn<const N: usize, E>(
    mut environments: [E; 4],
    encoder: Numbers<N>,
    config: DqnConfig,
    enough: f64,
    seed: u64,
) -> String
where
    E: Environment<Observation = [f32; N], Response = f64> + Clone,
{
    let (actions, mut judge_in) = (environments[0].spec().actions, environments.clone());
    let mut learner = Dqn::new(encoder, actions, config, &Device::flex(), &mut ChaCha8Rng::seed_from_u64(seed));
    let mut learning = Learning::new(&mut learner, EPSILON, |reward: &f64, _: &[f32; N]| *reward);
    let (mut interaction, mut streams, mut seen) = (Rollout::default(), Streams::new(seed), Vec::new());
    for part in 1..=20 {
        interaction.run(&mut environments, &mut learning, Budget::Steps(2_500), &mut streams);
        let network = learning.learner().snapshot();
        let glance = mean_return(&mut judge_in, &network, 20, 1_000 + seed);
        seen.push(format!("{glance:.0}"));
        if glance >= enough {
            let score = mean_return(&mut judge_in, &network, 100, 2_000 + seed);
            if score >= enough {
                return format!("{score:.1} after {} steps", part * 2_500);
            }
        }
    }
    format!("not solved: {}", seen.join(" "))
}

/// Mean return of greedy episodes.
fn mean_return<const N: usize, E>(
    environments: &mut [E; 4],
    values: &impl ActionValues<[f32; N]>,
    episodes: u64,
    seed: u64,
) -> f64
where
    E: Environment<Observation = [f32; N], Response = f64>,
{
    let (mut policy, mut sum) = (EpsilonGreedy::greedy(values), 0.0);
    let add = |_, _, step: &TimeStep<'_, [f32; N], f64>| sum += step.response.unwrap_or(0.0);
    // One environment, so that long episodes count as often as short ones.
    let judged = rollout(
        &mut environments[..1],
        &mut Watched::new(&mut policy, add),
        Budget::Episodes(episodes),
        &mut Streams::new(seed),
    );
    sum / judged.episodes as f64
}
