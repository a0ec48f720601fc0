//! The Parquet reader from outside, on small files written by the `parquet` crate.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::*;
use crate::table::{Column as Whole, Table, TableReader, Wanted};

type Tested = Result<(), Box<dyn std::error::Error>>;
type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

/// A file of the given row groups.
fn file(
    schema: &str,
    compression: Compression,
    groups: &[&dyn Fn(&mut Group<'_>) -> Tested],
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let schema = Arc::new(parse_message_type(&format!("message schema {{ {schema} }}"))?);
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    for group in groups {
        let mut row_group = writer.next_row_group()?;
        group(&mut row_group)?;
        row_group.close()?;
    }
    Ok(writer.into_inner()?)
}

/// Writes the next column; `levels` says for an optional one which rows are there.
fn column<T: DataType>(group: &mut Group<'_>, values: &[T::T], levels: Option<&[i16]>) -> Tested {
    let mut column = group.next_column()?.ok_or("no further column")?;
    column.typed::<T>().write_batch(values, levels, None)?;
    Ok(column.close()?)
}

fn texts(values: &[&str]) -> Vec<ByteArray> {
    values.iter().map(|&value| ByteArray::from(value)).collect()
}

fn fixed(values: &[&[u8]]) -> Vec<FixedLenByteArray> {
    values.iter().map(|&value| FixedLenByteArray::from(value.to_vec())).collect()
}

fn read(bytes: &[u8], wanted: &[Wanted<'_>]) -> Result<Table, TableError> {
    let failed = |source| TableError::from_open(Path::new("a.parquet"), source);
    let mut stored = tempfile::tempfile().map_err(failed)?;
    stored.write_all(bytes).map_err(failed)?;
    let file = ParquetFile::open(Path::new("a.parquet"), stored)?;
    TableReader { format: super::super::Format::Parquet(Box::new(file)) }.read(wanted)
}

fn message(bytes: &[u8], wanted: &[Wanted<'_>]) -> String {
    match read(bytes, wanted) {
        Ok(table) => format!("read {} rows", table.rows()),
        Err(error) => error.to_string(),
    }
}

fn ids(table: &Table, column: usize) -> Vec<&str> {
    let ids = table.id(column);
    ids.code.iter().map(|&code| ids.names[code as usize].as_str()).collect()
}

const TYPES: &str = "
    REQUIRED BOOLEAN flag;
    REQUIRED INT32 byte (INTEGER(8, true));
    REQUIRED INT32 word (INTEGER(32, false));
    REQUIRED INT64 long;
    REQUIRED INT64 vast (INTEGER(64, false));
    REQUIRED FLOAT single;
    REQUIRED DOUBLE double;
    REQUIRED FIXED_LEN_BYTE_ARRAY (2) half (FLOAT16);
    REQUIRED INT32 cents (DECIMAL(9, 2));
    REQUIRED INT64 whole (DECIMAL(18, 0));
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) wide (DECIMAL(38, 30));
    REQUIRED BYTE_ARRAY bytes (DECIMAL(20, 1));
    REQUIRED INT32 day (DATE);
    REQUIRED INT64 time (TIMESTAMP(MICROS, true));
    REQUIRED BYTE_ARRAY text (STRING);
    REQUIRED BYTE_ARRAY raw;
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) key (UUID);
    REQUIRED INT96 old;
";

fn all_types() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    file(
        TYPES,
        Compression::SNAPPY,
        &[&|group| {
            column::<BoolType>(group, &[true, false], None)?;
            column::<Int32Type>(group, &[-128, 127], None)?;
            column::<Int32Type>(group, &[0, -1], None)?;
            column::<Int64Type>(group, &[-3, (1 << 53) + 1], None)?;
            column::<Int64Type>(group, &[0, -1], None)?;
            column::<FloatType>(group, &[0.1, f32::INFINITY], None)?;
            column::<DoubleType>(group, &[0.1, f64::NAN], None)?;
            column::<FixedLenByteArrayType>(group, &fixed(&[&[0x00, 0x3c], &[0x00, 0xc0]]), None)?;
            column::<Int32Type>(group, &[-5, 12_345], None)?;
            column::<Int64Type>(group, &[-5, 12_345], None)?;
            let wide = [10_i128.pow(29).to_be_bytes(), (-10_i128.pow(37)).to_be_bytes()];
            column::<FixedLenByteArrayType>(group, &fixed(&[&wide[0], &wide[1]]), None)?;
            column::<ByteArrayType>(group, &[ByteArray::from(vec![0xfb]), ByteArray::from(vec![0x01, 0x00])], None)?;
            column::<Int32Type>(group, &[0, 20_000], None)?;
            column::<Int64Type>(group, &[0, 1_700_000_000_000_000], None)?;
            column::<ByteArrayType>(group, &texts(&["größe", "a, \"b\"\n"]), None)?;
            column::<ByteArrayType>(group, &texts(&["x", "x"]), None)?;
            column::<FixedLenByteArrayType>(group, &fixed(&[&[0; 16], &[0xab; 16]]), None)?;
            column::<Int96Type>(group, &[Int96::new(), Int96::new()], None)
        }],
    )
}

#[test]
fn all_types_of_numbers_become_float64() -> Tested {
    let names = [
        "flag", "byte", "word", "long", "vast", "single", "double", "half", "cents", "whole", "wide", "bytes", "day",
        "time",
    ];
    let table = read(&all_types()?, &names.map(Wanted::number))?;
    let first: Vec<f64> = (0..names.len()).map(|column| table.number(column)[0]).collect();
    assert_eq!(first, [1.0, -128.0, 0.0, -3.0, 0.0, f64::from(0.1_f32), 0.1, 1.0, -0.05, -5.0, 0.1, -0.5, 0.0, 0.0]);
    let second: Vec<f64> =
        (0..names.len()).filter(|&column| column != 6).map(|column| table.number(column)[1]).collect();
    let (word, long, vast) = (f64::from(u32::MAX), (1_u64 << 53) as f64, u64::MAX as f64);
    assert_eq!(second, [0.0, 127.0, word, long, vast, f64::INFINITY, -2.0, 123.45, 12_345.0, -1e7, 25.6, 2e4, 1.7e15]);
    assert!(table.number(6)[1].is_nan());
    Ok(())
}

#[test]
fn texts_and_integers_become_ids() -> Tested {
    let names = ["text", "raw", "flag", "byte", "word", "long", "vast", "whole", "key"];
    let table = read(&all_types()?, &names.map(Wanted::id))?;
    let first: Vec<&str> = (0..names.len()).map(|column| ids(&table, column)[0]).collect();
    assert_eq!(first, ["größe", "x", "true", "-128", "0", "-3", "0", "-5", "00000000-0000-0000-0000-000000000000"]);
    let second: Vec<&str> = (0..names.len()).map(|column| ids(&table, column)[1]).collect();
    assert_eq!(second[..4], ["a, \"b\"\n", "x", "false", "127"]);
    assert_eq!(second[4..7], ["4294967295", "9007199254740993", "18446744073709551615"]);
    assert_eq!(second[7..], ["12345", "abababab-abab-abab-abab-abababababab"]);
    assert_eq!(table.id(1).names, ["x"]);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_with_its_type() -> Tested {
    let bytes = all_types()?;
    let told = |wanted| message(&bytes, &[wanted]);
    assert_eq!(
        told(Wanted::number("text")),
        "a.parquet, column `text`: BYTE_ARRAY (String) cannot be read as numbers; cast it to a number"
    );
    assert_eq!(
        told(Wanted::id("double")),
        "a.parquet, column `double`: DOUBLE cannot be read as ids; cast it to integers or strings"
    );
    for refused in ["single", "half", "cents", "wide", "bytes", "day", "time", "old"] {
        assert!(told(Wanted::id(refused)).contains(" cannot be read as ids; "), "{refused}");
    }
    for refused in ["key", "raw", "old"] {
        assert!(told(Wanted::number(refused)).contains(" cannot be read as numbers; "), "{refused}");
    }
    assert!(
        told(Wanted::number("txt")).starts_with("a.parquet: no column `txt`; nearest: `text`; header: flag, byte, ")
    );
    Ok(())
}

const OPTIONAL: &str = "OPTIONAL BYTE_ARRAY user (STRING); OPTIONAL DOUBLE score;";

#[test]
fn a_null_is_refused_by_place_and_the_rows_before_it_are_seen() -> Tested {
    let group = |users: &'static [&'static str],
                 user_levels: &'static [i16],
                 scores: &'static [f64],
                 levels: &'static [i16]| {
        move |group: &mut Group<'_>| {
            column::<ByteArrayType>(group, &texts(users), Some(user_levels))?;
            column::<DoubleType>(group, scores, Some(levels))
        }
    };
    let whole = group(&["a", "b"], &[1, 1], &[0.5, 0.25], &[1, 1]);
    let holes = group(&["a", "c"], &[1, 1, 0], &[1.0, 2.0], &[1, 0, 1]);
    let bytes = file(OPTIONAL, Compression::UNCOMPRESSED, &[&whole, &holes])?;
    let wanted = [Wanted::id("user"), Wanted::number("score")];
    assert_eq!(
        message(&bytes, &wanted),
        "a.parquet, data row 4, column `score`: the value is null; fill it, or leave the row out"
    );
    assert!(message(&bytes, &wanted[..1]).starts_with("a.parquet, data row 5, column `user`: the value is null"));
    let table = read(&bytes, &[Wanted::number_or_empty("score")])?;
    assert_eq!((&table.number(0)[..3], table.number(0)[4]), (&[0.5, 0.25, 1.0][..], 2.0));
    assert!(table.number(0)[3].is_nan());
    let table = read(&file(OPTIONAL, Compression::UNCOMPRESSED, &[&whole, &whole])?, &wanted)?;
    assert_eq!((ids(&table, 0), table.number(1)), (vec!["a", "b", "a", "b"], &[0.5, 0.25, 0.5, 0.25][..]));
    assert_eq!(table.place(3, "score"), "a.parquet, data row 4, column `score`");
    let empty = file(OPTIONAL, Compression::UNCOMPRESSED, &[&group(&["a", ""], &[1, 1], &[1.0, 1.0], &[1, 1])])?;
    assert!(message(&empty, &wanted).starts_with("a.parquet, data row 2, column `user`: the cell is empty"));
    Ok(())
}

#[test]
fn codecs_chunks_and_threads_do_not_show() -> Tested {
    let rows = 2 * ROWS + 77;
    let users: Vec<String> = (0..rows).map(|row| format!("user-{}", row * row % 9973)).collect();
    let scores: Vec<f64> = (0..rows).map(|row| row as f64 / 3.0).collect();
    let write = |group: &mut Group<'_>| {
        column::<ByteArrayType>(
            group,
            &texts(&users.iter().map(String::as_str).collect::<Vec<_>>()),
            Some(&vec![1; rows]),
        )?;
        column::<DoubleType>(group, &scores, Some(&vec![1; rows]))
    };
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        zstd,
        Compression::LZ4_RAW,
        Compression::LZ4,
    ];
    for (codec, threads) in codecs.into_iter().zip([1, 2, 3, 1, 2, 3]) {
        let bytes = file(OPTIONAL, codec, &[&write, &write])?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let table = pool.install(|| read(&bytes, &[Wanted::number("score"), Wanted::id("user")]))?;
        assert_eq!(table.rows(), 2 * rows);
        assert_eq!((&table.number(0)[..rows], &table.number(0)[rows..]), (&scores[..], &scores[..]));
        assert!(ids(&table, 1).into_iter().eq(users.iter().chain(&users)));
        assert_eq!(table.id(1).names.len(), users.iter().collect::<std::collections::HashSet<_>>().len());
        assert_eq!((&table.id(1).names[1][..], table.id(1).code[..3].to_vec()), ("user-1", vec![0, 1, 2]));
    }
    Ok(())
}

#[test]
fn a_table_without_rows_and_a_damaged_file_are_refused() -> Tested {
    let none = file(OPTIONAL, Compression::UNCOMPRESSED, &[])?;
    assert_eq!(message(&none, &[Wanted::number("score")]), "a.parquet: a header and no rows; write the rows below it");
    let whole = all_types()?;
    for length in [4, 8, whole.len() / 2, whole.len() - 1] {
        let told = message(&whole[..length], &[Wanted::number("long")]);
        assert!(told.starts_with("a.parquet: cannot read it as Parquet: ") && told.lines().count() == 1, "{told}");
    }
    Ok(())
}

#[test]
fn changed_bytes_are_an_error_or_other_values_but_never_a_panic() -> Tested {
    let whole = all_types()?;
    let wanted = ["long", "wide"].map(Wanted::number).into_iter().chain(["text", "key", "flag"].map(Wanted::id));
    let wanted: Vec<_> = wanted.collect();
    let mut state = 88_172_645_463_325_252_u64;
    let mut refused = 0;
    for _ in 0..4000 {
        let mut changed = whole.clone();
        for _ in 0..3 {
            // Marsaglia's xorshift.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = 4 + (state >> 8) as usize % (changed.len() - 8);
            changed[at] = state as u8;
        }
        refused += usize::from(read(&changed, &wanted).is_err());
    }
    assert!(refused > 1000, "{refused}");
    Ok(())
}

#[test]
fn a_list_is_named_and_refused_and_a_field_of_a_group_is_read() -> Tested {
    let schema = "OPTIONAL GROUP who { OPTIONAL INT64 id; } REPEATED INT32 tags;";
    let bytes = file(
        schema,
        Compression::UNCOMPRESSED,
        &[&|group| {
            column::<Int64Type>(group, &[7, 8], Some(&[2, 2]))?;
            let mut tags = group.next_column()?.ok_or("no further column")?;
            tags.typed::<Int32Type>().write_batch(&[1, 2], Some(&[1, 1]), Some(&[0, 0]))?;
            Ok(tags.close()?)
        }],
    )?;
    assert_eq!(ids(&read(&bytes, &[Wanted::id("who.id")])?, 0), ["7", "8"]);
    assert_eq!(
        message(&bytes, &[Wanted::number("tags")]),
        "a.parquet, column `tags`: a list or map cannot be read as numbers; write it as a column of numbers"
    );
    Ok(())
}

#[test]
fn nulls_and_empty_texts_are_empty_ids_where_they_are_wanted() -> Tested {
    let bytes = file(
        "OPTIONAL BYTE_ARRAY user (STRING); OPTIONAL INT64 item; OPTIONAL BOOLEAN seen;",
        Compression::SNAPPY,
        &[&|group| {
            column::<ByteArrayType>(group, &texts(&["a", "", "a"]), Some(&[1, 0, 1, 1]))?;
            column::<Int64Type>(group, &[7, 0], Some(&[0, 1, 0, 1]))?;
            column::<BoolType>(group, &[true, false, true], Some(&[1, 1, 1, 0]))
        }],
    )?;
    let table = read(&bytes, &["user", "item", "seen"].map(Wanted::id_or_empty))?;
    assert_eq!(ids(&table, 0), ["a", "", "", "a"]);
    assert_eq!(ids(&table, 1), ["", "7", "", "0"]);
    assert_eq!(ids(&table, 2), ["true", "false", "true", ""]);
    assert_eq!(table.id(0).names, ["a", ""]);
    assert!(
        message(&bytes, &[Wanted::id("user")]).starts_with("a.parquet, data row 2, column `user`: the value is null")
    );
    Ok(())
}

/// A file of one column of lists, as Arrow writes it.
fn lists(
    element: &str,
    values: &[f32],
    levels: &[i16],
    repeats: &[i16],
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let schema = format!("OPTIONAL GROUP v (LIST) {{ REPEATED GROUP list {{ {element} FLOAT element; }} }}");
    file(
        &schema,
        Compression::UNCOMPRESSED,
        &[&|group| {
            let mut column = group.next_column()?.ok_or("no further column")?;
            column.typed::<FloatType>().write_batch(values, Some(levels), Some(repeats))?;
            Ok(column.close()?)
        }],
    )
}

#[test]
fn lists_of_one_length_are_vectors_and_null_ones_are_missing() -> Tested {
    // [1, 2], null, [3, 4], [].
    let bytes = lists("OPTIONAL", &[1.0, 2.0, 3.0, 4.0], &[3, 3, 0, 3, 3, 1], &[0, 1, 0, 0, 1, 0])?;
    let Whole::Vector(found) = read(&bytes, &[Wanted::vector("v", 2)])?.into_columns().remove(0) else {
        return Err("no vectors".into());
    };
    assert_eq!((&found[..2], &found[4..6], found.len()), (&[1.0, 2.0][..], &[3.0, 4.0][..], 8));
    assert!([2, 3, 6, 7].iter().all(|&at: &usize| found[at].is_nan()));
    assert_eq!(
        message(&bytes, &[Wanted::vector("v", 3)]),
        "a.parquet, data row 1, column `v`: a vector of 2 numbers where 3 are declared; \
         mend the row, or declare its width"
    );
    let required = lists("REQUIRED", &[1.0, 2.0, 3.0], &[2, 2, 2], &[0, 1, 0])?;
    assert!(
        message(&required, &[Wanted::vector("v", 2)]).starts_with("a.parquet, data row 2, column `v`: a vector of 1")
    );
    let hole = lists("OPTIONAL", &[1.0], &[3, 2], &[0, 1])?;
    assert!(message(&hole, &[Wanted::vector("v", 2)]).contains("data row 1, column `v`: the value is null"));
    let flat =
        file("REQUIRED DOUBLE x;", Compression::UNCOMPRESSED, &[&|group| column::<DoubleType>(group, &[1.0], None)])?;
    assert!(message(&flat, &[Wanted::vector("x", 1)]).contains("cannot be read as vectors; write it as a list"));
    Ok(())
}

#[test]
fn lists_go_on_over_chunks_and_groups() -> Tested {
    let rows = ROWS + 5;
    let values: Vec<f32> = (0..3 * rows).map(|i| i as f32).collect();
    let repeats: Vec<i16> = (0..3 * rows).map(|i| i16::from(i % 3 != 0)).collect();
    let write = |group: &mut Group<'_>| -> Tested {
        let mut column = group.next_column()?.ok_or("no further column")?;
        column.typed::<FloatType>().write_batch(&values, Some(&vec![2; 3 * rows]), Some(&repeats))?;
        Ok(column.close()?)
    };
    let schema = "OPTIONAL GROUP v (LIST) { REPEATED GROUP list { REQUIRED FLOAT element; } }";
    let bytes = file(schema, Compression::SNAPPY, &[&write, &write])?;
    let Whole::Vector(found) = read(&bytes, &[Wanted::vector("v", 3)])?.into_columns().remove(0) else {
        return Err("no vectors".into());
    };
    assert_eq!((&found[..3 * rows], &found[3 * rows..]), (&values[..], &values[..]));
    Ok(())
}
