//! The loader gives every row once, labels where they are defined, and weights that keep the expected loss.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod shop;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use slatewise_data::{ImpressionLog, Label, Mask, TaskSet, TaskSpec};
use slatewise_features::{
    Batch, CategoricalSource, CategoricalSpec, DenseSource, DenseSpec, EpochLoader, FeatureEncoder, FeatureSpec,
    LoaderConfig, Source, Transform,
};

struct Fitted {
    log: ImpressionLog,
    encoder: FeatureEncoder,
    tasks: TaskSet,
}

impl Fitted {
    fn source(&self) -> Source<'_> {
        Source { log: &self.log, encoder: &self.encoder, tasks: &self.tasks }
    }
}

fn fitted() -> Fitted {
    let log = shop::log();
    let item = CategoricalSpec { name: "item".to_owned(), source: CategoricalSource::Item, table: None };
    let spec = FeatureSpec { default_width: 4, width: [].into(), min_count: 1, categorical: vec![item], dense: vec![] };
    let encoder = FeatureEncoder::fit(&spec, &log, 0..2).unwrap();
    let tasks = [
        TaskSpec::new("click", Label::Click, Mask::All),
        TaskSpec::new("continues", Label::SessionContinues, Mask::Clicked),
        TaskSpec::new("next_item", Label::NextItem, Mask::ClickedAndContinues),
    ];
    let tasks = TaskSet::resolve(&tasks, &log.catalogue).unwrap();
    Fitted { log, encoder, tasks }
}

fn training(fitted: &Fitted, rate: f64, seed: u64) -> Vec<Batch> {
    let config = LoaderConfig { batch_rows: 3, unclicked_rate: rate };
    EpochLoader::training(fitted.source(), 0..2, &config, ChaCha8Rng::seed_from_u64(seed)).collect()
}

#[test]
fn evaluation_gives_every_row_in_order_with_its_labels() {
    let fitted = fitted();
    let batches: Vec<Batch> = EpochLoader::evaluation(fitted.source(), 0..3, 100).collect();
    assert_eq!(batches.len(), 1);
    let batch = &batches[0];
    assert_eq!(batch.features.ids, [1, 2, 1, 2, 3, 4, 1, 2, 1, 2, 3, 4]);
    // Session 0 clicks A1, A2, B1; rows 0 and 1 are A1 (clicked, A2 follows) and A2 (not clicked).
    assert_eq!(batch.labels.value[..6], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(batch.labels.weight[..6], [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    // Row 4 is B1, the session's last click: it does not go on, and there is no next item.
    assert_eq!(batch.labels.value[12..15], [1.0, 0.0, 0.0]);
    assert_eq!(batch.labels.weight[12..15], [1.0, 1.0, 0.0]);
}

#[test]
fn every_row_tells_its_slate() {
    let fitted = fitted();
    let batch = EpochLoader::evaluation(fitted.source(), 0..3, 100).next().unwrap();
    assert_eq!(batch.labels.slate, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    for batch in training(&fitted, 0.5, 3) {
        // Slates come one after the other, each at most once.
        let mut slates = batch.labels.slate.clone();
        assert_eq!(slates.len(), batch.features.rows);
        slates.dedup();
        let runs = slates.len();
        slates.sort_unstable();
        slates.dedup();
        assert_eq!(slates.len(), runs);
    }
}

#[test]
fn a_stored_log_is_the_log() {
    let (fitted, folder) = (fitted(), tempfile::tempdir().unwrap());
    let config = LoaderConfig { batch_rows: 3, unclicked_rate: 0.25 };
    let rows = fitted.source().store(0..2, &config, folder.path().join("a.rows")).unwrap();
    rows.check_schema(&fitted.source().row_schema().unwrap()).unwrap();
    let stored: Vec<Batch> = rows.in_order(100).unwrap().map(Result::unwrap).collect();
    assert_eq!(stored, EpochLoader::evaluation(fitted.source(), 0..2, 100).collect::<Vec<_>>());

    let (mut unclicked, mut clicked, epochs) = (0.0, 0.0, 4000);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..epochs {
        for batch in rows.epoch(3, &mut rng).unwrap().map(Result::unwrap) {
            for (value, weight) in batch.labels.value.chunks(3).zip(batch.labels.weight.chunks(3)) {
                assert_eq!(weight[0], if value[0] == 1.0 { 1.0 } else { 4.0 });
                *(if value[0] == 1.0 { &mut clicked } else { &mut unclicked }) += f64::from(weight[0]);
            }
        }
    }
    let epochs = f64::from(epochs);
    assert_eq!(clicked / epochs, 5.0, "every clicked row, weight 1");
    // Five draws of weight 4 with probability 1/4: deviation 4 √(5 · 3/16) = 3.9, standard error .06.
    assert!((unclicked / epochs - 5.0).abs() < 0.25, "{unclicked}");
}

#[test]
fn training_gives_every_row_once_when_all_are_kept() {
    let fitted = fitted();
    let mut ids: Vec<u32> = training(&fitted, 1.0, 7).into_iter().flat_map(|b| b.features.ids).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 1, 1, 1, 2, 2, 2, 2, 3, 4]);
}

#[test]
fn kept_rows_stand_for_those_left_out() {
    let fitted = fitted();
    let (mut unclicked, mut clicked, epochs) = (0.0, 0.0, 4000);
    for seed in 0..epochs {
        for batch in training(&fitted, 0.25, seed) {
            for (value, weight) in batch.labels.value.chunks(3).zip(batch.labels.weight.chunks(3)) {
                *(if value[0] == 1.0 { &mut clicked } else { &mut unclicked }) += f64::from(weight[0]);
            }
        }
    }
    let epochs = epochs as f64;
    assert_eq!(clicked / epochs, 5.0, "every clicked row, weight 1");
    // 5 unclicked rows: a kept one weighs 4; standard error √(5 · 3 / 4000) = 0.061.
    assert!((unclicked / epochs - 5.0).abs() < 0.25, "{}", unclicked / epochs);
}

#[test]
fn the_seed_alone_decides_the_order() {
    let fitted = fitted();
    assert_eq!(training(&fitted, 0.5, 3), training(&fitted, 0.5, 3));
    assert_ne!(training(&fitted, 1.0, 3), training(&fitted, 1.0, 4));
}

#[test]
fn settings_out_of_range_name_their_key() {
    let config = LoaderConfig { batch_rows: 3, unclicked_rate: 0.0 };
    assert_eq!(
        config.validate().unwrap_err().to_string(),
        "loader.unclicked_rate: it must be above 0 and at most 1, not 0"
    );
}

#[test]
fn no_row_sees_what_comes_after_it() {
    let mut fitted = fitted();
    let spec = FeatureSpec {
        categorical: vec![CategoricalSpec {
            name: "last".to_owned(),
            source: CategoricalSource::HistoryItem(1),
            table: None,
        }],
        dense: [DenseSource::Depth, DenseSource::PremiumShare, DenseSource::TimesClicked, DenseSource::ListingShare]
            .into_iter()
            .map(|source| DenseSpec { name: format!("{source:?}"), source, transform: Transform::None })
            .collect(),
        default_width: 4,
        width: [].into(),
        min_count: 1,
    };
    fitted.encoder = FeatureEncoder::fit(&spec, &fitted.log, 0..2).unwrap();
    let rows = |fitted: &Fitted| EpochLoader::evaluation(fitted.source(), 0..1, 100).next().unwrap().features;
    let before = rows(&fitted);
    // Session 0 clicks A1, A2, B1. Another second click changes what follows it and nothing up to it.
    fitted.log.slate_choice[1] = 0;
    let after = rows(&fitted);
    assert_eq!((&before.ids[..4], &before.dense[..16]), (&after.ids[..4], &after.dense[..16]));
    assert_ne!((&before.ids[4..], &before.dense[16..]), (&after.ids[4..], &after.dense[16..]));
}
