//! The CSV reader from outside: what other writers make, what is refused and where, and that blocks and threads do not
//! show.

use std::io::{Cursor, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::table::{Column, Format, Table, TableReader, Wanted};

mod properties;

type Tested = Result<(), Box<dyn std::error::Error>>;

fn open(text: &[u8], block: usize) -> Result<TableReader, TableError> {
    open_stored(Box::new(Cursor::new(text.to_vec())), Some(text.len() as u64), block)
}

fn open_stored(stored: Box<dyn Read + Send>, size: Option<u64>, block: usize) -> Result<TableReader, TableError> {
    let mut stored = stored;
    let mut first = Vec::new();
    let path = Path::new("a.csv");
    stored.by_ref().take(4).read_to_end(&mut first).map_err(|source| TableError::from_open(path, source))?;
    let file = CsvFile::from_stored(path, first, stored, size, block)?;
    Ok(TableReader { format: Format::Csv(Box::new(file)) })
}

/// The same on so many threads.
fn on<T: Send>(threads: usize, what: impl FnOnce() -> T + Send) -> Result<T, rayon::ThreadPoolBuildError> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?.install(what))
}

fn read(text: impl AsRef<[u8]>, wanted: &[Wanted<'_>]) -> Result<Table, TableError> {
    open(text.as_ref(), BLOCK)?.read(wanted)
}

fn message(text: impl AsRef<[u8]>, wanted: &[Wanted<'_>]) -> String {
    match read(text, wanted) {
        Ok(table) => format!("read {} rows", table.rows()),
        Err(error) => error.to_string(),
    }
}

/// Codes and names put together again.
fn ids(table: &Table, column: usize) -> Vec<&str> {
    let ids = table.id(column);
    ids.code.iter().map(|&code| ids.names[code as usize].as_str()).collect()
}

const SCORE: Wanted<'_> = Wanted { name: "score", kind: Kind::Number };

#[test]
fn columns_are_read_in_the_order_wanted() -> Tested {
    let table =
        read("user,label,score\nu7,1,0.5\nu3,0,0.25\nu7,1,1e-3\n", &[SCORE, Wanted::id("user"), Wanted::id("label")])?;
    assert_eq!(table.rows(), 3);
    assert_eq!(table.number(0), [0.5, 0.25, 0.001]);
    assert_eq!(
        (&table.id(1).code[..], &table.id(1).names[..]),
        (&[0, 1, 0][..], &["u7".to_owned(), "u3".to_owned()][..])
    );
    assert_eq!(ids(&table, 2), ["1", "0", "1"]);
    assert_eq!(table.place(1, "score"), "a.csv, data row 2 (line 3), column `score`");
    Ok(())
}

#[test]
fn a_column_may_be_wanted_as_both() -> Tested {
    let table = read("action\n2\n 0\n2\n", &[Wanted::id("action"), Wanted::number("action"), Wanted::id("action")])?;
    assert_eq!((ids(&table, 0), table.number(1)), (vec!["2", " 0", "2"], &[2.0, 0.0, 2.0][..]));
    assert_eq!(table.id(0), table.id(2));
    assert_eq!(read("a\n1\n2\n", &[])?.rows(), 2);
    Ok(())
}

#[test]
fn marks_line_ends_empty_lines_and_a_missing_last_one_do_not_matter() -> Tested {
    let wanted = [SCORE, Wanted::id("user")];
    let plain = read("score,user\n1,a\n2,b\n", &wanted)?;
    for text in [
        "\u{feff}score,user\n1,a\n2,b\n",
        "score,user\r\n1,a\r\n2,b\r\n",
        "score,user\n1,a\n2,b",
        "score,user\r\n1,a\r\n2,b",
        "\nscore,user\n\n1,a\r\n\r\n2,b\n\n\n",
        "score\tuser\n1\ta\n2\tb\n",
        "score;user\n1;a\n2;b\n",
        "\"score\",\"user\"\n\"1\",\"a\"\n\"2\",\"b\"\n",
        "x,score,y,user\n,1,\"\n\",a\n\"\"\"\",2,,b\n",
        " score , user\n 1 ,a\n\t2,b\n",
    ] {
        let table = read(text, &wanted)?;
        assert_eq!((table.number(0), table.id(1)), (plain.number(0), plain.id(1)), "{text:?}");
    }
    Ok(())
}

#[test]
fn odd_numbers_are_read_and_their_places_known() -> Tested {
    let table = read("score\nNaN\ninf\n-inf\nTrue\nfalse\n\"0.1\"\n", &[SCORE])?;
    assert!(table.number(0)[0].is_nan());
    assert_eq!(table.number(0)[1..], [f64::INFINITY, f64::NEG_INFINITY, 1.0, 0.0, 0.1]);
    Ok(())
}

#[test]
fn an_empty_cell_is_nan_where_that_is_wanted() -> Tested {
    for text in ["score,user\n1,a\n,b\n \t,c\n2,d\n", "score,user\r\n1,a\r\n\"\",b\r\n,c\r\n2,d\r\n"] {
        let table = read(text, &[Wanted::number_or_empty("score"), Wanted::id("user")])?;
        let numbers = table.number(0);
        assert_eq!((numbers.len(), numbers[0], numbers[3]), (4, 1.0, 2.0), "{text:?}");
        assert!(numbers[1].is_nan() && numbers[2].is_nan());
        assert!(message(text, &[SCORE]).contains("data row 2 (line 3), column `score`: the cell is empty"));
    }
    Ok(())
}

#[test]
fn bad_cells_are_refused_by_place() {
    let wanted = [SCORE, Wanted::id("user")];
    let told = |text: &str| message(text, &wanted);
    assert_eq!(
        told("user,score\na,1\nb,high\n"),
        "a.csv, data row 2 (line 3), column `score`: \"high\" is no number; \
         write a decimal such as 0.25, or name another column"
    );
    assert_eq!(
        told("user,score\n\"a\n\n\",1\n\nb,\n"),
        "a.csv, data row 2 (line 6), column `score`: the cell is empty; fill it, or leave the row out"
    );
    assert!(told("user,score\n,1\n").starts_with("a.csv, data row 1 (line 2), column `user`: the cell is empty"));
    assert!(told("user,score\n\"\",1\n").starts_with("a.csv, data row 1 (line 2), column `user`: the cell is empty"));
    assert!(told("user,score\na, \n").starts_with("a.csv, data row 1 (line 2), column `score`: the cell is empty"));
    assert!(told("user,score\r\na,\r\n").starts_with("a.csv, data row 1 (line 2), column `score`: the cell is empty"));
    // Cells that are not wanted may hold anything.
    assert_eq!(message("user,score\n,1\n", &[SCORE]), "read 1 rows");
}

#[test]
fn ragged_rows_are_refused_as_such() {
    let told = |text: &str| message(text, &[SCORE]);
    let mend = "mend the row, or quote cells that hold the delimiter";
    let ragged =
        |row, line, found| format!("a.csv, data row {row} (line {line}): {found} cells where the header has 2; {mend}");
    assert_eq!(told("user,score\na,1\nb\n"), ragged(2, 3, 1));
    assert_eq!(told("user,score\na,1,2\n"), ragged(1, 2, 3));
    assert_eq!(told("user,score\na,1,\n"), ragged(1, 2, 3));
    // The stray comma shifts the cells, and the one that is read does not fit.
    assert_eq!(told("user,score\na, jr,1\n"), ragged(1, 2, 3));
    assert_eq!(told("user,score\na,\"x,\n,\",1\n"), ragged(1, 2, 3));
}

#[test]
fn files_that_are_no_tables_are_refused() {
    let told = |text: &[u8]| message(text, &[SCORE]);
    assert_eq!(told(b""), "a.csv: the file is empty; it needs a header line and rows");
    assert_eq!(told(b"\xef\xbb\xbf\r\n\n"), "a.csv: the file is empty; it needs a header line and rows");
    for text in ["score", "score\n", "score\r\n\r\n"] {
        assert_eq!(told(text.as_bytes()), "a.csv: a header and no rows; write the rows below it", "{text:?}");
    }
    assert_eq!(told(b"\xff\xfes\0c\0"), "a.csv: the header is not UTF-8; save the file as UTF-8");
    assert_eq!(told(b"score\r1\r2\r"), "a.csv: lines end in carriage returns alone; save the file with line feeds");
    assert_eq!(
        told(b"score,score,x\n1,2,3\n"),
        "a.csv: column `score` stands 2 times in the header; rename all but one"
    );
    assert_eq!(told(b"scores,x\n1,2\n"), "a.csv: no column `score`; nearest: `scores`; header: scores, x");
}

#[test]
fn an_id_that_is_not_utf8_is_refused_even_if_a_later_row_is_worse() {
    let wanted = [Wanted::id("user"), SCORE];
    assert_eq!(
        message(b"user,score\na,1\nb\xff,2\nc,x\n", &wanted),
        "a.csv, data row 2 (line 3), column `user`: \"b\u{fffd}\" is not UTF-8; save the file as UTF-8"
    );
    assert!(
        message(b"user,score\na,1\nb,x\nc\xff,2\n", &wanted).starts_with("a.csv, data row 2 (line 3), column `score`")
    );
    assert!(message(b"user,score\na,\xff\n", &wanted).contains("column `score`: \"\u{fffd}\" is no number"));
}

#[test]
fn a_quote_that_never_closes_is_found_where_it_opens() -> Tested {
    let mend = "a quote opens a cell here and never closes; close it, or double quotes within cells";
    for (text, line) in
        [("user,score\na,1\n\"b,2\nc,3\n", 3), ("\"user,score\na,1\n", 1), ("user,score\n\"\n\",1\na,\"", 4)]
    {
        for block in [1, 7, BLOCK] {
            let told = open(text.as_bytes(), block).and_then(|reader| reader.read(&[SCORE])).map(|table| table.rows());
            assert_eq!(told.map_err(|error| error.to_string()), Err(format!("a.csv, line {line}: {mend}")), "{text:?}");
        }
    }
    Ok(())
}

#[test]
fn a_row_without_end_stops_the_reading() -> Tested {
    let endless = |begin: &str| {
        let stored = Cursor::new(begin.as_bytes().to_vec()).chain(std::io::repeat(b'a'));
        let told = open_stored(Box::new(stored), None, BLOCK).and_then(|reader| reader.read(&[SCORE]));
        told.map(|table| table.rows()).map_err(|error| error.to_string())
    };
    let long = |row, line| {
        Err(format!("a.csv, data row {row} (line {line}): longer than 64 MiB; is this file a table with line feeds?"))
    };
    assert_eq!(endless("score\n1\n2\n3"), long(3, 4));
    assert!(endless("score\n1\n\"2\n").is_err_and(|told| told.starts_with("a.csv, line 3: a quote opens")));
    assert!(endless("score").is_err_and(|told| told.contains("longer than 64 MiB")));
    Ok(())
}

#[test]
fn a_fault_comes_behind_the_rows_before_it() -> Tested {
    let mut rows = Vec::new();
    let reader = open(b"score\n1\n2\nx\n4\n", BLOCK)?;
    let told = reader.for_each_chunk(&[SCORE], |chunk| {
        rows.extend_from_slice(chunk.number(0));
        assert_eq!((chunk.first_row(), chunk.rows()), (0, 2));
        Ok::<(), TableError>(())
    });
    assert!(matches!(told, Err(TableError::NotANumber { spot, .. }) if (spot.row, spot.line) == (3, Some(4))));
    assert_eq!(rows, [1.0, 2.0]);
    Ok(())
}

#[test]
fn a_visitors_refusal_ends_the_reading() -> Tested {
    #[derive(Debug)]
    enum Refusal {
        Table,
        Infinite(String),
    }
    impl From<TableError> for Refusal {
        fn from(_: TableError) -> Self {
            Self::Table
        }
    }
    let told = open(b"score\n1\n\"\n2\"\ninf\n", BLOCK)?.for_each_chunk(&[SCORE], |chunk| {
        match chunk.number(0).iter().position(|score| score.is_infinite()) {
            Some(row) => Err(Refusal::Infinite(chunk.place(chunk.first_row() + row, "score"))),
            None => Ok(()),
        }
    });
    assert!(matches!(told, Err(Refusal::Infinite(place)) if place == "a.csv, data row 3 (line 5), column `score`"));
    let told = open(b"score\n", BLOCK)?.for_each_chunk(&[SCORE], |_| Ok(()));
    assert!(matches!(told, Err(Refusal::Table)));
    Ok(())
}

fn packed(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text)?;
    packer.finish()
}

#[test]
fn gzip_is_unpacked_member_by_member_and_its_damage_told() -> Tested {
    let text: String = (0..50_000).map(|row| format!("{},u{}\n", f64::from(row) / 3.0, row % 77)).collect();
    let mut file = packed(b"score,user\n")?;
    file.extend(packed(text.as_bytes())?);
    let table = read(&file, &[SCORE, Wanted::id("user")])?;
    assert_eq!((table.rows(), table.number(0)[49_999], table.id(1).names.len()), (50_000, 49_999.0 / 3.0, 77));
    file.truncate(file.len() / 2);
    let cut = open(&file, 4096)?.read(&[SCORE]);
    assert!(matches!(cut, Err(TableError::Gzip { rows, .. }) if rows > 10_000));
    assert!(matches!(read(&file[..12], &[SCORE]), Err(TableError::Gzip { rows: 0, .. })));
    assert!(matches!(read(packed(b"")?, &[SCORE]), Err(TableError::Empty { .. })));
    Ok(())
}

/// Rows of which some hold quotes and line feeds, some repeat ids, and one may be wrong.
fn many_rows(wrong: Option<usize>) -> String {
    let mut text = "user,note,score\n".to_owned();
    for row in 0..3000 {
        let note = ["plain", "\"with, comma\"", "\"two\nlines\"", "5\" pipe", "\"say \"\"x\"\"\""][row % 5];
        let user = if row % 3 == 0 { format!("\"u\"\"{}\"", row % 101) } else { format!("user-{}", row * row % 997) };
        let score = if wrong == Some(row) { "-".to_owned() } else { (row as f64 / 7.0).to_string() };
        text += &format!("{user},{note},{score}\n");
    }
    text
}

#[test]
fn neither_blocks_nor_threads_show() -> Tested {
    let wanted = [Wanted::id("user"), SCORE, Wanted::id("note")];
    let text = many_rows(None);
    let whole = read(&text, &wanted)?;
    let wrong = many_rows(Some(2222));
    let told = message(&wrong, &wanted);
    assert!(told.starts_with("a.csv, data row 2223 (line 2668), column `score`: \"-\" is no number"), "{told}");
    for (threads, block) in [(1, 50), (1, 4096), (2, 50), (2, 1000), (3, 333), (5, 64)] {
        let table = on(threads, || open(text.as_bytes(), block)?.read(&wanted))??;
        assert_eq!((table.id(0), table.number(1), table.id(2)), (whole.id(0), whole.number(1), whole.id(2)));
        assert!((0..3000).all(|row| table.places().line(row) == whole.places().line(row)));
        let error = on(threads, || open(wrong.as_bytes(), block)?.read(&wanted))?;
        assert_eq!(error.map(|table| table.rows()).map_err(|error| error.to_string()), Err(told.clone()));
    }
    Ok(())
}

#[test]
fn empty_cells_are_ids_and_texts_are_vectors_where_these_are_wanted() -> Tested {
    let text = "user,v\na,\"[1, 2]\"\n,\n\"\",[]\na,\"[0.5,-1]\"\n";
    let table = read(text, &[Wanted::id_or_empty("user"), Wanted::vector("v", 2)])?;
    assert_eq!(ids(&table, 0), ["a", "", "", "a"]);
    let Column::Vector(found) = &table.into_columns()[1] else { return Err("no vectors".into()) };
    assert_eq!((&found[..2], &found[6..]), (&[1.0, 2.0][..], &[0.5, -1.0][..]));
    assert!(found[2..6].iter().all(|x| x.is_nan()));
    assert_eq!(
        message(text, &[Wanted::vector("v", 3)]),
        "a.csv, data row 1 (line 2), column `v`: a vector of 2 numbers where 3 are declared; \
         mend the row, or declare its width"
    );
    assert!(
        message(text, &[Wanted::vector("user", 3)]).contains("column `user`: \"a\" is no vector; write numbers in")
    );
    assert!(message(text, &[Wanted::id("user")]).contains("data row 2 (line 3), column `user`: the cell is empty"));
    Ok(())
}
