//! RMTL: targets by hand, problems whose best weights are known, other reward weights without new critics, a constraint, saving.

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::replay::Columns;
use super::*;
use crate::checkpoint::{resume_learner, save_learner};
use crate::streams::Streams;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(8)
}

fn config() -> RmtlConfig {
    RmtlConfig {
        hidden: vec![32, 32],
        discount: 0.0,
        actor_learning_rate: 2e-3,
        critic_learning_rate: 3e-3,
        batch_size: 64,
        replay_capacity: 4_000,
        learning_starts: 64,
        target_rate: 0.05,
        ..RmtlConfig::default()
    }
}

fn learner(config: RmtlConfig) -> Rmtl {
    Rmtl::new(1, 2, config, &Device::flex(), &mut rng())
}

/// The best first weight in state s: of task 0, and of task 1.
fn best(s: f32) -> [f64; 2] {
    [0.2 + 0.3 * f64::from(s), 0.8 - 0.2 * f64::from(s)]
}

/// r_k = −4 (w₁ − best_k(s))².
fn rewards(s: f32, weights: &[f64]) -> Vec<f64> {
    best(s).map(|best| -4.0 * (weights[0] - best).powi(2)).to_vec()
}

/// One decision and no more, as a log with weights drawn uniformly shows it.
fn log(count: usize) -> Vec<FusionTransition> {
    let mut rng = rng();
    let draw = |_| {
        let (s, first) = (rng.random_range(0.0..1.0_f32), rng.random_range(0.0..1.0));
        let weights = vec![first, 1.0 - first];
        let rewards = rewards(s, &weights);
        FusionTransition { row: vec![s], weights, rewards, discount: 0.0, next_row: vec![s] }
    };
    (0..count).map(draw).collect()
}

/// Largest distance of the first weight from where Σ λ_k r_k is largest, over states.
fn distance(learner: &Rmtl, reward_weights: [f64; 2]) -> f64 {
    let sum = reward_weights[0] + reward_weights[1];
    let of = |s: f32| {
        let [one, other] = best(s);
        (learner.weights(&[s])[0] - (reward_weights[0] * one + reward_weights[1] * other) / sum).abs()
    };
    [0.05, 0.25, 0.5, 0.75, 0.95].map(of).into_iter().fold(0.0, f64::max)
}

#[test]
fn targets_follow_the_equation() {
    let learner = learner(RmtlConfig { discount: 0.5, reward_weights: vec![7.0, 9.0], ..config() });
    let batch = Columns {
        row: vec![0.1, 0.2],
        weights: vec![0.5; 4],
        rewards: vec![1.0, 2.0, 3.0, 4.0],
        discount: vec![1.0, 0.0],
        next_row: vec![0.3, 0.4],
    };
    // Learned and target networks are still equal; λ does not enter.
    let next = learner.values(&[0.3], &learner.weights(&[0.3]));
    let targets = learner.targets(&batch);
    let expected = [1.0 + 0.5 * next[0], 2.0 + 0.5 * next[1], 3.0, 4.0];
    assert!(targets.iter().zip(expected).all(|(&f, e)| (f64::from(f) - e).abs() < 1e-5), "{targets:?} {expected:?}");
    assert_eq!(rmtl_loss_weights(&[-2.0, 0.5], 0.1), [1.2, 0.95]);
}

/// The best weights are a known function of state and λ. Changing λ moves the actor there by its own steps; the critics stay to the bit.
#[test]
fn the_best_weights_are_found_and_other_reward_weights_need_no_new_critics() {
    let mut learner = learner(config());
    learner.learn_offline(&log(2_000), 48, &mut rng()); // 1,500 steps
    let found = distance(&learner, [1.0, 1.0]);
    assert!(found < 0.05, "{found} away with equal reward weights");
    let (s, weights) = ([0.4], [0.6, 0.4]);
    let values = learner.values(&s, &weights);
    assert!(values.iter().zip(rewards(s[0], &weights)).all(|(q, r)| (q - r).abs() < 0.05), "{values:?}");
    for wish in [[1.0, 0.0], [0.0, 1.0], [1.0, 3.0]] {
        learner.set_reward_weights(wish.to_vec());
        for _ in 0..400 {
            learner.learn_actor(&mut rng());
        }
        let found = distance(&learner, wish);
        assert!(found < 0.06, "{found} away with reward weights {wish:?}");
    }
    assert_eq!(learner.values(&s, &weights), values);
    assert!(learner.losses().len() >= 10 && learner.losses().iter().all(|losses| losses.critics.len() == 2));
    let (first, last) = (&learner.losses()[0], &learner.losses()[learner.losses().len() - 1]);
    assert!(last.critics[0] < first.critics[0]);
}

/// The learner's own explored weights serve as well, and in an interval.
#[test]
fn acting_finds_the_best_weights_of_an_interval() {
    let space = WeightSpace::Interval { low: -1.0, high: 2.0 };
    let mut learner = Rmtl::new(1, 2, RmtlConfig { space, exploration: 0.6, ..config() }, &Device::flex(), &mut rng());
    let mut rng = rng();
    for _ in 0..1_500 {
        let s = rng.random_range(0.0..1.0_f32);
        let FusionDecision { weights, log_density } = learner.decide(&[s], &mut rng);
        assert!(log_density.is_finite() && weights.iter().all(|weight| (-1.0..=2.0).contains(weight)));
        // The best weights are (s, 1): each task has one of its own.
        let rewards = vec![-(weights[0] - f64::from(s)).powi(2), -(weights[1] - 1.0).powi(2)];
        let transition = FusionTransition { row: vec![s], weights, rewards, discount: 0.0, next_row: vec![s] };
        learner.update(&transition, &mut rng);
    }
    for s in [0.1, 0.5, 0.9] {
        let found = learner.weights(&[s]);
        assert!((found[0] - f64::from(s)).abs() < 0.15 && (found[1] - 1.0).abs() < 0.15, "at {s}: {found:?}");
    }
}

/// Today task 0 is served best and task 1 earns R; at most 50 % of it, a loss of ½ |R|, may be lost. The optimum of the problem without
/// states is known: task 0's best weight is ¼, task 1's is ¾, so J₁ ≥ −¼ asks for a weight of ½.
#[test]
fn a_constraint_is_kept_at_the_known_optimum() {
    let earned = |weights: &[f64]| vec![-4.0 * (weights[0] - 0.25).powi(2), -4.0 * (weights[0] - 0.75).powi(2)];
    let logged = |transition: FusionTransition| {
        let rewards = earned(&transition.weights);
        FusionTransition { rewards, ..transition }
    };
    let transitions: Vec<FusionTransition> = log(2_000).into_iter().map(logged).collect();
    let mut learner = learner(config());
    learner.set_reward_weights(vec![1.0, 0.0]);
    learner.learn_offline(&transitions, 32, &mut rng());
    let free = learner.weights(&[0.5])[0];
    assert!((free - 0.25).abs() < 0.05, "without the constraint {free}");
    let constraint = Constraint { task: 1, reference: -1.0 / 6.0, loss: 0.5 };
    let mut lagrangian =
        Lagrangian::new(LagrangianConfig { step_size: 0.3, ..LagrangianConfig::new(vec![constraint]) });
    for _ in 0..60 {
        learner.set_reward_weights(lagrangian.reward_weights(&[1.0, 0.0]));
        for _ in 0..10 {
            learner.learn_actor(&mut rng());
        }
        lagrangian.update(&earned(&learner.weights(&[0.5])));
    }
    let kept = learner.weights(&[0.5]);
    assert!((kept[0] - 0.5).abs() < 0.05, "with the constraint {kept:?}, multiplier {:?}", lagrangian.multipliers());
    assert!(lagrangian.holds(&earned(&kept), 0.05));
}

#[test]
fn stopped_and_resumed_equals_uninterrupted() {
    // Two steps of an episode, and a ring that is overwritten on the way.
    let make =
        || learner(RmtlConfig { discount: 0.9, replay_capacity: 100, batch_size: 16, actor_every: 2, ..config() });
    let steps = |learner: &mut Rmtl, streams: &mut Streams| {
        for count in 0..80 {
            let s = streams.simulate.random_range(0.0..1.0_f32);
            let decision = learner.decide(&[s], &mut streams.explore);
            let rewards = rewards(s, &decision.weights);
            let discount = f64::from(count % 2);
            let transition = FusionTransition {
                row: vec![s],
                weights: decision.weights,
                rewards,
                discount,
                next_row: vec![1.0 - s],
            };
            learner.update(&transition, &mut streams.replay);
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("learner");
    let (mut uninterrupted, mut streams) = (make(), Streams::new(2));
    steps(&mut uninterrupted, &mut streams);
    steps(&mut uninterrupted, &mut streams);
    uninterrupted.set_reward_weights(vec![0.5, 2.0]);
    save_learner(&directory, &uninterrupted, &streams).unwrap();
    steps(&mut uninterrupted, &mut streams);
    let mut resumed = make();
    let mut streams: Streams = resume_learner(&directory, &mut resumed).unwrap();
    let seen = |learner: &Rmtl| (learner.weights(&[0.3]), learner.values(&[0.3], &[0.5, 0.5]));
    assert_ne!(seen(&resumed), seen(&uninterrupted));
    steps(&mut resumed, &mut streams);
    assert_eq!(seen(&resumed), seen(&uninterrupted));
    assert_eq!(resumed.reward_weights(), [0.5, 2.0]);
}

/// Asked for nothing any more, the actor comes back to where its outputs are 0.
#[test]
fn outputs_are_drawn_to_where_squashing_has_a_slope() {
    let mut learner = learner(RmtlConfig { output_penalty: 0.01, actor_learning_rate: 1e-2, ..config() });
    learner.learn_offline(&log(200), 64, &mut rng());
    let pushed = learner.weights(&[0.5])[0];
    learner.set_reward_weights(vec![0.0; 2]);
    for _ in 0..200 {
        learner.learn_actor(&mut rng());
    }
    let drawn = [0.1, 0.5, 0.9].map(|s| learner.weights(&[s])[0]);
    assert!(drawn.iter().all(|weight| (weight - 0.5).abs() < 0.02), "{pushed}, then {drawn:?}");
}

#[test]
fn settings_are_checked() {
    let message = |config: RmtlConfig| config.validate("policy.rmtl", 2).unwrap_err().to_string();
    assert_eq!(message(RmtlConfig { target_rate: 0.0, ..config() }), "policy.rmtl.target_rate: must lie in (0, 1]");
    let space = WeightSpace::Interval { low: 2.0, high: 1.0 };
    assert!(
        message(RmtlConfig { space, ..config() }).starts_with("policy.rmtl.space.high: must be a number above low")
    );
    let text = toml::to_string(&RmtlConfig { space, ..config() }).unwrap();
    assert_eq!(toml::from_str::<RmtlConfig>(&text).unwrap(), RmtlConfig { space, ..config() });
    assert!(toml::from_str::<RmtlConfig>("tau = 0.1").is_err());
}

#[test]
#[should_panic(expected = "row, next row, weights and rewards of shapes [1, 1, 3, 2], expected [1, 1, 2, 2]")]
fn shapes_are_checked() {
    let transition = FusionTransition {
        row: vec![0.0],
        weights: vec![0.3; 3],
        rewards: vec![0.0; 2],
        discount: 0.0,
        next_row: vec![0.0],
    };
    learner(config()).update(&transition, &mut rng());
}
