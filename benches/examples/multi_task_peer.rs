//! This project's side of `benches/peers/multi_task.py`: MMoE steps and predictions, timed one by one.
//!
//! ```text
//! multi_task_peer --work train|infer|embedding|products --batch B --threads N --seconds S [--rows R] [--batches 16] [--seed K]
//! ```
//!
//! The workload is the driver's: 20 categorical fields up to 1,000,000 rows × 16, 10 dense values, 4 experts 256-128, 3 binary
//! towers 64-1, Adam; `--batches` are made beforehand and used in turn. What is timed is what a user calls: `Trainer::step` on a host batch, with its checks, gathering, upload and
//! the tables' update; `Ranker::binary` with its upload and download. `embedding` is a training step whose largest table has
//! `--rows` rows, with `--optimizer adam|row_wise_adagrad` and `--storage f32|bf16` for it. `products` are the matrix products
//! of a training step and nothing else, `forward_products` those of a prediction: less time than that no step can take on this
//! tensor library and processor. Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "the line of JSON is the result")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_data::{Label, Mask, TaskSpec};
use slatewise_features::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
use slatewise_model::{
    EmbeddingConfig, MmoeConfig, ModelConfig, MultiTaskModel, OptimizerConfig, Ranker, Storage, TaskShape, Trainer,
    TrainerConfig, TrunkConfig,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type BoxError = Box<dyn std::error::Error>;

const ROWS: [usize; 20] = [
    10, 10, 20, 50, 50, 100, 100, 200, 500, 1000, 1000, 2000, 5000, 10_000, 10_000, 20_000, 50_000, 100_000, 100_000,
    1_000_000,
];
const WIDTH: usize = 16;
const DENSE: usize = 10;
const EXPERTS: usize = 4;
const TASKS: usize = 3;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options: BTreeMap<&str, &str> =
        arguments.chunks_exact(2).map(|pair| (pair[0].trim_start_matches("--"), pair[1].as_str())).collect();
    let text = |key: &str, otherwise: &'static str| options.get(key).copied().unwrap_or(otherwise).to_owned();
    let number = |key: &str, otherwise: &'static str| text(key, otherwise).parse::<usize>();
    let (work, batch, threads) = (text("work", "train"), number("batch", "4096")?, number("threads", "2")?);
    let limit = Duration::from_secs_f64(text("seconds", "5").parse()?);
    let rows = number("rows", "1000000")?;
    let workload = Workload {
        rows,
        batch,
        batches: number("batches", "16")?,
        limit,
        seed: number("seed", "1")? as u64,
        optimizer: match text("optimizer", "adam").as_str() {
            "adam" => OptimizerConfig::default(),
            "row_wise_adagrad" => OptimizerConfig::RowWiseAdagrad { epsilon: 1e-10 },
            other => return Err(format!("--optimizer {other}: give adam or row_wise_adagrad").into()),
        },
        storage: match text("storage", "f32").as_str() {
            "f32" => Storage::F32,
            "bf16" => Storage::Bf16,
            other => return Err(format!("--storage {other}: give f32 or bf16").into()),
        },
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let times = pool.install(|| match work.as_str() {
        "train" | "embedding" => workload.train().map_err(|error| error.to_string()),
        "infer" => workload.infer().map_err(|error| error.to_string()),
        "products" => Ok(workload.products(true)),
        "forward_products" => Ok(workload.products(false)),
        other => Err(format!("--work {other}: give train, infer, embedding, products or forward_products")),
    })?;
    let milliseconds: Vec<String> = times.iter().map(|time| format!("{:.6}", time.as_secs_f64() * 1e3)).collect();
    println!(
        "{{\"work\": \"{work}\", \"batch\": {batch}, \"threads\": {threads}, \"rows\": {rows}, \"peak_mb\": {}, \"milliseconds\": [{}]}}",
        peak_megabytes(),
        milliseconds.join(", ")
    );
    Ok(())
}

struct Workload {
    rows: usize,
    batch: usize,
    batches: usize,
    limit: Duration,
    seed: u64,
    optimizer: OptimizerConfig,
    storage: Storage,
}

impl Workload {
    fn rows(&self) -> impl Iterator<Item = usize> {
        ROWS[..ROWS.len() - 1].iter().copied().chain([self.rows])
    }

    fn model(&self, device: &Device) -> Result<MultiTaskModel, slatewise_model::Error> {
        let table = |(index, rows)| TableLayout { name: format!("field_{index}"), rows, width: WIDTH };
        let field = |index| FieldLayout { name: format!("field_{index}"), table: index };
        let layout = FeatureLayout {
            tables: self.rows().enumerate().map(table).collect(),
            fields: (0..ROWS.len()).map(field).collect(),
            dense: (0..DENSE).map(|index| format!("dense_{index}")).collect(),
        };
        let task = |index| TaskShape::new(&TaskSpec::new(format!("task_{index}"), Label::Click, Mask::All), 0);
        let tasks: Vec<TaskShape> = (0..TASKS).map(task).collect();
        let trunk = TrunkConfig::Mmoe(MmoeConfig { experts: EXPERTS, widths: vec![256, 128] });
        let embedding = EmbeddingConfig { storage: self.storage, ..EmbeddingConfig::default() };
        let config = ModelConfig { trunk, tower: vec![64], embedding, wide: BTreeMap::new() };
        config.init(&layout, &tasks, &mut ChaCha8Rng::seed_from_u64(self.seed), device)
    }

    /// Low ids more often than high ones, as the driver's: the square of a uniform number.
    fn batches(&self) -> Vec<Batch> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed + 1);
        let one = |rng: &mut ChaCha8Rng| {
            let mut features = FeatureBatch { rows: self.batch, ..FeatureBatch::default() };
            let mut labels = LabelBatch::default();
            for _ in 0..self.batch {
                for rows in self.rows() {
                    let uniform: f64 = rng.random();
                    features.ids.push(((uniform * uniform * rows as f64) as u32).min(rows as u32 - 1));
                }
                features.dense.extend((0..DENSE).map(|_| rng.random::<f32>()));
                labels.value.extend((0..TASKS).map(|_| if rng.random::<f32>() < 0.3 { 1.0 } else { 0.0 }));
            }
            labels.weight = vec![1.0; self.batch * TASKS];
            Batch { features, labels }
        };
        (0..self.batches).map(|_| one(&mut rng)).collect()
    }

    fn train(&self) -> Result<Vec<Duration>, slatewise_model::Error> {
        let device = Device::flex();
        let config = TrainerConfig { embedding_optimizer: Some(self.optimizer), ..TrainerConfig::default() };
        let mut trainer = Trainer::new(self.model(&device)?, &config, 1_000_000, &device)?;
        self.time(|batch| trainer.step(batch))
    }

    fn infer(&self) -> Result<Vec<Duration>, slatewise_model::Error> {
        let device = Device::flex();
        let ranker = Ranker::new(self.model(&device)?, &device);
        self.time(|batch| ranker.binary(&batch.features).map(|_| ()))
    }

    /// The products of all layers, one after the other: forward, and for a step those of both gradients too.
    fn products(&self, with_gradients: bool) -> Vec<Duration> {
        let device = Device::flex();
        let input = ROWS.len() * WIDTH + DENSE;
        // Inputs, outputs and how many such layers.
        let layers =
            [(input, 256, EXPERTS), (256, 128, EXPERTS), (input, EXPERTS, TASKS), (128, 64, TASKS), (64, 1, TASKS)];
        let filled = |rows, columns| Tensor::<2>::full([rows, columns], 0.5, &device);
        let operands: Vec<[Tensor<2>; 3]> = layers
            .iter()
            .flat_map(|&(inputs, outputs, count)| {
                let of_layer = [filled(self.batch, inputs), filled(inputs, outputs), filled(self.batch, outputs)];
                std::iter::repeat_n(of_layer, count)
            })
            .collect();
        let (start, mut times) = (Instant::now(), Vec::new());
        while start.elapsed() < self.limit {
            let step = Instant::now();
            for [x, weight, gradient] in &operands {
                drop(std::hint::black_box(x.clone().matmul(weight.clone())));
                if with_gradients {
                    drop(std::hint::black_box(x.clone().transpose().matmul(gradient.clone())));
                    drop(std::hint::black_box(gradient.clone().matmul(weight.clone().transpose())));
                }
            }
            times.push(step.elapsed());
        }
        times
    }

    fn time(
        &self,
        mut work: impl FnMut(&Batch) -> Result<(), slatewise_model::Error>,
    ) -> Result<Vec<Duration>, slatewise_model::Error> {
        let batches = self.batches();
        for batch in &batches {
            work(batch)?;
        }
        let (start, mut times) = (Instant::now(), Vec::new());
        for batch in batches.iter().cycle() {
            let step = Instant::now();
            work(batch)?;
            times.push(step.elapsed());
            if start.elapsed() > self.limit {
                break;
            }
        }
        Ok(times)
    }
}

/// Largest resident memory of this process so far, in MB; 0 where the system does not tell.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1000
}
