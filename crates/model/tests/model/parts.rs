//! On the CPU a batch is computed in parts: a step must be the one that the undivided batch would have taken.

use crate::fixture::{CONTINUES, TASKS, TestResult, batch, model, trunks};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_features::Batch;
use slatewise_model::{BalanceConfig, MultiTaskModel, NamedTensor, OptimizerConfig, Ranker, Trainer, TrainerConfig};

/// 1,100 rows make three parts; `continues` is labelled in the first alone.
fn large_batch() -> Batch {
    let mut batch = batch(1_100, &mut ChaCha8Rng::seed_from_u64(3));
    for row in 300..1_100 {
        batch.labels.weight[row * TASKS + CONTINUES] = 0.0;
    }
    batch
}

/// What a step of plain gradient descent at rate 1 took off the weights.
fn step(model: &MultiTaskModel, batch: &Batch, balance: BalanceConfig) -> Result<Change, slatewise_model::Error> {
    let config =
        TrainerConfig { optimizer: OptimizerConfig::Sgd, learning_rate: 1.0, balance, ..TrainerConfig::default() };
    let mut trainer = Trainer::new(model.clone(), &config, 1, &Device::flex())?;
    trainer.step(batch)?;
    let before = model.weights()?;
    let after = trainer.snapshot().weights()?;
    let taken = before.into_iter().zip(after).map(|((name, before), (_, after))| {
        let values = before.values.iter().zip(&after.values).map(|(before, after)| before - after).collect();
        (name, NamedTensor { values, ..before })
    });
    Ok(taken.collect())
}

type Change = std::collections::BTreeMap<String, NamedTensor>;

fn largest_difference(left: &Change, right: &Change) -> f32 {
    assert!(left.keys().eq(right.keys()), "{:?} against {:?}", left.keys(), right.keys());
    let pairs = left.values().zip(right.values());
    pairs.flat_map(|(a, b)| a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs())).fold(0.0, f32::max)
}

#[test]
fn a_step_in_parts_is_the_step_of_the_whole_batch() -> TestResult {
    let batch = large_batch();
    for trunk in trunks() {
        let model = model(trunk.clone())?;
        // `gradients` computes the batch undivided.
        let whole = model.gradients(&batch, &Device::flex())?;
        let in_parts = step(&model, &batch, BalanceConfig::default())?;
        let largest =
            whole.values().flat_map(|tensor| &tensor.values).fold(0.0_f32, |most, value| most.max(value.abs()));
        assert!(largest > 1e-3, "{trunk:?}: a gradient of at most {largest} shows nothing");
        let off = largest_difference(&whole, &in_parts);
        assert!(off < 1e-6, "{trunk:?}: off by {off}");
    }
    Ok(())
}

/// A batch twice over has the same losses and gradients, but is divided otherwise.
#[test]
fn methods_that_work_on_gradients_see_those_of_the_whole_batch() -> TestResult {
    let [small, large] = [batch(400, &mut ChaCha8Rng::seed_from_u64(4)), large_batch()];
    for kind in ["uncertainty", "grad_norm", "pc_grad"] {
        let balance: BalanceConfig = toml::from_str(&format!("kind = \"{kind}\""))?;
        for batch in [&small, &large] {
            let model = model(trunks().swap_remove(1))?;
            let mut twice = batch.clone();
            twice.features.rows *= 2;
            twice.features.ids.extend(&batch.features.ids);
            twice.features.dense.extend(&batch.features.dense);
            twice.labels.value.extend(&batch.labels.value);
            twice.labels.weight.extend(&batch.labels.weight);
            let off =
                largest_difference(&step(&model, batch, balance.clone())?, &step(&model, &twice, balance.clone())?);
            assert!(off < 2e-6, "{kind}: off by {off}");
        }
    }
    Ok(())
}

#[test]
fn predictions_do_not_depend_on_how_many_rows_go_together() -> TestResult {
    let batch = large_batch();
    for trunk in trunks() {
        let ranker = Ranker::new(model(trunk.clone())?, &Device::flex());
        let all = ranker.predict(&batch.features)?;
        let (fields, dense) = (batch.features.ids.len() / 1_100, batch.features.dense.len() / 1_100);
        for row in [0, 63, 64, 550, 1_099] {
            let one = slatewise_features::FeatureBatch {
                rows: 1,
                ids: batch.features.ids[row * fields..][..fields].to_vec(),
                dense: batch.features.dense[row * dense..][..dense].to_vec(),
            };
            let alone = ranker.predict(&one)?;
            let tasks = alone.binary.len();
            let off =
                alone.binary.iter().zip(&all.binary[row * tasks..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-6, "{trunk:?}, row {row}: off by {off}");
        }
    }
    Ok(())
}
