//! Each repair on a log of a few lines: which value wins, and how often it is counted.

use slatewise_data::{Error, LoadedLog, Repair, load_reader};

use crate::shop::{HEADER, load, sound_rows, source};

fn repairs(loaded: &LoadedLog) -> Vec<(&str, Repair, u64)> {
    loaded.cleaning.repaired.iter().map(|count| (count.column.as_str(), count.repair, count.rows)).collect()
}

#[test]
fn an_item_is_settled_by_the_majority_of_its_rows() -> Result<(), Error> {
    // A1 is red on page 1/1 for 20, but for one row each.
    let rows = "v3;1;2008;4;3;29;2;1;A1;1;red;20;0;\nv3;2;2008;4;3;29;1;1;A1;2;red;25;0;\nv3;3;2008;4;3;29;1;1;A1;1;;20;0;\nv3;4;2008;4;3;29;1;1;A1;1;blue;20;1;\n";
    let loaded = load(&[&sound_rows(), rows].concat())?;
    let catalogue = &loaded.log.catalogue;
    assert_eq!(catalogue.item("A1"), Some(0));
    assert_eq!((catalogue.price[0], catalogue.premium[0], catalogue.position_of[0]), (20.0, false, 1));
    assert_eq!((catalogue.listings[0].name.as_str(), catalogue.listing_of[0]), ("1/1", 0));
    assert_eq!(
        catalogue.attribute("colour").map(|colour| colour.values[colour.code[0] as usize].as_str()),
        Some("red")
    );
    let one_each = ["kind", "place", "price", "dear"].map(|column| (column, Repair::ItemMajority, 1));
    assert_eq!(repairs(&loaded)[..4], one_each);
    assert_eq!(repairs(&loaded)[4], ("colour", Repair::ItemMajority, 2));
    assert_eq!(loaded.cleaning.cells_repaired(), 6);
    Ok(())
}

#[test]
fn of_equally_common_values_the_lowest_wins() -> Result<(), Error> {
    let loaded = load("v1;1;2008;4;3;29;1;10;A1;1;red;100;1;\nv1;2;2008;4;3;29;1;9;A1;1;blue;99;1;\n")?;
    let catalogue = &loaded.log.catalogue;
    assert_eq!((catalogue.price[0], catalogue.listings.len(), catalogue.listings[0].name.as_str()), (99.0, 1, "1/9"));
    assert_eq!(catalogue.attributes[0].values, ["blue"]);
    Ok(())
}

#[test]
fn the_columns_of_a_listing_are_settled_together() -> Result<(), Error> {
    // Column by column, 1/1 and 2/2 and 2/3 would give 2/1, a page that no row names; together all three are as common, and 1/1 is the lowest.
    let loaded = load(
        "v1;1;2008;4;3;29;1;1;A1;1;red;9;1;\nv1;2;2008;4;3;29;2;2;A1;1;red;9;1;\nv1;3;2008;4;3;29;2;3;A1;1;red;9;1;\n",
    )?;
    assert_eq!(loaded.log.catalogue.listings[0].name, "1/1");
    assert_eq!(repairs(&loaded), [("kind", Repair::ItemMajority, 2), ("page", Repair::ItemMajority, 2)]);
    Ok(())
}

#[test]
fn a_listing_has_one_surface_and_a_session_one_context() -> Result<(), Error> {
    let mut source = source();
    source.schema.listing = vec!["page".to_owned()];
    let rows = "v1;1;2008;4;3;29;1;1;A1;1;red;9;1;\nv1;2;2008;4;3;;1;1;A2;1;red;9;1;\nv1;3;2008;4;3;29;2;1;A3;1;red;9;1;\nv1;4;2008;4;3;30;1;1;A3;1;red;9;1;\n";
    let loaded = load_reader([HEADER, rows].concat().as_bytes(), &source)?;
    assert_eq!(
        (loaded.log.catalogue.surfaces.as_slice(), loaded.log.context[0].values.as_slice()),
        (&["tops".to_owned()][..], &["29".to_owned()][..])
    );
    assert_eq!(repairs(&loaded), [("kind", Repair::ListingMajority, 1), ("land", Repair::SessionMajority, 2)]);
    Ok(())
}

#[test]
fn white_space_around_a_value_is_cut_off_and_counted() -> Result<(), Error> {
    let loaded = load(&sound_rows().replace(";A1;", "; A1\t;").replace(";20;", "; 20;"))?;
    assert_eq!(loaded.log.catalogue.item_ids, ["A1", "A2", "A3", "B1"]);
    assert_eq!(repairs(&loaded), [("item", Repair::TrimmedSpace, 2), ("price", Repair::TrimmedSpace, 2)]);
    Ok(())
}
