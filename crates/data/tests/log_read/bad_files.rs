//! Files that are refused as a whole, each in one line that says what to do.

use super::*;

fn refusal(text: impl AsRef<[u8]>) -> String {
    Reading::default().refusal("a.csv", text.as_ref())
}

#[test]
fn empty_files_and_headers_alone() -> Tested {
    assert_eq!(refusal(""), "a.csv: the file is empty; it needs a header line and rows");
    assert_eq!(refusal("\n\r\n"), "a.csv: the file is empty; it needs a header line and rows");
    assert_eq!(refusal(b"\xef\xbb\xbf"), "a.csv: the file is empty; it needs a header line and rows");
    for header in ["user,item", "user,item\n", "\u{feff}user,item\r\n\r\n"] {
        let read = csv(header)?;
        assert_eq!((read.columns, read.rows, read.counted), (vec!["user".to_owned(), "item".to_owned()], vec![], 0));
    }
    Ok(())
}

#[test]
fn headers_that_are_missing_or_wrong() {
    assert_eq!(
        refusal("1,2.5,-3\n4,5,6\n"),
        "a.csv: the first line looks like data, not like a header: all its cells are numbers; \
         declare the names of the columns in schema.csv.header"
    );
    assert_eq!(
        refusal(b"us\xffer,item\nu1,A\n"),
        "a.csv: the header line is not UTF-8 text; save the file as UTF-8, or declare schema.csv.header and leave the line out"
    );
    let wanted = |name| Reading { wanted: Some(vec![name]), ..Reading::default() };
    assert_eq!(
        wanted("itme").refusal("a.csv", b"user,item\nu1,A\n"),
        "a.csv: no column `itme` for schema.test (there are: user, item), did you mean `item`?; mend the name"
    );
    assert_eq!(
        wanted("item").refusal("a.csv", b"item,user,item\nA,u1,B\n"),
        "a.csv: column `item` (for schema.test) stands 2 times in the header; rename all but one"
    );
    assert!(wanted("user").bytes("a.csv", b"item,user,item\nA,u1,B\n").is_ok(), "twice, and not wanted");
}

#[test]
fn a_column_missing_from_one_file_names_it() -> Tested {
    let folder = tempfile::tempdir()?;
    put(folder.path(), "a.csv", "user,item\nu1,A\n")?;
    put(folder.path(), "b.csv", "user,product\nu2,B\n")?;
    let reading = Reading { wanted: Some(vec!["item"]), ..Reading::default() };
    let error = reading.files(&[folder.path().to_path_buf()]).map(|_| ()).map_err(|error| error.to_string());
    let told = error.err().unwrap_or_default();
    assert!(
        told.ends_with("b.csv: no column `item` for schema.test (there are: user, product); mend the name"),
        "{told}"
    );
    Ok(())
}

#[test]
fn a_delimiter_that_stands_nowhere() {
    let semicolons = spec(|csv| csv.delimiter = Some(";".to_owned()));
    assert_eq!(
        semicolons.refusal("a.csv", b"user,item\nu1,A\nu2,B\n"),
        "a.csv: the declared delimiter \";\" stands on none of the first 3 lines, and \",\" stands on 3; \
         declare schema.csv.delimiter = \",\""
    );
    assert_eq!(
        refusal("1::1193::5\n1::661::3\n"),
        "a.csv: the told delimiter \",\" stands on none of the first 2 lines, and \"::\" stands on 2; \
         declare schema.csv.delimiter = \"::\""
    );
    assert_eq!(
        spec(|csv| csv.delimiter = Some(String::new())).refusal("schema.csv.delimiter", b"a\n"),
        "schema.csv.delimiter: \"\": use characters that are no quote and no line break"
    );
}

#[test]
fn packed_files_that_are_cut_or_damaged() -> Tested {
    let text: String = (0..50_000).map(|row| format!("user{row},{}\n", row * 7919 % 10_007)).collect();
    let text = format!("user,item\n{text}");
    let whole = csv(&text)?;
    for (pack, name) in [(gzip as fn(&[u8]) -> std::io::Result<Vec<u8>>, "gzip"), (zst, "zstd")] {
        let packed = pack(text.as_bytes())?;
        assert_eq!(csv(&packed)?, whole);
        let twice = [packed.clone(), pack(b"u,i\n")?].concat();
        assert_eq!(csv(&twice)?.rows.len(), 50_001, "several members");
        let told = refusal(&packed[..packed.len() * 3 / 4]);
        let begin = format!("a.csv: the {name} file is cut or damaged: unpacking stops in line ");
        let line: u64 =
            told.strip_prefix(&begin).and_then(|rest| rest.split(' ').next()).ok_or(told.clone())?.parse()?;
        assert!((20_000..50_000).contains(&line), "{told}");
        assert!(told.ends_with("); fetch or write the file again") && told.lines().count() == 1, "{told}");
    }
    let mut flipped = gzip(text.as_bytes())?;
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    assert!(refusal(&flipped).starts_with("a.csv: the gzip file is cut or damaged: unpacking stops in line 50002 ("));
    Ok(())
}

#[test]
fn what_is_no_table_at_all() -> Tested {
    let mend = "; unpack or write it as CSV, JSON lines or Parquet";
    assert_eq!(refusal(b"PK\x03\x04rest"), format!("a.csv: is a zip archive or Excel workbook{mend}"));
    assert_eq!(refusal(gzip(&gzip(b"a,b\n")?)?), format!("a.csv: is a gzip file, packed once more{mend}"));
    assert_eq!(refusal(b"\xff\xfe\0\0u\0\0\0"), "a.csv: is UTF-32; save it as UTF-8");
    let listed = Reading::default();
    assert_eq!(
        listed.refusal("a.json", b"[\n {\"user\": 1}]"),
        "a.json: is one JSON list, not an object per line; write an object per line, as `jq -c '.[]'` does"
    );
    assert_eq!(
        listed.refusal("a.json", b"{\n \"user\": 1\n}"),
        "a.json: is JSON over several lines, not an object per line; write an object per line, as `jq -c .` does"
    );
    Ok(())
}

#[test]
fn names_that_lead_nowhere() {
    let told =
        |path: &str| Reading::default().files(&[PathBuf::from(path)]).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(
        told("no/such/*.csv"),
        Err("no/such/*.csv: no file matches this pattern; mend the pattern in schema.files".to_owned())
    );
    assert_eq!(
        told("no/such.csv"),
        Err("no/such.csv: no such file or folder; mend the path in schema.files".to_owned())
    );
}
