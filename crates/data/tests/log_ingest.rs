//! Ingest from outside: every bad value has its rule, line and message, nothing is lost, and no raw id is written.
#![cfg(feature = "engine")]

mod log;
#[path = "log_ingest/privacy.rs"]
mod privacy;

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, TimestampMillisecondArray,
    UInt64Array,
};
use datafusion::arrow::datatypes::Float32Type;
use datafusion::parquet::arrow::ArrowWriter;
use slatewise_data::log::ingest::{for_each_batch, ingest};

use log::{Tested, csv, options, refused, repairs, run, schema};

/// The roles that most tests use.
const ROLES: &str = "user = \"u\"\nitem = \"i\"\ntime = { column = \"t\", unit = \"seconds\" }\n";

/// A log of `u,i,t,x` with one cell `x` per row, the other columns sound; its second column's type is declared by `spec`.
fn cells(cells: &[&str], spec: &str) -> Result<log::Outcome, Box<dyn std::error::Error>> {
    let rows: String = cells.iter().map(|cell| format!("u1,i1,1650000000,{cell}\n")).collect();
    csv(&format!("u,i,t,x\n{rows}"), &format!("{ROLES}{spec}"))
}

#[test]
fn types_are_told_from_the_first_rows_and_values_kept() -> Tested {
    let file = "u,i,t,whole,number,word,yes,code,empty\n\
                7,A,2022-07-31 22:00:00,-3,0.5,red,TRUE,007,\n\
                07,B,2022-07-31T22:00:01Z,+4,1e3,,f,18446744073709551616,\n";
    let outcome = csv(file, "user = \"u\"\nitem = \"i\"\ntime = { column = \"t\" }")?;
    assert_eq!(outcome.columns, ["user", "item", "time", "whole", "number", "word", "yes", "code", "empty"]);
    // "+4" is a number and no whole one: the column holds numbers.
    assert_eq!(
        outcome.rows,
        ["7|A|1659304800000000|-3.0|0.5|red|1|007|_", "07|B|1659304801000000|4.0|1000.0|_|0|18446744073709551616|_",]
    );
    assert_eq!((outcome.lines, outcome.counts.lines, outcome.counts.rows_read), (vec![2, 3], 2, 2));
    assert!(outcome.quarantine.is_empty() && outcome.counts.repaired.is_empty());
    Ok(())
}

#[test]
fn numbers_that_are_none() -> Tested {
    let spec = "[columns.x]\ntype = \"integer\"\nmin = -5\nmax = 100\nrequired = true";
    let values = ["100", "101", "-6", "1.5", "9223372036854775808", "nan", "", "abc", "0x1F", "17.0"];
    let outcome = cells(&values, spec)?;
    assert_eq!(outcome.rows.iter().map(|row| row.rsplit('|').next()).collect::<Vec<_>>(), [Some("100"), Some("17")]);
    assert_eq!(
        outcome.quarantine,
        [
            "log.csv,3,x,101,out_of_range,above 100",
            "log.csv,4,x,-6,out_of_range,below -5",
            "log.csv,5,x,1.5,unparsable_number,not a whole number",
            "log.csv,6,x,9223372036854775808,number_overflow,beyond 64 bits with sign",
            "log.csv,7,x,nan,not_finite,not a finite number",
            "log.csv,8,x,,missing_value,\"no value, and one is required\"",
            "log.csv,9,x,abc,unparsable_number,not a whole number",
            "log.csv,10,x,0x1F,unparsable_number,not a whole number",
        ]
    );
    assert_eq!((outcome.counts.rows_read, outcome.counts.rows_kept), (10, 2));
    assert_eq!(repairs(&outcome.counts), ["x:decimal_point_dropped:1"]);
    let outcome = cells(&["0.5", "1e400", "-inf", "1;5", "=1+1"], "[columns.x]\ntype = \"number\"")?;
    assert_eq!(
        outcome.quarantine,
        [
            "log.csv,3,x,1e400,not_finite,not a finite number",
            "log.csv,4,x,-inf,not_finite,not a finite number",
            "log.csv,5,x,1;5,unparsable_number,not a number",
            "log.csv,6,x,=1+1,unparsable_number,not a number",
        ]
    );
    Ok(())
}

#[test]
fn roles_bring_their_own_limits() -> Tested {
    let file = "p,s,w\n1,65535,1\n2,65536,0.5\n0,-1,0.5\n-0.01,3,0.5\n4,4,0\n5,5,1.0001\n6,6,1e-9\n7,,\n";
    let outcome = csv(file, "price = \"p\"\nposition = \"s\"\npropensity = \"w\"")?;
    assert_eq!(outcome.columns, ["position", "propensity", "price"]);
    assert_eq!(outcome.rows, ["65535|1.0|1.0", "6|1e-9|6.0", "_|_|7.0"]);
    assert_eq!(
        outcome.quarantine,
        [
            "log.csv,3,s,65536,out_of_range,above 65535",
            "log.csv,4,s,-1,out_of_range,below 0",
            "log.csv,5,p,-0.01,out_of_range,below 0",
            "log.csv,6,w,0,out_of_range,not above 0",
            "log.csv,7,w,1.0001,out_of_range,above 1",
        ]
    );
    Ok(())
}

#[test]
fn ids_are_kept_to_the_letter() -> Tested {
    let ids = [
        "0",
        "00",
        "18446744073709551616123",
        "=HYPERLINK(1)",
        "'; DROP TABLE log; --",
        "+1",
        "\u{200b}a",
        "a",
        "\u{202e}abc",
        "שלום",
        "<script>",
        "NULL",
        "1e5",
    ];
    let rows: String = ids.iter().map(|id| format!("{id},i1,1650000000\n")).collect();
    let outcome = csv(&format!("u,i,t\n{rows}"), ROLES)?;
    let users: Vec<&str> = outcome.rows.iter().filter_map(|row| row.split('|').next()).collect();
    assert_eq!(users, ids);
    assert_eq!(repairs(&outcome.counts), ["u:invisible_characters_kept:2"]);
    // Equal rows have equal hashes, and no two of these are equal.
    let hashes: std::collections::HashSet<_> = outcome.hashes.iter().collect();
    assert_eq!(hashes.len(), ids.len());
    Ok(())
}

#[test]
fn blank_ids_and_missing_times_are_set_aside() -> Tested {
    let file =
        "u,i,t\nu1,,1650000000\n  ,i1,1650000000\nNA,i1,1650000000\nu1,i1,\nu1, i1 ,1650000000\n\"\",i1,1650000000\n";
    let outcome = csv(file, &format!("{ROLES}missing = [\"NA\"]"))?;
    assert_eq!(outcome.rows, ["u1|i1|1650000000000000"]);
    assert_eq!(
        outcome.quarantine,
        [
            "log.csv,2,i,,blank_id,no id",
            "log.csv,3,u,  ,blank_id,no id",
            "log.csv,4,u,NA,blank_id,no id",
            "log.csv,5,t,,missing_time,no time",
            "log.csv,7,u,,blank_id,no id",
        ]
    );
    assert_eq!(repairs(&outcome.counts), ["i:space_trimmed:1", "u:space_trimmed:1"]);
    Ok(())
}

#[test]
fn times_of_another_unit_of_the_past_and_of_the_future() -> Tested {
    let times = ["1650000000", "1650000000123", "0", "1659484800", "1659484799", "2022-04-15", "soon", "1650000000.5"];
    let rows: String = times.iter().map(|time| format!("u1,i1,{time}\n")).collect();
    let outcome = csv(&format!("u,i,t\n{rows}"), "user = \"u\"\nitem = \"i\"\ntime = { column = \"t\" }")?;
    assert_eq!(outcome.rows, ["u1|i1|1650000000000000", "u1|i1|1659484799000000", "u1|i1|1650000000500000"]);
    assert_eq!(
        outcome.quarantine,
        [
            "log.csv,3,t,1650000000123,mixed_time_unit,milliseconds where the other times are seconds",
            "log.csv,4,t,0,time_out_of_range,\"before 1990-01-01, schema.rules.earliest\"",
            "log.csv,5,t,1659484800,time_in_future,\"after 2022-08-02, the day after today\"",
            "log.csv,7,t,2022-04-15,mixed_time_unit,a date where the other times are numbers",
            "log.csv,8,t,soon,unparsable_time,not a number of the time's unit",
        ]
    );
    let error = refused("u,t\nu1,12345678\n", "user = \"u\"\ntime = { column = \"t\" }")?;
    assert!(error.starts_with("schema.time.unit: column `t` begins with \"12345678\": neither ISO 8601"), "{error}");
    let dates = "u,y,m,d\nu1,2008,4,1\nu1,2008,4,31\nu1,2008,x,1\nu1,2008,,1\n";
    let outcome = csv(dates, "user = \"u\"\ntime = { date = [\"y\", \"m\", \"d\"] }")?;
    assert_eq!(
        (outcome.columns, outcome.rows),
        (vec!["user".into(), "time".into()], vec!["u1|1207008000000000".into()])
    );
    assert_eq!(
        outcome.quarantine,
        [
            "log.csv,3,\"y,m,d\",2008-4-31,unparsable_time,no such day",
            "log.csv,4,\"y,m,d\",2008-x-1,unparsable_time,\"year, month or day is not a whole number\"",
            "log.csv,5,\"y,m,d\",2008--1,missing_time,no time",
        ]
    );
    Ok(())
}

#[test]
fn a_type_that_drifts_after_the_first_rows() -> Tested {
    let mut values = vec!["1"; 10_000];
    values.extend(["2", "x", "3.5", ""]);
    let outcome = cells(&values, "")?;
    let message = "not a whole number; the first 10000 rows were: declare schema.columns.\"\"x\"\".type = \"\"text\"\" to keep it";
    assert_eq!(
        outcome.quarantine,
        [
            format!("log.csv,10003,x,x,drifted_type,\"{message}\""),
            format!("log.csv,10004,x,3.5,drifted_type,\"{message}\"")
        ]
    );
    assert_eq!(outcome.rows[10_000..], ["u1|i1|1650000000000000|2", "u1|i1|1650000000000000|_"]);
    // One row earlier, and the column is one of text.
    let mut values = vec!["1"; 9_999];
    values.push("x");
    let outcome = cells(&values, "")?;
    assert!(outcome.quarantine.is_empty() && outcome.rows[0].ends_with("|1") && outcome.rows[9_999].ends_with("|x"));
    Ok(())
}

#[test]
fn domains_and_labels() -> Tested {
    let file = "e,c,r,color\nview,1,5,red\nbuy,yes,3.5,blue\nview,No,,red\nbuy,,4,\nview,2,4,green\ncart,0,x,red\nview,0.0,1,red\n";
    let text = "[[feedback]]\nname = \"buy\"\ncolumn = \"e\"\nvalues = [\"buy\"]\n\
                [[feedback]]\nname = \"click\"\ncolumn = \"c\"\n\
                [[feedback]]\nname = \"like\"\ncolumn = \"r\"\nat_least = 4\n\
                [[feedback]]\nname = \"rating\"\ncolumn = \"r\"\nkind = \"number\"\n\
                [columns.color]\nvalues = [\"red\", \"blue\"]\n";
    let outcome = csv(file, text)?;
    assert_eq!(outcome.columns, ["buy", "click", "like", "rating", "color"]);
    assert_eq!(outcome.rows, ["0|1|1|5.0|red", "1|1|0|3.5|blue", "0|0|_|_|red", "1|_|1|4.0|_", "0|0|0|1.0|red"]);
    assert_eq!(
        outcome.quarantine,
        ["log.csv,6,c,2,bad_label,neither yes nor no", "log.csv,7,r,x,bad_label,not a number",]
    );
    assert_eq!(repairs(&outcome.counts), ["c:label_missing:1", "r:label_missing:2"]);
    let outcome =
        csv("color,x\ngreen,1\nred,1\n", "[columns.color]\nvalues = [\"red\"]\n[columns.x]\nrequired = true")?;
    assert_eq!(outcome.quarantine, ["log.csv,2,color,green,not_in_domain,not one of the declared values"]);
    Ok(())
}

#[test]
fn a_purchase_without_its_click_is_impossible() -> Tested {
    let text = "[[feedback]]\nname = \"click\"\ncolumn = \"c\"\n[[feedback]]\nname = \"buy\"\ncolumn = \"b\"\nrequires = \"click\"\n";
    let outcome = csv("c,b\n1,1\n0,0\n0,1\n,1\n", text)?;
    assert_eq!(outcome.rows, ["1|1", "0|0", "_|1"]);
    assert_eq!(outcome.quarantine, ["log.csv,4,b,1,impossible_combination,buy without click"]);
    Ok(())
}

#[test]
fn the_first_faulty_column_decides_and_each_row_counts_once() -> Tested {
    let outcome = csv(
        "u,i,t,x\n,,soon,a\nu1,,soon,a\nu1,i1,soon,a\nu1,i1,1650000000,a\nu1,i1,1650000000,1\n",
        &format!("{ROLES}[columns.x]\ntype = \"integer\""),
    )?;
    let found: Vec<&str> = outcome.quarantine.iter().filter_map(|line| line.split(',').nth(2)).collect();
    assert_eq!(found, ["u", "i", "t", "x"]);
    assert_eq!(
        outcome.counts.quarantined.iter().map(|(rule, rows)| (&**rule, *rows)).collect::<Vec<_>>(),
        [("blank_id", 2), ("unparsable_number", 1), ("unparsable_time", 1)]
    );
    Ok(())
}

#[test]
fn nothing_depends_on_the_number_of_threads() -> Tested {
    use std::fmt::Write as _;
    let mut file = String::from("u,i,t,x,age\n");
    for row in 0..60_000_u64 {
        let bad = if row % 97 == 0 { "x" } else { "" };
        writeln!(
            file,
            "u{},item-{},{},{bad}{},{}",
            row % 500,
            row * 7919 % 3000,
            1_650_000_000 + row,
            row % 13,
            row % 80
        )?;
    }
    let text = format!(
        "{ROLES}[columns.x]\ntype = \"integer\"\n[columns.age]\ntype = \"number\"\nprivacy = {{ noise = 3.0 }}\n\
                        [privacy]\nkey_variable = \"KEY\""
    );
    let with = |threads: usize| -> Result<_, Box<dyn std::error::Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let outcome = pool.install(|| csv(&file, &text).map_err(|error| error.to_string()))?;
        Ok((outcome.rows, outcome.lines, outcome.hashes, outcome.quarantine, outcome.counts))
    };
    let one = with(1)?;
    assert_eq!((one.4.rows_read, one.4.rows_kept), (60_000, 60_000 - 619));
    assert!(one == with(4)?);
    Ok(())
}

#[test]
fn side_tables_are_typed_by_themselves() -> Tested {
    let log = b"u,i,t\nu1,i1,1650000000\n";
    let items =
        b"time,id,property,value\n1,i1,category,c7\n1,i1,price,9\n1,,category,c8\n2,i1,category,c9\n1, i2,category,\n";
    let users = b"id;age;name\nu1;34;Ann\nu2;x;Bob\n";
    let text = format!(
        "files = [\"log.csv\"]\n{ROLES}[[tables]]\nname = \"items\"\nfiles = [\"items.csv\"]\nkey = \"id\"\non = \"item\"\n\
         where = {{ property = \"category\" }}\ncolumns = {{ value = {{ rename = \"category\" }} }}\n\
         [[tables]]\nname = \"users\"\nfiles = [\"users.csv\"]\nkey = \"id\"\non = \"user\"\n[tables.columns.age]\ntype = \"integer\"\n\
         [tables.columns.name]\nprivacy = \"drop\"\n"
    );
    let outcome = run(&[("log.csv", log), ("items.csv", items), ("users.csv", users)], &text)?;
    assert_eq!(outcome.ingested, ["i1|c7", "i1|c9", "i2|_", "u1|34"]);
    assert_eq!(
        outcome.quarantine,
        ["items.csv,4,id,,blank_id,no id", "users.csv,3,age,x,unparsable_number,not a whole number"]
    );
    assert_eq!((outcome.counts.rows_read, outcome.counts.rows_quarantined()), (1, 0));
    let error = run(&[("log.csv", log), ("items.csv", items)], &text.replace("on = \"item\"", "on = \"thing\""));
    let error = error.map(|outcome| outcome.rows).map_err(|error| error.to_string());
    assert_eq!(error, Err("schema.tables[0].on: thing: name a typed column of the log, such as `item`".to_owned()));
    Ok(())
}

#[test]
fn parquet_keeps_its_types_and_breaks_the_same_rules() -> Tested {
    let vector = |rows: Vec<Option<Vec<Option<f32>>>>| {
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows)) as ArrayRef
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("u", Arc::new(Int64Array::from(vec![Some(7), Some(8), None, Some(9), Some(10)]))),
        ("i", Arc::new(StringArray::from(vec!["a", " b", "c", "d", "e"]))),
        ("t", Arc::new(TimestampMillisecondArray::from(vec![1_650_000_000_000; 5]))),
        ("big", Arc::new(UInt64Array::from(vec![1, u64::MAX, 1, 1, 1]))),
        ("float", Arc::new(Float64Array::from(vec![Some(0.5), Some(1.0), None, Some(f64::NAN), None]))),
        ("whole", Arc::new(Float64Array::from(vec![3.0, 3.0, 3.0, 3.0, 4.0]))),
        ("yes", Arc::new(BooleanArray::from(vec![true, false, true, true, false]))),
        ("embedding", vector(vec![Some(vec![Some(0.5), Some(1.0)]), None, None, None, Some(vec![Some(1.0)])])),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    let text = "files = [\"log.parquet\"]\nuser = \"u\"\nitem = \"i\"\ntime = { column = \"t\" }\n\
                [columns.whole]\ntype = \"integer\"\n[[feedback]]\nname = \"click\"\ncolumn = \"yes\"";
    let outcome = run(&[("log.parquet", &bytes)], text)?;
    assert_eq!(outcome.columns, ["user", "item", "time", "click", "big", "float", "whole", "embedding"]);
    assert_eq!(outcome.rows, ["7|a|1650000000000000|1|1|0.5|3|[0.5, 1.0]"]);
    assert_eq!(
        outcome.quarantine,
        [
            "log.parquet,2,big,18446744073709551615,number_overflow,beyond 64 bits with sign",
            "log.parquet,3,u,,blank_id,no id",
            "log.parquet,4,float,NaN,not_finite,not a finite number",
            "log.parquet,5,embedding,[1.0],bad_vector,1 numbers where the first rows have 2",
        ]
    );
    Ok(())
}

#[test]
fn vectors_of_json() -> Tested {
    let lines =
        b"{\"i\":\"a\",\"v\":[0.5,-1]}\n{\"i\":\"b\",\"v\":[1,2,3]}\n{\"i\":\"c\"}\n{\"i\":\"d\",\"v\":[2,1e-3]}\n";
    let outcome = run(&[("log.jsonl", lines)], "files = [\"log.jsonl\"]\nitem = \"i\"")?;
    assert_eq!(outcome.rows, ["a|[0.5, -1.0]", "c|_", "d|[2.0, 0.001]"]);
    assert_eq!(outcome.quarantine, ["log.jsonl,2,v,\"[1,2,3]\",bad_vector,3 numbers where the first rows have 2"]);
    Ok(())
}

#[test]
fn equal_rows_have_equal_hashes_across_files_and_ways_to_write() -> Tested {
    let outcome = run(
        &[("a.csv", b"u,x\nu1,0.50\nu1,0.5\nu1,-0.0\n"), ("b.csv", b"x,u\n5e-1, u1\n0.0,u1\n,u1\n")],
        "files = [\"*.csv\"]\nuser = \"u\"\n[columns.x]\ntype = \"number\"",
    )?;
    let [a, b, c, d, e, f] = &outcome.hashes[..] else { return Err("six rows".into()) };
    assert!(a == b && a == d && c == e && a != c && f != c && f != a);
    Ok(())
}

#[test]
fn more_than_the_share_stops_with_the_quarantine_in_place() -> Tested {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("log.csv"), "x,y\n1,a\nz,b\n3,c\n4,d\n")?;
    let mut schema = schema("files = [\"log.csv\"]\n[columns.x]\ntype = \"integer\"")?;
    schema.resolve_from(folder.path());
    let path = folder.path().join("quarantine.csv");
    ingest(&schema, &options(), folder.path())?.check_share(0.25)?;
    assert!(!path.exists());
    let error =
        ingest(&schema, &options(), folder.path())?.check_share(0.2).map(drop).map_err(|error| error.to_string());
    let message = format!(
        "1 of 4 rows break a rule, more than the share of 0.2 that schema.rules.max_quarantined_share allows: \
         unparsable_number 1 ({}/log.csv, line 3, column `x`: not a whole number); see {}",
        folder.path().display(),
        path.display()
    );
    assert_eq!(error, Err(message));
    assert_eq!(std::fs::read_to_string(&path)?.lines().count(), 2);
    Ok(())
}

#[test]
fn a_log_without_a_row_is_said() -> Tested {
    let error = refused("u,x\n", "user = \"u\"")?;
    assert!(error.starts_with("schema.files (") && error.contains(".csv): no row is left of 0 read; "), "{error}");
    assert!(error.ends_with("the files hold a header at most"), "{error}");
    let error = refused("u,x\n,1\n", "user = \"u\"")?;
    assert!(error.contains("): no row is left of 1 read; every row breaks a rule: blank_id 1 ("), "{error}");
    assert!(error.contains("line 2") && error.ends_with("quarantine.csv"), "{error}");
    Ok(())
}

#[test]
fn names_that_collide_are_refused() -> Tested {
    assert_eq!(
        refused("id,user\n1,2\n", "user = \"id\"")?,
        "schema.columns.user: column `user` would be called `user`, as schema.user (`id`) is: \
         give it another name with schema.columns.\"user\".rename, or leave it out"
    );
    assert_eq!(
        refused("u,_row\n1,2\n", "user = \"u\"")?,
        "schema.columns.\"_row\": a typed column would be called \"_row\": \
         give it another name with `rename`, or leave it out with `privacy = \"drop\"`"
    );
    let outcome = csv(
        "id,user,_row\n1,2,3\n",
        "user = \"id\"\n[columns.user]\nrename = \"other\"\n[columns._row]\nprivacy = \"drop\"",
    )?;
    assert_eq!((outcome.columns, outcome.rows), (vec!["user".into(), "other".into()], vec!["1|2".into()]));
    Ok(())
}

#[test]
fn batches_can_be_visited_without_a_file() -> Tested {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("log.csv"), "u,x\nu1,1\n,2\nu3,3\n")?;
    let mut schema = schema("files = [\"log.csv\"]\nuser = \"u\"")?;
    schema.resolve_from(folder.path());
    let mut rows = 0;
    let (typed, counts) = for_each_batch(&schema, &options(), |batch| {
        rows += batch.num_rows();
        Ok::<(), Box<dyn std::error::Error>>(())
    })?;
    assert_eq!((rows, counts.rows_read, counts.rows_kept, typed.columns.len()), (2, 3, 2, 2));
    // The visitor's own error comes back as it is.
    let stopped = for_each_batch(&schema, &options(), |_| Err(Box::<dyn std::error::Error>::from("enough")));
    assert_eq!(stopped.map(drop).map_err(|error| error.to_string()), Err("enough".to_owned()));
    Ok(())
}
