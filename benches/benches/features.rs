//! Encoding: the fit on 2.1 million train rows, one live request over a page of 18 items, and an epoch of training batches.
#![expect(clippy::expect_used, reason = "a bench that cannot go on may panic")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_benches::workload;
use slatewise_features::{EpochLoader, FeatureBatch, FeatureEncoder, LoaderConfig, Request, Source};

fn features(criterion: &mut Criterion) {
    let workload = workload();
    let (log, train) = (&workload.log, workload.split.train.clone());
    let encoder = FeatureEncoder::fit(&workload.features, log, train.clone()).expect("the shipped features fit");
    let mut group = criterion.benchmark_group("features");
    group.sample_size(10);

    group.throughput(Throughput::Elements(encoder.train_rows()));
    group.bench_function("fit", |bench| bench.iter(|| FeatureEncoder::fit(&workload.features, log, train.clone())));

    let (context, history) = (vec![0; log.context.len()], [3, 17, 42, 17, 99]);
    let request = Request { context: &context, day: 14_000, history: &history };
    let page = &log.catalogue.listings[0].items;
    let mut batch = FeatureBatch::default();
    group.throughput(Throughput::Elements(page.len() as u64));
    group.bench_function("encode one request", |bench| {
        bench.iter(|| {
            batch.rows = 0;
            batch.ids.clear();
            batch.dense.clear();
            encoder.encode(&log.catalogue, &request, page, &mut batch);
        });
    });

    let source = Source { log, encoder: &encoder, tasks: &workload.tasks };
    let config = LoaderConfig { batch_rows: 4096, unclicked_rate: 1.0 };
    group.throughput(Throughput::Elements(encoder.train_rows()));
    group.bench_function("one epoch of batches, every row kept", |bench| {
        bench.iter(|| {
            let rng = ChaCha8Rng::seed_from_u64(1);
            EpochLoader::training(source, train.clone(), &config, rng).map(|batch| batch.features.rows).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, features);
criterion_main!(benches);
