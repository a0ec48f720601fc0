//! `PolicyConfig`: the state, the simulator, the learners and the judge, under `[policy]`.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use slatewise_rl::deep::DqnConfig;
use slatewise_rl::deep::fusion::{FusionGrid, RmtlConfig};
use slatewise_rl::page_agents::PAGE_TASKS;
use slatewise_rl::simulator::SimulatorConfig;
use slatewise_rl::tabular::TabularConfig;
use slatewise_rl::{EpsilonSchedule, StateSpec};

/// Everything about policies.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyConfig {
    /// What the learners see of a session.
    pub(crate) state: StateSpec,
    /// The user simulators.
    pub(crate) simulator: SimulatorConfig,
    /// How long everybody learns and is judged.
    pub(crate) schedule: ScheduleConfig,
    /// ε while learning in the simulator.
    pub(crate) exploration: EpsilonSchedule,
    pub(crate) q_learning: TabularConfig,
    pub(crate) sarsa: TabularConfig,
    pub(crate) dqn: DqnConfig,
    /// SlateQ: values of items on pages.
    #[serde(default)]
    pub(crate) slate_q: TabularConfig,
    #[serde(default)]
    pub(crate) fusion: FusionConfig,
}

/// Policies over the weights by which a page's scores are summed, under `[policy.fusion]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FusionConfig {
    /// Steps from 0 to 1 of the grid of weights, ≥ 1.
    pub(crate) grid_steps: usize,
    /// Q-learning over the grid.
    pub(crate) q_learning: TabularConfig,
    /// The actor and its critics.
    pub(crate) critics: RmtlConfig,
}

impl Default for FusionConfig {
    fn default() -> Self {
        let critics = RmtlConfig {
            discount: TabularConfig::default().discount,
            reward_weights: vec![1.0; 3],
            learn_every: 4,
            ..RmtlConfig::default()
        };
        Self { grid_steps: 4, q_learning: TabularConfig::default(), critics }
    }
}

impl FusionConfig {
    /// The grid.
    ///
    /// # Errors
    /// Too many points.
    pub(crate) fn grid(&self) -> Result<FusionGrid> {
        FusionGrid::simplex(PAGE_TASKS.len(), self.grid_steps).context("policy.fusion.grid_steps")
    }
}

/// Budgets, under `[policy.schedule]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleConfig {
    /// Independent repetitions of learning and judging, ≥ 2; intervals are over them.
    pub(crate) seeds: usize,
    /// Passes over the logged sessions, ≥ 1.
    pub(crate) logged_passes: usize,
    /// Steps of a tabular learner in the simulator, ≥ 1.
    pub(crate) tabular_steps: u64,
    /// Steps of DQN in the simulator, ≥ 1.
    pub(crate) dqn_steps: u64,
    /// Simulated sessions side by side, ≥ 1.
    pub(crate) environments: usize,
    /// Steps of Q-learning over weights in the simulator, ≥ 1.
    #[serde(default = "fusion_steps")]
    pub(crate) fusion_steps: u64,
    /// Steps of the actor with its critics in the simulator, ≥ 1.
    #[serde(default = "critic_steps")]
    pub(crate) critic_steps: u64,
    /// Sessions on which each policy is judged, per seed, ≥ 2.
    pub(crate) judged_sessions: u64,
    /// Points of a learning curve, ≥ 2.
    pub(crate) curve_points: usize,
}

fn fusion_steps() -> u64 {
    200_000
}

fn critic_steps() -> u64 {
    40_000
}

impl PolicyConfig {
    /// Checks every section.
    ///
    /// # Errors
    /// Names the key that is out of its range.
    pub(crate) fn validate(&self) -> Result<()> {
        self.state.validate("policy.state")?;
        self.simulator.validate("policy.simulator")?;
        self.exploration.validate("policy.exploration")?;
        self.q_learning.validate("policy.q_learning")?;
        self.sarsa.validate("policy.sarsa")?;
        self.dqn.validate("policy.dqn")?;
        self.slate_q.validate("policy.slate_q")?;
        self.fusion.q_learning.validate("policy.fusion.q_learning")?;
        self.fusion.critics.validate("policy.fusion.critics", PAGE_TASKS.len())?;
        self.fusion.grid()?;
        let s = &self.schedule;
        let at_least = [
            ("seeds", s.seeds as u64, 2),
            ("logged_passes", s.logged_passes as u64, 1),
            ("tabular_steps", s.tabular_steps, 1),
            ("dqn_steps", s.dqn_steps, 1),
            ("fusion_steps", s.fusion_steps, 1),
            ("critic_steps", s.critic_steps, 1),
            ("environments", s.environments as u64, 1),
            ("judged_sessions", s.judged_sessions, 2),
            ("curve_points", s.curve_points as u64, 2),
        ];
        for (key, value, least) in at_least {
            ensure!(value >= least, "policy.schedule.{key}: at least {least}, not {value}");
        }
        Ok(())
    }
}
