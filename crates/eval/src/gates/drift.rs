//! Drift: do two samples of a column look alike?
//!
//! ```text
//! bins      numbers: 10 quantile bins of the first sample; categories: its 30 commonest values with at least 1 % each, the others
//!           together; no value is a bin of its own
//! shares    p_b = (n_b + ½)/(n + B/2),  q_b = (m_b + ½)/(m + B/2)                          no share is 0
//! PSI       Σ_b (q_b − p_b) ln(q_b/p_b)                                                     .1 notice, .25 warning
//! chance    without drift PSI is about (1/n + 1/m) · χ²_{B−1}: expected (B − 1)(1/n + 1/m), and once in a thousand above its quantile
//! L∞        max_b |m_b/m − n_b/n|
//! KS        sup_x |F_m(x) − F_n(x)| of the numbers that are there
//! ```
//!
//! A finding needs a PSI that exceeds its threshold by more than what chance is expected to give, and that chance alone gives less than
//! once in a thousand: small samples are not blamed. A single share that moved by .1 is a notice even where PSI is small.
//!
//! # Reference
//! PSI: Yurdakul & Naranjo, "Statistical properties of the population stability index", Journal of Risk Model Validation 14 (2020), whose
//! χ² law and rule of thumb this is; L∞ as in TensorFlow Data Validation (Caveness et al., SIGMOD 2020); KS: Smirnov (1948).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::binning::{bin_of, quantile_edges};
use super::column::{Column, MISSING, within};
use super::finding::{Finding, Severity};
use crate::error::Error;

/// Categories that have a bin of their own.
const COMMONEST: usize = 30;
/// Share from which a category has one.
const COMMON: f64 = 0.01;
/// Chance below which a difference is none of chance.
const CHANCE: f64 = 1e-3;

/// Thresholds of [`drift`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriftConfig {
    /// PSI from which drift is noticed, 0 to 100.
    pub notice_psi: f64,
    /// PSI from which it is warned of, `notice_psi` to 100.
    pub warning_psi: f64,
    /// Change of one bin's share (L∞) that is noticed, 0 to 1.
    pub notice_share: f64,
    /// Share of rows of the second sample with values that the first never had, which is noticed, 0 to 1.
    pub notice_new: f64,
    /// Quantile bins of numbers, 2 to 1,000.
    pub bins: u32,
}

impl Default for DriftConfig {
    fn default() -> Self {
        Self { notice_psi: 0.1, warning_psi: 0.25, notice_share: 0.1, notice_new: 0.1, bins: 10 }
    }
}

impl DriftConfig {
    /// Checks every key.
    ///
    /// # Errors
    /// [`Error::Threshold`] with the first key out of its range.
    pub fn check(&self) -> Result<(), Error> {
        within("notice_psi", self.notice_psi, 0.0, 100.0)?;
        within("warning_psi", self.warning_psi, self.notice_psi, 100.0)?;
        within("notice_share", self.notice_share, 0.0, 1.0)?;
        within("notice_new", self.notice_new, 0.0, 1.0)?;
        within("bins", self.bins.into(), 2.0, 1000.0)
    }
}

/// How much a column differs between two samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Drift {
    /// Population stability index.
    pub psi: f64,
    /// Its expectation without drift.
    pub expected: f64,
    /// What it exceeds once in a thousand without drift.
    pub by_chance: f64,
    /// Bins that were compared.
    pub bins: usize,
    /// Largest change of a bin's share, L∞.
    pub largest_change: f64,
    /// Standard error of that change without drift.
    pub change_error: f64,
    /// Kolmogorov-Smirnov distance of numbers; none for categories, or where a sample has no number.
    pub distance: Option<f64>,
    /// Categories: share of the second sample's rows with a value that the first never had.
    pub new_share: Option<f64>,
    /// Share of rows without a value in the first sample.
    pub missing_before: f64,
    /// The same in the second.
    pub missing_after: f64,
}

/// Measures the difference between two samples of one column.
///
/// # Errors
/// A sample without rows, two samples of different kinds, a threshold out of its range.
pub fn drift_of(before: &Column<'_>, after: &Column<'_>, config: &DriftConfig) -> Result<Drift, Error> {
    config.check()?;
    for (what, sample) in [("first sample", before), ("second sample", after)] {
        if sample.is_empty() {
            return Err(Error::Empty { what });
        }
    }
    let (old, new, distance, new_share) = match (before, after) {
        (Column::Number(before), Column::Number(after)) => {
            let edges = quantile_edges(before, config.bins as usize);
            let count = |values: &[f64]| counts(values.iter().map(|value| bin_of(*value, &edges)), edges.len() + 2);
            (count(before), count(after), kolmogorov_smirnov(before, after), None)
        }
        (Column::Category(before), Column::Category(after)) => {
            let bins = Categories::of(before);
            let count = |codes: &[u32]| counts(codes.iter().map(|code| bins.bin(*code)), bins.common.len() + 2);
            let unseen = after.iter().filter(|&&code| code != MISSING && !bins.seen.contains_key(&code)).count();
            (count(before), count(after), None, Some(unseen as f64 / after.len() as f64))
        }
        (Column::Number(_), Column::Category(_)) | (Column::Category(_), Column::Number(_)) => {
            return Err(Error::NothingInCommon {
                what: "kind of column",
                a: kind(before).to_owned(),
                b: kind(after).to_owned(),
            });
        }
    };
    let (missing_before, missing_after) = (share_of_last(&old), share_of_last(&new));
    Ok(Drift { distance, new_share, missing_before, missing_after, ..compared(&old, &new) })
}

/// Judges the difference between two samples, `before` (train) and `after` (test, or what a service sees).
///
/// # Errors
/// As [`drift_of`].
pub fn drift(
    column_name: &str,
    before: &Column<'_>,
    after: &Column<'_>,
    config: &DriftConfig,
) -> Result<Vec<Finding>, Error> {
    let drift = drift_of(before, after, config)?;
    let excess = drift.psi - drift.expected;
    let real = drift.psi > drift.by_chance;
    let moved = drift.largest_change >= config.notice_share && drift.largest_change > 4.0 * drift.change_error;
    let severity = if real && excess >= config.warning_psi {
        Some(Severity::Warning)
    } else if (real && excess >= config.notice_psi) || moved {
        Some(Severity::Notice)
    } else {
        None
    };
    let mut findings = Vec::new();
    let mut found = |severity, evidence: String, mend: &str| {
        let column = Some(column_name.to_owned());
        findings.push(Finding { gate: "drift", severity, column, evidence, mend: mend.to_owned() });
    };
    if let Some(severity) = severity {
        found(
            severity,
            evidence(&drift),
            "leave the column out, train on newer rows, or write it so that it holds longer (a difference, a ratio)",
        );
    }
    if let Some(share) = drift.new_share.filter(|&share| share >= config.notice_new && share > 0.0) {
        let evidence = format!("{:.1} % of the later rows hold values that the earlier never had", 100.0 * share);
        found(Severity::Notice, evidence, "describe the value by attributes, or hash it into buckets");
    }
    Ok(findings)
}

fn evidence(drift: &Drift) -> String {
    let &Drift { psi, expected, largest_change, .. } = drift;
    let mut text = format!(
        "PSI {psi:.3} (without drift {expected:.3}), largest change of a share {:.1} points",
        100.0 * largest_change
    );
    if let Some(distance) = drift.distance {
        text += &format!(", KS {distance:.3}");
    }
    if (drift.missing_after - drift.missing_before).abs() >= 0.05 {
        let (before, after) = (100.0 * drift.missing_before, 100.0 * drift.missing_after);
        text += &format!(", without a value {before:.1} % before and {after:.1} % after");
    }
    text
}

fn kind(column: &Column<'_>) -> &'static str {
    match column {
        Column::Number(_) => "numbers",
        Column::Category(_) => "categories",
    }
}

/// Rows per bin; the last bin is that of no value.
fn counts(bins: impl Iterator<Item = Option<usize>>, size: usize) -> Vec<f64> {
    let mut counts = vec![0.0; size];
    bins.for_each(|bin| counts[bin.unwrap_or(size - 1)] += 1.0);
    counts
}

fn share_of_last(counts: &[f64]) -> f64 {
    counts.last().copied().unwrap_or_default() / counts.iter().sum::<f64>()
}

/// Which categories have a bin.
struct Categories {
    seen: HashMap<u32, usize>,
    common: HashMap<u32, usize>,
}

impl Categories {
    fn of(codes: &[u32]) -> Self {
        let mut seen = HashMap::new();
        codes.iter().filter(|&&code| code != MISSING).for_each(|&code| *seen.entry(code).or_insert(0) += 1);
        let mut order: Vec<(u32, usize)> = seen
            .iter()
            .map(|(&code, &rows)| (code, rows))
            .filter(|&(_, rows)| rows as f64 >= COMMON * codes.len() as f64)
            .collect();
        order.sort_unstable_by_key(|&(code, rows)| (std::cmp::Reverse(rows), code));
        order.truncate(COMMONEST);
        let common = order.into_iter().enumerate().map(|(bin, (code, _))| (code, bin)).collect();
        Self { seen, common }
    }

    /// Its own bin, or the one of all others; none for no value.
    fn bin(&self, code: u32) -> Option<usize> {
        (code != MISSING).then(|| self.common.get(&code).copied().unwrap_or(self.common.len()))
    }
}

/// PSI, L∞ and their chance; bins that are empty in both samples do not count.
fn compared(old: &[f64], new: &[f64]) -> Drift {
    let pairs: Vec<(f64, f64)> = old.iter().copied().zip(new.iter().copied()).filter(|(n, m)| n + m > 0.0).collect();
    let (n, m) = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let bins = pairs.len() as f64;
    let (mut psi, mut largest_change, mut change_error) = (0.0, 0.0, 0.0);
    let per_row = 1.0 / n + 1.0 / m;
    for (before, after) in pairs.iter().copied() {
        let (p, q): (f64, f64) = ((before + 0.5) / (n + bins / 2.0), (after + 0.5) / (m + bins / 2.0));
        psi += (q - p) * (q / p).ln();
        let change = (after / m - before / n).abs();
        if change > largest_change {
            let pooled = (before + after) / (n + m);
            (largest_change, change_error) = (change, (pooled * (1.0 - pooled) * per_row).sqrt());
        }
    }
    let freedom = bins - 1.0;
    let quantile = ChiSquared::new(freedom).map_or(0.0, |law| law.inverse_cdf(1.0 - CHANCE));
    Drift {
        psi,
        expected: freedom * per_row,
        by_chance: quantile * per_row,
        bins: pairs.len(),
        largest_change,
        change_error,
        distance: None,
        new_share: None,
        missing_before: 0.0,
        missing_after: 0.0,
    }
}

/// The largest distance between two empirical distribution functions; NaN is left out.
pub(super) fn kolmogorov_smirnov(before: &[f64], after: &[f64]) -> Option<f64> {
    let sorted = |values: &[f64]| {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    };
    let (a, b) = (sorted(before), sorted(after));
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        // Past all that are equal, on both sides.
        i += a[i..].iter().take_while(|&&x| x <= value).count();
        j += b[j..].iter().take_while(|&&x| x <= value).count();
        distance = distance.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    (!a.is_empty() && !b.is_empty()).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::super::binning::mixed;
    use super::*;

    /// A number in [0, 1) that goes with no period.
    fn chance(row: usize, salt: u64) -> f64 {
        (mixed(mixed(row as u64) ^ salt) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn sample(rows: usize, salt: u64, f: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..rows).map(|row| f(chance(row, salt))).collect()
    }

    fn found(before: &Column<'_>, after: &Column<'_>) -> Result<Vec<Severity>, Error> {
        Ok(drift("c", before, after, &DriftConfig::default())?.into_iter().map(|finding| finding.severity).collect())
    }

    #[test]
    fn by_hand() -> Result<(), Error> {
        // Codes 0, 1: 60 and 40 of 100 against 30 and 70 of 100; no other bin is filled.
        let codes = |zeros: u32| (0..100).map(|row| u32::from(row >= zeros)).collect::<Vec<_>>();
        let (before, after) = (codes(60), codes(30));
        let drift = drift_of(&Column::Category(&before), &Column::Category(&after), &DriftConfig::default())?;
        let (p, q): ([f64; 2], [f64; 2]) = ([60.5 / 101.0, 40.5 / 101.0], [30.5 / 101.0, 70.5 / 101.0]);
        let psi: f64 = (0..2).map(|b| (q[b] - p[b]) * (q[b] / p[b]).ln()).sum();
        assert!((drift.psi - psi).abs() < 1e-12 && (psi - 0.368).abs() < 1e-3, "{drift:?}");
        assert!((drift.expected - 0.02).abs() < 1e-12 && drift.bins == 2);
        // χ² of one degree of freedom is above 10.828 once in a thousand.
        assert!((drift.by_chance - 0.02 * 10.828).abs() < 1e-4, "{drift:?}");
        assert!((drift.largest_change - 0.3).abs() < 1e-12);
        assert!((drift.change_error - (0.45_f64 * 0.55 * 0.02).sqrt()).abs() < 1e-12);
        assert_eq!((drift.distance, drift.new_share, drift.missing_after), (None, Some(0.0), 0.0));
        Ok(())
    }

    #[test]
    fn distances_by_hand() {
        // F: 1 2 3 4, G: 3 4 5 6: at 2 the one is ½, the other 0.
        assert_eq!(kolmogorov_smirnov(&[4.0, 1.0, 3.0, 2.0], &[3.0, 4.0, 5.0, 6.0]), Some(0.5));
        assert_eq!(kolmogorov_smirnov(&[1.0, 1.0, f64::NAN], &[1.0]), Some(0.0));
        assert_eq!(kolmogorov_smirnov(&[1.0], &[2.0]), Some(1.0));
        assert_eq!(kolmogorov_smirnov(&[f64::NAN], &[2.0]), None);
    }

    #[test]
    fn chance_is_not_blamed_whatever_the_size() -> Result<(), Error> {
        for (index, rows) in [30, 100, 1000, 20_000].into_iter().enumerate() {
            for salt in 0..40 {
                let (a, b) = (sample(rows, 100 * salt + 1, |x| x), sample(rows / 2, 100 * salt + 2, |x| x));
                assert_eq!(found(&Column::Number(&a), &Column::Number(&b))?, [], "{rows} rows, {salt}, {index}");
            }
        }
        Ok(())
    }

    #[test]
    fn without_drift_the_index_is_what_is_expected() -> Result<(), Error> {
        let mut mean = 0.0;
        for salt in 0..200 {
            let (a, b) = (sample(2000, 1000 + salt, |x| x), sample(500, 5000 + salt, |x| x));
            let drift = drift_of(&Column::Number(&a), &Column::Number(&b), &DriftConfig::default())?;
            assert!((drift.expected - 9.0 * (1.0 / 2000.0 + 1.0 / 500.0)).abs() < 1e-12, "{drift:?}");
            mean += drift.psi / drift.expected / 200.0;
        }
        // χ²/9 has standard deviation √(2/9); over 200 samples .033.
        assert!((mean - 1.0).abs() < 0.14, "{mean}");
        Ok(())
    }

    #[test]
    fn drift_is_found_in_place_shape_and_missing_values() -> Result<(), Error> {
        let before = sample(5000, 1, |x| x);
        let column = Column::Number(&before);
        assert_eq!(found(&column, &Column::Number(&sample(5000, 2, |x| x + 0.3)))?, [Severity::Warning]);
        assert_eq!(found(&column, &Column::Number(&sample(5000, 3, |x| x.powf(1.5))))?, [Severity::Notice]);
        let narrow =
            drift("c", &column, &Column::Number(&sample(5000, 4, |x| 0.25 + x / 2.0)), &DriftConfig::default())?;
        assert_eq!(narrow[0].severity, Severity::Warning);
        let gone: Vec<f64> =
            before.iter().enumerate().map(|(row, &x)| if row % 4 == 0 { f64::NAN } else { x }).collect();
        let gone = drift("c", &column, &Column::Number(&gone), &DriftConfig::default())?;
        assert!(gone[0].to_string().contains("without a value 0.0 % before and 25.0 % after"), "{gone:?}");
        assert!(gone[0].evidence.contains("largest change of a share 25.0 points, KS 0.0"), "{gone:?}");
        Ok(())
    }

    #[test]
    fn new_values_are_noticed_and_rare_ones_pooled() -> Result<(), Error> {
        // A thousand values of ten rows each have no bin of their own.
        let before: Vec<u32> = (0..10_000).map(|row| row / 10).collect();
        let after: Vec<u32> = (0..10_000).map(|row| 200 + row / 10).collect();
        let drift = drift_of(&Column::Category(&before), &Column::Category(&after), &DriftConfig::default())?;
        assert_eq!((drift.bins, drift.psi, drift.new_share), (1, 0.0, Some(0.2)));
        assert_eq!(found(&Column::Category(&before), &Column::Category(&after))?, [Severity::Notice]);
        assert_eq!(found(&Column::Category(&before), &Column::Category(&before))?, []);
        Ok(())
    }

    #[test]
    fn bad_input_is_refused() {
        let (numbers, codes) = (Column::Number(&[1.0]), Column::Category(&[1]));
        assert!(matches!(found(&numbers, &Column::Number(&[])), Err(Error::Empty { what: "second sample" })));
        assert!(matches!(found(&numbers, &codes), Err(Error::NothingInCommon { .. })));
        let odd = DriftConfig { warning_psi: 0.05, ..DriftConfig::default() };
        assert!(matches!(drift_of(&codes, &codes, &odd), Err(Error::Threshold { what: "warning_psi", .. })));
    }
}
