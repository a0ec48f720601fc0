//! Properties of prediction metrics that hold for all inputs: definitions, ranges, the order of rows, weights, monotone
//! transforms.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use slatewise_eval::prediction::{
    Regression, ReliabilityBin, Score, SortedScores, Truth, average_precision, brier_score, calibration_ratio,
    equal_mass_bins, equal_width_bins, expected_calibration_error, grouped_auc, log_loss, maximum_calibration_error,
    mean_absolute_error, normalised_entropy, roc_auc, root_mean_squared_error, xauc,
};
use slatewise_eval::{Error, Metric, Predictions, Undefined};

/// A row: score in twentieths, label, weight in 0..3, user. Many ties, some masks.
#[derive(Debug, Clone, Copy)]
struct Example {
    score: u8,
    label: bool,
    weight: u8,
    user: u8,
}

fn labelled() -> impl Strategy<Value = Vec<Example>> {
    let row = (0_u8..=20, any::<bool>(), 0_u8..3, 0_u8..4);
    prop::collection::vec(row.prop_map(|(score, label, weight, user)| Example { score, label, weight, user }), 1..60)
}

fn columns(rows: &[Example]) -> (Vec<f64>, Vec<bool>, Vec<f64>, Vec<u32>) {
    (
        rows.iter().map(|row| f64::from(row.score) / 20.0).collect(),
        rows.iter().map(|row| row.label).collect(),
        rows.iter().map(|row| f64::from(row.weight)).collect(),
        rows.iter().map(|row| u32::from(row.user)).collect(),
    )
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-12,
        (a, b) => a == b,
    }
}

/// AUC by its definition, over all pairs.
fn auc_of_pairs(rows: &[Example]) -> Option<f64> {
    let (mut wins, mut pairs) = (0.0, 0.0);
    for (positive, negative) in
        rows.iter().filter(|r| r.label).flat_map(|p| rows.iter().filter(|r| !r.label).map(move |n| (p, n)))
    {
        let weight = f64::from(positive.weight) * f64::from(negative.weight);
        pairs += weight;
        wins += weight
            * match positive.score.cmp(&negative.score) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
    }
    (pairs > 0.0).then(|| wins / pairs)
}

/// Average precision by its definition: for each threshold, precision times the recall that it adds.
fn average_precision_of_thresholds(rows: &[Example]) -> Option<f64> {
    let weight = |passes: &dyn Fn(&Example) -> bool| -> f64 {
        rows.iter().filter(|row| passes(row)).map(|row| f64::from(row.weight)).sum()
    };
    let positives = weight(&|row| row.label);
    let mut sum = 0.0;
    for threshold in 0..=20 {
        let added = weight(&|row| row.label && row.score == threshold);
        if added > 0.0 {
            let precision = weight(&|row| row.label && row.score >= threshold) / weight(&|row| row.score >= threshold);
            sum += added / positives * precision;
        }
    }
    (positives > 0.0).then_some(sum)
}

type Named = Vec<(&'static str, Option<f64>)>;

fn metrics<S: Score, T: Truth>(predictions: &Predictions<'_, S, T>, users: &[u32]) -> Result<Named, Error> {
    let sorted = SortedScores::new(predictions);
    let width = sorted.equal_width_bins(7);
    let mass = sorted.equal_mass_bins(7);
    let of_bins = |bins: &Result<Vec<ReliabilityBin>, Undefined>, error: fn(&[ReliabilityBin]) -> Metric| {
        bins.as_ref().ok().and_then(|bins| error(bins).ok())
    };
    let gauc = grouped_auc(predictions, users, 4)?;
    Ok(vec![
        ("roc_auc", sorted.roc_auc().ok()),
        ("average_precision", sorted.average_precision().ok()),
        ("pr_auc_trapezoid", sorted.pr_auc_trapezoid().ok()),
        ("log_loss", log_loss(predictions).ok()),
        ("brier", brier_score(predictions).ok()),
        ("normalised_entropy", normalised_entropy(predictions).ok()),
        ("calibration_ratio", calibration_ratio(predictions).ok()),
        ("ece_equal_width", of_bins(&width, expected_calibration_error)),
        ("mce_equal_width", of_bins(&width, maximum_calibration_error)),
        ("ece_equal_mass", of_bins(&mass, expected_calibration_error)),
        ("gauc_impression_weighted", gauc.impression_weighted().ok()),
        ("gauc_click_weighted", gauc.click_weighted().ok()),
        ("gauc_unweighted", gauc.unweighted().ok()),
    ])
}

fn plain_metrics(rows: &[Example]) -> Result<Named, Error> {
    let (scores, labels, _, users) = columns(rows);
    metrics(&Predictions::new(&scores, &labels)?, &users)
}

fn weighted_metrics(rows: &[Example]) -> Result<Named, Error> {
    let (scores, labels, weights, users) = columns(rows);
    metrics(&Predictions::new(&scores, &labels)?.with_weights(&weights)?, &users)
}

/// With weights that are no binary fractions, and without.
fn all_metrics(rows: &[Example]) -> Result<Named, Error> {
    let (scores, labels, weights, users) = columns(rows);
    let weights: Vec<f64> = weights.iter().map(|weight| weight * 0.1).collect();
    let mut named = metrics(&Predictions::new(&scores, &labels)?.with_weights(&weights)?, &users)?;
    named.extend(plain_metrics(rows)?);
    Ok(named)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn auc_is_the_share_of_won_pairs(rows in labelled()) {
        let (scores, labels, weights, _) = columns(&rows);
        let ours = roc_auc(&Predictions::new(&scores, &labels)?.with_weights(&weights)?).ok();
        prop_assert!(same(ours, auc_of_pairs(&rows)));
    }

    #[test]
    fn auc_ignores_monotone_transforms(rows in labelled()) {
        let (scores, labels, _, _) = columns(&rows);
        let logits: Vec<f64> = scores.iter().map(|s| 3.0 * s.powi(3) - 7.0).collect();
        let single: Vec<f32> = scores.iter().map(|&s| s as f32).collect();
        let auc = roc_auc(&Predictions::new(&scores, &labels)?);
        prop_assert_eq!(&auc, &roc_auc(&Predictions::new(&logits, &labels)?));
        prop_assert_eq!(&auc, &roc_auc(&Predictions::new(&single, &labels)?));
    }

    #[test]
    fn no_metric_sees_the_order_of_rows(rows in labelled(), seed in any::<u64>()) {
        // Not even in its last bit.
        let mut shuffled = rows.clone();
        shuffled.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (values, others) = (all_metrics(&rows)?, all_metrics(&shuffled)?);
        for ((name, value), (_, other)) in values.into_iter().zip(others) {
            prop_assert_eq!(value.map(f64::to_bits), other.map(f64::to_bits), "{}", name);
        }
    }

    #[test]
    fn weights_of_one_change_nothing_and_whole_weights_repeat_rows(rows in labelled()) {
        let repeat = |&row: &Example| std::iter::repeat_n(Example { weight: 1, ..row }, usize::from(row.weight));
        let repeated: Vec<_> = rows.iter().flat_map(repeat).collect();
        if repeated.is_empty() {
            return Ok(());
        }
        let pairs = weighted_metrics(&rows)?.into_iter().zip(weighted_metrics(&repeated)?);
        for ((name, weighted), (_, repeated)) in pairs {
            prop_assert!(same(weighted, repeated), "{}: {:?} {:?}", name, weighted, repeated);
        }
        let ones: Vec<_> = rows.iter().map(|&row| Example { weight: 1, ..row }).collect();
        for ((name, weighted), (_, plain)) in weighted_metrics(&ones)?.into_iter().zip(plain_metrics(&ones)?) {
            prop_assert!(same(weighted, plain), "{}: {:?} {:?}", name, weighted, plain);
        }
    }

    #[test]
    fn one_user_has_the_auc_of_all(rows in labelled()) {
        let (scores, labels, _, _) = columns(&rows);
        let predictions = Predictions::new(&scores, &labels)?;
        let gauc = grouped_auc(&predictions, &vec![0; rows.len()], 1)?;
        prop_assert!(same(gauc.impression_weighted().ok(), roc_auc(&predictions).ok()));
        prop_assert_eq!(gauc.used() + gauc.skipped(), 1);
    }

    #[test]
    fn gauc_is_the_mean_of_what_each_user_has_alone(rows in labelled()) {
        let (scores, labels, weights, users) = columns(&rows);
        let predictions = Predictions::new(&scores, &labels)?.with_weights(&weights)?;
        let gauc = grouped_auc(&predictions, &users, 4)?;
        let (mut sum, mut total) = (0.0, 0.0);
        for user in 0..4 {
            let own: Vec<_> = rows.iter().copied().filter(|row| u32::from(row.user) == user).collect();
            let Some(auc) = auc_of_pairs(&own) else { continue };
            let weight: f64 = own.iter().map(|row| f64::from(row.weight)).sum();
            sum += auc * weight;
            total += weight;
            prop_assert!(same(gauc.groups()[user as usize].auc.clone().ok(), Some(auc)));
        }
        prop_assert!(same(gauc.impression_weighted().ok(), (total > 0.0).then(|| sum / total)));
    }

    #[test]
    fn average_precision_is_its_definition_over_thresholds(rows in labelled()) {
        let (scores, labels, weights, _) = columns(&rows);
        let weighted = Predictions::new(&scores, &labels)?.with_weights(&weights)?;
        prop_assert!(same(average_precision(&weighted).ok(), average_precision_of_thresholds(&rows)));
    }

    #[test]
    fn xauc_is_the_share_of_ordered_pairs(rows in labelled(), truths in prop::collection::vec(0_u8..5, 60)) {
        let (scores, _, weights, _) = columns(&rows);
        let truth: Vec<f64> = truths.iter().take(rows.len()).map(|&truth| f64::from(truth)).collect();
        let regression = Regression::new(&scores, &truth)?.with_weights(&weights)?;
        let (mut met, mut pairs) = (0.0, 0.0);
        let all = (0..rows.len()).flat_map(|i| (0..rows.len()).map(move |j| (i, j)));
        for (i, j) in all.filter(|&(i, j)| truth[i] < truth[j]) {
            let weight = f64::from(rows[i].weight) * f64::from(rows[j].weight);
            pairs += weight;
            met += weight * if scores[i] < scores[j] { 1.0 } else if scores[i] == scores[j] { 0.5 } else { 0.0 };
        }
        prop_assert!(same(xauc(&regression).ok(), (pairs > 0.0).then(|| met / pairs)));
    }

    #[test]
    fn xauc_of_labels_is_auc(rows in labelled()) {
        let (scores, labels, _, _) = columns(&rows);
        let truth: Vec<f64> = labels.iter().map(|&label| f64::from(u8::from(label))).collect();
        let auc = roc_auc(&Predictions::new(&scores, &labels)?);
        prop_assert!(same(xauc(&Regression::new(&scores, &truth)?).ok(), auc.ok()));
    }

    #[test]
    fn regression_metrics_ignore_the_order_of_rows(
        values in prop::collection::vec((-1e3_f64..1e3, -1e3_f64..1e3), 1..60), seed in any::<u64>(),
    ) {
        let metrics = |values: &[(f64, f64)]| -> Result<[Option<u64>; 3], Error> {
            let (predicted, truth): (Vec<f64>, Vec<f64>) = values.iter().copied().unzip();
            let rows = Regression::new(&predicted, &truth)?;
            let all = [mean_absolute_error(&rows), root_mean_squared_error(&rows), xauc(&rows)];
            Ok(all.map(|metric| metric.ok().map(f64::to_bits)))
        };
        let mut shuffled = values.clone();
        shuffled.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        prop_assert_eq!(metrics(&values)?, metrics(&shuffled)?);
    }

    #[test]
    fn prediction_metrics_keep_their_ranges(rows in labelled(), bins in 1_usize..20) {
        let (scores, labels, _, _) = columns(&rows);
        let predictions = Predictions::new(&scores, &labels)?;
        prop_assert!(log_loss(&predictions).is_ok_and(|v| v >= 0.0));
        prop_assert!(brier_score(&predictions).is_ok_and(|v| (0.0..=1.0).contains(&v)));
        for (name, value) in plain_metrics(&rows)? {
            let free = matches!(name, "log_loss" | "normalised_entropy" | "calibration_ratio");
            prop_assert!(value.is_none_or(|v| v >= 0.0 && (free || v <= 1.0)), "{}: {:?}", name, value);
        }
        for binned in [equal_width_bins(&predictions, bins), equal_mass_bins(&predictions, bins)] {
            let binned = binned.map_err(Error::from)?;
            let mass: f64 = binned.iter().map(|bin| bin.count).sum();
            prop_assert!((mass - rows.len() as f64).abs() < 1e-9);
            let (expected, maximum) = (expected_calibration_error(&binned), maximum_calibration_error(&binned));
            prop_assert!(expected.clone().is_ok_and(|v| (0.0..=1.0).contains(&v)));
            prop_assert!(maximum.is_ok_and(|v| v <= 1.0 && expected.is_ok_and(|e| e <= v + 1e-12)));
            prop_assert_eq!(binned.len(), bins);
        }
        let fair = equal_mass_bins(&predictions, bins).map_err(Error::from)?;
        prop_assert!(fair.iter().all(|bin| (bin.count - rows.len() as f64 / bins as f64).abs() < 1e-9), "{:?}", fair);
    }
}
