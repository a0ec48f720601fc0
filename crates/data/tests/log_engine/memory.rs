//! A small pool spills, and gives what a large one gives; so do one thread and several.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use slatewise_data::log::engine::{CleanInput, DeriveSpec, Engine, EngineConfig, PartsSpec, TypedTable, Written};
use slatewise_data::log::schema::{Role, SideTable, TypedSchema};
use slatewise_data::log::{Counts, QuarantineWriter, Schema};
use slatewise_data::table::{TableReader, Wanted};

use super::rows::{Cells, Outcome, Place, log};

const ROWS: i64 = 300_000;

fn mixed(number: i64) -> i64 {
    (number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33).abs()
}

/// Rows in the order of time or in none, one in fifty of them twice, and a table of 60,000 items.
fn write(place: &Place, ordered: bool) -> Outcome<(TypedSchema, TypedSchema)> {
    let source = |row: i64| if row % 50 == 49 { row - 1 } else { row };
    let text = |of: &dyn Fn(i64) -> String| Cells::Text((0..ROWS).map(|row| Some(of(mixed(source(row))))).collect());
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("user", Role::User, text(&|row| format!("user-number-{}", row % 50_000))),
            ("item", Role::Item, text(&|row| format!("item-number-{}", row / 100 % 70_000))),
            (
                "time",
                Role::Time,
                Cells::Time(
                    (0..ROWS)
                        .map(|row| {
                            let second = if ordered { source(row) / 3 } else { mixed(source(row)) % 2_592_000 };
                            Some(second * 1_000_000)
                        })
                        .collect(),
                ),
            ),
            (
                "click",
                Role::Feedback,
                Cells::Boolean((0..ROWS).map(|row| Some(i8::from(mixed(source(row)) % 7 == 0))).collect()),
            ),
            ("note", Role::Other, text(&|row| format!("a text that makes the row wide enough to matter, {row}"))),
        ],
    )?;
    let items = place.typed(
        "items.parquet",
        vec![
            ("id", Role::Other, Cells::Text((0..60_000).map(|item| Some(format!("item-number-{item}"))).collect())),
            (
                "brand",
                Role::Other,
                Cells::Text((0..60_000).map(|item| Some(format!("the brand of number {item}"))).collect()),
            ),
        ],
    )?;
    Ok((typed, items))
}

/// The whole road with one engine; returns where the derived rows are, and the counts.
fn road(
    engine: &Engine,
    from: &Place,
    to: &Place,
    schemas: &(TypedSchema, TypedSchema),
    mapping: &Schema,
) -> Outcome<Counts> {
    let spec: SideTable = toml::from_str("name = 'items'\nfiles = []\nkey = 'id'\non = 'item'")?;
    let (rows, items) = (from.path("typed.parquet"), from.path("items.parquet"));
    let tables = [TypedTable { spec: &spec, rows: &items, schema: &schemas.1 }];
    let input = CleanInput { rows: &rows, schema: &schemas.0, log: mapping, tables: &tables };
    let mut counts = Counts { rows_read: ROWS as u64, rows_kept: ROWS as u64, ..Counts::default() };
    let mut quarantine = QuarantineWriter::create(&to.path("quarantine.csv"))?;
    let clean = engine.clean(&input, &to.path("clean.parquet"), &mut quarantine, &mut counts)?;
    quarantine.finish()?;
    let derive: DeriveSpec = toml::from_str(
        "[[history]]\nby = 'user'\nof = 'item'\nlast = 5\nages = true\n[[window]]\nby = 'item'\ndays = 7\nfeedback = ['click']\n[[recency]]\nby = 'user'",
    )?;
    let derived = to.path("derived.parquet");
    let wide = engine.derive(&to.path("clean.parquet"), &clean, &derive, &derived)?;
    engine.split(&derived, &wide, &PartsSpec::default(), &to.path("parts"))?;
    Ok(counts)
}

/// The most files of rows that did not fit, seen at one time until `done`.
fn spilled_files(folder: &Path, done: &AtomicBool) -> usize {
    let mut most = 0;
    while !done.load(Ordering::Relaxed) {
        let folders = fs::read_dir(folder).into_iter().flatten().flatten();
        let files = folders.filter_map(|inside| fs::read_dir(inside.path()).ok()).map(Iterator::count).sum();
        most = most.max(files);
        thread::sleep(Duration::from_millis(1));
    }
    most
}

#[test]
fn a_small_pool_and_several_threads_give_the_same_files() -> Outcome {
    let large = Place::with(1 << 30, 1)?;
    let schemas = write(&large, false)?;
    let mapping = log("rules = { unique = ['user', 'time', 'item'] }")?;
    let counts = road(&large.engine, &large, &large, &schemas, &mapping)?;
    assert!(counts.adds_up() && counts.duplicates_dropped >= 5_900, "{counts:?}");
    assert!(counts.unmatched["items"] > 10_000, "{counts:?}");
    for (memory_bytes, threads) in [(20 << 20, 2), (32 << 20, 3)] {
        let place = Place::new()?;
        let spill_folder = place.path("spill");
        let engine = Engine::new(&EngineConfig { memory_bytes, threads, spill_folder: spill_folder.clone() })?;
        let done = AtomicBool::new(false);
        let (outcome, spilled) = thread::scope(|scope| {
            let watch = scope.spawn(|| spilled_files(&spill_folder, &done));
            let outcome = road(&engine, &large, &place, &schemas, &mapping);
            done.store(true, Ordering::Relaxed);
            (outcome, watch.join())
        });
        assert_eq!(outcome?, counts);
        assert!(spilled.is_ok_and(|files| files > 0), "{memory_bytes} bytes were enough");
        for name in ["clean.parquet", "derived.parquet", "parts/train.parquet", "parts/test.parquet"] {
            assert!(
                fs::read(large.path(name))? == fs::read(place.path(name))?,
                "{name} with {memory_bytes} bytes differs"
            );
        }
        drop(engine);
        assert_eq!(fs::read_dir(spill_folder)?.count(), 0, "the spill folder is not empty");
    }
    Ok(())
}

/// Ids of every row as texts.
fn ids(path: &Path, columns: &[&str]) -> Outcome<Vec<Vec<String>>> {
    let wanted: Vec<Wanted<'_>> = columns.iter().map(|name| Wanted::id_or_empty(name)).collect();
    let table = TableReader::open(path)?.read(&wanted)?;
    let text = |at: usize| table.id(at).code.iter().map(|&code| table.id(at).names[code as usize].clone()).collect();
    Ok((0..columns.len()).map(text).collect())
}

#[test]
fn rows_in_order_pass_by_as_plans_would_have_them_and_codes_mean_their_texts() -> Outcome {
    const COLUMNS: [&str; 5] = ["user", "item", "items.brand", "user_item_1", "user_item_2"];
    let (large, small) = (Place::with(1 << 30, 2)?, Place::with(20 << 20, 2)?);
    let (typed, items) = write(&large, true)?;
    let mapping = log(r#"rules = { impossible = [{ name = "odd", where = "click = 1 AND note LIKE '%77'" }] }"#)?;
    let spec: SideTable = toml::from_str("name = 'items'\nfiles = []\nkey = 'id'\non = 'item'")?;
    let derive: DeriveSpec =
        toml::from_str("[[history]]\nby = 'user'\nof = 'item'\nlast = 2\n[[recency]]\nby = 'user'")?;
    let only: BTreeSet<String> = COLUMNS.iter().map(|&name| name.to_owned()).collect();
    let mut told = Vec::new();
    for place in [&large, &small] {
        let (rows, table) = (large.path("typed.parquet"), large.path("items.parquet"));
        let tables = [TypedTable { spec: &spec, rows: &table, schema: &items }];
        let input = CleanInput { rows: &rows, schema: &typed, log: &mapping, tables: &tables };
        let mut counts = Counts { rows_read: ROWS as u64, rows_kept: ROWS as u64, ..Counts::default() };
        let mut quarantine = QuarantineWriter::create(&place.path("quarantine.csv"))?;
        let clean = place.path("clean.parquet");
        let schema = place.engine.clean(&input, &clean, &mut quarantine, &mut counts)?;
        quarantine.finish()?;
        assert!(counts.adds_up() && counts.quarantined.contains_key("odd"), "{counts:?}");
        // The same again, where they need not be written.
        let (mut again, spare) = (Counts { rows_read: ROWS as u64, ..Counts::default() }, Place::new()?);
        let mut quarantine = QuarantineWriter::create(&spare.path("quarantine.csv"))?;
        let passing = place.engine.clean_rows(&input, &spare.path("clean.parquet"), &mut quarantine, &mut again)?;
        assert_eq!((passing.file().is_some(), passing.rows()), (place.path("") == small.path(""), counts.rows_kept));
        assert_eq!((again.unmatched, passing.schema()), (counts.unmatched.clone(), &schema));
        let divisions = |folder: &str| [(PartsSpec::default(), place.path(folder))];
        let written = Written { derived: None, only: Some(&only) };
        let (_, coded) = place.engine.divide_rows(&passing, &derive, &divisions("coded"), written)?;
        let (_, plain) = place.engine.divide(&clean, &schema, &derive, &divisions("plain"), None)?;
        for (coded, plain) in coded.into_iter().zip(plain) {
            let (coded, plain) = (coded?, plain?);
            assert_eq!(coded.train.positives, plain.train.positives);
            assert_eq!((coded.test.rows, coded.test.first_time), (plain.test.rows, plain.test.first_time));
            for (coded, plain) in [(coded.train, plain.train), (coded.test, plain.test)] {
                assert!(ids(&coded.path, &COLUMNS)? == ids(&plain.path, &COLUMNS)?, "{:?}", coded.path);
            }
        }
        told.push(counts);
    }
    assert_eq!(told[0], told[1]);
    for name in ["clean.parquet", "quarantine.csv", "plain/train.parquet", "plain/test.parquet"] {
        assert!(fs::read(large.path(name))? == fs::read(small.path(name))?, "{name} depends on the memory");
    }
    Ok(())
}

#[test]
fn an_engine_without_room_or_threads_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let engine = |memory_bytes, threads| {
        Engine::new(&EngineConfig { memory_bytes, threads, spill_folder: folder.path().join("spill") })
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(engine(1 << 20, 1).as_deref(), Some("engine.memory_bytes: 1048576: give it at least 16777216 (16 MiB)"));
    assert_eq!(engine(1 << 25, 0).as_deref(), Some("engine.threads: 0: give it at least 1"));
    Ok(())
}
