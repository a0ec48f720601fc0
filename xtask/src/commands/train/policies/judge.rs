//! One policy under one seed, looked at from every side.

use anyhow::Result;
use serde::Serialize;
use slatewise_rl::simulator::{SessionSimulator, UserModel};
use slatewise_rl::{
    LogAgreement, Policy, SessionState, SessionSummary, StartStates, compare_with_log, simulate_sessions,
};

use super::learn::LearnTask;
use crate::seeds::Seeds;

/// What a policy is worth under one seed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Judgement {
    /// In the judge's simulator.
    pub(super) judge: SessionSummary,
    /// In the learner's simulator.
    pub(super) learner: SessionSummary,
    /// Mean return in the judge's simulator under other patience exponents.
    pub(super) sensitivity: Vec<(f64, f64)>,
    /// Beside the logged test sessions.
    pub(super) agreement: LogAgreement,
}

impl LearnTask<'_> {
    /// Judges a policy; under one seed all policies meet the same visitors.
    pub(super) fn judge(&self, policy: &mut dyn Policy<SessionState>, seed: u64) -> Result<Judgement> {
        let judge = self.judged_alone(policy, seed);
        let mut run = |users: &UserModel, starts| self.earned(policy, (users, starts), seed);
        let learner = run(&self.simulators.learner, &self.simulators.learner_starts);
        let under = |(tau, users): &(f64, UserModel)| (*tau, run(users, &self.simulators.judge_starts).mean_return);
        let sensitivity = self.sensitivity.iter().map(under).collect();
        let (log, test) = (&self.data.loaded.log, self.data.split.test.clone());
        Ok(Judgement { judge, learner, sensitivity, agreement: compare_with_log(policy, log, test, self.reward)? })
    }

    /// What a policy earns in the judge's simulator, and nothing else.
    pub(super) fn judged_alone(&self, policy: &mut dyn Policy<SessionState>, seed: u64) -> SessionSummary {
        self.earned(policy, (&self.simulators.judge, &self.simulators.judge_starts), seed)
    }

    fn earned(
        &self,
        policy: &mut dyn Policy<SessionState>,
        (users, starts): (&UserModel, &StartStates),
        seed: u64,
    ) -> SessionSummary {
        let visitors = Seeds(self.config.seed).number(&format!("judge {seed}"));
        let simulator = SessionSimulator::new(users, starts, self.config.policy.simulator.max_steps);
        let sessions = self.config.policy.schedule.judged_sessions;
        simulate_sessions(policy, &simulator, self.reward, sessions, visitors).summary()
    }
}
