//! What all `ope` commands share: how estimates are judged, and where the findings go.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use rand_chacha::ChaCha8Rng;
use slatewise_data::table::Place;
use slatewise_eval::off_policy::{Estimate, Estimator, JudgeOptions, Refusal, RefusalRules, judge_all};

use super::findings::Findings;
use super::report::report;
use crate::output::Output;
use crate::seeds::Seeds;

/// Draws that the bootstrap makes by default at most, per column.
const DRAWS: usize = 1_000_000_000;

/// How estimates are judged.
#[derive(Debug, Args)]
pub(super) struct Judging {
    /// Confidence level of all intervals and tests.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    pub(super) level: f64,
    /// Bootstrap resamples, 0 for none; by default 1000, and fewer (down to 100) beyond a million units.
    #[arg(long, value_name = "N")]
    bootstrap: Option<usize>,
    /// Seed of the bootstrap.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Thresholds of refusal (TOML; keys as in `RefusalRules`, such as `minimum_effective_sample_size = 30`).
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Judging {
    /// The thresholds of refusal.
    pub(super) fn rules(&self) -> Result<RefusalRules> {
        let Some(path) = &self.rules else {
            return Ok(RefusalRules::default());
        };
        let text = fs::read_to_string(path)
            .with_context(|| format!("{}: cannot read the rules; pass a TOML file to --rules", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{}: not the thresholds of refusal", path.display()))
    }

    /// The options for a log of so many units.
    pub(super) fn options(&self, units: usize, support: Option<Refusal>) -> Result<JudgeOptions> {
        if !(self.level > 0.0 && self.level < 1.0) {
            bail!("--level {}: pass a number between 0 and 1, such as 0.95", self.level);
        }
        let resamples = self.bootstrap.unwrap_or_else(|| (DRAWS / units.max(1)).clamp(100, 1000));
        Ok(JudgeOptions { level: self.level, resamples, rules: self.rules()?, support })
    }

    /// Judges a log by some estimators, all on the same bootstrap resamples.
    pub(super) fn judge<Log>(
        &self,
        estimators: &[Box<dyn Estimator<Log>>],
        log: &Log,
        options: &JudgeOptions,
    ) -> Result<Vec<Estimate>> {
        let estimators: Vec<&dyn Estimator<Log>> = estimators.iter().map(AsRef::as_ref).collect();
        Ok(judge_all(&estimators, log, options, &mut self.stream())?)
    }

    fn stream(&self) -> ChaCha8Rng {
        Seeds(self.seed).stream("bootstrap")
    }

    /// Prints, and writes the report.
    pub(super) fn tell(&self, findings: &Findings) -> Result<()> {
        self.output.write_page(|| report(findings))?;
        findings.print(self.output.json);
        Ok(())
    }
}

/// Names the row of the file that the library refuses.
pub(super) fn placed(error: &slatewise_eval::Error, place: &Place, path: &Path) -> anyhow::Error {
    match error.row() {
        Some(row) => anyhow!("{}: {error}", place.row(row - 1)),
        None => anyhow!("{}: {error}", path.display()),
    }
}

/// A list of parameters, as in `--switch 1,5`.
pub(super) fn parameters(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a number; pass numbers with commas between, such as 1,5"))
}
