//! `UserModel`: response tables and the visitor's patience with what is shown.
//!
//! ```text
//! take_up(a | c) = (listing(a | c) / max_b listing(b | c))^τ
//! stay(a | c)    = continues(c) · take_up(a | c)
//! item          ~ choice(· | c, a)        if they stay; else they leave
//! ```
//!
//! τ ≥ 0, `patience_exponent`, is a declared assumption: "a page that visitors would choose k times less often of their own accord
//! is k^τ times less likely to hold them". With τ = 0 they always look at what they are shown; with τ = 1 the page they would
//! most likely have gone to keeps them as in the log, and every other one in proportion. The log holds no page that was
//! forced on anybody, so it cannot identify τ: results are given for several.
//!
//! The parts follow RecSim's user model (Ie et al. 2019): state, choice model, response.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::tables::{ResponseTables, Situation};
use crate::session::Response;

/// A visitor who can be shown any listing.
#[derive(Debug, Clone)]
pub struct UserModel {
    tables: ResponseTables,
    patience_exponent: f64,
    /// `[C, A]`
    stay: Vec<f32>,
    /// `[C, I]`: running sums of the choice probabilities within each listing, by place.
    cumulative: Vec<f32>,
}

impl UserModel {
    /// A visitor after these tables with patience exponent τ ≥ 0.
    pub fn new(tables: ResponseTables, patience_exponent: f64) -> Self {
        assert!(patience_exponent >= 0.0, "patience exponent {patience_exponent} must be at least 0");
        let mut stay = Vec::with_capacity(tables.situations() * tables.listings());
        let mut cumulative = Vec::with_capacity(tables.situations() * tables.items());
        for index in 0..tables.situations() {
            let continues = f64::from(tables.continue_probability(Situation(index)));
            let take_up = |listing| take_up(&tables, patience_exponent, Situation(index), listing);
            stay.extend((0..tables.listings()).map(|listing| (continues * take_up(listing)) as f32));
            for a in 0..tables.listings() {
                let run = &tables.choice_row(index)[tables.places(a)];
                cumulative.extend(run.iter().scan(0.0, |sum, &p| {
                    *sum += p;
                    Some(*sum)
                }));
            }
        }
        Self { tables, patience_exponent, stay, cumulative }
    }

    /// The tables.
    pub fn tables(&self) -> &ResponseTables {
        &self.tables
    }

    /// τ.
    pub fn patience_exponent(&self) -> f64 {
        self.patience_exponent
    }

    /// The share of visitors who were going on that a listing keeps, in [0, 1]; 1 for the one they would most likely have gone to.
    pub fn take_up(&self, situation: Situation, listing: usize) -> f64 {
        take_up(&self.tables, self.patience_exponent, situation, listing)
    }

    /// P(the visitor clicks something | this listing is shown).
    pub fn stay_probability(&self, situation: Situation, listing: usize) -> f32 {
        self.stay[situation.0 * self.tables.listings() + listing]
    }

    /// Draws the response to a listing; always two draws, so that visitors under different policies stay in step.
    pub fn respond(&self, situation: Situation, listing: usize, rng: &mut ChaCha8Rng) -> Response {
        let (stays, which) = (rng.random::<f32>(), rng.random::<f32>());
        if stays >= self.stay_probability(situation, listing) {
            return Response::Left;
        }
        let places = self.tables.places(listing);
        let last = places.end - 1;
        let run = &self.cumulative[situation.0 * self.tables.items()..][places.clone()];
        // Rounding may leave the last sum a little below 1: the last item takes what is left.
        let place = run.iter().position(|&sum| which < sum).map_or(last, |offset| places.start + offset);
        Response::Clicked(self.tables.item_at(place))
    }
}

fn take_up(tables: &ResponseTables, patience_exponent: f64, situation: Situation, listing: usize) -> f64 {
    let listings = tables.listing_probabilities(situation);
    let most = listings.iter().copied().fold(0.0_f32, f32::max);
    f64::from(listings[listing] / most).powf(patience_exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tiny_tables;
    use rand::SeedableRng;

    #[test]
    fn stay_equals_hand_computation() {
        // Situation 0: continues 0.8, listings [0.25, 0.75].
        let stay = |tau| {
            let user = UserModel::new(tiny_tables(), tau);
            [0, 1].map(|listing| user.stay_probability(Situation(0), listing))
        };
        assert_eq!(stay(0.0), [0.8, 0.8]);
        let [off, on] = stay(1.0);
        assert!((off - 0.8 / 3.0).abs() < 1e-6 && on == 0.8);
        let [off, on] = stay(2.0);
        assert!((off - 0.8 / 9.0).abs() < 1e-6 && on == 0.8);
    }

    #[test]
    fn empirical_frequencies_match_the_tables() {
        let user = UserModel::new(tiny_tables(), 1.0);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let draws = 40_000;
        for situation in (0..user.tables().situations()).map(Situation) {
            for listing in 0..2 {
                let mut count = [0.0; 5];
                for _ in 0..draws {
                    match user.respond(situation, listing, &mut rng) {
                        Response::Left => count[4] += 1.0,
                        Response::Clicked(item) => count[item as usize] += 1.0,
                    }
                }
                let stay = f64::from(user.stay_probability(situation, listing));
                let mut expected = [0.0, 0.0, 0.0, 0.0, 1.0 - stay];
                for (item, choice) in user.tables().choices(situation, listing) {
                    expected[item as usize] = stay * f64::from(choice);
                }
                let n = f64::from(draws);
                let cells = count.iter().zip(expected).filter(|(_, p)| *p > 0.0);
                let chi_square: f64 = cells.map(|(count, p)| (count - n * p).powi(2) / (n * p)).sum();
                assert!(chi_square < 16.3, "situation {situation:?}, listing {listing}: {chi_square}"); // χ² of 2 degrees of freedom, p < 0.001
                assert!(count.iter().zip(expected).all(|(count, p)| p > 0.0 || *count == 0.0));
            }
        }
    }
}
