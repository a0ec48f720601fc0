//! Agreement with the field's reference implementations on `tests/golden` (see its README for sources and versions).

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use slatewise_eval::catalog::{CatalogueSummary, ItemDistance, exposure, shannon_entropy};
use slatewise_eval::prediction::{
    BinarySummary, brier_score, equal_width_bins, expected_calibration_error, log_loss, roc_auc,
};
use slatewise_eval::ranking::RankedList;
use slatewise_eval::{Error, Predictions, Undefined};

fn path(case: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case).join(file)
}

fn expected(case: &str) -> Result<Value> {
    Ok(serde_json::from_reader(std::fs::File::open(path(case, "expected.json"))?)?)
}

/// The rows of a CSV file as maps from column to text.
fn rows(case: &str, file: &str) -> Result<Vec<BTreeMap<String, String>>> {
    csv::Reader::from_path(path(case, file))?.deserialize().map(|row| Ok(row?)).collect()
}

fn column<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    rows: &[BTreeMap<String, String>],
    name: &str,
) -> Result<Vec<T>> {
    rows.iter().map(|row| Ok(row.get(name).context("column")?.parse()?)).collect()
}

fn close(values: &Value, tolerance: f64, key: &str, ours: f64) -> Result<()> {
    let golden = values.get(key).and_then(Value::as_f64).with_context(|| format!("no golden value {key}"))?;
    ensure!((golden - ours).abs() <= tolerance, "{key}: {ours} instead of {golden}");
    Ok(())
}

fn classification(case: &str) -> Result<()> {
    let golden = expected(case)?;
    let (values, tolerance) = (&golden["values"], golden["default_abs_tol"].as_f64().context("tolerance")?);
    let rows = rows(case, "input.csv")?;
    let (scores, labels) = (column::<f64>(&rows, "score")?, column::<u8>(&rows, "label")?);
    let predictions = Predictions::new(&scores, &labels)?;
    let summary = BinarySummary::new(&predictions);
    for (key, ours) in [
        ("n", Some(summary.rows as f64)),
        ("n_pos", Some(summary.positives as f64)),
        ("auc", summary.roc_auc),
        ("logloss", summary.log_loss),
        ("brier", summary.brier),
        ("normalized_entropy", summary.normalised_entropy),
        ("calibration_ratio_pred_over_true", summary.calibration_ratio),
        ("ece_10_equal_width", summary.ece_equal_width),
        ("ece_15_equal_width", Some(expected_calibration_error(&equal_width_bins(&predictions, 15)?)?)),
    ] {
        close(values, tolerance, key, ours.context(key)?)?;
    }
    if values.get("weighted_auc").is_some() {
        close(values, tolerance, "ece_10_equal_mass_stable_sort", summary.ece_equal_mass.context("ece")?)?;
        let weights = column::<f32>(&rows, "weight")?;
        let weighted = predictions.with_weights(&weights)?;
        close(values, tolerance, "weighted_auc", roc_auc(&weighted)?)?;
        close(values, tolerance, "weighted_logloss", log_loss(&weighted)?)?;
        close(values, tolerance, "weighted_brier", brier_score(&weighted)?)?;
    }
    Ok(())
}

#[test]
fn classification_without_ties() -> Result<()> {
    classification("cls_basic")
}

#[test]
fn classification_with_ties() -> Result<()> {
    classification("cls_ties")
}

#[test]
fn a_single_class_has_no_auc_but_a_log_loss() -> Result<()> {
    let rows = rows("cls_single_class_pos", "input.csv")?;
    let (scores, labels) = (column::<f64>(&rows, "score")?, column::<f32>(&rows, "label")?);
    let predictions = Predictions::new(&scores, &labels)?;
    assert_eq!(roc_auc(&predictions), Err(Undefined::NoNegative));
    close(&expected("cls_single_class_pos")?["values"], 1e-9, "logloss_with_labels_0_1", log_loss(&predictions)?)
}

#[test]
fn a_nan_score_is_refused_by_its_row() -> Result<()> {
    let rows = rows("cls_nan_score", "input.csv")?;
    let (scores, labels) = (column::<f64>(&rows, "score")?, column::<u8>(&rows, "label")?);
    let refused = Predictions::new(&scores, &labels).err();
    ensure!(matches!(refused, Some(Error::NotFinite { what: "score", row: 2, .. })), "{refused:?}");
    Ok(())
}

/// Per user the run's scores and gains, and the gains of what the run lacks.
fn ranked_lists(case: &str, gain: impl Fn(f64) -> f64) -> Result<Vec<RankedList>> {
    let mut users: BTreeMap<String, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    let mut relevance: BTreeMap<(String, String), f64> = BTreeMap::new();
    for row in rows(case, "qrels.csv")? {
        relevance.insert((row["user_id"].clone(), row["item_id"].clone()), gain(row["relevance"].parse()?));
    }
    for row in rows(case, "run.csv")? {
        let key = (row["user_id"].clone(), row["item_id"].clone());
        let (scores, gains) = users.entry(row["user_id"].clone()).or_default();
        scores.push(row["score"].parse()?);
        gains.push(relevance.remove(&key).unwrap_or(0.0));
    }
    users
        .iter()
        .map(|(user, (scores, gains))| {
            let missing: Vec<_> = relevance.iter().filter(|(key, _)| key.0 == *user).map(|(_, &gain)| gain).collect();
            Ok(RankedList::new(scores, gains, &missing)?)
        })
        .collect()
}

fn ranking(case: &str) -> Result<()> {
    let golden = expected(case)?;
    let tolerance = golden["default_abs_tol"].as_f64().context("tolerance")?;
    let (linear, exponential) = (ranked_lists(case, |r| r)?, ranked_lists(case, |r| r.exp2() - 1.0)?);
    let skipped = linear.iter().filter(|list| list.ndcg(1) == Err(Undefined::NoRelevantItem)).count();
    for (policy, divisor) in [("skip", linear.len() - skipped), ("zero", linear.len())] {
        let values = &golden["values"][format!("own_float64[stable,users_without_relevant={policy}]")];
        close(values, 0.0, "n_users_averaged", divisor as f64)?;
        for k in [1, 3, 5, 10, 20] {
            type OfList = fn(&RankedList, usize) -> slatewise_eval::Metric;
            let metrics: [(&str, &[RankedList], OfList); 6] = [
                ("ndcg", &linear, RankedList::ndcg),
                ("ndcg_exp_gain", &exponential, RankedList::ndcg),
                ("recall", &linear, RankedList::recall),
                ("precision", &linear, RankedList::precision),
                ("hit", &linear, RankedList::hit_rate),
                ("mrr", &linear, RankedList::reciprocal_rank_at),
            ];
            for (name, lists, metric) in metrics {
                let sum: f64 = lists.iter().filter_map(|list| metric(list, k).ok()).sum();
                close(values, tolerance, &format!("{name}@{k}"), sum / divisor as f64)?;
            }
        }
    }
    Ok(())
}

#[test]
fn ranking_by_hand() -> Result<()> {
    ranking("rank_hand")
}

#[test]
fn ranking_with_graded_relevance() -> Result<()> {
    ranking("rank_graded_noties")
}

#[test]
fn beyond_accuracy() -> Result<()> {
    let case = "beyond_accuracy";
    let golden = expected(case)?;
    let (own, recbole) = (&golden["values"]["own_float64"], &golden["values"]["recbole_1.2.1"]);
    let items = rows(case, "items.csv")?;
    let index: BTreeMap<&str, u32> = items.iter().zip(0..).map(|(row, i)| (row["item_id"].as_str(), i)).collect();
    let category: Vec<u32> = items.iter().map(|row| Ok(row["category"][1..].parse()?)).collect::<Result<_>>()?;
    let distance = ItemDistance::from_codes(&[&category])?;

    let mut occurrences = vec![0; items.len()];
    for row in rows(case, "train.csv")? {
        occurrences[index[row["item_id"].as_str()] as usize] += 1;
    }
    let mut lists: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for row in rows(case, "recs.csv")? {
        lists.entry(row["user_id"].clone()).or_default().push(index[row["item_id"].as_str()]);
    }
    let lists: Vec<_> = lists.into_values().collect();
    for k in [1, 5, 10] {
        let summary = CatalogueSummary::new(&lists, k, &occurrences, &distance)?;
        let check = |values, tolerance, key: &str, ours: Option<f64>| {
            close(values, tolerance, &format!("{key}@{k}"), ours.with_context(|| key.to_owned())?)
        };
        check(own, 1e-9, "coverage", summary.coverage)?;
        check(own, 1e-9, "gini", summary.gini)?;
        check(own, 1e-9, "shannon_entropy_bits", summary.entropy_bits)?;
        check(own, 1e-9, "novelty_self_information_bits_p=count/total", summary.novelty_bits)?;
        check(recbole, 1e-9, "averagepopularity", summary.average_popularity)?;
        let nats = shannon_entropy(&exposure(&lists, k, items.len())?)? * std::f64::consts::LN_2;
        check(own, 1e-9, "shannon_entropy_nats", Some(nats))?;
        if k > 1 {
            check(own, 1e-9, "ild_category_0_1", summary.intra_list_diversity)?;
        }
    }
    Ok(())
}
