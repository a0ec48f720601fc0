//! Side tables.

use slatewise_data::log::engine::TypedTable;
use slatewise_data::log::schema::{Role, SideTable, TypedKind};

use super::rows::{Outcome, Place, integer, line, log, seconds, text};

fn table(name: &str, key: &str, on: &str) -> Outcome<SideTable> {
    Ok(toml::from_str(&format!("name = '{name}'\nfiles = []\nkey = '{key}'\non = '{on}'"))?)
}

#[test]
fn a_table_joins_by_its_first_row_per_key_and_counts_what_finds_no_partner() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed(
        "typed.parquet",
        vec![
            ("item", Role::Item, text("A1 B2 - A1 07 7")),
            ("time", Role::Time, seconds("6 5 4 3 2 1")),
            ("user", Role::User, text("9 9 8 8 8 7")),
        ],
    )?;
    let side = place.typed(
        "items.parquet",
        vec![
            ("sku", Role::Other, text("A1 C3 A1 7 -")),
            ("Colour", Role::Other, text("red green blue - black")),
            ("stock", Role::Other, integer("1 2 3 4 5")),
        ],
    )?;
    let users = place
        .typed("users.parquet", vec![("id", Role::Other, integer("8 9")), ("age", Role::Other, integer("30 40"))])?;
    let (items, people) = (table("items", "sku", "item")?, table("users", "id", "user")?);
    let (items_path, users_path) = (place.path("items.parquet"), place.path("users.parquet"));
    let tables = [
        TypedTable { spec: &items, rows: &items_path, schema: &side },
        TypedTable { spec: &people, rows: &users_path, schema: &users },
    ];
    let (schema, counts, _) = place.clean(&typed, &log("")?, &tables)?;
    let clean = place.path("clean.parquet");
    // By time the rows are 5 (item 7), 4 (07), 3 (A1), 2 (none), 1 (B2), 0 (A1): 07 is not 7.
    assert_eq!(line(&clean, "_row")?, "5 4 3 2 1 0");
    assert_eq!(line(&clean, "items.Colour")?, "- - red - - red");
    assert_eq!(line(&clean, "items.stock")?, "4 - 1 - - 1");
    assert_eq!(line(&clean, "users.age")?, "- 30 30 30 40 40");
    assert_eq!((counts.unmatched["items"], counts.repeated_keys["items"]), (3, 1));
    assert_eq!((counts.unmatched["users"], counts.repeated_keys["users"]), (1, 0));
    let joined: Vec<_> =
        schema.columns[3..].iter().map(|column| (column.name.as_str(), &column.role, column.kind)).collect();
    assert_eq!(
        joined,
        [
            ("items.Colour", &Role::ItemAttribute, TypedKind::Text),
            ("items.stock", &Role::ItemAttribute, TypedKind::Integer),
            ("users.age", &Role::Context, TypedKind::Integer),
        ]
    );
    Ok(())
}

#[test]
fn a_table_without_its_key_or_partner_is_refused() -> Outcome {
    let place = Place::new()?;
    let typed = place.typed("typed.parquet", vec![("item", Role::Item, text("A1"))])?;
    let side = place.typed("items.parquet", vec![("sku", Role::Other, text("A1"))])?;
    let rows = place.path("items.parquet");
    for (key, on, says) in [
        ("id", "item", "schema.tables.items.key: id: name a column of the table"),
        ("sku", "itme", "schema.tables.items.on: itme: name a typed column of the log: item"),
    ] {
        let spec = table("items", key, on)?;
        let tables = [TypedTable { spec: &spec, rows: &rows, schema: &side }];
        let error = place.clean(&typed, &log("")?, &tables).err().ok_or("it was joined")?;
        assert_eq!(error.to_string(), says);
    }
    Ok(())
}
