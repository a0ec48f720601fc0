//! `SyntheticSpec`: what a synthetic log looks like, under `[synthetic]`.
//!
//! ```toml
//! [synthetic]
//! rows = 10_000_000
//! users = 500_000
//! items = 100_000
//! slate = 8
//! policy = { temperature = 1.0, exploration = 0.1 }
//! click = { rate = 0.08, taste = 1.0, quality = 0.6, price = 0.4, hour = 0.2, surface = [0.0, 0.2, 0.5] }
//! dirt = { duplicates = 0.01, nulls = 0.02 }
//! ```

use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::log::error::LogError;

/// Size, tastes, policy, responses and dirt of a synthetic log. Everything has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticSpec {
    /// Impressions, ≥ 1; duplicates come on top.
    pub rows: u64,
    /// Users, 1 to 50 million.
    pub users: u32,
    /// Items, 2 to 10 million.
    pub items: u32,
    /// First day of the log.
    pub first_day: Day,
    /// Days that it covers, 1 to 36,500.
    pub days: u32,
    /// Items per slate, 1 to 1,000 and at most `items`; the last slate may be shorter.
    pub slate: u32,
    /// Mean slates per session, 1 to 1,000 (geometric).
    pub slates_per_session: f64,
    /// Activity of the user of rank r ∝ r^−exponent, 0 to 3.
    pub user_exponent: f64,
    /// Exposure of the item of rank r ∝ r^−exponent before tastes count, 0 to 3.
    pub item_exponent: f64,
    /// Groups of users that the policy tells apart, 1 to 1,024; `segments · items` at most 2²⁸ (16 bytes each).
    pub segments: u32,
    /// Categories of items, 1 to 10,000.
    pub categories: u32,
    /// Brands of items, 1 to 1,000,000.
    pub brands: u32,
    /// Latent tastes.
    pub taste: TasteSpec,
    /// The policy that chose the slates.
    pub policy: PolicySpec,
    /// Position bias: the place k ≥ 1 is examined with probability k^−exponent, 0 to 5.
    pub examination_exponent: f64,
    /// What makes an examined item be clicked.
    pub click: ResponseSpec,
    /// What makes a clicked item go to the cart.
    pub cart: ResponseSpec,
    /// What makes an item in the cart be bought.
    pub purchase: ResponseSpec,
    /// Whether `items.parquet` has a vector of content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentSpec>,
    /// Whether `truth.parquet` holds the true probabilities of each row.
    pub truth_rows: bool,
    /// What is broken on purpose.
    pub dirt: Dirt,
}

/// Latent tastes: `t_u = centre of the segment + spread · noise`, items `v_i` standard normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TasteSpec {
    /// Dimensions, 1 to 256.
    pub dimension: u32,
    /// Standard deviation of users around their segment's centre, 0 to 10.
    pub spread: f64,
}

/// The logging policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySpec {
    /// Divides the scores of the softmax, 0.05 to 1,000; small is greedy.
    pub temperature: f64,
    /// Share of uniform choice mixed in, 0 to 1; 1 is a policy that knows nothing.
    pub exploration: f64,
}

/// One response: `σ(intercept + taste·⟨t,v⟩/√d + quality·q − price·s·x + hour·cos(2π(h − 20)/24) + surface)`.
/// In a table that is given, what is left out has the values of [`ResponseSpec::default`], whatever the task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResponseSpec {
    /// Mean in this log, above 0 and below 1: clicks per row, carts per click, purchases per cart. Sets the intercept.
    pub rate: f64,
    /// The intercept itself, −20 to 20, in place of `rate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intercept: Option<f64>,
    /// Weight of the match of tastes, −20 to 20 like all weights.
    pub taste: f64,
    /// Weight of the item's quality q, standard normal.
    pub quality: f64,
    /// Weight of the price: x is the standardised log of the price, s the user's sensitivity.
    pub price: f64,
    /// Weight of the hour of the day.
    pub hour: f64,
    /// What each surface adds: home, listing, search.
    pub surface: [f64; 3],
}

/// Content of items: the latent vector, blurred.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentSpec {
    /// Standard deviation of the noise on each dimension, 0 to 100.
    pub noise: f64,
}

/// Shares of rows that are broken, 0 to 0.3 each. Of a cell at most one thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dirt {
    /// Cells of `category`, of `device` and of `price` without a value.
    pub nulls: f64,
    /// `category` in capitals or with spaces around it.
    pub dirty_case: f64,
    /// `category` of which the end is cut off.
    pub cut_values: f64,
    /// `price` below zero.
    pub negative_prices: f64,
    /// Rows that come once more, later.
    pub duplicates: f64,
    /// `time` ten years too late.
    pub future_times: f64,
}

impl Dirt {
    /// A log as it comes: 1 % duplicates, 2 % nulls, 5 % dirty case, and a little of everything else.
    pub fn dirty() -> Self {
        Self {
            nulls: 0.02,
            dirty_case: 0.05,
            cut_values: 0.001,
            negative_prices: 0.005,
            duplicates: 0.01,
            future_times: 0.001,
        }
    }
}

impl Default for TasteSpec {
    fn default() -> Self {
        Self { dimension: 8, spread: 0.7 }
    }
}

impl Default for PolicySpec {
    fn default() -> Self {
        Self { temperature: 1.0, exploration: 0.1 }
    }
}

impl Default for ResponseSpec {
    fn default() -> Self {
        Self { rate: 0.1, intercept: None, taste: 1.0, quality: 0.5, price: 0.3, hour: 0.2, surface: [0.0, 0.2, 0.5] }
    }
}

impl Default for SyntheticSpec {
    fn default() -> Self {
        Self {
            rows: 1_000_000,
            users: 50_000,
            items: 10_000,
            first_day: Day::from_number(19_723),
            days: 30,
            slate: 8,
            slates_per_session: 4.0,
            user_exponent: 0.8,
            item_exponent: 0.8,
            segments: 16,
            categories: 20,
            brands: 200,
            taste: TasteSpec::default(),
            policy: PolicySpec::default(),
            examination_exponent: 0.5,
            click: ResponseSpec { rate: 0.08, taste: 1.2, ..ResponseSpec::default() },
            cart: ResponseSpec { rate: 0.2, taste: 0.6, price: 0.6, ..ResponseSpec::default() },
            purchase: ResponseSpec { rate: 0.4, taste: 0.3, price: 0.8, ..ResponseSpec::default() },
            content: None,
            truth_rows: true,
            dirt: Dirt::default(),
        }
    }
}

/// A key, its value, and the range in which it must lie.
type Ranged = (&'static str, f64, f64, f64);

impl SyntheticSpec {
    /// The default log with a little of every dirt: the workload of cleaning.
    pub fn dirty() -> Self {
        Self { dirt: Dirt::dirty(), ..Self::default() }
    }

    /// Checks every key.
    ///
    /// # Errors
    /// [`LogError::Config`] with the first key out of its range.
    pub fn check(&self) -> Result<(), LogError> {
        let responses = [("click", &self.click), ("cart", &self.cart), ("purchase", &self.purchase)];
        let sizes = self.sizes().into_iter().chain(self.shapes()).chain(self.dirt.ranges());
        for (key, value, low, high) in sizes {
            within(&format!("synthetic.{key}"), value, low, high)?;
        }
        for (task, response) in responses {
            for (key, value, low, high) in response.ranges() {
                within(&format!("synthetic.{task}.{key}"), value, low, high)?;
            }
        }
        let table = u64::from(self.segments) * u64::from(self.items);
        if table > 1 << 28 {
            let value = format!("{} segments of {} items", self.segments, self.items);
            return Err(LogError::config("synthetic.segments", value, "segments · items must be at most 268435456"));
        }
        Ok(())
    }

    fn sizes(&self) -> [Ranged; 10] {
        [
            ("rows", self.rows as f64, 1.0, 1e15),
            ("users", self.users.into(), 1.0, 5e7),
            ("items", self.items.into(), 2.0, 1e7),
            ("first_day", self.first_day.number().into(), 0.0, 60_000.0),
            ("days", self.days.into(), 1.0, 36_500.0),
            ("slate", self.slate.into(), 1.0, f64::from(self.items).min(1000.0)),
            ("segments", self.segments.into(), 1.0, 1024.0),
            ("categories", self.categories.into(), 1.0, 1e4),
            ("brands", self.brands.into(), 1.0, 1e6),
            ("slates_per_session", self.slates_per_session, 1.0, 1000.0),
        ]
    }

    fn shapes(&self) -> [Ranged; 8] {
        [
            ("user_exponent", self.user_exponent, 0.0, 3.0),
            ("item_exponent", self.item_exponent, 0.0, 3.0),
            ("examination_exponent", self.examination_exponent, 0.0, 5.0),
            ("taste.dimension", self.taste.dimension.into(), 1.0, 256.0),
            ("taste.spread", self.taste.spread, 0.0, 10.0),
            ("policy.temperature", self.policy.temperature, 0.05, 1000.0),
            ("policy.exploration", self.policy.exploration, 0.0, 1.0),
            ("content.noise", self.content.map_or(0.0, |content| content.noise), 0.0, 100.0),
        ]
    }
}

impl ResponseSpec {
    fn ranges(&self) -> [Ranged; 9] {
        [
            ("rate", self.rate, 1e-9, 1.0 - 1e-9),
            ("intercept", self.intercept.unwrap_or(0.0), -20.0, 20.0),
            ("taste", self.taste, -20.0, 20.0),
            ("quality", self.quality, -20.0, 20.0),
            ("price", self.price, -20.0, 20.0),
            ("hour", self.hour, -20.0, 20.0),
            ("surface[0]", self.surface[0], -20.0, 20.0),
            ("surface[1]", self.surface[1], -20.0, 20.0),
            ("surface[2]", self.surface[2], -20.0, 20.0),
        ]
    }
}

impl Dirt {
    fn ranges(&self) -> [Ranged; 6] {
        [
            ("dirt.nulls", self.nulls, 0.0, 0.3),
            ("dirt.dirty_case", self.dirty_case, 0.0, 0.3),
            ("dirt.cut_values", self.cut_values, 0.0, 0.3),
            ("dirt.negative_prices", self.negative_prices, 0.0, 0.3),
            ("dirt.duplicates", self.duplicates, 0.0, 0.3),
            ("dirt.future_times", self.future_times, 0.0, 0.3),
        ]
    }
}

fn within(key: &str, value: f64, low: f64, high: f64) -> Result<(), LogError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(LogError::config(key, value.to_string(), format!("it must lie between {low} and {high}")))
}
