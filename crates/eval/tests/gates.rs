//! The gates on the log that ships with the repository, whose policy learned while it logged.

use std::path::Path;

use anyhow::{Result, ensure};
use slatewise_data::table::{TableReader, Wanted};
use slatewise_eval::gates::{PropensityConfig, Severity, propensity, stationarity};

#[test]
fn thompson_sampling_is_not_stationary() -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/open_bandit/women_bts.csv.gz");
    let wanted = ["item_id", "position", "propensity_score"].map(Wanted::number);
    let table = TableReader::open(&path)?.read(&wanted)?;
    let codes = |column: usize| table.number(column).iter().map(|&value| value as u32).collect::<Vec<_>>();
    let (action, position, p) = (codes(0), codes(1), table.number(2));
    let config = PropensityConfig::default();
    let blocks = stationarity(p, &position, &config)?;
    let moved = blocks.moved(&config).count();
    // Four later blocks of three positions; one action's gain is another's loss, so that ln p moves less than the policy.
    ensure!(blocks.blocks.len() == 12 && moved >= 3, "{moved}: {blocks:?}");
    let findings = propensity(&action, p, 46, &position, &config)?;
    ensure!(
        findings.iter().any(|finding| {
            finding.severity == Severity::Warning
                && finding.evidence.starts_with("propensities are not stationary: ")
                && finding.evidence.contains("% of the rows are of actions whose p moved")
        }),
        "{findings:?}"
    );
    // Uniform choice over the same actions stands still and calibrates.
    let uniform: Vec<u32> = (0..p.len() as u32).map(|row| row.wrapping_mul(2_654_435_761) / 93_368_855).collect();
    let findings = propensity(&uniform, &vec![1.0 / 46.0; p.len()], 46, &position, &config)?;
    ensure!(findings.is_empty(), "{findings:?}");
    Ok(())
}
