//! Metrics: a million scored rows, each metric by itself; lists of 100 items for 10,000 users; and the rank of the next
//! item among 217 for 28,157 transitions.
#![expect(clippy::expect_used, reason = "a bench that cannot go on may panic")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_eval::Predictions;
use slatewise_eval::prediction::{
    BinarySummary, Regression, average_precision, equal_mass_bins, equal_width_bins, expected_calibration_error,
    grouped_auc, log_loss, mean_absolute_error, roc_auc, xauc,
};
use slatewise_eval::ranking::{JudgedRun, Judgements, NextItemEvaluation, Run, Ties};

const ROWS: usize = 1_000_000;
const USERS: u32 = 10_000;
const LIST: u32 = 100;
const TRANSITIONS: usize = 28_157;
const ITEMS: usize = 217;

fn prediction(criterion: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let scores: Vec<f64> = (0..ROWS).map(|_| rng.random()).collect();
    let labels: Vec<bool> = scores.iter().map(|&score| rng.random::<f64>() < 0.1 * score).collect();
    let weights: Vec<f64> = (0..ROWS).map(|_| rng.random()).collect();
    let users: Vec<u32> = (0..ROWS).map(|_| rng.random_range(0..USERS)).collect();
    let predictions = Predictions::new(&scores, &labels).expect("scores and labels are sound");
    let weighted = predictions.with_weights(&weights).expect("weights are sound");
    let seconds: Vec<f64> = scores.iter().map(|&score| (60.0 * score * rng.random::<f64>()).round()).collect();
    let watch_time = Regression::new(&scores, &seconds).expect("scores and seconds are sound");

    let mut group = criterion.benchmark_group("prediction");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("ROC AUC", |bench| bench.iter(|| roc_auc(&predictions)));
    group.bench_function("weighted ROC AUC", |bench| bench.iter(|| roc_auc(&weighted)));
    group.bench_function("log loss", |bench| bench.iter(|| log_loss(&predictions)));
    group.bench_function("average precision", |bench| bench.iter(|| average_precision(&predictions)));
    group.bench_function("GAUC", |bench| bench.iter(|| grouped_auc(&predictions, &users, USERS as usize)));
    group.bench_function("ECE of equal width", |bench| {
        bench.iter(|| equal_width_bins(&predictions, 10).and_then(|bins| expected_calibration_error(&bins)));
    });
    group.bench_function("ECE of equal mass", |bench| {
        bench.iter(|| equal_mass_bins(&predictions, 10).and_then(|bins| expected_calibration_error(&bins)));
    });
    group.bench_function("every prediction metric", |bench| bench.iter(|| BinarySummary::new(&predictions)));
    group.bench_function("MAE", |bench| bench.iter(|| mean_absolute_error(&watch_time)));
    group.bench_function("XAUC", |bench| bench.iter(|| xauc(&watch_time)));
    group.finish();
}

fn ranking(criterion: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let user: Vec<u32> = (0..USERS).flat_map(|user| std::iter::repeat_n(user, LIST as usize)).collect();
    let item: Vec<u32> = (0..USERS).flat_map(|_| 0..LIST).collect();
    let score: Vec<f64> = item.iter().map(|_| rng.random()).collect();
    let relevance: Vec<f64> = item.iter().map(|_| f64::from(rng.random_range(0_u8..20).saturating_sub(16))).collect();
    let run = Run { user: &user, item: &item, score: &score };
    let judgements = Judgements { user: &user, item: &item, relevance: &relevance };
    let judged = JudgedRun::new(&run, &judgements, Ties::Expected).expect("run and judgements are sound");

    let mut group = criterion.benchmark_group("ranking");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(USERS * LIST)));
    group.bench_function("join of run and judgements", |bench| {
        bench.iter(|| JudgedRun::new(&run, &judgements, Ties::Expected));
    });
    group.bench_function("NDCG at 10", |bench| {
        bench.iter(|| judged.users.iter().filter_map(|user| user.list.ndcg(10).ok()).sum::<f64>());
    });
    group
        .bench_function("every ranking metric at 1, 5, 10, 20", |bench| bench.iter(|| judged.summary(&[1, 5, 10, 20])));

    let ranked: Vec<f32> = (0..TRANSITIONS * ITEMS).map(|_| rng.random()).collect();
    group.throughput(Throughput::Elements(TRANSITIONS as u64));
    group.bench_function("next item", |bench| {
        bench.iter(|| {
            let mut evaluation = NextItemEvaluation::new(&[1, 5, 10, 20]).expect("cut-offs are sound");
            for (transition, scores) in ranked.chunks_exact(ITEMS).enumerate() {
                evaluation.push(transition as u64 / 8, scores, transition % ITEMS).expect("targets are items");
            }
            evaluation.summary()
        });
    });
    group.finish();
}

criterion_group!(benches, prediction, ranking);
criterion_main!(benches);
