//! Every trunk finds what the synthetic shop hides.

use crate::fixture::{CLICK, CONTINUES, ITEMS, NEXT_ITEM, TASKS, TestResult, batch, model, trunks};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_features::Batch;
use slatewise_model::{Predictions, Ranker, Schedule, Trainer, TrainerConfig};

#[test]
fn a_planted_signal_is_found_on_rows_not_trained_on() -> TestResult {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let train: Vec<Batch> = (0..40).map(|_| batch(256, &mut rng)).collect();
    let test = batch(4000, &mut rng);
    let schedule = Schedule::Cosine { warm_up: 0.1, floor: 0.1 };
    let config = TrainerConfig { epochs: 8, learning_rate: 0.01, schedule, ..TrainerConfig::default() };
    for trunk in trunks() {
        let device = Device::flex();
        let mut trainer = Trainer::new(model(trunk.clone())?, &config, train.len(), &device)?;
        let mut totals = Vec::new();
        for _ in 0..config.epochs {
            train.iter().try_for_each(|batch| trainer.step(batch))?;
            totals.push(trainer.finish_epoch()?.total);
        }
        assert!(totals[totals.len() - 1] < 0.6 * totals[0], "{trunk:?}: losses {totals:?}");
        let predicted = Ranker::new(trainer.snapshot(), &device).predict(&test.features)?;
        // The labels are drawn, so perfection is out of reach: 0.9 + 0.1 / 12 of the next items follow the rule.
        let (click, continues) = (auc(&predicted, &test, CLICK), auc(&predicted, &test, CONTINUES));
        let hits = hit_rate(&predicted, &test);
        assert!(click > 0.85 && continues > 0.80 && hits > 0.8, "{trunk:?}: AUC {click} {continues}, hits {hits}");
    }
    Ok(())
}

/// Share of (positive, negative) pairs in the right order among rows whose label counts; ties count one half.
fn auc(predicted: &Predictions, test: &Batch, task: usize) -> f64 {
    let rows = (0..test.features.rows).filter(|row| test.labels.weight[row * TASKS + task] > 0.0);
    let (positive, negative): (Vec<usize>, Vec<usize>) =
        rows.partition(|row| test.labels.value[row * TASKS + task] == 1.0);
    let score = |row: usize| predicted.binary[row * 2 + task];
    let against = |row: usize| {
        let order = |&other: &usize| match score(row).total_cmp(&score(other)) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        negative.iter().map(order).sum::<f64>()
    };
    positive.iter().map(|&row| against(row)).sum::<f64>() / (positive.len() * negative.len()) as f64
}

/// Share of labelled rows whose most likely item is the next one.
fn hit_rate(predicted: &Predictions, test: &Batch) -> f64 {
    let items = ITEMS as usize;
    let rows: Vec<usize> =
        (0..test.features.rows).filter(|row| test.labels.weight[row * TASKS + NEXT_ITEM] > 0.0).collect();
    let best = |row: usize| {
        let scores = &predicted.choice[0][row * items..][..items];
        (0..items).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0)
    };
    let hits = rows.iter().filter(|&&row| best(row) == test.labels.value[row * TASKS + NEXT_ITEM] as usize).count();
    hits as f64 / rows.len() as f64
}
