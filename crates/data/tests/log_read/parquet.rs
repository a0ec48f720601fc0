//! Parquet: typed columns, groups, lists, and files that are cut, damaged or none.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::properties::WriterProperties;
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type};

use super::*;

/// Rows of users 0, 1, 2, …, in groups of 1000; the group `who` is null in every third row.
pub(super) fn file(rows: i64) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let user: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let item: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("item{}", row % 7))));
    let price: ArrayRef =
        Arc::new((0..rows).map(|row| (row % 2 == 0).then_some(row as f64 / 3.0)).collect::<Float64Array>());
    let age: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|row| row + 20)));
    let there = NullBuffer::from_iter((0..rows).map(|row| row % 3 != 0));
    let who = StructArray::new(vec![Field::new("age", DataType::Int64, true)].into(), vec![age], Some(there));
    let lists = (0..rows).map(|row| Some(vec![Some(row as f64), Some(0.5)]));
    let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(lists);
    let batch = RecordBatch::try_from_iter([
        ("user", user),
        ("item", item),
        ("price", price),
        ("who", Arc::new(who) as ArrayRef),
        ("embedding", Arc::new(lists) as ArrayRef),
    ])?;
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(1000)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

#[test]
fn columns_keep_their_types_and_rows_their_numbers() -> Tested {
    let bytes = file(2500)?;
    let read = Reading::default().bytes("a.parquet", &bytes)?;
    assert_eq!(read.columns, ["user", "item", "price", "who.age", "embedding"]);
    assert_eq!((read.rows.len(), read.counted, read.rejected.len()), (2500, 2500, 0));
    assert_eq!(read.lines, (1..=2500).collect::<Vec<u64>>());
    assert_eq!(read.shown()[..2], ["0|item0|0.0|-|[0.0, 0.5]", "1|item1|-|21|[1.0, 0.5]"]);
    assert_eq!(read.rows[2400][0].as_deref(), Some("2400"));

    let some = Reading { wanted: Some(vec!["who.age", "user"]), ..Reading::default() };
    assert_eq!(some.bytes("named.csv", &bytes)?.shown()[1], "21|1", "known by its content");
    assert_eq!(
        Reading { wanted: Some(vec!["usr"]), ..Reading::default() }.refusal("a.parquet", &bytes),
        "a.parquet: no column `usr` for schema.test (there are: user, item, price, who.age, embedding), \
         did you mean `user`?; mend the name"
    );
    Ok(())
}

#[test]
fn files_that_are_cut_or_no_parquet_are_refused() -> Tested {
    let whole = file(2500)?;
    let refusal = |bytes: &[u8]| Reading::default().refusal("a.parquet", bytes);
    assert_eq!(
        refusal(&whole[..whole.len() / 2]),
        "a.parquet: damaged Parquet: it begins as Parquet does and does not end so: the file is cut or was never finished; \
         fetch or write the file again"
    );
    for fake in [&b"PAR1"[..], b"PAR1PAR1", b"PAR1\0\0\0\0PAR1", b"PAR1\xff\xff\xff\x7fPAR1"] {
        let told = refusal(fake);
        assert!(told.starts_with("a.parquet: damaged Parquet: ") && told.lines().count() == 1, "{told}");
    }
    for text in [&b"user,item\nu1,A\n"[..], b""] {
        assert_eq!(
            refusal(text),
            "a.parquet: does not begin as Parquet does; declare schema.format, or name it after what it is"
        );
    }
    assert_eq!(
        Reading::default().refusal("a.csv", &gzip(&whole)?),
        "a.csv: is a Parquet file, packed once more; unpack or write it as CSV, JSON lines or Parquet"
    );
    let declared = Reading { format: Some(FileFormat::Csv), ..Reading::default() };
    assert!(declared.refusal("a.csv", &whole).starts_with("a.csv: is a Parquet file; "));
    Ok(())
}

#[test]
fn a_damaged_page_names_the_row_group() -> Tested {
    let mut bytes = file(2500)?;
    // The second third of the pages, without the footer.
    let (from, to) = (bytes.len() * 3 / 10, bytes.len() / 2);
    bytes[from..to].fill(0xff);
    let told = Reading::default().refusal("a.parquet", &bytes);
    assert!(told.starts_with("a.parquet: damaged Parquet: row group ") && told.lines().count() == 1, "{told}");
    Ok(())
}
