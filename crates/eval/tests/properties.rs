//! Properties that hold for all inputs: ranges, permutation invariance, monotone transforms, tie policy.

use proptest::prelude::*;
use slatewise_eval::catalog::{ItemDistance, diversity_gain, gini, intra_list_diversity, shannon_entropy};
use slatewise_eval::interval::{bootstrap_interval, student_t_interval};
use slatewise_eval::prediction::{
    BinarySummary, brier_score, equal_mass_bins, equal_width_bins, expected_calibration_error, log_loss, roc_auc,
};
use slatewise_eval::ranking::{RankedList, TargetRank};
use slatewise_eval::{Error, Predictions};

/// Rows of (score in twentieths, label, weight in 0..3): many ties, some masks.
fn labelled() -> impl Strategy<Value = Vec<(u8, bool, u8)>> {
    prop::collection::vec((0_u8..=20, any::<bool>(), 0_u8..3), 1..60)
}

fn columns(rows: &[(u8, bool, u8)]) -> (Vec<f64>, Vec<bool>, Vec<f32>) {
    let scores = rows.iter().map(|row| f64::from(row.0) / 20.0).collect();
    (scores, rows.iter().map(|row| row.1).collect(), rows.iter().map(|row| f32::from(row.2)).collect())
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

/// AUC by its definition, over all pairs.
fn auc_of_pairs(rows: &[(u8, bool, u8)]) -> Option<f64> {
    let (mut wins, mut pairs) = (0.0, 0.0);
    for (positive, negative) in
        rows.iter().filter(|r| r.1).flat_map(|p| rows.iter().filter(|r| !r.1).map(move |n| (p, n)))
    {
        let weight = f64::from(positive.2) * f64::from(negative.2);
        pairs += weight;
        wins += weight
            * match positive.0.cmp(&negative.0) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
    }
    (pairs > 0.0).then(|| wins / pairs)
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
    fn auc_is_the_share_of_won_pairs(rows in labelled()) {
        let (scores, labels, weights) = columns(&rows);
        let ours = roc_auc(&Predictions::new(&scores, &labels)?.with_weights(&weights)?).ok();
        match (ours, auc_of_pairs(&rows)) {
            (Some(a), Some(b)) => prop_assert!(near(a, b), "{} {}", a, b),
            (a, b) => prop_assert_eq!(a, b),
        }
    }

    #[test]
    fn auc_ignores_monotone_transforms(rows in labelled()) {
        let (scores, labels, _) = columns(&rows);
        let logits: Vec<f64> = scores.iter().map(|s| 3.0 * s.powi(3) - 7.0).collect();
        let single: Vec<f32> = scores.iter().map(|&s| s as f32).collect();
        let auc = roc_auc(&Predictions::new(&scores, &labels)?);
        prop_assert_eq!(&auc, &roc_auc(&Predictions::new(&logits, &labels)?));
        prop_assert_eq!(&auc, &roc_auc(&Predictions::new(&single, &labels)?));
    }

    #[test]
    fn a_summary_ignores_the_order_of_rows(rows in labelled(), seed in any::<u64>()) {
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| (u64::from(row.0) * 31 + u64::from(row.1) * 7 + u64::from(row.2)).wrapping_mul(seed | 1));
        let summary = |rows: &[(u8, bool, u8)]| -> Result<BinarySummary, Error> {
            let (scores, labels, weights) = columns(rows);
            Ok(BinarySummary::new(&Predictions::new(&scores, &labels)?.with_weights(&weights)?))
        };
        let (a, b) = (summary(&rows)?, summary(&shuffled)?);
        prop_assert_eq!((a.rows, a.positives), (b.rows, b.positives));
        for (a, b) in [
            (a.roc_auc, b.roc_auc), (a.log_loss, b.log_loss), (a.brier, b.brier),
            (a.normalised_entropy, b.normalised_entropy), (a.calibration_ratio, b.calibration_ratio),
            (a.ece_equal_width, b.ece_equal_width), (a.ece_equal_mass, b.ece_equal_mass),
        ] {
            prop_assert!(match (a, b) { (Some(a), Some(b)) => (a - b).abs() < 1e-9, (a, b) => a == b }, "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn prediction_metrics_keep_their_ranges(rows in labelled(), bins in 1_usize..20) {
        let (scores, labels, _) = columns(&rows);
        let predictions = Predictions::new(&scores, &labels)?;
        prop_assert!(log_loss(&predictions).is_ok_and(|v| v >= 0.0));
        prop_assert!(brier_score(&predictions).is_ok_and(|v| (0.0..=1.0).contains(&v)));
        for binned in [equal_width_bins(&predictions, bins), equal_mass_bins(&predictions, bins)] {
            let binned = binned.map_err(Error::from)?;
            let mass: f64 = binned.iter().map(|bin| bin.count).sum();
            prop_assert!((mass - rows.len() as f64).abs() < 1e-9);
            prop_assert!(expected_calibration_error(&binned).is_ok_and(|v| (0.0..=1.0).contains(&v)));
            prop_assert_eq!(binned.len(), bins);
        }
        let fair = equal_mass_bins(&predictions, bins).map_err(Error::from)?;
        prop_assert!(fair.iter().all(|bin| (bin.count - rows.len() as f64 / bins as f64).abs() < 1e-9), "{:?}", fair);
    }

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
        items in prop::collection::vec((0_u8..3, 0_u8..3), 1..7), missing in prop::collection::vec(1_u8..3, 0..3), k in 1_usize..8,
    ) {
        let scores: Vec<f64> = items.iter().map(|item| f64::from(item.0)).collect();
        let gains: Vec<f64> = items.iter().map(|item| f64::from(item.1)).collect();
        let missing: Vec<f64> = missing.iter().map(|&gain| f64::from(gain)).collect();
        let tied = RankedList::new(&scores, &gains, &missing)?;
        for metric in [RankedList::hit_rate, RankedList::ndcg, RankedList::recall, RankedList::precision, RankedList::reciprocal_rank_at] {
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
    fn exposure_metrics_keep_their_ranges(exposure in prop::collection::vec(0_u64..50, 1..40)) {
        if let (Ok(gini), Ok(entropy)) = (gini(&exposure), shannon_entropy(&exposure)) {
            prop_assert!((-1e-12..1.0).contains(&gini));
            prop_assert!((0.0..=(exposure.len() as f64).log2() + 1e-12).contains(&entropy));
        }
    }

    #[test]
    fn item_distances_are_a_metric(codes in prop::collection::vec(prop::array::uniform3(0_u32..3), 3..8)) {
        let columns: Vec<Vec<u32>> = (0..3).map(|attribute| codes.iter().map(|row| row[attribute]).collect()).collect();
        let distance = ItemDistance::from_codes(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        let items: Vec<u32> = (0..codes.len() as u32).collect();
        for &a in &items {
            prop_assert_eq!(distance.between(a, a), 0.0);
            for &b in &items {
                prop_assert_eq!(distance.between(a, b), distance.between(b, a));
                for &c in &items {
                    prop_assert!(distance.between(a, c) <= distance.between(a, b) + distance.between(b, c) + 1e-12);
                }
            }
        }
        prop_assert!(intra_list_diversity(&items, &distance).is_some_and(|v| (0.0..=1.0).contains(&v)));
        prop_assert!((0.0..=1.0).contains(&diversity_gain(0, &items, &distance)));
    }

    #[test]
    fn intervals_hold_their_mean_and_widen_with_the_level(samples in prop::collection::vec(-5.0_f64..5.0, 2..30)) {
        let (narrow, wide) = (student_t_interval(&samples, 0.8)?, student_t_interval(&samples, 0.99)?);
        if let (Some(narrow), Some((lower, upper))) = (narrow.bounds, wide.bounds) {
            prop_assert!(lower <= narrow.0 && narrow.1 <= upper);
            prop_assert!((lower..=upper).contains(&wide.mean));
        }
        let mut rng: rand_chacha::ChaCha8Rng = rand::SeedableRng::seed_from_u64(3);
        let bootstrap = bootstrap_interval(&samples, 0.9, 50, &mut rng)?;
        let (smallest, largest) = (samples.iter().copied().fold(f64::MAX, f64::min), samples.iter().copied().fold(f64::MIN, f64::max));
        prop_assert!(bootstrap.bounds.is_some_and(|(lower, upper)| smallest - 1e-9 <= lower && upper <= largest + 1e-9));
    }
}
