//! Lookups, shared tables, hashing, admission and sparse updates on tables written by hand.

use super::*;
use rand::SeedableRng;
use slatewise_features::{FieldLayout, TableLayout};

/// Fields item, last, colour, next; three of them share a table.
fn layout() -> FeatureLayout {
    let table = |name: &str, rows, width| TableLayout { name: name.into(), rows, width };
    let field = |name: &str, table| FieldLayout { name: name.into(), table };
    FeatureLayout {
        tables: vec![table("item", 3, 2), table("colour", 2, 1)],
        fields: vec![field("item", 0), field("last", 0), field("colour", 1), field("next", 0)],
        dense: vec!["price".into()],
    }
}

fn tables(config: &EmbeddingConfig) -> EmbeddingTables {
    EmbeddingTables::new(&layout(), config, &mut ChaCha8Rng::seed_from_u64(3))
}

fn by_hand() -> EmbeddingTables {
    let mut tables = tables(&EmbeddingConfig::default());
    Arc::make_mut(&mut tables.table[0]).weights = Weights::F32(vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
    Arc::make_mut(&mut tables.table[1]).weights = Weights::F32(vec![7.0, 8.0]);
    tables
}

fn for_item(table: TableConfig) -> EmbeddingConfig {
    EmbeddingConfig { table: [("item".to_owned(), table)].into(), ..EmbeddingConfig::default() }
}

#[test]
fn rows_stand_in_field_order_with_the_dense_values_last() {
    let x = by_hand().gather(2, &[2, 1, 1, 0, 0, 0, 0, 2], &[-1.0, -2.0]);
    let expected = [[2.0, 2.5, 1.0, 1.5, 8.0, 0.0, 0.5, -1.0], [0.0, 0.5, 0.0, 0.5, 7.0, 2.0, 2.5, -2.0]];
    assert_eq!(x, expected.concat());
}

#[test]
fn a_shared_table_gathers_the_gradient_of_all_its_fields_and_only_touched_rows_move() {
    let mut tables = by_hand();
    let (rows, ones) = ([2, 2, 0, 1], vec![1.0; 8]);
    let mut sums = Vec::new();
    tables.collect(&rows, &ones, &mut sums);
    assert_eq!(squares(&sums), 2.0 * 4.0 + 2.0 + 1.0, "row 2 was looked up twice, row 1 once, colour 0 once");
    let config = OptimizerConfig::Sgd;
    let mut state = tables.fresh_state(&config);
    let before = tables.clone();
    tables.update(&mut sums, &mut state, &SparseOptimizer::new(config, 0.5, 0.0, 1.0, 1), 1);
    assert_eq!(tables.table[0].weights, Weights::F32(vec![0.0, 0.5, 0.5, 1.0, 1.0, 1.5]));
    assert_eq!(tables.table[1].weights, Weights::F32(vec![6.5, 8.0]));
    assert_eq!(before, by_hand(), "a copy taken before is not moved");
}

#[test]
fn the_unknown_row_starts_at_zero() {
    let tables = tables(&EmbeddingConfig::default());
    let Weights::F32(values) = &tables.table[0].weights else { unreachable!("f32 is the default") };
    assert_eq!(values[..2], [0.0, 0.0]);
    assert!(values[2..].iter().all(|value| *value != 0.0 && value.abs() <= 0.7072), "U(-1/√2, 1/√2)");
}

#[test]
fn a_hashed_id_is_the_sum_of_its_rows_and_moves_them_all() {
    let hash = HashConfig { buckets: 50, functions: 2 };
    let mut tables = tables(&for_item(TableConfig { hash: Some(hash), ..TableConfig::default() }));
    let ids = [1, 2, 1, 0];
    let rows = tables.rows_of(&ids).into_owned();
    assert_eq!((rows.len(), &rows[5..]), (2 + 2 + 1 + 2, &[0, 0][..]), "id 0 keeps row 0");
    let x = tables.gather(1, &rows, &[0.0]);
    let row = |row: u32| {
        let mut out = vec![0.0; 2];
        tables.table[0].copy_row(row, &mut out);
        out
    };
    let (first, second) = (row(rows[0]), row(rows[1]));
    assert_eq!(x[..2], [first[0] + second[0], first[1] + second[1]]);
    let mut sums = Vec::new();
    tables.collect(&rows, &[1.0; 8], &mut sums);
    let mut state = tables.fresh_state(&OptimizerConfig::Sgd);
    tables.update(&mut sums, &mut state, &SparseOptimizer::new(OptimizerConfig::Sgd, 0.1, 0.0, 1.0, 1), 1);
    let moved = tables.gather(1, &rows, &[0.0]);
    assert!((x[0] - moved[0] - 0.2).abs() < 1e-6, "both rows moved by 0.1");
}

#[test]
fn an_id_is_unknown_until_it_was_seen_often_enough() {
    let mut tables = tables(&for_item(TableConfig { admit_after: 3, ..TableConfig::default() }));
    // Item 2 is met twice per row: as the item and as the last one.
    let ids = [2, 2, 1, 0];
    assert_eq!(*tables.rows_of(&ids), [0, 0, 1, 0]);
    tables.meet(&ids);
    assert_eq!(*tables.rows_of(&ids), [0, 0, 1, 0], "seen twice of three times");
    tables.meet(&ids);
    assert_eq!(*tables.rows_of(&ids), [2, 2, 1, 0]);
    assert_eq!(*tables.rows_of(&[1, 0, 1, 0]), [0, 0, 1, 0], "another id is still unknown");
}

#[test]
fn bf16_tables_learn_steps_smaller_than_their_resolution() {
    let layout = FeatureLayout {
        tables: vec![TableLayout { name: "item".into(), rows: 2, width: 256 }],
        fields: vec![FieldLayout { name: "item".into(), table: 0 }],
        dense: vec![],
    };
    let stored = EmbeddingConfig { storage: Storage::Bf16, ..EmbeddingConfig::default() };
    let mut tables = EmbeddingTables::new(&layout, &stored, &mut ChaCha8Rng::seed_from_u64(3));
    Arc::make_mut(&mut tables.table[0]).weights = Weights::Bf16(vec![nearest_bf16(1.0); 512]);
    let config = OptimizerConfig::Sgd;
    let mut state = tables.fresh_state(&config);
    let mut sums = Vec::new();
    for step in 1..=4000 {
        tables.collect(&[1], &[1.0; 256], &mut sums);
        tables.update(&mut sums, &mut state, &SparseOptimizer::new(config, 1e-4, 0.0, 1.0, step), step);
    }
    let mut out = [0.0; 256];
    tables.table[0].copy_row(1, &mut out);
    // 4,000 steps of 1e-4, each a fortieth of the resolution: lost entirely without random rounding. One value then has a
    // deviation of 0.04, the mean of 256 one of 0.0025.
    let mean = out.iter().sum::<f32>() / 256.0;
    assert!((mean - 0.6).abs() < 0.01, "{mean}");
}

#[test]
fn settings_that_fit_no_table_are_refused() {
    let message =
        |config: &EmbeddingConfig| config.validate(&layout()).err().map(|e| e.to_string()).unwrap_or_default();
    let table = |name: &str, table| EmbeddingConfig { table: [(name.to_owned(), table)].into(), ..Default::default() };
    let hash = |buckets, functions| TableConfig { hash: Some(HashConfig { buckets, functions }), ..Default::default() };
    assert_eq!(message(&table("item", hash(2, 1))), "");
    assert!(message(&table("user", TableConfig::default())).contains("`model.embedding.table` is user: name"));
    assert!(message(&table("item", hash(1, 1))).contains("`buckets` from 2"));
    assert!(message(&table("item", hash(9, 9))).contains("1 to 8 hash `functions`"));
    let both = TableConfig { admit_after: 2, ..hash(9, 1) };
    assert!(message(&table("item", both)).contains("take `hash` or `admit_after`"));
}
