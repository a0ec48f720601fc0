//! Privacy at the door: no raw id is written, no hidden row is quoted, and no key is guessed.

use slatewise_data::log::ingest::{IngestOptions, ingest};

use crate::log::{KEY, Tested, csv, options, outcome, schema};

#[test]
fn no_raw_id_is_written_anywhere() -> Tested {
    let folder = tempfile::tempdir()?;
    let file = "u,i,s,t,mail,age,x\n\
                SECRETuser1,i1,SECRETsession1,1650000000,SECRET@mail,34,1\n\
                SECRETuser2,i1,SECRETsession1,1650000000,SECRET2@mail,35,x\n\
                SECRETuser1,i1,SECRETsession1,soon,SECRET@mail,34,1\n\
                SECRETuser3,i1,SECRETsession1,1650000000\n\
                SECRETuser1,i1,SECRETsession2,1650000001,SECRET@mail,7777,1\n\
                SECRETuser1,i2,SECRETsession2,1650000001,SECRET@mail,41,1\n";
    std::fs::write(folder.path().join("log.csv"), file)?;
    std::fs::write(folder.path().join("users.csv"), "id,name\nSECRETuser1,red\nSECRETuser1\nSECRETuser2,blue\n")?;
    let mut schema = schema(
        "files = [\"log.csv\"]\nuser = \"u\"\nitem = \"i\"\nsession = \"s\"\ntime = { column = \"t\", unit = \"seconds\" }\n\
         [columns.mail]\nprivacy = \"pseudonymise\"\n[columns.age]\ntype = \"integer\"\nmax = 120\nprivacy = { generalise = 10 }\n\
         [columns.x]\ntype = \"integer\"\n[privacy]\nkey_variable = \"KEY\"\n\
         [[tables]]\nname = \"users\"\nfiles = [\"users.csv\"]\nkey = \"id\"\non = \"user\"\n",
    )?;
    schema.resolve_from(folder.path());
    let path = folder.path().to_path_buf();
    let outcome = outcome(folder, ingest(&schema, &options(), &path)?)?;
    assert_eq!(outcome.rows.len(), 2);
    // Parquet's pages are compressed, so look at the values too.
    assert!(!outcome.rows.iter().chain(&outcome.ingested).any(|row| row.contains("SECRET")));
    // The table's key and the log's user have the same pseudonym, and equal ids equal ones.
    let cell = |row: &str, at: usize| row.split('|').nth(at).map(str::to_owned);
    assert_eq!(cell(&outcome.rows[0], 0), cell(&outcome.rows[1], 0));
    assert_eq!(cell(&outcome.rows[0], 0), cell(&outcome.ingested[0], 0));
    assert_ne!(cell(&outcome.ingested[0], 0), cell(&outcome.ingested[1], 0));
    assert_eq!((cell(&outcome.rows[0], 5).as_deref(), cell(&outcome.rows[1], 5).as_deref()), (Some("30"), Some("40")));
    assert_eq!(outcome.counts.rows_quarantined(), 4);
    for entry in std::fs::read_dir(outcome.folder.path())? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "parquet") || path.ends_with("quarantine.csv") {
            let bytes = std::fs::read(&path)?;
            for raw in [&b"SECRET"[..], b"7777"] {
                assert!(
                    !bytes.windows(raw.len()).any(|window| window == raw),
                    "{} in {}",
                    String::from_utf8_lossy(raw),
                    path.display()
                );
            }
        }
    }
    Ok(())
}

#[test]
fn not_even_a_message_quotes_a_row_that_is_hidden() -> Tested {
    let text = "user = \"u\"\nitem = \"i\"\n\
                unpack = [{ column = \"shown\", rows = { separator = \" \", part_separator = \"-\", columns = [\"i\", \"c\"] } }]\n";
    let file = "u,shown\nu1,a-1 SECRET b-0\n";
    let open = csv(file, text)?;
    assert!(open.quarantine[0].contains("SECRET"), "{:?}", open.quarantine);
    let hidden = csv(file, &format!("{text}[privacy]\nkey_variable = \"KEY\""))?;
    assert_eq!(hidden.quarantine, ["log.csv,2,,,bad_packed_value,`shown`: … has 1 parts where 2 are declared"]);
    assert_eq!((hidden.counts.rows_read, hidden.counts.rows_kept), (3, 2));
    Ok(())
}

#[test]
fn a_key_that_is_short_or_absent_stops_before_a_row_is_read() -> Tested {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("log.csv"), "u\nu1\n")?;
    let mut schema = schema("files = [\"log.csv\"]\nuser = \"u\"\n[privacy]\nkey_variable = \"LOG_KEY\"")?;
    schema.resolve_from(folder.path());
    for (key, what) in [(None, "not set"), (Some(&b"short"[..]), "5 bytes")] {
        let error = ingest(&schema, &IngestOptions { key, ..options() }, folder.path())
            .map(drop)
            .map_err(|error| error.to_string());
        let mend = "put a secret of at least 16 bytes into this environment variable";
        assert_eq!(error, Err(format!("schema.privacy.key_variable: LOG_KEY is {what}: {mend}")));
    }
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
    assert!(!format!("{:?}", options()).contains("secret") && KEY.len() >= 16);
    Ok(())
}
