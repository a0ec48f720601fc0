//! `ResponseTables`: what a visitor does next, per situation (last item clicked, number of clicks so far).
//!
//! ```text
//! situation c = last item · D + depth bucket                    C = items · D
//! continues  [C]      P(another click follows)
//! listing    [C, A]   P(its listing is a | it follows)          each row sums to 1: where the visitor would go unaided
//! choice     [C, I]   P(the item is i | its listing is a)       each listing's items sum to 1
//!
//! choice row   [ listing 0: i i i i | listing 1: i i i | ... ]   items in the catalogue's order of listings, so that a listing
//!                └ start[0]           └ start[1]                 is a contiguous run
//! ```
//!
//! A lookup is an index; a draw within a listing walks its run. Nothing is allocated.

use serde::{Deserialize, Serialize};
use slatewise_data::Catalogue;

use crate::session::SessionState;
use crate::state::bucket;

/// Index of a (last item, depth bucket) pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation(pub(crate) usize);

/// Probabilities of what a visitor does next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseTables {
    depth_bounds: Vec<u32>,
    /// Listing `a` owns places `start[a]..start[a + 1]` of a choice row.
    start: Vec<u32>,
    /// Item per place.
    item: Vec<u32>,
    /// Place per item.
    place: Vec<u32>,
    continues: Vec<f32>,
    listing: Vec<f32>,
    choice: Vec<f32>,
}

impl ResponseTables {
    /// Empty tables over a catalogue; every situation must then be `set`.
    pub(crate) fn empty(catalogue: &Catalogue, depth_bounds: &[u32]) -> Self {
        let mut start = vec![0];
        let mut item = Vec::with_capacity(catalogue.len());
        for listing in &catalogue.listings {
            item.extend_from_slice(&listing.items);
            start.push(item.len() as u32);
        }
        let mut place = vec![0; catalogue.len()];
        for (index, &item) in item.iter().enumerate() {
            place[item as usize] = index as u32;
        }
        assert!(item.len() == catalogue.len(), "listings of shape [{}] for items [{}]", item.len(), catalogue.len());
        let situations = catalogue.len() * (depth_bounds.len() + 1);
        Self {
            depth_bounds: depth_bounds.to_vec(),
            continues: vec![0.0; situations],
            listing: vec![0.0; situations * catalogue.listings.len()],
            choice: vec![0.0; situations * catalogue.len()],
            start,
            item,
            place,
        }
    }

    /// Sets one situation from weights, which are normalised here; a listing without any weight chooses uniformly.
    ///
    /// # Shapes
    /// `listing [A]`, `choice [I]` by item index; weights ≥ 0.
    pub(crate) fn set(&mut self, situation: Situation, continues: f64, listing: &[f64], choice: &[f64]) {
        let (listings, items) = (self.listings(), self.items());
        assert!(listing.len() == listings, "listing weights of shape [{}] for [{listings}]", listing.len());
        assert!(choice.len() == items, "choice weights of shape [{}] for [{items}]", choice.len());
        self.continues[situation.0] = continues.clamp(0.0, 1.0) as f32;
        let row = &mut self.listing[situation.0 * listings..][..listings];
        normalise(row, |a| listing[a]);
        let row = &mut self.choice[situation.0 * items..][..items];
        for bounds in self.start.windows(2) {
            let (from, to) = (bounds[0] as usize, bounds[1] as usize);
            let places = &self.item[from..to];
            normalise(&mut row[from..to], |place| choice[places[place] as usize]);
        }
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.item.len()
    }

    /// Number of listings.
    pub fn listings(&self) -> usize {
        self.start.len() - 1
    }

    /// Number of depth buckets.
    pub fn depth_buckets(&self) -> usize {
        self.depth_bounds.len() + 1
    }

    /// Number of situations.
    pub fn situations(&self) -> usize {
        self.continues.len()
    }

    /// The situation of a session.
    pub fn situation(&self, session: &SessionState) -> Situation {
        self.situation_of(session.last_item(), session.depth())
    }

    /// The situation after `depth` clicks, the last one on `item`.
    pub(crate) fn situation_of(&self, item: u32, depth: usize) -> Situation {
        self.situation_in(item, self.depth_bucket(depth))
    }

    /// The situation in a bucket of depths, after a click on `item`.
    pub(crate) fn situation_in(&self, item: u32, bucket: usize) -> Situation {
        Situation(item as usize * self.depth_buckets() + bucket)
    }

    /// The bucket of a number of clicks.
    pub(crate) fn depth_bucket(&self, depth: usize) -> usize {
        bucket(&self.depth_bounds, depth)
    }

    /// P(another click follows).
    pub fn continue_probability(&self, situation: Situation) -> f32 {
        self.continues[situation.0]
    }

    /// P(the next click is in listing a | it follows), `[A]`.
    pub fn listing_probabilities(&self, situation: Situation) -> &[f32] {
        &self.listing[situation.0 * self.listings()..][..self.listings()]
    }

    /// Items of a listing with P(item | the next click is in that listing).
    pub fn choices(&self, situation: Situation, listing: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let places = self.places(listing);
        let row = &self.choice[situation.0 * self.items()..][..self.items()];
        self.item[places.clone()].iter().copied().zip(row[places].iter().copied())
    }

    /// P(item | the next click is in the item's listing).
    pub fn choice_probability(&self, situation: Situation, item: u32) -> f32 {
        self.choice[situation.0 * self.items() + self.place[item as usize] as usize]
    }

    /// The places of a listing's items in a choice row.
    pub(crate) fn places(&self, listing: usize) -> std::ops::Range<usize> {
        self.start[listing] as usize..self.start[listing + 1] as usize
    }

    /// The item at a place of a choice row.
    pub(crate) fn item_at(&self, place: usize) -> u32 {
        self.item[place]
    }

    /// All choice probabilities of a situation, by place.
    pub(crate) fn choice_row(&self, situation: usize) -> &[f32] {
        &self.choice[situation * self.items()..][..self.items()]
    }
}

/// Fills `row` with weights divided by their sum; uniform where all are 0.
fn normalise(row: &mut [f32], weight: impl Fn(usize) -> f64) {
    let sum: f64 = (0..row.len()).map(&weight).sum();
    let uniform = 1.0 / row.len() as f64;
    for (index, probability) in row.iter_mut().enumerate() {
        *probability = if sum > 0.0 { weight(index) / sum } else { uniform } as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tiny_log;

    #[test]
    fn weights_are_normalised_within_their_listing() {
        let log = tiny_log();
        let mut tables = ResponseTables::empty(&log.catalogue, &[2]);
        let situation = tables.situation_of(3, 5);
        tables.set(situation, 0.5, &[1.0, 3.0], &[2.0, 6.0, 0.0, 0.0]);
        assert_eq!(situation, Situation(3 * 2 + 1));
        assert_eq!(tables.listing_probabilities(situation), [0.25, 0.75]);
        let chosen: Vec<_> = (0..2).flat_map(|listing| tables.choices(situation, listing)).collect();
        assert_eq!(chosen, [(0, 0.25), (1, 0.75), (2, 0.5), (3, 0.5)]);
        assert_eq!(tables.choice_probability(situation, 1), 0.75);
    }
}
