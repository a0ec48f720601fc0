//! Propensity: do logged propensities calibrate, and did the policy stand still?
//!
//! ```text
//! calibration    m_a = 1/n Σ_i [a_i = a]/p_i = 1 in expectation, if a can be taken in every row; equally: a was taken n_a times where
//!                n_a/m_a were expected. Also for bins of actions of like propensity, and Σ_i 1/p_i / n = number of actions
//! stationarity   per position: the log in K blocks of equal rows; ln p of each block against the first, by KS and PSI;
//!                per action: ln p in the second half of the log against the first (`off_policy::PropensityDiagnostics`)
//! ```
//!
//! A finding needs chance below `significance`, corrected by Holm for all that was tested, and an effect that matters: m_a off by more than
//! `tolerance`, a KS distance of `distance` or more. Where a few rows hold most of the weight (effective size below 20) nothing is said.
//!
//! Propensities that are given the items above (a slate drawn without repeats) calibrate at the first place only: below it, an item that
//! stands above already cannot be taken. Pass the first places then. A distribution of ln p can also move because other users come;
//! that too makes blocks of the log unlike.
//!
//! # Reference
//! Li et al., "Unbiased offline evaluation of contextual-bandit-based news article recommendation algorithms", WSDM 2011; KS tail:
//! Stephens, "Use of the Kolmogorov-Smirnov, Cramér-von Mises and related statistics without extensive tables", JRSS B 32 (1970).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::column::{Column, within};
use super::drift::{DriftConfig, drift_of, kolmogorov_smirnov};
use super::finding::{Finding, Severity};
use crate::comparison::Correction;
use crate::error::Error;
use crate::off_policy::PropensityDiagnostics;

/// Effective rows below which a mean of 1/p says nothing.
const EFFECTIVE: f64 = 20.0;
/// Expected rows from which an action is pooled with others; rarer ones are seen by luck.
const EXPECTED: f64 = 5.0;
/// Bins of actions of like propensity.
const BINS: usize = 5;

/// Thresholds of [`propensity`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PropensityConfig {
    /// Blocks of the log, 2 to 1,000.
    pub blocks: u32,
    /// Rows that a block must have, 10 to 10⁹; with fewer there are fewer blocks.
    pub block_rows: u32,
    /// KS distance from which a block has moved, 0 to 1.
    pub distance: f64,
    /// How far a mean of 1/p may be from what it should be, as a share, 0 to 10.
    pub tolerance: f64,
    /// Chance below which a difference is none of chance, above 0 and at most 0.5.
    pub significance: f64,
    /// Whether calibration is asked at all. Turn it off where actions are many against the rows: those that some users hardly
    /// ever see are then missing from the sample, and from every estimate of its error.
    pub calibrate: bool,
}

impl Default for PropensityConfig {
    fn default() -> Self {
        Self { blocks: 5, block_rows: 100, distance: 0.1, tolerance: 0.05, significance: 1e-3, calibrate: true }
    }
}

impl PropensityConfig {
    /// Checks every key.
    ///
    /// # Errors
    /// [`Error::Threshold`] with the first key out of its range.
    pub fn check(&self) -> Result<(), Error> {
        within("blocks", self.blocks.into(), 2.0, 1000.0)?;
        within("block_rows", self.block_rows.into(), 10.0, 1e9)?;
        within("distance", self.distance, 0.0, 1.0)?;
        within("tolerance", self.tolerance, 0.0, 10.0)?;
        within("significance", self.significance, f64::MIN_POSITIVE, 0.5)
    }
}

/// A block of one position's rows against the first block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Block {
    /// The position.
    pub position: u32,
    /// Number of the block, from 2.
    pub block: usize,
    /// Mean of ln p in the first block.
    pub first_mean: f64,
    /// Mean of ln p in this block.
    pub mean: f64,
    /// Kolmogorov-Smirnov distance of ln p.
    pub distance: f64,
    /// Population stability index of ln p.
    pub psi: f64,
    /// Probability of such a distance by chance, corrected for the number of blocks.
    pub p: f64,
}

/// How the propensities move over the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stationarity {
    /// All blocks but the first of each position.
    pub blocks: Vec<Block>,
}

impl Stationarity {
    /// The blocks that moved: far enough, and not by chance.
    pub fn moved(&self, config: &PropensityConfig) -> impl Iterator<Item = &Block> {
        let &PropensityConfig { distance, significance, .. } = config;
        self.blocks.iter().filter(move |block| block.distance >= distance && block.p < significance)
    }
}

/// Compares the blocks of a log, whose rows are in the order of time.
///
/// # Shapes
/// One propensity in (0, 1] per row, and one position per row or no position at all.
///
/// # Errors
/// No rows, unequal lengths, a propensity outside (0, 1], a threshold out of its range.
pub fn stationarity(propensity: &[f64], position: &[u32], config: &PropensityConfig) -> Result<Stationarity, Error> {
    config.check()?;
    check(propensity)?;
    if !position.is_empty() && position.len() != propensity.len() {
        let (left_len, right_len) = (position.len(), propensity.len());
        return Err(Error::UnequalLengths { left: "position", left_len, right: "propensity", right_len });
    }
    let mut logs: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (row, p) in propensity.iter().enumerate() {
        logs.entry(position.get(row).copied().unwrap_or_default()).or_default().push(p.ln());
    }
    let mut blocks = Vec::new();
    for (position, logs) in logs {
        let count = (logs.len() / config.block_rows as usize).min(config.blocks as usize);
        if count < 2 {
            continue;
        }
        let cut = |block: usize| &logs[block * logs.len() / count..(block + 1) * logs.len() / count];
        for block in 1..count {
            blocks.push(compared(position, block, cut(0), cut(block))?);
        }
    }
    let chances: Vec<f64> = blocks.iter().map(|block| block.p).collect();
    for (block, p) in blocks.iter_mut().zip(Correction::Holm.adjust(&chances)) {
        block.p = p;
    }
    Ok(Stationarity { blocks })
}

fn compared(position: u32, block: usize, first: &[f64], later: &[f64]) -> Result<Block, Error> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let distance = kolmogorov_smirnov(first, later).unwrap_or_default();
    let psi = drift_of(&Column::Number(first), &Column::Number(later), &DriftConfig::default())?.psi;
    let p = smirnov_tail(distance, first.len() as f64, later.len() as f64);
    Ok(Block { position, block: block + 1, first_mean: mean(first), mean: mean(later), distance, psi, p })
}

/// Probability that two samples of one distribution lie at least this far apart.
fn smirnov_tail(distance: f64, n: f64, m: f64) -> f64 {
    let root = (n * m / (n + m)).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * distance;
    // The series is useless near 0, where the probability is 1.
    if lambda < 0.2 {
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k * k) * lambda * lambda).exp()
    };
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}

/// Judges the propensities of a log, whose rows are in the order of time.
///
/// # Shapes
/// One action below `actions` and one propensity in (0, 1] per row, and one position per row or no position at all.
///
/// # Errors
/// As [`stationarity`], or an action that is not below `actions`.
pub fn propensity(
    action: &[u32],
    propensity: &[f64],
    actions: usize,
    position: &[u32],
    config: &PropensityConfig,
) -> Result<Vec<Finding>, Error> {
    let mut findings = if config.calibrate { calibration(action, propensity, actions, config)? } else { Vec::new() };
    let stationarity = stationarity(propensity, position, config)?;
    let moved: Vec<&Block> = stationarity.moved(config).collect();
    let drifting = PropensityDiagnostics::of(action, propensity, actions)?.drifting_share.unwrap_or_default();
    let mut evidence = Vec::new();
    if let Some(worst) = moved.iter().max_by(|a, b| a.distance.total_cmp(&b.distance)) {
        let place = if position.is_empty() { String::new() } else { format!(" at position {}", worst.position) };
        evidence.push(format!(
            "{} of {} later blocks of the log differ from the first, most of all block {}{place} with KS {:.3}, PSI {:.3}, mean ln p {:.3} instead of {:.3}",
            moved.len(),
            stationarity.blocks.len(),
            worst.block,
            worst.distance,
            worst.psi,
            worst.mean,
            worst.first_mean
        ));
    }
    if drifting > PropensityDiagnostics::DRIFT {
        let percent = 100.0 * drifting;
        evidence.push(format!("{percent:.0} % of the rows are of actions whose p moved between the halves of the log"));
    }
    if !evidence.is_empty() {
        let evidence = format!("propensities are not stationary: {}", evidence.join(", and "));
        let mend = "evaluate the blocks one by one, and take intervals over all rows as approximate";
        findings.push(finding(Severity::Warning, evidence, mend));
    }
    Ok(findings)
}

fn finding(severity: Severity, evidence: String, mend: &str) -> Finding {
    Finding { gate: "propensity", severity, column: None, evidence, mend: mend.to_owned() }
}

/// Sums of 1/p over the rows of an action, or of several.
#[derive(Debug, Clone, Default)]
struct Taken {
    name: String,
    /// Actions that it stands for.
    actions: f64,
    rows: f64,
    inverse: f64,
    squares: f64,
    logs: f64,
}

impl Taken {
    fn add(&mut self, other: &Self) {
        self.actions += other.actions;
        self.rows += other.rows;
        self.inverse += other.inverse;
        self.squares += other.squares;
    }

    /// Mean over all rows of [a_i = a]/p_i per action, which should be 1, and its distance from 1 in standard errors, at most 1,000.
    fn judged(&self, rows: f64) -> Option<(f64, f64)> {
        let effective = self.inverse * self.inverse / self.squares;
        let mean = self.inverse / rows / self.actions;
        // The variance as the rows show it, or as it would be if the mean were 1, whichever is larger: where few rows came, those few
        // also show too little of it.
        let shown = self.squares / rows / (self.actions * self.actions) - mean * mean;
        let error = (shown.max(self.squares / self.inverse / self.actions - 1.0).max(0.0) / rows).sqrt();
        let off = mean - 1.0;
        let z = if off.abs() <= 1e-9 { 0.0 } else { off.signum() * (off.abs() / error).min(1000.0) };
        (effective >= EFFECTIVE).then_some((mean, z))
    }
}

fn calibration(
    action: &[u32],
    propensity: &[f64],
    actions: usize,
    config: &PropensityConfig,
) -> Result<Vec<Finding>, Error> {
    config.check()?;
    check(propensity)?;
    let groups = groups(&taken(action, propensity, actions)?, actions, propensity.len() as f64);
    let rows = propensity.len() as f64;
    let judged: Vec<(&Taken, f64, f64)> =
        groups.iter().filter_map(|group| group.judged(rows).map(|(mean, z)| (group, mean, z))).collect();
    let normal = Normal::standard();
    let chances: Vec<f64> = judged.iter().map(|(_, _, z)| 2.0 * normal.cdf(-z.abs())).collect();
    let off: Vec<_> = judged
        .iter()
        .zip(Correction::Holm.adjust(&chances))
        .filter(|((_, mean, _), p)| *p < config.significance && (mean - 1.0).abs() > config.tolerance)
        .map(|(group, _)| group)
        .collect();
    let Some((worst, mean, z)) = off.iter().max_by(|a, b| a.2.abs().total_cmp(&b.2.abs())) else {
        return Ok(Vec::new());
    };
    let evidence = format!(
        "propensities do not calibrate: {} of {} checks fail; worst {}, taken {:.0} times where the propensities say {:.1} (mean of 1/p is {mean:.3} of what it should be, {:.1} standard errors away)",
        off.len(),
        judged.len(),
        worst.name,
        worst.rows,
        worst.rows / mean,
        z.abs()
    );
    let mend = "find what the policy logs as its probability, or whether actions are impossible in some rows; until then weight nothing by it";
    Ok(vec![finding(Severity::Stop, evidence, mend)])
}

fn taken(action: &[u32], propensity: &[f64], actions: usize) -> Result<Vec<Taken>, Error> {
    if action.len() != propensity.len() {
        let (left_len, right_len) = (action.len(), propensity.len());
        return Err(Error::UnequalLengths { left: "action", left_len, right: "propensity", right_len });
    }
    let mut taken = vec![Taken::default(); actions];
    for (row, (&action, &p)) in action.iter().zip(propensity).enumerate() {
        let Some(sums) = taken.get_mut(action as usize) else {
            return Err(Error::UnknownAction { row: row + 1, action: action.into(), last: actions.saturating_sub(1) });
        };
        sums.name = format!("action {action}");
        sums.actions = 1.0;
        sums.rows += 1.0;
        sums.inverse += 1.0 / p;
        sums.squares += 1.0 / p / p;
        sums.logs += p.ln();
    }
    Ok(taken)
}

/// Single actions, actions of like propensity together, and all.
fn groups(taken: &[Taken], actions: usize, rows: f64) -> Vec<Taken> {
    let mut all = Taken { name: "all actions".to_owned(), ..Taken::default() };
    taken.iter().for_each(|action| all.add(action));
    all.actions = actions as f64;
    // Rounded, so that equal propensities are equal in whatever order their logarithms were added.
    let size = |action: &Taken| (1e6 * action.logs / action.rows).round() / 1e6;
    let mut known: Vec<&Taken> =
        taken.iter().filter(|action| action.rows > 0.0 && rows * size(action).exp() >= EXPECTED).collect();
    known.sort_by(|a, b| size(a).total_cmp(&size(b)));
    let mut groups: Vec<Taken> =
        known.iter().filter(|action| rows * size(action).exp() >= EFFECTIVE).map(|&action| action.clone()).collect();
    let per_bin = known.len().div_ceil(BINS).max(2);
    let mut rest = &known[..];
    while let Some(first) = rest.first() {
        // Actions of equal propensity stay together.
        let last = size(rest[per_bin.min(rest.len()) - 1]);
        let (bin, others) = rest.split_at(rest.iter().take_while(|action| size(action) <= last).count());
        let (low, high) = (size(first).exp(), last.exp());
        let mut group = Taken { name: format!("actions of propensity {low:.4} to {high:.4}"), ..Taken::default() };
        bin.iter().for_each(|action| group.add(action));
        groups.push(group);
        rest = others;
    }
    groups.push(all);
    groups
}

fn check(propensity: &[f64]) -> Result<(), Error> {
    if propensity.is_empty() {
        return Err(Error::Empty { what: "propensities" });
    }
    match propensity.iter().position(|&p| !(p > 0.0 && p <= 1.0)) {
        Some(index) => Err(Error::Propensity { what: "propensity", row: index + 1, value: propensity[index] }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::binning::mixed;
    use super::*;

    /// A number in [0, 1) that goes with no period.
    fn chance(row: usize, salt: u64) -> f64 {
        (mixed(mixed(row as u64) ^ salt) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Actions 0 to 7 of probability ∝ action + 1 in even rows and the other way round in odd ones.
    fn log(rows: usize, salt: u64) -> (Vec<u32>, Vec<f64>) {
        let one = |row: usize| {
            let weight = |action: u32| f64::from(if row.is_multiple_of(2) { action + 1 } else { 8 - action }) / 36.0;
            let (mut point, mut action) = (chance(row, salt), 0);
            while action < 7 && point >= weight(action) {
                point -= weight(action);
                action += 1;
            }
            (action, weight(action))
        };
        (0..rows).map(one).unzip()
    }

    fn judged(action: &[u32], p: &[f64], actions: usize) -> Result<Vec<Severity>, Error> {
        let findings = propensity(action, p, actions, &[], &PropensityConfig::default())?;
        Ok(findings.into_iter().map(|finding| finding.severity).collect())
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        // Kolmogorov's distribution: 1.3581 is exceeded in 5 %, 1.6276 in 1 % of cases; the correction is small for many rows.
        for (lambda, table) in [(1.3581, 0.05), (1.6276, 0.01)] {
            let n = 2e8_f64;
            assert!((smirnov_tail(lambda / (n / 2.0).sqrt(), n, n) - table).abs() < 1e-4);
        }
        assert_eq!(smirnov_tail(0.0, 100.0, 100.0), 1.0);
    }

    #[test]
    fn an_honest_log_passes() -> Result<(), Error> {
        for salt in 0..20 {
            let (action, p) = log(4000, salt);
            assert_eq!(judged(&action, &p, 8)?, [], "{salt}");
        }
        // Uniform choice: one propensity, no distance.
        let action: Vec<u32> = (0..4000).map(|row| (46.0 * chance(row, 5)) as u32).collect();
        assert_eq!(judged(&action, &[1.0 / 46.0; 4000], 46)?, []);
        Ok(())
    }

    #[test]
    fn wrong_propensities_are_found_and_counted() -> Result<(), Error> {
        let (action, mut p) = log(4000, 1);
        // One action of eight is logged with twice its probability: its mean of 1/p is about one half.
        p.iter_mut().zip(&action).filter(|(_, action)| **action == 3).for_each(|(p, _)| *p *= 2.0);
        let findings = propensity(&action, &p, 8, &[], &PropensityConfig::default())?;
        let rows = action.iter().filter(|&&action| action == 3).count();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings[0].evidence.contains(&format!("worst action 3, taken {rows} times where the propensities say "))
        );
        assert_eq!(findings[0].severity, Severity::Stop);
        // All propensities too large by a tenth: no action by itself need show it, all together do.
        let (action, p) = log(4000, 2);
        let p: Vec<f64> = p.iter().map(|p| 1.1 * p).collect();
        assert_eq!(judged(&action, &p, 8)?, [Severity::Stop]);
        // An action that is never taken is missed in the sum.
        let action: Vec<u32> = (0..4000).map(|row| (40.0 * chance(row, 5)) as u32).collect();
        let exact: Vec<f64> = (0..4000).map(|row| if row % 2 == 0 { 0.0249 } else { 0.0251 }).collect();
        assert_eq!(judged(&action, &exact, 46)?, [Severity::Stop]);
        assert_eq!(judged(&action, &exact, 40)?, []);
        Ok(())
    }

    #[test]
    fn a_policy_that_learns_is_found_at_its_position() -> Result<(), Error> {
        // At position 1 the policy stands still; at position 2 its favourite becomes likelier after half of the log.
        let rows = 8000;
        let position: Vec<u32> = (0..rows).map(|row| 1 + row as u32 % 2).collect();
        let favourite = |row: usize| if row % 2 == 1 && row >= rows / 2 { 0.8 } else { 0.5 };
        let (action, p): (Vec<u32>, Vec<f64>) = (0..rows)
            .map(|row| {
                let first = chance(row, 3) < favourite(row);
                (u32::from(!first), if first { favourite(row) } else { 1.0 - favourite(row) })
            })
            .unzip();
        let config = PropensityConfig { blocks: 4, ..PropensityConfig::default() };
        let blocks = stationarity(&p, &position, &config)?;
        let moved: Vec<(u32, usize)> = blocks.moved(&config).map(|block| (block.position, block.block)).collect();
        assert_eq!((blocks.blocks.len(), moved), (6, vec![(2, 3), (2, 4)]));
        // From a point at ½ to .8 and .2: the distance is the share of the larger one.
        let last = blocks.blocks[5];
        assert!((last.distance - 0.8).abs() < 0.05 && (last.first_mean - 0.5_f64.ln()).abs() < 1e-12, "{last:?}");
        let findings = propensity(&action, &p, 2, &position, &config)?;
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].evidence.starts_with("propensities are not stationary: 2 of 6 later blocks"),
            "{findings:?}"
        );
        Ok(())
    }

    #[test]
    fn bad_input_is_refused() {
        let config = PropensityConfig::default();
        assert!(matches!(stationarity(&[], &[], &config), Err(Error::Empty { .. })));
        assert!(matches!(stationarity(&[0.5], &[1, 2], &config), Err(Error::UnequalLengths { .. })));
        assert!(matches!(judged(&[0, 0], &[0.5, 0.0], 1), Err(Error::Propensity { row: 2, .. })));
        assert!(matches!(judged(&[0, 3], &[0.5, 0.5], 2), Err(Error::UnknownAction { row: 2, .. })));
        let odd = PropensityConfig { significance: 0.0, ..config };
        assert!(matches!(stationarity(&[0.5], &[], &odd), Err(Error::Threshold { what: "significance", .. })));
    }
}
