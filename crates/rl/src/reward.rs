//! `RewardSpec`: what a response is worth; a declared function of feedback and of the evaluation's list diversity.
//!
//! ```text
//! r(Left)      = 0
//! r(Clicked i) = (premium if i is premium, else click) + diversity · gain(i | last `diversity_window` clicks)
//! ```
//!
//! A premium click earns `premium` *instead of* `click`, not on top of it. `gain` in [0, 1] is `slatewise_eval::catalog::diversity_gain`:
//! how far the item is, on average, from the items clicked just before.
//! The reward is computed outside the environment, so it can be changed without simulating or logging anything again.
//!
//! ```toml
//! [reward]
//! click = 1.0
//! premium = 5.0
//! diversity = 0.5
//! diversity_window = 3
//! ```

use serde::{Deserialize, Serialize};
use slatewise_data::Catalogue;
use slatewise_eval::catalog::{ItemDistance, diversity_gain};

use crate::error::Error;
use crate::session::{Response, SessionState};

/// The reward, under `[reward]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RewardSpec {
    /// Worth of a click on an item that is not premium.
    pub click: f64,
    /// Worth of a click on a premium item, instead of `click`.
    pub premium: f64,
    /// Worth of a click on something wholly unlike what came before, ≥ 0; added.
    pub diversity: f64,
    /// How many of the last clicks the item is compared with, ≥ 1.
    pub diversity_window: usize,
}

impl Default for RewardSpec {
    fn default() -> Self {
        Self { click: 1.0, premium: 5.0, diversity: 0.5, diversity_window: 3 }
    }
}

impl RewardSpec {
    /// Checks the declaration; `key` is its place in the config.
    ///
    /// # Errors
    /// A number that is not finite or is negative, or an empty window.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        for (name, value) in [("click", self.click), ("premium", self.premium), ("diversity", self.diversity)] {
            let holds = value.is_finite() && value >= 0.0;
            Error::unless(holds, key, name, || format!("{value} must be a number of at least 0"))?;
        }
        let window = self.diversity_window;
        Error::unless(window >= 1, key, "diversity_window", || {
            "must be at least 1; set diversity = 0 to leave it out".into()
        })
    }
}

/// The parts of one reward.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct RewardComponents {
    /// From a click on an item that is not premium.
    pub click: f64,
    /// From a click on a premium item.
    pub premium: f64,
    /// From its difference to what came before.
    pub diversity: f64,
}

impl RewardComponents {
    /// The reward.
    pub fn total(&self) -> f64 {
        self.click + self.premium + self.diversity
    }
}

/// A `RewardSpec` with what it needs to know of the items.
#[derive(Debug, Clone, Copy)]
pub struct SessionReward<'a> {
    /// The declaration.
    pub spec: &'a RewardSpec,
    /// Which items are premium.
    pub catalogue: &'a Catalogue,
    /// How unlike two items are.
    pub distance: &'a ItemDistance,
}

impl SessionReward<'_> {
    /// The parts of the reward for a response to a session with these earlier clicks.
    pub fn components(&self, response: Response, history_before: &[u32]) -> RewardComponents {
        let Response::Clicked(item) = response else { return RewardComponents::default() };
        let weight = self.spec.diversity;
        let diversity = if weight == 0.0 { 0.0 } else { weight * self.diversity_gain(item, history_before) };
        if self.catalogue.premium[item as usize] {
            RewardComponents { premium: self.spec.premium, diversity, ..RewardComponents::default() }
        } else {
            RewardComponents { click: self.spec.click, diversity, ..RewardComponents::default() }
        }
    }

    /// The parts of the reward for a response, given the session after it: a click is then its last.
    pub fn components_after(&self, response: Response, after: &SessionState) -> RewardComponents {
        let before = match response {
            Response::Left => after.depth(),
            Response::Clicked(_) => after.depth() - 1,
        };
        self.components(response, &after.history[..before])
    }

    /// How unlike an item is to the last `diversity_window` clicks, in [0, 1].
    pub fn diversity_gain(&self, item: u32, history_before: &[u32]) -> f64 {
        let window = &history_before[history_before.len().saturating_sub(self.spec.diversity_window)..];
        diversity_gain(item, window, self.distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tiny_distance, tiny_log};

    #[test]
    fn reward_equals_hand_computation() {
        let log = tiny_log();
        let distance = tiny_distance(&log.catalogue);
        let spec = RewardSpec { click: 1.0, premium: 5.0, diversity: 0.5, diversity_window: 2 };
        let reward = SessionReward { spec: &spec, catalogue: &log.catalogue, distance: &distance };
        // Colours of items 0 to 3: 0, 1, 0, 2; item 3 is premium.
        let parts = reward.components(Response::Clicked(3), &[1, 0]);
        assert_eq!(parts, RewardComponents { click: 0.0, premium: 5.0, diversity: 0.5 });
        // The window holds items 1 and 0: item 2 differs from the first of them only.
        let parts = reward.components(Response::Clicked(2), &[3, 1, 0]);
        assert_eq!((parts, parts.total()), (RewardComponents { click: 1.0, premium: 0.0, diversity: 0.25 }, 1.25));
        assert_eq!(reward.components(Response::Left, &[0]).total(), 0.0);
        let after = SessionState { history: vec![3, 1, 0, 2], ..SessionState::default() };
        assert_eq!(reward.components_after(Response::Clicked(2), &after), parts);
    }

    #[test]
    fn the_declaration_is_checked() {
        let message =
            |text| toml::from_str::<RewardSpec>(text).map(|spec| spec.validate("reward").unwrap_err().to_string());
        assert_eq!(message("premium = -1.0").unwrap(), "reward.premium: -1 must be a number of at least 0");
        assert!(message("diversity_window = 0").unwrap().starts_with("reward.diversity_window: must be at least 1"));
        assert!(toml::from_str::<RewardSpec>("purchase = 5.0").is_err());
    }
}
