//! Pieces of any size come to the same rows: where a file is cut does not show.

use proptest::prelude::*;

use super::*;

/// Cells of all rows, their lines, and line, rule and raw bytes of those set aside.
type Seen = (Vec<Vec<Option<Vec<u8>>>>, Vec<u64>, Vec<(u64, &'static str, Vec<u8>)>, u64);

fn read(name: &str, text: &[u8], csv: CsvSpec, limits: Limits) -> Result<Seen, TestCaseError> {
    let failed = |error: String| TestCaseError::fail(error);
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.map_err(|error| failed(error.to_string()))?;
    let path = folder.path().join(name);
    std::fs::write(&path, text).map_err(|error| failed(error.to_string()))?;
    let declared = Declared { format: None, csv, explode: None, limits };
    let mut reader = LogReader::open_with(&[path], declared, &[]).map_err(|error| failed(error.to_string()))?;
    let wanted: Vec<_> = reader.columns().iter().map(|name| (name.clone(), "schema.test".to_owned())).collect();
    reader.want(&wanted).map_err(|error| failed(error.to_string()))?;
    let mut seen = Seen::default();
    while let Some(chunk) = reader.next_chunk().map_err(|error| failed(error.to_string()))? {
        let block = reader.parse(chunk);
        for row in 0..block.rows {
            let cell = |column: &RawColumn| match column {
                RawColumn::Text(cells) => cells[row].of(&block.text).map(<[u8]>::to_vec),
                RawColumn::Array(_) => None,
            };
            seen.0.push(block.columns.iter().map(cell).collect());
        }
        seen.1.extend(block.places.iter().map(|place| place.line));
        seen.2.extend(block.rejected.into_iter().map(|row| (row.place.line, row.rule, row.raw)));
        seen.3 += block.lines;
    }
    Ok(seen)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_size_of_pieces_does_not_show(
        soup in "([ab]{1,6}|,|\"|\"\"|\n|\r\n|é){0,80}", piece in 1..120_usize, breaks in any::<bool>(), long in any::<bool>(),
    ) {
        let csv = CsvSpec {
            line_breaks_in_quotes: breaks,
            delimiter: long.then(|| "::".to_owned()),
            ..CsvSpec::default()
        };
        let text = format!("alpha,beta\nu1,A\n{soup}");
        let text = if long { text.replace(',', "::") } else { text };
        let limits = Limits { piece, ..Limits::default() };
        let whole = read("a.csv", text.as_bytes(), csv.clone(), Limits::default())?;
        let pieces = read("a.csv", text.as_bytes(), csv, limits)?;
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn json_lines_in_pieces_are_the_same(soup in "(\\{\"a\":1\\}|\\{\"a\":\"\\\\\"x\"\\}|\n|\\{){0,40}", piece in 1..60_usize) {
        let text = format!("{{\"a\":0}}\n{soup}");
        let limits = Limits { piece, ..Limits::default() };
        let whole = read("a.jsonl", text.as_bytes(), CsvSpec::default(), Limits::default())?;
        prop_assert_eq!(whole, read("a.jsonl", text.as_bytes(), CsvSpec::default(), limits)?);
    }

    #[test]
    fn a_row_that_is_too_long_costs_itself(
        lengths in prop::collection::vec(0..60_usize, 1..20), piece in 1..20_usize, breaks in any::<bool>(),
    ) {
        let csv = CsvSpec { line_breaks_in_quotes: breaks, ..CsvSpec::default() };
        let lines: Vec<String> = lengths.iter().map(|&length| format!("{},b\n", "x".repeat(length))).collect();
        let text = format!("alpha,beta\n{}", lines.concat());
        let seen = read("a.csv", text.as_bytes(), csv, Limits { piece, row: 40 })?;
        let too_long: Vec<u64> =
            lengths.iter().zip(2..).filter(|&(&length, _)| length + 3 > 41).map(|(_, line)| line).collect();
        prop_assert!(seen.2.iter().all(|(_, rule, _)| *rule == "row_too_long"));
        prop_assert_eq!(seen.2.iter().map(|&(line, ..)| line).collect::<Vec<_>>(), too_long);
        prop_assert_eq!(seen.1.len() + seen.2.len(), lengths.len());
    }
}
