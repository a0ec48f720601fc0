//! PPO and REINFORCE: the clipped objective by hand, masks, what a batch holds, the chain, determinism, settings.

use burn::tensor::TensorData;
use rand::SeedableRng;

use super::*;
use crate::deep::{PolicyLearning, Reinforce, ReinforceConfig, Taken};
use crate::rollout::{Budget, rollout};
use crate::state::Identity;
use crate::streams::Streams;
use crate::testing::{ChainMdp, check_policy};
use crate::transition::Transition;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(5)
}

fn column(values: &[f32]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len(), 1]);
    Tensor::from_data(data, &Device::flex().autodiff())
}

fn numbers(values: Tensor<2>) -> Vec<f32> {
    values.into_data().iter::<f32>().collect()
}

fn assert_near(found: &[f32], expected: &[f32]) {
    let near = found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-5);
    assert!(near, "{found:?} instead of {expected:?}");
}

/// Ratios 1.5 and 0.5 for advantages 2 and −2, ε 0.2. A gain counts up to 1 ± ε, a loss in full; where it does not count any more,
/// nothing pulls.
#[test]
fn the_clipped_objective_and_its_gradient_equal_hand_computation() {
    let log_ratio = column(&[1.5_f32.ln(), 0.5_f32.ln(), 1.5_f32.ln(), 0.5_f32.ln(), 0.0]).require_grad();
    let advantage = column(&[2.0, 2.0, -2.0, -2.0, 3.0]);
    let objective = clipped_objective(log_ratio.clone(), advantage, 0.2);
    assert_near(&numbers(objective.clone()), &[2.4, 1.0, -3.0, -1.6, 3.0]);
    let mut gradients = objective.sum().backward();
    // d(ρ A) / d ln ρ = ρ A where the objective is not clipped.
    let gradient = log_ratio.grad_remove(&mut gradients).unwrap();
    let gradient: Vec<f32> = gradient.into_data().iter::<f32>().collect();
    assert_near(&gradient[..4], &[0.0, 1.0, -3.0, 0.0]);
}

fn ppo(config: PpoConfig) -> Ppo<Identity> {
    Ppo::new(Identity { states: 5 }, 2, config, &Device::flex(), &mut rng())
}

fn taken(states: [usize; 2], discount: f64, last: bool) -> Taken {
    let state = |cell: usize| {
        let mut row = vec![0.0; 5];
        row[cell] = 1.0;
        EncodedState { row, cell }
    };
    let transition = Transition {
        observation: state(states[0]),
        action: 1,
        reward: 1.0,
        discount,
        next_observation: state(states[1]),
        next_action: None,
    };
    Taken { transition, propensity: 0.5, last }
}

#[test]
fn a_batch_bootstraps_from_the_last_state_of_a_truncation_and_of_the_batch() {
    let learner = ppo(PpoConfig::default());
    let rows: Vec<f32> = (0..25).map(|i| if i % 6 == 0 { 1.0 } else { 0.0 }).collect();
    let v = learner.networks.values(rows);
    let slots = [
        vec![taken([0, 1], 1.0, true), taken([2, 3], 0.0, true)],
        vec![taken([3, 4], 1.0, false), taken([4, 0], 1.0, false)],
    ];
    let batch = learner.networks.batch(&slots, 0.9, 1.0);
    let expected = [1.0 + 0.9 * v[1], 1.0, 1.0 + 0.9 * (1.0 + 0.9 * v[0]), 1.0 + 0.9 * v[0]];
    assert!(batch.returns.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-6), "{:?} {expected:?}", batch.returns);
    assert!((batch.advantages[1] - (1.0 - v[2])).abs() < 1e-6 && batch.log_propensities[0] == 0.5_f64.ln());
}

#[test]
fn episodes_under_way_are_kept_back_from_reinforce() {
    let steps = [taken([0, 1], 1.0, false), taken([1, 2], 0.0, true), taken([0, 1], 1.0, false)];
    let mut gathered = Gathered { slots: vec![steps.to_vec(), vec![steps[0].clone()]], steps: 4, episodes: 1 };
    let ended = gathered.take_episodes();
    assert_eq!(ended, [steps[..2].to_vec(), vec![]]);
    let kept = vec![vec![steps[2].clone()], vec![steps[0].clone()]];
    assert_eq!(gathered, Gathered { slots: kept, steps: 2, episodes: 0 });
}

fn learns_the_chain(learner: &mut impl PolicyLearner<usize>) -> Vec<f64> {
    let mut learning = PolicyLearning::new(learner, |reward: &f64, _: &usize| *reward);
    let mut chains = [ChainMdp::new(5, 0.1), ChainMdp::new(5, 0.1)];
    rollout(&mut chains, &mut learning, Budget::Steps(12_000), &mut Streams::new(7));
    let returns = learning.returns().to_vec();
    let mean = returns.iter().rev().take(100).sum::<f64>() / 100.0;
    assert!(mean > 0.95, "the last 100 of {} episodes had a mean return of {mean}", returns.len());
    check_policy(learner.policy(), &2, 2);
    returns
}

#[test]
fn both_go_on_to_the_end_of_the_chain_and_repeat_themselves() {
    let small = || PpoConfig { hidden: vec![32], steps: 64, learning_rate: 3e-3, ..PpoConfig::default() };
    assert_eq!(learns_the_chain(&mut ppo(small())), learns_the_chain(&mut ppo(small())));
    let reinforce = || {
        let config = ReinforceConfig { hidden: vec![32], learning_rate: 1e-2, ..ReinforceConfig::default() };
        Reinforce::new(Identity { states: 5 }, 2, config, &Device::flex(), &mut rng())
    };
    assert_eq!(learns_the_chain(&mut reinforce()), learns_the_chain(&mut reinforce()));
}

/// Quitting is masked but in state 4, where it may be: it never happens elsewhere, and learning leaves all weights finite.
#[test]
fn a_masked_action_is_never_taken_while_learning() {
    let mut learner = ppo(PpoConfig { steps: 32, ..PpoConfig::default() });
    learner.set_support(Some(Support::of(5, 2, |state, action| action == 0 || state == 4)));
    let mut learning = PolicyLearning::new(&mut learner, |reward: &f64, _: &usize| *reward);
    rollout(&mut [ChainMdp::new(5, 0.0)], &mut learning, Budget::Steps(500), &mut Streams::new(7));
    assert!(learner.gradient_steps() > 0);
    let mut found = [f64::NAN; 2];
    for state in 0..4 {
        PolicyLearner::<usize>::policy(&mut learner).probabilities(&state, &mut found);
        assert_eq!(found, [1.0, 0.0]);
    }
    PolicyLearner::<usize>::policy(&mut learner).probabilities(&4, &mut found);
    assert!(found.iter().all(|p| p.is_finite() && *p > 0.0), "{found:?}");
}

#[test]
fn the_step_size_falls_linearly_and_settings_are_checked() {
    let config = PpoConfig { learning_rate: 1.0, anneal_steps: Some(100), ..PpoConfig::default() };
    assert_eq!([0, 25, 100, 200].map(|steps| config.learning_rate_at(steps)), [1.0, 0.75, 0.0, 0.0]);
    assert_eq!(PpoConfig { anneal_steps: None, ..config.clone() }.learning_rate_at(1_000), 1.0);
    let message = PpoConfig { clip: 0.0, ..config }.validate("policy.ppo").unwrap_err().to_string();
    assert_eq!(message, "policy.ppo.clip: must be a number above 0");
    let config = ReinforceConfig { episodes: 0, ..ReinforceConfig::default() };
    let message = config.validate("policy.reinforce").unwrap_err().to_string();
    assert_eq!(message, "policy.reinforce.episodes: must be at least 1");
    assert!(PpoConfig::default().validate("ppo").is_ok() && ReinforceConfig::default().validate("reinforce").is_ok());
}
