//! Rows of slates: they stay together, and an epoch draws them by their rates.

use std::ops::Range;

use super::*;

/// Files `a.rows` of slates of so many rows each; the first row of a slate is always drawn, the others by `rate`. Slate
/// ids tell where a slate begins, so that neighbours differ.
pub(super) fn file(folder: &Path, lengths: &[u32], block_rows: usize, rate: f32) -> Result<RowFile, Error> {
    let schema = RowSchema { slates: true, ..schema() };
    let mut writer = RowFileWriter::with_block_rows(folder.join("a.rows"), schema, block_rows)?;
    let rows: u32 = lengths.iter().sum();
    let mut first = 0;
    while first < rows {
        // Pieces of seven rows tear slates.
        let behind = rows.min(first + 7);
        let rates: Vec<f32> =
            (first..behind).map(|row| if slate_of(lengths, row).start == row { 1.0 } else { rate }).collect();
        writer.append_drawn(&shown(lengths, first..behind), &rates)?;
        first = behind;
    }
    writer.finish()
}

fn slate_of(lengths: &[u32], row: u32) -> Range<u32> {
    let mut start = 0;
    for &length in lengths {
        if row < start + length {
            return start..start + length;
        }
        start += length;
    }
    start..start
}

fn shown(lengths: &[u32], rows: Range<u32>) -> Batch {
    let mut found = batch(rows.clone());
    found.labels.slate = rows.map(|row| slate_of(lengths, row).start).collect();
    found
}

fn lengths(rng: &mut ChaCha8Rng) -> Vec<u32> {
    (0..rng.random_range(0..40)).map(|_| rng.random_range(1..9)).collect()
}

fn ids(found: &Batch) -> Vec<u32> {
    found.features.ids.iter().copied().step_by(2).collect()
}

#[test]
fn slates_come_back_as_they_were_and_an_epoch_keeps_each_together() -> Outcome {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for _ in 0..60 {
        let lengths = lengths(&mut rng);
        let (_, block_rows, window_blocks, batch_rows) = shape(&mut rng);
        let folder = TempDir::new()?;
        let file = file(folder.path(), &lengths, block_rows, 1.0)?.with_window_blocks(window_blocks)?;
        let rows: u32 = lengths.iter().sum();
        assert_eq!(file.rows(), u64::from(rows));
        let mut stored = Batch::default();
        file.in_order(batch_rows)?.try_for_each(|batch| batch.map(|batch| stored.append(&batch)))?;
        assert_eq!(stored, shown(&lengths, 0..rows));

        let mut seen = Vec::new();
        let batches = file.epoch(batch_rows, &mut rng)?.collect::<Result<Vec<_>, _>>()?;
        for (place, found) in batches.iter().enumerate() {
            let rows = ids(found);
            let mut at = 0;
            while at < rows.len() {
                let slate = slate_of(&lengths, rows[at]);
                assert_eq!(rows[at..at + slate.len()], slate.clone().collect::<Vec<_>>());
                at += slate.len();
                // Only the slate that fills a batch is its last.
                assert!(at == rows.len() || at < batch_rows, "{at} of {} rows, {batch_rows} asked for", rows.len());
            }
            assert!(rows.len() >= batch_rows || place + 1 == batches.len());
            rows.iter()
                .for_each(|&row| assert_eq!(found.labels.slate[seen_at(&rows, row)], slate_of(&lengths, row).start));
            seen.extend(rows);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..rows).collect::<Vec<_>>());
    }
    Ok(())
}

fn seen_at(rows: &[u32], row: u32) -> usize {
    rows.iter().position(|&other| other == row).unwrap_or(rows.len())
}

#[test]
fn an_epoch_of_drawn_slates_goes_on_after_any_batch() -> Outcome {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for _ in 0..20 {
        let lengths = lengths(&mut rng);
        let (_, block_rows, window_blocks, batch_rows) = shape(&mut rng);
        let folder = TempDir::new()?;
        let file = file(folder.path(), &lengths, block_rows, 0.4)?.with_window_blocks(window_blocks)?;
        let epoch = file.epoch(batch_rows, &mut rng)?;
        let mut position = epoch.position();
        let whole = file.resume(position)?.collect::<Result<Vec<_>, _>>()?;
        for (done, found) in epoch.with_positions().enumerate() {
            assert_eq!(file.resume(position)?.collect::<Result<Vec<_>, _>>()?, whole[done..]);
            let (batch, behind) = found?;
            assert_eq!((&batch, behind.batches_done), (&whole[done], done as u64 + 1));
            position = behind;
        }
        assert_eq!(position.batches_done, whole.len() as u64);
        let mut rest = file.resume(position)?;
        assert!(rest.next().is_none() && rest.batches_left() == 0);
    }
    Ok(())
}

#[test]
fn drawn_rows_stand_for_those_that_were_not() -> Outcome {
    let folder = TempDir::new()?;
    let lengths = vec![5; 40];
    let file = file(folder.path(), &lengths, 16, 0.25)?.with_window_blocks(3)?;
    let (mut rng, epochs) = (ChaCha8Rng::seed_from_u64(13), 400);
    let mut weight = 0.0;
    for _ in 0..epochs {
        let mut always = 0;
        for found in file.epoch(16, &mut rng)? {
            let found = found?;
            for (place, row) in ids(&found).into_iter().enumerate() {
                let (first, own) = (row % 5 == 0, found.labels.weight[2 * place]);
                assert_eq!(own, if first { 1.0 } else { 4.0 });
                // The second task's weight is the row's number modulo three.
                assert_eq!(found.labels.weight[2 * place + 1], own * (row % 3) as f32);
                always += u32::from(first);
                weight += f64::from(own);
            }
        }
        assert_eq!(always, 40);
    }
    // Per epoch 40 rows of weight 1, and 160 draws of weight 4 with probability 1/4: mean 200, deviation
    // 4 √(160 · 3/16) = 21.9, standard error 21.9 / √400 = 1.1.
    let mean = weight / f64::from(epochs);
    assert!((mean - 200.0).abs() < 4.4, "{mean}");
    Ok(())
}

#[test]
fn a_slate_longer_than_a_block_is_one_block() -> Outcome {
    let folder = TempDir::new()?;
    let file = file(folder.path(), &[2, 30, 1, 1], 4, 1.0)?;
    let header = &file.shared.header;
    assert_eq!((0..header.blocks()).map(|block| header.rows_in(block)).collect::<Vec<_>>(), [32, 2]);
    damage(folder.path(), header.block_start(1))?;
    let told = read_all(&folder.path().join("a.rows")).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains("rows 33 to 34 are damaged"), "{told}");
    Ok(())
}
