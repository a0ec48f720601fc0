//! Profiles and k-anonymity.

use slatewise_data::log::schema::Role;

use super::rows::{Cells, Outcome, Place, boolean, column, integer, log, seconds, text};

#[test]
fn a_profile_tells_what_a_column_holds() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("Page", Role::Surface, text("b a b - c a b")),
            ("price", Role::Price, Cells::Number([1.5, 2.5, 2.0].map(Some).into_iter().chain([None; 4]).collect())),
            ("click", Role::Feedback, boolean("1 0 0 1 0 0 0")),
            ("time", Role::Time, seconds("1 2 3 4 5 6 7")),
            ("empty", Role::Other, integer("- - - - - - -")),
        ],
    )?;
    let profile = place.engine.profile(&place.path("typed.parquet"), &typed)?;
    let page = &profile[0];
    assert_eq!((page.rows, page.missing, page.distinct, page.mean), (7, 1, Some(3), None));
    assert_eq!((page.min.as_deref(), page.max.as_deref()), (Some("a"), Some("c")));
    assert_eq!(page.top, [("b".to_owned(), 3), ("a".to_owned(), 2), ("c".to_owned(), 1)]);
    let price = &profile[1];
    assert_eq!(
        (price.missing, price.mean, price.min.as_deref(), price.max.as_deref()),
        (4, Some(2.0), Some("1.5"), Some("2.5"))
    );
    assert_eq!(profile[2].mean, Some(2.0 / 7.0));
    assert_eq!(profile[3].max.as_deref(), Some("7000000"));
    let empty = &profile[4];
    assert_eq!((empty.missing, empty.distinct, empty.min.as_deref(), empty.mean), (7, Some(0), None, None));
    Ok(())
}

#[test]
fn k_anonymity_counts_rows_in_small_groups() -> Outcome {
    let place = Place::new()?;
    // Groups: (30, x) 3 rows, (30, y) 1, (-, x) 2.
    place.typed(
        "t.parquet",
        vec![("age", Role::Other, integer("30 30 30 30 - -")), ("Zip", Role::Other, text("x x x y x x"))],
    )?;
    let check = |columns: &[&str], k: u64| -> Outcome<(u64, u64, u64)> {
        let columns: Vec<_> = columns.iter().map(|&column| column.to_owned()).collect();
        let found = place.engine.k_anonymity(&place.path("t.parquet"), &columns, k)?;
        Ok((found.smallest, found.groups, found.rows_below))
    };
    assert_eq!(check(&["age", "Zip"], 3)?, (1, 3, 3));
    assert_eq!(check(&["age"], 2)?, (2, 2, 0));
    assert!(check(&[], 2).is_err());
    Ok(())
}

#[test]
fn vectors_pass_through_every_step() -> Outcome {
    let place = Place::new()?;
    let vectors = (0..10).map(|row| (row != 4).then(|| vec![row as f32, 0.5])).collect();
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("embedding", Role::ItemAttribute, Cells::Vector(vectors)),
            ("time", Role::Time, seconds("9 8 7 6 5 4 3 2 1 0")),
            ("item", Role::Item, text("a b c a b c a b c a")),
        ],
    )?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let spec = toml::from_str("recency = [{ by = 'item' }]")?;
    let derived = place.path("derived.parquet");
    let wide = place.engine.derive(&place.path("clean.parquet"), &clean, &spec, &derived)?;
    let parts = place.engine.split(&derived, &wide, &toml::from_str("")?, &place.path("parts"))?;
    assert_eq!(column(&parts.validation.path, "embedding")?, ["[2.0, 0.5]"]);
    assert_eq!(column(&parts.test.path, "embedding")?, ["[1.0, 0.5]", "[0.0, 0.5]"]);
    assert_eq!(place.engine.duplicates_across(&parts, &wide, &[])?, 0);
    let profile = place.engine.profile(&derived, &wide)?;
    assert_eq!((profile[0].missing, profile[0].distinct, profile[0].top.len()), (1, None, 0));
    let error = place.clean(&typed, &log("rules = { unique = ['embedding'] }")?, &[]).err().ok_or("taken")?;
    assert_eq!(error.to_string(), "schema.rules.unique: embedding: name typed columns that are no vectors");
    Ok(())
}
