//! Random tables and random quotes, against the `csv` crate.

use proptest::prelude::*;

use super::*;

/// What the `csv` crate reads: the rows and the lines on which they begin.
fn peer(text: &[u8], delimiter: u8) -> Result<(Vec<Vec<String>>, Vec<u64>), csv::Error> {
    let mut rows = (Vec::new(), Vec::new());
    for record in csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text).records() {
        let record = record?;
        // The crate's own line numbers lag behind with CRLF and empty lines; its places in bytes do not, but for those.
        let at = record.position().map_or(0, |position| position.byte() as usize);
        let empty = text[at..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
        rows.1.push(1 + source::lines(&text[..at + empty]));
        rows.0.push(record.iter().map(str::to_owned).collect());
    }
    Ok(rows)
}

/// What this crate reads of a file whose columns are called `c0`, `c1`, …
fn ours(text: &[u8], columns: usize, block: usize) -> Result<(Vec<Vec<String>>, Vec<u64>), TableError> {
    let names: Vec<String> = (0..columns).map(|column| format!("c{column}")).collect();
    let wanted: Vec<_> = names.iter().map(|name| Wanted::id(name)).collect();
    let table = open(text, block)?.read(&wanted)?;
    let cells = |row: usize| {
        let cell = |column| {
            let ids = table.id(column);
            ids.names[ids.code[row] as usize].clone()
        };
        (0..columns).map(cell).collect()
    };
    let lines = (0..table.rows()).filter_map(|row| table.places().line(row)).collect();
    Ok(((0..table.rows()).map(cells).collect(), lines))
}

fn cells() -> impl Strategy<Value = Vec<Vec<String>>> {
    let piece = prop::sample::select(vec![
        "a",
        "bc",
        ",",
        ";",
        "\t",
        "\"",
        "\n",
        "\r\n",
        "\r",
        " ",
        "é",
        "0.5",
        "longer than a word",
    ]);
    let cell = prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat());
    (1..4_usize).prop_flat_map(move |columns| {
        prop::collection::vec(prop::collection::vec(cell.clone(), columns..=columns), 1..30)
    })
}

proptest! {
    #[test]
    fn what_a_writer_quotes_is_read_back(
        rows in cells(), delimiter in prop::sample::select(b",;\t".to_vec()), always in any::<bool>(),
        crlf in any::<bool>(), last in any::<bool>(), block in 1..200_usize,
    ) {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer =
            csv::WriterBuilder::new().delimiter(delimiter).quote_style(style).terminator(end).from_writer(Vec::new());
        let columns = rows[0].len();
        let header = (0..columns).map(|column| format!("c{column}"));
        writer.write_record(header).map_err(|e| TestCaseError::fail(e.to_string()))?;
        for row in &rows {
            writer.write_record(row).map_err(|e| TestCaseError::fail(e.to_string()))?;
        }
        let mut text = writer.into_inner().map_err(|e| TestCaseError::fail(e.to_string()))?;
        if last {
            text.truncate(text.len() - if crlf { 2 } else { 1 });
        }
        // A header of one column says nothing of the delimiter, and then the comma is taken.
        if columns > 1 || delimiter == b',' {
            let (read, lines) = ours(&text, columns, block).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(&read, &rows);
            prop_assert_eq!(lines, peer(&text, delimiter).map_err(|e| TestCaseError::fail(e.to_string()))?.1);
        }
    }

    #[test]
    fn arbitrary_quotes_are_read_as_by_the_csv_crate_or_refused(soup in "[ab,\"\n]{0,60}", block in 1..80_usize) {
        let text = format!("c0,c1\n{soup}");
        let (rows, lines) = peer(text.as_bytes(), b',').map_err(|e| TestCaseError::fail(e.to_string()))?;
        let wrong = rows.iter().position(|row| row.len() != 2 || row.iter().any(String::is_empty));
        match ours(text.as_bytes(), 2, block) {
            Ok((read, at)) => {
                prop_assert_eq!(read, rows);
                prop_assert_eq!(at, lines);
            }
            Err(TableError::NoRows { .. }) => prop_assert!(rows.is_empty()),
            Err(TableError::OpenQuote { .. }) => {}
            Err(TableError::Ragged { spot, .. } | TableError::EmptyCell { spot }) => {
                prop_assert_eq!(Some(spot.row), wrong.map(|row| row + 1));
                prop_assert_eq!(spot.line, wrong.map(|row| lines[row]));
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn numbers_are_the_nearest_float64(bits in any::<u64>(), digits in 0..20_usize) {
        let value = f64::from_bits(bits);
        for text in [format!("{value}"), format!("{value:e}"), format!("{value:.digits$e}")] {
            let table = read(format!("score\n{text}\n"), &[SCORE]).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let expected: f64 = text.parse().map_err(|_| TestCaseError::fail("parse"))?;
            prop_assert!(table.number(0)[0].to_bits() == expected.to_bits() || expected.is_nan());
        }
    }
}
