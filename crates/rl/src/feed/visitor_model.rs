//! `VisitorModel`: what the feed simulator asks of a visitor, planted or fitted; and the choice within a slate.
//!
//! ```text
//! p_i = P(click i | examined)       e_j = P(position j is examined)
//!
//! independent   P(click at j) = e_j p_j                                    position-based model (Craswell 2008): slots answer alone
//! single        P(click at j) = w_j / (1 + Σ_k w_k),  w_j = e_j p_j / (1 − p_j)   at most one click: a conditional logit with "none"
//!
//! P(task k at j) = P(click at j) · P(task k | click), k ≥ 1;  independent given the click
//! ```
//!
//! `single` is the assumption of SlateQ (Ie et al. 2019). With one slot that is surely examined the two agree.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::items::FeedItems;
use super::state::{SlotResponse, Visitor};

/// How clicks within a slate hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceModel {
    /// Every examined slot is judged by itself.
    #[default]
    Independent,
    /// At most one click per slate.
    Single,
}

impl ChoiceModel {
    /// Turns P(click | examined) of each slot into P(click), in place.
    ///
    /// # Shapes
    /// `probabilities [n]`, `examination [n]`
    pub fn click_probabilities(self, examination: &[f64], probabilities: &mut [f64]) {
        match self {
            Self::Independent => {
                for (p, e) in probabilities.iter_mut().zip(examination) {
                    *p *= e;
                }
            }
            Self::Single => {
                let mut sum = 1.0;
                for (p, e) in probabilities.iter_mut().zip(examination) {
                    *p = e * *p / (1.0 - *p).max(f64::EPSILON);
                    sum += *p;
                }
                for p in probabilities {
                    *p /= sum;
                }
            }
        }
    }
}

/// A visitor's behaviour. The simulator keeps the visible state; the model keeps what it knows beyond that in the same [`Visitor`].
///
/// Nothing here draws but [`begin`](Self::begin), which must always make the same number of draws.
pub trait VisitorModel {
    /// Names of the feedback, task 0 the click; at most 32.
    fn tasks(&self) -> &[String];

    /// What can be shown.
    fn items(&self) -> &FeedItems;

    /// Number of observable segments.
    fn segments(&self) -> usize;

    /// How clicks within a slate hang together.
    fn choice(&self) -> ChoiceModel {
        ChoiceModel::Independent
    }

    /// A new visitor: sets `visitor.state` by [`FeedState::begin`](super::FeedState::begin) and whatever is hidden.
    fn begin(&self, visitor: &mut Visitor, rng: &mut ChaCha8Rng);

    /// The typical new visitor of a segment, for judging logged visitors, whose hidden traits nobody knows.
    fn begin_typical(&self, visitor: &mut Visitor, segment: u32);

    /// The next visit begins after `away_days`; the visible state has moved on already.
    fn begin_visit(&self, visitor: &mut Visitor, away_days: u32);

    /// `out[0]` = P(click | examined), `out[k]` = P(task k | click).
    ///
    /// # Shapes
    /// `out [K]`
    fn probabilities(&self, visitor: &Visitor, item: u32, out: &mut [f64]);

    /// P(a slot at this position is examined), positions from 0.
    fn examination(&self, position: usize) -> f64;

    /// Takes in the answers to a slate; the visible state has taken them in already.
    fn experience(&self, visitor: &mut Visitor, slots: &[SlotResponse]);

    /// P(leaves now), after a slate was taken in.
    fn leave_probability(&self, visitor: &Visitor) -> f64;

    /// P(comes back some day), of a visitor who leaves now.
    fn return_probability(&self, visitor: &Visitor) -> f64;

    /// Days away of a visitor who comes back, ≥ 1: the inverse distribution at `uniform` in [0, 1).
    fn away_days(&self, visitor: &Visitor, uniform: f64) -> u32;
}

/// Smallest day with more than `uniform` of the mass up to it; days count from 1.
///
/// # Shapes
/// `shares [D]`, summing to 1
pub(super) fn day_at(shares: &[f64], uniform: f64) -> u32 {
    let mut sum = 0.0;
    let found = shares.iter().position(|share| {
        sum += share;
        sum > uniform
    });
    found.unwrap_or(shares.len().saturating_sub(1)) as u32 + 1
}

/// 1 / (1 + e^−x).
#[inline]
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_equal_hand_computation() {
        let mut independent = [0.5, 0.75];
        ChoiceModel::Independent.click_probabilities(&[1.0, 0.5], &mut independent);
        assert_eq!(independent, [0.5, 0.375]);
        // Odds 1 and 3, the second halved: 1 / (1 + 1 + 1.5) and 1.5 / 3.5.
        let mut single = [0.5, 0.75];
        ChoiceModel::Single.click_probabilities(&[1.0, 0.5], &mut single);
        assert!((single[0] - 1.0 / 3.5).abs() < 1e-15 && (single[1] - 1.5 / 3.5).abs() < 1e-15);
        let mut alone = [0.3];
        ChoiceModel::Single.click_probabilities(&[1.0], &mut alone);
        assert!((alone[0] - 0.3).abs() < 1e-15);
    }

    #[test]
    fn days_follow_their_shares() {
        let shares = [0.5, 0.25, 0.25];
        assert_eq!([0.0, 0.49, 0.5, 0.75, 0.999].map(|uniform| day_at(&shares, uniform)), [1, 1, 2, 3, 3]);
    }
}
