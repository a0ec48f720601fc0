//! `Schedule`: the learning rate as a pure function of the step.
//!
//! ```text
//! warm-up   t < w      rate · (t + 1) / w
//! constant  t ≥ w      rate
//! cosine    t ≥ w      rate · (f + (1 - f) · ½ (1 + cos(π (t - w) / (n - w))))
//! ```
//!
//! | symbol | here |
//! |---|---|
//! | t, n | `step`, `steps` |
//! | w | `warm_up` · n, rounded |
//! | f | `floor` |
//!
//! # Reference
//! Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", equation (5), without restarts;
//! linear warm-up as in Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 2.2.
//!
//! ```
//! use slatewise_model::Schedule;
//!
//! let cosine = Schedule::Cosine { warm_up: 0.1, floor: 0.0 };
//! assert_eq!(cosine.factor(4, 100), 0.5); // half way up
//! assert_eq!(cosine.factor(55, 100), 0.5); // half way down
//! ```

use crate::Error;
use serde::{Deserialize, Serialize};

/// How the learning rate changes: `schedule = { kind = "cosine", warm_up = 0.05 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// The same rate throughout, after the warm-up.
    Constant {
        /// Share of the steps over which the rate rises, in `[0, 1)`.
        #[serde(default)]
        warm_up: f64,
    },
    /// Down half a cosine, after the warm-up.
    Cosine {
        /// Share of the steps over which the rate rises, in `[0, 1)`.
        #[serde(default)]
        warm_up: f64,
        /// Share of the rate that is left at the end, in `[0, 1]`.
        #[serde(default)]
        floor: f64,
    },
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Constant { warm_up: 0.0 }
    }
}

impl Schedule {
    /// What the configured rate is multiplied by at `step`, from 0, of `steps`; the last value holds beyond them.
    pub fn factor(self, step: usize, steps: usize) -> f64 {
        let (Self::Constant { warm_up } | Self::Cosine { warm_up, .. }) = self;
        let warm_up_steps = (warm_up * steps as f64).round() as usize;
        if step < warm_up_steps {
            return (step + 1) as f64 / warm_up_steps as f64;
        }
        match self {
            Self::Constant { .. } => 1.0,
            Self::Cosine { floor, .. } => {
                let progress = (step - warm_up_steps) as f64 / (steps - warm_up_steps).max(1) as f64;
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
            }
        }
    }

    pub(crate) fn validate(self) -> Result<(), Error> {
        let (Self::Constant { warm_up } | Self::Cosine { warm_up, .. }) = self;
        if !(0.0..1.0).contains(&warm_up) {
            let mend = "give the share of the steps that warms up, from 0 to below 1";
            return Err(Error::InvalidConfig { key: "trainer.schedule.warm_up", value: warm_up.to_string(), mend });
        }
        match self {
            Self::Cosine { floor, .. } if !(0.0..=1.0).contains(&floor) => {
                let mend = "give the share of the rate that is left at the end, from 0 to 1";
                Err(Error::InvalidConfig { key: "trainer.schedule.floor", value: floor.to_string(), mend })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_is_a_straight_line() {
        let schedule = Schedule::Constant { warm_up: 0.4 };
        let factors: Vec<f64> = (0..6).map(|step| schedule.factor(step, 10)).collect();
        assert_eq!(factors, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn cosine_starts_at_the_rate_and_ends_at_the_floor() {
        let schedule = Schedule::Cosine { warm_up: 0.0, floor: 0.2 };
        assert_eq!(schedule.factor(0, 100), 1.0);
        assert!((schedule.factor(50, 100) - 0.6).abs() < 1e-12);
        assert!((schedule.factor(100, 100) - 0.2).abs() < 1e-12);
        assert!((schedule.factor(999, 100) - 0.2).abs() < 1e-12, "the floor holds beyond the last step");
    }

    #[test]
    fn shares_outside_their_range_are_named() {
        let message = |schedule: Schedule| schedule.validate().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message(Schedule::Constant { warm_up: 1.0 }).starts_with("`trainer.schedule.warm_up` is 1"));
        assert!(message(Schedule::Constant { warm_up: f64::NAN }).contains("NaN"));
        assert!(message(Schedule::Cosine { warm_up: 0.0, floor: 2.0 }).starts_with("`trainer.schedule.floor` is 2"));
        assert_eq!(message(Schedule::default()), "");
    }
}
