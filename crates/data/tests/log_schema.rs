//! Mappings that cannot hold: each key is named, with what stands there and what must.
#![cfg(feature = "engine")]

mod log;

use log::{Tested, schema};

#[test]
fn every_impossible_key_is_named() -> Tested {
    for (text, message) in [
        ("user = \" \"", "schema.user: \" \": write a name"),
        (
            "csv = { delimiter = \"\" }",
            "schema.csv.delimiter: \"\": one to eight characters, and neither a quote nor a line break",
        ),
        ("csv = { header = [\"a\", \"a\"] }", "schema.csv.header: a: each column needs a name of its own"),
        ("format = \"parquet\"\ncsv = { skip_lines = 1 }", "schema.csv: declared: the format is not CSV; take it out"),
        (
            "format = \"csv\"\nexplode = \"e\"",
            "schema.explode: e: only JSON lines hold lists of objects; take `explode` out",
        ),
        ("time = {}", "schema.time.column: not declared: name the column of the time, or `date`"),
        (
            "time = { column = \"t\", unit = \"seconds\", format = \"%Y\" }",
            "schema.time.unit: %Y: a time is a text of a `format` or a number of a `unit`; take one of the two out",
        ),
        (
            "time = { column = \"t\", format = \"Y\" }",
            "schema.time.format: Y: write it as in strftime, such as \"%Y-%m-%d %H:%M:%S\"",
        ),
        ("time = { date = [\"y\", \"m\", \"m\"] }", "schema.time.date: m: year, month and day are three columns"),
        (
            "context = [\"c\"]\nitem_attributes = [\"c\"]",
            "schema.item_attributes: c: it is in schema.context too; a column has one of the two roles",
        ),
        (
            "feedback = [{ name = \"_a\", column = \"a\" }]",
            "schema.feedback[0].name: _a: names that begin with _ are kept for technical columns; choose another",
        ),
        (
            "feedback = [{ name = \"buy\", column = \"b\", requires = \"clik\" }]",
            "schema.feedback[0].requires: clik: name one of the feedbacks: buy",
        ),
        (
            "feedback = [{ name = \"buy\", column = \"b\", requires = \"buy\" }]",
            "schema.feedback[0].requires: buy: a feedback cannot require itself",
        ),
        (
            "feedback = [{ name = \"a\", column = \"a\", values = [\"x\"], at_least = 1 }]",
            "schema.feedback[0].at_least: 1: `values` says already what means yes; take one of the two out",
        ),
        (
            "user = \"u\"\nfeedback = [{ name = \"user\", column = \"a\" }]",
            "schema.feedback[0].name: user: schema.user already gives this name to a typed column; choose another",
        ),
        ("columns = { a = { min = 2, max = 1 } }", "schema.columns.\"a\".min: 2: it is above `max`, 1"),
        (
            "columns = { a = { type = \"text\", min = 2 } }",
            "schema.columns.\"a\".min: 2: only numbers have a smallest and largest value; take it out, or change `type`",
        ),
        (
            "columns = { a = { rename = \"_a\" } }",
            "schema.columns.\"a\".rename: _a: names that begin with _ are kept for technical columns; choose another",
        ),
        (
            "user = \"u\"\ncolumns = { u = { rename = \"a\" } }",
            "schema.columns.\"u\".rename: a: the column is called by schema.user; take `rename` out",
        ),
        (
            "user = \"u\"\ncolumns = { u = { privacy = \"drop\" } }",
            "schema.columns.\"u\".privacy: drop: schema.user needs the column; take one of the two out",
        ),
        (
            "user = \"u\"\ncolumns = { u = { type = \"integer\" } }",
            "schema.columns.\"u\".type: Integer: schema.user is text; take `type` out",
        ),
        (
            "columns = { a = { privacy = { generalise = 0 } } }",
            "schema.columns.\"a\".privacy.generalise: 0: a step or number of characters is above 0",
        ),
        (
            "columns = { a = { type = \"number\", privacy = { noise = -1 } } }",
            "schema.columns.\"a\".privacy.noise: -1: the scale of noise is above 0",
        ),
        (
            "columns = { a = { privacy = { noise = 1 } } }",
            "schema.columns.\"a\".privacy.noise: 1: noise is for numbers: declare `type` as integer or number",
        ),
        (
            "rules = { max_quarantined_share = 1.5 }",
            "schema.rules.max_quarantined_share: 1.5: a share lies between 0 and 1",
        ),
        (
            "rules = { earliest = \"2020-01-02\", latest = \"2020-01-01\" }",
            "schema.rules.earliest: 2020-01-02: it lies after schema.rules.latest, 2020-01-01",
        ),
        ("privacy = { key_variable = \"\" }", "schema.privacy.key_variable: \"\": write a name"),
        ("privacy = { key_variable = \"K\", k = 1 }", "schema.privacy.k: 1: one row alone hides nobody: at least 2"),
        (
            "tables = [{ name = \"a\", files = [\"a\"], key = \"\", on = \"item\" }]",
            "schema.tables[0].key: \"\": write a name",
        ),
        (
            "tables = [{ name = \"a\", files = [\"a\"], key = \"k\", on = \"item\" }, { name = \"a\", files = [\"a\"], key = \"k\", on = \"item\" }]",
            "schema.tables[1].name: a: schema.tables[0] has this name; choose another",
        ),
        (
            "unpack = [{ column = \"a\", list = { separator = \"|\", first = 0 } }]",
            "schema.unpack[0].list.first: 0: at least one value becomes a column",
        ),
    ] {
        let schema = schema(&format!("files = [\"log.csv\"]\n{text}"))?;
        assert_eq!(schema.check().map_err(|error| error.to_string()), Err(message.to_owned()), "{text}");
    }
    let none = schema("files = []")?;
    assert_eq!(
        none.check().map_err(|error| error.to_string()),
        Err("schema.files: []: name a file, a folder or a pattern".to_owned())
    );
    Ok(())
}
