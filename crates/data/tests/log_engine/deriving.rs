//! Derived columns, each beside a table computed by hand.

use slatewise_data::log::engine::DeriveSpec;
use slatewise_data::log::schema::{Role, TypedSchema};

use super::rows::{Cells, Outcome, Place, boolean, line, log, seconds, text};

fn derive(place: &Place, clean: &TypedSchema, spec: &str) -> Outcome<TypedSchema> {
    let spec: DeriveSpec = toml::from_str(spec)?;
    Ok(place.engine.derive(&place.path("clean.parquet"), clean, &spec, &place.path("derived.parquet"))?)
}

/// ```text
/// row    0   1   2   3   4   5   6   7
/// user   a   a   b   a   a   -   a   b        5 has no user
/// item   p   q   r   s   -   t   u   v        4 has no item
/// time   10  10  11  20  30  31  40.5 50
/// click  1   0   1   0   1   1   0   0
/// order  0   0   1   1   0   0   0   0
/// ```
fn shop(place: &Place) -> Outcome<TypedSchema> {
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("user", Role::User, text("a a b a a - a b")),
            ("item", Role::Item, text("p q r s - t u v")),
            ("time", Role::Time, seconds("10 10 11 20 30 31 40.5 50")),
            ("click", Role::Feedback, boolean("1 0 1 0 1 1 0 0")),
            ("order", Role::Feedback, boolean("0 0 1 1 0 0 0 0")),
        ],
    )?;
    Ok(place.clean(&typed, &log("")?, &[])?.0)
}

#[test]
fn a_history_holds_the_last_events_before_a_row_and_none_of_its_own_time() -> Outcome {
    let place = Place::new()?;
    let clean = shop(&place)?;
    let spec = "[[history]]\nby = 'user'\nof = 'item'\nlast = 2\nages = true\nkinds = true";
    let schema = derive(&place, &clean, spec)?;
    let derived = place.path("derived.parquet");
    // a: rows 0 and 1 share a time and see nothing; 3 sees q (the later row of time 10), then p; 4 sees s, q; 6 sees s, q
    // again, because 4 has no item; 5 has no user; b: 7 sees r.
    assert_eq!(line(&derived, "user_item_1")?, "- - - q s - s r");
    assert_eq!(line(&derived, "user_item_2")?, "- - - p q - q -");
    assert_eq!(line(&derived, "user_item_1_age")?, "- - - 10.0 10.0 - 20.5 39.0");
    assert_eq!(line(&derived, "user_item_2_age")?, "- - - 10.0 20.0 - 30.5 -");
    assert_eq!(line(&derived, "user_item_1_feedback")?, "- - - - order - order order");
    assert_eq!(line(&derived, "user_item_2_feedback")?, "- - - click - - - -");
    assert_eq!(schema.columns.len(), clean.columns.len() + 6);
    assert_eq!(line(&derived, "_row")?, "0 1 2 3 4 5 6 7");
    Ok(())
}

#[test]
fn a_history_of_clicks_remembers_clicks_alone() -> Outcome {
    let place = Place::new()?;
    let clean = shop(&place)?;
    let spec = "[[history]]\nby = 'user'\nof = 'item'\nlast = 3\nfeedback = ['click']\nkinds = true\nname = 'clicked'";
    derive(&place, &clean, spec)?;
    let derived = place.path("derived.parquet");
    assert_eq!(line(&derived, "clicked_1")?, "- - - p p - p r");
    assert_eq!(line(&derived, "clicked_1_feedback")?, "- - - click click - click click");
    assert_eq!(line(&derived, "clicked_2")?, "- - - - - - - -");
    Ok(())
}

#[test]
fn recency_counts_rows_at_earlier_times() -> Outcome {
    let place = Place::new()?;
    let clean = shop(&place)?;
    derive(&place, &clean, "[[recency]]\nby = 'user'")?;
    let derived = place.path("derived.parquet");
    assert_eq!(line(&derived, "user_rows_before")?, "0 0 0 2 3 - 4 1");
    assert_eq!(line(&derived, "user_since_last")?, "- - - 10.0 10.0 - 10.5 39.0");
    Ok(())
}

#[test]
fn a_window_counts_the_days_before_a_rows_own_day() -> Outcome {
    let place = Place::new()?;
    // Days of item x: 0 0 1 3 3 9, of y: 3; the row of day 1 at its last second. Before 1970 a day is rounded down: z at −1 s
    // lies on day −1, and is past on day 0.
    let day = 86_400_i64;
    let times = [-1, 0, 10, 2 * day - 1, 3 * day, 3 * day, 3 * day + 5, 9 * day, 0].map(|time| Some(time * 1_000_000));
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("item", Role::Item, text("z x x x x y x x z")),
            ("surface", Role::Surface, text("m m n m m m n m n")),
            ("time", Role::Time, Cells::Time(times.to_vec())),
            ("click", Role::Feedback, boolean("1 1 - 1 0 1 1 1 0")),
        ],
    )?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let spec =
        "[[window]]\nby = 'item'\ndays = 2\nfeedback = ['click']\n[[window]]\nby = ['item', 'surface']\ndays = 6";
    derive(&place, &clean, spec)?;
    let derived = place.path("derived.parquet");
    // In the order of time: z(−1)  x(0)  z(0)  x(0)  x(1)  x(3)  y(3)  x(3)  x(9)
    assert_eq!(line(&derived, "_row")?, "0 1 8 2 3 4 5 6 7");
    assert_eq!(line(&derived, "item_2d_rows")?, "0 0 1 0 2 1 0 1 0");
    assert_eq!(line(&derived, "item_2d_click")?, "0 0 1 0 1 1 0 1 0");
    assert_eq!(line(&derived, "item_2d_click_rate")?, "- - 1.0 - 0.5 1.0 - 1.0 -");
    // By surface: x on m had days 0, 1, 3; on day 9 the six days before are 3 to 8. z had m on day −1 and is on n on day 0.
    assert_eq!(line(&derived, "item_surface_6d_rows")?, "0 0 0 0 1 2 0 1 1");
    Ok(())
}

#[test]
fn without_a_time_the_order_of_the_rows_is_the_clock() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed(
        "typed.parquet",
        vec![("user", Role::User, text("a b a a b")), ("item", Role::Item, text("p q r s t"))],
    )?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    derive(&place, &clean, "[[history]]\nby = 'user'\nof = 'item'\nlast = 2")?;
    assert_eq!(line(&place.path("derived.parquet"), "user_item_1")?, "- - p r q");
    assert_eq!(line(&place.path("derived.parquet"), "user_item_2")?, "- - - p -");
    Ok(())
}

#[test]
fn rows_without_a_time_have_no_past_and_are_in_nobodys() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("user", Role::User, text("a a a")),
            ("item", Role::Item, text("p q r")),
            ("time", Role::Time, seconds("5 - 6")),
        ],
    )?;
    let clean = place.clean(&typed, &log("")?, &[])?.0;
    let spec =
        "[[history]]\nby = 'user'\nof = 'item'\nlast = 2\n[[recency]]\nby = 'user'\n[[window]]\nby = 'user'\ndays = 1";
    derive(&place, &clean, spec)?;
    let derived = place.path("derived.parquet");
    assert_eq!(line(&derived, "item")?, "q p r");
    assert_eq!(line(&derived, "user_item_1")?, "- - p");
    assert_eq!(line(&derived, "user_rows_before")?, "- 0 1");
    assert_eq!(line(&derived, "user_1d_rows")?, "- 0 0");
    Ok(())
}

#[test]
fn nothing_declared_adds_nothing_and_what_cannot_be_derived_names_its_key() -> Outcome {
    let place = Place::new()?;
    let clean = shop(&place)?;
    assert_eq!(derive(&place, &clean, "")?, clean);
    assert_eq!(line(&place.path("derived.parquet"), "item")?, "p q r s - t u v");
    for (spec, says) in [
        ("[[history]]\nby = 'usr'\nof = 'item'\nlast = 1", "derive.history[0].by: usr: there is no such column"),
        ("[[history]]\nby = 'user'\nof = 'item'\nlast = 0", "derive.history[0].last: 0: give 1 to 1000"),
        (
            "[[history]]\nby = 'user'\nof = 'itm'\nlast = 1",
            "derive.history[0].of: itm: name a column of texts or whole numbers",
        ),
        (
            "[[window]]\nby = 'item'\ndays = 7\nfeedback = ['item']",
            "derive.window[0].feedback: item: name binary feedbacks of the schema",
        ),
        ("[[window]]\nby = []\ndays = 7", "derive.window[0].by: []: name at least one column"),
        (
            "[[recency]]\nby = 'user'\n[[recency]]\nby = 'user'",
            "derive: user_since_last: two columns would have this name; give one history another `name`, or leave one out",
        ),
    ] {
        let error = derive(&place, &clean, spec).err().ok_or("it was derived")?;
        assert_eq!(error.to_string(), says);
    }
    assert!(toml::from_str::<DeriveSpec>("[[window]]\nby = 'item'\nday = 7").is_err());
    Ok(())
}
