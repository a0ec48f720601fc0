//! Response tables by counting, where a rare situation leans on a more common one.
//!
//! ```text
//! p_k(x) = (n_k(x) + κ p_parent(k)(x)) / (n_k + κ)          κ = concentration: pseudo-counts taken from the parent
//!
//! next listing and item    uniform ← all ← last listing ← last item ← (last item, depth)
//! continuation             uniform ← all ← depth ← (last listing, depth) ← (last item, depth)
//! ```
//!
//! The posterior mean under a Dirichlet prior centred on the parent (MacKay & Peto 1995, "A hierarchical Dirichlet language model").
//! Where a visitor goes depends first on the item, whether they go on depends first on how long they have been here, so the two
//! chains drop different facts first. A shorter chain gives the baselines: see `BackOff`.

use std::ops::Range;

use slatewise_data::{Catalogue, ImpressionLog};

use super::tables::ResponseTables;
use crate::state::bucket;

/// How much of a situation is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackOff {
    /// Nothing, and nothing is counted: everything equally likely.
    Uniform,
    /// Nothing: how often each item is clicked at all.
    Popularity,
    /// The last item, leaning on popularity: a first-order Markov chain.
    Markov,
    /// The whole chain above.
    Hierarchy,
}

/// Counts what followed each click of a range of sessions.
///
/// `concentration` κ > 0; `depth_bounds` as in `ResponseTables`.
pub fn count_responses(
    log: &ImpressionLog,
    sessions: Range<u32>,
    back_off: BackOff,
    depth_bounds: &[u32],
    concentration: f64,
) -> ResponseTables {
    assert!(concentration > 0.0, "concentration {concentration} must be above 0");
    let catalogue = &log.catalogue;
    let depths = depth_bounds.len() + 1;
    let listing_of = |item: usize| catalogue.listing_of[item] as usize;
    let count = |key: &dyn Fn(usize, usize) -> usize, keys: usize| {
        Counts::collect(log, sessions.clone(), keys, |item, clicks| key(item, bucket(depth_bounds, clicks)))
    };
    let refine = |counts: &Counts, parent: &dyn Fn(usize) -> usize, parents: &[Estimate]| -> Vec<Estimate> {
        (0..counts.keys()).map(|key| counts.refine(key, &parents[parent(key)], concentration, catalogue)).collect()
    };
    let uniform = vec![Estimate::uniform(catalogue)];
    let everything = refine(&count(&|_, _| 0, 1), &|_| 0, &uniform);
    let by_item = count(&|item, _| item, catalogue.len());
    let mut tables = ResponseTables::empty(catalogue, depth_bounds);
    match back_off {
        BackOff::Uniform => tables.fill(|_, _| (&uniform[0], uniform[0].continues)),
        BackOff::Popularity => tables.fill(|_, _| (&everything[0], everything[0].continues)),
        BackOff::Markov => {
            let items = refine(&by_item, &|_| 0, &everything);
            tables.fill(|item, _| (&items[item], items[item].continues));
        }
        BackOff::Hierarchy => {
            let situations = count(&|item, depth| item * depths + depth, catalogue.len() * depths);
            let listings = refine(&count(&|item, _| listing_of(item), catalogue.listings.len()), &|_| 0, &everything);
            let items = refine(&by_item, &listing_of, &listings);
            let next = refine(&situations, &|key| key / depths, &items);
            let by_depth = refine(&count(&|_, depth| depth, depths), &|_| 0, &everything);
            let pairs = count(&|item, depth| listing_of(item) * depths + depth, catalogue.listings.len() * depths);
            let by_pair = refine(&pairs, &|key| key % depths, &by_depth);
            let stay = refine(&situations, &|key| listing_of(key / depths) * depths + key % depths, &by_pair);
            tables.fill(|item, depth| (&next[item * depths + depth], stay[item * depths + depth].continues));
        }
    }
    tables
}

impl ResponseTables {
    /// Sets every situation from an estimate of what is next and a probability that something is.
    fn fill<'e>(&mut self, estimate: impl Fn(usize, usize) -> (&'e Estimate, f64)) {
        let depths = self.depth_buckets();
        for index in 0..self.situations() {
            let (next, continues) = estimate(index / depths, index % depths);
            self.set(super::Situation(index), continues, &next.listing, &next.choice);
        }
    }
}

/// Probabilities at one level of the chain.
struct Estimate {
    continues: f64,
    /// `[A]`
    listing: Vec<f64>,
    /// `[I]`: within its listing.
    choice: Vec<f64>,
}

impl Estimate {
    fn uniform(catalogue: &Catalogue) -> Self {
        let listings = catalogue.listings.len();
        let standing_with = |item: &u32| catalogue.listings[*item as usize].items.len();
        let choice = catalogue.listing_of.iter().map(|listing| 1.0 / standing_with(listing) as f64).collect();
        Self { continues: 0.5, listing: vec![1.0 / listings as f64; listings], choice }
    }
}

/// What followed clicks with one key.
struct Counts {
    items: usize,
    ends: Vec<f64>,
    /// `[K, I]`: the item clicked next.
    next: Vec<f64>,
}

impl Counts {
    /// `key(last item, number of clicks)` below `keys`.
    fn collect(log: &ImpressionLog, sessions: Range<u32>, keys: usize, key: impl Fn(usize, usize) -> usize) -> Self {
        let items = log.catalogue.len();
        let mut counts = Self { items, ends: vec![0.0; keys], next: vec![0.0; keys * items] };
        for session in sessions {
            let choices = log.choices_of(session);
            for (place, &item) in choices.iter().enumerate() {
                let key = key(item as usize, place + 1);
                match choices.get(place + 1) {
                    Some(&next) => counts.next[key * items + next as usize] += 1.0,
                    None => counts.ends[key] += 1.0,
                }
            }
        }
        counts
    }

    fn keys(&self) -> usize {
        self.ends.len()
    }

    /// The equation above, for one key.
    fn refine(&self, key: usize, parent: &Estimate, concentration: f64, catalogue: &Catalogue) -> Estimate {
        let next = &self.next[key * self.items..][..self.items];
        let mut by_listing = vec![0.0; parent.listing.len()];
        for (item, count) in next.iter().enumerate() {
            by_listing[catalogue.listing_of[item] as usize] += count;
        }
        let goes_on: f64 = by_listing.iter().sum();
        let smooth = |count: f64, total: f64, prior: f64| (count + concentration * prior) / (total + concentration);
        let within = |item: usize| by_listing[catalogue.listing_of[item] as usize];
        Estimate {
            continues: smooth(goes_on, goes_on + self.ends[key], parent.continues),
            listing: by_listing.iter().zip(&parent.listing).map(|(&n, &p)| smooth(n, goes_on, p)).collect(),
            choice: (0..self.items).map(|item| smooth(next[item], within(item), parent.choice[item])).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tiny_log;

    // Sessions of the tiny log: [0, 3, 1], [2], [0, 1]; items 0, 1 in listing 0, items 2, 3 in listing 1.

    #[test]
    fn popularity_equals_hand_computation() {
        let tables = count_responses(&tiny_log(), 0..3, BackOff::Popularity, &[2], 2.0);
        let situation = tables.situation_of(2, 1);
        // 3 of 6 clicks are followed by another: (3 + 2 · 0.5) / (6 + 2).
        assert_eq!(tables.continue_probability(situation), 0.5);
        // Next items 3, 1, 1: listing 0 twice of three, (2 + 2 · 0.5) / (3 + 2).
        assert!((tables.listing_probabilities(situation)[0] - 0.6).abs() < 1e-6);
        // Within listing 0, item 1 twice of two: (2 + 2 · 0.5) / (2 + 2).
        assert!((tables.choice_probability(situation, 1) - 0.75).abs() < 1e-6);
    }

    #[test]
    fn a_situation_leans_on_its_parent() {
        let markov = count_responses(&tiny_log(), 0..3, BackOff::Markov, &[2], 2.0);
        // After item 0 (two clicks, both followed): (2 + 2 · 0.5) / (2 + 2).
        assert!((markov.continue_probability(markov.situation_of(0, 1)) - 0.75).abs() < 1e-6);
        // Once to listing 0 of two: (1 + 2 · 0.6) / (2 + 2).
        assert!((markov.listing_probabilities(markov.situation_of(0, 1))[0] - 0.55).abs() < 1e-6);
    }

    #[test]
    fn depth_enters_the_hierarchy() {
        let tables = count_responses(&tiny_log(), 0..3, BackOff::Hierarchy, &[2], 2.0);
        // all: 0.5; depth 1: (2 + 2 · 0.5) / (3 + 2) = 0.6; (listing 0, depth 1): (2 + 2 · 0.6) / (2 + 2) = 0.8;
        // (item 0, depth 1): (2 + 2 · 0.8) / (2 + 2) = 0.9.
        assert!((tables.continue_probability(tables.situation_of(0, 1)) - 0.9).abs() < 1e-6);
        assert!(tables.continue_probability(tables.situation_of(0, 2)) < 0.5);
    }
}
