//! Properties of files of rows, over many seeded shapes, and what is refused.

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

mod slates;

use super::*;
use crate::batch::{Batch, FeatureBatch, FeatureLayout, FieldLayout, LabelBatch, TableLayout};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn schema() -> RowSchema {
    let field = |name: &str| FieldLayout { name: name.to_owned(), table: 0 };
    let layout = FeatureLayout {
        tables: vec![TableLayout { name: "t".to_owned(), rows: 1 << 20, width: 4 }],
        fields: vec![field("row"), field("twice")],
        dense: vec!["third".to_owned()],
    };
    RowSchema { layout, tasks: vec!["a".to_owned(), "b".to_owned()], encoder: "e".to_owned(), slates: false }
}

/// Rows that tell their number in every value.
fn batch(rows: std::ops::Range<u32>) -> Batch {
    let number = |row: u32| row as f32;
    Batch {
        features: FeatureBatch {
            rows: rows.len(),
            ids: rows.clone().flat_map(|row| [row, 2 * row]).collect(),
            dense: rows.clone().map(|row| number(row) / 3.0).collect(),
        },
        labels: LabelBatch {
            value: rows.clone().flat_map(|row| [number(row % 2), -number(row)]).collect(),
            weight: rows.flat_map(|row| [1.0, number(row % 3)]).collect(),
            slate: vec![],
        },
    }
}

/// A file of so many rows, appended in pieces of `piece`.
fn file(folder: &Path, rows: u32, block_rows: usize, piece: u32) -> Result<RowFile, Error> {
    let mut writer = RowFileWriter::with_block_rows(folder.join("a.rows"), schema(), block_rows)?;
    let mut first = 0;
    while first < rows {
        let behind = rows.min(first + piece);
        writer.append(&batch(first..behind))?;
        first = behind;
    }
    writer.finish()
}

/// The numbers of the rows of some batches, after a look at each value.
fn numbers(batches: &[Batch]) -> Vec<u32> {
    let mut numbers = Vec::new();
    for found in batches {
        let rows: Vec<u32> = found.features.ids.iter().copied().step_by(2).collect();
        let mut whole = Batch::default();
        rows.iter().for_each(|&row| whole.append(&batch(row..row + 1)));
        assert_eq!(*found, whole);
        numbers.extend(rows);
    }
    numbers
}

/// A random shape: rows, rows per block, blocks per window, rows per batch.
fn shape(rng: &mut ChaCha8Rng) -> (u32, usize, usize, usize) {
    (rng.random_range(0..200), rng.random_range(1..40), rng.random_range(1..6), rng.random_range(1..50))
}

#[test]
fn an_epoch_gives_every_row_once_in_batches_of_the_size_asked_for() -> Outcome {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..80 {
        let (rows, block_rows, window_blocks, batch_rows) = shape(&mut rng);
        let folder = TempDir::new()?;
        let file = file(folder.path(), rows, block_rows, rng.random_range(1..60))?.with_window_blocks(window_blocks)?;
        let stored = file.in_order(batch_rows)?.collect::<Result<Vec<_>, _>>()?;
        assert_eq!(numbers(&stored), (0..rows).collect::<Vec<_>>());
        let epoch = file.epoch(batch_rows, &mut rng)?;
        assert_eq!(epoch.batches_left() as usize, (rows as usize).div_ceil(batch_rows));
        let batches = epoch.collect::<Result<Vec<_>, _>>()?;
        let full = batches.split_last().map_or(&[][..], |(_, full)| full);
        assert!(full.iter().all(|batch| batch.features.rows == batch_rows));
        let mut all = numbers(&batches);
        all.sort_unstable();
        assert_eq!(all, (0..rows).collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn an_epoch_goes_on_after_any_batch_as_it_would_have() -> Outcome {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..25 {
        let (rows, block_rows, window_blocks, batch_rows) = shape(&mut rng);
        let folder = TempDir::new()?;
        let file = file(folder.path(), rows, block_rows, 64)?.with_window_blocks(window_blocks)?;
        for mut epoch in [file.epoch(batch_rows, &mut rng)?, file.in_order(batch_rows)?] {
            let whole = file.resume(epoch.position())?.collect::<Result<Vec<_>, _>>()?;
            for done in 0..=whole.len() {
                let position: EpochPosition = serde_json::from_str(&serde_json::to_string(&epoch.position())?)?;
                assert_eq!(position.batches_done, done as u64);
                // The window of the file at hand does not matter: the position has its own.
                let rest = file.clone().with_window_blocks(7)?.resume(position)?.collect::<Result<Vec<_>, _>>()?;
                assert_eq!(rest, whole[done..]);
                assert_eq!(epoch.next().transpose()?.as_ref(), whole.get(done));
            }
        }
    }
    Ok(())
}

#[test]
fn the_seed_alone_decides_the_order_and_epochs_differ() -> Outcome {
    let folder = TempDir::new()?;
    let file = file(folder.path(), 500, 16, 100)?;
    let order = |rng: &mut ChaCha8Rng| -> Result<Vec<u32>, Error> {
        Ok(numbers(&file.epoch(50, rng)?.collect::<Result<Vec<_>, _>>()?))
    };
    let (mut one, mut same) = (ChaCha8Rng::seed_from_u64(3), ChaCha8Rng::seed_from_u64(3));
    let (first, second) = (order(&mut one)?, order(&mut one)?);
    assert_ne!(first, second);
    assert_eq!([first, second], [order(&mut same)?, order(&mut same)?]);
    assert_ne!(order(&mut ChaCha8Rng::seed_from_u64(3))?, order(&mut ChaCha8Rng::seed_from_u64(4))?);
    Ok(())
}

#[test]
fn every_row_may_come_at_any_place_and_memory_is_a_window() -> Outcome {
    let folder = TempDir::new()?;
    let file = file(folder.path(), 40, 5, 40)?.with_window_blocks(2)?;
    let (mut rng, epochs) = (ChaCha8Rng::seed_from_u64(5), 4000);
    let mut place_of_row = [0.0; 40];
    let mut first = [0_u32; 40];
    for _ in 0..epochs {
        let mut epoch = file.epoch(8, &mut rng)?;
        let mut batches = Vec::new();
        while let Some(batch) = epoch.next() {
            batches.push(batch?);
            let rows = epoch.rows.as_ref().map_or(0, Vec::len);
            assert!(rows <= 10, "{rows} rows in memory");
        }
        let order = numbers(&batches);
        first[order[0] as usize] += 1;
        order.iter().enumerate().for_each(|(place, &row)| place_of_row[row as usize] += place as f64);
    }
    // Places are uniform over 0 to 39: mean 19.5, standard error 11.5 / √4000 = 0.18; and 100 ± 10 epochs begin with
    // each row.
    for (row, sum) in place_of_row.iter().enumerate() {
        let mean = sum / f64::from(epochs);
        assert!((mean - 19.5).abs() < 0.9, "row {row}: mean place {mean}");
        assert!(first[row].abs_diff(100) < 50, "row {row} comes first {} times", first[row]);
    }
    Ok(())
}

#[test]
fn resuming_reads_nothing_of_what_lies_before() -> Outcome {
    let folder = TempDir::new()?;
    let file = file(folder.path(), 100, 10, 100)?.with_window_blocks(2)?;
    let mut epoch = file.epoch(20, &mut ChaCha8Rng::seed_from_u64(6))?;
    let (start, earlier) = (epoch.position(), epoch.order.window(0).to_vec());
    epoch.next().transpose()?;
    let position = epoch.position();
    let rest = epoch.collect::<Result<Vec<_>, _>>()?;
    for block in earlier {
        damage(folder.path(), file.shared.header.block_start(block))?;
    }
    assert_eq!(file.resume(position)?.collect::<Result<Vec<_>, _>>()?, rest);
    assert!(file.resume(start)?.next().is_some_and(|batch| batch.is_err()));
    Ok(())
}

/// Flips a bit.
fn damage(folder: &Path, at: u64) -> std::io::Result<()> {
    let mut bytes = std::fs::read(folder.join("a.rows"))?;
    bytes[at as usize] ^= 0x10;
    std::fs::write(folder.join("a.rows"), bytes)
}

fn read_all(path: &Path) -> Result<Vec<Batch>, Error> {
    RowFile::open(path)?.in_order(7)?.collect()
}

#[test]
fn no_flipped_bit_and_no_cut_goes_unnoticed() -> Outcome {
    let folder = TempDir::new()?;
    file(folder.path(), 12, 5, 12)?;
    assert_eq!(numbers(&read_all(&folder.path().join("a.rows"))?).len(), 12);
    damage_is_told(folder.path())?;
    slates::file(folder.path(), &[3, 4, 1, 4], 5, 0.5)?;
    damage_is_told(folder.path())
}

/// Flips and cuts `a.rows` everywhere.
fn damage_is_told(folder: &Path) -> Outcome {
    let (path, damaged) = (folder.join("a.rows"), folder.join("b.rows"));
    let whole = std::fs::read(&path)?;
    for at in 0..whole.len() {
        for bit in [0x01, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= bit;
            std::fs::write(&damaged, &bytes)?;
            let told = read_all(&damaged).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(told.contains("b.rows: ") && !told.contains('\n'), "byte {at}: {told:?}");
        }
        std::fs::write(&damaged, &whole[..at])?;
        assert!(RowFile::open(&damaged).is_err(), "cut at {at}");
    }
    std::fs::write(&damaged, [&whole[..], b"x"].concat())?;
    assert!(RowFile::open(&damaged).is_err(), "something behind the end");
    Ok(())
}

#[test]
fn a_damaged_block_ends_the_epoch_with_its_rows_named() -> Outcome {
    let folder = TempDir::new()?;
    let file = file(folder.path(), 30, 10, 30)?;
    damage(folder.path(), file.shared.header.block_start(1) + 3)?;
    let mut epoch = file.in_order(10)?;
    assert!(epoch.next().is_some_and(|batch| batch.is_ok()));
    let told = epoch.next().and_then(Result::err).map(|error| error.to_string()).unwrap_or_default();
    assert!(
        told.ends_with("a.rows: rows 11 to 20 are damaged: the checksum differs; encode the table again"),
        "{told}"
    );
    assert!(epoch.next().is_none());
    assert_eq!(epoch.position().batches_done, 1);
    Ok(())
}

#[test]
fn until_it_is_finished_nothing_stands_under_the_name() -> Outcome {
    let folder = TempDir::new()?;
    let path = folder.path().join("a.rows");
    std::fs::write(&path, "the old one")?;
    let mut writer = RowFileWriter::with_block_rows(&path, schema(), 2)?;
    writer.append(&batch(0..9))?;
    assert_eq!(std::fs::read(&path)?, b"the old one");
    drop(writer);
    assert_eq!(std::fs::read(&path)?, b"the old one");
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "nothing partial is left");
    file(folder.path(), 9, 2, 9)?;
    assert_eq!((read_all(&path)?.len(), std::fs::read_dir(folder.path())?.count()), (2, 1));
    Ok(())
}

#[test]
fn what_does_not_fit_is_told_with_its_mend() -> Outcome {
    fn told<T>(result: Result<T, Error>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }
    let folder = TempDir::new()?;
    let file = file(folder.path(), 10, 4, 10)?;
    assert_eq!(told(file.in_order(0)), "loader.batch_rows: it must be at least 1");
    assert_eq!(told(file.clone().with_window_blocks(0)), "loader.window_blocks: it must be at least 1");
    let position = file.in_order(3)?.position();
    assert!(
        told(file.resume(EpochPosition { window: 4, ..position }))
            .contains("3 windows where the position is in 4; resume with")
    );
    let behind = file.resume(EpochPosition { window_row: 5, ..position })?.collect::<Result<Vec<_>, _>>();
    assert!(told(behind).contains("it lies behind the end of its window; resume with"));
    let foreign = EpochPosition { rows: 11, ..position };
    assert!(told(file.resume(foreign)).contains("10 rows in blocks of 4 where the stored position tells of 11"));

    assert!(file.check_schema(&schema()).is_ok());
    let other = |change: fn(&mut RowSchema)| {
        let mut other = schema();
        change(&mut other);
        told(file.check_schema(&other))
    };
    assert!(other(|schema| schema.layout.tables[0].width = 5).contains("other tables, fields or dense values"));
    assert!(other(|schema| schema.tasks[0].push('x')).contains("other tasks"));
    assert!(other(|schema| schema.slates = true).contains("its rows have no slates; encode the table again"));
    assert!(other(|schema| schema.encoder.push('x')).contains("fitted otherwise; encode the table again"));

    let path = folder.path().join("none.rows");
    assert!(told(RowFile::open(&path)).contains("none.rows: cannot open it: "));
    std::fs::write(&path, "a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n11,12\n13,14\n15,16\n")?;
    assert!(told(RowFile::open(&path)).ends_with("it is no file of encoded rows; mend the path"));
    std::fs::write(&path, [&b"SLATEROW\x01\0\0\0"[..], &[0; 60]].concat())?;
    let old = "its format is version 1, and this program reads version 2; encode the table again";
    assert!(told(RowFile::open(&path)).ends_with(old));
    assert!(told(RowFileWriter::create("no/such/folder/a.rows", schema())).contains("cannot write it"));
    Ok(())
}
