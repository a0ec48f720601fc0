//! A world in which every head's truth is known: two dense values and an item per row, slates of four rows.
//!
//! ```text
//! click     P = σ(2 d₀ - 0.5)                            review   after buy, 1 in 2
//! buy       P = σ(3 d₁) after a click                    smooth, focal   the label of click
//! price     5 + 3 d₀ - 2 d₁ + noise, on odd rows         spend    exp(1 + d₀ + noise / 2) - 1, log-normal
//! seconds   1 in 10 watched, mean 20 exp(1.5 d₁)        minutes  4 in 5 watched, the same mean
//! rating    latent 2 d₀ + logistic noise, cut at -1, 0, 1
//! colour    item mod 3, 8 times of 10                    next     item + 1 mod 6, 9 times of 10
//! pick      by softmax of 2 d₀ - d₁ within the slate; every fifth slate without a choice
//! ```

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_features::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
use slatewise_model::{
    EmbeddingConfig, Head, ModelConfig, ModelSpec, SharedBottomConfig, TaskShape, Transform, TrunkConfig,
};

pub(crate) const ITEMS: u32 = 6;
pub(crate) const SLATE: usize = 4;
pub(crate) const SMOOTHING: f32 = 0.2;
pub(crate) const NAMES: [&str; 12] =
    ["click", "review", "buy", "smooth", "focal", "price", "spend", "seconds", "minutes", "rating", "colour", "next"];
pub(crate) const PICK: usize = NAMES.len();
pub(crate) const TASKS: usize = PICK + 1;

pub(crate) fn spec() -> ModelSpec {
    let (transform, quantile) = (Transform::Log1p, Some(0.9));
    let heads = [
        Head::binary(),
        Head::binary(),
        Head::binary(),
        Head::Binary { label_smoothing: SMOOTHING, focal_gamma: None },
        Head::Binary { label_smoothing: 0.0, focal_gamma: Some(2.0) },
        Head::Regression { transform: Transform::Identity, quantile: None },
        Head::Regression { transform, quantile },
        Head::WatchTime { exact: false },
        Head::WatchTime { exact: true },
        Head::Ordinal { levels: 4 },
        Head::MultiClass { classes: 3, label_smoothing: 0.0 },
        Head::Choice { items: ITEMS as usize },
    ];
    let mut tasks: Vec<TaskShape> = NAMES.iter().zip(heads).map(|(name, head)| TaskShape::of(*name, head)).collect();
    tasks.push(TaskShape::of("pick", Head::Slate {}));
    tasks[1].after = Some("buy".into());
    tasks[2].after = Some("click".into());
    // Seconds make large losses: the tasks share a trunk.
    (tasks[7].loss_weight, tasks[8].loss_weight) = (0.1, 0.05);
    ModelSpec {
        config: ModelConfig {
            trunk: TrunkConfig::SharedBottom(SharedBottomConfig { widths: vec![32] }),
            tower: vec![16],
            embedding: EmbeddingConfig::default(),
            wide: [("rating".into(), vec!["item".into()])].into(),
        },
        layout: FeatureLayout {
            tables: vec![TableLayout { name: "item".into(), rows: ITEMS as usize, width: 8 }],
            fields: vec![FieldLayout { name: "item".into(), table: 0 }],
            dense: vec!["warmth".into(), "mood".into()],
        },
        tasks,
    }
}

pub(crate) fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// A number from the standard normal distribution (Box & Muller).
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let (radius, angle) = (rng.random_range(1e-7..1.0_f32), rng.random_range(0.0..std::f32::consts::TAU));
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}

pub(crate) fn batch(slates: usize, seed: u64) -> Batch {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut features = FeatureBatch { rows: slates * SLATE, ..FeatureBatch::default() };
    let mut labels = LabelBatch::default();
    for slate in 0..slates {
        let mut best = (0, f32::NEG_INFINITY);
        let first = labels.value.len();
        for place in 0..SLATE {
            let item = rng.random_range(0..ITEMS);
            let d = [rng.random_range(-1.0..1.0_f32), rng.random_range(-1.0..1.0_f32)];
            features.ids.push(item);
            features.dense.extend(d);
            row(item, d, place, &mut labels, &mut rng);
            // The largest utility with Gumbel noise is a draw from the softmax.
            let gumbel = -(-rng.random_range(1e-7..1.0_f32).ln()).ln();
            let utility = 2.0 * d[0] - d[1] + gumbel;
            if utility > best.1 {
                best = (place, utility);
            }
        }
        labels.slate.extend([slate as u32; SLATE]);
        if slate % 5 != 0 {
            labels.value[first + best.0 * TASKS + PICK] = 1.0;
        }
    }
    Batch { features, labels }
}

/// Labels and weights of one row; nothing picked yet.
fn row(item: u32, d: [f32; 2], place: usize, labels: &mut LabelBatch, rng: &mut ChaCha8Rng) {
    let mut draw = |probability: f32| if rng.random_bool(f64::from(probability)) { 1.0 } else { 0.0 };
    let click = draw(sigmoid(2.0 * d[0] - 0.5));
    let buy = click * draw(sigmoid(3.0 * d[1]));
    let review = buy * draw(0.5);
    let (watched_seldom, watched_often) = (draw(0.1), draw(0.8));
    let (usual_colour, usual_next) = (draw(0.8), draw(0.9));
    let uniform = rng.random_range(1e-6..1.0 - 1e-6_f32);
    let latent = 2.0 * d[0] + (uniform / (1.0 - uniform)).ln();
    let rating = [-1.0, 0.0, 1.0].iter().filter(|&&cut| latent > cut).count() as f32;
    let colour = if usual_colour == 1.0 { item % 3 } else { rng.random_range(0..3) };
    let next = if usual_next == 1.0 { (item + 1) % ITEMS } else { rng.random_range(0..ITEMS) };
    let price = 5.0 + 3.0 * d[0] - 2.0 * d[1] + 0.5 * normal(rng);
    let spend = (1.0 + d[0] + 0.5 * normal(rng)).exp_m1().max(0.0);
    let mut seconds = |watched: f32| watched * 20.0 * (1.5 * d[1]).exp() * rng.random_range(0.5..1.5_f32);
    let (seldom, often) = (seconds(watched_seldom), seconds(watched_often));
    labels.value.extend([click, review, buy, click, click, price, spend, seldom, often, rating]);
    labels.value.extend([colour as f32, next as f32, 0.0]);
    let mut weight = [1.0; TASKS];
    weight[5] = (place % 2) as f32;
    labels.weight.extend(weight);
}
