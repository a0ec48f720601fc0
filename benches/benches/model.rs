//! The multi-task model of the shipped config on the CPU: a training step at 4,096 rows, and predictions at 1, 100 and 4,096 rows.
#![expect(clippy::expect_used, reason = "a bench that cannot go on may panic")]

use burn::tensor::Device;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_benches::{Workload, workload};
use slatewise_features::{Batch, EpochLoader, FeatureEncoder, LoaderConfig, Source};
use slatewise_model::{MultiTaskModel, Ranker, TaskShape, Trainer, TrainerConfig};

fn model_and_batch(workload: &Workload, device: &Device) -> (MultiTaskModel, Batch) {
    let (log, train) = (&workload.log, workload.split.train.clone());
    let encoder = FeatureEncoder::fit(&workload.features, log, train.clone()).expect("the shipped features fit");
    let tasks: Vec<TaskShape> =
        workload.tasks.specs().iter().map(|task| TaskShape::new(task, log.catalogue.len())).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let model = workload.model.init(&encoder.layout(), &tasks, &mut rng, device).expect("the shipped model is sound");
    let source = Source { log, encoder: &encoder, tasks: &workload.tasks };
    let config = LoaderConfig { batch_rows: 4096, unclicked_rate: 0.25 };
    let batch = EpochLoader::training(source, train, &config, rng).next().expect("there are train rows");
    (model, batch)
}

fn model(criterion: &mut Criterion) {
    let (workload, device) = (workload(), Device::flex());
    let (model, batch) = model_and_batch(&workload, &device);
    let mut group = criterion.benchmark_group("model");
    group.sample_size(20);

    let mut trainer =
        Trainer::new(model.clone(), &TrainerConfig::default(), 1_000, &device).expect("the defaults are sound");
    group.throughput(Throughput::Elements(batch.features.rows as u64));
    group.bench_function("training step", |bench| bench.iter(|| trainer.step(&batch)));

    let ranker = Ranker::new(model, &device);
    for rows in [1, 100, 4096] {
        let features = batch.features.select(&(0..rows).collect::<Vec<_>>());
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_with_input(BenchmarkId::new("binary predictions", rows), &features, |bench, features| {
            bench.iter(|| ranker.binary(features));
        });
    }
    group.finish();
}

criterion_group!(benches, model);
criterion_main!(benches);
