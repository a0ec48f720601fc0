//! DQN: its loss and targets by hand, the chain's optimum, determinism, and the support rule.

use rand::SeedableRng;

use super::*;
use crate::deep::{CategoricalConfig, NoisyConfig, QuantileConfig, ReturnModel};
use crate::replay::PrioritisedConfig;
use crate::state::Identity;
use crate::testing::{chain_learns, check_learner};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(3)
}

fn small(config: DqnConfig) -> Dqn<Identity> {
    Dqn::new(Identity { states: 5 }, 2, config, &Device::flex(), &mut rng())
}

fn config() -> DqnConfig {
    DqnConfig {
        hidden: vec![32],
        discount: 0.9,
        learning_rate: 3e-3,
        batch_size: 32,
        replay_capacity: 5_000,
        learning_starts: 64,
        target_update_every: 50,
        ..DqnConfig::default()
    }
}

fn transition(discount: f64) -> Transition<EncodedState> {
    let state = |cell: usize| {
        let mut row = vec![0.0; 5];
        row[cell] = 1.0;
        EncodedState { row, cell }
    };
    Transition {
        observation: state(0),
        action: 1,
        reward: 2.0,
        discount,
        next_observation: state(1),
        next_action: None,
    }
}

#[test]
fn huber_equals_hand_computation() {
    let device = Device::flex().autodiff();
    let error = Tensor::<2>::from_data([[0.5], [-3.0], [1.0]], &device).require_grad();
    let loss = huber(error.clone()).mean();
    // (0.125 + 2.5 + 0.5) / 3, and its derivative clamp(d, −1, 1) / 3.
    assert!((loss.clone().into_scalar::<f32>() - 3.125 / 3.0).abs() < 1e-6);
    let mut gradients = loss.backward();
    let gradient: Vec<f32> = error.grad_remove(&mut gradients).unwrap().into_data().iter::<f32>().collect();
    assert!(gradient.iter().zip([0.5, -1.0, 1.0]).all(|(g, e)| (g - e / 3.0).abs() < 1e-6), "{gradient:?}");
}

#[test]
fn targets_follow_the_equation_and_the_support() {
    for double in [false, true] {
        let mut learner = small(DqnConfig { double, ..config() });
        let mut q = Vec::new();
        learner.action_values(&mut std::iter::once(&1_usize), &mut q); // online and target are still equal
        learner.replay.push(&transition(1.0));
        let mut batch = ReplayBatch::default();
        learner.replay.sample(1, &mut batch, &mut rng());
        let best = q[0].max(q[1]);
        assert!((f64::from(learner.targets(&batch, &mut rng())[0]) - (2.0 + 0.9 * best)).abs() < 1e-6);
        let worse = usize::from(q[0] > q[1]);
        let logged = Transition {
            observation: 1,
            action: worse,
            reward: 0.0,
            discount: 0.0,
            next_observation: 0,
            next_action: None,
        };
        let support = Support::count(&[Trajectory { transitions: vec![logged] }], 5, 2, 1, |&state| state);
        learner.set_support(Some(support));
        assert!((f64::from(learner.targets(&batch, &mut rng())[0]) - (2.0 + 0.9 * q[worse])).abs() < 1e-6);
        let mut masked = Vec::new();
        learner.action_values(&mut std::iter::once(&1_usize), &mut masked);
        assert_eq!(masked[1 - worse], f64::NEG_INFINITY);
    }
}

#[test]
fn a_termination_is_not_bootstrapped_from() {
    let mut learner = small(config());
    learner.replay.push(&transition(0.0));
    let mut batch = ReplayBatch::default();
    learner.replay.sample(1, &mut batch, &mut rng());
    assert_eq!(learner.targets(&batch, &mut rng()), [2.0]);
}

#[test]
fn it_is_a_learner_and_reaches_the_chain_optimum() {
    check_learner(|| small(DqnConfig { learning_starts: 1, learn_every: 1, ..config() }));
    for double in [false, true] {
        chain_learns(small(DqnConfig { double, ..config() }), 0.9, 16_000, 0.05);
    }
}

/// Each variant by itself, then all at once.
#[test]
fn every_variant_is_a_learner_and_reaches_the_chain_optimum() {
    let categorical = CategoricalConfig { atoms: 21, least: 0.0, greatest: 1.0 };
    let quantile = QuantileConfig { quantiles: 11 };
    let prioritised = PrioritisedConfig { beta_steps: 4_000, ..PrioritisedConfig::default() };
    let variants = [
        DqnConfig { duelling: true, ..config() },
        DqnConfig { prioritised: Some(prioritised), ..config() },
        DqnConfig { noisy: Some(NoisyConfig::default()), ..config() },
        DqnConfig { returns: ReturnModel::Categorical(categorical), ..config() },
        DqnConfig { returns: ReturnModel::Quantile(quantile), ..config() },
    ];
    for variant in variants {
        check_learner(|| small(DqnConfig { learning_starts: 1, learn_every: 1, ..variant.clone() }));
        chain_learns(small(variant), 0.9, 16_000, 0.05);
    }
}

#[test]
fn rainbow_is_a_learner_that_acts_on_the_chain_as_is_best() {
    let rainbow = || DqnConfig { double: false, ..config() }.rainbow(0.0, 1.0);
    check_learner(|| small(DqnConfig { learning_starts: 1, learn_every: 1, ..rainbow() }));
    // Its three steps follow what was done, not what is best, so the values of quitting's neighbours stay a little low.
    chain_learns(small(rainbow()), 0.9, 16_000, 0.1);
}

#[test]
fn n_steps_bootstrap_with_the_power_of_the_discount() {
    let mut learner = small(DqnConfig { n_step: 2, ..config() });
    let mut q = Vec::new();
    learner.action_values(&mut std::iter::once(&1_usize), &mut q);
    learner.update(&transition(1.0), Place { slot: 0, last: false }, &mut rng());
    assert!(learner.replay.is_empty(), "the first of two steps waits");
    learner.update(&transition(1.0), Place { slot: 0, last: true }, &mut rng());
    let mut batch = ReplayBatch { index: vec![0, 1], ..ReplayBatch::default() };
    learner.replay.gather(&mut batch);
    let targets = learner.targets(&batch, &mut rng());
    let best = q[0].max(q[1]);
    assert!((f64::from(targets[0]) - (2.0 + 0.9 * 2.0 + 0.81 * best)).abs() < 1e-5);
    assert!((f64::from(targets[1]) - (2.0 + 0.9 * best)).abs() < 1e-5);
}

#[test]
fn priorities_follow_the_errors() {
    let prioritised = PrioritisedConfig { alpha: 1.0, ..PrioritisedConfig::default() };
    let mut learner = small(DqnConfig { prioritised: Some(prioritised), batch_size: 4, ..config() });
    learner.store(&transition(0.0), Place::default());
    let mut q = Vec::new();
    learner.action_values(&mut std::iter::once(&0_usize), &mut q);
    learner.learn(&mut rng());
    let priorities = learner.priorities.as_ref().unwrap();
    // |Q(s, a) − 2| before the step, and ε.
    assert!((priorities.tree().get(0) - (2.0 - q[1]).abs() - 1e-6).abs() < 1e-5, "{priorities:?} {q:?}");
}

#[test]
fn noise_explores_and_is_off_when_judged() {
    let mut learner = small(DqnConfig { noisy: Some(NoisyConfig::default()), ..config() });
    let values = |learner: &Dqn<Identity>, explores: bool| {
        let mut q = Vec::new();
        match explores {
            true => learner.exploring_values(&mut std::iter::once(&0_usize), &mut q),
            false => learner.action_values(&mut std::iter::once(&0_usize), &mut q),
        }
        q
    };
    let (judged, explored) = (values(&learner, false), values(&learner, true));
    assert_ne!(judged, explored);
    for _ in 0..4 {
        learner.update(&transition(0.0), Place { slot: 0, last: true }, &mut rng());
    }
    assert_eq!(values(&learner, false), judged, "nothing was learned yet");
    assert_ne!(values(&learner, true), explored, "the noise is new");
    let mut frozen = Vec::new();
    learner.snapshot().action_values(&mut std::iter::once(&0_usize), &mut frozen);
    assert_eq!(frozen, judged);
}

#[test]
fn offline_passes_count_gradient_steps() {
    let mut learner = small(config());
    let trajectory = Trajectory { transitions: vec![transition(0.0); 48] };
    learner.learn_offline(&[trajectory], 4, &mut rng());
    assert_eq!(learner.gradient_steps(), 6); // 4 · 48 / 32
    let mut q = Vec::new();
    for _ in 0..400 {
        learner.learn(&mut rng());
    }
    learner.action_values(&mut std::iter::once(&0_usize), &mut q);
    assert!((q[1] - 2.0).abs() < 0.02, "{q:?}");
    assert!(!learner.losses().is_empty());
}

#[test]
fn settings_are_checked() {
    let message = DqnConfig { learn_every: 0, ..config() }.validate("policy.dqn").unwrap_err().to_string();
    assert_eq!(message, "policy.dqn.learn_every: must be at least 1");
    let nested = DqnConfig { returns: ReturnModel::Quantile(QuantileConfig { quantiles: 0 }), ..config() };
    assert_eq!(nested.validate("dqn").unwrap_err().to_string(), "dqn.returns.quantiles: must be at least 1");
    let rainbow = config().rainbow(0.0, 1.0);
    let text = toml::to_string(&rainbow).unwrap();
    assert_eq!(toml::from_str::<DqnConfig>(&text).unwrap(), rainbow);
    assert!(toml::from_str::<DqnConfig>("returns = { kind = \"quantile\", atoms = 3 }").is_err());
    assert!(toml::from_str::<DqnConfig>("dueling = true").is_err());
}
