//! PPO with CleanRL's settings learns to balance the pole in four parallel environments, the same from the same seed.

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_rl::deep::{PolicyLearning, Ppo, PpoConfig};
use slatewise_rl::environments::CartPole;
use slatewise_rl::{Budget, Numbers, Streams, rollout};

/// Returns of all episodes that ended within `steps` steps.
fn returns(seed: u64, steps: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut learner = Ppo::new(Numbers::plain(), 2, PpoConfig::default(), &Device::flex(), &mut rng);
    let mut learning = PolicyLearning::new(&mut learner, |reward: &f64, _: &[f32; 4]| *reward);
    let mut environments = [CartPole::new(), CartPole::new(), CartPole::new(), CartPole::new()];
    rollout(&mut environments, &mut learning, Budget::Steps(steps), &mut Streams::new(seed));
    learning.returns().to_vec()
}

#[test]
fn ppo_balances_the_pole_within_100_000_steps() {
    let returns = returns(0, 100_000);
    let mean = returns.iter().rev().take(50).sum::<f64>() / 50.0;
    assert!(mean >= 195.0, "the last 50 of {} episodes had a mean return of {mean}", returns.len());
}

#[test]
fn a_run_repeats_itself_from_its_seed() {
    let first = returns(3, 5_000);
    assert_eq!(first, returns(3, 5_000));
    assert_ne!(first, returns(4, 5_000));
}
