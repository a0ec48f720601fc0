//! Properties of the catalogue metrics that hold for all inputs: ranges, distances that are metrics, no dependence on
//! the order of lists.

use proptest::prelude::*;
use slatewise_eval::Error;
use slatewise_eval::catalog::{
    CategoryCalibration, CosineDistance, Distance, ItemCategories, ItemDistance, Tail, average_popularity, coverage,
    diversity_gain, exposure, gini, intra_list_diversity, mean_intra_list_diversity, novelty, novelty_by_users,
    serendipity, shannon_entropy, tail_share,
};

/// Items of the catalogues below.
const ITEMS: usize = 9;

/// Lists of distinct items, each place with its relevance.
fn lists() -> impl Strategy<Value = Vec<Vec<(u32, bool)>>> {
    let list =
        (Just((0..ITEMS as u32).collect::<Vec<_>>()).prop_shuffle(), 0..ITEMS, prop::array::uniform9(any::<bool>()));
    let list = list.prop_map(|(items, length, relevant)| items.into_iter().zip(relevant).take(length).collect());
    prop::collection::vec(list, 1..8)
}

/// What `metrics` computes of some lists, in one vector; undefined is none.
fn metrics(lists: &[Vec<(u32, bool)>], k: usize, occurrences: &[u64]) -> Result<Vec<Option<f64>>, Error> {
    let items: Vec<Vec<u32>> = lists.iter().map(|list| list.iter().map(|place| place.0).collect()).collect();
    let relevant: Vec<Vec<bool>> = lists.iter().map(|list| list.iter().map(|place| place.1).collect()).collect();
    let shown = exposure(&items, k, ITEMS)?;
    let embedding: Vec<Vec<f64>> =
        (0..2).map(|d| (0..ITEMS).map(|i| ((i * (d + 2)) as f64).sin() + 0.1).collect()).collect();
    let distance = CosineDistance::from_columns(&embedding.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    let categories = ItemCategories::from_codes(&(0..ITEMS as u32).map(|item| item % 3).collect::<Vec<_>>())?;
    let histories: Vec<Vec<u32>> = items.iter().map(|list| list.iter().rev().map(|item| item / 2).collect()).collect();
    let calibration = CategoryCalibration::new(&histories, &items, k, &categories).ok();
    Ok(vec![
        coverage(&shown).ok(),
        gini(&shown).ok(),
        shannon_entropy(&shown).ok(),
        average_popularity(&shown, occurrences).ok(),
        novelty(&shown, occurrences).ok(),
        tail_share(&shown, occurrences, Tail::Share(0.3)).ok(),
        serendipity(&items, &relevant, k, occurrences).ok(),
        mean_intra_list_diversity(&items, k, &distance).ok(),
        calibration.map(|c| c.kl),
        calibration.map(|c| c.hellinger),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_lists_changes_nothing(
        lists in lists(), turn in any::<prop::sample::Index>(), k in 1_usize..12,
        occurrences in prop::collection::vec(0_u64..4, ITEMS),
    ) {
        let mut turned = lists.clone();
        turned.rotate_left(turn.index(lists.len()));
        turned.reverse();
        for (a, b) in metrics(&lists, k, &occurrences)?.into_iter().zip(metrics(&turned, k, &occurrences)?) {
            let near = match (a, b) { (Some(a), Some(b)) => (a - b).abs() < 1e-12, (a, b) => a == b };
            prop_assert!(near, "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn catalogue_metrics_keep_their_ranges(
        lists in lists(), k in 1_usize..12, occurrences in prop::collection::vec(0_u64..4, ITEMS),
    ) {
        let entropy = (ITEMS as f64).log2();
        let upper = [1.0, 1.0, entropy, 4.0, f64::MAX, 1.0, 1.0, 2.0, 100.0_f64.ln(), 1.0];
        for (value, upper) in metrics(&lists, k, &occurrences)?.into_iter().zip(upper) {
            prop_assert!(value.is_none_or(|value| (-1e-12..=upper + 1e-12).contains(&value)), "{:?} {}", value, upper);
        }
    }

    #[test]
    fn exposure_metrics_keep_their_ranges(exposure in prop::collection::vec(0_u64..50, 1..40)) {
        if let (Ok(gini), Ok(entropy)) = (gini(&exposure), shannon_entropy(&exposure)) {
            prop_assert!((-1e-12..1.0).contains(&gini));
            prop_assert!((0.0..=(exposure.len() as f64).log2() + 1e-12).contains(&entropy));
        }
    }

    #[test]
    fn a_tail_and_its_head_share_all_places(
        exposure in prop::collection::vec(1_u64..50, ITEMS), occurrences in prop::collection::vec(1_u64..5, ITEMS),
    ) {
        prop_assert_eq!(tail_share(&exposure, &occurrences, Tail::Share(1.0)), Ok(1.0));
        prop_assert_eq!(tail_share(&exposure, &occurrences, Tail::AtMost(4)), Ok(1.0));
        // One user per event: the two forms of novelty are one.
        let events: u64 = occurrences.iter().sum();
        prop_assert_eq!(novelty(&exposure, &occurrences), novelty_by_users(&exposure, &occurrences, events));
    }

    #[test]
    fn a_list_of_the_history_is_calibrated(history in prop::collection::vec(0..ITEMS as u32, 1..20)) {
        let categories = ItemCategories::from_codes(&(0..ITEMS as u32).map(|item| item % 4).collect::<Vec<_>>())?;
        let calibration = CategoryCalibration::new(&[&history], &[&history], history.len(), &categories)?;
        prop_assert!(calibration.kl < 1e-12 && calibration.hellinger < 1e-7, "{:?}", calibration);
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
    fn cosine_distances_are_symmetric_and_know_no_scale(
        vectors in prop::collection::vec(prop::array::uniform3(-5.0_f64..5.0), 2..8), scale in 1e-6_f64..1e6,
    ) {
        let of = |scale: f64| {
            let column = |d: usize| vectors.iter().map(|vector| scale * vector[d]).collect();
            let columns: Vec<Vec<f64>> = (0..3).map(column).collect();
            CosineDistance::from_columns(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>())
        };
        let (one, scaled) = (of(1.0)?, of(scale)?);
        for a in 0..vectors.len() as u32 {
            prop_assume!(one.check(a).is_ok());
            prop_assert!(one.between(a, a) < 1e-12);
            for b in 0..a {
                prop_assert_eq!(one.between(a, b), one.between(b, a));
                prop_assert!((one.between(a, b) - scaled.between(a, b)).abs() < 1e-9);
                prop_assert!((0.0..=2.0).contains(&one.between(a, b)));
            }
        }
    }
}
