//! Features of flat tables: nulls, buckets, crosses, calendars, statistics of labels and vectors, from CSV, Parquet and live
//! rows, bit for bit the same.

#[path = "table/written.rs"]
mod written;

use proptest::prelude::*;
use slatewise_features::tabular::{
    CalendarColumn, CalendarPart, CategoricalColumn, CrossColumn, LabelKind, NumericColumn, NumericTransform,
    ServedStatistics, TableTask, TargetColumn, VectorColumn, VectorScale,
};
use slatewise_features::{FeatureBatch, Part, TableEncoder, TablePart, TableSpec};
use tempfile::TempDir;

use written::{Format, Row, write};

type Outcome = Result<(), Box<dyn std::error::Error>>;
/// The cells of a row, by column.
type Texts = Vec<(&'static str, String)>;

/// Every feature there is, over the columns of [`Row`].
fn everything() -> TableSpec {
    let tasks = ["click", "spent"].into_iter().zip([LabelKind::Binary, LabelKind::Number]);
    let mut spec = TableSpec::new("", tasks.map(|(name, kind)| TableTask::new(name, name, kind)).collect());
    let mut city = CategoricalColumn::new("city", 4);
    (city.min_count, city.out_of_vocabulary) = (2, Some(3));
    let mut cut = CategoricalColumn::new("age", 4);
    cut.quantile_cuts = Some(4);
    let mut hashed = CategoricalColumn::new("item", 4);
    (hashed.buckets, hashed.number_of_hashes) = (Some(7), Some(2));
    let mut price = CategoricalColumn::new("price", 4);
    price.cuts = Some(vec![0.0, 2.5]);
    spec.categorical = vec![city, cut, hashed, price, CategoricalColumn::new("member", 2)];
    spec.numeric = vec![
        NumericColumn::new("age", NumericTransform::Quantile),
        NumericColumn::new("price", NumericTransform::Standard),
        NumericColumn::new("member", NumericTransform::None),
    ];
    let mut hashed = CrossColumn::new(["city", "item", "member"], 4);
    hashed.buckets = Some(11);
    spec.cross = vec![CrossColumn::new(["city", "item"], 4), hashed];
    let mut calendar = CalendarColumn::new("time", CalendarPart::ALL);
    (calendar.cyclic, calendar.utc_offset_hours) = (true, 5.5);
    spec.calendar = vec![calendar];
    let mut grouped = TargetColumn::new(["city", "item"], "spent");
    grouped.group = Some("user".to_owned());
    spec.target = vec![TargetColumn::new(["city"], "click"), grouped];
    let mut by_length = VectorColumn::new("picture", 3);
    by_length.scale = VectorScale::MeanNorm;
    spec.vector = vec![by_length];
    spec
}

/// Encodes rows live, as texts.
fn live(encoder: &TableEncoder, rows: &[Row]) -> Result<FeatureBatch, slatewise_features::Error> {
    let mut batch = FeatureBatch::default();
    for row in rows {
        let texts = row.texts();
        let cell = |column: &str| texts.iter().find(|(name, _)| *name == column).map(|(_, text)| text.as_str());
        encoder.encode_row(cell, &mut batch)?;
    }
    Ok(batch)
}

fn bits(batch: &FeatureBatch) -> (Vec<u32>, Vec<u32>) {
    (batch.ids.clone(), batch.dense.iter().map(|x| x.to_bits()).collect())
}

fn row() -> impl Strategy<Value = Row> {
    let optional = |letters: &'static [&'static str]| proptest::option::of(proptest::sample::select(letters));
    let city = optional(&["Kyoto", "Osaka", "größe", "a, \"b\"", "x"]);
    let number = proptest::option::of(prop_oneof![-5.0..90.0_f64, Just(0.0), Just(0.1)]);
    let vector = proptest::option::of([-2.0..2.0_f32, -2.0..2.0_f32, -2.0..2.0_f32]);
    let item = proptest::option::of(-2..6_i64);
    let time = proptest::option::of(-4_000_000_000_000_000..4_000_000_000_000_000_i64);
    let flags = (proptest::option::of(0..2_i32), proptest::option::of(any::<bool>()));
    (city, item, (number.clone(), number), time, flags, vector, 0..4_i64, proptest::option::of(-3.0..3.0_f64)).prop_map(
        |(city, item, (age, price), time, (click, member), picture, user, spent)| Row {
            city: city.map(str::to_owned),
            item,
            age,
            price,
            time,
            member,
            picture,
            user: Some(user),
            click,
            spent,
        },
    )
}

/// A row that has everything, so that there is something to fit on.
fn whole() -> Row {
    Row {
        city: Some("Kyoto".to_owned()),
        item: Some(1),
        age: Some(30.0),
        price: Some(2.0),
        time: Some(1_204_308_000_000_000),
        member: Some(true),
        picture: Some([0.5, -1.0, 0.1]),
        user: Some(1),
        click: Some(1),
        spent: Some(0.5),
    }
}

fn fitted(
    folder: &TempDir,
    rows: &[Row],
    format: Format,
) -> Result<(TableSpec, TableEncoder), Box<dyn std::error::Error>> {
    let mut spec = everything();
    spec.train = write(folder.path(), "train", rows, format)?;
    let encoder = TableEncoder::fit(&spec)?;
    Ok((spec, encoder))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_live_row_is_the_row_of_any_file(mut train in proptest::collection::vec(row(), 1..40),
                                         test in proptest::collection::vec(row(), 1..20)) {
        train.push(whole());
        let folder = TempDir::new()?;
        let told = |error: Box<dyn std::error::Error>| TestCaseError::fail(error.to_string());
        let (csv, by_csv) = fitted(&folder, &train, Format::Csv).map_err(told)?;
        let (parquet, by_parquet) = fitted(&folder, &train, Format::Parquet).map_err(told)?;
        prop_assert_eq!(&by_csv, &by_parquet);
        let again: TableEncoder = serde_json::from_str(&serde_json::to_string(&by_csv)?)?;
        prop_assert_eq!(&again, &by_csv);
        let expected = live(&again, &test)?;
        for format in [Format::Csv, Format::Parquet] {
            let path = write(folder.path(), "test", &test, format).map_err(told)?;
            let found = by_csv.encode(&TablePart::whole(&path))?;
            prop_assert_eq!(bits(&found.features), bits(&expected));
            prop_assert!(found.features.dense.iter().all(|x| x.is_finite()));
            let counting = test.iter().filter(|row| row.click.is_some()).count();
            prop_assert_eq!(found.labels.weight.iter().step_by(2).filter(|&&w| w == 1.0).count(), counting);
        }
        // The train rows are those of either file too.
        let of = |spec: &TableSpec| by_csv.encode(&spec.part(Part::Train)?);
        prop_assert_eq!(of(&csv)?, of(&parquet)?);
        let layout = by_csv.layout();
        prop_assert_eq!(expected.ids.len(), test.len() * layout.fields.len());
        prop_assert_eq!(expected.dense.len(), test.len() * layout.dense.len());
        let row_fits = |(at, &row): (usize, &u32)| {
            (row as usize) < layout.tables[layout.fields[at % layout.fields.len()].table].rows
        };
        prop_assert!(expected.ids.iter().enumerate().all(row_fits));
    }

    #[test]
    fn a_train_rows_own_label_does_not_move_its_own_value(mut train in proptest::collection::vec(row(), 2..40),
                                                         chosen in any::<prop::sample::Index>()) {
        train.push(whole());
        let folder = TempDir::new()?;
        let told = |error: Box<dyn std::error::Error>| TestCaseError::fail(error.to_string());
        let chosen = chosen.index(train.len() - 1);
        let (spec, encoder) = fitted(&folder, &train, Format::Csv).map_err(told)?;
        let names = encoder.layout().dense;
        let statistics: Vec<usize> = ["city_click", "city_x_item_spent"]
            .iter().filter_map(|name| names.iter().position(|found| found == name)).collect();
        prop_assert_eq!(statistics.len(), 2);
        let values = |encoder: &TableEncoder, spec: &TableSpec| -> Result<Vec<u32>, slatewise_features::Error> {
            let dense = encoder.encode(&spec.part(Part::Train)?)?.features.dense;
            Ok(statistics.iter().map(|at| dense[chosen * names.len() + at].to_bits()).collect())
        };
        let before = values(&encoder, &spec)?;
        for click in [None, Some(0), Some(1)] {
            train[chosen].click = click;
            train[chosen].spent = click.map(|click| f64::from(click) * 1e3 - 0.7);
            let (spec, encoder) = fitted(&folder, &train, Format::Csv).map_err(told)?;
            prop_assert_eq!(&values(&encoder, &spec)?, &before);
        }
    }
}

#[test]
fn the_labels_of_others_move_a_value() -> Outcome {
    let folder = TempDir::new()?;
    let mut rows = vec![whole(); 40];
    for (i, row) in rows.iter_mut().enumerate() {
        row.click = Some((i % 4 == 0).into());
        row.city = Some(["Kyoto", "Osaka"][usize::from(i >= 20)].to_owned());
    }
    let (spec, encoder) = fitted(&folder, &rows, Format::Csv)?;
    let before = encoder.encode(&spec.part(Part::Train)?)?.features.dense;
    rows[1].click = Some(1);
    let (spec, encoder) = fitted(&folder, &rows, Format::Csv)?;
    let after = encoder.encode(&spec.part(Part::Train)?)?.features.dense;
    let at = encoder.layout().dense.iter().position(|name| name == "city_click").ok_or("no statistic")?;
    let changed = (0..40).filter(|row| before[row * before.len() / 40 + at] != after[row * before.len() / 40 + at]);
    let changed = changed.count();
    // All rows but those of its own fold, of 8 rows on average.
    assert!((20..40).contains(&changed), "{changed}");
    Ok(())
}

#[test]
fn an_encoder_is_saved_and_loaded_and_damage_is_told() -> Outcome {
    let folder = TempDir::new()?;
    let (_, encoder) = fitted(&folder, &[whole(), whole()], Format::Parquet)?;
    let path = folder.path().join("encoder.json");
    encoder.save(&path)?;
    assert_eq!(TableEncoder::load(&path)?, encoder);
    let text = std::fs::read_to_string(&path)?;
    let told = |text: &str| -> Result<String, std::io::Error> {
        std::fs::write(&path, text)?;
        Ok(TableEncoder::load(&path).err().map(|error| error.to_string()).unwrap_or_default())
    };
    assert!(told(&text.replace("\"version\":1", "\"version\":9"))?.ends_with(
        "encoder.json: its format is version 9, and this program reads version 1; \
         train again, or load it with the program that saved it"
    ));
    assert!(
        told(&text.replace("Kyoto", "Kioto"))?.contains("it is not what was saved: the hash differs; copy it again")
    );
    assert!(told(&text[..text.len() / 2])?.contains("it is no saved table encoder, or a cut one; mend the path"));
    assert!(told("{}")?.contains("it is no saved table encoder"));
    assert!(
        TableEncoder::load(folder.path().join("none.json")).is_err_and(|e| e.to_string().contains("cannot read it"))
    );
    Ok(())
}

#[test]
fn rows_held_out_in_a_file_are_not_fitted_on() -> Outcome {
    let folder = TempDir::new()?;
    let (mut spec, encoder) = fitted(&folder, &[whole(), whole()], Format::Csv)?;
    let other = Row { city: Some("Nara".to_owned()), click: None, ..whole() };
    spec.validation_file = Some(write(folder.path(), "validation", &[other], Format::Parquet)?);
    assert_eq!(TableEncoder::fit(&spec)?, encoder);
    let held_out = encoder.encode(&spec.part(Part::Validation)?)?;
    assert_eq!((held_out.features.rows, &held_out.labels.weight[..]), (1, &[0.0, 1.0][..]));
    // Nara is hashed behind row 0 and Kyoto.
    assert!((2..5).contains(&held_out.features.ids[0]), "{}", held_out.features.ids[0]);
    Ok(())
}

#[test]
fn rows_served_are_compared_with_those_of_training() -> Outcome {
    let folder = TempDir::new()?;
    let city = |i: usize| Some(["Kyoto", "Osaka"][i % 2].to_owned()).filter(|_| i % 10 != 9);
    let rows: Vec<Row> = (0..200).map(|i| Row { city: city(i), age: Some((i * 7 % 100) as f64), ..whole() }).collect();
    let (_, encoder) = fitted(&folder, &rows, Format::Csv)?;
    let train = encoder.statistics();
    assert_eq!(train.rows, 200);
    // Rows as in training: no skew, up to out-of-fold values.
    let served = |rows: &[Row]| -> Result<ServedStatistics, slatewise_features::Error> {
        let mut served = ServedStatistics::new(train);
        live(&encoder, rows).map(|batch| served.push(&batch))?;
        Ok(served)
    };
    let same = served(&rows)?.skew(train);
    let names: Vec<&str> = same.iter().map(|skew| skew.feature.as_str()).collect();
    for name in ["city", "age_bucket", "item#1", "city_x_item", "time_hour", "age", "city_click", "picture"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    for skew in &same {
        assert!(skew.psi.is_none_or(|psi| psi < 1e-9), "{skew:?}");
        assert!((skew.missing.train - skew.missing.served).abs() < 1e-12, "{skew:?}");
        assert!((skew.mean.train - skew.mean.served).abs() < 1e-6, "{skew:?}");
        assert!((skew.deviation.train - skew.deviation.served).abs() < 1e-6, "{skew:?}");
    }
    assert_eq!(same[0].missing.train, 0.1);
    // Half of the rows in two parts: merged they are the whole.
    let mut merged = served(&rows[..80])?;
    merged.merge(&served(&rows[80..])?);
    assert_eq!(merged.rows(), 200);
    assert_eq!(merged.skew(train)[0], same[0]);
    // Other rows: older, from elsewhere.
    let moved: Vec<Row> = rows
        .iter()
        .map(|row| Row { city: Some("Nara".to_owned()), age: row.age.map(|age| age + 60.0), ..row.clone() })
        .collect();
    let skew = served(&moved)?.skew(train);
    let of = |name: &str| skew.iter().find(|skew| skew.feature == name).ok_or("not measured");
    assert_eq!((of("city")?.out_of_vocabulary.served, of("city")?.out_of_vocabulary.train), (1.0, 0.0));
    assert_eq!(of("city")?.missing.served, 0.0);
    for name in ["city", "age", "age_bucket"] {
        let found = of(name)?;
        assert!(found.psi.is_some_and(|psi| psi > 0.25 && psi > 3.0 * found.psi_by_chance), "{found:?}");
    }
    assert!(of("age")?.mean.served > 0.5);
    Ok(())
}

#[test]
fn declarations_that_do_not_hold_name_the_key() -> Outcome {
    let told = |change: &dyn Fn(&mut TableSpec)| {
        let mut spec = everything();
        change(&mut spec);
        spec.validate().err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(told(&|_| ()), "");
    assert_eq!(
        told(&|spec| spec.target[0].task = "buy".to_owned()),
        "table.target.city_buy.task: there is no task `buy`; name one of `click`, `spent`"
    );
    assert!(
        told(&|spec| spec.target[0].columns = vec!["click".to_owned()])
            .starts_with("table.target.click: it is the label")
    );
    assert!(
        told(&|spec| spec.target[1].group = Some("click".to_owned()))
            .contains("group: it is the label of task `click`")
    );
    assert!(told(&|spec| spec.target[0].folds = 1).contains("folds: 1 is out of range; give 2 to 100"));
    assert!(told(&|spec| spec.target[0].prior_rows = 0.0).contains("prior_rows: 0 is no number of rows"));
    assert!(told(&|spec| spec.cross[0].columns.truncate(1)).contains("1 columns are no cross; name two to four"));
    assert!(
        told(&|spec| spec.cross[1].columns.push("spent".to_owned())).starts_with("table.cross.spent: it is the label")
    );
    assert!(told(&|spec| spec.cross[1].min_count = 2).contains("min_count: hashing keeps no vocabulary"));
    assert!(told(&|spec| spec.calendar[0].utc_offset_hours = 90.0).contains("no clock is 90 hours ahead of UTC"));
    assert!(told(&|spec| spec.calendar[0].parts.push(CalendarPart::Hour)).contains("`hour` stands there twice"));
    assert!(told(&|spec| spec.vector[0].width = 0).contains("table.vector.picture.width: 0 is out of range"));
    assert!(
        told(&|spec| spec.categorical[3].cuts = Some(vec![1.0, 1.0])).contains("cuts: they are no ascending numbers")
    );
    assert!(told(&|spec| spec.categorical[1].buckets = Some(4)).contains("leave the others out"));
    assert!(
        told(&|spec| spec.categorical[0].out_of_vocabulary = Some(0)).contains("out_of_vocabulary: 0 is out of range")
    );
    let both = told(&|spec| {
        spec.validation_file = Some("v.csv".into());
        spec.validation = Some(slatewise_features::tabular::ValidationSpec { share: 0.1, seed: 1 });
    });
    assert!(both.contains("table.validation_file: `validation` holds out rows of the train file already"));
    Ok(())
}

#[test]
fn cells_that_cannot_be_used_are_named() -> Outcome {
    let folder = TempDir::new()?;
    let (_, encoder) = fitted(&folder, &[whole(), whole()], Format::Csv)?;
    let path = folder.path().join("bad.csv");
    let told = |change: &dyn Fn(&mut Texts)| -> Result<(String, String), std::io::Error> {
        let mut texts = whole().texts();
        change(&mut texts);
        std::fs::write(&path, written::csv(std::slice::from_ref(&texts)))?;
        let of_file = encoder.encode(&TablePart::whole(&path)).err().map(|e| e.to_string()).unwrap_or_default();
        let cell = |column: &str| texts.iter().find(|(name, _)| *name == column).map(|(_, text)| text.as_str());
        let mut batch = FeatureBatch::default();
        let of_live = encoder.encode_row(cell, &mut batch).err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(batch, FeatureBatch::default());
        Ok((of_file.rsplit_once("bad.csv, ").map(|(_, told)| told.to_owned()).unwrap_or_default(), of_live))
    };
    let set = |name: &'static str, text: &'static str| {
        move |texts: &mut Texts| {
            texts.iter_mut().filter(|(found, _)| *found == name).for_each(|(_, cell)| *cell = text.to_owned());
        }
    };
    let (file, live) = told(&set("picture", "[1, 2]"))?;
    assert_eq!(
        file,
        "data row 1 (line 2), column `picture`: a vector of 2 numbers where 3 are declared; \
         mend the row, or declare its width"
    );
    assert!(live.starts_with("live row, column `picture`: \"[1, 2]\": a vector of another length"), "{live}");
    let (file, live) = told(&set("picture", "[1, inf, 2]"))?;
    assert!(file.contains("column `picture`: a number of the vector is not finite; mend it"), "{file}");
    assert!(live.contains("a number of the vector is not finite"), "{live}");
    let (file, live) = told(&set("time", "1e30"))?;
    assert!(file.contains("it is no time in microseconds since 1970; divide it"), "{file}");
    assert!(live.contains("column `time`: \"1e30\": it is no time in microseconds"), "{live}");
    let (file, live) = told(&set("age", "inf"))?;
    assert!(file.contains("column `age`: inf: it is infinite") && live.contains("\"inf\": it is infinite"), "{file}");
    Ok(())
}

/// The fold of a group, as the documentation tells it.
fn fold(group: &str) -> u64 {
    twox_hash::XxHash64::oneshot(0, group.as_bytes()) % 5
}

#[test]
fn statistics_of_labels_are_those_of_the_other_folds() -> Outcome {
    let folder = TempDir::new()?;
    let rows: Vec<Row> = (0..120)
        .map(|i: usize| Row {
            city: Some(format!("c{}", i * i % 7)),
            item: Some(0),
            user: Some((i % 13) as i64),
            spent: (!i.is_multiple_of(11)).then_some((i * 37 % 101) as f64 / 8.0),
            ..whole()
        })
        .collect();
    let (spec, encoder) = fitted(&folder, &rows, Format::Csv)?;
    let names = encoder.layout().dense;
    let at = names.iter().position(|name| name == "city_x_item_spent").ok_or("no statistic")?;
    let dense = encoder.encode(&spec.part(Part::Train)?)?.features.dense;
    let live = live(&encoder, &rows)?.dense;
    // The formula, over the rows that count for this one.
    let expected = |row: &Row, counts: &dyn Fn(&Row) -> bool| {
        let labels = |of: &dyn Fn(&Row) -> bool| -> Vec<f64> {
            rows.iter().filter(|row| counts(row) && of(row)).filter_map(|row| row.spent).collect()
        };
        let (all, own) = (labels(&|_| true), labels(&|other| other.city == row.city));
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let deviation = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt();
        ((own.iter().sum::<f64>() + 20.0 * mean) / (own.len() as f64 + 20.0) - mean) / deviation
    };
    let fold_of = |row: &Row| row.user.map(|user| fold(&user.to_string()));
    for (index, row) in rows.iter().enumerate() {
        let (found, of_live) = (dense[index * names.len() + at], live[index * names.len() + at]);
        let out_of_fold = expected(row, &|other| fold_of(other) != fold_of(row));
        assert!((f64::from(found) - out_of_fold).abs() < 1e-5, "row {index}: {found} for {out_of_fold}");
        assert!((f64::from(of_live) - expected(row, &|_| true)).abs() < 1e-5, "row {index} live");
    }
    Ok(())
}

const SMALL: &str = "\
city,age,time,v,click
Kyoto,20,0,\"[1, 2]\",1
Kyoto,,3600000000,\"[3, 2]\",0
,40,,,1
Nara,70,86400000000,\"[2, 2]\",
";

#[test]
fn a_small_table_is_encoded_as_computed_by_hand() -> Outcome {
    let folder = TempDir::new()?;
    std::fs::write(folder.path().join("train.csv"), SMALL)?;
    let mut spec: TableSpec = toml::from_str(
        r#"
        train = "train.csv"
        categorical = [
            { column = "city", width = 2, out_of_vocabulary = 1 },
            { column = "age", width = 2, cuts = [30, 60] },
        ]
        cross = [{ columns = ["city", "age"], width = 2 }]
        calendar = [{ column = "time", parts = ["hour", "weekday"], cyclic = true }]
        target = [{ column = "city", task = "click", folds = 2, prior_rows = 2.0 }]
        vector = [{ column = "v", width = 2 }]
        tasks = [{ name = "click", label = { column = "click", kind = "binary" }, missing = "mask" }]
        "#,
    )?;
    spec.resolve_from(folder.path());
    let encoder = TableEncoder::fit(&spec)?;
    let layout = encoder.layout();
    let fields: Vec<&str> = layout.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, ["city", "age_bucket", "city_x_age", "time_hour", "time_weekday"]);
    assert_eq!(layout.dense, ["time_sin", "time_cos", "city_click", "v_0", "v_1", "v_missing"]);
    let rows: Vec<usize> = layout.tables.iter().map(|table| table.rows).collect();
    // Kyoto, the empty city, Nara, one row for others; three buckets; four combinations; 24 hours; 7 days; row 0 each.
    assert_eq!(rows, [5, 4, 5, 25, 8]);
    let batch = encoder.encode(&TablePart::whole(&spec.train))?;
    // Combinations of one count are in the order of their texts. 1970-01-01 was a Thursday.
    assert_eq!(batch.features.ids, [1, 1, 3, 1, 4, 1, 0, 2, 2, 4, 2, 2, 1, 0, 0, 3, 3, 4, 1, 5]);
    let dense: Vec<&[f32]> = batch.features.dense.chunks_exact(6).collect();
    // The vector's numbers have means 2 and 2; the second is constant.
    let deviation = (2.0_f32 / 3.0).sqrt();
    assert_eq!(dense[0][..2], [0.0, 1.0]);
    assert!((dense[0][3] + 1.0 / deviation).abs() < 1e-6 && dense[0][4] == 0.0 && dense[0][5] == 0.0);
    assert!((dense[1][0] - (std::f32::consts::TAU / 24.0).sin()).abs() < 1e-6);
    assert_eq!((dense[2][..2].to_vec(), dense[2][3..].to_vec()), (vec![0.0, 0.0], vec![0.0, 0.0, 1.0]));
    // Three labels, prior 2.5/4 = 5/8. Kyoto: (1 + 10/8) / 4 = 9/16, so ln(9/7) − ln(5/3); empty: (1 + 10/8) / 3 = 3/4.
    assert!((dense[0][2] - ((9.0_f32 / 7.0).ln() - (5.0_f32 / 3.0).ln())).abs() < 1e-6, "{}", dense[0][2]);
    assert!((dense[2][2] - (3.0_f32.ln() - (5.0_f32 / 3.0).ln())).abs() < 1e-6, "{}", dense[2][2]);
    assert_eq!(dense[3][2], 0.0, "Nara's label does not count");
    assert_eq!((batch.labels.value, batch.labels.weight), (vec![1.0, 0.0, 1.0, 0.0], vec![1.0, 1.0, 1.0, 0.0]));
    let mut live = FeatureBatch::default();
    encoder.encode_row(|column| (column == "city").then_some("Sendai"), &mut live)?;
    assert_eq!((live.ids, live.dense), (vec![4, 0, 0, 0, 0], vec![0.0, 0.0, 0.0, 0.0, 0.0, 1.0]));
    // Without the mask, the label that is missing is refused.
    spec.tasks[0].missing = Default::default();
    let told = TableEncoder::fit(&spec).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.ends_with(
        "data row 4 (line 5), column `click`: the label is missing; fill it, or give the task a mask or missing = \"mask\""
    ), "{told}");
    Ok(())
}
