//! PyTorch's weights, loaded under their own names, give PyTorch's logits and PyTorch's twenty steps of Adam.
//!
//! See `tests/golden/README.md` for where the numbers come from.

use crate::fixture::TestResult;
use burn::tensor::Device;
use serde::Deserialize;
use slatewise_data::artefact;
use slatewise_features::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};
use slatewise_model::{
    Checkpoint, Head, MmoeConfig, ModelConfig, ModelSpec, MultiTaskModel, SharedBottomConfig, TaskLogits, TaskRows,
    TaskShape, Trainer, TrainerConfig, TrunkConfig, upload,
};
use std::path::Path;

#[derive(Deserialize)]
struct Inputs {
    dense: Vec<[f32; 3]>,
    sparse: Vec<[u32; 3]>,
    labels: Vec<[f32; 2]>,
}

#[derive(Deserialize)]
struct Expected {
    outputs: Vec<[f32; 2]>,
    #[serde(rename = "loss_curve_adam_lr0.01")]
    adam: Vec<f64>,
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> Result<T, Box<dyn std::error::Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn batch() -> Result<Batch, Box<dyn std::error::Error>> {
    let inputs: Inputs = read("inputs.json")?;
    let rows = inputs.dense.len();
    let features = FeatureBatch { rows, ids: inputs.sparse.concat(), dense: inputs.dense.concat() };
    Ok(Batch {
        features,
        labels: LabelBatch { value: inputs.labels.concat(), weight: vec![1.0; rows * 2], slate: vec![] },
    })
}

/// A checkpoint made of the reference's weights and a manifest that describes them.
fn load(name: &str, trunk: TrunkConfig) -> Result<MultiTaskModel, Box<dyn std::error::Error>> {
    let names = ["a", "b", "c"];
    let tables = names.iter().zip([11, 7, 5]).map(|(name, rows)| TableLayout { name: (*name).into(), rows, width: 4 });
    let fields = names.iter().enumerate().map(|(table, name)| FieldLayout { name: (*name).into(), table });
    let task = |name: &str| TaskShape::of(name, Head::binary());
    let layout = FeatureLayout {
        tables: tables.collect(),
        fields: fields.collect(),
        dense: names.iter().map(|name| format!("dense_{name}")).collect(),
    };
    let tasks = vec![task("click"), task("purchase")];
    let spec = ModelSpec {
        config: ModelConfig {
            trunk,
            tower: vec![6],
            embedding: slatewise_model::EmbeddingConfig::default(),
            wide: [].into(),
        },
        layout,
        tasks,
    };

    let folder = tempfile::tempdir()?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.weights.safetensors"));
    let weights = std::fs::read(source)?;
    let hashes = serde_json::json!({
        "model.safetensors": artefact::write_atomic(folder.path().join("model.safetensors"), &weights)?,
        "encoder.json": artefact::write_atomic(folder.path().join("encoder.json"), b"null")?,
    });
    let manifest = serde_json::json!({ "format": "slatewise-model", "version": 1, "model": spec, "sha256": hashes });
    artefact::write_atomic(folder.path().join("manifest.json"), manifest.to_string().as_bytes())?;
    Ok(Checkpoint::load(folder.path(), &Device::flex())?.model)
}

fn references() -> [(&'static str, TrunkConfig); 2] {
    let widths = vec![16, 8];
    [
        ("shared_bottom", TrunkConfig::SharedBottom(SharedBottomConfig { widths: widths.clone() })),
        ("mmoe", TrunkConfig::Mmoe(MmoeConfig { experts: 3, widths })),
    ]
}

#[test]
fn logits_equal_pytorchs() -> TestResult {
    for (name, trunk) in references() {
        let model = load(name, trunk)?;
        let expected: Expected = read(&format!("{name}.expected.json"))?;
        let (features, _) = upload(&batch()?.features, None, &model, &Device::flex())?;
        let TaskLogits(logits) = model.forward(&features, &[TaskRows::All, TaskRows::All]);
        for (task, logits) in logits.into_iter().flatten().enumerate() {
            for (found, expected) in logits.into_data().iter::<f32>().zip(&expected.outputs) {
                assert!((found - expected[task]).abs() < 1e-5, "{name}, task {task}: {found} against {expected:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn twenty_steps_of_adam_equal_pytorchs() -> TestResult {
    for (name, trunk) in references() {
        let expected: Expected = read(&format!("{name}.expected.json"))?;
        let config = TrainerConfig { epochs: 20, learning_rate: 0.01, ..TrainerConfig::default() };
        let mut trainer = Trainer::new(load(name, trunk)?, &config, 1, &Device::flex())?;
        assert_eq!(expected.adam.len(), 21);
        for (step, expected) in expected.adam.iter().enumerate() {
            trainer.step(&batch()?)?;
            let found = trainer.finish_epoch()?.total;
            assert!((found / expected - 1.0).abs() < 1e-4, "{name}, step {step}: {found} against {expected}");
        }
    }
    Ok(())
}
