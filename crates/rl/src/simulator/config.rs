//! `SimulatorConfig`: the declared assumptions of the simulated visitor, under `[simulator]`.
//!
//! ```toml
//! [simulator]
//! patience_exponent = 1.0        # assumed: the log cannot identify it
//! sensitivity = [0.0, 0.5, 2.0]  # results are given for these as well
//! max_steps = 100
//! depth_bounds = [2, 3, 5, 9]
//! histories = 4
//! ```

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::state::check_bounds;

/// How visitors are simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatorConfig {
    /// τ ≥ 0: how fast a visitor loses patience with pages off their own way; see `UserModel`.
    pub patience_exponent: f64,
    /// Further τ for which results are given, because no log of clicks can tell the true one.
    pub sensitivity: Vec<f64>,
    /// Listings shown after which a session is truncated, ≥ 1.
    pub max_steps: u32,
    /// Ascending bounds on the number of clicks so far: bucket = number of bounds ≤ depth.
    pub depth_bounds: Vec<u32>,
    /// Logged histories per situation over which a response model is averaged, ≥ 1; see `tabulate_responses`.
    pub histories: usize,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            patience_exponent: 1.0,
            sensitivity: vec![0.0, 0.5, 2.0],
            max_steps: 100,
            depth_bounds: vec![2, 3, 5, 9],
            histories: 4,
        }
    }
}

impl SimulatorConfig {
    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let patience = [("patience_exponent", self.patience_exponent)];
        for (name, tau) in patience.into_iter().chain(self.sensitivity.iter().map(|&tau| ("sensitivity", tau))) {
            let holds = tau.is_finite() && tau >= 0.0;
            Error::unless(holds, key, name, || format!("{tau} must be a number of at least 0"))?;
        }
        Error::unless(self.max_steps >= 1, key, "max_steps", || "must be at least 1".to_owned())?;
        Error::unless(self.histories >= 1, key, "histories", || "must be at least 1".to_owned())?;
        check_bounds(&self.depth_bounds, key, "depth_bounds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        assert!(SimulatorConfig::default().validate("simulator").is_ok());
        let message =
            |text| toml::from_str::<SimulatorConfig>(text).map(|c| c.validate("simulator").unwrap_err().to_string());
        assert_eq!(
            message("patience_exponent = -0.5").unwrap(),
            "simulator.patience_exponent: -0.5 must be a number of at least 0"
        );
        assert!(
            message("depth_bounds = [1, 2]").unwrap().starts_with("simulator.depth_bounds: [1, 2] must ascend from 2")
        );
        assert!(toml::from_str::<SimulatorConfig>("patience = 1.0").is_err());
    }
}
