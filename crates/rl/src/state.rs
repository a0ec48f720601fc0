//! The declared state: which few facts of a session a learner sees.
//!
//! ```text
//! [policy.state]
//! features = ["last_listing", "last_premium", { depth = [2, 3, 5, 9] }]
//!
//! StateSpec ── resolve(catalogue) ──▶ StateIndex    SessionState → index in 0..states    mixed radix of the features
//!                                       │
//!                                       └─ with price moments ──▶ StateEncoder    SessionState → row [W]
//! row = [ one-hot per declared feature | ln(depth) | premium share | click share per listing | last price, standardised ]
//! ```
//!
//! The same declaration serves both kinds of learner: a table has one row per index, a network sees the one-hots and a few numbers
//! beside them. `Discretiser` and `Encoder` are the two views; learners know nothing else of an observation.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use slatewise_data::{Catalogue, ImpressionLog};

use crate::error::Error;
use crate::session::SessionState;

/// Maps an observation to one of finitely many states.
pub trait Discretiser<O> {
    /// Number of states.
    fn states(&self) -> usize;

    /// The observation's state, below `states()`.
    fn state(&self, observation: &O) -> usize;
}

/// Maps an observation to a row of numbers, and to the discrete state whose support in a log is counted.
pub trait Encoder<O>: Discretiser<O> {
    /// Length of a row.
    fn width(&self) -> usize;

    /// Writes the row.
    ///
    /// # Shapes
    /// `row [W]`, zero on entry.
    fn encode(&self, observation: &O, row: &mut [f32]);
}

/// An observation that is its own index, such as a cell of a grid world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Number of states.
    pub states: usize,
}

impl Discretiser<usize> for Identity {
    fn states(&self) -> usize {
        self.states
    }

    fn state(&self, observation: &usize) -> usize {
        *observation
    }
}

impl Encoder<usize> for Identity {
    fn width(&self) -> usize {
        self.states
    }

    fn encode(&self, observation: &usize, row: &mut [f32]) {
        row[*observation] = 1.0;
    }
}

/// The discrete features of the state, under `[policy.state]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateSpec {
    /// In any order; the number of states is the product of their values.
    pub features: Vec<StateFeature>,
}

/// One discrete fact of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateFeature {
    /// Listing of the last click.
    LastListing,
    /// Surface of the last click.
    LastSurface,
    /// The item clicked last.
    LastItem,
    /// Whether that item is premium.
    LastPremium,
    /// Whether the last two clicks were on one listing; no before the second click.
    SameListing,
    /// Number of clicks so far, cut at these ascending bounds: bucket = number of bounds ≤ depth.
    Depth(Vec<u32>),
}

/// Bucket of a value among ascending bounds: the number of bounds ≤ value.
pub(crate) fn bucket(bounds: &[u32], value: usize) -> usize {
    bounds.iter().take_while(|&&bound| bound as usize <= value).count()
}

/// Checks that bucket bounds ascend and that no bucket is empty by construction.
pub(crate) fn check_bounds(bounds: &[u32], key: &str, name: &str) -> Result<(), Error> {
    let ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]);
    Error::unless(ascending && bounds.first().is_none_or(|&bound| bound >= 2), key, name, || {
        format!("{bounds:?} must ascend from 2 on (a session has at least one click); for example [2, 3, 5, 9]")
    })
}

impl StateSpec {
    /// Checks the declaration; `key` is its place in the config.
    ///
    /// # Errors
    /// No feature, a feature twice, or depth bounds that do not ascend.
    pub fn validate(&self, key: &str) -> Result<(), Error> {
        let listed = &self.features;
        Error::unless(!listed.is_empty(), key, "features", || {
            "name at least one, such as \"last_listing\"".to_owned()
        })?;
        for (place, feature) in listed.iter().enumerate() {
            let twice = listed[..place].iter().any(|f| std::mem::discriminant(f) == std::mem::discriminant(feature));
            Error::unless(!twice, key, "features", || format!("{feature:?} stands there twice; remove one"))?;
            if let StateFeature::Depth(bounds) = feature {
                check_bounds(bounds, key, "features.depth")?;
            }
        }
        Ok(())
    }

    /// Ties the declaration to a catalogue.
    pub fn resolve<'a>(&self, catalogue: &'a Catalogue) -> StateIndex<'a> {
        let values = self.features.iter().map(|feature| feature.values(catalogue)).collect();
        StateIndex { features: self.features.clone(), values, catalogue }
    }
}

impl StateFeature {
    /// Number of values.
    fn values(&self, catalogue: &Catalogue) -> usize {
        match self {
            Self::LastListing => catalogue.listings.len(),
            Self::LastSurface => catalogue.surfaces.len(),
            Self::LastItem => catalogue.len(),
            Self::LastPremium | Self::SameListing => 2,
            Self::Depth(bounds) => bounds.len() + 1,
        }
    }

    fn value(&self, catalogue: &Catalogue, session: &SessionState) -> usize {
        let item = session.last_item();
        let listing = |item: u32| catalogue.listing_of[item as usize];
        match self {
            Self::LastListing => listing(item) as usize,
            Self::LastSurface => catalogue.surface_of(item) as usize,
            Self::LastItem => item as usize,
            Self::LastPremium => usize::from(catalogue.premium[item as usize]),
            Self::SameListing => match session.history[..] {
                [.., before, last] => usize::from(listing(before) == listing(last)),
                _ => 0,
            },
            Self::Depth(bounds) => bucket(bounds, session.depth()),
        }
    }
}

/// A `StateSpec` tied to a catalogue.
#[derive(Debug, Clone)]
pub struct StateIndex<'a> {
    features: Vec<StateFeature>,
    values: Vec<usize>,
    catalogue: &'a Catalogue,
}

impl Discretiser<SessionState> for StateIndex<'_> {
    fn states(&self) -> usize {
        self.values.iter().product()
    }

    fn state(&self, observation: &SessionState) -> usize {
        let values = self.features.iter().zip(&self.values);
        values.fold(0, |index, (feature, count)| index * count + feature.value(self.catalogue, observation))
    }
}

/// Mean and deviation of the clicked items' prices, over train sessions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PriceMoments {
    /// In the log's currency.
    pub mean: f32,
    /// > 0.
    pub deviation: f32,
}

impl PriceMoments {
    /// Fits them on a range of sessions; a constant price has deviation 1.
    pub fn fit(log: &ImpressionLog, sessions: Range<u32>) -> Self {
        let prices =
            || sessions.clone().flat_map(|s| log.choices_of(s)).map(|&i| f64::from(log.catalogue.price[i as usize]));
        let count = prices().count().max(1) as f64;
        let mean = prices().sum::<f64>() / count;
        let variance = prices().map(|price| (price - mean).powi(2)).sum::<f64>() / count;
        Self { mean: mean as f32, deviation: if variance > 1e-12 { variance.sqrt() as f32 } else { 1.0 } }
    }
}

/// A `StateIndex` that also writes rows for a network.
#[derive(Debug, Clone)]
pub struct StateEncoder<'a> {
    index: StateIndex<'a>,
    price: PriceMoments,
}

impl<'a> StateEncoder<'a> {
    /// An encoder over the declared features, with prices standardised by `price`.
    pub fn new(index: StateIndex<'a>, price: PriceMoments) -> Self {
        Self { index, price }
    }
}

impl Discretiser<SessionState> for StateEncoder<'_> {
    fn states(&self) -> usize {
        self.index.states()
    }

    fn state(&self, observation: &SessionState) -> usize {
        self.index.state(observation)
    }
}

impl Encoder<SessionState> for StateEncoder<'_> {
    fn width(&self) -> usize {
        self.index.values.iter().sum::<usize>() + 3 + self.index.catalogue.listings.len()
    }

    fn encode(&self, observation: &SessionState, row: &mut [f32]) {
        let catalogue = self.index.catalogue;
        let mut offset = 0;
        for (feature, count) in self.index.features.iter().zip(&self.index.values) {
            row[offset + feature.value(catalogue, observation)] = 1.0;
            offset += count;
        }
        let share = 1.0 / observation.depth() as f32;
        row[offset] = (observation.depth() as f32).ln();
        for &item in &observation.history {
            row[offset + 1] += share * f32::from(u8::from(catalogue.premium[item as usize]));
            row[offset + 2 + catalogue.listing_of[item as usize] as usize] += share;
        }
        let price = catalogue.price[observation.last_item() as usize];
        row[offset + 2 + catalogue.listings.len()] = (price - self.price.mean) / self.price.deviation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tiny_log;

    fn session(history: &[u32]) -> SessionState {
        SessionState { history: history.to_vec(), ..SessionState::default() }
    }

    fn spec() -> StateSpec {
        StateSpec {
            features: vec![StateFeature::LastListing, StateFeature::LastPremium, StateFeature::Depth(vec![2, 4])],
        }
    }

    #[test]
    fn index_is_the_mixed_radix_of_the_features() {
        let log = tiny_log();
        let index = spec().resolve(&log.catalogue);
        assert_eq!(index.states(), 2 * 2 * 3);
        // Item 3: listing 1, premium; depth 2 → bucket 1: (1 · 2 + 1) · 3 + 1.
        assert_eq!(index.state(&session(&[0, 3])), 10);
        // Item 0: listing 0, not premium; depth 1 → bucket 0.
        assert_eq!(index.state(&session(&[0])), 0);
    }

    #[test]
    fn row_holds_one_hots_and_shares() {
        let log = tiny_log();
        let encoder = StateEncoder::new(spec().resolve(&log.catalogue), PriceMoments { mean: 30.0, deviation: 10.0 });
        let mut row = vec![0.0; encoder.width()];
        encoder.encode(&session(&[0, 3]), &mut row);
        // listing [0, 1] | premium [0, 1] | depth [0, 1, 0] | ln 2 | premium share | listing shares | (40 − 30) / 10
        assert_eq!(row, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 2.0_f32.ln(), 0.5, 0.5, 0.5, 1.0]);
    }

    #[test]
    fn validation_names_the_key() {
        let message = |features| StateSpec { features }.validate("policy.state").unwrap_err().to_string();
        assert!(message(vec![]).starts_with("policy.state.features: name at least one"));
        assert!(
            message(vec![StateFeature::Depth(vec![3, 3])])
                .starts_with("policy.state.features.depth: [3, 3] must ascend")
        );
        assert!(message(vec![StateFeature::LastItem, StateFeature::LastItem]).contains("twice"));
    }

    #[test]
    fn an_unknown_feature_is_refused() {
        assert!(toml::from_str::<StateSpec>("features = [\"last_colour\"]").is_err());
        assert!(toml::from_str::<StateSpec>("features = [\"last_listing\", { depth = [2, 3] }]").is_ok());
    }
}
