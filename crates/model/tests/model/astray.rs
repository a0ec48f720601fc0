//! A training that goes astray stops before it spoils anything, and says where.

use crate::fixture::{CONTINUES, TASKS, TestResult, batch, spec, trunks, weights};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_features::Batch;
use slatewise_model::{
    BatchPlace, Error, Head, ModelSpec, MultiTaskModel, Trainer, TrainerConfig, Transform, TrunkConfig,
};

const NUMBER: Head = Head::Regression { transform: Transform::Identity, quantile: None };

/// `continues` as a number.
fn with_number(trunk: TrunkConfig) -> ModelSpec {
    let mut spec = spec(trunk);
    spec.tasks[CONTINUES].head = NUMBER;
    spec
}

fn trainer(spec: ModelSpec, config: &TrainerConfig) -> Result<Trainer, Error> {
    let model = MultiTaskModel::new(spec, &mut ChaCha8Rng::seed_from_u64(5), &Device::flex())?;
    Trainer::new(model, config, 10, &Device::flex())
}

fn batches(count: usize) -> Vec<Batch> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    (0..count).map(|_| batch(64, &mut rng)).collect()
}

/// The batch with this label of `continues` in every row.
fn with_label(mut batch: Batch, label: f32) -> Batch {
    batch.labels.value.iter_mut().skip(CONTINUES).step_by(TASKS).for_each(|value| *value = label);
    batch
}

/// Two good steps in one epoch, one in the next, then the bad batch: the error names it and nothing has moved, and what
/// follows is what would have followed without it.
fn stops(spec: &ModelSpec, config: &TrainerConfig, bad: &Batch) -> Result<String, Box<dyn std::error::Error>> {
    let good = batches(4);
    let (mut astray, mut sound) = (trainer(spec.clone(), config)?, trainer(spec.clone(), config)?);
    for trainer in [&mut astray, &mut sound] {
        good[..2].iter().try_for_each(|batch| trainer.step(batch))?;
        trainer.finish_epoch()?;
        trainer.step(&good[2])?;
    }
    let before = weights(&astray.snapshot())?;
    let error = astray.step(bad).err().ok_or("the bad batch passed")?;
    assert!(weights(&astray.snapshot())? == before, "{error}: the weights have moved");
    assert_eq!(astray.steps_taken(), 3);
    for trainer in [&mut astray, &mut sound] {
        trainer.step(&good[3])?;
    }
    assert!(weights(&astray.snapshot())? == weights(&sound.snapshot())?, "{error}: something stayed behind");
    assert_eq!(astray.finish_epoch()?, sound.finish_epoch()?);
    let Error::AtBatch { place, source } = error else { return Err(error.into()) };
    assert_eq!(place, BatchPlace { epoch: 2, batch: 2, step: 4 });
    let (message, source) = (Error::AtBatch { place, source }.to_string(), "epoch 2, batch 2 (step 4): ");
    Ok(message.strip_prefix(source).ok_or("another place")?.to_owned())
}

#[test]
fn a_value_that_is_no_number_stops_every_trunk_before_it_moves() -> TestResult {
    let mut bad = batches(1).swap_remove(0);
    bad.features.dense[7] = f32::NAN;
    for trunk in trunks() {
        assert_eq!(
            stops(&spec(trunk), &TrainerConfig::default(), &bad)?,
            "the loss of task `click` is NaN: lower `trainer.learning_rate`, set `trainer.gradient_clip_norm`, \
             or mend the features and labels of that batch"
        );
    }
    Ok(())
}

#[test]
fn a_loss_above_the_limit_stops_and_one_below_passes() -> TestResult {
    let spec = with_number(trunks().swap_remove(1));
    let bad = with_label(batches(1).swap_remove(0), 1e4);
    let limited = |max_loss| TrainerConfig { max_loss: Some(max_loss), ..TrainerConfig::default() };
    let message = stops(&spec, &limited(1000.0), &bad)?;
    assert!(message.starts_with("the loss of task `continues` is "), "{message}");
    assert!(message.contains(", above `trainer.max_loss` = 1000: lower `trainer.learning_rate`"), "{message}");
    assert!(message.contains("look at the labels of that batch"), "{message}");

    let mut trainer = trainer(spec, &limited(1e9))?;
    trainer.step(&bad)?;
    assert!(trainer.finish_epoch()?.tasks[CONTINUES].mean > Some(1e5), "what passed was far above the first limit");
    Ok(())
}

/// A finite explosion: the learning rate throws the weights far away in the first step, and the second sees it.
#[test]
fn a_learning_rate_that_is_far_too_large_stops_at_the_second_batch() -> TestResult {
    for (learning_rate, max_loss, says) in
        [(1e30, None, "is NaN: lower"), (10.0, Some(20.0), "above `trainer.max_loss`")]
    {
        let config = TrainerConfig { learning_rate, max_loss, ..TrainerConfig::default() };
        let mut trainer = trainer(spec(trunks().swap_remove(1)), &config)?;
        let batches = batches(2);
        trainer.step(&batches[0])?;
        let before = weights(&trainer.snapshot())?;
        let message = trainer.step(&batches[1]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.starts_with("epoch 1, batch 2 (step 2): the loss of task `"), "{message}");
        assert!(message.contains(says), "{message}");
        assert_eq!(trainer.steps_taken(), 1);
        assert!(weights(&trainer.snapshot())? == before);
    }
    Ok(())
}

/// The squared error of 1.8e19 is finite, 3.24e38; the square of its gradient is not.
#[test]
fn a_gradient_too_large_for_its_norm_stops_clipping_and_surgery() -> TestResult {
    let mut spec = with_number(trunks().swap_remove(0));
    spec.config.tower.clear();
    let mut bad = with_label(batches(1).swap_remove(0), 1.8e19);
    bad.features.dense.iter_mut().for_each(|value| *value *= 1000.0);
    let clipped = TrainerConfig { gradient_clip_norm: Some(1.0), ..TrainerConfig::default() };
    let mut configs = vec![clipped];
    for kind in ["grad_norm", "pc_grad"] {
        let balance = toml::from_str(&format!("kind = {kind:?}"))?;
        configs.push(TrainerConfig { balance, ..TrainerConfig::default() });
    }
    for config in configs {
        let message = stops(&spec, &config, &bad)?;
        assert!(message.starts_with("the gradient of task `continues` is not finite: lower"), "{config:?}: {message}");
    }
    Ok(())
}

/// Each task's loss is finite; times its loss weight its gradient is not.
#[test]
fn a_gradient_that_overflows_stops_without_clipping_too() -> TestResult {
    let mut spec = with_number(trunks().swap_remove(0));
    spec.tasks[CONTINUES].loss_weight = 1e25;
    let bad = with_label(batches(1).swap_remove(0), 1.5e19);
    let message = stops(&spec, &TrainerConfig::default(), &bad)?;
    assert!(message.starts_with("the gradient of task `continues` is not finite"), "{message}");
    Ok(())
}
