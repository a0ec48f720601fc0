//! Properties of ranking metrics that hold for all inputs: ties as means over orders, ranges, the order of rows.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use slatewise_eval::ranking::{JudgedRun, Judgements, RankedList, Run, TargetRank, Ties};
use slatewise_eval::{Error, Metric};

const METRICS: [fn(&RankedList, usize) -> Metric; 8] = [
    RankedList::hit_rate,
    RankedList::ndcg,
    RankedList::ndcg_exponential,
    RankedList::recall,
    RankedList::precision,
    RankedList::reciprocal_rank_at,
    RankedList::average_precision,
    RankedList::average_precision_of_best,
];

/// User and item, score and relevance in thirds.
type Row = ((u32, u32), (u8, u8));

/// A run whose rows carry their own judgements.
fn judged(rows: &[Row], ties: Ties) -> Result<JudgedRun, Error> {
    let user: Vec<u32> = rows.iter().map(|row| row.0.0).collect();
    let item: Vec<u32> = rows.iter().map(|row| row.0.1).collect();
    let score: Vec<f64> = rows.iter().map(|row| f64::from(row.1.0)).collect();
    let relevance: Vec<f64> = rows.iter().map(|row| f64::from(row.1.1) / 3.0).collect();
    let run = Run { user: &user, item: &item, score: &score };
    JudgedRun::new(&run, &Judgements { user: &user, item: &item, relevance: &relevance }, ties)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

/// Mean of a metric over all orders of `len` tied or untied items, found by breaking ties with each permutation.
fn mean_over_orders(scores: &[f64], metric: impl Fn(&[f64]) -> Result<f64, Error>) -> Result<f64, Error> {
    let (mut sum, mut orders) = (0.0, 0.0);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    permutations(&mut order, 0, &mut |order| {
        let broken: Vec<f64> = scores.iter().zip(order).map(|(score, &place)| score - place as f64 * 1e-6).collect();
        sum += metric(&broken)?;
        orders += 1.0;
        Ok(())
    })?;
    Ok(sum / orders)
}

fn permutations(
    items: &mut Vec<usize>,
    start: usize,
    visit: &mut impl FnMut(&[usize]) -> Result<(), Error>,
) -> Result<(), Error> {
    if start == items.len() {
        return visit(items);
    }
    for index in start..items.len() {
        items.swap(start, index);
        permutations(items, start + 1, visit)?;
        items.swap(start, index);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_target_rank_is_the_mean_over_tie_breaks(
        scores in prop::collection::vec(0_u8..3, 1..7), target in any::<prop::sample::Index>(), k in 1_usize..8,
    ) {
        let scores: Vec<f64> = scores.iter().map(|&s| f64::from(s)).collect();
        let target = target.index(scores.len());
        let tied = TargetRank::of(target, &scores)?;
        let mean = |metric: fn(TargetRank, usize) -> f64| {
            mean_over_orders(&scores, |broken| Ok(metric(TargetRank::of(target, broken)?, k)))
        };
        prop_assert!(near(tied.hit_rate(k), mean(TargetRank::hit_rate)?));
        prop_assert!(near(tied.ndcg(k), mean(TargetRank::ndcg)?));
        prop_assert!(near(tied.reciprocal_rank_at(k), mean(TargetRank::reciprocal_rank_at)?));
        prop_assert!(near(tied.mean(), mean(|rank, _| rank.mean())?));
    }

    #[test]
    fn a_ranked_list_is_the_mean_over_tie_breaks(
        items in prop::collection::vec((0_u8..3, 0_u8..3), 1..7),
        missing in prop::collection::vec(1_u8..3, 0..3), k in 1_usize..8,
    ) {
        let scores: Vec<f64> = items.iter().map(|item| f64::from(item.0)).collect();
        let gains: Vec<f64> = items.iter().map(|item| f64::from(item.1)).collect();
        let missing: Vec<f64> = missing.iter().map(|&gain| f64::from(gain)).collect();
        let tied = RankedList::new(&scores, &gains, &missing)?;
        for metric in METRICS {
            let Ok(value) = metric(&tied, k) else { continue };
            let mean = mean_over_orders(&scores, |broken| Ok(metric(&RankedList::new(broken, &gains, &missing)?, k)?))?;
            prop_assert!(near(value, mean), "{} {}", value, mean);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
        }
    }

    #[test]
    fn one_relevant_item_means_the_same_in_both_shapes(
        scores in prop::collection::vec(0_u8..4, 1..12), target in any::<prop::sample::Index>(), k in 1_usize..14,
    ) {
        let scores: Vec<f32> = scores.iter().map(|&s| f32::from(s)).collect();
        let target = target.index(scores.len());
        let gains: Vec<f64> = (0..scores.len()).map(|item| f64::from(u8::from(item == target))).collect();
        let (rank, list) = (TargetRank::of(target, &scores)?, RankedList::new(&scores, &gains, &[])?);
        prop_assert!(near(rank.hit_rate(k), list.hit_rate(k).map_err(Error::from)?));
        prop_assert!(near(rank.ndcg(k), list.ndcg(k).map_err(Error::from)?));
        prop_assert!(near(rank.reciprocal_rank(), list.reciprocal_rank().map_err(Error::from)?));
    }

    #[test]
    fn a_judged_run_ignores_the_order_of_rows_under_either_policy(
        rows in prop::collection::btree_map((0_u32..4, 0_u32..6), (0_u8..3, 0_u8..4), 1..20), seed in any::<u64>(),
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rows: Vec<_> = rows.into_iter().collect();
        for ties in [Ties::Expected, Ties::ItemIdDescending] {
            let mut shuffled = rows.clone();
            shuffled.shuffle(&mut rng);
            let (one, other) = (judged(&rows, ties)?, judged(&shuffled, ties)?);
            prop_assert_eq!(one.summary(&[1, 3])?, other.summary(&[1, 3])?);
            prop_assert_eq!(&one, &other);
        }
    }

    #[test]
    fn item_ids_break_ties_as_scores_a_little_apart_would(
        items in prop::collection::vec((0_u8..3, 0_u8..3), 1..7), k in 1_usize..8,
    ) {
        let scores: Vec<f64> = items.iter().map(|item| f64::from(item.0)).collect();
        let gains: Vec<f64> = items.iter().map(|item| f64::from(item.1)).collect();
        let ids: Vec<usize> = (0..items.len()).collect();
        let broken: Vec<f64> = scores.iter().zip(&ids).map(|(score, &id)| score + id as f64 * 1e-6).collect();
        let (by_id, by_score) = (
            RankedList::with_ties(Ties::ItemIdDescending, &scores, &ids, &gains, &[])?,
            RankedList::new(&broken, &gains, &[])?,
        );
        for metric in METRICS {
            prop_assert_eq!(metric(&by_id, k), metric(&by_score, k));
        }
    }
}
