//! DQN learns to balance the pole in four parallel environments; `cargo xtask reproduce cart-pole` holds the full bound over five seeds.

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_rl::deep::{Dqn, DqnConfig};
use slatewise_rl::environments::CartPole;
use slatewise_rl::{
    Budget, EpsilonGreedy, EpsilonSchedule, Learning, Numbers, Rollout, Streams, TimeStep, Watched, rollout,
};

/// Of 500.
const ENOUGH: f64 = 400.0;

#[test]
fn dqn_balances_the_pole_within_20_000_steps() {
    let config = DqnConfig {
        discount: 0.99,
        learning_rate: 1e-3,
        replay_capacity: 50_000,
        learn_every: 1,
        ..DqnConfig::default()
    };
    let encoder = Numbers { scale: [2.4, 2.0, 0.2, 2.0] };
    let mut learner = Dqn::new(encoder, 2, config, &Device::flex(), &mut ChaCha8Rng::seed_from_u64(0));
    let epsilon = EpsilonSchedule { start: 1.0, end: 0.05, steps: 8_000 };
    let mut learning = Learning::new(&mut learner, epsilon, |reward: &f64, _: &[f32; 4]| *reward);
    let mut environments = [CartPole::new(), CartPole::new(), CartPole::new(), CartPole::new()];
    let (mut interaction, mut streams, mut seen) = (Rollout::default(), Streams::new(0), Vec::new());
    for _ in 0..8 {
        interaction.run(&mut environments, &mut learning, Budget::Steps(2_500), &mut streams);
        let (network, mut sum) = (learning.learner().snapshot(), 0.0);
        let mut policy = EpsilonGreedy::greedy(&network);
        let add = |_, _, step: &TimeStep<'_, [f32; 4], f64>| sum += step.response.unwrap_or(0.0);
        let mut watched = Watched::new(&mut policy, add);
        rollout(&mut [CartPole::new()], &mut watched, Budget::Episodes(20), &mut Streams::new(1_000));
        seen.push(sum / 20.0);
        if sum / 20.0 >= ENOUGH {
            break;
        }
    }
    let solved = seen.last().is_some_and(|&mean| mean >= ENOUGH);
    assert!(solved, "mean returns of 20 greedy episodes after every 2,500 steps: {seen:.0?}");
}
