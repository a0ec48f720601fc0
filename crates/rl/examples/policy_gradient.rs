//! PPO and REINFORCE on CartPole-v1 in four parallel environments: mean return of the last 50 episodes over the course of learning, and of
//! 100 others at the end, per seed.
//!
//! ```sh
//! cargo run --release --example policy_gradient -- ppo 500000 5
//! cargo run --release --example policy_gradient -- reinforce 100000 5
//! ```
//!
//! Actions are drawn from the policy, in learning and in judging.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_rl::deep::{NetworkPolicy, PolicyLearner, PolicyLearning, Ppo, PpoConfig, Reinforce, ReinforceConfig};
use slatewise_rl::environments::CartPole;
use slatewise_rl::{Budget, Numbers, Rollout, Streams, TimeStep, Watched, rollout};

/// Steps between two looks at the last 50 episodes.
const PART: u64 = 25_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "ppo".to_owned());
    let mut number = |otherwise: u64| arguments.next().and_then(|x| x.parse().ok()).unwrap_or(otherwise);
    let (steps, seeds) = (number(500_000), number(5));
    for seed in 0..seeds {
        let (mut rng, device, encoder) = (ChaCha8Rng::seed_from_u64(seed), Device::flex(), Numbers::plain());
        let found = if name == "reinforce" {
            let mut learner = Reinforce::new(encoder, 2, ReinforceConfig::default(), &device, &mut rng);
            let seen = learn(&mut learner, steps, seed);
            format!("{seen}; judged {:.1}", judge(learner.network_policy().clone(), seed))
        } else {
            let mut learner = Ppo::new(encoder, 2, PpoConfig::default(), &device, &mut rng);
            let seen = learn(&mut learner, steps, seed);
            format!("{seen}; judged {:.1}", judge(learner.network_policy().clone(), seed))
        };
        println!("seed {seed}: {found}");
    }
}

/// Mean returns of the last 50 episodes, part by part, and the episode with which that mean first reached 195.
fn learn(learner: &mut impl PolicyLearner<[f32; 4]>, steps: u64, seed: u64) -> String {
    let mut learning = PolicyLearning::new(learner, |reward: &f64, _: &[f32; 4]| *reward);
    let mut environments: [CartPole; 4] = std::array::from_fn(|_| CartPole::new());
    let (mut interaction, mut streams, mut seen) = (Rollout::default(), Streams::new(seed), Vec::new());
    for _ in 0..steps.div_ceil(PART) {
        interaction.run(&mut environments, &mut learning, Budget::Steps(PART), &mut streams);
        let last = &learning.returns()[learning.returns().len().saturating_sub(50)..];
        seen.push(format!("{:.0}", last.iter().sum::<f64>() / last.len() as f64));
    }
    let returns = learning.returns();
    let first = returns.windows(50).position(|window| window.iter().sum::<f64>() >= 195.0 * 50.0);
    let reached = first.map_or("never".to_owned(), |first| {
        format!("after about {:.0} steps", returns[..first + 50].iter().sum::<f64>())
    });
    format!("{}; 195 {reached}", seen.join(" "))
}

/// Mean return of 100 episodes in one environment, so that long episodes count as often as short ones.
fn judge(mut policy: NetworkPolicy<Numbers<4>>, seed: u64) -> f64 {
    let mut sum = 0.0;
    let add = |_, _, step: &TimeStep<'_, [f32; 4], f64>| sum += step.response.unwrap_or(0.0);
    let mut watched = Watched::new(&mut policy, add);
    rollout(&mut [CartPole::new()], &mut watched, Budget::Episodes(100), &mut Streams::new(2_000 + seed));
    sum / 100.0
}
