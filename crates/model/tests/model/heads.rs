//! Every head learns what it is for, and its predictions come out in the label's units.

mod world;

use crate::fixture::{TestResult, weights};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_features::{Batch, FeatureBatch, Prefetch, RowFileWriter, RowSchema};
use slatewise_model::{
    Checkpoint, Error, Head, ModelSpec, MultiTaskModel, OrderedAfter, Predictions, Ranker, Schedule, Trainer,
    TrainerConfig, slate_probabilities,
};
use world::{ITEMS, NAMES, PICK, SLATE, SMOOTHING, TASKS, batch, sigmoid, spec};

fn model(spec: ModelSpec) -> Result<MultiTaskModel, Error> {
    MultiTaskModel::new(spec, &mut ChaCha8Rng::seed_from_u64(5), &Device::flex())
}

fn trained(batches: &[Batch], epochs: usize) -> Result<Ranker, Error> {
    let schedule = Schedule::Cosine { warm_up: 0.05, floor: 0.01 };
    let config = TrainerConfig { epochs, learning_rate: 0.01, schedule, ..TrainerConfig::default() };
    let mut trainer = Trainer::new(model(spec())?, &config, batches.len(), &Device::flex())?;
    for _ in 0..epochs {
        batches.iter().try_for_each(|batch| trainer.step(batch))?;
        trainer.finish_epoch()?;
    }
    Ok(Ranker::new(trainer.snapshot(), &Device::flex()))
}

/// Mean distance of the predictions from the truth, as a share of that of the best constant.
fn distance(found: &[f32], truth: &[f32]) -> f32 {
    assert_eq!(found.len(), truth.len());
    let rows = truth.len() as f32;
    let mean = truth.iter().sum::<f32>() / rows;
    let from = |of: &dyn Fn(usize) -> f32| (0..truth.len()).map(|row| (of(row) - truth[row]).abs()).sum::<f32>() / rows;
    from(&|row| found[row]) / from(&|_| mean)
}

/// What `q` a focal loss with γ = 2 is least at, where the label is 1 with probability `p`.
fn focal_optimum(p: f32) -> f32 {
    let loss = |q: f32| -p * (1.0 - q).powi(2) * q.ln() - (1.0 - p) * q.powi(2) * (1.0 - q).ln();
    let grid = (1..1000).map(|step| step as f32 / 1000.0);
    grid.min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(0.5)
}

#[test]
fn heads_learn_from_a_row_file_as_from_memory() -> TestResult {
    let folder = tempfile::tempdir()?;
    let shapes = spec();
    let tasks = shapes.tasks.iter().map(|task| task.name.clone()).collect();
    let schema = RowSchema { layout: shapes.layout, tasks, encoder: String::new(), slates: true };
    let mut writer = RowFileWriter::with_block_rows(folder.path().join("train.rows"), schema, 512)?;
    let slates_each = 128;
    for seed in 0..24 {
        let mut piece = batch(slates_each, seed);
        piece.labels.slate.iter_mut().for_each(|slate| *slate += slates_each as u32 * seed as u32);
        writer.append(&piece)?;
    }
    let rows = writer.finish()?;
    let config = TrainerConfig { epochs: 4, learning_rate: 0.01, ..TrainerConfig::default() };
    let mut trainer = Trainer::new(model(spec())?, &config, 24, &Device::flex())?;
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut picks = Vec::new();
    for _ in 0..config.epochs {
        // No multiple of a slate: batches end with whole slates nevertheless, or the trainer would refuse them.
        for batch in Prefetch::new(rows.epoch(slates_each * SLATE - 1, &mut rng)?, 2)? {
            trainer.step(&batch?)?;
        }
        picks.extend(trainer.finish_epoch()?.tasks[PICK].mean);
    }
    // A guess among the rows of a slate costs ln(rows).
    let guess = (SLATE as f64).ln();
    assert!(picks.len() == config.epochs && picks[3] < 0.85 * guess && picks[3] < picks[0], "{picks:?}, {guess}");
    Ok(())
}

#[test]
fn every_head_finds_its_truth_in_its_units() -> TestResult {
    let train: Vec<Batch> = (0..60).map(|seed| batch(256, seed)).collect();
    let ranker = trained(&train, 8)?;
    let test = batch(500, 1000);
    let found = ranker.predict(&test.features)?;
    let dense: Vec<[f32; 2]> = test.features.dense.as_chunks().0.to_vec();
    let truth = |of: &dyn Fn([f32; 2]) -> f32| dense.iter().map(|d| of(*d)).collect::<Vec<f32>>();
    let column = |column: usize| found.binary.iter().skip(column).step_by(5).copied().collect::<Vec<f32>>();
    let value = |name: &str| {
        let task = NAMES.iter().position(|known| *known == name).unwrap_or(PICK);
        let slot = ranker.value_tasks().iter().position(|known| *known == task).unwrap_or(usize::MAX);
        found.values[slot].clone()
    };
    let click = |d: [f32; 2]| sigmoid(2.0 * d[0] - 0.5);
    let buy = |d: [f32; 2]| click(d) * sigmoid(3.0 * d[1]);
    let watch = |d: [f32; 2]| 20.0 * (1.5 * d[1]).exp();
    let passes = |d: [f32; 2], cut: f32| sigmoid(2.0 * d[0] - cut);
    let checks = [
        ("click", column(0), truth(&click), 0.1),
        ("review", column(1), truth(&|d| 0.5 * buy(d)), 0.1),
        ("buy", column(2), truth(&buy), 0.1),
        ("smooth", column(3), truth(&|d| (1.0 - SMOOTHING) * click(d) + SMOOTHING / 2.0), 0.1),
        ("focal", column(4), truth(&|d| focal_optimum(click(d))), 0.1),
        ("price", value("price"), truth(&|d| 5.0 + 3.0 * d[0] - 2.0 * d[1]), 0.1),
        // The standard normal's 0.9-quantile is 1.2816.
        ("spend", value("spend"), truth(&|d| (1.0 + d[0] + 0.5 * 1.2816).exp_m1()), 0.1),
        ("seconds", value("seconds"), truth(&|d| 0.1 * watch(d) / 0.9), 0.15),
        ("minutes", value("minutes"), truth(&|d| 0.8 * watch(d)), 0.15),
        ("rating", value("rating"), truth(&|d| passes(d, -1.0) + passes(d, 0.0) + passes(d, 1.0)), 0.1),
    ];
    for (name, found, truth, bound) in checks {
        let distance = distance(&found, &truth);
        assert!(distance < bound, "{name}: {distance} of a constant's distance from the truth");
    }
    levels_classes_and_choices(&ranker, &test, &found, &dense);
    Ok(())
}

/// Levels, colours, next items and picks against their truth.
fn levels_classes_and_choices(ranker: &Ranker, test: &Batch, found: &Predictions, dense: &[[f32; 2]]) {
    assert_eq!((ranker.probability_tasks(), ranker.value_tasks()[5]), (&[9, 10][..], PICK));
    let levels = dense.iter().flat_map(|d| {
        let passed = [1.0, sigmoid(2.0 * d[0] + 1.0), sigmoid(2.0 * d[0]), sigmoid(2.0 * d[0] - 1.0), 0.0];
        passed.windows(2).map(|pair| pair[0] - pair[1]).collect::<Vec<f32>>()
    });
    let of_level = distance(&found.probabilities[0], &levels.collect::<Vec<f32>>());
    let chance = |usual: bool, rate: f32, of: u32| (1.0 - rate) / of as f32 + if usual { rate } else { 0.0 };
    let ids = &test.features.ids;
    let colours = ids.iter().flat_map(|item| (0..3).map(move |colour| chance(item % 3 == colour, 0.8, 3)));
    let of_colour = distance(&found.probabilities[1], &colours.collect::<Vec<f32>>());
    let next = ids.iter().flat_map(|item| (0..ITEMS).map(move |next| chance((item + 1) % ITEMS == next, 0.9, ITEMS)));
    let probability: Vec<f32> = found.choice[0].iter().map(|log| log.exp()).collect();
    let of_next = distance(&probability, &next.collect::<Vec<f32>>());
    let utility: Vec<f32> = dense.iter().map(|d| 2.0 * d[0] - d[1]).collect();
    let picked = slate_probabilities(&found.values[5], &test.labels.slate);
    let of_pick = distance(&picked, &slate_probabilities(&utility, &test.labels.slate));
    let distances = [of_level, of_colour, of_next, of_pick];
    assert!(distances.iter().all(|&distance| distance < 0.1), "level, colour, next, pick: {distances:?}");
    for sums in [found.probabilities[0].chunks(4), found.probabilities[1].chunks(3), picked.chunks(SLATE)] {
        assert!(sums.into_iter().all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    }
}

#[test]
fn what_is_asked_for_alone_or_in_chunks_is_what_is_predicted_together() -> TestResult {
    let ranker = trained(&[batch(64, 1)], 2)?;
    let features = batch(2100, 3).features;
    assert!(features.rows > 8192, "more than one chunk");
    let all = ranker.predict(&features)?;
    assert_eq!(ranker.binary(&features)?, all.binary);
    assert_eq!(ranker.values("seconds", &features)?, all.values[2]);
    assert_eq!(ranker.values("pick", &features)?, all.values[5]);
    assert_eq!(ranker.values("rating", &features)?, all.values[4]);
    assert_eq!(ranker.probabilities("rating", &features)?, all.probabilities[0]);
    assert_eq!(ranker.probabilities("colour", &features)?, all.probabilities[1]);
    let conditional = ranker.conditional(&features)?;
    for (whole, own) in all.binary.chunks(5).zip(conditional.chunks(5)) {
        let buy = own[2] * own[0];
        assert_eq!([whole[0], whole[2], whole[3], whole[4]], [own[0], buy, own[3], own[4]]);
        assert!((whole[1] - own[1] * buy).abs() < 1e-6);
    }
    let message = ranker.values("colour", &features).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.starts_with("there is no regression, watch time, ordinal or slate task `colour`"), "{message}");
    assert_eq!(ranker.predict(&FeatureBatch::default())?.values, vec![Vec::<f32>::new(); 6]);
    Ok(())
}

fn after_a_step(batch: &Batch) -> Result<MultiTaskModel, Error> {
    let mut trainer = Trainer::new(model(spec())?, &TrainerConfig::default(), 1, &Device::flex())?;
    trainer.step(batch)?;
    trainer.finish_epoch()?;
    Ok(trainer.snapshot())
}

#[test]
fn a_masked_label_has_no_effect_on_any_head() -> TestResult {
    let mut masked = batch(16, 4);
    for (index, weight) in masked.labels.weight.iter_mut().enumerate() {
        let (row, task) = (index / TASKS, index % TASKS);
        if (row / SLATE + task).is_multiple_of(3) || row % 8 == 1 {
            *weight = 0.0;
        }
    }
    let mut changed = masked.clone();
    let labels = changed.labels.value.iter_mut().zip(&changed.labels.weight);
    labels.filter(|(_, weight)| **weight == 0.0).for_each(|(value, _)| *value = f32::NAN);
    assert!(weights(&after_a_step(&masked)?)? == weights(&after_a_step(&changed)?)?);
    Ok(())
}

#[test]
fn thresholds_and_heads_survive_a_checkpoint() -> TestResult {
    let folder = tempfile::tempdir()?;
    let before = Checkpoint::new(after_a_step(&batch(16, 4))?, serde_json::Value::Null);
    before.save(&folder.path().join("best"))?;
    let after = Checkpoint::load(&folder.path().join("best"), &Device::flex())?;
    assert_eq!(after.model.spec(), &spec());
    let named = weights(&after.model)?;
    assert!(named.contains_key("tower.9.threshold") && !named.contains_key("tower.9.layers.1.bias"));
    assert!(named == weights(&before.model)?);
    assert!(named["tower.9.threshold"] != weights(&model(spec())?)?["tower.9.threshold"], "thresholds are learned");
    Ok(())
}

/// Mean loss of each task on one batch, before any step.
fn losses(change: impl Fn(&mut ModelSpec), batch: &Batch) -> Result<Vec<f64>, Error> {
    let mut spec = spec();
    change(&mut spec);
    let mut trainer = Trainer::new(model(spec)?, &TrainerConfig::default(), 1, &Device::flex())?;
    trainer.step(batch)?;
    Ok(trainer.finish_epoch()?.tasks.iter().map(|task| task.mean.unwrap_or(f64::NAN)).collect())
}

#[test]
fn a_binary_task_costs_the_same_packed_and_alone() -> TestResult {
    let batch = batch(32, 6);
    let packed = losses(|spec| spec.tasks[3].head = Head::binary(), &batch)?;
    let alone =
        losses(|spec| spec.tasks[3].head = Head::Binary { label_smoothing: 0.0, focal_gamma: Some(0.0) }, &batch)?;
    for (packed, alone) in packed.iter().zip(&alone) {
        assert!((packed - alone).abs() < 1e-6 * packed, "{packed} against {alone}");
    }
    Ok(())
}

#[test]
fn an_order_that_is_broken_costs_its_weight() -> TestResult {
    let batch = batch(32, 6);
    let with = |earlier: &str, later: usize, weight: f32| {
        let order = OrderedAfter { task: earlier.into(), weight };
        losses(|spec| spec.tasks[later].ordered_after = Some(order.clone()), &batch)
    };
    // Untrained, the whole chain up to a review is less likely than the single tasks.
    let plain = losses(|_| (), &batch)?;
    let (once, twice) = (with("review", 3, 1.0)?, with("review", 3, 2.0)?);
    assert!(once[3] > plain[3] + 0.01, "{} against {}", once[3], plain[3]);
    assert!((twice[3] - plain[3] - 2.0 * (once[3] - plain[3])).abs() < 1e-6);
    let in_order = with("smooth", 1, 5.0)?;
    assert!((in_order[1] - plain[1]).abs() < 1e-6, "{} against {}", in_order[1], plain[1]);
    Ok(())
}

#[test]
fn labels_and_slates_that_do_not_fit_are_refused_with_their_place() -> TestResult {
    let mut trainer = Trainer::new(model(spec())?, &TrainerConfig::default(), 1, &Device::flex())?;
    let mut refuse = |change: fn(&mut Batch)| {
        let mut batch = batch(8, 7);
        change(&mut batch);
        trainer.step(&batch).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(refuse(|_| ()), "");
    assert!(refuse(|batch| batch.labels.slate.clear()).contains("`slates` holds 0 values, the model needs 32"));
    assert!(refuse(|batch| batch.labels.slate[9] = 7).contains("slate 2: its rows are not consecutive"));
    let two = refuse(|batch| (5..7).for_each(|row| batch.labels.value[row * TASKS + PICK] = 1.0));
    assert!(two.contains("slate 1: a second row is chosen: give each choice a slate of its own"), "{two}");
    let rating = refuse(|batch| batch.labels.value[2 * TASKS + 9] = 4.0);
    assert!(rating.contains(": row 2, task `rating`: label 4 with weight 1: a level is a whole number"), "{rating}");
    assert!(
        refuse(|batch| batch.labels.value[8] = -1.0).contains("task `minutes`: label -1 with weight 1: a watch time")
    );
    Ok(())
}
