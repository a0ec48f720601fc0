//! Flat tables against numbers computed by hand, and their promises: train rows only, no leak, one code path.

use std::path::Path;

use slatewise_data::artefact::sha256_file;
use slatewise_features::tabular::{LabelKind, TablePart};
use slatewise_features::{Batch, FeatureBatch, Part, RowFile, RowFileWriter, TableEncoder, TableSpec};
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn std::error::Error>>;
type Refusal = Result<String, Box<dyn std::error::Error>>;

const SHOP: &str = "\
user,item,before,price,age,clicked,spent,surface
u1,a,b,10,20,yes,5.5,home
u1,b,a,30,,no,,search
u2,a,a,10,40,no,0,home
u3,c,b,30,60,yes,2.25,home
";

const SPEC: &str = r#"
    train = "train.csv"
    categorical = [
        { column = "item", width = 4, min_count = 2 },
        { column = "before", width = 4, min_count = 2, table = "item" },
    ]
    numeric = [{ column = "price" }, { column = "age", transform = "none" }]
    [[tasks]]
    name = "click"
    label = { column = "clicked", positive = "yes" }
    loss_weight = 0.5
    [[tasks]]
    name = "spent"
    label = { column = "spent", kind = "number" }
    mask = { column = "surface", equals = "home" }
"#;

/// A spec over a train file of this text.
fn shop(folder: &TempDir, text: &str, spec: &str) -> Result<TableSpec, Box<dyn std::error::Error>> {
    std::fs::write(folder.path().join("train.csv"), text)?;
    let mut spec: TableSpec = toml::from_str(spec)?;
    spec.resolve_from(folder.path());
    Ok(spec)
}

#[test]
fn a_table_is_encoded_as_computed_by_hand() -> Outcome {
    let folder = TempDir::new()?;
    let spec = shop(&folder, SHOP, SPEC)?;
    let encoder = TableEncoder::fit(&spec)?;
    let batch = encoder.encode(&spec.part(Part::Train)?)?;
    // `item` and `before` share a table: a 4 times, b 3 times, and c, once, is row 0.
    assert_eq!(batch.features.ids, [1, 2, 2, 1, 1, 1, 0, 2]);
    // Prices: mean 20, deviation 10. Ages as they are, missing in the second row.
    assert_eq!(batch.features.dense, [-1., 20., 0., 1., 0., 1., -1., 40., 0., 1., 60., 0.]);
    assert_eq!(batch.labels.value, [1.0, 5.5, 0.0, 0.0, 0.0, 0.0, 1.0, 2.25]);
    assert_eq!(batch.labels.weight, [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0]);

    let layout = encoder.layout();
    assert_eq!(layout.dense, ["price", "age", "age_missing"]);
    assert_eq!((layout.tables.len(), layout.tables[0].rows, layout.tables[0].width), (1, 3, 4));
    assert_eq!(
        layout.fields.iter().map(|f| (f.name.as_str(), f.table)).collect::<Vec<_>>(),
        [("item", 0), ("before", 0)]
    );
    assert_eq!(layout.input_width(), 11);
    assert_eq!((encoder.task_names(), encoder.train_rows()), (vec!["click".to_owned(), "spent".to_owned()], 4));
    let tasks: Vec<_> = encoder.tasks().iter().map(|task| (task.label.kind(), task.loss_weight)).collect();
    assert_eq!(tasks, [(LabelKind::Binary, 0.5), (LabelKind::Number, 1.0)]);
    let told: Vec<String> = encoder.summary().into_iter().map(|line| line.detail).collect();
    assert_eq!(told[0], "table item: 3 rows × 4");
    assert_eq!(told[2..], ["mean 20.000, deviation 10.000", "as it is; missing in some rows"]);
    Ok(())
}

#[test]
fn hashed_columns_are_a_field_per_hash_and_know_unseen_values() -> Outcome {
    let folder = TempDir::new()?;
    let spec =
        SPEC.replace("item\", width = 4, min_count = 2 }", "user\", width = 2, buckets = 9, number_of_hashes = 2 }");
    let spec = shop(&folder, SHOP, &spec)?;
    let encoder = TableEncoder::fit(&spec)?;
    let layout = encoder.layout();
    assert_eq!(layout.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["user#1", "user#2", "before"]);
    assert_eq!((layout.tables[0].rows, layout.fields[1].table, layout.input_width()), (10, 0, 2 + 2 + 4 + 3));
    let ids = encoder.encode(&spec.part(Part::Train)?)?.features.ids;
    assert_eq!(ids[..2], ids[3..5], "u1 twice");
    let mut live = FeatureBatch::default();
    encoder.encode_row(|column| (column == "user").then_some("u1"), &mut live)?;
    assert_eq!(live.ids, [ids[0], ids[1], 0]);
    encoder.encode_row(|column| (column == "user").then_some("never seen"), &mut live)?;
    assert!(live.ids[3..5].iter().all(|row| (1..10).contains(row)), "{:?}", live.ids);
    encoder.encode_row(|_| None, &mut live)?;
    assert_eq!(live.ids[6..], [0, 0, 0], "absent is row 0");
    Ok(())
}

/// The shipped declaration.
fn adult() -> Result<TableSpec, Box<dyn std::error::Error>> {
    #[derive(serde::Deserialize)]
    struct Config {
        table: TableSpec,
    }
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let Config { mut table } = toml::from_str(&std::fs::read_to_string(configs.join("adult.toml"))?)?;
    table.resolve_from(&configs);
    Ok(table)
}

fn positives(batch: &Batch, task: usize) -> usize {
    batch.labels.value.iter().skip(task).step_by(2).filter(|&&value| value == 1.0).count()
}

#[test]
fn the_census_has_the_rows_and_labels_that_its_readme_tells() -> Outcome {
    let spec = adult()?;
    for (path, sha256) in [
        (Some(&spec.train), "2ad6f26656334d896732307d90ef712de06e515f2ab98e3c6316fffd36cbdc15"),
        (spec.test.as_ref(), "48a5fe4fd6c6881baa3586f5ad719443d9016b6887c5b826d79dfbf0e85d4fde"),
    ] {
        assert_eq!(sha256_file(path.ok_or("no test file")?)?, sha256);
    }
    let encoder = TableEncoder::fit(&spec)?;
    let part = |part| -> Result<Batch, Box<dyn std::error::Error>> { Ok(encoder.encode(&spec.part(part)?)?) };
    let (train, validation, test) = (part(Part::Train)?, part(Part::Validation)?, part(Part::Test)?);
    // A tenth is 3,256, with a standard deviation of 54.
    assert!(validation.features.rows.abs_diff(3256) < 200, "{}", validation.features.rows);
    assert_eq!(train.features.rows + validation.features.rows, 32_561);
    assert_eq!(encoder.train_rows() as usize, train.features.rows);
    let both = |task| positives(&train, task) + positives(&validation, task);
    assert_eq!((both(0), both(1)), (7841, 10_683));
    assert_eq!((test.features.rows, positives(&test, 0), positives(&test, 1)), (16_281, 3846, 5434));
    assert!(test.labels.weight.iter().all(|&weight| weight == 1.0));
    assert!(test.features.dense.iter().all(|x| x.is_finite()));
    let layout = encoder.layout();
    // Six columns of words, and each of the five of numbers by its value too.
    assert_eq!((layout.fields.len(), layout.dense.len()), (11, 5));
    // Holand-Netherlands is too rare for a row: 41 countries and `?` are 42, less 1, plus row 0.
    assert_eq!(layout.tables[5].rows, 42);
    // The fitted scale: the train rows have mean 0 and deviation 1 in each column.
    for column in 0..5 {
        let values: Vec<f64> = train.features.dense.iter().skip(column).step_by(5).map(|&x| f64::from(x)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        assert!(mean.abs() < 2e-3 && (deviation - 1.0).abs() < 2e-3, "{}: {mean} {deviation}", layout.dense[column]);
    }
    Ok(())
}

#[test]
fn live_rows_and_an_encoder_read_back_give_the_bits_of_the_file() -> Outcome {
    let spec = adult()?;
    let encoder: TableEncoder = serde_json::from_str(&serde_json::to_string(&TableEncoder::fit(&spec)?)?)?;
    let fitted = TableEncoder::fit(&spec)?;
    assert_eq!(encoder, fitted);
    assert_eq!(encoder.row_schema()?, fitted.row_schema()?);
    let part = spec.part(Part::Test)?;
    let file = fitted.encode(&part)?;
    // Another program's reader of CSV.
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(std::fs::File::open(part.path())?), &mut text)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut live = FeatureBatch::default();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |column: &str| header.iter().position(|name| *name == column).map(|place| cells[place]);
        encoder.encode_row(cell, &mut live)?;
    }
    assert_eq!(live, file.features);
    Ok(())
}

#[test]
fn fitting_does_not_look_at_rows_held_out() -> Outcome {
    let folder = TempDir::new()?;
    let row = |i: usize| format!("v{},{},{}\n", i % 7, (i * i) % 101, if i.is_multiple_of(3) { "yes" } else { "no" });
    let text = |row: &dyn Fn(usize) -> String| "c,x,y\n".to_owned() + &(0..400).map(row).collect::<String>();
    for transform in ["standard", "log_standard", "quantile", "none"] {
        let spec = format!(
            "train = \"train.csv\"\nvalidation = {{ share = 0.3, seed = 5 }}\n\
             categorical = [{{ column = \"c\", width = 1, min_count = 2 }}]\n\
             numeric = [{{ column = \"x\", transform = \"{transform}\" }}]\n\
             tasks = [{{ name = \"y\", label = {{ column = \"y\", positive = \"yes\" }} }}]"
        );
        let spec = shop(&folder, &text(&row), &spec)?;
        let before = TableEncoder::fit(&spec)?;
        let held_out = spec.part(Part::Validation)?;
        let changed = |i: usize| if held_out.holds(i) { "new,,no\n".to_owned() } else { row(i) };
        std::fs::write(&spec.train, text(&changed))?;
        assert_eq!(before, TableEncoder::fit(&spec)?, "{transform}");
        let (train, validation) = (before.encode(&spec.part(Part::Train)?)?, before.encode(&held_out)?);
        assert_eq!(train.features.rows + validation.features.rows, 400);
        assert!(validation.features.ids.iter().all(|&id| id == 0));
        assert!(train.features.ids.iter().all(|&id| id > 0));
        // And it does look at the others.
        let changed =
            |i: usize| if i == 0 && !held_out.holds(0) || i == 1 { "v0,7000,yes\n".to_owned() } else { row(i) };
        std::fs::write(&spec.train, text(&changed))?;
        assert!(transform == "none" || before != TableEncoder::fit(&spec)?, "{transform}");
    }
    Ok(())
}

#[test]
fn rows_go_to_disk_and_come_back_as_they_were() -> Outcome {
    let (spec, folder) = (adult()?, TempDir::new()?);
    let encoder = TableEncoder::fit(&spec)?;
    let path = folder.path().join("test.rows");
    let mut writer = RowFileWriter::create(&path, encoder.row_schema()?)?;
    let mut largest = 0;
    encoder.for_each_batch(&spec.part(Part::Test)?, |batch| {
        largest = largest.max(batch.features.rows);
        writer.append(batch)
    })?;
    writer.finish()?;
    assert!(largest < 16_281, "in pieces");
    let file = RowFile::open(&path)?;
    file.check_schema(&encoder.row_schema()?)?;
    let back = file.in_order(usize::MAX)?.next().ok_or("no batch")??;
    assert_eq!(back, encoder.encode(&spec.part(Part::Test)?)?);

    // Another transform keeps the layout, and still the rows are those of another encoder.
    let mut other = spec.clone();
    other.numeric[0].transform = Default::default();
    let other = TableEncoder::fit(&other)?;
    assert_eq!(other.layout(), encoder.layout());
    assert!(file.check_schema(&other.row_schema()?).is_err_and(|e| e.to_string().contains("fitted otherwise")));
    Ok(())
}

#[test]
fn declarations_that_do_not_hold_name_the_key_and_the_mend() -> Outcome {
    let folder = TempDir::new()?;
    let told = |from: &str, to: &str| -> Refusal {
        assert!(SPEC.contains(from), "{from}");
        let spec = shop(&folder, SHOP, &SPEC.replace(from, to))?;
        Ok(TableEncoder::fit(&spec).err().map(|error| error.to_string()).unwrap_or_default())
    };
    assert_eq!(
        told("column = \"price\"", "column = \"spent\"")?,
        "table.numeric.spent: it is the label of task `spent`, which a feature would give away; leave the feature out"
    );
    assert!(
        told("column = \"before\"", "column = \"clicked\"")?.starts_with("table.categorical.clicked: it is the label")
    );
    assert_eq!(
        told("positive = \"yes\"", "positive = \"Yes\"")?,
        "table.tasks.click.label.positive: no train row has `Yes` in column `clicked`; \
         name one of its values, such as `yes`, `no`"
    );
    assert_eq!(
        told("equals = \"home\"", "equals = \"house\"")?,
        "table.tasks.spent.mask.equals: no train row has `house` in column `surface`; \
         name one of its values, such as `home`, `search`"
    );
    assert!(
        told("positive = \"yes\"", "positive = \"yes\", kind = \"binary\"")?
            .contains("table.tasks.click.label: one of")
    );
    assert!(told(", positive = \"yes\"", "")?.contains("table.tasks.click.label: one of `positive` and `kind`"));
    assert!(told("loss_weight = 0.5", "loss_weight = -1")?.contains("table.tasks.click.loss_weight: -1 is no weight"));
    assert!(told("name = \"spent\"", "name = \"click\"")?.contains("table.tasks: `click` stands there twice; rename"));
    assert!(told("column = \"before\"", "column = \"item\"")?.contains("table.categorical: `item` stands there twice"));
    assert!(told("width = 4, min_count = 2 }", "width = 0 }")?.contains("table.categorical.item.width: an embedding"));
    assert!(
        told("width = 4, min_count = 2 }", "width = 5, min_count = 2 }")?.contains("shares table `item`; give both")
    );
    assert!(told("min_count = 2 }", "min_count = 2, buckets = 8 }")?.contains("leave out `min_count` or `buckets`"));
    assert!(told("min_count = 2 }", "buckets = 0 }")?.contains("table.categorical.item.buckets: out of range"));
    assert!(told("min_count = 2 }", "number_of_hashes = 2 }")?.contains("nothing is hashed; give `buckets` too"));
    assert!(told("min_count = 2 }", "buckets = 5, number_of_hashes = 9 }")?.contains("9 is out of range; give 1 to 8"));
    assert!(
        told("train = ", "validation = { share = 1.0, seed = 1 }\ntrain = ")?.contains("table.validation.share: 1 is")
    );
    let all_held_out = "validation = { share = 0.9999999, seed = 1 }\ntrain = ";
    assert!(told("train = ", all_held_out)?.contains("no row is left to fit on; give a smaller share"));
    assert!(told("column = \"price\"", "column = \"prices\"")?.contains("no column `prices`; nearest: `price`"));

    let spec = shop(&folder, SHOP, SPEC)?;
    let absent = |part| spec.part(part).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(absent(Part::Test).starts_with("table.test: no test file is declared"));
    assert!(absent(Part::Validation).starts_with("table.validation: no rows are held out"));
    assert!(toml::from_str::<TableSpec>(&SPEC.replace("width", "wdith")).is_err(), "unknown keys are refused");
    Ok(())
}

#[test]
fn cells_that_cannot_be_used_are_named_with_file_line_and_column() -> Outcome {
    let folder = TempDir::new()?;
    let spec = shop(&folder, SHOP, &SPEC.replace("\"none\"", "\"log_standard\""))?;
    let encoder = TableEncoder::fit(&spec)?;
    let other = folder.path().join("other.csv");
    let told = |from: &str, to: &str| -> Refusal {
        assert!(SHOP.contains(from), "{from}");
        std::fs::write(&other, SHOP.replace(from, to))?;
        let error = encoder.encode(&TablePart::whole(&other)).err();
        let told = error.map(|error| error.to_string()).unwrap_or_default();
        Ok(told.rsplit_once("other.csv, ").map_or(told.clone(), |(_, behind)| behind.to_owned()))
    };
    assert_eq!(
        told("u2,a,a,10,40", "u2,a,a,dear,40")?,
        "data row 3 (line 4), column `price`: \"dear\" is no number; write a decimal such as 0.25, or name another column"
    );
    assert_eq!(
        told("u2,a,a,10,40", "u2,a,a,10,-4")?,
        "data row 3 (line 4), column `age`: -4: it is negative, and `log_standard` takes numbers of at least 0; \
         use `standard` or `quantile`"
    );
    assert!(told("u2,a,a,10,40", "u2,a,a,inf,40")?.contains("row 3 (line 4), column `price`: inf: it is infinite"));
    assert!(
        told("yes,2.25", "yes,")?.contains("row 4 (line 5), column `spent`: the label is missing; fill it, or give")
    );
    // An empty cell of a categorical column is a value.
    assert_eq!(told("u3,c,b", "u3,,b")?, "");
    // Where the mask does not hold, the label is not looked at; an unknown value of the label's text is not positive.
    assert_eq!(told("no,,search", "maybe,inf,search")?, "");

    let binary = SPEC.replace("kind = \"number\"", "kind = \"binary\"");
    let spec = shop(&folder, &SHOP.replace("5.5", "1"), &binary)?;
    let told = TableEncoder::fit(&spec)?.encode(&spec.part(Part::Train)?).err().map(|e| e.to_string());
    assert!(told.is_some_and(|told| told.contains("line 5), column `spent`: 2.25: a binary label is 0 or 1; mend")));

    let mut live = FeatureBatch::default();
    let error = encoder.encode_row(|column| Some(if column == "age" { "old" } else { "1" }), &mut live).err();
    let told = error.map(|error| error.to_string());
    assert_eq!(
        told.as_deref(),
        Some("live row, column `age`: \"old\": it is no number; give a decimal such as 0.25, or nothing")
    );
    assert_eq!(live, FeatureBatch::default(), "nothing is left of a refused row");
    Ok(())
}
