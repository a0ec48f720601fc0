//! `SessionSimulator`: a `UserModel` from logged first clicks on, as an `Environment`.
//!
//! ```text
//! reset   a logged first click, drawn uniformly                             1 draw per reset and 2 per step, so that two policies
//! step    show listing a: the visitor leaves (termination, discount 0)      judged on one seed meet the same chance
//!         or clicks an item of it; after `max_steps` listings: truncation (discount 1)
//! ```

use rand_chacha::ChaCha8Rng;

use super::user::UserModel;
use crate::environment::{Environment, EnvironmentSpec, Observations};
use crate::session::{Response, SessionState, StartStates};
use crate::time_step::TimeStep;

/// Simulated sessions.
#[derive(Debug, Clone)]
pub struct SessionSimulator<'a> {
    user: &'a UserModel,
    starts: &'a StartStates,
    max_steps: u32,
    state: SessionState,
    steps: u32,
}

impl<'a> SessionSimulator<'a> {
    /// Sessions of `user` from `starts`, at most `max_steps` listings long; `reset` comes before the first step.
    pub fn new(user: &'a UserModel, starts: &'a StartStates, max_steps: u32) -> Self {
        Self { user, starts, max_steps, state: SessionState::default(), steps: 0 }
    }
}

impl Environment for SessionSimulator<'_> {
    type Observation = SessionState;
    type Response = Response;

    fn spec(&self) -> EnvironmentSpec {
        let actions = self.user.tables().listings();
        let (max_steps, observations) = (Some(self.max_steps), Observations::Sessions);
        EnvironmentSpec { name: "session simulator", actions, max_steps, observations }
    }

    fn observation(&self) -> &SessionState {
        &self.state
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) -> TimeStep<'_, SessionState, Response> {
        self.starts.draw(&mut self.state, rng);
        self.steps = 0;
        TimeStep::restart(&self.state)
    }

    fn step(&mut self, action: usize, rng: &mut ChaCha8Rng) -> TimeStep<'_, SessionState, Response> {
        let situation = self.user.tables().situation(&self.state);
        let response = self.user.respond(situation, action, rng);
        self.steps += 1;
        let Response::Clicked(item) = response else { return TimeStep::termination(response, &self.state) };
        self.state.history.push(item);
        if self.steps >= self.max_steps {
            TimeStep::truncation(response, &self.state)
        } else {
            TimeStep::transition(response, &self.state)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check_environment, tiny_log, tiny_tables};

    #[test]
    fn the_simulator_is_an_environment() {
        let log = tiny_log();
        let starts = StartStates::from_log(&log, 0..3).unwrap();
        let user = UserModel::new(tiny_tables(), 1.0);
        check_environment(|| SessionSimulator::new(&user, &starts, 5), 11);
    }
}
