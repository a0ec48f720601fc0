//! `Target`: how the train rows of one value were labelled, smoothed, and for a train row without its own label.
//!
//! ```text
//! prior = (S + 1/2) / (N + 1)                        of all rows; S labels of 1 among N rows
//! p     = (s + m · prior) / (n + m)                  of the rows with the value; m = prior_rows
//! out   = ln(p / (1 − p)) − ln(prior / (1 − prior))  binary: 0 for a value like the average, or never seen
//! out   = (mean smoothed likewise − S/N) / deviation   numbers
//! ```
//!
//! A train row lies in a fold: its number in the train file, or the value of a declared column, hashed with a seed. Its `s`,
//! `n`, `S`, `N` and deviation are sums over the *other* folds, so that its own label is nowhere in its own value. Any other
//! row (validation, test, live) takes all folds. The encoder keeps sums per fold, so that both come out of it alone, and
//! in the same order of addition. Rows that are masked count nowhere.
//!
//! # Reference
//! D. Micci-Barreca 2001, *A preprocessing scheme for high-cardinality categorical attributes in classification and
//! prediction problems*, SIGKDD Explorations 3(1), equations 3 and 4 with λ(n) = n / (n + m).
//!
//! # Differences from the paper
//! 1. Folds: the paper's statistics hold a row's own label. 2. Log-odds against the average rather than a probability.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::combination::{Combinations, Key, texts_of};
use super::exact::Exact;
use super::hash::{of_row, of_text};
use super::spec::{LabelKind, TargetColumn};

/// Count, mean and sum of squared deviations of some labels.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Spread {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn push(&mut self, x: f64) {
        self.count += 1;
        let delta = x - self.mean;
        self.mean += delta / self.count as f64;
        self.squares += delta * (x - self.mean);
    }

    /// Both together (T. Chan, G. Golub and R. LeVeque 1979, *Updating formulae and a pairwise algorithm*).
    fn with(self, other: Self) -> Self {
        if other.count == 0 {
            return self;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let delta = other.mean - self.mean;
        Self {
            count: self.count + other.count,
            mean: self.mean + delta * (m / (n + m)),
            squares: self.squares + other.squares + delta * delta * (n * m / (n + m)),
        }
    }
}

/// What a fitted statistic keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    name: String,
    inputs: Vec<usize>,
    group: Option<usize>,
    seed: u64,
    prior_rows: Exact,
    kind: LabelKind,
    values: Combinations,
    /// Per value and fold, `[values, folds]`: number of rows, and the sum of their labels.
    counts: Vec<u64>,
    sums: Vec<Exact>,
    /// Per fold, the labels of all rows.
    all: Vec<Spread>,
}

/// A fitted statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub(super) struct Target {
    kept: Kept,
    /// Per fold what the other folds tell of the average, and behind them what all folds do.
    prior: Vec<Prior>,
    /// Per value what a row outside of the folds gets.
    live: Vec<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Prior {
    mean: f64,
    /// Log-odds of the mean; 0 for numbers.
    logit: f64,
    deviation: f64,
}

impl Target {
    pub(super) fn name(&self) -> &str {
        &self.kept.name
    }

    pub(super) fn inputs(&self) -> &[usize] {
        &self.kept.inputs
    }

    pub(super) fn group(&self) -> Option<usize> {
        self.kept.group
    }

    pub(super) fn values(&self) -> &Combinations {
        &self.kept.values
    }

    pub(super) fn folds(&self) -> Folds {
        Folds { count: self.kept.all.len() as u64, seed: self.kept.seed }
    }

    /// The value of a row outside of the folds.
    pub(super) fn live(&self, key: &Key) -> f32 {
        self.kept.values.find(key).map_or(0.0, |value| self.live[value as usize])
    }

    /// The value of a train row of a fold.
    pub(super) fn out_of_fold(&self, key: &Key, fold: u64) -> f32 {
        self.kept.values.find(key).map_or(0.0, |value| self.value(value as usize, fold as usize))
    }

    /// Live values and how many counting train rows have each.
    pub(super) fn weighted(&self) -> Vec<(f32, u64)> {
        let rows = self.kept.counts.chunks_exact(self.kept.all.len()).map(|counts| counts.iter().sum());
        self.live.iter().copied().zip(rows).collect()
    }

    /// One line about it, for people.
    pub(super) fn detail(&self) -> String {
        let rows: u64 = self.kept.all.iter().map(|fold| fold.count).sum();
        let (values, folds) = (self.kept.values.len(), self.kept.all.len());
        format!("labels of {rows} rows by {values} values, out of {folds} folds")
    }

    /// The value over all folds but one; `without` the number of folds leaves none out.
    fn value(&self, value: usize, without: usize) -> f32 {
        let folds = self.kept.all.len();
        let (mut rows, mut sum) = (0, 0.0);
        for fold in (0..folds).filter(|&fold| fold != without) {
            rows += self.kept.counts[value * folds + fold];
            sum += self.kept.sums[value * folds + fold].0;
        }
        if rows == 0 {
            return 0.0;
        }
        let (prior, weight) = (self.prior[without], self.kept.prior_rows.0);
        let mean = (sum + weight * prior.mean) / (rows as f64 + weight);
        let value = match self.kept.kind {
            LabelKind::Binary => logit(mean) - prior.logit,
            LabelKind::Number => (mean - prior.mean) / prior.deviation,
        };
        value as f32
    }
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

impl TryFrom<Kept> for Target {
    type Error = &'static str;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        let (values, folds) = (kept.values.len(), kept.all.len());
        if kept.counts.len() != values * folds || kept.sums.len() != values * folds {
            return Err("a statistic of labels has other sums than values");
        }
        let prior = |without: usize| {
            let others = kept.all.iter().enumerate().filter(|&(fold, _)| fold != without);
            let all = others.fold(Spread::default(), |all, (_, &fold)| all.with(fold));
            let (mean, logit) = match kept.kind {
                LabelKind::Binary => {
                    let mean = (all.mean * all.count as f64 + 0.5) / (all.count as f64 + 1.0);
                    (mean, logit(mean))
                }
                LabelKind::Number => (all.mean, 0.0),
            };
            let variance = all.squares / all.count.max(1) as f64;
            Prior { mean, logit, deviation: if variance > 1e-12 { variance.sqrt() } else { 1.0 } }
        };
        let prior = (0..=folds).map(prior).collect();
        let mut target = Self { kept, prior, live: Vec::new() };
        target.live = (0..values).map(|value| target.value(value, folds)).collect();
        Ok(target)
    }
}

impl From<Target> for Kept {
    fn from(target: Target) -> Self {
        target.kept
    }
}

/// How train rows are dealt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folds {
    count: u64,
    seed: u64,
}

impl Folds {
    pub(super) fn of_row(self, row: u64) -> u64 {
        of_row(row, self.seed) % self.count
    }

    pub(super) fn of_group(self, group: &str) -> u64 {
        of_text(group, self.seed) % self.count
    }
}

/// What fitting a statistic gathers, by codes of the file.
pub(super) struct TargetFit {
    pub(super) folds: Folds,
    place: HashMap<Key, usize>,
    counts: Vec<u64>,
    sums: Vec<f64>,
    all: Vec<Spread>,
}

impl TargetFit {
    pub(super) fn new(spec: &TargetColumn) -> Self {
        let folds = Folds { count: spec.folds.into(), seed: spec.seed };
        let all = vec![Spread::default(); spec.folds as usize];
        Self { folds, place: HashMap::new(), counts: Vec::new(), sums: Vec::new(), all }
    }

    pub(super) fn push(&mut self, key: Key, fold: u64, label: f32) {
        let (folds, next, fold) = (self.all.len(), self.place.len(), fold as usize);
        let place = *self.place.entry(key).or_insert(next);
        if place == next {
            self.counts.resize((next + 1) * folds, 0);
            self.sums.resize((next + 1) * folds, 0.0);
        }
        self.counts[place * folds + fold] += 1;
        self.sums[place * folds + fold] += f64::from(label);
        self.all[fold].push(label.into());
    }

    /// The fitted statistic: values in the order of their texts. None if no train row has a label that counts.
    pub(super) fn finish(
        self,
        spec: &TargetColumn,
        kind: LabelKind,
        (inputs, group): (Vec<usize>, Option<usize>),
        texts: &[&Vec<String>],
    ) -> Option<Target> {
        let folds = self.all.len();
        let mut values: Vec<(Vec<String>, usize)> =
            self.place.iter().map(|(key, &place)| (texts_of(key, texts), place)).collect();
        values.sort_unstable();
        let cells = || values.iter().flat_map(|&(_, place)| place * folds..(place + 1) * folds);
        let kept = Kept {
            name: spec.name(),
            inputs,
            group,
            seed: spec.seed,
            prior_rows: Exact(spec.prior_rows),
            kind,
            counts: cells().map(|cell| self.counts[cell]).collect(),
            sums: cells().map(|cell| Exact(self.sums[cell])).collect(),
            all: self.all,
            values: values.into_iter().map(|(texts, _)| texts).collect::<Vec<_>>().into(),
        };
        if kept.values.len() == 0 { None } else { kept.try_into().ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(kind: LabelKind, rows: &[(u32, u64, f32)]) -> Result<Target, &'static str> {
        let mut spec = TargetColumn::new(["city"], "task");
        (spec.folds, spec.prior_rows) = (2, 2.0);
        let mut fit = TargetFit::new(&spec);
        rows.iter().for_each(|&(code, fold, label)| fit.push([code, 0, 0, 0], fold, label));
        let texts: Vec<String> = ["a", "b"].map(str::to_owned).to_vec();
        fit.finish(&spec, kind, (vec![0], None), &[&texts]).ok_or("nothing")
    }

    fn key(target: &Target, text: &str) -> Key {
        [target.values().part(0, text), 0, 0, 0]
    }

    #[test]
    fn values_are_those_computed_by_hand() -> Result<(), &'static str> {
        // a: 1, 1 in fold 0 and 0 in fold 1; b: 0 in fold 1.
        let target = fitted(LabelKind::Binary, &[(0, 0, 1.0), (0, 0, 1.0), (0, 1, 0.0), (1, 1, 0.0)])?;
        let (a, b) = (key(&target, "a"), key(&target, "b"));
        // All: prior 2.5 / 5 = 1/2; a: (2 + 1) / 5, log-odds ln 1.5.
        assert!((target.live(&a) - 1.5_f32.ln()).abs() < 1e-6);
        assert!((target.live(&b) - (1.0_f32 / 2.0).ln()).abs() < 1e-6, "1/3 against 1/2");
        assert_eq!(target.live(&key(&target, "never seen")), 0.0);
        // Without fold 0: two rows of 0, prior 1/6; a: (0 + 1/3) / 3 = 1/9.
        let expected = (1.0_f32 / 8.0).ln() - (1.0_f32 / 5.0).ln();
        assert!((target.out_of_fold(&a, 0) - expected).abs() < 1e-6);
        // b has no row outside of fold 1.
        assert_eq!(target.out_of_fold(&b, 1), 0.0);
        Ok(())
    }

    #[test]
    fn numbers_are_standardised() -> Result<(), &'static str> {
        // Mean 5, deviation 3; a: (2 + 2 · 5) / 3 = 4.
        let target = fitted(LabelKind::Number, &[(0, 0, 2.0), (1, 1, 8.0)])?;
        assert!((target.live(&key(&target, "a")) + 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(target.out_of_fold(&key(&target, "a"), 1), 0.0, "2 is the average without fold 1");
        Ok(())
    }

    #[test]
    fn it_reads_back_as_it_was() -> Result<(), Box<dyn std::error::Error>> {
        let target = fitted(LabelKind::Number, &[(0, 0, 0.1), (1, 1, 1.0 / 3.0), (0, 1, 7.7)])?;
        let text = serde_json::to_string(&target)?;
        assert_eq!(serde_json::from_str::<Target>(&text)?, target);
        assert!(serde_json::from_str::<Target>(&text.replace("\"counts\":[", "\"counts\":[1,")).is_err());
        Ok(())
    }
}
