//! Reading: the shipped file from gzip to impressions (165,474 rows, 6.7 MB of text), and all labels of its 2.8 million impressions.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use slatewise_benches::{log_source, workload};

fn load(criterion: &mut Criterion) {
    let source = log_source();
    let mut group = criterion.benchmark_group("data");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(6_675_312));
    group.bench_function("load, clean and rebuild", |bench| bench.iter(|| slatewise_data::load(&source)));
    group.finish();
}

fn label(criterion: &mut Criterion) {
    let workload = workload();
    let (log, tasks) = (&workload.log, &workload.tasks);
    let all = 0..log.sessions() as u32;
    let mut group = criterion.benchmark_group("data");
    group.sample_size(10);
    group.throughput(Throughput::Elements(log.impressions() as u64));
    group.bench_function("label every impression", |bench| {
        bench.iter(|| {
            let labels = |row| (0..tasks.count()).filter_map(|task| tasks.label(task, log, &row)).sum::<f32>();
            log.rows_in(&all).map(labels).sum::<f32>()
        });
    });
    group.finish();
}

criterion_group!(benches, load, label);
criterion_main!(benches);
