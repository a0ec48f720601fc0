//! A small synthetic shop with a known answer, and the trunks that every test runs over.
//!
//! ```text
//! click      P = σ(keen + liked + dense₀)             on every row; keen ±1.5 by user, liked ±1.5 by item
//! continues  P = σ(3 · dense₁)                        where clicked
//! next_item  (i + 1) mod items, 9 times of 10         where clicked and continued
//! ```

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slatewise_features::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
use slatewise_model::{
    AitmConfig, Head, IndependentConfig, MmoeConfig, ModelConfig, ModelSpec, MultiTaskModel, NamedTensor, PepnetConfig,
    PleConfig, SharedBottomConfig, TaskShape, TrunkConfig,
};
use std::collections::BTreeMap;

pub(crate) type TestResult = Result<(), Box<dyn std::error::Error>>;

pub(crate) const USERS: u32 = 40;
pub(crate) const ITEMS: u32 = 12;
pub(crate) const CLICK: usize = 0;
pub(crate) const CONTINUES: usize = 1;
pub(crate) const NEXT_ITEM: usize = 2;
pub(crate) const TASKS: usize = 3;

/// Every trunk there is: a new one is added here and passes the suite.
pub(crate) fn trunks() -> Vec<TrunkConfig> {
    vec![
        TrunkConfig::SharedBottom(SharedBottomConfig { widths: vec![32, 16] }),
        TrunkConfig::Mmoe(MmoeConfig { experts: 3, widths: vec![24, 16] }),
        TrunkConfig::Independent(IndependentConfig { widths: vec![32, 16] }),
        TrunkConfig::Ple(PleConfig { levels: 1, shared_experts: 2, task_experts: 1, widths: vec![24, 16] }),
        TrunkConfig::Ple(PleConfig { levels: 2, shared_experts: 1, task_experts: 2, widths: vec![16] }),
        TrunkConfig::Aitm(AitmConfig { widths: vec![24, 16] }),
        TrunkConfig::Pepnet(PepnetConfig {
            domain: vec!["last_item".into()],
            personal: vec!["user".into(), "item".into()],
            widths: vec![24, 16],
        }),
    ]
}

pub(crate) fn spec(trunk: TrunkConfig) -> ModelSpec {
    let table = |name: &str, rows: u32, width| TableLayout { name: name.into(), rows: rows as usize, width };
    let field = |name: &str, table| FieldLayout { name: name.into(), table };
    ModelSpec {
        config: ModelConfig {
            trunk,
            tower: vec![8],
            embedding: slatewise_model::EmbeddingConfig::default(),
            wide: [("next_item".into(), vec!["item".into()])].into(),
        },
        layout: FeatureLayout {
            tables: vec![table("user", USERS, 8), table("item", ITEMS, 6)],
            fields: vec![field("item", 1), field("last_item", 1), field("user", 0)],
            dense: vec!["warmth".into(), "mood".into()],
        },
        tasks: vec![
            TaskShape::of("click", Head::binary()),
            TaskShape::of("continues", Head::binary()),
            TaskShape::of("next_item", Head::Choice { items: ITEMS as usize }),
        ],
    }
}

pub(crate) fn model(trunk: TrunkConfig) -> Result<MultiTaskModel, slatewise_model::Error> {
    MultiTaskModel::new(spec(trunk), &mut ChaCha8Rng::seed_from_u64(5), &Device::flex())
}

pub(crate) fn batch(rows: usize, rng: &mut ChaCha8Rng) -> Batch {
    let mut features = FeatureBatch { rows, ..FeatureBatch::default() };
    let mut labels = LabelBatch::default();
    for _ in 0..rows {
        let (user, item) = (rng.random_range(0..USERS), rng.random_range(0..ITEMS));
        let dense = [rng.random_range(-1.0..1.0_f32), rng.random_range(-1.0..1.0_f32)];
        features.ids.extend([item, rng.random_range(0..ITEMS), user]);
        features.dense.extend(dense);
        let keen = if user % 2 == 0 { 1.5 } else { -1.5 };
        let liked = if item % 3 == 0 { 1.5 } else { -1.5 };
        let mut draw = |logit: f32| rng.random_bool(f64::from(1.0 / (1.0 + (-logit).exp())));
        let clicked = draw(keen + liked + dense[0]);
        let continued = clicked && draw(3.0 * dense[1]);
        let next = if rng.random_bool(0.9) { (item + 1) % ITEMS } else { rng.random_range(0..ITEMS) };
        let flag = |on: bool| if on { 1.0 } else { 0.0 };
        labels.value.extend([flag(clicked), flag(continued), if continued { next as f32 } else { 0.0 }]);
        labels.weight.extend([1.0, flag(clicked), flag(continued)]);
    }
    Batch { features, labels }
}

/// Weights by name, bit for bit.
pub(crate) fn weights(model: &MultiTaskModel) -> Result<BTreeMap<String, Vec<u32>>, slatewise_model::Error> {
    let bits = |tensor: NamedTensor| tensor.values.into_iter().map(f32::to_bits).collect();
    Ok(model.weights()?.into_iter().map(|(name, tensor)| (name, bits(tensor))).collect())
}
