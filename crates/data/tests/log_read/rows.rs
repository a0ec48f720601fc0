//! Rows of CSV: which are read, and which are set aside with which rule.

use super::*;

const FOUR: &str = "user,item,time,price\n";

#[test]
fn a_row_with_too_few_or_many_cells_costs_itself() -> Tested {
    let read = csv(format!("{FOUR}u1,A,1,2.5\nu2,B,2\nu3,C,3,,x\n\nu4,D,4,\n"))?;
    assert_eq!(read.shown(), ["u1|A|1|2.5", "u4|D|4|-"]);
    assert_eq!(read.lines, [2, 6]);
    assert_eq!(
        read.set_aside(),
        ["3 ragged_row: 3 cells where the header has 4", "4 ragged_row: 5 cells where the header has 4"]
    );
    assert_eq!((read.raw[0].as_slice(), read.counted), (&b"u2,B,2"[..], 4));
    Ok(())
}

#[test]
fn a_cut_last_row_is_told_from_a_ragged_one() -> Tested {
    let cut = |end: &str| csv(format!("{FOUR}u1,A,1,2.5\n{end}")).map(|read| read.set_aside());
    let behind = "and the file ends here without a line feed";
    assert_eq!(cut("u2,B")?, [format!("3 cut_row: 2 cells where the header has 4, {behind}")]);
    assert_eq!(cut("u2")?, [format!("3 cut_row: 1 cell where the header has 4, {behind}")]);
    assert_eq!(cut("u2,B\n")?, ["3 ragged_row: 2 cells where the header has 4"]);
    assert_eq!(cut("u2,B,1,2,3")?, ["3 ragged_row: 5 cells where the header has 4"]);
    assert_eq!(cut("u2,B,1,2")?, Vec::<String>::new());
    Ok(())
}

#[test]
fn an_unterminated_quote_costs_its_own_line() -> Tested {
    let text = format!("{FOUR}u1,A,1,2\nu2,\"B,2,3\nu3,C,3,4\nu4,\"D\",4,5\n");
    let read = csv(text)?;
    assert_eq!(read.shown(), ["u1|A|1|2", "u3|C|3|4", "u4|D|4|5"]);
    assert_eq!(
        read.set_aside(),
        [
            "3 unterminated_quote: a quote opens a cell and does not close on its line; if cells hold line breaks, set schema.csv.line_breaks_in_quotes = true"
        ]
    );
    let lost = format!("{FOUR}u1,\"A,1,2\n{}", "u2,B,2,3\n".repeat(300));
    let read = spec(|csv| csv.line_breaks_in_quotes = true).bytes("a.csv", lost.as_bytes())?;
    assert_eq!((read.rows.len(), read.lines[0]), (300, 3));
    assert_eq!(
        read.set_aside(),
        [
            "2 unterminated_quote: a quote opens a cell and does not close on its line; if cells hold line breaks, set schema.csv.line_breaks_in_quotes = true"
        ]
    );
    Ok(())
}

#[test]
fn quotes_hold_delimiters_quotes_and_on_demand_line_breaks() -> Tested {
    let read = csv(format!("{FOUR}\"u,1\",\"say \"\"A\"\"\",\"\",5\" pipe\n"))?;
    assert_eq!(read.shown(), ["u,1|say \"A\"|-|5\" pipe"]);

    let breaks = spec(|csv| csv.line_breaks_in_quotes = true);
    let read = breaks.bytes("a.csv", b"user,\"the\nnote\"\nu1,\"a\r\n\n\"\"b\"\"\"\nu2,c\n")?;
    assert_eq!(read.columns, ["user", "the\nnote"]);
    assert_eq!(read.shown(), ["u1|a\r\n\n\"b\"", "u2|c"]);
    assert_eq!((read.lines, read.counted), (vec![3, 6], 2));

    let plain = spec(|csv| csv.no_quotes = true);
    let read = plain.bytes("a.csv", b"user,item\n\"u1,A\nu2,\"B\"\n")?;
    assert_eq!(read.shown(), ["\"u1|A", "u2|\"B\""]);
    Ok(())
}

#[test]
fn bytes_that_no_text_has_cost_their_row() -> Tested {
    let read = csv(b"user,item\nu1,A\nu2,\xffB\nu3,\xc3\xa9\nu\x004,D\nu5,\xc3\n")?;
    assert_eq!(read.shown(), ["u1|A", "u3|é"]);
    assert_eq!(
        read.set_aside(),
        [
            "3 invalid_utf8: byte 0xff at byte 4 of the row is not UTF-8",
            "5 nul_byte: a NUL byte at byte 2 of the row",
            "6 invalid_utf8: byte 0xc3 at byte 4 of the row is not UTF-8",
        ]
    );
    assert_eq!(read.counted, 5);
    Ok(())
}

#[test]
fn marks_line_ends_and_utf16_make_no_difference() -> Tested {
    let plain = "user,item,note\nu1,A,é🛒\n\nu2,B,\n";
    let expected = csv(plain)?;
    assert_eq!((expected.shown(), &expected.lines), (vec!["u1|A|é🛒".to_owned(), "u2|B|-".to_owned()], &vec![2, 4]));
    let with = |bytes: &[u8], repair: Option<&str>| -> Tested {
        let read = csv(bytes)?;
        assert_eq!(read.repairs, repair.map(|repair| (repair.to_owned(), 1)).into_iter().collect());
        assert_eq!(Read { repairs: BTreeMap::new(), ..read }, expected);
        Ok(())
    };
    with(plain.replace('\n', "\r\n").as_bytes(), None)?;
    with(plain.replace('\n', "\r").as_bytes(), None)?;
    with(plain.trim_end().as_bytes(), None)?;
    with(plain.replace('\n', "\r\n").trim_end_matches('\n').as_bytes(), None)?;
    with(format!("\u{feff}{plain}").as_bytes(), Some("byte_order_mark_skipped"))?;
    for mark in ["\u{feff}", ""] {
        let units: Vec<u16> = format!("{mark}{plain}").encode_utf16().collect();
        with(&units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>(), Some("utf16_transcoded"))?;
        with(&units.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<_>>(), Some("utf16_transcoded"))?;
    }
    let mut halved: Vec<u16> = "user,item\nu1,A\n".encode_utf16().collect();
    halved.extend([0xd83d, u16::from(b','), u16::from(b'B'), u16::from(b'\n')]);
    let read = csv(halved.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>())?;
    assert_eq!(read.set_aside(), ["3 invalid_utf8: byte 0xed at byte 1 of the row is not UTF-8"]);
    Ok(())
}

#[test]
fn delimiters_are_told_or_declared() -> Tested {
    for delimiter in [",", ";", "\t", "|"] {
        let read = csv(format!("user,item\nu1,\"A{delimiter}B\"\n").replace(',', delimiter))?;
        assert_eq!(read.rows, [[Some("u1".to_owned()), Some(format!("A{delimiter}B"))]]);
    }
    let movielens = spec(|csv| {
        csv.delimiter = Some("::".to_owned());
        csv.header = ["user", "item", "rating", "time"].map(str::to_owned).to_vec();
    });
    let read = movielens.bytes("ratings.dat", b"1::1193::5::978300760\n1::661::3:978302109\n")?;
    assert_eq!((read.shown(), read.lines), (vec!["1|1193|5|978300760".to_owned()], vec![1]));
    assert_eq!(read.rejected[0].2, "3 cells where the header has 4");
    Ok(())
}

#[test]
fn lines_before_the_header_are_skipped_and_counted() -> Tested {
    let read = spec(|csv| csv.skip_lines = 2).bytes("a.csv", b"made by x\n\n\nuser,item\nu1,A\n")?;
    assert_eq!((read.columns, read.lines, read.counted), (vec!["user".to_owned(), "item".to_owned()], vec![5], 1));
    Ok(())
}

#[test]
fn a_header_that_stands_again_is_set_aside() -> Tested {
    let read = csv("user,item\nu1,A\nuser,item\nu2,B\n")?;
    assert_eq!(read.shown(), ["u1|A", "u2|B"]);
    assert_eq!(read.set_aside(), ["3 repeated_header: the header line stands here again"]);
    Ok(())
}

#[test]
fn a_field_of_two_megabytes_is_read() -> Tested {
    let field = "x".repeat(2_000_000);
    let read = csv(format!("user,note,item\nu1,{field},A\nu2,\"{field}\"\"\",B\nu3,,C\n"))?;
    assert_eq!(read.rows.len(), 3);
    assert_eq!(read.rows[0][1].as_deref(), Some(field.as_str()));
    assert_eq!(read.rows[1][1].as_deref().map(str::len), Some(2_000_001));
    assert_eq!(read.lines, [2, 3, 4]);
    Ok(())
}

#[test]
fn a_line_longer_than_a_row_may_be_is_passed_over() -> Tested {
    let mut text = b"user,item\nu1,A\n".to_vec();
    text.resize(text.len() + (65 << 20), b'x');
    text.extend(b"\nu2,B\n");
    let read = csv(&text)?;
    assert_eq!((read.shown(), read.lines), (vec!["u1|A".to_owned(), "u2|B".to_owned()], vec![2, 4]));
    assert_eq!(
        (read.rejected, read.raw[0].len()),
        (vec![(3, "row_too_long".to_owned(), "longer than 64 MiB".to_owned())], 1000)
    );
    Ok(())
}

#[test]
fn letters_of_any_script_and_formulas_stay_as_they_are() -> Tested {
    let cells = [
        "=cmd()",
        "'; DROP TABLE x;--",
        "\u{202e}rtl",
        "a\u{200b}b",
        " 00 ",
        "99999999999999999999999999",
        "NaN",
        "1e999",
    ];
    let header: Vec<String> = (0..cells.len()).map(|at| format!("c{at}")).collect();
    let read = csv(format!("{}\n{}\n", header.join(","), cells.join(",")))?;
    assert_eq!(read.shown(), [cells.join("|")]);
    Ok(())
}

#[test]
fn files_are_read_in_order_and_columns_by_name() -> Tested {
    let folder = tempfile::tempdir()?;
    put(folder.path(), "b.csv", "item;user\nB;u2\n")?;
    put(folder.path(), "a.csv.gz", gzip(b"user,item\nu1,A\n")?)?;
    put(folder.path(), "c.csv.zst", [zst(b"user\titem\n")?, zst(b"u3\tC\n")?].concat())?;
    put(folder.path(), "d.jsonl", "{\"item\":\"D\",\"user\":4}\n")?;
    put(folder.path(), "e.csv", "")?;
    let wanted = Some(vec!["item", "user"]);
    let read = Reading { wanted, ..Reading::default() }.files(&[folder.path().to_path_buf()])?;
    assert_eq!(read.shown(), ["A|u1", "B|u2", "C|u3", "D|4"]);
    assert_eq!(read.repairs, [("empty_file_skipped".to_owned(), 1)].into());
    Ok(())
}

#[test]
fn packed_cells_become_columns_and_rows() -> Tested {
    let rows = Packed::Rows {
        separator: " ".to_owned(),
        part_separator: "-".to_owned(),
        columns: vec!["item".to_owned(), "clicked".to_owned()],
    };
    let list = Packed::List { separator: "|".to_owned(), first: 2 };
    let unpack = vec![
        Unpack { column: "impressions".to_owned(), packed: rows },
        Unpack { column: "genres".to_owned(), packed: list },
    ];
    let reading = Reading { unpack, ..Reading::default() };
    let text = b"user,impressions,genres\nu1,N1-0 N2-1,a|b|c\nu2,,a\nu3,N3 N4-1,\"x\"\n";
    let read = reading.bytes("a.csv", text)?;
    assert_eq!(read.columns, ["user", "item", "clicked", "genres.1", "genres.2"]);
    assert_eq!(read.shown(), ["u1|N1|0|a|b", "u1|N2|1|a|b", "u3|N4|1|x|-"]);
    assert_eq!((&read.lines, read.counted), (&vec![2, 2, 4], 3));
    assert_eq!(read.set_aside(), ["4 bad_packed_value: `impressions`: \"N3\" has 1 parts where 2 are declared"]);
    assert_eq!(
        reading.refusal("a.csv", b"user,impresions,genres\nu1,N1-0,a\n"),
        "a.csv: no column `impressions` for schema.unpack (there are: user, impresions, genres), \
         did you mean `impresions`?; mend the name"
    );
    Ok(())
}
