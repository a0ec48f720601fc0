//! Comparison of two runs: false alarms at the promised rate, both sides alike, no dependence on the order of units.

use anyhow::{Context, Result, ensure};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_eval::comparison::{
    Comparison, ComparisonConfig, Correction, Pairs, UnitTable, Verdict, compare, sign_flip_test,
};

/// Per-unit values of a run on units of one difficulty each.
fn run(units: usize, lift: f64, rng: &mut impl Rng) -> (Vec<f64>, Vec<f64>) {
    let pair = |_| {
        // A skewed difficulty, and noise of its own for each run.
        let difficulty = rng.random::<f64>().powi(3);
        (difficulty + 0.3 * rng.random::<f64>(), difficulty + 0.3 * rng.random::<f64>() + lift)
    };
    (0..units).map(pair).unzip()
}

fn table(order: &[usize], values: &[f64]) -> Result<UnitTable> {
    let units = order.iter().map(|unit| format!("u{unit:03}")).collect();
    let values = order.iter().map(|&unit| Some(values[unit]).filter(|_| unit % 10 != 3)).collect();
    Ok(UnitTable::new(units, vec![("ndcg@10".to_owned(), values)])?)
}

fn compare_tables(a: &UnitTable, b: &UnitTable) -> Result<Comparison> {
    let aligned = a.align(b)?;
    let config = ComparisonConfig { resamples: 500, permutations: 2000, ..ComparisonConfig::default() };
    compare(&aligned.metrics, &config, &mut ChaCha8Rng::seed_from_u64(11))?.pop().context("one metric")
}

/// Share of 400 null comparisons whose p-value is at most 5 %.
fn false_alarms(units: usize, permutations: usize) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(400);
    let rejected = (0..400).filter(|_| {
        let (a, b) = run(units, 0.0, &mut rng);
        let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
        sign_flip_test(&differences, permutations, &mut rng).p <= 0.05
    });
    rejected.count() as f64 / 400.0
}

#[test]
fn false_alarms_come_at_the_promised_rate() {
    // Binomial(400, .05) has mean 20 and deviation 4.4: 99.9 % of its mass lies in 7..=35.
    for (units, permutations) in [(14, 1), (40, 999), (300, 999)] {
        let rate = false_alarms(units, permutations);
        assert!((7.0 / 400.0..=35.0 / 400.0).contains(&rate), "{rate} at {units} units");
    }
}

#[test]
fn twenty_null_metrics_seldom_alarm_after_correction() -> Result<()> {
    // Uncorrected, 1 − .95²⁰ = 64 % of such comparisons would claim something; Holm promises at most 5 %.
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let config = ComparisonConfig { resamples: 10, permutations: 999, ..ComparisonConfig::default() };
    let (mut corrected, mut raw) = (0, 0);
    for _ in 0..200 {
        let metrics: Vec<Pairs> = (0..20)
            .map(|n| {
                let (a, b) = run(40, 0.0, &mut rng);
                Pairs { name: format!("m{n}"), a, b, left_out: 0 }
            })
            .collect();
        let outcomes: Vec<_> = compare(&metrics, &config, &mut rng)?.into_iter().flat_map(|c| c.outcome).collect();
        corrected += u32::from(outcomes.iter().any(|o| o.verdict(0.95, false) != Verdict::NoDifferenceShown));
        raw += u32::from(outcomes.iter().any(|o| o.p <= 0.05));
    }
    // Binomial(200, .05) stays below 21 with probability 99.9 %.
    ensure!(corrected <= 20 && raw > 100, "{corrected} corrected, {raw} raw");
    Ok(())
}

#[test]
fn a_real_difference_is_found() -> Result<()> {
    let (a, b) = run(200, 0.05, &mut ChaCha8Rng::seed_from_u64(1));
    let order: Vec<usize> = (0..200).collect();
    let found = compare_tables(&table(&order, &a)?, &table(&order, &b)?)?;
    let outcome = found.outcome?;
    ensure!((found.units, found.left_out) == (180, 20), "{} {}", found.units, found.left_out);
    ensure!(outcome.verdict(0.95, false) == Verdict::BIsBetter && outcome.difference.excludes(0.0), "{outcome:?}");
    ensure!((outcome.a_higher + outcome.tied + outcome.b_higher - 1.0).abs() < 1e-12, "{outcome:?}");
    Ok(())
}

#[test]
fn the_order_of_units_changes_nothing() -> Result<()> {
    let (a, b) = run(200, 0.01, &mut ChaCha8Rng::seed_from_u64(2));
    let order: Vec<usize> = (0..200).collect();
    let shuffled: Vec<usize> = (0..200).map(|place| place * 73 % 200).collect();
    let straight = compare_tables(&table(&order, &a)?, &table(&order, &b)?)?;
    ensure!(straight == compare_tables(&table(&shuffled, &a)?, &table(&order, &b)?)?);
    ensure!(straight == compare_tables(&table(&order, &a)?, &table(&shuffled, &b)?)?);
    Ok(())
}

#[test]
fn swapping_the_runs_turns_the_answer_round() -> Result<()> {
    let (a, b) = run(200, 0.02, &mut ChaCha8Rng::seed_from_u64(3));
    let order: Vec<usize> = (0..200).collect();
    let (a, b) = (table(&order, &a)?, table(&order, &b)?);
    let (there, back) = (compare_tables(&a, &b)?.outcome?, compare_tables(&b, &a)?.outcome?);
    ensure!((there.mean_a, there.mean_b, there.p) == (back.mean_b, back.mean_a, back.p), "{there:?} {back:?}");
    ensure!((there.a_higher, there.b_higher) == (back.b_higher, back.a_higher), "{there:?} {back:?}");
    let (lower, upper) = there.difference.bounds.context("bounds")?;
    let (lower_back, upper_back) = back.difference.bounds.context("bounds")?;
    ensure!((lower + upper_back).abs() < 1e-12 && (upper + lower_back).abs() < 1e-12, "{there:?} {back:?}");
    Ok(())
}

#[test]
fn a_run_against_itself_shows_no_difference() -> Result<()> {
    let (a, _) = run(100, 0.0, &mut ChaCha8Rng::seed_from_u64(4));
    let order: Vec<usize> = (0..100).collect();
    let outcome = compare_tables(&table(&order, &a)?, &table(&order, &a)?)?.outcome?;
    ensure!((outcome.p, outcome.tied, outcome.effect_size) == (1.0, 1.0, None), "{outcome:?}");
    ensure!(
        outcome.difference.bounds == Some((0.0, 0.0)) && outcome.verdict(0.95, false) == Verdict::NoDifferenceShown
    );
    ensure!(Correction::default() == Correction::Holm);
    Ok(())
}
