//! CartPole: push a cart left or right so that the pole on it does not fall.
//!
//! ```text
//!      θ│╱       observation x, ẋ, θ, θ̇        actions 0 push left, 1 push right: F = ∓10 N
//!    ┌──╱──┐     reward 1 a step, the last one too
//!    └○───○┘     terminates where |x| > 2.4 m or |θ| > 12°; truncated after 500 steps
//! ─────x───────  start: each of the four uniform in [-0.05, 0.05)
//!
//! T  = (F + m l θ̇² sin θ) / M                                  m = 0.1 kg, M = m + 1 kg, l = 0.5 m (half the pole), g = 9.8 m/s²
//! θ̈ = (g sin θ − cos θ T) / (l (4/3 − m cos² θ / M))
//! ẍ  = T − m l θ̈ cos θ / M
//! x += τ ẋ;  ẋ += τ ẍ;  θ += τ θ̇;  θ̇ += τ θ̈                   Euler, τ = 0.02 s; positions move by the speeds before
//! ```
//!
//! Source: Barto, Sutton & Anderson 1983, "Neuronlike adaptive elements that can solve difficult learning control problems";
//! gymnasium's `CartPole-v1`, operation by operation: state in f64, observation rounded to f32.
//!
//! Differences from gymnasium: 1. chance comes from the generator passed in; 2. the sine and cosine are Rust's, which may differ
//! from NumPy's in the last bit.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::environment::{Environment, EnvironmentSpec, Observations};
use crate::time_step::TimeStep;

const GRAVITY: f64 = 9.8;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = POLE_MASS + 1.0;
/// Half the pole's length.
const LENGTH: f64 = 0.5;
const POLE_MOMENT: f64 = POLE_MASS * LENGTH;
const FORCE: f64 = 10.0;
const TAU: f64 = 0.02;
const MAX_X: f64 = 2.4;
const MAX_THETA: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;
const MAX_STEPS: u32 = 500;
const BOUNDS: [[f32; 2]; 4] = [
    [-2.0 * MAX_X as f32, 2.0 * MAX_X as f32],
    [f32::NEG_INFINITY, f32::INFINITY],
    [-2.0 * MAX_THETA as f32, 2.0 * MAX_THETA as f32],
    [f32::NEG_INFINITY, f32::INFINITY],
];

/// The cart and its pole.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartPole {
    state: [f64; 4],
    observation: [f32; 4],
    steps: u32,
}

impl CartPole {
    /// A cart at rest; `reset` or `with_state` comes before the first step.
    pub fn new() -> Self {
        Self::default()
    }

    /// The beginning of an episode from x (m), ẋ (m/s), θ (rad) and θ̇ (rad/s).
    pub fn with_state(mut self, state: [f64; 4]) -> Self {
        self.begin(state);
        self
    }

    /// x (m), ẋ (m/s), θ (rad) and θ̇ (rad/s).
    pub fn state(&self) -> [f64; 4] {
        self.state
    }

    fn begin(&mut self, state: [f64; 4]) {
        (self.state, self.observation, self.steps) = (state, state.map(|x| x as f32), 0);
    }
}

impl Environment for CartPole {
    type Observation = [f32; 4];
    type Response = f64;

    fn spec(&self) -> EnvironmentSpec {
        let observations = Observations::Numbers(&BOUNDS);
        EnvironmentSpec { name: "cart pole", actions: 2, max_steps: Some(MAX_STEPS), observations }
    }

    fn observation(&self) -> &[f32; 4] {
        &self.observation
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) -> TimeStep<'_, [f32; 4], f64> {
        self.begin(std::array::from_fn(|_| rng.random_range(-0.05..0.05)));
        TimeStep::restart(&self.observation)
    }

    fn step(&mut self, action: usize, _rng: &mut ChaCha8Rng) -> TimeStep<'_, [f32; 4], f64> {
        assert!(action < 2, "action {action} of 2");
        let [x, x_dot, theta, theta_dot] = self.state;
        let force = if action == 1 { FORCE } else { -FORCE };
        let (sin, cos) = (theta.sin(), theta.cos());
        let push = (force + POLE_MOMENT * (theta_dot * theta_dot) * sin) / TOTAL_MASS;
        let theta_acc = (GRAVITY * sin - cos * push) / (LENGTH * (4.0 / 3.0 - POLE_MASS * (cos * cos) / TOTAL_MASS));
        let x_acc = push - POLE_MOMENT * theta_acc * cos / TOTAL_MASS;
        self.state = [x + TAU * x_dot, x_dot + TAU * x_acc, theta + TAU * theta_dot, theta_dot + TAU * theta_acc];
        self.observation = self.state.map(|x| x as f32);
        self.steps += 1;
        let [x, _, theta, _] = self.state;
        if !(-MAX_X..=MAX_X).contains(&x) || !(-MAX_THETA..=MAX_THETA).contains(&theta) {
            TimeStep::termination(1.0, &self.observation)
        } else if self.steps >= MAX_STEPS {
            TimeStep::truncation(1.0, &self.observation)
        } else {
            TimeStep::transition(1.0, &self.observation)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_environment;
    use rand::SeedableRng;

    #[test]
    fn the_cart_is_an_environment() {
        check_environment(CartPole::new, 13);
    }

    /// From rest upright: T = 10 / 1.1; θ̈ = −T / (0.5 (4/3 − 0.1 / 1.1)); ẍ = T − 0.05 θ̈ / 1.1. Positions do not move yet.
    #[test]
    fn the_first_push_equals_hand_computation() {
        let mut cart = CartPole::new().with_state([0.0; 4]);
        let step = cart.step(1, &mut ChaCha8Rng::seed_from_u64(0));
        assert_eq!((step.response, step.discount), (Some(1.0), 1.0));
        let expected = [0.0, 0.195_121_951_219_512_2, 0.0, -0.292_682_926_829_268_3];
        for (found, expected) in cart.state().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found} instead of {expected}");
        }
    }

    /// A simple feedback keeps the pole up, so the episode is cut short and not ended.
    #[test]
    fn a_balanced_pole_is_truncated_after_500_steps() {
        let (mut cart, mut rng) = (CartPole::new(), ChaCha8Rng::seed_from_u64(1));
        cart.reset(&mut rng);
        for taken in 1..=500 {
            let [x, x_dot, theta, theta_dot] = cart.state();
            let action = usize::from(0.1 * x + 0.2 * x_dot + 2.0 * theta + theta_dot > 0.0);
            let step = cart.step(action, &mut rng);
            assert_eq!((step.is_last(), step.terminates()), (taken == 500, false), "step {taken}");
        }
    }
}
