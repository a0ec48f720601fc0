//! Policies that follow where visitors go by themselves, read off response tables.
//!
//! ```text
//! MarkovChain      a = argmax_a P(next listing = a | last item, depth)
//! SelfNavigation   a ~ P(next listing = · | last item, depth)
//! ```
//!
//! With tables counted on the last item alone the first is the first-order Markov chain, the baseline that a recommender must beat.
//! The second is a visitor whom nobody advises; the simulator's session lengths are compared with the log's under it.

use rand_chacha::ChaCha8Rng;

use super::{Decision, Policy, degenerate, draw};
use crate::session::SessionState;
use crate::simulator::ResponseTables;

/// Shows the listing to which the visitor would most likely go.
#[derive(Debug, Clone, Copy)]
pub struct MarkovChain<'a> {
    /// Where visitors go.
    pub tables: &'a ResponseTables,
}

impl MarkovChain<'_> {
    fn best(&self, observation: &SessionState) -> usize {
        let listings = self.tables.listing_probabilities(self.tables.situation(observation));
        let mut best = 0;
        for (listing, &probability) in listings.iter().enumerate() {
            if probability > listings[best] {
                best = listing;
            }
        }
        best
    }
}

impl Policy<SessionState> for MarkovChain<'_> {
    fn probabilities(&mut self, observation: &SessionState, probabilities: &mut [f64]) {
        degenerate(self.best(observation), probabilities);
    }

    fn decide(&mut self, observation: &SessionState, _rng: &mut ChaCha8Rng) -> Decision {
        Decision { action: self.best(observation), propensity: 1.0 }
    }
}

/// Shows the listing that a visitor without advice draws.
#[derive(Debug, Clone, Copy)]
pub struct SelfNavigation<'a> {
    /// Where visitors go.
    pub tables: &'a ResponseTables,
}

impl Policy<SessionState> for SelfNavigation<'_> {
    fn probabilities(&mut self, observation: &SessionState, probabilities: &mut [f64]) {
        let listings = self.tables.listing_probabilities(self.tables.situation(observation));
        let sum: f64 = listings.iter().map(|&p| f64::from(p)).sum();
        for (probability, &p) in probabilities.iter_mut().zip(listings) {
            *probability = f64::from(p) / sum;
        }
    }

    fn decide(&mut self, observation: &SessionState, rng: &mut ChaCha8Rng) -> Decision {
        let listings = self.tables.listing_probabilities(self.tables.situation(observation));
        let sum: f64 = listings.iter().map(|&p| f64::from(p)).sum();
        let action = draw(listings.iter().map(|&p| f64::from(p)), rng);
        Decision { action, propensity: f64::from(listings[action]) / sum }
    }
}
