//! The trainer applies what a balancing decides: gradients per task add up, and conflicts are measured.

use crate::fixture::{TestResult, batch, model, spec, trunks, weights};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_model::{BalanceConfig, MultiTaskModel, OptimizerConfig, Trainer, TrainerConfig};

fn balance(kind: &str) -> Result<BalanceConfig, toml::de::Error> {
    toml::from_str(&format!("kind = {kind:?}"))
}

/// With one task there is nothing to balance: every method that leaves a single loss as it is gives the fixed weights' step.
#[test]
fn a_single_task_is_left_as_it_is() -> TestResult {
    let device = Device::flex();
    let spec = spec(trunks().swap_remove(1)).single_task(0);
    let mut batch = batch(64, &mut ChaCha8Rng::seed_from_u64(3));
    let keep = |values: &[f32]| values.chunks(3).map(|row| row[0]).collect::<Vec<f32>>();
    (batch.labels.value, batch.labels.weight) = (keep(&batch.labels.value), keep(&batch.labels.weight));
    let after = |kind: &str| -> Result<_, Box<dyn std::error::Error>> {
        let model = MultiTaskModel::new(spec.clone(), &mut ChaCha8Rng::seed_from_u64(4), &device)?;
        let (optimizer, balance) = (OptimizerConfig::Sgd, balance(kind)?);
        let config = TrainerConfig { optimizer, balance, learning_rate: 0.1, ..TrainerConfig::default() };
        let mut trainer = Trainer::new(model, &config, 1, &device)?;
        trainer.step(&batch)?;
        Ok(weights(&trainer.snapshot())?)
    };
    let fixed = after("fixed")?;
    for kind in ["pc_grad", "dwa", "grad_norm"] {
        assert!(after(kind)? == fixed, "{kind}");
    }
    Ok(())
}

#[test]
fn a_task_never_conflicts_with_itself_and_pairs_are_counted() -> TestResult {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let batches: Vec<_> = (0..3).map(|_| batch(64, &mut rng)).collect();
    for trunk in trunks() {
        let conflict = model(trunk.clone())?.gradient_conflict(&batches, &Device::flex())?;
        let pairs = conflict.pairs();
        assert_eq!(pairs.len(), 3, "three pairs of three tasks");
        for pair in pairs {
            assert_eq!(pair.steps, 3, "{trunk:?}: {pair:?}");
            let cosine = pair.mean_cosine.ok_or("no cosine")?;
            assert!((-1.0..=1.0).contains(&cosine), "{trunk:?}: {pair:?}");
        }
    }
    Ok(())
}

/// The gradient by name is the change of the loss: a finite difference along it.
#[test]
fn gradients_by_name_are_those_of_the_loss() -> TestResult {
    let device = Device::flex();
    let batch = batch(64, &mut ChaCha8Rng::seed_from_u64(6));
    for trunk in trunks() {
        let model = model(trunk.clone())?;
        let gradients = model.gradients(&batch, &device)?;
        let weights = model.weights()?;
        assert_eq!(gradients.keys().collect::<Vec<_>>(), weights.keys().collect::<Vec<_>>());
        let squares: f64 =
            gradients.values().flat_map(|tensor| &tensor.values).map(|&g| f64::from(g) * f64::from(g)).sum();
        // One step of gradient descent by η lowers the loss by η‖g‖², to first order.
        let rate = 1e-3;
        let config = TrainerConfig { optimizer: OptimizerConfig::Sgd, learning_rate: rate, ..TrainerConfig::default() };
        let mut trainer = Trainer::new(model, &config, 2, &device)?;
        trainer.step(&batch)?;
        let before = trainer.finish_epoch()?.total;
        trainer.step(&batch)?;
        let after = trainer.finish_epoch()?.total;
        let ratio = (before - after) / (rate * squares);
        assert!((ratio - 1.0).abs() < 0.05, "{trunk:?}: fell by {ratio} of what the gradient says");
    }
    Ok(())
}
