//! A training that is stopped and taken up again ends with the weights of the uninterrupted one, bit for bit.

use crate::fixture::{TestResult, batch, model, trunks, weights};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_features::Batch;
use slatewise_model::{
    EmbeddingConfig, ModelSpec, MultiTaskModel, OptimizerConfig, Schedule, Storage, TableConfig, Trainer,
    TrainerConfig, TrainingDirectory, TrunkConfig,
};
use std::fs;
use std::path::Path;

fn batches() -> Vec<Batch> {
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    (0..12).map(|_| batch(48, &mut rng)).collect()
}

fn config(optimizer: OptimizerConfig) -> TrainerConfig {
    TrainerConfig {
        optimizer,
        learning_rate: 0.02,
        weight_decay: 1e-3,
        gradient_clip_norm: Some(0.5),
        schedule: Schedule::Cosine { warm_up: 0.2, floor: 0.1 },
        ..TrainerConfig::default()
    }
}

/// A bf16 table and one that admits by frequency: all the state there can be.
fn special(trunk: TrunkConfig) -> Result<MultiTaskModel, slatewise_model::Error> {
    let spec: ModelSpec = crate::fixture::spec(trunk);
    let gated = TableConfig { admit_after: 3, ..TableConfig::default() };
    let table = [("user".to_owned(), gated)].into();
    let mut config = spec.config.clone();
    config.embedding = EmbeddingConfig { storage: Storage::Bf16, table };
    config.init(&spec.layout, &spec.tasks, &mut ChaCha8Rng::seed_from_u64(5), &Device::flex())
}

/// Trains over all batches; with `stop`, saves before that one, forgets everything and goes on from the disk.
fn train(model: MultiTaskModel, config: &TrainerConfig, stop: Option<usize>) -> Result<Outcome, BoxError> {
    let folder = tempfile::tempdir()?;
    let mut trainer = Trainer::new(model, config, 4, &Device::flex())?;
    for (index, batch) in batches().iter().enumerate() {
        if stop == Some(index) {
            let directory = TrainingDirectory::open(folder.path())?;
            let caller = [("batch".to_owned(), toml::Value::from(index as i64))].into_iter().collect();
            directory.save(&mut trainer, &serde_json::json!({ "fitted": 1.5 }), &caller)?;
            let resumed = directory.resume(&Device::flex())?;
            assert_eq!(resumed.caller, caller);
            assert_eq!(resumed.encoder, serde_json::json!({ "fitted": 1.5 }));
            trainer = resumed.trainer;
        }
        trainer.step(batch)?;
        if index % 4 == 3 && index < 11 {
            trainer.finish_epoch()?;
        }
    }
    let loss = trainer.finish_epoch()?;
    Ok((weights(&trainer.snapshot())?, loss.total.to_bits(), loss.rows))
}

type BoxError = Box<dyn std::error::Error>;
type Outcome = (std::collections::BTreeMap<String, Vec<u32>>, u64, u64);

#[test]
fn resuming_changes_no_bit() -> TestResult {
    for trunk in trunks() {
        let config = config(OptimizerConfig::default());
        let whole = train(model(trunk.clone())?, &config, None)?;
        for stop in [0, 1, 7] {
            assert!(train(model(trunk.clone())?, &config, Some(stop))? == whole, "{trunk:?}, stopped at {stop}");
        }
    }
    Ok(())
}

#[test]
fn resuming_changes_no_bit_with_any_optimizer_and_any_table() -> TestResult {
    let (adagrad, row_wise) =
        (OptimizerConfig::Adagrad { epsilon: 1e-10 }, OptimizerConfig::RowWiseAdagrad { epsilon: 1e-10 });
    for optimizer in [OptimizerConfig::Sgd, adagrad, row_wise, OptimizerConfig::default()] {
        let (config, trunk) = (config(optimizer), trunks().swap_remove(1));
        let whole = train(special(trunk.clone())?, &config, None)?;
        assert!(train(special(trunk)?, &config, Some(5))? == whole, "{optimizer:?}");
    }
    Ok(())
}

fn a_training(folder: &Path) -> Result<(TrainingDirectory, Trainer), BoxError> {
    let trunk = trunks().swap_remove(0);
    let trainer = Trainer::new(model(trunk)?, &TrainerConfig::default(), 10, &Device::flex())?;
    Ok((TrainingDirectory::open(folder)?, trainer))
}

#[test]
fn a_second_training_in_one_directory_is_refused_until_the_first_ends() -> TestResult {
    let folder = tempfile::tempdir()?;
    let first = TrainingDirectory::open(folder.path())?;
    let second = TrainingDirectory::open(folder.path()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(second.ends_with("another training writes here: wait for it to end, or choose another directory"));
    drop(first);
    TrainingDirectory::open(folder.path())?;
    Ok(())
}

#[test]
fn old_checkpoints_and_half_written_ones_are_cleared_away() -> TestResult {
    let folder = tempfile::tempdir()?;
    let (directory, mut trainer) = a_training(folder.path())?;
    for batch in batches().iter().take(4) {
        trainer.step(batch)?;
        directory.save(&mut trainer, &serde_json::Value::Null, &toml::Table::new())?;
    }
    let names: Vec<_> = directory.checkpoints()?.iter().map(|path| path.file_name().map(ToOwned::to_owned)).collect();
    assert_eq!(names, [Some("step-00000003".into()), Some("step-00000004".into())]);
    drop(directory);
    fs::create_dir(folder.path().join(".partial-abc"))?;
    fs::write(folder.path().join(".partial-abc/model.safetensors"), "half")?;
    TrainingDirectory::open(folder.path())?;
    assert!(!folder.path().join(".partial-abc").exists());
    Ok(())
}

#[test]
fn a_damaged_newest_checkpoint_is_told_and_the_one_before_it_taken() -> TestResult {
    let folder = tempfile::tempdir()?;
    let (directory, mut trainer) = a_training(folder.path())?;
    let nothing = directory.resume(&Device::flex()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(nothing.ends_with("no checkpoint that can be loaded"), "{nothing}");
    for batch in batches().iter().take(2) {
        trainer.step(batch)?;
        directory.save(&mut trainer, &serde_json::Value::Null, &toml::Table::new())?;
    }
    fs::write(folder.path().join("step-00000002/optimizer.safetensors"), "not this")?;
    let resumed = directory.resume(&Device::flex())?;
    assert_eq!((resumed.trainer.steps_taken(), resumed.refused.len()), (1, 1));
    assert!(resumed.refused[0].contains("optimizer.safetensors: SHA-256 is"), "{:?}", resumed.refused);
    Ok(())
}

#[test]
fn a_model_without_its_training_cannot_be_resumed() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model");
    slatewise_model::Checkpoint::new(model(trunks().swap_remove(0))?, serde_json::Value::Null).save(&path)?;
    let message = Trainer::resume(&path, &Device::flex()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("training.toml: cannot read it"), "{message}");
    Ok(())
}

#[test]
fn resuming_changes_no_bit_with_any_balancing() -> TestResult {
    for text in ["uncertainty", "grad_norm", "dwa", "pc_grad"] {
        let balance: slatewise_model::BalanceConfig = toml::from_str(&format!("kind = {text:?}"))?;
        let config = TrainerConfig { balance, ..config(OptimizerConfig::default()) };
        let trunk = trunks().swap_remove(1);
        let whole = train(model(trunk.clone())?, &config, None)?;
        for stop in [1, 6] {
            assert!(train(model(trunk.clone())?, &config, Some(stop))? == whole, "{text}, stopped at {stop}");
        }
        let fixed = train(model(trunk)?, &self::config(OptimizerConfig::default()), None)?;
        assert!(whole != fixed, "{text} changes nothing");
    }
    Ok(())
}
