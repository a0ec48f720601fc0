//! `SlateChoice`: what a slate is worth where a user chooses one of its items or none, and the best slate.
//!
//! ```text
//! P(i | s, A) = p_j v(s, i) / D(A)                       i at position j of A;  p = 1 without position bias
//! P(⊥ | s, A) = v(s, ⊥) / D(A),     D(A) = v(s, ⊥) + Σ_j p_j v(s, A_j)
//! Q(s, A)     = Σ_{i ∈ A ∪ {⊥}} P(i | s, A) Q̄(s, i)
//! ```
//!
//! | optimiser | finds | cost |
//! |---|---|---|
//! | `top_k` | the k items of largest v (Q̄ − Q̄_⊥) | sort of C |
//! | `greedy` | item by item the one that makes the slate so far best | k C |
//! | `exact` | max_A Q(s, A) | sort of C, a few times over |
//!
//! **Exact.** Q(s, A) is a ratio N(A) / D(A) of sums over the slate. Dinkelbach: with q = N(A) / D(A) of the slate so far, take the slate
//! that maximises N(A') − q D(A') = const + Σ_j p_j v_i (Q̄_i − q); where that is above 0 its ratio is larger than q, where it is 0
//! no slate is better. The inner problem is solved by sorting: the k items of largest v_i (Q̄_i − q), the largest at the position
//! of largest weight (rearrangement inequality, as p ≥ 0). There are finitely many slates, so it ends; a handful of rounds is usual.
//!
//! Differences from the paper: 1. the paper solves its linear-fractional programme, relaxed, by an LP; sorting inside Dinkelbach's
//! iteration solves the same problem exactly; 2. positions may weigh, which the paper leaves out; 3. with a value for the null item, top-k
//! sorts by v (Q̄ − Q̄_⊥): Q(s, A) − Q̄_⊥ is the paper's ratio over these differences. With Q̄_⊥ = 0 that is the paper's v Q̄.
//!
//! References: Ie et al. 2019, "SlateQ: a tractable decomposition for reinforcement learning with recommendation sets", sections 4 and 5;
//! Dinkelbach 1967, "On nonlinear fractional programming".

use serde::{Deserialize, Serialize};

/// More rounds of Dinkelbach than any problem met needs; it stops at the first that gains nothing.
const ROUNDS: usize = 100;

/// How the best slate is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlateOptimizer {
    /// The k items of largest v (Q̄ − Q̄_⊥).
    #[default]
    TopK,
    /// Item by item.
    Greedy,
    /// The best of all slates.
    Exact,
}

/// A user before C candidates: how likely each is to be chosen, and what a choice is worth.
#[derive(Debug, Clone, Copy)]
pub struct SlateChoice<'a> {
    /// v(s, i) `[C]`, each at least 0.
    pub scores: &'a [f64],
    /// v(s, ⊥) ≥ 0: the score of choosing nothing.
    pub null_score: f64,
    /// Q̄(s, i) `[C]`.
    pub values: &'a [f64],
    /// Q̄(s, ⊥); 0 where choosing nothing is worth nothing.
    pub null_value: f64,
    /// p `[k]`, each at least 0: the weight of every position, the first that is seen first.
    pub positions: &'a [f64],
}

impl SlateChoice<'_> {
    /// Items on a slate: k, or all candidates where there are fewer.
    pub fn slate_size(&self) -> usize {
        self.positions.len().min(self.candidates())
    }

    /// C.
    fn candidates(&self) -> usize {
        let (scores, values) = (self.scores.len(), self.values.len());
        assert!(scores == values, "choice scores of shape [{scores}] beside values of shape [{values}]");
        scores
    }

    /// Probability that each item of a slate is chosen, and last that none is; where nothing has a score, none is.
    ///
    /// # Shapes
    /// `slate [L]`, L ≤ k, places among the candidates → `[L + 1]`
    pub fn probabilities(&self, slate: &[usize]) -> Vec<f64> {
        let (length, positions) = (slate.len(), self.positions.len());
        assert!(length <= positions, "a slate of shape [{length}] on positions of shape [{positions}]");
        let weights = slate.iter().zip(self.positions).map(|(&item, position)| position * self.scores[item]);
        let mut probabilities: Vec<f64> = weights.chain([self.null_score]).collect();
        let total: f64 = probabilities.iter().sum();
        if total > 0.0 {
            probabilities.iter_mut().for_each(|weight| *weight /= total);
        } else if let Some(null) = probabilities.last_mut() {
            *null = 1.0;
        }
        probabilities
    }

    /// Q(s, A).
    ///
    /// # Shapes
    /// `slate [L]`, L ≤ k, places among the candidates
    pub fn value(&self, slate: &[usize]) -> f64 {
        let values = slate.iter().map(|&item| self.values[item]).chain([self.null_value]);
        self.probabilities(slate).iter().zip(values).map(|(probability, value)| probability * value).sum()
    }

    /// The best slate that an optimiser finds.
    ///
    /// # Shapes
    /// `[slate_size]`, places among the candidates, the first at the first position
    pub fn best(&self, optimizer: SlateOptimizer) -> Vec<usize> {
        match optimizer {
            SlateOptimizer::TopK => self.top_k(),
            SlateOptimizer::Greedy => self.greedy(),
            SlateOptimizer::Exact => self.exact(),
        }
    }

    /// The items of largest v (Q̄ − Q̄_⊥); the lower place among equals.
    ///
    /// # Shapes
    /// As [`best`](Self::best).
    pub fn top_k(&self) -> Vec<usize> {
        self.largest_above(self.null_value)
    }

    /// Fills the positions, those of largest weight first, each with the item that makes the slate so far best.
    ///
    /// # Shapes
    /// As [`best`](Self::best).
    pub fn greedy(&self) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.candidates()).collect();
        let mut slate = vec![0; self.slate_size()];
        let (mut numerator, mut denominator) = (self.null_score * self.null_value, self.null_score);
        for position in self.positions_by_weight() {
            let joined = |item: usize| {
                let weight = self.positions[position] * self.scores[item];
                (numerator + weight * self.values[item], denominator + weight)
            };
            let ratio = |item: usize| {
                let (numerator, denominator) = joined(item);
                if denominator > 0.0 { numerator / denominator } else { self.null_value }
            };
            let best = (1..left.len())
                .fold(0, |best, place| if ratio(left[place]) > ratio(left[best]) { place } else { best });
            let item = left.remove(best);
            (numerator, denominator) = joined(item);
            slate[position] = item;
        }
        slate
    }

    /// The best of all slates; among equals the one met first. Exact where every slate has a score above 0, as it has with v_⊥ > 0.
    ///
    /// # Shapes
    /// As [`best`](Self::best).
    pub fn exact(&self) -> Vec<usize> {
        let mut best = self.top_k();
        let mut value = self.value(&best);
        for _ in 0..ROUNDS {
            let slate = self.largest_above(value);
            let found = self.value(&slate);
            if found <= value {
                break;
            }
            (best, value) = (slate, found);
        }
        best
    }

    /// The slate that maximises Σ_j p_j v_i (Q̄_i − level).
    fn largest_above(&self, level: f64) -> Vec<usize> {
        let gain = |item: usize| self.scores[item] * (self.values[item] - level);
        let mut items: Vec<usize> = (0..self.candidates()).collect();
        items.sort_by(|&a, &b| gain(b).total_cmp(&gain(a)));
        let mut slate = vec![0; self.slate_size()];
        self.positions_by_weight().into_iter().zip(items).for_each(|(position, item)| slate[position] = item);
        slate
    }

    /// The positions in use, largest weight first; the earlier among equals.
    fn positions_by_weight(&self) -> Vec<usize> {
        let mut positions: Vec<usize> = (0..self.slate_size()).collect();
        positions.sort_by(|&a, &b| self.positions[b].total_cmp(&self.positions[a]));
        positions
    }
}

/// r + γ d Q(s', A'): the target of the chosen item's value; the reward alone where nothing follows.
///
/// # Shapes
/// `slate [L]`, places among the candidates of s'
///
/// # Reference
/// Ie et al. 2019, section 4: with A' the slate shown next it is SARSA's, with the best slate that of Q-learning.
pub fn slate_target(reward: f64, discount: f64, next: &SlateChoice<'_>, slate: &[usize]) -> f64 {
    if discount == 0.0 { reward } else { reward + discount * next.value(slate) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const CHOICE: SlateChoice<'_> = SlateChoice {
        scores: &[1.0, 2.0, 4.0],
        null_score: 1.0,
        values: &[8.0, 3.0, 1.0],
        null_value: 0.0,
        positions: &[1.0, 1.0],
    };

    #[test]
    fn the_decomposition_equals_hand_computation() {
        // Items 0 and 1 beside nothing: 1 / 4, 2 / 4, 1 / 4; worth 8 / 4 + 2 · 3 / 4.
        assert_eq!(CHOICE.probabilities(&[0, 1]), [0.25, 0.5, 0.25]);
        assert_eq!(CHOICE.value(&[0, 1]), 3.5);
        // Position weights (1, ½): item 2 first weighs 4, item 1 second ½ · 2 = 1; (4 · 1 + 1 · 3 + 1 · 6) / 6 with Q̄_⊥ = 6.
        let biased = SlateChoice { positions: &[1.0, 0.5], null_value: 6.0, ..CHOICE };
        assert_eq!(biased.value(&[2, 1]), 13.0 / 6.0);
        assert_eq!(SlateChoice { null_score: 0.0, scores: &[0.0; 3], ..biased }.value(&[0, 1]), 6.0);
        assert_eq!(CHOICE.value(&[]), 0.0);
    }

    #[test]
    fn the_target_equals_hand_computation() {
        assert_eq!(slate_target(2.0, 0.5, &CHOICE, &[0, 1]), 3.75); // 2 + ½ · 3.5
        assert_eq!(slate_target(2.0, 0.0, &CHOICE, &[]), 2.0);
        // SARSA with a slate of one item, then Q-learning with the best of one: 4 and 4; (1 · 8) / 2 against 6 / 3 and 4 / 5.
        let one = SlateChoice { positions: &[1.0], ..CHOICE };
        assert_eq!(slate_target(1.0, 1.0, &one, &[1]), 3.0);
        assert_eq!(slate_target(1.0, 1.0, &one, &one.exact()), 5.0);
    }

    #[test]
    fn each_optimizer_finds_what_it_promises() {
        // v Q̄ = [8, 6, 4].
        assert_eq!(CHOICE.top_k(), [0, 1]);
        assert_eq!(CHOICE.greedy(), [0, 1]);
        assert_eq!(CHOICE.exact(), [0, 1]);
        // A much chosen item of little worth: by v Q̄ = [10, 4.5, 12] it comes first, yet it takes the choice from the better ones.
        let spoiled = SlateChoice { scores: &[1.0, 0.5, 12.0], values: &[10.0, 9.0, 1.0], ..CHOICE };
        assert_eq!(spoiled.top_k(), [2, 0]);
        assert_eq!(spoiled.greedy(), [0, 1]);
        assert_eq!(spoiled.value(&[0, 1]), 14.5 / 2.5);
        assert_eq!(spoiled.exact(), [0, 1]);
        // The largest gain stands where most is seen.
        assert_eq!(SlateChoice { positions: &[0.5, 1.0], ..CHOICE }.exact(), [1, 0]);
        assert_eq!(SlateChoice { positions: &[1.0; 5], ..CHOICE }.exact().len(), 3);
        assert!(SlateChoice { scores: &[], values: &[], ..CHOICE }.exact().is_empty());
    }

    /// All ordered slates of `size` among `items`.
    fn all_slates(items: usize, size: usize) -> Vec<Vec<usize>> {
        (0..size).fold(vec![Vec::new()], |slates, _| {
            let longer = |slate: &Vec<usize>| {
                let more = (0..items).filter(|item| !slate.contains(item)).map(|item| [&slate[..], &[item]].concat());
                more.collect::<Vec<_>>()
            };
            slates.iter().flat_map(longer).collect()
        })
    }

    /// 300 random problems, with and without position bias, values of either sign: exact is the best of all, the others at most that, and
    /// exact is more than a name for one of them.
    #[test]
    fn exact_is_the_best_of_all_slates() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (mut above_top_k, mut above_greedy) = (0, 0);
        for round in 0..300 {
            let (items, size) = (rng.random_range(1..7), rng.random_range(1..4));
            let mut draw = |count: usize, least: f64, most: f64| -> Vec<f64> {
                (0..count).map(|_| rng.random_range(least..most)).collect()
            };
            let (scores, values, positions) = (draw(items, 0.0, 5.0), draw(items, -2.0, 5.0), draw(size, 0.1, 1.0));
            let positions = if round % 2 == 0 { vec![1.0; size] } else { positions };
            let null = draw(2, 0.1, 2.0);
            let choice = SlateChoice {
                scores: &scores,
                null_score: null[0],
                values: &values,
                null_value: if round % 3 == 0 { 0.0 } else { null[1] },
                positions: &positions,
            };
            let every = all_slates(items, choice.slate_size());
            let best = every.iter().map(|slate| choice.value(slate)).fold(f64::NEG_INFINITY, f64::max);
            let of = |optimizer| choice.value(&choice.best(optimizer));
            let (top_k, greedy, exact) =
                (of(SlateOptimizer::TopK), of(SlateOptimizer::Greedy), of(SlateOptimizer::Exact));
            assert!((exact - best).abs() < 1e-9, "round {round}: {exact} is not the best, {best}: {choice:?}");
            assert!(top_k <= best + 1e-9 && greedy <= best + 1e-9);
            above_top_k += usize::from(exact > top_k + 1e-9);
            above_greedy += usize::from(exact > greedy + 1e-9);
        }
        assert!(above_top_k > 10 && above_greedy > 0, "exact beat top-k {above_top_k} times, greedy {above_greedy}");
    }
}
