//! `LoggingPolicy`: chooses slates with propensities that are exact and cost next to nothing.
//!
//! ```text
//! w_g(i) = (1 − ε) · softmax_i( score_g(i)/temperature + ln popularity_i ) + ε/items      per segment g, once
//! score_g(i) = ⟨centre_g, v_i⟩/√d + q_i/2
//!
//! P(a_k = i | a_1 … a_{k−1}) = w_g(i) / (1 − Σ_{j<k} w_g(a_j))                            the propensity of place k
//! ```
//!
//! The slate is drawn place by place without repeats (Plackett-Luce). Each draw takes an alias table's word and is drawn
//! again if the item is in the slate already, which leaves exactly the probabilities above: O(1) a row until a segment's
//! favourites are used up, and one pass over the items for the places after that.
//!
//! A row's propensity is the probability of its item at its place, given the segment and the items above it. So the
//! product down to place k is the probability of the first k items (a cascade's propensity), and the product of all is the
//! slate's. The probability of an item at place k > 1 over all slates that could stand above it has no closed form.
//!
//! # Reference
//! Plackett, "The analysis of permutations", Applied Statistics 24 (1975).

use rand_chacha::ChaCha8Rng;

use super::alias::Alias;
use super::spec::SyntheticSpec;
use super::world::{dot, uniform};

/// Below this share of the probability, what is left is summed and drawn by one pass.
const LITTLE: f64 = 1e-3;

/// A distribution over items per segment.
#[derive(Debug)]
pub(super) struct LoggingPolicy {
    segments: Vec<Alias>,
}

/// An item that was shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shown {
    pub item: u32,
    pub propensity: f64,
}

impl LoggingPolicy {
    /// # Shapes
    /// `centres[segment][dimension]`, `latents[item][dimension]`, `qualities[item]`, `popularity[item]`.
    pub(super) fn new(
        spec: &SyntheticSpec,
        centres: &[f32],
        latents: &[f32],
        qualities: &[f64],
        popularity: &[f64],
    ) -> Self {
        let dimension = spec.taste.dimension as usize;
        let scale = 1.0 / (dimension as f64).sqrt();
        let exploration = spec.policy.exploration;
        let table = |centre: &[f32]| {
            let score = |(latent, quality): (&[f32], &f64)| scale * f64::from(dot(centre, latent)) + 0.5 * quality;
            let scores: Vec<f64> = latents.chunks_exact(dimension).zip(qualities).map(score).collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut weights: Vec<f64> = scores
                .iter()
                .zip(popularity)
                .map(|(score, popularity)| popularity * ((score - largest) / spec.policy.temperature).exp())
                .collect();
            let sum = weights.iter().sum::<f64>();
            let share = exploration / weights.len() as f64;
            weights.iter_mut().for_each(|weight| *weight = (1.0 - exploration) * *weight / sum + share);
            Alias::new(&weights)
        };
        Self { segments: centres.chunks_exact(dimension).map(table).collect() }
    }

    /// Draws `size` different items for a segment into `slate`, which is emptied first; `size` is at most the number of items.
    pub(super) fn draw(&self, segment: usize, size: usize, rng: &mut ChaCha8Rng, slate: &mut Vec<Shown>) {
        slate.clear();
        let weights = &self.segments[segment];
        let mut left = 1.0;
        while slate.len() < size {
            if left < LITTLE {
                slate.push(drawn_from_rest(weights, slate, rng));
                continue;
            }
            let item = weights.draw(rng) as u32;
            if slate.iter().all(|shown| shown.item != item) {
                let weight = weights.probability(item as usize);
                slate.push(Shown { item, propensity: (weight / left).min(1.0) });
                left -= weight;
            }
        }
    }
}

/// The next item by one pass over all that are not in the slate.
fn drawn_from_rest(weights: &Alias, slate: &[Shown], rng: &mut ChaCha8Rng) -> Shown {
    let free = |item: usize| slate.iter().all(|shown| shown.item as usize != item);
    let rest: Vec<(usize, f64)> =
        (0..weights.len()).filter(|&item| free(item)).map(|item| (item, weights.probability(item))).collect();
    let sum: f64 = rest.iter().map(|(_, weight)| weight).sum();
    // Weights so small that their sum is 0 are taken as equal.
    let even = 1.0 / rest.len() as f64;
    let share = |weight: f64| if sum > 0.0 { weight / sum } else { even };
    let point = uniform(rng);
    let mut reached = 0.0;
    let mut chosen = (0, 0.0);
    for (item, weight) in rest {
        let probability = share(weight);
        if probability > 0.0 {
            chosen = (item, probability);
            reached += probability;
            if point < reached {
                break;
            }
        }
    }
    Shown { item: chosen.0 as u32, propensity: chosen.1 }
}
