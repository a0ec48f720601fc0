//! Leak: how well does one column, alone, tell the label?
//!
//! ```text
//! value v (numbers: one of at most 100 quantile bins of 50 rows or more; no value is a value)     fold f of row i = hash(i) mod 5
//! score of row i    (Σ_{j: v_j = v_i, f_j ≠ f_i} y_j + m · ȳ_{f ≠ f_i}) / (#{j} + m),   m = 10
//! yes or no         AUC of the scores over all rows, and of "has no value" (whichever way round)
//! number            R² = 1 − Σ (y − score)² / Σ (y − ȳ)²
//! certain value     a value all of whose rows carry the rarer label: at least 20 rows and 1 % of that label's,
//!                   and so many that chance, among all values, gives one in a million
//! ```
//!
//! A column of honest signal rarely gets far alone; one that was recorded after the outcome does. Scores come out of fold, so a
//! column of ids, which could name every row's label within the fold, tells nothing. Bins find relations of any shape.
//!
//! # Reference
//! Kaufman, Rosset & Perlich, "Leakage in data mining: formulation, detection, and avoidance", KDD 2011; smoothed means:
//! Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes", SIGKDD Explorations 3 (2001).

use serde::{Deserialize, Serialize};

use super::binning::{Binned, binned, mixed};
use super::column::{Column, Labels, within};
use super::finding::{Finding, Severity};
use crate::error::{Error, Metric, Undefined};
use crate::prediction::{Predictions, roc_auc};

/// Above this chance, a value whose rows all agree is no surprise.
const SURPRISE: f64 = 1e-6;

/// Rows that a quantile bin should have.
const BIN_ROWS: usize = 50;

/// Thresholds of [`leak`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeakConfig {
    /// AUC from which a column is suspect, 0.5 to 1.
    pub suspect_auc: f64,
    /// AUC from which it is near certain, `suspect_auc` to 1.
    pub certain_auc: f64,
    /// R² from which a column is suspect, 0 to 1.
    pub suspect_r2: f64,
    /// R² from which it is near certain, `suspect_r2` to 1.
    pub certain_r2: f64,
    /// Folds, 2 to 100.
    pub folds: u32,
    /// Quantile bins of numbers at most, 2 to 10,000.
    pub bins: u32,
    /// Rows that the mean over all values weighs, m, 0 to 10⁶.
    pub smoothing: f64,
    /// Rows that a certain value must have, 2 to 10⁹.
    pub pure_rows: u64,
    /// Share of the rarer label's rows that a certain value must hold, above 0 and at most 1.
    pub pure_share: f64,
}

impl Default for LeakConfig {
    fn default() -> Self {
        Self {
            suspect_auc: 0.8,
            certain_auc: 0.99,
            suspect_r2: 0.8,
            certain_r2: 0.99,
            folds: 5,
            bins: 100,
            smoothing: 10.0,
            pure_rows: 20,
            pure_share: 0.01,
        }
    }
}

impl LeakConfig {
    /// Checks every key.
    ///
    /// # Errors
    /// [`Error::Threshold`] with the first key out of its range.
    pub fn check(&self) -> Result<(), Error> {
        within("suspect_auc", self.suspect_auc, 0.5, 1.0)?;
        within("certain_auc", self.certain_auc, self.suspect_auc, 1.0)?;
        within("suspect_r2", self.suspect_r2, 0.0, 1.0)?;
        within("certain_r2", self.certain_r2, self.suspect_r2, 1.0)?;
        within("folds", self.folds.into(), 2.0, 100.0)?;
        within("bins", self.bins.into(), 2.0, 10_000.0)?;
        within("smoothing", self.smoothing, 0.0, 1e6)?;
        within("pure_rows", self.pure_rows as f64, 2.0, 1e9)?;
        within("pure_share", self.pure_share, f64::MIN_POSITIVE, 1.0)
    }
}

/// What one column, alone, knows of a label.
#[derive(Debug, Clone, PartialEq)]
pub struct Alone {
    /// Out-of-fold AUC of a yes-or-no label, R² of a number.
    pub score: Metric,
    /// AUC of whether there is a value, 0.5 to 1; none for labels that are numbers, or where it has no value.
    pub missing: Option<f64>,
    /// The value that most rows of one label give away, if any.
    pub pure: Option<PureValue>,
}

/// A value all of whose rows carry the rarer label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PureValue {
    /// A row that has it, from 0.
    pub row: usize,
    /// Rows that have it.
    pub rows: u64,
    /// The label that they carry.
    pub label: bool,
    /// Their share of all rows with that label.
    pub share: f64,
}

/// Measures what a column knows.
///
/// # Shapes
/// One value and one label per row. Time O(rows · log rows), or O(rows · folds) for categories.
///
/// # Errors
/// No rows, unequal lengths, a label that is not finite, a threshold out of its range.
pub fn alone(column: &Column<'_>, labels: &Labels<'_>, config: &LeakConfig) -> Result<Alone, Error> {
    config.check()?;
    if labels.is_empty() {
        return Err(Error::Empty { what: "labels" });
    }
    if column.len() != labels.len() {
        return Err(Error::UnequalLengths {
            left: "column",
            left_len: column.len(),
            right: "label",
            right_len: labels.len(),
        });
    }
    labels.check()?;
    // Bins of some rows each: the mean of a few says little, smoothed or not.
    let most = (labels.len() / BIN_ROWS).clamp(10, config.bins.max(10) as usize).min(config.bins as usize);
    let values = binned(column, most);
    let scores = out_of_fold(&values, labels, config);
    Ok(match labels {
        Labels::Binary(labels) => Alone {
            score: roc_auc(&Predictions::new(&scores, labels)?),
            missing: missing_auc(column, labels)?,
            pure: pure_value(&values, labels, config),
        },
        Labels::Number(labels) => Alone { score: r_squared(&scores, labels), missing: None, pure: None },
    })
}

/// Judges a column, alone, against a label.
///
/// # Errors
/// As [`alone`].
pub fn leak(
    column_name: &str,
    column: &Column<'_>,
    label_name: &str,
    labels: &Labels<'_>,
    config: &LeakConfig,
) -> Result<Vec<Finding>, Error> {
    let alone = alone(column, labels, config)?;
    let (what, suspect, certain) = match labels {
        Labels::Binary(_) => ("an AUC", config.suspect_auc, config.certain_auc),
        Labels::Number(_) => ("an R²", config.suspect_r2, config.certain_r2),
    };
    let grade = |score: f64| match score {
        score if score >= certain => Some(Severity::Stop),
        score if score >= suspect => Some(Severity::Warning),
        _ => None,
    };
    let mut findings = Vec::new();
    let mut found = |severity, evidence: String| {
        let mend = "if it is recorded after the outcome declare `available = \"after\"`, if it is known before declare `available = \"before\"`";
        let column = Some(column_name.to_owned());
        findings.push(Finding { gate: "leak", severity, column, evidence, mend: mend.to_owned() });
    };
    if let Some((score, severity)) = alone.score.as_ref().ok().and_then(|&score| Some((score, grade(score)?))) {
        found(severity, format!("alone it tells `{label_name}` with {what} of {score:.3} out of fold"));
    }
    if let Some((score, severity)) = alone.missing.and_then(|score| Some((score, grade(score)?))) {
        found(severity, format!("whether it has a value tells `{label_name}` with an AUC of {score:.3}"));
    }
    if let Some(PureValue { row, rows, label, share }) = alone.pure {
        let label = if label { "yes" } else { "no" };
        let place = match column {
            Column::Number(values) if !values[row].is_nan() => format!("in the quantile bin of {}", values[row]),
            _ if column.is_missing(row) => "without a value".to_owned(),
            _ => format!("with the value of data row {}", row + 1),
        };
        let percent = 100.0 * share;
        let evidence = format!("all {rows} rows {place} have `{label_name}` = {label}, {percent:.1} % of all that do");
        found(Severity::Stop, evidence);
    }
    Ok(findings)
}

/// Smoothed means of the label over the other folds' rows with the same value.
fn out_of_fold(values: &Binned, labels: &Labels<'_>, config: &LeakConfig) -> Vec<f64> {
    let fold = |row: usize| (mixed(row as u64) % u64::from(config.folds)) as u32;
    let mut sums = vec![(0.0, 0.0); values.count];
    let mut all = (0.0, 0.0);
    for (row, &value) in values.bins.iter().enumerate() {
        let label = labels.value(row);
        add(&mut sums[value as usize], label);
        add(&mut all, label);
    }
    let mut scores = vec![0.0; labels.len()];
    for held_out in 0..config.folds {
        let mut own = vec![(0.0, 0.0); values.count];
        let mut own_all = (0.0, 0.0);
        let rows: Vec<usize> = (0..labels.len()).filter(|&row| fold(row) == held_out).collect();
        for &row in &rows {
            add(&mut own[values.bins[row] as usize], labels.value(row));
            add(&mut own_all, labels.value(row));
        }
        let rest = (all.0 - own_all.0, all.1 - own_all.1);
        let prior = if rest.1 > 0.0 { rest.0 / rest.1 } else { 0.0 };
        for row in rows {
            let value = values.bins[row] as usize;
            let (sum, count) = (sums[value].0 - own[value].0, sums[value].1 - own[value].1);
            let weight = count + config.smoothing;
            scores[row] = if weight > 0.0 { (sum + config.smoothing * prior) / weight } else { prior };
        }
    }
    scores
}

fn add(sums: &mut (f64, f64), label: f64) {
    sums.0 += label;
    sums.1 += 1.0;
}

/// The AUC of having no value, turned to be at least one half.
fn missing_auc(column: &Column<'_>, labels: &[bool]) -> Result<Option<f64>, Error> {
    let missing: Vec<f64> = (0..labels.len()).map(|row| f64::from(u8::from(column.is_missing(row)))).collect();
    let count: f64 = missing.iter().sum();
    if count == 0.0 || count == missing.len() as f64 {
        return Ok(None);
    }
    Ok(roc_auc(&Predictions::new(&missing, labels)?).ok().map(|auc| auc.max(1.0 - auc)))
}

fn r_squared(scores: &[f64], labels: &[f64]) -> Metric {
    let mean = labels.iter().sum::<f64>() / labels.len() as f64;
    let total: f64 = labels.iter().map(|label| (label - mean).powi(2)).sum();
    if total <= 0.0 {
        return Err(Undefined::NoOrderedPair);
    }
    let left: f64 = scores.iter().zip(labels).map(|(score, label)| (label - score).powi(2)).sum();
    Ok(1.0 - left / total)
}

/// Of the values all of whose rows carry the rarer label, the one with most rows, if it has enough of them.
fn pure_value(values: &Binned, labels: &[bool], config: &LeakConfig) -> Option<PureValue> {
    let positives = labels.iter().filter(|&&label| label).count();
    let rarer = 2 * positives <= labels.len();
    let carriers = if rarer { positives } else { labels.len() - positives } as f64;
    let mut seen = vec![(0_u64, 0_u64, 0_usize); values.count];
    for (row, (&value, &label)) in values.bins.iter().zip(labels).enumerate() {
        let (rows, carried, example) = &mut seen[value as usize];
        if *rows == 0 {
            *example = row;
        }
        *rows += 1;
        *carried += u64::from(label == rarer);
    }
    let (base, tries) = (carriers / labels.len() as f64, values.count as f64);
    let telling = |rows: u64| {
        rows >= config.pure_rows
            && rows as f64 >= config.pure_share * carriers
            && rows as f64 * base.ln() + tries.ln() < SURPRISE.ln()
    };
    let (rows, _, row) =
        seen.into_iter().filter(|(rows, carried, _)| rows == carried && telling(*rows)).max_by_key(|seen| seen.0)?;
    Some(PureValue { row, rows, label: rarer, share: rows as f64 / carriers })
}

#[cfg(test)]
mod tests {
    use super::super::column::MISSING;
    use super::*;

    const CONFIG: LeakConfig = LeakConfig {
        suspect_auc: 0.8,
        certain_auc: 0.99,
        suspect_r2: 0.8,
        certain_r2: 0.99,
        folds: 5,
        bins: 100,
        smoothing: 10.0,
        pure_rows: 20,
        pure_share: 0.01,
    };

    /// A number in [0, 1) that goes with no period.
    fn chance(row: usize, salt: u64) -> f64 {
        (mixed(mixed(row as u64) ^ salt) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn found(column: &Column<'_>, labels: &[bool]) -> Result<Vec<Severity>, Error> {
        let findings = leak("c", column, "y", &Labels::Binary(labels), &CONFIG)?;
        Ok(findings.into_iter().map(|finding| finding.severity).collect())
    }

    #[test]
    fn scores_are_the_smoothed_means_of_the_other_folds() {
        let codes: Vec<u32> = (0..60).map(|row| (chance(row, 1) * 4.0) as u32).collect();
        let labels: Vec<bool> = (0..60).map(|row| chance(row, 2) < 0.4).collect();
        let values = binned(&Column::Category(&codes), 0);
        let scores = out_of_fold(&values, &Labels::Binary(&labels), &CONFIG);
        for row in 0..60 {
            // Row by row, from the definition.
            let others: Vec<usize> =
                (0..60).filter(|&other| mixed(other as u64) % 5 != mixed(row as u64) % 5).collect();
            let mean = |rows: &[usize]| rows.iter().filter(|&&row| labels[row]).count() as f64;
            let prior = mean(&others) / others.len() as f64;
            let same: Vec<usize> = others.into_iter().filter(|&other| codes[other] == codes[row]).collect();
            let expected = (mean(&same) + 10.0 * prior) / (same.len() as f64 + 10.0);
            assert!((scores[row] - expected).abs() < 1e-12, "row {row}: {} instead of {expected}", scores[row]);
        }
    }

    #[test]
    fn a_relation_of_any_shape_is_found() -> Result<(), Error> {
        let values: Vec<f64> = (0..2000).map(|row| 4.0 * chance(row, 1) - 2.0).collect();
        // Both ends are positive: the order of the values themselves tells nothing.
        let labels: Vec<bool> =
            values.iter().enumerate().map(|(row, x)| x.abs() > 1.2 || chance(row, 9) < 0.02).collect();
        let plain = roc_auc(&Predictions::new(&values, &labels)?)?;
        assert!((plain - 0.5).abs() < 0.05, "{plain}");
        let alone = alone(&Column::Number(&values), &Labels::Binary(&labels), &CONFIG)?;
        assert!(alone.score.clone()? > 0.97, "{alone:?}");
        // A weak relation stays below.
        let weak: Vec<bool> = values.iter().enumerate().map(|(row, x)| chance(row, 7) < 0.3 + 0.1 * x).collect();
        assert_eq!(found(&Column::Number(&values), &weak)?, []);
        Ok(())
    }

    #[test]
    fn ids_with_few_rows_raise_no_alarm() -> Result<(), Error> {
        let labels: Vec<bool> = (0..3000).map(|row| chance(row, 3) < 0.3).collect();
        for rows_per_id in [1, 2, 5] {
            let ids: Vec<u32> = (0..3000).map(|row| row / rows_per_id).collect();
            let alone = alone(&Column::Category(&ids), &Labels::Binary(&labels), &CONFIG)?;
            assert!((alone.score.clone()? - 0.5).abs() < 0.06, "{rows_per_id}: {alone:?}");
            assert_eq!(found(&Column::Category(&ids), &labels)?, []);
        }
        // Within the fold a unique id would name every label.
        let in_fold: Vec<f64> = labels.iter().map(|&label| f64::from(u8::from(label))).collect();
        assert_eq!(roc_auc(&Predictions::new(&in_fold, &labels)?)?, 1.0);
        // Ids that are numbers and rise with the rows are no better.
        let rising: Vec<f64> = (0..3000).map(f64::from).collect();
        assert_eq!(found(&Column::Number(&rising), &labels)?, []);
        Ok(())
    }

    #[test]
    fn a_value_that_is_missing_after_the_outcome_is_found() -> Result<(), Error> {
        let labels: Vec<bool> = (0..1000).map(|row| row % 10 == 0).collect();
        // The reason of a return exists for 9 of 10 buyers and for nobody else.
        let reasons: Vec<u32> = (0..1000)
            .map(|row| if row % 10 == 0 && chance(row, 1) < 0.9 { (row % 3) as u32 } else { MISSING })
            .collect();
        let alone = alone(&Column::Category(&reasons), &Labels::Binary(&labels), &CONFIG)?;
        // AUC of a yes-or-no score is (1 + sensitivity − false alarms)/2.
        let share = reasons.iter().filter(|&&code| code != MISSING).count() as f64 / 100.0;
        assert!(alone.missing.is_some_and(|auc| (auc - (1.0 + share) / 2.0).abs() < 1e-12), "{alone:?}");
        assert_eq!(
            found(&Column::Category(&reasons), &labels)?,
            [Severity::Warning, Severity::Warning, Severity::Stop]
        );
        let full = vec![0; 1000];
        let alone = super::alone(&Column::Category(&full), &Labels::Binary(&labels), &CONFIG)?;
        assert_eq!((alone.missing, alone.pure), (None, None));
        Ok(())
    }

    #[test]
    fn a_value_that_gives_the_rarer_label_away_is_found() -> Result<(), Error> {
        let labels: Vec<bool> = (0..5000).map(|row| chance(row, 4) < 0.1).collect();
        // One in twelve positives is marked; everything else is noise, so the AUC stays low.
        let marked: Vec<u32> = labels
            .iter()
            .enumerate()
            .map(|(row, &label)| if label && chance(row, 5) < 0.08 { 77 } else { (10.0 * chance(row, 6)) as u32 })
            .collect();
        let findings = leak("mark", &Column::Category(&marked), "y", &Labels::Binary(&labels), &CONFIG)?;
        assert_eq!(findings.len(), 1, "{findings:?}");
        let rows = marked.iter().filter(|&&code| code == 77).count();
        assert!(findings[0].evidence.starts_with(&format!("all {rows} rows with the value of data row ")));
        assert!(findings[0].evidence.contains(" have `y` = yes, ") && findings[0].severity == Severity::Stop);
        // Turned round, the rarer label is "no".
        let turned: Vec<bool> = labels.iter().map(|label| !label).collect();
        let pure = alone(&Column::Category(&marked), &Labels::Binary(&turned), &CONFIG)?.pure;
        assert!(pure.is_some_and(|pure| !pure.label && pure.rows == rows as u64), "{pure:?}");
        // Twenty rows of one label out of two are chance, if there are many values to look at.
        let codes: Vec<u32> = (0..5000).map(|row| row / 20).collect();
        let halves: Vec<bool> = (0..5000).map(|row| row / 20 == 3 || chance(row, 8) < 0.45).collect();
        let few = LeakConfig { pure_share: 0.001, ..CONFIG };
        assert_eq!(alone(&Column::Category(&codes), &Labels::Binary(&halves), &few)?.pure, None);
        Ok(())
    }

    #[test]
    fn numbers_are_judged_by_their_variance() -> Result<(), Error> {
        let labels: Vec<f64> = (0..2000).map(|row| chance(row, 1)).collect();
        let copied: Vec<f64> = labels.iter().map(|label| 10.0 - 3.0 * label).collect();
        let findings = leak("copy", &Column::Number(&copied), "time", &Labels::Number(&labels), &CONFIG)?;
        // 40 rows of other folds in a bin, smoothed by 10: a fifth of each deviation is lost, and its square of the variance.
        assert_eq!(findings[0].severity, Severity::Warning, "{findings:?}");
        assert!(findings[0].evidence.starts_with("alone it tells `time` with an R² of 0.95"), "{findings:?}");
        let noise: Vec<f64> = (0..2000).map(|row| chance(row, 2)).collect();
        let alone = alone(&Column::Number(&noise), &Labels::Number(&labels), &CONFIG)?;
        assert!(alone.score.clone()?.abs() < 0.1, "{alone:?}");
        let constant = super::alone(&Column::Number(&noise), &Labels::Number(&[1.0; 2000]), &CONFIG)?;
        assert!(constant.score.is_err());
        Ok(())
    }

    #[test]
    fn bad_input_is_refused_and_one_class_finds_nothing() -> Result<(), Error> {
        let column = Column::Number(&[1.0, 2.0]);
        assert!(matches!(found(&column, &[true]), Err(Error::UnequalLengths { left_len: 2, right_len: 1, .. })));
        assert!(matches!(found(&Column::Number(&[]), &[]), Err(Error::Empty { .. })));
        let odd = LeakConfig { certain_auc: 0.7, ..CONFIG };
        let error = alone(&column, &Labels::Binary(&[true, false]), &odd).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("certain_auc: 0.7 is not between 0.8 and 1; mend the threshold"));
        assert!(alone(&column, &Labels::Number(&[1.0, f64::INFINITY]), &CONFIG).is_err());
        assert_eq!(found(&column, &[true, true])?, []);
        assert_eq!(LeakConfig::default(), CONFIG);
        Ok(())
    }
}
