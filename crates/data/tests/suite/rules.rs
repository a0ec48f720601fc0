//! Each rule of cleaning on a log of a few lines: what is quarantined or dropped, with which words, and that the counts add up.

use crate::shop::{HEADER, load, row, sound_rows, source};
use slatewise_data::{Duplicates, Error, NumericRange, Rule, load_reader};

/// Loads the sound rows and one more, which must be quarantined; gives its rule and its text.
fn quarantined(bad: &[u8]) -> Result<(Rule, String), Error> {
    let mut source = source();
    source.rules.required = vec!["land".to_owned()];
    let loaded = load_reader([HEADER.as_bytes(), sound_rows().as_bytes(), bad, b"\n"].concat().as_slice(), &source)?;
    assert_eq!(loaded.quarantine.rows.len(), 1, "{:?}", loaded.quarantine);
    assert_eq!((loaded.cleaning.rows_read, loaded.cleaning.rows_kept), (6, 5));
    let row = &loaded.quarantine.rows[0];
    Ok((row.rule, row.to_string()))
}

#[test]
fn a_row_that_breaks_a_rule_is_quarantined_with_its_place_and_reason() -> Result<(), Error> {
    let cases: [(&[u8], Rule, &str); 18] = [
        (
            b"v3;1;2008;4;1;29;1;1;A1;1",
            Rule::RaggedRow,
            r#"line 7: "v3;1;2008;4;1;29;1;1;A1;1": 10 cells where the header has 14"#,
        ),
        (
            b"v3;1;2008;4;1;29;1;1;A1;1;red;20;0;;",
            Rule::RaggedRow,
            r#"line 7: "v3;1;2008;4;1;29;1;1;A1;1;red;20;0;;": 15 cells where the header has 14"#,
        ),
        (
            b"v3;1;2008;4;1;29;1;1;\"A1;1;red;20;0;",
            Rule::UnterminatedQuote,
            r#"line 7: "v3;1;2008;4;1;29;1;1;\"A1;1;red;20;0;": a quote does not close on its line"#,
        ),
        (
            b"v3;1;2008;4;1;29;1;1;A\xff;1;red;20;0;",
            Rule::InvalidUtf8,
            "line 7, column \"item\": \"A\u{fffd}\": not UTF-8",
        ),
        (b";1;2008;4;1;29;1;1;A1;1;red;20;0;", Rule::MissingValue, r#"line 7, column "visit": "": blank"#),
        (b"v3;1;2008;4;1;29;1;1; ;1;red;20;0;", Rule::MissingValue, r#"line 7, column "item": " ": blank"#),
        (b"v3;1;2008;4;1;;1;1;A1;1;red;20;0;", Rule::MissingValue, r#"line 7, column "land": "": blank"#),
        (b"v3;1;2008;4;1;29;1;1;A1;;red;20;0;", Rule::MissingValue, r#"line 7, column "place": "": blank"#),
        (
            b"v3;one;2008;4;1;29;1;1;A1;1;red;20;0;",
            Rule::UnparsableNumber,
            r#"line 7, column "n": "one": not a whole number"#,
        ),
        (
            b"v3;1.5;2008;4;1;29;1;1;A1;1;red;20;0;",
            Rule::UnparsableNumber,
            r#"line 7, column "n": "1.5": not a whole number"#,
        ),
        (
            b"v3;1;2008;4;1;29;1;1;A1;1;red;NaN;0;",
            Rule::UnparsableNumber,
            r#"line 7, column "price": "NaN": not a finite number"#,
        ),
        (
            b"v3;1;2008;4;1;29;1;1;A1;1;red;20,5;0;",
            Rule::UnparsableNumber,
            r#"line 7, column "price": "20,5": not a finite number"#,
        ),
        (
            b"v3;-1;2008;4;1;29;1;1;A1;1;red;20;0;",
            Rule::OutOfRange,
            r#"line 7, column "n": "-1": outside 0 to 4294967295"#,
        ),
        (b"v3;1;2008;4;1;29;1;1;A1;7;red;20;0;", Rule::OutOfRange, r#"line 7, column "place": "7": outside 1 to 6"#),
        (b"v3;1;2008;4;1;29;1;1;A1;1;red;-20;0;", Rule::OutOfRange, r#"line 7, column "price": "-20": not above 0"#),
        (
            b"v3;1;2008;4;31;29;1;1;A1;1;red;20;0;",
            Rule::ImpossibleDate,
            r#"line 7, column "y-m-d": "2008-4-31": there is no such day"#,
        ),
        (
            b"v3;1;2008;300;1;29;1;1;A1;1;red;20;0;",
            Rule::ImpossibleDate,
            r#"line 7, column "y-m-d": "2008-300-1": there is no such day"#,
        ),
        (
            b"v1;2;2008;4;1;29;1;1;A1;1;red;20;0;",
            Rule::ConflictingDuplicate,
            r#"line 7, column "visit, n": "v1, 2": stands on line 3 already, with other content"#,
        ),
    ];
    for (bad, rule, text) in cases {
        assert_eq!(quarantined(bad)?, (rule, text.to_owned()));
    }
    Ok(())
}

#[test]
fn a_lost_quote_costs_its_own_row_only() -> Result<(), Error> {
    let rows = [
        &row("v1", 1, 1, "A3"),
        "v1;2;2008;4;1;29;1;1;\"A1;1;red;20;0;\n",
        &row("v1", 3, 1, "B1"),
        &row("v1", 4, 1, "A2"),
    ];
    let loaded = load(&rows.concat())?;
    assert_eq!((loaded.cleaning.rows_read, loaded.cleaning.rows_kept), (4, 3));
    assert_eq!((loaded.quarantine.rows[0].line, loaded.quarantine.rows[0].rule), (3, Rule::UnterminatedQuote));
    Ok(())
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() -> Result<(), Error> {
    let rows =
        format!("\r\n{}\r\n\r\nv9;x;2008;4;1;29;1;1;A1;1;red;20;0;", row("v1", 1, 1, "A3").replace('\n', "\r\n"));
    let loaded = load(&rows)?;
    assert_eq!((loaded.cleaning.rows_read, loaded.quarantine.rows[0].line), (2, 6));
    Ok(())
}

#[test]
fn cells_of_columns_that_nothing_mentions_are_not_judged() -> Result<(), Error> {
    let rows = [sound_rows().as_bytes(), b"v3;1;2008;4;1;29;1;1;A1;1;red;20;0;\xff\n"].concat();
    let loaded = load_reader([HEADER.as_bytes(), &rows].concat().as_slice(), &source())?;
    assert_eq!(loaded.cleaning.rows_kept, 6);
    Ok(())
}

#[test]
fn quoted_cells_hold_delimiters() -> Result<(), Error> {
    let loaded = load(&format!("{}\"v;3\";1;2008;4;1;29;1;1;A1;1;red;20;0;\"a \"\"b\"\"; c\"\n", sound_rows()))?;
    assert_eq!(loaded.log.session_ids, ["v1", "v;3", "v2"]);
    Ok(())
}

#[test]
fn exact_duplicates_are_dropped_and_conflicting_ones_quarantined() -> Result<(), Error> {
    let again = row("v1", 2, 1, "A3");
    let other = row("v1", 2, 1, "A1");
    let rows = [&sound_rows(), &again, &other, &again].map(String::as_str).concat();
    let loaded = load(&rows)?;
    assert_eq!((loaded.cleaning.rows_read, loaded.cleaning.rows_kept, loaded.cleaning.duplicates_dropped), (8, 5, 2));
    assert_eq!(loaded.cleaning.quarantined, [(Rule::ConflictingDuplicate, 1)].into());

    let mut strict = source();
    strict.rules.duplicates = Duplicates::Quarantine;
    let loaded = load_reader([HEADER, &rows].concat().as_bytes(), &strict)?;
    assert_eq!(loaded.cleaning.quarantined, [(Rule::ExactDuplicate, 2), (Rule::ConflictingDuplicate, 1)].into());
    assert_eq!(loaded.quarantine.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [7, 8, 9]);
    assert_eq!(loaded.quarantine.rows[0].message, "stands on line 3 already, with the same content");
    Ok(())
}

#[test]
fn a_row_that_differs_in_an_unmapped_column_is_no_exact_duplicate() -> Result<(), Error> {
    let rows = [sound_rows(), row("v1", 2, 1, "A3").replace(";\n", ";other note\n")].concat();
    assert_eq!(load(&rows)?.cleaning.quarantined, [(Rule::ConflictingDuplicate, 1)].into());
    Ok(())
}

#[test]
fn blank_attributes_and_contexts_are_values_unless_required() -> Result<(), Error> {
    let loaded = load("v1;1;2008;4;3;;1;1;A1;1;;9;1;\n")?;
    assert_eq!((loaded.log.context[0].values.as_slice(), loaded.cleaning.rows_kept), (&[String::new()][..], 1));
    assert_eq!(loaded.log.catalogue.attributes[0].values, [""]);
    Ok(())
}

#[test]
fn a_range_applies_to_any_column() -> Result<(), Error> {
    let mut source = source();
    source.rules.ranges.insert("note".to_owned(), NumericRange { min: 0.0, max: 1.0 });
    let rows = [sound_rows(), row("v3", 1, 1, "A1").replace(";\n", ";1.5\n")].concat();
    let loaded = load_reader([HEADER, &rows].concat().as_bytes(), &source)?;
    assert_eq!(loaded.quarantine.rows[0].to_string(), r#"line 7, column "note": "1.5": outside 0 to 1"#);
    assert_eq!(loaded.cleaning.rows_kept, 5);
    Ok(())
}

#[test]
fn a_slice_keeps_whole_sessions_and_contains_every_smaller_slice() -> Result<(), Error> {
    let rows: String = (0..400)
        .flat_map(|visit| [row(&format!("v{visit}"), 1, 1, "A3"), row(&format!("v{visit}"), 2, 1, "A1")])
        .collect();
    let slice = |share: f64| {
        let mut source = source();
        source.sessions_share = share;
        load_reader([HEADER, &rows].concat().as_bytes(), &source)
    };
    let (small, large) = (slice(0.1)?, slice(0.5)?);
    assert!(small.log.session_ids.iter().all(|id| large.log.session_ids.contains(id)));
    assert!((20..60).contains(&small.log.sessions()) && (160..240).contains(&large.log.sessions()));
    assert_eq!(small.cleaning.rows_left_out, 800 - 2 * small.log.sessions() as u64);
    assert!(small.cleaning.adds_up() && large.cleaning.adds_up());
    Ok(())
}

#[test]
fn the_quarantine_is_written_as_csv() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("quarantine.csv");
    let loaded =
        load(&[&sound_rows(), "v3;\"a\nv3;1;2008;4;1;29;1;1;A1;9;red;20;0;\n"].map(|rows: &str| rows).concat())?;
    let sha256 = loaded.quarantine.write_csv(&path)?;
    let text = std::fs::read_to_string(&path)?;
    assert_eq!(
        text,
        "line,column,value,rule,message\n7,,\"v3;\"\"a\",unterminated_quote,a quote does not close on its line\n8,place,9,out_of_range,outside 1 to 6\n"
    );
    assert_eq!(sha256, slatewise_data::artefact::sha256_hex(text.as_bytes()));
    Ok(())
}
