//! A log of mixed quality in the chain whose most frequent action is the wrong one: cloning it quits, CQL and IQL go on to the prize.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_rl::offline::deep::{
    Bcq, BcqConfig, BehaviorCloning, BehaviorCloningConfig, Cql, CqlConfig, Gathering, Iql, IqlConfig, OfflineLearner,
    OfflineLog, train_offline,
};
use slatewise_rl::testing::ChainMdp;
use slatewise_rl::{
    ActionValues, Budget, Decision, EpsilonGreedy, Identity, Policy, Streams, TimeStep, Watched, rollout,
};

const STATES: usize = 4;
const ENCODER: Identity = Identity { states: STATES };

/// Quits with some probability, whatever the state.
struct Quitter(f64);

impl Policy<usize> for Quitter {
    fn probabilities(&mut self, _observation: &usize, probabilities: &mut [f64]) {
        probabilities.copy_from_slice(&[1.0 - self.0, self.0]);
    }

    fn decide(&mut self, _observation: &usize, rng: &mut ChaCha8Rng) -> Decision {
        let quits = rng.random::<f64>() < self.0;
        Decision { action: usize::from(quits), propensity: if quits { self.0 } else { 1.0 - self.0 } }
    }
}

/// A third of the steps by a policy that nearly always quits, a third at random, a third by one that mostly goes on.
fn log() -> OfflineLog {
    let gathering = Gathering { encoder: ENCODER, reward: |reward: &f64, _: &usize| *reward };
    let mut trajectories = Vec::new();
    for (quits, session) in [0.85, 0.5, 0.1].into_iter().zip(0..) {
        let chain = ChainMdp::new(STATES, 0.0);
        trajectories.extend(gathering.run(chain, &mut Quitter(quits), 600, &mut Streams::of_session(7, session)));
    }
    OfflineLog::from_trajectories(STATES, 2, &trajectories).expect("a log of a rollout is sound")
}

/// Mean return of the greedy policy after some updates.
fn learned<L: OfflineLearner + ActionValues<usize>>(mut learner: L, log: &OfflineLog) -> f64 {
    train_offline(&mut learner, log, 800, 64, &mut ChaCha8Rng::seed_from_u64(8)).expect("the log is not empty");
    assert_eq!((learner.updates(), learner.losses().is_empty()), (800, false));
    assert!(learner.losses().iter().all(|reading| reading.loss.is_finite()), "{:?}", learner.losses());
    let (mut policy, mut sum) = (EpsilonGreedy::greedy(&learner), 0.0);
    let add = |_, _, step: &TimeStep<'_, usize, f64>| sum += step.response.unwrap_or(0.0);
    let mut watched = Watched::new(&mut policy, add);
    let chain = ChainMdp::new(STATES, 0.0);
    let judged = rollout(&mut [chain], &mut watched, Budget::Episodes(5), &mut Streams::new(9));
    sum / judged.episodes as f64
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(6)
}

fn cloned(log: &OfflineLog) -> f64 {
    let config = BehaviorCloningConfig { hidden: vec![16], learning_rate: 3e-3 };
    learned(BehaviorCloning::new(ENCODER, 2, config, &Device::flex(), &mut rng()), log)
}

#[test]
fn most_of_the_log_quits_at_the_start() {
    let batch = log().all();
    let starts = batch.observation.chunks_exact(STATES).zip(&batch.action).filter(|(row, _)| row[0] == 1.0);
    let (quit, all) = starts.fold((0, 0), |(quit, all), (_, &action)| (quit + action, all + 1));
    assert!(f64::from(quit) > 0.55 * f64::from(all), "{quit} of {all}"); // so cloning must quit
    assert_eq!(cloned(&log()), 0.1);
}

#[test]
fn cql_beats_cloning() {
    let config = CqlConfig { hidden: vec![16], discount: 0.9, learning_rate: 3e-3, alpha: 0.1, target_rate: 0.05 };
    let log = log();
    let found = learned(Cql::new(ENCODER, 2, config, &Device::flex(), &mut rng()), &log);
    assert_eq!((found, cloned(&log)), (1.0, 0.1));
}

#[test]
fn iql_beats_cloning() {
    let config = IqlConfig {
        hidden: vec![16],
        discount: 0.9,
        learning_rate: 3e-3,
        expectile: 0.9,
        temperature: 10.0,
        target_rate: 0.05,
        ..IqlConfig::default()
    };
    let log = log();
    let found = learned(Iql::new(ENCODER, 2, config, &Device::flex(), &mut rng()), &log);
    assert_eq!((found, cloned(&log)), (1.0, 0.1));
}

#[test]
fn bcq_beats_cloning_and_one_seed_gives_one_learner() {
    let config =
        BcqConfig { hidden: vec![16], discount: 0.9, learning_rate: 3e-3, target_rate: 0.05, ..BcqConfig::default() };
    let log = log();
    let make = || Bcq::new(ENCODER, 2, config.clone(), &Device::flex(), &mut rng());
    let found = learned(make(), &log);
    assert_eq!((found, cloned(&log)), (1.0, 0.1));
    let values = || {
        let mut learner = make();
        train_offline(&mut learner, &log, 20, 32, &mut rng()).expect("the log is not empty");
        learner.row_values(&log.all().observation)
    };
    assert_eq!(values(), values());
}
