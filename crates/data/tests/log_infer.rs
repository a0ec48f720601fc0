//! A mapping proposed by looking: what is found, that it reads the log it came from, and that it survives as TOML.
#![cfg(feature = "engine")]

mod log;

use std::error::Error;
use std::fmt::Write as _;

use slatewise_data::log::Schema;
use slatewise_data::log::infer::{Proposal, infer};
use slatewise_data::log::ingest::for_each_batch;
use slatewise_data::log::schema::{ColumnPrivacy, ColumnType, TimeSpec, TimeUnit};

use log::{Tested, options};

/// Infers from one file; the proposal must read it whole and come back from its TOML.
fn look(name: &str, content: &[u8]) -> Result<Proposal, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    std::fs::write(&path, content)?;
    let proposal = infer(&[path])?;
    let mut config: toml::Table = toml::from_str(&proposal.to_toml())?;
    let back: Schema = config.remove("schema").ok_or("no [schema]")?.try_into()?;
    assert_eq!(back, proposal.schema);
    let (_, counts) = for_each_batch(&proposal.schema, &options(), |_| Ok::<(), Box<dyn Error>>(()))?;
    assert!(counts.adds_up() && counts.rows_quarantined() == 0, "{counts:?}");
    Ok(proposal)
}

fn labels(proposal: &Proposal) -> Vec<(&str, &str, &[String])> {
    proposal.schema.feedback.iter().map(|own| (&*own.name, &*own.column, &own.values[..])).collect()
}

fn kind(proposal: &Proposal, column: &str) -> Option<ColumnType> {
    proposal.schema.columns.get(column)?.kind
}

#[test]
fn a_bank_of_calls() -> Tested {
    let file = b"\"age\";\"job\";\"default\";\"duration\";\"pdays\";\"euribor3m\";\"y\"\n\
                 56;\"housemaid\";\"no\";261;999;4.857;\"no\"\n57;\"services\";\"unknown\";149;999;4.857;\"no\"\n\
                 37;\"services\";\"yes\";226;3;1.3;\"yes\"\n";
    let proposal = look("bank.csv", file)?;
    assert_eq!(labels(&proposal), [("y", "y", &[][..])]);
    assert_eq!(kind(&proposal, "default"), Some(ColumnType::Text));
    assert_eq!(
        (kind(&proposal, "age"), kind(&proposal, "euribor3m")),
        (Some(ColumnType::Integer), Some(ColumnType::Number))
    );
    assert!(
        proposal.notes.iter().any(|note| note.starts_with("columns.\"duration\": is it known before the outcome?"))
    );
    Ok(())
}

#[test]
fn a_table_without_a_header() -> Tested {
    let file = b"39, State-gov, 77516, Male, <=50K\n50, ?, 83311, Female, <=50K\n38, Private, 215646, Male, >50K\n";
    let proposal = look("adult.data", file)?;
    assert_eq!(proposal.schema.csv.header.len(), 5);
    assert_eq!(proposal.schema.missing, ["?"]);
    assert_eq!(labels(&proposal), [("column_5", "column_5", &[">50K".to_owned()][..])]);
    let numbers = look("numbers.csv", b"1,2,0\n3,4,1\n5,6,0\n")?;
    assert_eq!(numbers.schema.csv.header, ["column_1", "column_2", "column_3"]);
    Ok(())
}

#[test]
fn labels_with_long_names_and_row_numbers() -> Tested {
    let mut file = String::from("ID,LIMIT_BAL,default.payment.next.month\n");
    for row in 1..=40 {
        writeln!(file, "{row},{},{}", row * 10_000 % 70_000, u8::from(row % 5 == 0))?;
    }
    let proposal = look("credit.csv", file.as_bytes())?;
    assert_eq!(labels(&proposal), [("default_payment_next_month", "default.payment.next.month", &[][..])]);
    assert_eq!(proposal.schema.columns["ID"].privacy, Some(ColumnPrivacy::Drop));
    Ok(())
}

#[test]
fn sessions_of_events_in_json() -> Tested {
    let file = b"{\"session\":0,\"events\":[{\"aid\":1517085,\"ts\":1651304800025,\"type\":\"clicks\"},\
                 {\"aid\":1563459,\"ts\":1651304904511,\"type\":\"carts\"}]}\n\
                 {\"session\":1,\"events\":[{\"aid\":5,\"ts\":1651304904511,\"type\":\"orders\"}]}\n";
    let proposal = look("otto.jsonl", file)?;
    let schema = &proposal.schema;
    assert_eq!((schema.explode.as_deref(), schema.session.as_deref()), (Some("events"), Some("session")));
    assert_eq!(schema.item.as_deref(), Some("events.aid"));
    let unit = Some(TimeUnit::Milliseconds);
    assert_eq!(schema.time, Some(TimeSpec { column: Some("events.ts".into()), date: None, unit, format: None }));
    assert_eq!(
        labels(&proposal),
        [
            ("cart", "events.type", &["carts".to_owned()][..]),
            ("click", "events.type", &["clicks".to_owned()][..]),
            ("order", "events.type", &["orders".to_owned()][..]),
        ]
    );
    Ok(())
}

#[test]
fn roles_by_name_and_content() -> Tested {
    let file = b"userId,Product ID,event_time,rank,pscore,price,isClick,rating,country\n\
                 u1,A,31.07.2022,1,0.5,9.99,1,5,DE\nu2,B,30.07.2022,2,0.25,10,0,3,FR\n";
    let proposal = look("log.csv", file)?;
    let schema = &proposal.schema;
    assert_eq!((schema.user.as_deref(), schema.item.as_deref()), (Some("userId"), Some("Product ID")));
    assert_eq!((schema.position.as_deref(), schema.propensity.as_deref()), (Some("rank"), Some("pscore")));
    assert_eq!(schema.price.as_deref(), Some("price"));
    assert_eq!(schema.time.as_ref().and_then(|time| time.format.as_deref()), Some("%d.%m.%Y"));
    let names: Vec<&str> = labels(&proposal).into_iter().map(|(name, _, _)| name).collect();
    assert_eq!(names, ["click", "rating", "like"]);
    // A rank that is a text, and a probability above 1, are neither.
    let wrong = look("log.csv", b"rank,pscore\nfirst,2.5\nsecond,0.5\n")?;
    assert_eq!((wrong.schema.position, wrong.schema.propensity), (None, None));
    Ok(())
}

#[test]
fn texts_that_stand_for_no_value() -> Tested {
    let proposal = look("log.csv", b"a,b,c\n1,x,NA\nunknown,unknown,2\n3,y,null\n")?;
    assert_eq!(proposal.schema.missing, ["NA", "null"]);
    assert_eq!(proposal.schema.columns["a"].missing, ["unknown"]);
    assert!(proposal.schema.columns["b"].missing.is_empty());
    Ok(())
}

#[test]
fn names_that_would_end_a_comment_or_a_string() -> Tested {
    let proposal = look("log.csv", "duration,\"a\"\"]\\\",_x\n1,2,3\n4,5,6\n7,8,9\n".as_bytes())?;
    assert_eq!(proposal.schema.columns["_x"].rename.as_deref(), Some("x"));
    assert!(proposal.schema.columns.contains_key("a\"]\\"));
    Ok(())
}
