//! `PlantedSpec`: the declared parameters of a planted world, under `[world]`.
//!
//! ```toml
//! [world]
//! types = 4
//! topics = 6
//! items = 120
//! patience = 5
//! ```

use serde::{Deserialize, Serialize};

use super::visitor_model::ChoiceModel;
use crate::error::Error;

/// How a planted world is drawn and how its visitors behave; the defaults are chosen so that greed for clicks does not pay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlantedSpec {
    /// Visitor types, equally frequent; the policy sees a visitor's type as a segment, ≥ 1.
    pub types: u32,
    /// Topics, ≥ 1.
    pub topics: u32,
    /// Items, ≥ topics; item i has topic i mod `topics`.
    pub items: u32,
    /// Share of items that are content rather than products, in [0, 1].
    pub content_share: f64,
    /// Share of items that are ads, in [0, 1]; together at most 1.
    pub ad_share: f64,
    /// Share of products and content that is clickbait, in [0, 1].
    pub clickbait_share: f64,
    /// Standard deviation of a type's interest in a topic, in logits, ≥ 0.
    pub interest: f64,
    /// Standard deviation of a visitor's own, hidden deviation from it, ≥ 0; cut at two of them.
    pub deviation: f64,
    /// Logit of a click on an item of no interest and mean quality.
    pub click: f64,
    /// Logit of a like after a click, likewise.
    pub like: f64,
    /// Logit of a purchase after a click on a product, likewise.
    pub purchase: f64,
    /// What one standard deviation of quality adds to every logit.
    pub quality: f64,
    /// What the price, in [0, 1], takes from the logit of a purchase.
    pub price: f64,
    /// What clickbait adds to the logit of a click.
    pub clickbait_click: f64,
    /// What clickbait takes from the logits of like and purchase.
    pub clickbait_regret: f64,
    /// What being an ad adds to the logits of click and like.
    pub ad_click: f64,
    /// What each level of boredom with its topic takes from the logit of a click, ≥ 0.
    pub boredom: f64,
    /// Highest level of boredom: one more per item shown, one less per slate without the topic, 0 to 250.
    pub boredom_levels: u8,
    /// Levels that every day away takes off.
    pub recovery: u8,
    /// η: position j, from 1, is examined with probability j^−η, ≥ 0.
    pub position_exponent: f64,
    /// How clicks within a slate hang together.
    pub choice: ChoiceModel,
    /// Patience at the beginning of a visit, and its maximum, ≥ 1; the visitor leaves at 0.
    pub patience: u32,
    /// Patience that a slate costs.
    pub slate_cost: u32,
    /// Patience that an ad shown costs.
    pub ad_cost: u32,
    /// Patience that a satisfying click gives back.
    pub relief: u32,
    /// Patience that a disappointing click costs.
    pub disappointment: u32,
    /// P(leaves after a slate) with patience left, in [0, 1].
    pub leave: f64,
    /// L: satisfaction with a visit moves by one per satisfying or disappointing click, within −L to L, ≥ 0.
    pub satisfaction_levels: i32,
    /// Logit of coming back from a visit of satisfaction 0.
    pub comes_back: f64,
    /// What each level of satisfaction adds to it.
    pub loyalty: f64,
    /// Longest absence in days, 1 to 365.
    pub away_days: u32,
    /// ρ: an absence of d days has a probability proportional to ρ^d, above 0.
    pub away_decay: f64,
}

impl Default for PlantedSpec {
    fn default() -> Self {
        Self {
            types: 4,
            topics: 6,
            items: 120,
            content_share: 0.4,
            ad_share: 0.1,
            clickbait_share: 0.25,
            interest: 1.0,
            deviation: 0.0,
            click: -1.5,
            like: -0.5,
            purchase: -1.5,
            quality: 0.5,
            price: 1.0,
            clickbait_click: 1.5,
            clickbait_regret: 3.0,
            ad_click: -0.5,
            boredom: 0.5,
            boredom_levels: 3,
            recovery: 1,
            position_exponent: 0.5,
            choice: ChoiceModel::Independent,
            patience: 5,
            slate_cost: 1,
            ad_cost: 1,
            relief: 1,
            disappointment: 1,
            leave: 0.02,
            satisfaction_levels: 2,
            comes_back: 0.5,
            loyalty: 1.0,
            away_days: 7,
            away_decay: 0.7,
        }
    }
}

impl PlantedSpec {
    /// A world so small that its optimal policy is known exactly, for slates of one item: see [`ExactFeed`](super::ExactFeed).
    pub fn small() -> Self {
        Self {
            types: 2,
            topics: 2,
            items: 8,
            content_share: 0.25,
            ad_share: 0.125,
            click: 0.0,
            boredom_levels: 2,
            patience: 4,
            away_days: 3,
            ..Self::default()
        }
    }

    /// Checks the settings; `key` is their place in the config.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        for (name, value) in [("types", self.types), ("topics", self.topics), ("patience", self.patience)] {
            Error::unless(value >= 1, key, name, || "must be at least 1".to_owned())?;
        }
        let (items, topics) = (self.items, self.topics);
        Error::unless(items >= topics, key, "items", || format!("{items} items leave some of {topics} topics empty"))?;
        let shares = [("content_share", self.content_share), ("ad_share", self.ad_share)];
        let probabilities = [("clickbait_share", self.clickbait_share), ("leave", self.leave)];
        for (name, value) in shares.into_iter().chain(probabilities) {
            Error::unless((0.0..=1.0).contains(&value), key, name, || format!("{value} must lie in [0, 1]"))?;
        }
        let sum = self.content_share + self.ad_share;
        Error::unless(sum <= 1.0, key, "ad_share", || {
            format!("content and ads make up {sum} of the items; at most 1")
        })?;
        let not_negative = [("interest", self.interest), ("deviation", self.deviation), ("boredom", self.boredom)];
        for (name, value) in not_negative.into_iter().chain([("position_exponent", self.position_exponent)]) {
            let holds = value.is_finite() && value >= 0.0;
            Error::unless(holds, key, name, || format!("{value} must be a number of at least 0"))?;
        }
        for (name, value) in self.logits() {
            Error::unless(value.is_finite(), key, name, || format!("{value} must be a finite number"))?;
        }
        let levels = self.boredom_levels;
        Error::unless(levels <= 250, key, "boredom_levels", || format!("{levels} must lie in 0 to 250"))?;
        let levels = self.satisfaction_levels;
        Error::unless((0..=1_000).contains(&levels), key, "satisfaction_levels", || {
            format!("{levels} must lie in 0 to 1000")
        })?;
        let (days, decay) = (self.away_days, self.away_decay);
        Error::unless((1..=365).contains(&days), key, "away_days", || format!("{days} must lie in 1 to 365"))?;
        Error::unless((0.01..=1.0).contains(&decay), key, "away_decay", || format!("{decay} must lie in [0.01, 1]"))
    }

    fn logits(&self) -> [(&'static str, f64); 10] {
        [
            ("click", self.click),
            ("like", self.like),
            ("purchase", self.purchase),
            ("quality", self.quality),
            ("price", self.price),
            ("clickbait_click", self.clickbait_click),
            ("clickbait_regret", self.clickbait_regret),
            ("ad_click", self.ad_click),
            ("comes_back", self.comes_back),
            ("loyalty", self.loyalty),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        assert!(PlantedSpec::default().validate("world").is_ok() && PlantedSpec::small().validate("world").is_ok());
        let message =
            |text: &str| toml::from_str::<PlantedSpec>(text).map(|s| s.validate("world").unwrap_err().to_string());
        assert_eq!(message("items = 3").unwrap(), "world.items: 3 items leave some of 6 topics empty");
        assert_eq!(message("leave = 1.5").unwrap(), "world.leave: 1.5 must lie in [0, 1]");
        assert_eq!(message("boredom = -1.0").unwrap(), "world.boredom: -1 must be a number of at least 0");
        assert_eq!(message("away_days = 0").unwrap(), "world.away_days: 0 must lie in 1 to 365");
        assert!(message("ad_share = 0.9").unwrap().starts_with("world.ad_share: content and ads make up 1.3"));
        assert!(toml::from_str::<PlantedSpec>("surprise = 1").is_err());
        assert_eq!(toml::from_str::<PlantedSpec>("choice = 'single'").unwrap().choice, ChoiceModel::Single);
    }
}
