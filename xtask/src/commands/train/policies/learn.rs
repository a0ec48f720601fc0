//! Learning: each learner first from the log, then in the learner's simulator, once per seed.

use anyhow::Result;
use burn::tensor::Device;
use serde::Serialize;
use slatewise_rl::deep::{Dqn, QNetwork, ValueNetwork};
use slatewise_rl::simulator::{SessionSimulator, UserModel};
use slatewise_rl::tabular::{QLearning, QTable, Sarsa};
use slatewise_rl::{
    ActionValues, Budget, EpsilonGreedy, Learner, Learning, PriceMoments, Response, SessionReward, SessionState,
    StateEncoder, StateIndex, Streams, logged_trajectories, rollout, simulate_sessions,
};

use super::Simulators;
use super::judge::Judgement;
use crate::commands::train::data::Data;
use crate::config::RunConfig;
use crate::console::Bar;
use crate::seeds::Seeds;

/// Sessions per point of a learning curve.
const CURVE_SESSIONS: u64 = 1000;

/// What learners need.
#[derive(Clone, Copy)]
pub(super) struct LearnTask<'a> {
    pub(super) config: &'a RunConfig,
    pub(super) data: &'a Data,
    pub(super) reward: SessionReward<'a>,
    pub(super) simulators: &'a Simulators,
    /// The judge's users under other patience exponents.
    pub(super) sensitivity: &'a [(f64, UserModel)],
    pub(super) prices: PriceMoments,
}

/// A learner of one seed, after each of its two phases.
pub(crate) struct Learned {
    pub(crate) name: &'static str,
    pub(crate) phases: [Phase; 2],
    /// Mean greedy return in the learner's simulator after each share of the steps.
    pub(super) curve: Vec<(u64, f64)>,
}

/// What a learner knows after a phase, and what that is worth.
pub(crate) struct Phase {
    /// What it learned from so far.
    pub(crate) source: &'static str,
    pub(super) judgement: Judgement,
    pub(crate) weights: Weights,
}

/// What a learner leaves behind.
pub(crate) enum Weights {
    Table(QTable),
    Network(Box<ValueNetwork>),
}

/// A learner's path, over all seeds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Curve {
    pub(crate) learner: &'static str,
    /// Steps in the simulator; 0 is what the log alone taught.
    pub(crate) steps: Vec<u64>,
    /// Mean over seeds of the greedy return in the learner's simulator.
    pub(crate) mean: Vec<f64>,
    pub(crate) lowest: Vec<f64>,
    pub(crate) highest: Vec<f64>,
}

/// A learner whose values can be kept while it goes on learning.
trait Trainee: Learner<SessionState> {
    type Values: ActionValues<SessionState>;

    fn values(&self) -> Self::Values;
    fn weights(values: &Self::Values) -> Weights;
}

impl<'a> Trainee for QLearning<StateIndex<'a>> {
    type Values = Self;

    fn values(&self) -> Self {
        self.clone()
    }

    fn weights(values: &Self) -> Weights {
        Weights::Table(values.table().clone())
    }
}

impl<'a> Trainee for Sarsa<StateIndex<'a>> {
    type Values = Self;

    fn values(&self) -> Self {
        self.clone()
    }

    fn weights(values: &Self) -> Weights {
        Weights::Table(values.table().clone())
    }
}

impl<'a> Trainee for Dqn<StateEncoder<'a>> {
    type Values = QNetwork<StateEncoder<'a>>;

    fn values(&self) -> Self::Values {
        self.snapshot()
    }

    fn weights(values: &Self::Values) -> Weights {
        Weights::Network(Box::new(values.network().clone()))
    }
}

impl LearnTask<'_> {
    /// Units of progress of one seed.
    pub(super) fn units(&self) -> u64 {
        3 * (self.config.policy.schedule.curve_points as u64 + 1)
    }

    /// Q-learning, SARSA and DQN of one seed.
    pub(super) fn learn_all(&self, seed: u64, bar: &Bar) -> Result<Vec<Learned>> {
        let policy = &self.config.policy;
        let actions = self.reward.catalogue.listings.len();
        let index = policy.state.resolve(self.reward.catalogue);
        let encoder = StateEncoder::new(index.clone(), self.prices);
        let mut rng = Seeds(self.config.seed).stream(&format!("dqn weights {seed}"));
        // A network this small is faster on the CPU than on any GPU: each step would wait for the device.
        let mut dqn = Dqn::new(encoder, actions, policy.dqn.clone(), &Device::flex(), &mut rng);
        let mut q_learning = QLearning::new(index.clone(), actions, policy.q_learning);
        let mut sarsa = Sarsa::new(index, actions, policy.sarsa);
        let (tabular_steps, dqn_steps) = (policy.schedule.tabular_steps, policy.schedule.dqn_steps);
        Ok(vec![
            self.learn("Q-learning", &mut q_learning, tabular_steps, seed, bar)?,
            self.learn("SARSA", &mut sarsa, tabular_steps, seed, bar)?,
            self.learn("DQN", &mut dqn, dqn_steps, seed, bar)?,
        ])
    }

    fn learn<L: Trainee>(
        &self,
        name: &'static str,
        learner: &mut L,
        steps: u64,
        seed: u64,
        bar: &Bar,
    ) -> Result<Learned> {
        let schedule = &self.config.policy.schedule;
        let mut streams = Streams::new(Seeds(self.config.seed).number(&format!("{name} {seed}")));
        let sessions = self.data.split.train.clone();
        let trajectories =
            logged_trajectories(&self.data.loaded.log, sessions, self.reward, &self.simulators.learner, |state| {
                learner.represent(state)
            })?;
        learner.learn_offline(&trajectories, schedule.logged_passes, &mut streams.replay);
        bar.advance(1);
        let logged = Phase {
            source: "log",
            judgement: self.judge(&mut EpsilonGreedy::greedy(&*learner), seed)?,
            weights: L::weights(&learner.values()),
        };
        let mut curve = vec![(0, self.greedy_return(&*learner, seed))];
        learner.go_online();
        let max_steps = self.config.policy.simulator.max_steps;
        let simulator = SessionSimulator::new(&self.simulators.learner, &self.simulators.learner_starts, max_steps);
        let mut environments = vec![simulator; schedule.environments];
        let worth = |response: &Response, after: &SessionState| self.reward.components_after(*response, after).total();
        let mut learning = Learning::new(learner, self.config.policy.exploration, worth);
        let (mut taken, mut best) = (0, None);
        for point in 1..=schedule.curve_points as u64 {
            let until = steps * point / schedule.curve_points as u64;
            taken += rollout(&mut environments, &mut learning, Budget::Steps(until - taken), &mut streams).steps;
            let value = self.greedy_return(learning.learner(), seed);
            curve.push((taken, value));
            if best.as_ref().is_none_or(|(highest, _)| value > *highest) {
                best = Some((value, learning.learner().values()));
            }
            bar.advance(1);
        }
        // Learning swings between nearly equal actions; what is kept is the best point of the curve, which the judge has no part in.
        let values = best.map_or_else(|| learning.learner().values(), |(_, values)| values);
        let simulated = Phase {
            source: "log, then simulator",
            judgement: self.judge(&mut EpsilonGreedy::greedy(&values), seed)?,
            weights: L::weights(&values),
        };
        Ok(Learned { name, phases: [logged, simulated], curve })
    }

    /// Mean return of the greedy policy over the same simulated visitors each time.
    fn greedy_return<V: ActionValues<SessionState>>(&self, values: &V, seed: u64) -> f64 {
        let max_steps = self.config.policy.simulator.max_steps;
        let simulator = SessionSimulator::new(&self.simulators.learner, &self.simulators.learner_starts, max_steps);
        let visitors = Seeds(self.config.seed).number(&format!("curve {seed}"));
        let mut policy = EpsilonGreedy::greedy(values);
        simulate_sessions(&mut policy, &simulator, self.reward, CURVE_SESSIONS, visitors).summary().mean_return
    }
}

/// The curves of all learners, each over its seeds.
///
/// # Shapes
/// `learned [seeds][learners]`
pub(super) fn curves(learned: &[Vec<Learned>]) -> Vec<Curve> {
    let learners = learned.first().map_or(0, Vec::len);
    let over_seeds = |learner: usize| {
        let seeds: Vec<&Learned> = learned.iter().map(|seed| &seed[learner]).collect();
        let points = || 0..seeds[0].curve.len();
        let returns = |point: usize| seeds.iter().map(move |seed| seed.curve[point].1).collect::<Vec<f64>>();
        let fold = |by: fn(f64, f64) -> f64| {
            points().map(|point| returns(point).into_iter().reduce(by).unwrap_or(f64::NAN)).collect()
        };
        Curve {
            learner: seeds[0].name,
            steps: points().map(|point| seeds[0].curve[point].0).collect(),
            mean: points().map(|point| returns(point).iter().sum::<f64>() / seeds.len() as f64).collect(),
            lowest: fold(f64::min),
            highest: fold(f64::max),
        }
    };
    (0..learners).map(over_seeds).collect()
}

impl Curve {
    /// For the console: the return at a few points on the way.
    pub(super) fn line(&self) -> String {
        let last = self.mean.len() - 1;
        let mut shown: Vec<usize> = (0..=4).map(|quarter| quarter * last / 4).collect();
        shown.dedup();
        let points = shown.iter().map(|&point| format!("{:.2} at {}", self.mean[point], self.steps[point]));
        format!("{:<11} greedy return by steps: {}", self.learner, points.collect::<Vec<_>>().join(", "))
    }
}
