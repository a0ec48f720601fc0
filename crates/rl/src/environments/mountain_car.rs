//! MountainCar: a car too weak for the hill has to swing up on the other side first.
//!
//! ```text
//! observation position p in [-1.2, 0.6], velocity v in [-0.07, 0.07]     actions 0 left, 1 nothing, 2 right
//!
//! v ← clip(v + 0.001 (a − 1) − 0.0025 cos(3 p))          reward -1 a step
//! p ← clip(p + v)                                       terminates where p ≥ 0.5 and v ≥ 0; truncated after 200 steps
//! v ← 0 where the car has hit the left wall             start: p uniform in [-0.6, -0.4), v = 0
//! ```
//!
//! Source: Moore 1990, "Efficient memory-based learning for robot control"; Sutton & Barto 2018, example 10.1; gymnasium's
//! `MountainCar-v0`, operation by operation: state in f64, observation rounded to f32.
//!
//! Differences from gymnasium: 1. chance comes from the generator passed in; 2. the goal asks for no velocity, where gymnasium's
//! can be set. From the book: positions go on to 0.6 behind the goal at
//! 0.5, and episodes are truncated unless the car is `endless`.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::environment::{Environment, EnvironmentSpec, Observations};
use crate::time_step::TimeStep;

const MIN_POSITION: f64 = -1.2;
const MAX_POSITION: f64 = 0.6;
const MAX_SPEED: f64 = 0.07;
const GOAL: f64 = 0.5;
const FORCE: f64 = 0.001;
const GRAVITY: f64 = 0.0025;
const MAX_STEPS: u32 = 200;
const BOUNDS: [[f32; 2]; 2] = [[MIN_POSITION as f32, MAX_POSITION as f32], [-MAX_SPEED as f32, MAX_SPEED as f32]];

/// The car in its valley.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountainCar {
    state: [f64; 2],
    observation: [f32; 2],
    steps: u32,
    max_steps: Option<u32>,
}

impl Default for MountainCar {
    fn default() -> Self {
        Self { state: [0.0; 2], observation: [0.0; 2], steps: 0, max_steps: Some(MAX_STEPS) }
    }
}

impl MountainCar {
    /// A car; `reset` or `with_state` comes before the first step.
    pub fn new() -> Self {
        Self::default()
    }

    /// The book's car, which is never stopped.
    pub fn endless() -> Self {
        Self { max_steps: None, ..Self::default() }
    }

    /// Least and greatest position and velocity.
    pub const BOUNDS: [[f32; 2]; 2] = BOUNDS;

    /// The beginning of an episode from a position and a velocity.
    pub fn with_state(mut self, state: [f64; 2]) -> Self {
        self.begin(state);
        self
    }

    /// Position and velocity.
    pub fn state(&self) -> [f64; 2] {
        self.state
    }

    fn begin(&mut self, state: [f64; 2]) {
        (self.state, self.observation, self.steps) = (state, state.map(|x| x as f32), 0);
    }
}

impl Environment for MountainCar {
    type Observation = [f32; 2];
    type Response = f64;

    fn spec(&self) -> EnvironmentSpec {
        let observations = Observations::Numbers(&BOUNDS);
        EnvironmentSpec { name: "mountain car", actions: 3, max_steps: self.max_steps, observations }
    }

    fn observation(&self) -> &[f32; 2] {
        &self.observation
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) -> TimeStep<'_, [f32; 2], f64> {
        self.begin([rng.random_range(-0.6..-0.4), 0.0]);
        TimeStep::restart(&self.observation)
    }

    fn step(&mut self, action: usize, _rng: &mut ChaCha8Rng) -> TimeStep<'_, [f32; 2], f64> {
        assert!(action < 3, "action {action} of 3");
        let [mut position, mut velocity] = self.state;
        velocity += (action as f64 - 1.0) * FORCE + (3.0 * position).cos() * -GRAVITY;
        velocity = velocity.clamp(-MAX_SPEED, MAX_SPEED);
        position = (position + velocity).clamp(MIN_POSITION, MAX_POSITION);
        if position == MIN_POSITION && velocity < 0.0 {
            velocity = 0.0;
        }
        self.state = [position, velocity];
        self.observation = self.state.map(|x| x as f32);
        self.steps += 1;
        if position >= GOAL && velocity >= 0.0 {
            TimeStep::termination(-1.0, &self.observation)
        } else if self.max_steps.is_some_and(|most| self.steps >= most) {
            TimeStep::truncation(-1.0, &self.observation)
        } else {
            TimeStep::transition(-1.0, &self.observation)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_environment;
    use rand::SeedableRng;

    #[test]
    fn the_car_is_an_environment() {
        check_environment(MountainCar::new, 14);
    }

    /// At p = 0 the slope pulls by 0.0025; pushing right gives v = 0.001 − 0.0025.
    #[test]
    fn a_step_equals_hand_computation() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut car = MountainCar::new().with_state([0.0, 0.0]);
        assert_eq!(car.step(2, &mut rng).response, Some(-1.0));
        assert_eq!(car.state(), [-0.0015, -0.0015]);
        // Into the left wall: it stands there. Through the goal: the end.
        car = car.with_state([-1.19, -0.05]);
        car.step(1, &mut rng);
        assert_eq!(car.state(), [-1.2, 0.0]);
        assert!(car.with_state([0.49, 0.03]).step(1, &mut rng).terminates());
    }
}
