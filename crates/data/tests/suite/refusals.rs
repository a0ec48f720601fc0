//! What a log or its declaration is refused for: one clear line each, naming the place and the mend.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use slatewise_data::{LogSource, NumericRange, artefact, load, load_reader};

use crate::shop::{HEADER, row, sound_rows, source};

type Checked = Result<(), Box<dyn std::error::Error>>;

/// The message with which a log is refused.
fn refusal(bytes: impl AsRef<[u8]>, source: &LogSource) -> String {
    match load_reader(bytes.as_ref(), source) {
        Err(error) => error.to_string(),
        Ok(_) => "it was not refused".to_owned(),
    }
}

/// The message with which a declaration is refused before any file is touched.
fn misdeclared(change: impl FnOnce(&mut LogSource)) -> String {
    let mut source = source();
    change(&mut source);
    source.check().map_or_else(|error| error.to_string(), |()| "it was not refused".to_owned())
}

fn packed(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

#[test]
fn a_path_that_is_no_log() -> Checked {
    let folder = tempfile::tempdir()?;
    let message = |name: &str| {
        let source = LogSource { path: folder.path().join(name), ..source() };
        load(&source).map_or_else(|error| error.to_string(), |_| String::new())
    };
    let path = |name: &str| folder.path().join(name).display().to_string();
    assert_eq!(message("none.csv"), format!("{}: no such file; set data.path to the log", path("none.csv")));
    assert_eq!(message(""), format!("{}: is a directory, not a log; set data.path to a file in it", path("")));
    std::fs::write(folder.path().join("empty.csv"), "")?;
    assert_eq!(
        message("empty.csv"),
        format!("{}: the file is empty; it needs a header line and rows", path("empty.csv"))
    );
    Ok(())
}

#[test]
fn an_empty_log() -> Checked {
    let empty = "shop.csv: the file is empty; it needs a header line and rows";
    assert_eq!(refusal("", &source()), empty);
    assert_eq!(refusal("\n\r\n", &source()), empty);
    assert_eq!(refusal(packed("")?, &source()), empty);
    assert_eq!(refusal(HEADER, &source()), "shop.csv: a header and no rows; set data.path to the whole log");
    Ok(())
}

#[test]
fn damaged_gzip() -> Checked {
    let whole = packed(&[HEADER, &sound_rows()].concat())?;
    assert!(load_reader(whole.as_slice(), &source()).is_ok());
    let cut = refusal(&whole[..whole.len() - 9], &source());
    assert!(
        cut.starts_with("shop.csv: damaged or cut gzip after line ") && cut.ends_with("; fetch the file again"),
        "{cut}"
    );
    let mut flipped = whole.clone();
    flipped[40] ^= 0x10;
    for bytes in [b"\x1f\x8b".to_vec(), b"\x1f\x8bno gzip at all".to_vec(), flipped, [whole, b"tail".to_vec()].concat()]
    {
        let message = refusal(&bytes, &source());
        assert!(message.starts_with("shop.csv: damaged or cut gzip after line "), "{message}");
        assert_eq!(message.lines().count(), 1);
    }
    Ok(())
}

#[test]
fn gzip_is_known_by_its_bytes_and_may_have_several_members() -> Checked {
    let members = [packed(&[HEADER, &row("v1", 1, 1, "A3")].concat())?, packed(&row("v1", 2, 1, "A1"))?].concat();
    assert_eq!(load_reader(members.as_slice(), &source())?.cleaning.rows_kept, 2);
    Ok(())
}

#[test]
fn a_file_that_is_not_the_declared_one() -> Checked {
    let text = [HEADER, &sound_rows()].concat();
    let found = artefact::sha256_hex(text.as_bytes());
    let mut source = source();
    source.sha256 = Some(found.to_uppercase());
    assert_eq!(load_reader(text.as_bytes(), &source)?.sha256, found);
    let declared = "0".repeat(64);
    source.sha256 = Some(declared.clone());
    let message = |found: &str| {
        format!("shop.csv: its SHA-256 is {found}, data.sha256 says {declared}; fetch the file again, or mend the key")
    };
    assert_eq!(refusal(&text, &source), message(&found));
    // A different file is the reason, whatever else is wrong with it.
    assert_eq!(refusal("", &source), message(&artefact::sha256_hex(b"")));
    Ok(())
}

#[test]
fn a_column_that_is_missing_or_stands_twice() {
    let header = "header: visit, n, y, m, d, land, kind, page, item, place, colour, price, dear, note";
    let mut misspelt = source();
    misspelt.schema.item_attributes.push("color".to_owned());
    misspelt.schema.item_attributes.swap(0, 1);
    assert_eq!(
        refusal(HEADER, &misspelt),
        format!(
            "shop.csv: no column \"color\", wanted by data.schema.item_attributes[0]; nearest: \"colour\"; {header}"
        )
    );
    let mut far = source();
    far.rules.required.push("warehouse".to_owned());
    assert_eq!(
        refusal(HEADER, &far),
        format!(
            "shop.csv: no column \"warehouse\", wanted by data.rules.required[0]; name one of the header's; {header}"
        )
    );
    let mut comma = source();
    comma.schema.delimiter = ',';
    assert!(refusal(HEADER, &comma).contains(
        "wanted by data.schema.session; the header is one column: mend data.schema.delimiter; header: visit;n;"
    ));
    assert_eq!(
        refusal(HEADER.replace("note", "item"), &source()),
        "shop.csv: column \"item\", wanted by data.schema.item, stands twice in the header; rename one of them"
    );
    assert_eq!(
        refusal("\n\"visit;n\n", &source()),
        "shop.csv:2: a quote in the header does not close on its line; mend the header"
    );
}

#[test]
fn too_many_bad_rows() {
    let mut source = source();
    source.rules.max_quarantined_share = 0.25;
    let bad = "v3;1;2008;4;1;29;1;1;A1;9;red;20;0;\nv3;2;2008;4;1;29;1;1;A1;8;red;20;0;\nv3\n";
    assert_eq!(
        refusal([HEADER, &sound_rows(), bad].concat(), &source),
        "shop.csv: 3 of 8 rows (37.5 %) break rules, data.rules.max_quarantined_share allows 25.0 %; most often out_of_range (2 rows), as in line 7, column \"place\": \"9\": outside 1 to 6; mend the log, data.schema or data.rules"
    );
}

#[test]
fn nothing_left() {
    assert_eq!(
        refusal([HEADER, "v3\n"].concat(), &source()),
        "shop.csv: none of 1 rows is left (1 quarantined, 0 left out by data.sessions_share); raise data.sessions_share or mend data.rules"
    );
    let mut sliver = source();
    sliver.sessions_share = 1e-9;
    assert!(
        refusal([HEADER, &sound_rows()].concat(), &sliver)
            .contains("(0 quarantined, 5 left out by data.sessions_share)")
    );
}

#[test]
fn a_premium_value_that_never_occurs() {
    let mut source = source();
    source.schema.premium.yes = "yes".to_owned();
    assert_eq!(
        refusal([HEADER, &sound_rows()].concat(), &source),
        "data.schema.premium.yes = \"yes\": no row has it in column \"dear\", which holds 0, 1"
    );
}

#[test]
fn a_value_that_a_key_cannot_take() {
    let share = |share: f64| misdeclared(|source| source.sessions_share = share);
    assert_eq!(share(0.0), "data.sessions_share = 0: must be above 0 and at most 1");
    assert_eq!(share(f64::NAN), "data.sessions_share = NaN: must be above 0 and at most 1");
    assert_eq!(
        misdeclared(|source| source.rules.max_quarantined_share = 1.5),
        "data.rules.max_quarantined_share = 1.5: must be between 0 and 1"
    );
    assert_eq!(
        misdeclared(|source| source.sha256 = Some("52e7".to_owned())),
        "data.sha256 = \"52e7\": must be 64 hex digits"
    );
    assert_eq!(
        misdeclared(|source| source.schema.delimiter = '→'),
        "data.schema.delimiter = '→': must be one ASCII character, such as \",\", \";\" or \"\\t\""
    );
    assert_eq!(
        misdeclared(|source| source.schema.listing.clear()),
        "data.schema.listing = []: name the columns that together tell a page"
    );
    assert_eq!(
        misdeclared(|source| source.schema.context.push("land".to_owned())),
        "data.schema.context[1] = \"land\": is named twice; name it once"
    );
    assert_eq!(
        misdeclared(|source| {
            source.rules.ranges.insert("price".to_owned(), NumericRange { min: 2.0, max: 1.0 });
        }),
        "data.rules.ranges.\"price\" = { min = 2, max = 1 }: must be finite, min not above max"
    );
}

#[test]
fn an_unknown_key() -> Checked {
    let text = toml::to_string(&source())?;
    assert_eq!(toml::from_str::<LogSource>(&text)?, source());
    for (key, table) in [("[schema]\n", "schema"), ("[rules]\n", "rules")] {
        let misspelt = text.replace(key, &format!("{key}colums = 1\n"));
        let message = toml::from_str::<LogSource>(&misspelt).map_or_else(|error| error.to_string(), |_| String::new());
        assert!(message.contains("unknown field `colums`"), "{table}: {message}");
    }
    Ok(())
}
