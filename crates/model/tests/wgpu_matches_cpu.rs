//! A few training steps on wgpu and on the CPU give the same losses and the same predictions, for every trunk and head.
//!
//! The two add in different orders, and Adam divides by the root of small numbers, so they drift apart with the steps:
//! within 1e-4 relative after eight steps, where the loss itself has moved by a tenth.
//!
//! Where wgpu finds no adapter the test says so and passes: Mesa's software Vulkan (`mesa-vulkan-drivers`) is enough.

#[path = "model/heads/world.rs"]
mod world;

use burn::tensor::{Device, DeviceType};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_features::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
use slatewise_model::{
    AitmConfig, Head, IndependentConfig, MmoeConfig, ModelConfig, ModelSpec, MultiTaskModel, PepnetConfig, PleConfig,
    Predictions, Ranker, SharedBottomConfig, TaskShape, Trainer, TrainerConfig, TrunkConfig,
};

const ITEMS: u32 = 9;

#[test]
fn wgpu_matches_cpu() -> Result<(), Box<dyn std::error::Error>> {
    let Some(wgpu) = Device::enumerate(DeviceType::Wgpu).into_iter().next() else {
        skipped("wgpu found no adapter: install a GPU driver or mesa-vulkan-drivers");
        return Ok(());
    };
    for trunk in [
        TrunkConfig::SharedBottom(SharedBottomConfig { widths: vec![16, 8] }),
        TrunkConfig::Mmoe(MmoeConfig { experts: 3, widths: vec![16, 8] }),
        TrunkConfig::Independent(IndependentConfig { widths: vec![16, 8] }),
        TrunkConfig::Ple(PleConfig { levels: 1, shared_experts: 2, task_experts: 1, widths: vec![16, 8] }),
        TrunkConfig::Ple(PleConfig { levels: 2, shared_experts: 1, task_experts: 2, widths: vec![8] }),
        TrunkConfig::Aitm(AitmConfig { widths: vec![16, 8] }),
        TrunkConfig::Pepnet(PepnetConfig {
            domain: vec!["day".into()],
            personal: vec!["item".into(), "last_item".into()],
            widths: vec![16, 8],
        }),
    ] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (spec, batch) = (spec(&trunk), batch(96, &mut rng));
        let (cpu_losses, cpu_predictions) = train(&spec, &batch, &Device::flex())?;
        let (losses, predictions) = train(&spec, &batch, &wgpu)?;
        for (step, (found, expected)) in losses.iter().zip(&cpu_losses).enumerate() {
            assert!((found / expected - 1.0).abs() < 1e-4, "{trunk:?}, step {step}: {found} against {expected}");
        }
        assert!(losses[7] < 0.95 * losses[0], "{trunk:?}: nothing was learned: {losses:?}");
        let found = predictions.binary.iter().chain(&predictions.choice[0]);
        for (found, expected) in found.zip(cpu_predictions.binary.iter().chain(&cpu_predictions.choice[0])) {
            assert!((found - expected).abs() < 1e-3, "{trunk:?}: predicted {found} against {expected}");
        }
    }
    every_head_matches(&wgpu)
}

/// Thirteen tasks, one of each kind and some with options; losses and predictions are in the tasks' own units.
fn every_head_matches(wgpu: &Device) -> Result<(), Box<dyn std::error::Error>> {
    let (spec, batch) = (world::spec(), world::batch(24, 1));
    let (cpu_losses, expected) = train(&spec, &batch, &Device::flex())?;
    let (losses, found) = train(&spec, &batch, wgpu)?;
    for (step, (found, expected)) in losses.iter().zip(&cpu_losses).enumerate() {
        assert!((found / expected - 1.0).abs() < 1e-3, "every head, step {step}: {found} against {expected}");
    }
    let all = |predictions: &Predictions| -> Vec<Vec<f32>> {
        let several = [&predictions.choice, &predictions.values, &predictions.probabilities];
        several.into_iter().flatten().chain([&predictions.binary]).cloned().collect()
    };
    let (found, expected) = (all(&found), all(&expected));
    assert_eq!(found.len(), 1 + 6 + 2 + 1, "choice, values, probabilities, binary");
    for (found, expected) in found.iter().zip(&expected) {
        let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(found.len() == expected.len() && off < 3e-3 * largest, "off by {off} where values reach {largest}");
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
fn skipped(reason: &str) {
    eprintln!("wgpu_matches_cpu skipped: {reason}");
}

/// Losses of eight steps on one batch, and the predictions after them.
fn train(spec: &ModelSpec, batch: &Batch, device: &Device) -> Result<(Vec<f64>, Predictions), slatewise_model::Error> {
    let model = MultiTaskModel::new(spec.clone(), &mut ChaCha8Rng::seed_from_u64(3), device)?;
    let config = TrainerConfig {
        learning_rate: 0.05,
        gradient_clip_norm: Some(1.0),
        weight_decay: 1e-4,
        ..TrainerConfig::default()
    };
    let mut trainer = Trainer::new(model, &config, 8, device)?;
    let mut losses = Vec::new();
    for _ in 0..8 {
        trainer.step(batch)?;
        losses.push(trainer.finish_epoch()?.total);
    }
    let predictions = Ranker::new(trainer.snapshot(), device).predict(&batch.features)?;
    Ok((losses, predictions))
}

fn spec(trunk: &TrunkConfig) -> ModelSpec {
    let table = |name: &str, rows, width| TableLayout { name: name.into(), rows, width };
    let field = |name: &str, table| FieldLayout { name: name.into(), table };
    ModelSpec {
        config: ModelConfig {
            trunk: trunk.clone(),
            tower: vec![6],
            embedding: slatewise_model::EmbeddingConfig::default(),
            wide: [("next_item".into(), vec!["item".into()])].into(),
        },
        layout: FeatureLayout {
            tables: vec![table("item", ITEMS as usize, 4), table("day", 7, 3)],
            fields: vec![field("item", 0), field("last_item", 0), field("day", 1)],
            dense: vec!["price".into(), "depth".into()],
        },
        tasks: vec![
            TaskShape::of("click", Head::binary()),
            TaskShape::of("next_item", Head::Choice { items: ITEMS as usize }),
            TaskShape::of("continues", Head::binary()),
        ],
    }
}

/// Clicks depend on the item, continuing on the day, and the next item is the same again; two thirds are masked.
fn batch(rows: usize, rng: &mut ChaCha8Rng) -> Batch {
    let mut features = FeatureBatch { rows, ..FeatureBatch::default() };
    let mut labels = LabelBatch::default();
    for row in 0..rows {
        let (item, day) = (rng.random_range(0..ITEMS), rng.random_range(0..7_u32));
        features.ids.extend([item, rng.random_range(0..ITEMS), day]);
        features.dense.extend([rng.random_range(-1.0..1.0_f32), rng.random_range(-1.0..1.0_f32)]);
        let counts = if row % 3 == 0 { 1.0 } else { 0.0 };
        labels.value.extend([(item % 2) as f32, item as f32, (day / 4) as f32]);
        labels.weight.extend([1.0, counts, counts]);
    }
    Batch { features, labels }
}
