//! Acrobot: two links hang from a joint, the one between them has a motor; swing the tip above the line.
//!
//! ```text
//!   ───────── line, one link above the joint      observation cos θ₁, sin θ₁, cos θ₂, sin θ₂, θ̇₁, θ̇₂
//!       o     joint, fixed                        actions 0, 1, 2: torque a = -1, 0, 1 N m on the joint between the links
//!   θ₁ ╱      link 1, θ₁ = 0 hanging down         reward -1 a step, 0 on the last
//!     o       joint with the motor                terminates where −cos θ₁ − cos(θ₁ + θ₂) > 1; truncated after 500 steps
//!   θ₂ ╲      link 2, θ₂ = 0 straight on          start: each of θ₁, θ₂, θ̇₁, θ̇₂ uniform in [-0.1, 0.1)
//!
//! d₁ = m l_c² + m (l² + l_c² + 2 l l_c cos θ₂) + 2 I          m = 1 kg, l = 1 m, l_c = 0.5 m, I = 1 kg m², g = 9.8 m/s²
//! d₂ = m (l_c² + l l_c cos θ₂) + I
//! φ₂ = m l_c g cos(θ₁ + θ₂ − π/2)
//! φ₁ = −m l l_c θ̇₂² sin θ₂ − 2 m l l_c θ̇₂ θ̇₁ sin θ₂ + (m l_c + m l) g cos(θ₁ − π/2) + φ₂
//! θ̈₂ = (a + d₂/d₁ φ₁ − m l l_c θ̇₁² sin θ₂ − φ₂) / (m l_c² + I − d₂²/d₁)
//! θ̈₁ = −(d₂ θ̈₂ + φ₁) / d₁
//! ```
//!
//! One Runge-Kutta step of fourth order over 0.2 s; angles are wrapped into [-π, π], speeds bound to ±4π and ±9π.
//!
//! Source: Sutton 1996, "Generalization in reinforcement learning: successful examples using sparse coarse coding"; Sutton & Barto
//! 1998, section 11.3, whose equations ("book") these are; gymnasium's `Acrobot-v1`, operation by operation: state in f64,
//! observation rounded to f32, a start rounded to f32.
//!
//! Differences from gymnasium: 1. chance comes from the generator passed in; 2. the sine and cosine are Rust's, which may differ
//! from NumPy's in the last bit, also in the observation of a start, where gymnasium computes them in f32; 3. no noise on the
//! torque, and not the equations of the paper, which lack terms.

use std::f64::consts::PI;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::environment::{Environment, EnvironmentSpec, Observations};
use crate::time_step::TimeStep;

const GRAVITY: f64 = 9.8;
/// Mass, length, centre and moment of inertia of each link.
const M: f64 = 1.0;
const L: f64 = 1.0;
const LC: f64 = 0.5;
const I: f64 = 1.0;
const DT: f64 = 0.2;
const MAX_SPEED: [f64; 2] = [4.0 * PI, 9.0 * PI];
const MAX_STEPS: u32 = 500;
const BOUNDS: [[f32; 2]; 6] = [
    [-1.0, 1.0],
    [-1.0, 1.0],
    [-1.0, 1.0],
    [-1.0, 1.0],
    [-MAX_SPEED[0] as f32, MAX_SPEED[0] as f32],
    [-MAX_SPEED[1] as f32, MAX_SPEED[1] as f32],
];

/// The two links.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acrobot {
    state: [f64; 4],
    observation: [f32; 6],
    steps: u32,
}

impl Default for Acrobot {
    fn default() -> Self {
        Self { state: [0.0; 4], observation: observe([0.0; 4]), steps: 0 }
    }
}

impl Acrobot {
    /// Links that hang down; `reset` or `with_state` comes before the first step.
    pub fn new() -> Self {
        Self::default()
    }

    /// The beginning of an episode from θ₁, θ₂ (rad), θ̇₁ and θ̇₂ (rad/s).
    pub fn with_state(mut self, state: [f64; 4]) -> Self {
        self.begin(state);
        self
    }

    /// θ₁, θ₂ (rad), θ̇₁ and θ̇₂ (rad/s).
    pub fn state(&self) -> [f64; 4] {
        self.state
    }

    fn begin(&mut self, state: [f64; 4]) {
        (self.state, self.observation, self.steps) = (state, observe(state), 0);
    }
}

fn observe([theta1, theta2, dtheta1, dtheta2]: [f64; 4]) -> [f32; 6] {
    [theta1.cos(), theta1.sin(), theta2.cos(), theta2.sin(), dtheta1, dtheta2].map(|x| x as f32)
}

/// The state's derivative under a torque.
fn derivative([theta1, theta2, dtheta1, dtheta2]: [f64; 4], torque: f64) -> [f64; 4] {
    let (sin2, cos2) = (theta2.sin(), theta2.cos());
    let d1 = M * (LC * LC) + M * (L * L + LC * LC + 2.0 * L * LC * cos2) + I + I;
    let d2 = M * (LC * LC + L * LC * cos2) + I;
    let phi2 = M * LC * GRAVITY * (theta1 + theta2 - PI / 2.0).cos();
    let phi1 = -M * L * LC * (dtheta2 * dtheta2) * sin2 - 2.0 * M * L * LC * dtheta2 * dtheta1 * sin2
        + (M * LC + M * L) * GRAVITY * (theta1 - PI / 2.0).cos()
        + phi2;
    let ddtheta2 =
        (torque + d2 / d1 * phi1 - M * L * LC * (dtheta1 * dtheta1) * sin2 - phi2) / (M * (LC * LC) + I - d2 * d2 / d1);
    [dtheta1, dtheta2, -(d2 * ddtheta2 + phi1) / d1, ddtheta2]
}

/// One step of the classical Runge-Kutta method.
fn runge_kutta(y: [f64; 4], torque: f64) -> [f64; 4] {
    let ahead = |step: f64, k: [f64; 4]| derivative(std::array::from_fn(|i| y[i] + step * k[i]), torque);
    let k1 = derivative(y, torque);
    let k2 = ahead(DT / 2.0, k1);
    let k3 = ahead(DT / 2.0, k2);
    let k4 = ahead(DT, k3);
    std::array::from_fn(|i| y[i] + DT / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}

/// The same angle in [-π, π].
fn wrap(mut angle: f64) -> f64 {
    while angle > PI {
        angle -= 2.0 * PI;
    }
    while angle < -PI {
        angle += 2.0 * PI;
    }
    angle
}

impl Environment for Acrobot {
    type Observation = [f32; 6];
    type Response = f64;

    fn spec(&self) -> EnvironmentSpec {
        let observations = Observations::Numbers(&BOUNDS);
        EnvironmentSpec { name: "acrobot", actions: 3, max_steps: Some(MAX_STEPS), observations }
    }

    fn observation(&self) -> &[f32; 6] {
        &self.observation
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) -> TimeStep<'_, [f32; 6], f64> {
        self.begin(std::array::from_fn(|_| f64::from(rng.random_range(-0.1..0.1) as f32)));
        TimeStep::restart(&self.observation)
    }

    fn step(&mut self, action: usize, _rng: &mut ChaCha8Rng) -> TimeStep<'_, [f32; 6], f64> {
        assert!(action < 3, "action {action} of 3");
        let [theta1, theta2, dtheta1, dtheta2] = runge_kutta(self.state, action as f64 - 1.0);
        let (theta1, theta2) = (wrap(theta1), wrap(theta2));
        let [most1, most2] = MAX_SPEED;
        self.state = [theta1, theta2, dtheta1.clamp(-most1, most1), dtheta2.clamp(-most2, most2)];
        self.observation = observe(self.state);
        self.steps += 1;
        if -theta1.cos() - (theta2 + theta1).cos() > 1.0 {
            TimeStep::termination(0.0, &self.observation)
        } else if self.steps >= MAX_STEPS {
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
    fn the_links_are_an_environment() {
        check_environment(Acrobot::new, 15);
    }

    /// Hanging at rest, φ₁ = φ₂ = 0, d₁ = 4.5, d₂ = 1.75: θ̈₂ = 1 / (1.25 − 1.75²/4.5), θ̈₁ = −1.75 θ̈₂ / 4.5.
    #[test]
    fn the_derivative_at_rest_equals_hand_computation() {
        let [_, _, ddtheta1, ddtheta2] = derivative([0.0; 4], 1.0);
        assert!((ddtheta2 - 1.756_097_560_975_61).abs() < 1e-14, "{ddtheta2}");
        assert!((ddtheta1 + 0.682_926_829_268_293).abs() < 1e-14, "{ddtheta1}");
    }

    /// Without torque energy is kept; fourth order over 0.2 s loses little of it.
    #[test]
    fn free_swinging_keeps_its_energy() {
        let energy = |[theta1, theta2, dtheta1, dtheta2]: [f64; 4]| {
            let both = dtheta1 + dtheta2;
            let kinetic = 0.5 * (M * LC * LC + I) * dtheta1 * dtheta1
                + 0.5 * M * (L * L * dtheta1 * dtheta1 + LC * LC * both * both)
                + M * L * LC * dtheta1 * both * theta2.cos()
                + 0.5 * I * both * both;
            kinetic - GRAVITY * (M * LC * theta1.cos() + M * (L * theta1.cos() + LC * (theta1 + theta2).cos()))
        };
        let mut links = Acrobot::new().with_state([0.5, -0.3, 0.1, 0.2]);
        let (before, mut rng) = (energy(links.state()), ChaCha8Rng::seed_from_u64(0));
        for _ in 0..20 {
            links.step(1, &mut rng);
        }
        assert!((energy(links.state()) - before).abs() < 0.01, "{} instead of {before}", energy(links.state()));
    }
}
