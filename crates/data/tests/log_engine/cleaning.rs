//! Impossible, conflicting and repeated rows; order; counts.

use slatewise_data::log::LogError;
use slatewise_data::log::schema::Role;

use super::rows::{Cells, Outcome, Place, boolean, column, integer, line, log, seconds, text};

/// Rows:      0    1    2    3    4    5    6
/// user       u1   u1   u2   u1   u3   u3   u3        1 repeats 0; 3 buys without a click; 6 conflicts with 4 on (user, time)
const RULES: &str = r#"
feedback = [{ name = "click", column = "c" }, { name = "purchase", column = "p", requires = "click" }]
[rules]
unique = ["user", "time"]
duplicates = "drop"
[[rules.impossible]]
name = "free_item"
where = '"Unit Price" < 1 AND click = 1'
"#;

fn small(place: &Place) -> Outcome<slatewise_data::log::schema::TypedSchema> {
    place.typed(
        "typed.parquet",
        vec![
            ("user", Role::User, text("u1 u1 u2 u1 u3 u3 u3")),
            ("time", Role::Time, seconds("30 30 10 40 20 21 20")),
            ("Unit Price", Role::Price, integer("5 5 0 5 5 5 9")),
            ("click", Role::Feedback, boolean("1 1 1 0 0 0 0")),
            ("purchase", Role::Feedback, boolean("1 1 0 1 0 0 0")),
        ],
    )
}

#[test]
fn every_rule_takes_its_rows_and_the_rest_is_in_the_order_of_time() -> Outcome {
    let place = Place::new()?;
    let (_, counts, quarantine) = place.clean(&small(&place)?, &log(RULES)?, &[])?;
    // Of 7 rows: 2 is free_item, 3 buys without a click, 6 contradicts 4, 1 repeats 0; by time: 4 at 20, 5 at 21, 0 at 30.
    assert_eq!(line(&place.path("clean.parquet"), "_row")?, "4 5 0");
    assert_eq!(line(&place.path("clean.parquet"), "_line")?, "6 7 2");
    assert_eq!((counts.rows_kept, counts.duplicates_dropped), (3, 1));
    let quarantined: Vec<_> = counts.quarantined.iter().map(|(rule, rows)| (rule.as_str(), *rows)).collect();
    assert_eq!(quarantined, [("conflicting_duplicate", 1), ("free_item", 1), ("impossible_combination", 1)]);
    let lines: Vec<_> = quarantine.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            r#"log.csv,5,"purchase, click","purchase = 1, click = 0",impossible_combination,`purchase` without `click`"#,
            r#"log.csv,4,"Unit Price, click","Unit Price = 0, click = 1",free_item,"declared impossible: ""Unit Price"" < 1 AND click = 1""#,
            r#"log.csv,8,"user, time","user = u3, time = 20000000",conflicting_duplicate,agrees with log.csv line 6 in these columns and differs elsewhere"#,
        ]
    );
    Ok(())
}

#[test]
fn repeated_rows_are_kept_or_set_aside_where_declared() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed("typed.parquet", vec![("user", Role::User, text("a b a a - -"))])?;
    let (_, counts, _) = place.clean(&typed, &log("rules = { duplicates = 'keep' }")?, &[])?;
    assert_eq!((counts.rows_kept, counts.duplicates_kept, counts.duplicates_dropped), (6, 3, 0));
    assert_eq!(line(&place.path("clean.parquet"), "_row")?, "0 1 2 3 4 5");

    let (_, counts, quarantine) = place.clean(&typed, &log("rules = { duplicates = 'quarantine' }")?, &[])?;
    assert_eq!((counts.rows_kept, counts.quarantined["duplicate"]), (3, 3));
    assert_eq!(quarantine.lines().nth(1), Some("log.csv,4,,,duplicate,repeats log.csv line 2"));

    let (_, counts, quarantine) = place.clean(&typed, &log("")?, &[])?;
    assert_eq!((counts.rows_kept, counts.duplicates_dropped, quarantine.lines().count()), (3, 3, 1));
    Ok(())
}

#[test]
fn a_row_that_conflicts_takes_its_own_copies_with_it_and_missing_keys_conflict_with_nothing() -> Outcome {
    let place = Place::new()?;
    // Rows 1 and 3 agree in the key with 0 and differ; 3 repeats 1, which is not kept, so it is no duplicate of a kept row.
    let typed = place.typed(
        "typed.parquet",
        vec![("id", Role::Other, text("k k - k - k")), ("value", Role::Other, integer("1 2 5 2 6 1"))],
    )?;
    let (_, counts, _) = place.clean(&typed, &log("rules = { unique = ['id'] }")?, &[])?;
    assert_eq!((counts.quarantined["conflicting_duplicate"], counts.duplicates_dropped), (2, 1));
    assert_eq!(line(&place.path("clean.parquet"), "_row")?, "0 2 4");
    Ok(())
}

#[test]
fn an_impossible_row_sets_no_standard_for_later_ones() -> Outcome {
    let place = Place::new()?;
    let typed = place
        .typed("typed.parquet", vec![("id", Role::Other, text("k k")), ("value", Role::Other, integer("-1 2"))])?;
    let rules = "rules = { unique = ['id'], impossible = [{ name = 'negative', where = 'value < 0' }] }";
    let (_, counts, _) = place.clean(&typed, &log(rules)?, &[])?;
    assert_eq!(counts.quarantined.keys().collect::<Vec<_>>(), ["negative"]);
    assert_eq!(line(&place.path("clean.parquet"), "_row")?, "1");
    Ok(())
}

#[test]
fn a_condition_that_cannot_be_asked_names_its_key() -> Outcome {
    let place = Place::new()?;
    let typed = place
        .typed("typed.parquet", vec![("price", Role::Price, integer("0 1")), ("Name", Role::Other, text("a b"))])?;
    let refused = |condition: &str| -> Outcome<String> {
        let mut rules = log("")?;
        rules.rules.impossible =
            vec![slatewise_data::log::schema::Impossible { name: "odd".to_owned(), condition: condition.to_owned() }];
        match place.clean(&typed, &rules, &[]) {
            Ok(_) => Err(format!("{condition} was taken").into()),
            Err(error) => Ok(error.to_string()),
        }
    };
    let wanted = [
        ("price <", "Expected"),
        ("cost < 1", "cost"),
        ("name = 'a'", "name"),
        ("price + 1", "it must be true or false, and is Int64"),
        ("price IN (SELECT price FROM typed)", ""),
        ("EXISTS (SELECT 1)", ""),
        ("sum(price) > 1", "no aggregate"),
        ("price = 1; DROP TABLE typed", "end of expression"),
        ("1 / price > 0", "ivide by zero"),
    ];
    for (condition, says) in wanted {
        let error = refused(condition)?;
        assert!(error.starts_with("schema.rules.impossible.odd.where: "), "{error}");
        assert!(error.contains(says), "{condition}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    Ok(())
}

#[test]
fn names_of_any_kind_work() -> Outcome {
    let place = Place::new()?;
    let names =
        ["user", "A.b", "a.B", "with \"quotes\"", "SELECT", "prix d'achat", "名前", " ", "first", "n", "in_train"];
    let columns = names.map(|name| (name, Role::Other, text("x y x")));
    let typed = place.typed("typed.parquet", columns.to_vec())?;
    let rules = r#"rules = { unique = ["with \"quotes\"", "SELECT", "first", "a.B"], impossible = [{ name = "it's", where = "\"A.b\" = 'y'" }] }"#;
    let (schema, counts, quarantine) = place.clean(&typed, &log(rules)?, &[])?;
    assert_eq!((counts.rows_kept, counts.duplicates_dropped, counts.quarantined["it's"]), (1, 1, 1));
    assert!(quarantine.contains("log.csv,3,A.b,y,it's,"), "{quarantine}");
    for name in names {
        assert!(schema.has(name));
        assert_eq!(column(&place.path("clean.parquet"), name)?, ["x"]);
    }
    let profiles = place.engine.profile(&place.path("typed.parquet"), &typed)?;
    assert!(profiles.iter().all(|profile| profile.top == [("x".to_owned(), 2), ("y".to_owned(), 1)]), "{profiles:?}");
    let names = names.map(str::to_owned);
    assert_eq!(place.engine.k_anonymity(&place.path("typed.parquet"), &names, 2)?.rows_below, 1);
    Ok(())
}

#[test]
fn no_row_left_is_an_error_and_so_is_a_rule_over_no_column() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed("typed.parquet", vec![("price", Role::Price, integer("0 1"))])?;
    let all = log("rules = { impossible = [{ name = 'all', where = 'price >= 0' }] }")?;
    let error = place.clean(&typed, &all, &[]).err().ok_or("rows were left")?.to_string();
    assert_eq!(
        error,
        "clean: no row is left of 2 read; see the quarantine file, and mend the rules that take the rows away"
    );
    let none = place.typed("typed.parquet", vec![("price", Role::Price, Cells::Integer(Vec::new()))])?;
    let error = place.clean(&none, &log("rules = { unique = ['price'] }")?, &[]).err().ok_or("rows were left")?;
    assert!(matches!(error.downcast_ref(), Some(LogError::NoRows { read: 0, .. })), "{error}");
    let error = place.clean(&typed, &log("rules = { unique = ['id'] }")?, &[]).err().ok_or("taken")?;
    assert!(
        matches!(error.downcast_ref(), Some(LogError::Config { key, .. }) if key == "schema.rules.unique"),
        "{error}"
    );
    Ok(())
}

#[test]
fn rows_in_any_order_are_sorted_and_rows_without_a_time_come_first() -> Outcome {
    let place = Place::new()?;
    let values: Vec<_> = (0..5000_i64).map(|row| Some(row * 7919 % 5003)).collect();
    let times: Vec<_> = values.iter().map(|value| value.filter(|value| value % 10 != 0)).collect();
    let typed = place.typed(
        "typed.parquet",
        vec![("value", Role::Other, Cells::Integer(values.clone())), ("time", Role::Time, Cells::Time(times.clone()))],
    )?;
    place.clean(&typed, &log("")?, &[])?;
    let mut expected: Vec<_> = times.iter().zip(0_i64..).collect();
    expected.sort();
    let expected: Vec<_> = expected.iter().map(|(_, row)| row.to_string()).collect();
    assert_eq!(column(&place.path("clean.parquet"), "_row")?, expected);
    Ok(())
}
