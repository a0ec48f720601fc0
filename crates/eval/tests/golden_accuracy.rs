//! Prediction and ranking metrics agree with the field's reference implementations on `tests/golden` (see its README
//! for sources and versions).

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use slatewise_eval::prediction::{
    BinarySummary, SortedScores, average_precision, brier_score, expected_calibration_error, grouped_auc, log_loss,
    maximum_calibration_error, normalised_entropy, relative_information_gain, roc_auc, row_order_bins,
};
use slatewise_eval::ranking::{JudgedRun, Judgements, Run, Ties};
use slatewise_eval::{Error, Predictions, Undefined};

type Rows = Vec<BTreeMap<String, String>>;

fn path(case: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case).join(file)
}

fn expected(case: &str) -> Result<Value> {
    Ok(serde_json::from_reader(std::fs::File::open(path(case, "expected.json"))?)?)
}

/// The rows of a CSV file as maps from column to text.
fn rows(case: &str, file: &str) -> Result<Rows> {
    csv::Reader::from_path(path(case, file))?.deserialize().map(|row| Ok(row?)).collect()
}

fn column<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    rows: &Rows,
    name: &str,
) -> Result<Vec<T>> {
    rows.iter().map(|row| Ok(row.get(name).context("column")?.parse()?)).collect()
}

/// Codes that sort as the names do, over one or more tables.
fn codes(tables: &[&Rows], name: &str) -> BTreeMap<String, u32> {
    let names: BTreeMap<String, u32> =
        tables.iter().flat_map(|rows| rows.iter().map(|row| (row[name].clone(), 0))).collect();
    names.into_keys().zip(0..).collect()
}

fn coded(rows: &Rows, codes: &BTreeMap<String, u32>, name: &str) -> Vec<u32> {
    rows.iter().map(|row| codes[&row[name]]).collect()
}

fn close(values: &Value, tolerance: f64, key: &str, ours: f64) -> Result<()> {
    let golden = values.get(key).and_then(Value::as_f64).with_context(|| format!("no golden value {key}"))?;
    ensure!((golden - ours).abs() <= tolerance, "{key}: {ours} instead of {golden}");
    Ok(())
}

/// Compares our values with all golden ones: none may be left over but those of the peers and of another check.
fn compare(golden: &Value, ours: &[(&str, f64)]) -> Result<()> {
    let (values, tolerance) = (&golden["values"], golden["default_abs_tol"].as_f64().context("tolerance")?);
    for &(key, ours) in ours {
        close(values, tolerance, key, ours)?;
    }
    for key in values.as_object().context("values")?.keys() {
        let foreign = key.starts_with("torchmetrics") || key.ends_with("pairwise_check");
        ensure!(foreign || ours.iter().any(|(ours, _)| ours == key), "{key} is not compared");
    }
    Ok(())
}

fn classification(case: &str) -> Result<()> {
    let rows = rows(case, "input.csv")?;
    let (scores, labels) = (column::<f64>(&rows, "score")?, column::<u8>(&rows, "label")?);
    let predictions = Predictions::new(&scores, &labels)?;
    let summary = BinarySummary::new(&predictions);
    let sorted = SortedScores::new(&predictions);
    let width = sorted.equal_width_bins(10)?;
    let users = codes(&[&rows], "user_id");
    let gauc = grouped_auc(&predictions, &coded(&rows, &users, "user_id"), users.len())?;
    let per_user: BTreeMap<String, f64> =
        serde_json::from_reader(std::fs::File::open(path(case, "per_user_auc.json"))?)?;
    ensure!(per_user.len() == gauc.used(), "users");
    for (user, auc) in per_user {
        let ours = gauc.groups()[users[&user] as usize].auc.clone()?;
        ensure!((ours - auc).abs() <= 1e-9, "{user}: {ours} instead of {auc}");
    }
    let mut ours = vec![
        ("n", summary.rows as f64),
        ("n_pos", summary.positives as f64),
        ("auc", roc_auc(&predictions)?),
        ("average_precision", sorted.average_precision()?),
        ("pr_auc_trapezoid", sorted.pr_auc_trapezoid()?),
        ("logloss", log_loss(&predictions)?),
        ("brier", brier_score(&predictions)?),
        ("normalized_entropy", normalised_entropy(&predictions)?),
        ("relative_information_gain", relative_information_gain(&predictions)?),
        ("calibration_ratio_pred_over_true", summary.calibration_ratio.context("calibration")?),
        ("ece_10_equal_width", summary.ece_equal_width.context("ece")?),
        ("mce_10_equal_width", maximum_calibration_error(&width)?),
        ("ece_15_equal_width", expected_calibration_error(&sorted.equal_width_bins(15)?)?),
        ("ece_10_equal_mass_stable_sort", expected_calibration_error(&row_order_bins(&predictions, 10)?.bins)?),
        ("gauc_impression_weighted", gauc.impression_weighted()?),
        ("gauc_click_weighted", gauc.click_weighted()?),
        ("gauc_unweighted_mean", gauc.unweighted()?),
        ("gauc_users_skipped_single_class", gauc.skipped() as f64),
        ("gauc_users_used", gauc.used() as f64),
    ];
    let golden = expected(case)?;
    let weights = column::<f64>(&rows, "weight")?;
    let weighted = predictions.with_weights(&weights)?;
    if golden["values"].get("weighted_auc").is_some() {
        ours.extend([
            ("weighted_auc", roc_auc(&weighted)?),
            ("weighted_logloss", log_loss(&weighted)?),
            ("weighted_brier", brier_score(&weighted)?),
            ("weighted_ap", average_precision(&weighted)?),
        ]);
    }
    compare(&golden, &ours)
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
    let users = codes(&[&rows], "user_id");
    let gauc = grouped_auc(&predictions, &coded(&rows, &users, "user_id"), users.len())?;
    assert_eq!(gauc.impression_weighted(), Err(Undefined::NoMixedGroup));
    let values = &expected("cls_single_class_pos")?["values"];
    close(values, 0.0, "gauc_users_skipped_single_class", gauc.skipped() as f64)?;
    close(values, 1e-9, "logloss_with_labels_0_1", log_loss(&predictions)?)
}

#[test]
fn a_nan_score_is_refused_by_its_row() -> Result<()> {
    let rows = rows("cls_nan_score", "input.csv")?;
    let (scores, labels) = (column::<f64>(&rows, "score")?, column::<u8>(&rows, "label")?);
    let refused = Predictions::new(&scores, &labels).err();
    ensure!(matches!(refused, Some(Error::NotFinite { what: "score", row: 2, .. })), "{refused:?}");
    let quarantined = &expected("cls_nan_score")?["values"]["if_row_quarantined"];
    let kept = Predictions::new(&[scores[0], scores[2], scores[3]], &[labels[0], labels[2], labels[3]])
        .map(|p| roc_auc(&p))?;
    close(quarantined, 1e-12, "auc", kept?)
}

/// Every value that the golden file has for a tie policy and a policy for users without relevant items.
fn ranking(case: &str, ties: Ties, level: &str) -> Result<()> {
    let golden = expected(case)?;
    let tolerance = golden["default_abs_tol"].as_f64().context("tolerance")?;
    let (run, qrels) = (rows(case, "run.csv")?, rows(case, "qrels.csv")?);
    let (users, items) = (codes(&[&run, &qrels], "user_id"), codes(&[&run, &qrels], "item_id"));
    let (scores, relevance) = (column::<f64>(&run, "score")?, column::<f64>(&qrels, "relevance")?);
    let judged = JudgedRun::new(
        &Run { user: &coded(&run, &users, "user_id"), item: &coded(&run, &items, "item_id"), score: &scores },
        &Judgements {
            user: &coded(&qrels, &users, "user_id"),
            item: &coded(&qrels, &items, "item_id"),
            relevance: &relevance,
        },
        ties,
    )?;
    let summary = judged.summary(&[1, 3, 5, 10, 20])?;
    let skip = summary.skip.clone()?;
    let averaged = summary.users - summary.users_without_relevant;
    let policies =
        [("skip", &skip, averaged, summary.users_without_relevant), ("zero", &summary.zero, summary.users, 0)];
    for (policy, means, averaged, skipped) in policies {
        let values = &golden["values"][format!("own_float64[{level},users_without_relevant={policy}]")];
        close(values, 0.0, "n_users_averaged", averaged as f64)?;
        close(values, 0.0, "n_users_skipped", skipped as f64)?;
        let mut compared = 2;
        for (name, column) in means.named() {
            for (k, &ours) in summary.cutoffs.iter().zip(column) {
                close(values, tolerance, &format!("{name}@{k}"), ours)?;
                compared += 1;
            }
        }
        assert_eq!(values.as_object().map(serde_json::Map::len), Some(compared), "{policy}");
    }
    Ok(())
}

#[test]
fn ranking_by_hand() -> Result<()> {
    ranking("rank_hand", Ties::Expected, "stable")?;
    ranking("rank_hand", Ties::ItemIdDescending, "trec_docid_desc")
}

#[test]
fn ranking_with_graded_relevance() -> Result<()> {
    ranking("rank_graded_noties", Ties::Expected, "stable")?;
    ranking("rank_graded_noties", Ties::ItemIdDescending, "trec_docid_desc")
}
