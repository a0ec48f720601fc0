//! What the trainer promises its caller.

use crate::fixture::{TASKS, TestResult, batch, model, trunks, weights};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_features::Batch;
use slatewise_model::{Trainer, TrainerConfig};

fn trainer(learning_rate: f64) -> Result<Trainer, slatewise_model::Error> {
    let config = TrainerConfig { learning_rate, ..TrainerConfig::default() };
    Trainer::new(model(trunks().swap_remove(1))?, &config, 10, &Device::flex())
}

fn a_batch() -> Batch {
    batch(64, &mut ChaCha8Rng::seed_from_u64(2))
}

fn message(result: Result<(), slatewise_model::Error>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_snapshot_is_not_moved_by_later_steps_and_can_be_restored() -> TestResult {
    let mut trainer = trainer(0.01)?;
    trainer.step(&a_batch())?;
    let snapshot = trainer.snapshot();
    let before = weights(&snapshot)?;
    trainer.step(&a_batch())?;
    assert!(weights(&snapshot)? == before);
    assert!(weights(&trainer.snapshot())? != before);
    trainer.restore(snapshot);
    assert!(weights(&trainer.snapshot())? == before);
    trainer.step(&a_batch())?;
    assert!(weights(&trainer.snapshot())? != before, "a restored model goes on learning");
    Ok(())
}

#[test]
fn a_batch_without_labels_is_counted_and_teaches_nothing() -> TestResult {
    let mut trainer = trainer(0.01)?;
    let before = weights(&trainer.snapshot())?;
    let mut batch = a_batch();
    batch.labels.weight.fill(0.0);
    trainer.step(&batch)?;
    let losses = trainer.finish_epoch()?;
    assert_eq!((losses.rows, losses.steps, losses.total), (64, 0, 0.0));
    assert!(losses.tasks.iter().all(|task| task.mean.is_none()));
    assert!(weights(&trainer.snapshot())? == before);
    Ok(())
}

#[test]
fn weights_of_rows_weigh_the_loss() -> TestResult {
    // Every row twice is every row once with weight 2: the same mean loss, twice the weight.
    let once = a_batch();
    let mut doubled = once.clone();
    doubled.labels.weight.iter_mut().for_each(|weight| *weight *= 2.0);
    let losses = |batch: &Batch| -> Result<_, slatewise_model::Error> {
        let mut trainer = trainer(0.01)?;
        trainer.step(batch)?;
        trainer.finish_epoch()
    };
    let (once, doubled) = (losses(&once)?, losses(&doubled)?);
    for (once, doubled) in once.tasks.iter().zip(&doubled.tasks) {
        assert_eq!((once.mean, 2.0 * once.weight), (doubled.mean, doubled.weight));
    }
    Ok(())
}

#[test]
fn a_batch_that_does_not_fit_is_refused_with_its_place() -> TestResult {
    let mut trainer = trainer(0.01)?;
    let mut refuse = |change: fn(&mut Batch)| {
        let mut batch = a_batch();
        change(&mut batch);
        message(trainer.step(&batch))
    };
    assert_eq!(
        refuse(|batch| batch.features.ids[4] = 12),
        "epoch 1, batch 1 (step 1): row 1, field `last_item`: id 12 is outside its table of 12 rows: \
         encode it with the encoder the model was trained with"
    );
    assert!(refuse(|batch| batch.features.ids.truncate(9)).contains("`ids` holds 9 values, the model needs 192"));
    assert!(refuse(|batch| batch.features.dense.clear()).contains("`dense` holds 0 values, the model needs 128"));
    assert!(refuse(|batch| batch.features.rows = 0).contains("no rows"));
    assert!(refuse(|batch| batch.labels.value.truncate(1)).contains("`labels` holds 1 values"));
    assert!(
        refuse(|batch| batch.labels.value[TASKS] = 0.5)
            .starts_with("epoch 1, batch 6 (step 1): row 1, task `click`: label 0.5 with weight 1")
    );
    assert!(refuse(|batch| batch.labels.weight[0] = f32::NAN).contains("(step 1): row 0, task `click`: label"));
    let unknown_item = |batch: &mut Batch| (batch.labels.value[2], batch.labels.weight[2]) = (12.0, 1.0);
    let message = refuse(unknown_item);
    assert!(
        message.ends_with(
            "row 0, task `next_item`: label 12 with weight 1: a choice is the index of an item of the catalogue"
        ),
        "{message}"
    );
    Ok(())
}
