//! What every method keeps to.

use super::*;
use rand::{RngExt, SeedableRng};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn every_kind() -> [BalanceConfig; 5] {
    [
        BalanceConfig::Fixed {},
        BalanceConfig::Uncertainty(UncertaintyConfig::default()),
        BalanceConfig::GradNorm(GradNormConfig::default()),
        BalanceConfig::Dwa(DwaConfig::default()),
        BalanceConfig::PcGrad {},
    ]
}

fn init(config: &BalanceConfig, loss_weight: &[f32]) -> Balance {
    config.init(loss_weight, ChaCha8Rng::seed_from_u64(5))
}

/// One step of three tasks with drawn losses, labels and gradients, and the end of an epoch after every third.
fn drawn_step(balance: &mut Balance, number: usize, rng: &mut ChaCha8Rng) -> Result<StepWeights, Error> {
    let losses: Vec<f64> = (0..3).map(|_| rng.random_range(0.0..2.0)).collect();
    let labelled: Vec<bool> = (0..3).map(|_| rng.random_bool(0.8)).collect();
    let mut gradient = || (0..4).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f64>>();
    let gram = Gram::of(&[gradient(), gradient(), gradient()]);
    let weights = balance.weights(&StepSignals { losses: &losses, labelled: &labelled, gram: Some(&gram) });
    if number % 3 == 2 {
        let mean: Vec<Option<f64>> = losses.iter().zip(labelled).map(|(&loss, known)| known.then_some(loss)).collect();
        balance.end_of_epoch(&mean);
    }
    weights
}

#[test]
fn a_method_saved_in_the_middle_goes_on_to_the_bit() -> Outcome {
    for config in every_kind() {
        let (mut balance, mut rng) = (init(&config, &[1.0, 0.3, 2.0]), ChaCha8Rng::seed_from_u64(8));
        for number in 0..11 {
            drawn_step(&mut balance, number, &mut rng)?;
        }
        let mut read: Balance = toml::from_str(&toml::to_string(&balance)?)?;
        assert_eq!(read, balance);
        let mut again = rng.clone();
        for number in 11..40 {
            let expected = drawn_step(&mut balance, number, &mut rng)?;
            assert_eq!(drawn_step(&mut read, number, &mut again)?, expected, "step {number} of {config:?}");
        }
        assert_eq!(read, balance);
    }
    Ok(())
}

#[test]
fn the_first_step_of_tasks_that_do_not_conflict_has_the_declared_weights() -> Outcome {
    let gram = Gram::of(&[vec![1.0, 0.0], vec![0.0, 2.0]]);
    for config in every_kind() {
        let step = StepSignals { losses: &[1.0, 0.1], labelled: &[true; 2], gram: Some(&gram) };
        let found = init(&config, &[0.5, 2.0]).weights(&step)?;
        assert_eq!((found.shared, found.own), (vec![0.5, 2.0], vec![0.5, 2.0]), "{config:?}");
    }
    Ok(())
}

#[test]
fn a_declared_weight_multiplies_and_zero_is_zero() -> Outcome {
    for config in every_kind() {
        let (mut balance, mut rng) = (init(&config, &[1.0, 0.0, 2.0]), ChaCha8Rng::seed_from_u64(2));
        for number in 0..30 {
            let found = drawn_step(&mut balance, number, &mut rng)?;
            assert_eq!((found.shared[1], found.own[1]), (0.0, 0.0), "{config:?}");
            assert!(found.shared[0] > 0.0 && found.own[2] > 0.0, "{config:?}");
        }
    }
    Ok(())
}

#[test]
fn nothing_to_learn_from_leaves_finite_weights() -> Outcome {
    let gram = Gram::new(3, vec![0.0; 9]);
    for config in every_kind() {
        for declared in [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]] {
            let mut balance = init(&config, &declared);
            for labelled in [[false; 3], [true; 3], [true, false, false], [true; 3]] {
                let step = StepSignals { losses: &[0.0; 3], labelled: &labelled, gram: Some(&gram) };
                let found = balance.weights(&step)?;
                balance.end_of_epoch(&labelled.map(|labelled| labelled.then_some(0.0)));
                let finite = found.shared.iter().chain(&found.own).all(|weight| weight.is_finite());
                assert!(finite, "{config:?}: {found:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_not_finite_is_refused_and_changes_nothing() -> Outcome {
    let sound = Gram::of(&[vec![1.0], vec![1.0]]);
    let astray = Gram::of(&[vec![1.0], vec![f64::INFINITY]]);
    for config in every_kind() {
        let mut balance = init(&config, &[1.0, 1.0]);
        let before = balance.clone();
        let mut message = |losses: [f64; 2], gram| {
            let found = balance.weights(&StepSignals { losses: &losses, labelled: &[true; 2], gram });
            assert!(found.is_ok() || balance == before, "{config:?}");
            found.err().map(|error| error.to_string()).unwrap_or_default()
        };
        let (losses, gradients) = (before.needs_losses(), before.needs_gradients());
        let expected = if losses { "task 1, counted from 0: its loss is not finite" } else { "" };
        assert!(message([1.0, f64::NAN], Some(&sound)).starts_with(expected), "{config:?}");
        let expected = if gradients { "task 1, counted from 0: its gradient is not finite" } else { "" };
        assert!(message([1.0, 1.0], Some(&astray)).starts_with(expected), "{config:?}");
        let found = message([1.0, 1.0], None);
        assert_eq!(found.contains("the step has none"), gradients, "{config:?}: {found}");
    }
    Ok(())
}

#[test]
fn a_configuration_names_its_kind_and_knows_its_keys() -> Outcome {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Section {
        balance: BalanceConfig,
    }
    let read = |text: &str| toml::from_str::<Section>(&format!("balance = {{ {text} }}")).map(|read| read.balance);
    let kinds = ["fixed", "uncertainty", "grad_norm", "dwa", "pc_grad"];
    for (kind, config) in kinds.into_iter().zip(every_kind()) {
        assert_eq!(read(&format!("kind = \"{kind}\""))?, config, "defaults of {kind}");
        assert!(read(&format!("kind = \"{kind}\", alfa = 1.0")).is_err(), "{kind} knows no `alfa`");
        let section = Section { balance: config };
        assert_eq!(toml::from_str::<Section>(&toml::to_string(&section)?)?, section);
        section.balance.validate()?;
    }
    let found = read("kind = \"grad_norm\", alpha = 0.0, learning_rate = 0.1")?;
    assert_eq!(found, BalanceConfig::GradNorm(GradNormConfig { alpha: 0.0, learning_rate: 0.1 }));
    assert!(read("kind = \"other\"").is_err());
    Ok(())
}

#[test]
fn values_outside_their_range_are_named() {
    let message = |config: BalanceConfig| config.validate().err().map(|error| error.to_string()).unwrap_or_default();
    let grad_norm = |alpha, learning_rate| message(BalanceConfig::GradNorm(GradNormConfig { alpha, learning_rate }));
    assert!(grad_norm(-1.0, 0.1).starts_with("`trainer.balance.alpha` is -1"));
    assert!(grad_norm(1.0, f64::NAN).starts_with("`trainer.balance.learning_rate` is NaN"));
    let uncertainty = message(BalanceConfig::Uncertainty(UncertaintyConfig { learning_rate: 0.0 }));
    assert!(uncertainty.starts_with("`trainer.balance.learning_rate` is 0"));
    let dwa = message(BalanceConfig::Dwa(DwaConfig { temperature: f64::INFINITY }));
    assert!(dwa.starts_with("`trainer.balance.temperature` is inf"));
}
