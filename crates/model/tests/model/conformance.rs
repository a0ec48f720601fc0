//! The suite that every trunk passes: shapes, masks, permutation, save and load.

use crate::fixture::{CONTINUES, ITEMS, NEXT_ITEM, TASKS, TestResult, batch, model, spec, trunks, weights};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_features::{Batch, FeatureBatch};
use slatewise_model::{
    Checkpoint, MultiTaskModel, Ranker, TaskLogits, TaskRows, Trainer, TrainerConfig, TrunkConfig, upload,
};

fn every_trunk(check: impl Fn(TrunkConfig) -> TestResult) -> TestResult {
    trunks().into_iter().try_for_each(|trunk| {
        let name = format!("{trunk:?}");
        check(trunk).map_err(|error| format!("{name}: {error}").into())
    })
}

fn a_batch(rows: usize) -> Batch {
    batch(rows, &mut ChaCha8Rng::seed_from_u64(9))
}

/// The model after one step on a batch.
fn after_a_step(trunk: TrunkConfig, batch: &Batch) -> Result<MultiTaskModel, slatewise_model::Error> {
    let config = TrainerConfig { gradient_clip_norm: Some(1.0), ..TrainerConfig::default() };
    let mut trainer = Trainer::new(model(trunk)?, &config, 1, &Device::flex())?;
    trainer.step(batch)?;
    trainer.finish_epoch()?;
    Ok(trainer.snapshot())
}

#[test]
fn logits_have_the_tasks_shapes() -> TestResult {
    every_trunk(|trunk| {
        let device = Device::flex();
        let model = model(trunk)?;
        let (features, _) = upload(&a_batch(7).features, None, &model, &device)?;
        for representation in model.representations(&features) {
            assert_eq!(representation.dims(), [7, 16]);
        }
        let TaskLogits(logits) = model.forward(&features, &[TaskRows::All, TaskRows::Nothing, TaskRows::All]);
        let shapes: Vec<_> = logits.iter().map(|logits| logits.as_ref().map(burn::Tensor::dims)).collect();
        assert_eq!(shapes, [Some([7, 1]), None, Some([7, ITEMS as usize])]);
        Ok(())
    })
}

#[test]
fn a_masked_label_has_no_effect() -> TestResult {
    every_trunk(|trunk| {
        let masked = a_batch(64);
        let mut changed = masked.clone();
        let labels = changed.labels.value.iter_mut().zip(&changed.labels.weight);
        labels.filter(|(_, weight)| **weight == 0.0).for_each(|(value, _)| *value = 3.0);
        assert_ne!(masked.labels, changed.labels);
        assert!(weights(&after_a_step(trunk.clone(), &masked)?)? == weights(&after_a_step(trunk, &changed)?)?);
        Ok(())
    })
}

#[test]
fn a_row_without_any_label_has_no_effect() -> TestResult {
    every_trunk(|trunk| {
        let mut masked = a_batch(64);
        masked.labels.weight[..8 * TASKS].fill(0.0);
        let mut changed = masked.clone();
        changed.features.ids[..8 * 3].fill(1);
        changed.features.dense[..8 * 2].fill(7.5);
        let steps = [after_a_step(trunk.clone(), &masked)?, after_a_step(trunk, &changed)?];
        assert!(weights(&steps[0])? == weights(&steps[1])?);
        Ok(())
    })
}

#[test]
fn a_task_without_labels_keeps_its_tower() -> TestResult {
    every_trunk(|trunk| {
        let mut batch = a_batch(64);
        let untaught = [CONTINUES, NEXT_ITEM];
        for (index, weight) in batch.labels.weight.iter_mut().enumerate() {
            if untaught.contains(&(index % TASKS)) {
                *weight = 0.0;
            }
        }
        let (before, after) = (weights(&model(trunk.clone())?)?, weights(&after_a_step(trunk, &batch)?)?);
        for (name, values) in &before {
            let own = |task: &usize| [format!("tower.{task}."), format!("wide.{task}.")];
            let of_untaught = untaught.iter().flat_map(own).any(|prefix| name.starts_with(&prefix));
            let of_taught = name.starts_with("tower.0.");
            assert!(!(of_untaught && after[name] != *values), "{name} moved without a label");
            assert!(!(of_taught && after[name] == *values), "{name} did not move");
        }
        Ok(())
    })
}

#[test]
fn permuting_the_batch_permutes_the_outputs() -> TestResult {
    every_trunk(|trunk| {
        let ranker = Ranker::new(model(trunk)?, &Device::flex());
        let features = a_batch(33).features;
        let order: Vec<usize> = (0..33).map(|row| (row * 7 + 3) % 33).collect();
        let (straight, permuted) = (ranker.predict(&features)?, ranker.predict(&rows_of(&features, &order))?);
        for (place, &row) in order.iter().enumerate() {
            close(&permuted.binary[place * 2..][..2], &straight.binary[row * 2..][..2]);
            let items = ITEMS as usize;
            close(&permuted.choice[0][place * items..][..items], &straight.choice[0][row * items..][..items]);
        }
        Ok(())
    })
}

#[test]
fn saving_and_loading_changes_nothing() -> TestResult {
    every_trunk(|trunk| {
        let folder = tempfile::tempdir()?;
        let device = Device::flex();
        let before =
            Checkpoint::new(after_a_step(trunk.clone(), &a_batch(64))?, serde_json::json!({"fitted": [1, 2.5]}));
        before.save(&folder.path().join("best"))?;
        let after = Checkpoint::load(&folder.path().join("best"), &device)?;
        assert_eq!(after.encoder, before.encoder);
        assert_eq!(after.model.spec(), &spec(trunk));
        assert!(weights(&after.model)? == weights(&before.model)?);
        let features = a_batch(50).features;
        let predict = |model| Ranker::new(model, &device).predict(&features);
        assert_eq!(predict(before.model)?, predict(after.model)?);
        Ok(())
    })
}

#[test]
fn chunks_do_not_show() -> TestResult {
    every_trunk(|trunk| {
        let ranker = Ranker::new(model(trunk)?, &Device::flex());
        let features = a_batch(8192 + 100).features;
        let whole = ranker.predict(&features)?;
        assert_eq!(whole.binary.len(), (8192 + 100) * 2);
        let last = ranker.predict(&rows_of(&features, &(8192..8292).collect::<Vec<_>>()))?;
        close(&whole.binary[8192 * 2..], &last.binary);
        close(&ranker.binary(&features)?, &whole.binary);
        close(&ranker.choice("next_item", &features)?, &whole.choice[0]);
        assert!(ranker.choice("next_item", &FeatureBatch::default())?.is_empty());
        Ok(())
    })
}

fn rows_of(features: &FeatureBatch, rows: &[usize]) -> FeatureBatch {
    FeatureBatch {
        rows: rows.len(),
        ids: rows.iter().flat_map(|row| &features.ids[row * 3..][..3]).copied().collect(),
        dense: rows.iter().flat_map(|row| &features.dense[row * 2..][..2]).copied().collect(),
    }
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found} against {expected}");
    }
}
