//! Learning: each learner first from the log, where a log can teach it, then in the learner's simulator, once per seed.

use anyhow::Result;
use burn::tensor::Device;
use rayon::prelude::*;
use slatewise_rl::deep::Dqn;
use slatewise_rl::deep::fusion::{FusionGrid, Lagrangian};
use slatewise_rl::page_agents::{CriticPages, FusedPages, FusedSessions, PageScores, PageSlateQ};
use slatewise_rl::simulator::{SessionSimulator, UserModel};
use slatewise_rl::tabular::{QLearning, Sarsa};
use slatewise_rl::{
    Agent, Budget, Environment, Learning, Policy, PriceMoments, Response, SessionReward, SessionState, SessionSummary,
    StateEncoder, Streams, logged_trajectories, rollout, simulate_sessions,
};

use super::Simulators;
use super::judge::Judgement;
use super::kept::{Kept, OnGrid, Trainee, Weights};
use crate::commands::train::data::Data;
use crate::config::RunConfig;
use crate::console::Bar;
use crate::seeds::Seeds;

/// What learners need.
#[derive(Clone, Copy)]
pub(super) struct LearnTask<'a> {
    pub(super) config: &'a RunConfig,
    pub(super) data: &'a Data,
    pub(super) reward: SessionReward<'a>,
    pub(super) simulators: &'a Simulators,
    /// The learner's users as if they looked at whatever they are shown: the log as it was, for who knows their patience otherwise.
    pub(super) patient: &'a UserModel,
    /// What the multi-task model expects of each page.
    pub(super) scores: &'a PageScores<'a>,
    pub(super) grid: &'a FusionGrid,
    /// The judge's users under other patience exponents.
    pub(super) sensitivity: &'a [(f64, UserModel)],
    pub(super) prices: PriceMoments,
}

/// A learner of one seed, after each of its phases.
pub(crate) struct Learned {
    pub(crate) name: &'static str,
    pub(crate) phases: Vec<Phase>,
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

/// A learner on its way through the simulator.
struct Course<'a> {
    name: &'static str,
    seed: u64,
    steps: u64,
    streams: Streams,
    curve: Vec<(u64, f64)>,
    bar: &'a Bar,
}

/// A learner.
#[derive(Debug, Clone, Copy)]
enum Who {
    Critics,
    ConstrainedCritics,
    WeightsOnGrid,
    QLearning,
    Sarsa,
    Dqn,
    SlateQ,
}

/// How good a point of a learner's path is: whether it keeps what it must, then what it earns, or else what it lacks least.
type Standing = (bool, f64);

impl<'a> LearnTask<'a> {
    /// What learns, in the order of the table.
    fn learners(&self) -> Vec<Who> {
        let constrained = (!self.config.policy.fusion.keep.is_empty()).then_some(Who::ConstrainedCritics);
        let others = [Who::WeightsOnGrid, Who::QLearning, Who::Sarsa, Who::Dqn, Who::SlateQ];
        [Who::Critics].into_iter().chain(constrained).chain(others).collect()
    }

    /// Units of progress of all seeds.
    pub(super) fn units(&self) -> u64 {
        let schedule = &self.config.policy.schedule;
        (schedule.seeds * self.learners().len() * schedule.curve_points) as u64
    }

    /// All learners of all seeds, side by side.
    ///
    /// # Shapes
    /// `[seeds][learners]`
    pub(super) fn learn_all(&self, bar: &Bar) -> Result<Vec<Vec<Learned>>> {
        let (learners, seeds) = (self.learners(), self.config.policy.schedule.seeds as u64);
        let pairs: Vec<(u64, Who)> =
            (0..seeds).flat_map(|seed| learners.iter().map(move |&learner| (seed, learner))).collect();
        let learn = |&(seed, learner): &(u64, Who)| self.learn_one(learner, seed, bar);
        let learned: Vec<Learned> = pairs.par_iter().with_max_len(1).map(learn).collect::<Result<_>>()?;
        let mut learned = learned.into_iter();
        Ok((0..seeds).map(|_| learned.by_ref().take(learners.len()).collect()).collect())
    }

    fn learn_one(&self, learner: Who, seed: u64, bar: &Bar) -> Result<Learned> {
        let (policy, schedule) = (&self.config.policy, &self.config.policy.schedule);
        let (index, pages) = (policy.state.resolve(self.reward.catalogue), self.reward.catalogue.listings.len());
        let course = |name, steps| self.course(name, steps, seed, bar);
        match learner {
            Who::Critics => {
                self.learn_weights_by_critics(course("(c) weights, by critics", schedule.critic_steps), None)
            }
            Who::ConstrainedCritics => {
                let today = self.greedy(&mut FusedPages::by_declared_weights(self.scores), seed);
                let keep = policy.fusion.constraints(&today.terms()).map(Lagrangian::new);
                self.learn_weights_by_critics(course("(c) by critics, constrained", schedule.critic_steps), keep)
            }
            Who::WeightsOnGrid => {
                self.learn_weights_on_a_grid(course("(d) weights, by Q-learning", schedule.fusion_steps))
            }
            Who::QLearning => {
                let mut learner = QLearning::new(index, pages, policy.q_learning);
                self.learn(course("(e) pages, by Q-learning", schedule.tabular_steps), &mut learner, None)
            }
            Who::Sarsa => {
                let mut learner = Sarsa::new(index, pages, policy.sarsa);
                self.learn(course("(e) pages, by SARSA", schedule.tabular_steps), &mut learner, None)
            }
            Who::Dqn => {
                let encoder = StateEncoder::new(index, self.prices);
                let mut rng = Seeds(self.config.seed).stream(&format!("dqn weights {seed}"));
                // A network this small is faster on the CPU than on any GPU: each step would wait for the device.
                let mut learner = Dqn::new(encoder, pages, policy.dqn.clone(), &Device::flex(), &mut rng);
                self.learn(course("(e) pages, by DQN", schedule.dqn_steps), &mut learner, None)
            }
            Who::SlateQ => {
                let mut learner = PageSlateQ::new(index, &self.simulators.learner, policy.slate_q);
                self.learn(course("(f) slates, by SlateQ", schedule.tabular_steps), &mut learner, Some(self.patient))
            }
        }
    }

    fn course<'b>(&self, name: &'static str, steps: u64, seed: u64, bar: &'b Bar) -> Course<'b> {
        let streams = Streams::new(Seeds(self.config.seed).number(&format!("{name} {seed}")));
        Course { name, seed, steps, streams, curve: Vec::new(), bar }
    }

    fn simulator(&self) -> SessionSimulator<'a> {
        let max_steps = self.config.policy.simulator.max_steps;
        SessionSimulator::new(&self.simulators.learner, &self.simulators.learner_starts, max_steps)
    }

    /// A learner of the values of pages: from the log as `patience` says that its visitors were shown pages (as in the learner's
    /// simulator, unless said otherwise), then in the simulator.
    fn learn<L: Trainee>(
        &self,
        mut course: Course<'_>,
        learner: &mut L,
        patience: Option<&UserModel>,
    ) -> Result<Learned> {
        let schedule = &self.config.policy.schedule;
        let (log, sessions) = (&self.data.loaded.log, self.data.split.train.clone());
        let patience = patience.unwrap_or(&self.simulators.learner);
        let trajectories = logged_trajectories(log, sessions, self.reward, patience, |state| learner.represent(state))?;
        learner.learn_offline(&trajectories, schedule.logged_passes, &mut course.streams.replay);
        let logged = self.phase("log", &learner.kept(), course.seed)?;
        learner.go_online();
        let mut environments = vec![self.simulator(); schedule.environments];
        let worth = |response: &Response, after: &SessionState| self.reward.components_after(*response, after).total();
        let mut learning = Learning::new(learner, self.config.policy.exploration, worth);
        let kept = |learning: &Learning<'_, L, _, _>| learning.learner().kept();
        let best = self.improve(&mut course, &mut environments, &mut learning, kept, earns);
        let simulated = self.phase("log, then simulator", &best, course.seed)?;
        Ok(Learned { name: course.name, phases: vec![logged, simulated], curve: course.curve })
    }

    /// Q-learning over a grid of weights. The log does not hold the weights by which its pages were chosen: there were none.
    fn learn_weights_on_a_grid(&self, mut course: Course<'_>) -> Result<Learned> {
        let policy = &self.config.policy;
        let index = policy.state.resolve(self.reward.catalogue);
        let mut learner = QLearning::new::<SessionState>(index, self.grid.len(), policy.fusion.q_learning);
        let environment = FusedSessions::new(self.simulator(), self.scores, self.grid);
        let mut environments = vec![environment; policy.schedule.environments];
        let worth = |response: &Response, after: &SessionState| self.reward.components_after(*response, after).total();
        let mut learning = Learning::new(&mut learner, policy.exploration, worth);
        let kept = |learning: &Learning<'_, QLearning<_>, _, _>| OnGrid {
            values: learning.learner().clone(),
            scores: self.scores,
            grid: self.grid,
        };
        let best = self.improve(&mut course, &mut environments, &mut learning, kept, earns);
        let phases = vec![self.phase("simulator", &best, course.seed)?];
        Ok(Learned { name: course.name, phases, curve: course.curve })
    }

    /// An actor over weights, with a critic per term of the reward; under constraints, what terms count grows while they earn too little.
    fn learn_weights_by_critics(&self, mut course: Course<'_>, mut keep: Option<Lagrangian>) -> Result<Learned> {
        let policy = &self.config.policy;
        let encoder = StateEncoder::new(policy.state.resolve(self.reward.catalogue), self.prices);
        let mut rng = Seeds(self.config.seed).stream(&format!("critics weights {}", course.seed));
        let networks = (&Device::flex(), &mut rng);
        let mut agent = CriticPages::new(self.scores, (encoder, policy.fusion.critics.clone()), self.reward, networks);
        let mut environments = vec![self.simulator(); policy.schedule.environments];
        let declared = agent.learner().reward_weights().to_vec();
        let best = self.improve(&mut course, &mut environments, &mut agent, CriticPages::policy, |agent, now| {
            let Some(keep) = &mut keep else { return earns(agent, now) };
            keep.update(&now.terms());
            agent.learner().set_reward_weights(keep.reward_weights(&declared));
            let lacks = keep.shortfall(&now.terms());
            if lacks > 0.0 { (false, -lacks) } else { (true, now.mean_return) }
        });
        let phases = vec![self.phase("simulator", &best, course.seed)?];
        Ok(Learned { name: course.name, phases, curve: course.curve })
    }

    /// Lets an agent act and learn until its steps are spent, and gives the best point of its curve: learning swings between nearly
    /// equal actions, and the judge has no part in the choice. `stands` sees the agent and what it earns at each point.
    fn improve<E, A, K>(
        &self,
        course: &mut Course<'_>,
        environments: &mut [E],
        agent: &mut A,
        kept: impl Fn(&A) -> K,
        mut stands: impl FnMut(&mut A, &SessionSummary) -> Standing,
    ) -> K
    where
        E: Environment<Observation = SessionState>,
        A: Agent<E>,
        K: Kept,
    {
        let points = self.config.policy.schedule.curve_points as u64;
        let mut best = kept(agent);
        course.curve.push((0, self.greedy(&mut *best.policy(), course.seed).mean_return));
        let (mut taken, mut highest) = (0, None);
        for point in 1..=points {
            let left = course.steps * point / points - taken;
            taken += rollout(environments, agent, Budget::Steps(left), &mut course.streams).steps;
            let now = kept(agent);
            let summary = self.greedy(&mut *now.policy(), course.seed);
            course.curve.push((taken, summary.mean_return));
            let standing = stands(agent, &summary);
            if highest.is_none_or(|highest| standing > highest) {
                (highest, best) = (Some(standing), now);
            }
            course.bar.advance(1);
        }
        best
    }

    fn phase(&self, source: &'static str, kept: &impl Kept, seed: u64) -> Result<Phase> {
        Ok(Phase { source, judgement: self.judge(&mut *kept.policy(), seed)?, weights: kept.weights() })
    }

    /// What a policy earns from the same simulated visitors each time.
    fn greedy(&self, policy: &mut dyn Policy<SessionState>, seed: u64) -> SessionSummary {
        let visitors = Seeds(self.config.seed).number(&format!("curve {seed}"));
        let sessions = self.config.policy.schedule.curve_sessions;
        simulate_sessions(policy, &self.simulator(), self.reward, sessions, visitors).summary()
    }
}

fn earns<A>(_agent: &mut A, now: &SessionSummary) -> Standing {
    (true, now.mean_return)
}
