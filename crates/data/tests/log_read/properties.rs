//! Any table written as CSV reads back equal; any bytes at all are read, set aside or refused.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// Rows of as many cells as the header has.
fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    let piece = prop::sample::select(vec![
        "a",
        "bc",
        ",",
        ";",
        "\t",
        "|",
        "\"",
        "\"\"",
        " ",
        "é",
        "0.5",
        "12345678",
        "日本",
        "=",
        "\u{202e}",
        "longer than a word",
    ]);
    let cell = vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    (2..12_usize).prop_flat_map(move |columns| vec(vec(cell.clone(), columns..=columns), 0..40))
}

/// Lines that are not empty, however they end.
fn lines(text: &[u8]) -> u64 {
    let lines = text.split(|&byte| byte == b'\n');
    lines.filter(|line| !line.strip_suffix(b"\r").unwrap_or(line).is_empty()).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_written_as_csv_reads_back_equal(
        mut rows in table(), delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']), always in any::<bool>(),
        crlf in any::<bool>(), mark in any::<bool>(), last in any::<bool>(), packing in 0..3_u8, breaks in any::<bool>(),
    ) {
        if breaks {
            for cell in rows.iter_mut().flatten().step_by(5) {
                cell.push_str("\r\n,x");
            }
        }
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer =
            csv::WriterBuilder::new().delimiter(delimiter).quote_style(style).terminator(end).from_writer(Vec::new());
        let columns = rows.first().map_or(3, Vec::len);
        writer.write_record((0..columns).map(|column| format!("c{column}"))).map_err(failed)?;
        for row in &rows {
            writer.write_record(row).map_err(failed)?;
        }
        let mut text = writer.into_inner().map_err(failed)?;
        if last && rows.iter().all(|row| row.iter().any(|cell| !cell.is_empty())) {
            text.truncate(text.len() - if crlf { 2 } else { 1 });
        }
        if mark {
            text = [b"\xef\xbb\xbf", &text[..]].concat();
        }
        let text = match packing {
            0 => text,
            1 => gzip(&text).map_err(failed)?,
            _ => zst(&text).map_err(failed)?,
        };
        let read = spec(|csv| csv.line_breaks_in_quotes = breaks).bytes("a.csv", &text).map_err(failed)?;
        let cell = |cell: &String| (!cell.is_empty()).then(|| cell.clone());
        let expected: Vec<Row> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        prop_assert_eq!(&read.rejected, &[]);
        prop_assert_eq!(read.rows, expected);
        prop_assert_eq!(read.counted, rows.len() as u64);
        prop_assert_eq!(read.repairs.len(), usize::from(mark));
    }

    #[test]
    fn any_bytes_are_read_or_set_aside_line_by_line(
        soup in prop_oneof![
            vec(any::<u8>(), 0..300),
            vec(prop::sample::select(b"ab,\"\n\r;\0\xff{}[]:1".to_vec()), 0..300),
        ],
        breaks in any::<bool>(),
        name in prop::sample::select(vec!["a.csv", "a.jsonl", "a.parquet", "a"]),
    ) {
        // Whatever the bytes are: an answer or one line.
        match Reading::default().bytes(name, &soup) {
            Ok(read) if !breaks => prop_assert_eq!(read.rows.len() + read.rejected.len(), read.counted as usize),
            Ok(_) => {}
            Err(error) => prop_assert_eq!(error.to_string().lines().count(), 1, "{}", error),
        }
        // Behind a header every line is a row.
        let text = [b"alpha,beta\nu1,A\n", &soup[..]].concat();
        let read = csv(&text).map_err(failed)?;
        prop_assert_eq!(read.counted, lines(&text) - 1);
        prop_assert_eq!(read.rows.len() + read.rejected.len(), read.counted as usize);
        prop_assert!(read.rows.iter().flatten().flatten().all(|cell| !cell.starts_with("NOT UTF-8")));
        let text = [b"{\"a\":1}\n", &soup[..]].concat();
        let read = Reading::default().bytes("a.jsonl", &text).map_err(failed)?;
        prop_assert_eq!(read.counted, lines(&text));
        prop_assert_eq!(read.rows.len() + read.rejected.len(), read.counted as usize);
        // Rows of several lines: all bytes are in rows or set aside.
        let text = [b"alpha,beta\nu1,A\n", &soup[..]].concat();
        let read = spec(|csv| csv.line_breaks_in_quotes = breaks).bytes("a.csv", &text).map_err(failed)?;
        prop_assert_eq!(read.rows.len() + read.rejected.len(), read.counted as usize);
    }

    #[test]
    fn json_lines_are_read_as_serde_reads_them(
        values in vec(vec(prop_oneof![
            any::<i64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            "[a-c\"\\\\é🛒\n]{0,6}".prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
        ], 3), 1..20),
    ) {
        let line = |row: &Vec<serde_json::Value>| serde_json::json!({"x": row[0], "in": {"y": row[1], "z.w": row[2]}}).to_string();
        let text: Vec<String> = values.iter().map(line).collect();
        let wanted = Some(vec!["in.y", "in.z.w", "x"]);
        let read = Reading { wanted, ..Reading::default() }.bytes("a.jsonl", text.join("\n").as_bytes()).map_err(failed)?;
        let cell = |value: &serde_json::Value| match value {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => (!text.is_empty()).then(|| text.clone()),
            other => Some(other.to_string()),
        };
        let expected: Vec<Row> = values.iter().map(|row| vec![cell(&row[1]), cell(&row[2]), cell(&row[0])]).collect();
        prop_assert_eq!(read.rows, expected);
    }
}
