//! Train, validation and test.

use std::collections::BTreeSet;

use slatewise_data::log::engine::{Parts, PartsSpec};
use slatewise_data::log::schema::{Role, TypedSchema};

use super::rows::{Cells, Outcome, Place, boolean, column, integer, line, log, seconds, text};

fn split(place: &Place, clean: &TypedSchema, spec: &str) -> Outcome<Parts> {
    let spec: PartsSpec = toml::from_str(spec)?;
    Ok(place.engine.split(&place.path("clean.parquet"), clean, &spec, &place.path("parts"))?)
}

#[test]
fn rows_at_a_cut_lie_in_the_later_part_and_no_row_of_the_future_is_in_train() -> Outcome {
    let place = Place::new()?;
    // Ten rows: train is 5 by share, validation 2, test 3. Row 5 (the first of validation by share) has the time of row 4, so
    // both lie in validation; row 7, the first of test, has the time of row 6.
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("time", Role::Time, seconds("1 2 3 4 5 5 6 6 7 8")),
            ("click", Role::Feedback, boolean("1 0 1 - 1 1 0 0 1 0")),
            ("n", Role::Other, integer("0 1 2 3 4 5 6 7 8 9")),
        ],
    )?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let parts = split(&place, &clean, "validation = 0.2\ntest = 0.3")?;
    assert_eq!(line(&parts.train.path, "_row")?, "0 1 2 3");
    assert_eq!(line(&parts.validation.path, "_row")?, "4 5");
    assert_eq!(line(&parts.test.path, "_row")?, "6 7 8 9");
    assert_eq!((parts.future_rows_in_train, parts.future_rows_in_validation), (0, 0));
    assert_eq!(
        (parts.train.rows, parts.train.first_time, parts.train.last_time),
        (4, Some(1_000_000), Some(4_000_000))
    );
    assert_eq!([&parts.train, &parts.validation, &parts.test].map(|part| part.positives["click"]), [2, 2, 1]);
    assert_eq!(parts.test.path, place.path("parts").join("test.parquet"));
    Ok(())
}

#[test]
fn a_division_by_row_tells_how_much_of_the_future_it_puts_into_train() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed("typed.parquet", vec![("time", Role::Time, seconds("9 1 8 2 7 3 6 4 5 0"))])?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let parts = split(&place, &clean, "order = 'row'\nvalidation = 0.2\ntest = 0.2")?;
    // Train are the first six of the file; in a part they stand in the order of time.
    assert_eq!(line(&parts.train.path, "_row")?, "1 3 5 4 2 0");
    assert_eq!(
        (line(&parts.validation.path, "_row")?, line(&parts.test.path, "_row")?),
        ("7 6".to_owned(), "9 8".to_owned())
    );
    // Test begins at second 0: all of train is as late as that.
    assert_eq!((parts.future_rows_in_train, parts.future_rows_in_validation), (6, 2));
    Ok(())
}

#[test]
fn without_a_time_rows_are_divided_in_their_order() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed("typed.parquet", vec![("in_train", Role::Other, integer("3 1 4 1 5 9 2 6 5 3"))])?;
    let clean = place.clean(&typed, &log("rules = { duplicates = 'keep' }")?, &[])?.0;
    let parts = split(&place, &clean, "")?;
    assert_eq!(
        [&parts.train, &parts.validation, &parts.test].map(|part| (part.rows, part.first_time)),
        [(7, None), (1, None), (2, None)]
    );
    assert_eq!((parts.future_rows_in_train, parts.future_rows_in_validation), (0, 0));
    // Test holds 5 and 3, as train does.
    assert_eq!(place.engine.duplicates_across(&parts, &clean, &[])?, 2);
    let random = split(&place, &clean, "kind = 'random'\nvalidation = 0.3\ntest = 0.3\nseed = 9223372036854775808")?;
    assert_eq!(random.train.rows + random.validation.rows + random.test.rows, 10);
    Ok(())
}

#[test]
fn a_random_division_keeps_groups_together_and_depends_on_the_seed_alone() -> Outcome {
    let place = Place::new()?;
    let user: Vec<_> = (0..3000).map(|row| (row % 10 > 0).then(|| format!("u{}", row * 7 % 300))).collect();
    let time: Vec<_> = (0..3000).map(|row| Some(row * 1_000_000)).collect();
    let columns = vec![("user", Role::User, Cells::Text(user)), ("time", Role::Time, Cells::Time(time))];
    let typed = place.typed("typed.parquet", columns)?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let spec = "kind = 'random'\ngroup = 'user'\nvalidation = 0.2\ntest = 0.3\nseed = ";
    let one = split(&place, &clean, &format!("{spec}1"))?;
    let users = |part: &slatewise_data::log::engine::Part| -> Outcome<BTreeSet<String>> {
        Ok(column(&part.path, "user")?.into_iter().filter(|user| user != "-").collect())
    };
    let (train, validation, test) = (users(&one.train)?, users(&one.validation)?, users(&one.test)?);
    assert!(train.is_disjoint(&validation) && train.is_disjoint(&test) && validation.is_disjoint(&test));
    assert_eq!(one.train.rows + one.validation.rows + one.test.rows, 3000);
    // 270 users and 300 rows of nobody; 0.3 ± 0.03 of them.
    assert!((0.2..0.4).contains(&(one.test.rows as f64 / 3000.0)), "{}", one.test.rows);
    assert!(one.future_rows_in_train > 1000);
    let rows = column(&one.test.path, "_row")?;
    let more = Place::with(32 << 20, 3)?;
    let again = more.engine.split(
        &place.path("clean.parquet"),
        &clean,
        &toml::from_str(&format!("{spec}1"))?,
        &more.path("parts"),
    )?;
    assert_eq!(column(&again.test.path, "_row")?, rows);
    let two = split(&place, &clean, &format!("{spec}2"))?;
    assert_ne!(column(&two.test.path, "_row")?, rows);
    let numbers: Vec<i64> = column(&two.train.path, "_row")?.iter().map(|row| row.parse()).collect::<Result<_, _>>()?;
    assert!(numbers.is_sorted());
    Ok(())
}

#[test]
fn an_empty_part_and_a_wrong_key_are_told() -> Outcome {
    let place = Place::new()?;
    let typed = place
        .typed("typed.parquet", vec![("time", Role::Time, seconds("1 1 1")), ("n", Role::Other, integer("1 2 3"))])?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let refused =
        |spec: &str| -> Outcome<String> { Ok(split(&place, &clean, spec).err().ok_or("divided")?.to_string()) };
    assert_eq!(
        refused("")?,
        "the train part: no row is left of 3 read; too many rows share one time or there are too few; raise its share, or divide by \"row\" or at random"
    );
    assert!(!place.path("parts").join("test.parquet").exists());
    assert_eq!(refused("test = 0")?, "split.test: 0: give a share of the rows, above 0 and below 1");
    assert_eq!(
        refused("test = 0.6\nvalidation = 0.5")?,
        "split.validation + split.test: 1.1: leave rows to train on: stay below 1"
    );
    assert_eq!(refused("group = 'n'")?, "split.group: n: leave it out, or choose kind = \"random\"");
    assert_eq!(refused("kind = 'random'\ngroup = 'user'")?, "split.group: user: name a typed column");

    let typed = place
        .typed("typed.parquet", vec![("time", Role::Time, seconds("1 - 3")), ("n", Role::Other, integer("1 2 3"))])?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let error = split(&place, &clean, "validation = 0.3\ntest = 0.3").err().ok_or("divided")?.to_string();
    assert!(error.starts_with("split.order: time, which 1 rows lack: "), "{error}");
    Ok(())
}

#[test]
fn rows_of_test_that_stand_in_train_are_counted() -> Outcome {
    let place = Place::new()?;
    // Train is rows 0 to 5, test rows 8 and 9 with those of … by share 0.3: rows 7, 8, 9.
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("time", Role::Time, seconds("0 1 2 3 4 5 6 7 8 9")),
            ("user", Role::User, text("a b - c d e f a - z")),
            ("click", Role::Feedback, boolean("1 0 0 0 0 0 0 0 0 0")),
        ],
    )?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let parts = split(&place, &clean, "validation = 0.1\ntest = 0.3")?;
    // Row 7 is (a, 0) where train has (a, 1); row 8 is (-, 0), as row 2 is.
    assert_eq!(place.engine.duplicates_across(&parts, &clean, &[])?, 1);
    assert_eq!(place.engine.duplicates_across(&parts, &clean, &["user".to_owned()])?, 2);
    Ok(())
}
