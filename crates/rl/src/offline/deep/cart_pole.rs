//! Logs of mixed quality in CartPole, and what each offline learner makes of them.
//!
//! ```text
//! DQN learns; stopped after each of `stages` steps it acts ε-greedily for `transitions` steps ──▶ one log
//! BC, DQN, BCQ, CQL, IQL   `updates` minibatches of the same log ──▶ mean return of `episodes` greedy episodes
//! ```
//!
//! The early stage is not random but wrong: it pushes one way almost always, and its many short episodes all begin where good ones are too.
//! A learner that asks what was done most cannot tell it from the late stage; a learner that asks what came of it can.
//!
//! Everything of a run follows from its seed.

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::bcq::{Bcq, BcqConfig};
use super::behavior_cloning::{BehaviorCloning, BehaviorCloningConfig};
use super::cql::{Cql, CqlConfig};
use super::gather::Gathering;
use super::iql::{Iql, IqlConfig};
use super::learner::{OfflineLearner, train_offline};
use super::log::OfflineLog;
use crate::deep::{Dqn, DqnConfig};
use crate::environments::CartPole;
use crate::error::Error;
use crate::learner::Learning;
use crate::numbers::Numbers;
use crate::policy::{ActionValues, EpsilonGreedy, EpsilonSchedule};
use crate::replay::EncodedState;
use crate::rollout::{Budget, Rollout, Watched, rollout};
use crate::streams::Streams;
use crate::time_step::TimeStep;
use crate::transition::Trajectory;

/// What the numbers of an observation are divided by.
const ENCODER: Numbers<4> = Numbers { scale: [2.4, 2.0, 0.2, 2.0] };
const ACTIONS: usize = 2;

/// A part of the log: how long the DQN had learned, and how it then acted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Its name in reports.
    pub name: &'static str,
    /// Steps that the DQN had learned for; ascending from stage to stage.
    pub steps: u64,
    /// ε with which it acts, in [0, 1].
    pub epsilon: f64,
}

/// The settings of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct OfflineCartPole {
    /// Who wrote the log.
    pub stages: Vec<Stage>,
    /// Steps that each stage acts for.
    pub transitions: u64,
    /// Gradient steps of each learner.
    pub updates: u64,
    /// Transitions in a minibatch.
    pub batch_size: usize,
    /// Greedy episodes that each learner is judged by.
    pub episodes: u64,
    /// Settings of behavior cloning.
    pub cloning: BehaviorCloningConfig,
    /// Settings of BCQ.
    pub bcq: BcqConfig,
    /// Settings of CQL, and with α = 0 of the offline DQN beside it.
    pub cql: CqlConfig,
    /// Settings of IQL.
    pub iql: IqlConfig,
}

impl Default for OfflineCartPole {
    fn default() -> Self {
        let stage = |name, steps| Stage { name, steps, epsilon: 0.3 };
        // Defaults, but faster: there are only 5,000 gradient steps.
        let (learning_rate, target_rate) = (1e-3, 0.01);
        Self {
            stages: vec![stage("early", 1_000), stage("middle", 2_000), stage("late", 3_000)],
            transitions: 6_000,
            updates: 5_000,
            batch_size: 64,
            episodes: 20,
            cloning: BehaviorCloningConfig { learning_rate, ..BehaviorCloningConfig::default() },
            bcq: BcqConfig { learning_rate, target_rate, ..BcqConfig::default() },
            cql: CqlConfig { learning_rate, target_rate, ..CqlConfig::default() },
            iql: IqlConfig { learning_rate, target_rate, ..IqlConfig::default() },
        }
    }
}

/// A name and a mean undiscounted return, in [0, 500].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// A stage, or a learner.
    pub name: &'static str,
    /// Of a stage: mean over its finished episodes; of a learner: over its greedy ones.
    pub mean_return: f64,
}

impl OfflineCartPole {
    /// The log of a seed, and the mean return of every stage in it.
    ///
    /// # Errors
    /// No transitions.
    pub fn mixed_log(&self, seed: u64) -> Result<(OfflineLog, Vec<Judged>), Error> {
        let config = DqnConfig {
            discount: 0.99,
            learning_rate: 1e-3,
            replay_capacity: 50_000,
            learn_every: 1,
            ..DqnConfig::default()
        };
        let mut learner = Dqn::new(ENCODER, ACTIONS, config, &Device::flex(), &mut ChaCha8Rng::seed_from_u64(seed));
        let schedule = EpsilonSchedule { start: 1.0, end: 0.05, steps: 8_000 };
        let mut learning = Learning::new(&mut learner, schedule, reward);
        let mut carts: [CartPole; 4] = std::array::from_fn(|_| CartPole::new());
        let (mut interaction, mut streams, mut learned) = (Rollout::default(), Streams::new(seed), 0);
        let gathering = Gathering { encoder: ENCODER, reward };
        let (mut trajectories, mut returns) = (Vec::new(), Vec::new());
        for (stage, index) in self.stages.iter().zip(1..) {
            let more = Budget::Steps(stage.steps.saturating_sub(learned));
            interaction.run(&mut carts, &mut learning, more, &mut streams);
            learned = stage.steps.max(learned);
            let network = learning.learner().snapshot();
            let mut policy = EpsilonGreedy::new(&network, stage.epsilon);
            let mut acting = Streams::of_session(seed, index);
            let did = gathering.run(CartPole::new(), &mut policy, self.transitions, &mut acting);
            returns.push(Judged { name: stage.name, mean_return: mean_return(&did) });
            trajectories.extend(did);
        }
        Ok((OfflineLog::from_trajectories(4, ACTIONS, &trajectories)?, returns))
    }

    /// The mean returns of the stages, then of behavior cloning, offline DQN, BCQ, CQL and IQL on their log.
    ///
    /// # Errors
    /// No transitions, or minibatches of nothing.
    pub fn run(&self, seed: u64) -> Result<Vec<Judged>, Error> {
        let (log, mut found) = self.mixed_log(seed)?;
        let device = Device::flex();
        let rng = |stream: u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(1_000 + stream);
            rng
        };
        let cloning = BehaviorCloning::new(ENCODER, ACTIONS, self.cloning.clone(), &device, &mut rng(0));
        found.push(self.judge("BC", cloning, &log, seed, rng(1))?);
        let unconstrained = CqlConfig { alpha: 0.0, ..self.cql.clone() };
        let dqn = Cql::new(ENCODER, ACTIONS, unconstrained, &device, &mut rng(0));
        found.push(self.judge("offline DQN", dqn, &log, seed, rng(1))?);
        let bcq = Bcq::new(ENCODER, ACTIONS, self.bcq.clone(), &device, &mut rng(0));
        found.push(self.judge("BCQ", bcq, &log, seed, rng(1))?);
        let cql = Cql::new(ENCODER, ACTIONS, self.cql.clone(), &device, &mut rng(0));
        found.push(self.judge("CQL", cql, &log, seed, rng(1))?);
        let iql = Iql::new(ENCODER, ACTIONS, self.iql.clone(), &device, &mut rng(0));
        found.push(self.judge("IQL", iql, &log, seed, rng(1))?);
        Ok(found)
    }

    fn judge<L>(
        &self,
        name: &'static str,
        mut learner: L,
        log: &OfflineLog,
        seed: u64,
        mut rng: ChaCha8Rng,
    ) -> Result<Judged, Error>
    where
        L: OfflineLearner + ActionValues<[f32; 4]>,
    {
        train_offline(&mut learner, log, self.updates, self.batch_size, &mut rng)?;
        let (mut policy, mut sum) = (EpsilonGreedy::greedy(&learner), 0.0);
        let add = |_, _, step: &TimeStep<'_, [f32; 4], f64>| sum += step.response.unwrap_or(0.0);
        let mut watched = Watched::new(&mut policy, add);
        // One environment, so that long episodes count as often as short ones; the same starts for every learner.
        let starts = &mut Streams::of_session(seed, 100);
        let judged = rollout(&mut [CartPole::new()], &mut watched, Budget::Episodes(self.episodes), starts);
        Ok(Judged { name, mean_return: sum / judged.episodes as f64 })
    }
}

fn reward(response: &f64, _after: &[f32; 4]) -> f64 {
    *response
}

/// Over all episodes but the last one, which the budget may have cut off.
fn mean_return(trajectories: &[Trajectory<EncodedState>]) -> f64 {
    let finished = &trajectories[..trajectories.len().saturating_sub(1).max(1).min(trajectories.len())];
    let sum: f64 = finished.iter().flat_map(|t| &t.transitions).map(|transition| transition.reward).sum();
    sum / finished.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_its_stages_and_repeats() {
        let stage = |name, steps| Stage { name, steps, epsilon: 0.5 };
        let small = OfflineCartPole {
            stages: vec![stage("a", 40), stage("b", 80), stage("c", 120)],
            transitions: 50,
            updates: 2,
            batch_size: 4,
            episodes: 1,
            ..OfflineCartPole::default()
        };
        let (log, returns) = small.mixed_log(1).unwrap();
        let (again, _) = small.mixed_log(1).unwrap();
        assert_eq!((log.len(), log.all()), (150, again.all()));
        assert_eq!(returns.iter().map(|judged| judged.name).collect::<Vec<_>>(), ["a", "b", "c"]);
        let found = small.run(1).unwrap();
        let names = ["a", "b", "c", "BC", "offline DQN", "BCQ", "CQL", "IQL"];
        assert_eq!(found.iter().map(|judged| judged.name).collect::<Vec<_>>(), names);
        assert!(found.iter().all(|judged| (1.0..=500.0).contains(&judged.mean_return)), "{found:?}");
    }
}
