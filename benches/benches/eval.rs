//! Metrics: a million scored rows, and the rank of the next item among 217 for 28,157 transitions.
#![expect(clippy::expect_used, reason = "a bench that cannot go on may panic")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_eval::Predictions;
use slatewise_eval::prediction::{BinarySummary, roc_auc};
use slatewise_eval::ranking::NextItemEvaluation;

const ROWS: usize = 1_000_000;
const TRANSITIONS: usize = 28_157;
const ITEMS: usize = 217;

fn eval(criterion: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let scores: Vec<f32> = (0..ROWS).map(|_| rng.random()).collect();
    let labels: Vec<bool> = scores.iter().map(|&score| rng.random::<f32>() < 0.1 * score).collect();
    let predictions = Predictions::new(&scores, &labels).expect("scores and labels are sound");
    let mut group = criterion.benchmark_group("eval");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("ROC AUC", |bench| bench.iter(|| roc_auc(&predictions)));
    group.bench_function("every prediction metric", |bench| bench.iter(|| BinarySummary::new(&predictions)));

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

criterion_group!(benches, eval);
criterion_main!(benches);
