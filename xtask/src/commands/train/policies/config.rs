//! `PolicyConfig`: the state, the simulator, the learners and the judge, under `[policy]`.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use slatewise_rl::deep::DqnConfig;
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
    /// Sessions on which each policy is judged, per seed, ≥ 2.
    pub(crate) judged_sessions: u64,
    /// Points of a learning curve, ≥ 2.
    pub(crate) curve_points: usize,
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
        let s = &self.schedule;
        let at_least = [
            ("seeds", s.seeds as u64, 2),
            ("logged_passes", s.logged_passes as u64, 1),
            ("tabular_steps", s.tabular_steps, 1),
            ("dqn_steps", s.dqn_steps, 1),
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
