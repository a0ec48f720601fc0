//! `PolicyConfig`: the state, the simulator, the learners and the judge, under `[policy]`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use slatewise_rl::deep::DqnConfig;
use slatewise_rl::deep::fusion::{Constraint, FusionGrid, LagrangianConfig, RmtlConfig};
use slatewise_rl::page_agents::{PAGE_TASKS, PAGE_TERMS};
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
    /// Of which terms of the reward a further actor may lose no more than which share, in [0, 1], against fixed weights.
    pub(crate) keep: BTreeMap<String, f64>,
    /// η > 0: how far a multiplier moves per unit that a term earns too little.
    pub(crate) keep_step_size: f64,
}

impl Default for FusionConfig {
    fn default() -> Self {
        let critics = RmtlConfig {
            discount: TabularConfig::default().discount,
            reward_weights: vec![1.0; 3],
            learn_every: 8,
            ..RmtlConfig::default()
        };
        let q_learning = TabularConfig::default();
        Self { grid_steps: 4, q_learning, critics, keep: BTreeMap::new(), keep_step_size: 0.5 }
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

    /// The declared constraints against what each term earns today; none where nothing is to be kept.
    pub(crate) fn constraints(&self, reference: &[f64; PAGE_TERMS.len()]) -> Option<LagrangianConfig> {
        let of = |(task, name): (usize, &&str)| {
            self.keep.get(*name).map(|&loss| Constraint { task, reference: reference[task], loss })
        };
        let constraints: Vec<Constraint> = PAGE_TERMS.iter().enumerate().filter_map(of).collect();
        let settings = LagrangianConfig { step_size: self.keep_step_size, ..LagrangianConfig::new(constraints) };
        (!settings.constraints.is_empty()).then_some(settings)
    }

    fn validate(&self) -> Result<()> {
        self.q_learning.validate("policy.fusion.q_learning")?;
        self.critics.validate("policy.fusion.critics", PAGE_TASKS.len())?;
        for (name, loss) in &self.keep {
            let known = PAGE_TERMS.contains(&name.as_str());
            ensure!(known, "policy.fusion.keep.{name}: no such term; there are {}", PAGE_TERMS.join(", "));
            ensure!((0.0..=1.0).contains(loss), "policy.fusion.keep.{name}: {loss} must lie in [0, 1]: 0.02 for 2 %");
        }
        let step = self.keep_step_size;
        ensure!(step.is_finite() && step > 0.0, "policy.fusion.keep_step_size: {step} must be a number above 0");
        self.grid().map(drop)
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
    /// Sessions per point of a learning curve, ≥ 1.
    #[serde(default = "curve_sessions")]
    pub(crate) curve_sessions: u64,
}

fn fusion_steps() -> u64 {
    200_000
}

fn curve_sessions() -> u64 {
    1_000
}

fn critic_steps() -> u64 {
    12_000
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
        self.fusion.validate()?;
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
            ("curve_sessions", s.curve_sessions, 1),
        ];
        for (key, value, least) in at_least {
            ensure!(value >= least, "policy.schedule.{key}: at least {least}, not {value}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_kept_is_a_term_and_a_share() {
        let message = |text: &str| toml::from_str::<FusionConfig>(text).map(|config| config.validate());
        let said = |text: &str| message(text).ok().and_then(Result::err).map(|error| error.to_string());
        assert_eq!(
            said("keep = { purchase = 0.1 }").as_deref(),
            Some("policy.fusion.keep.purchase: no such term; there are click, premium, diversity")
        );
        assert_eq!(
            said("keep = { click = 10.0 }").as_deref(),
            Some("policy.fusion.keep.click: 10 must lie in [0, 1]: 0.02 for 2 %")
        );
        assert_eq!(
            said("keep_step_size = 0.0").as_deref(),
            Some("policy.fusion.keep_step_size: 0 must be a number above 0")
        );
        assert_eq!(said("keep = { click = 0.1 }"), None);
        assert!(message("steps = 4").is_err());
    }

    #[test]
    fn constraints_follow_what_terms_earn_today() {
        let keep = [("premium".to_owned(), 0.25)].into();
        let config = FusionConfig { keep, ..FusionConfig::default() };
        let constraints = config.constraints(&[2.0, 4.0, 1.0]).map(|settings| settings.constraints);
        assert_eq!(constraints, Some(vec![Constraint { task: 1, reference: 4.0, loss: 0.25 }]));
        assert!(FusionConfig::default().constraints(&[2.0, 4.0, 1.0]).is_none());
    }
}
