//! The log that ships with the repository: its counts, its one contradiction, and the figures that its README states.

use std::collections::BTreeSet;
use std::path::Path;

use slatewise_data::{
    Day, Label, LoadedLog, LogSource, Mask, Repair, RepairCount, SplitConfig, TaskSet, TaskSpec, artefact, load,
};

type Checked = Result<(), Box<dyn std::error::Error>>;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/eshop_clickstream");

const MAPPING: &str = r#"
path = "clicks.csv.gz"
sha256 = "52e799b8845398f7928465d74e7d1838e7b7a7ec36caf6665d045538a277bf13"
[schema]
delimiter = ";"
session = "session ID"
order = "order"
date = { year = "year", month = "month", day = "day" }
item = "page 2 (clothing model)"
position = "location"
listing = ["page 1 (main category)", "page"]
surface = "page 1 (main category)"
surface_names = { 1 = "trousers", 2 = "skirts", 3 = "blouses", 4 = "sale" }
price = "price"
premium = { column = "price 2", yes = "1" }
item_attributes = ["page 1 (main category)", "colour", "model photography"]
context = ["country"]
[rules.ranges]
order = { min = 1, max = 1000 }
country = { min = 1, max = 47 }
location = { min = 1, max = 6 }
"#;

fn load_shipped(share: f64) -> Result<LoadedLog, Box<dyn std::error::Error>> {
    let mut source: LogSource = toml::from_str(MAPPING)?;
    source.path = Path::new(FOLDER).join(source.path);
    source.sessions_share = share;
    Ok(load(&source)?)
}

#[test]
fn all_rows_are_kept_and_one_is_repaired() -> Checked {
    let LoadedLog { log, cleaning, quarantine, sha256 } = load_shipped(1.0)?;
    assert_eq!(sha256, artefact::sha256_file(Path::new(FOLDER).join("clicks.csv.gz"))?);
    assert_eq!((cleaning.rows_read, cleaning.rows_kept, cleaning.duplicates_dropped), (165_474, 165_474, 0));
    assert!(quarantine.rows.is_empty());
    let category = RepairCount { column: "page 1 (main category)".to_owned(), repair: Repair::ItemMajority, rows: 1 };
    assert_eq!(cleaning.repaired, [category], "one click on A18 names the category of skirts");
    assert_eq!((cleaning.sessions, cleaning.items, cleaning.listings), (24_026, 217, 14));
    assert_eq!((cleaning.first_day, cleaning.last_day), (Some("2008-04-01".parse()?), Some("2008-08-13".parse()?)));
    // Without the repair A18 would stand on two pages, and there would be 2,837,370.
    assert_eq!((cleaning.impressions, log.impressions()), (2_813_780, 2_813_780));
    Ok(())
}

#[test]
fn the_catalogue_is_the_shops() -> Checked {
    let catalogue = load_shipped(1.0)?.log.catalogue;
    let listings: Vec<(&str, usize)> = catalogue.listings.iter().map(|l| (l.name.as_str(), l.items.len())).collect();
    let sizes = [
        ("1/1", 18),
        ("1/2", 18),
        ("1/3", 7),
        ("2/1", 17),
        ("2/2", 16),
        ("3/1", 18),
        ("3/2", 18),
        ("3/3", 18),
        ("3/4", 5),
        ("4/1", 18),
        ("4/2", 18),
        ("4/3", 17),
        ("4/4", 19),
        ("4/5", 10),
    ];
    assert_eq!(listings, sizes);
    assert_eq!(catalogue.surfaces, ["trousers", "skirts", "blouses", "sale"]);
    assert_eq!(catalogue.premium.iter().filter(|&&premium| premium).count(), 106);
    let a18 = catalogue.item("A18").ok_or("A18 is missing")?;
    assert_eq!(catalogue.listings[catalogue.listing_of[a18 as usize] as usize].name, "1/1");
    assert!(catalogue.position_of.iter().all(|position| (1..=6).contains(position)));
    assert_eq!(catalogue.price.iter().copied().fold(f32::MAX, f32::min), 18.0);
    assert_eq!(catalogue.price.iter().copied().fold(f32::MIN, f32::max), 82.0);
    Ok(())
}

#[test]
fn no_product_is_first_clicked_in_the_test_period() -> Checked {
    let log = load_shipped(1.0)?.log;
    let days = SplitConfig { validation_from: "2008-07-01".parse()?, test_from: "2008-07-16".parse()? };
    let split = days.split(&log)?;
    assert!(split.is_chronological(&log));
    assert_eq!(split.parts().map(|(_, sessions)| sessions.len()), [17_031, 2_446, 4_549]);
    let clicked_in_train: BTreeSet<u32> =
        split.train.clone().flat_map(|session| log.choices_of(session)).copied().collect();
    assert_eq!(clicked_in_train.len(), 217);
    Ok(())
}

#[test]
fn the_labels_have_the_shares_that_the_readme_states() -> Checked {
    let log = load_shipped(1.0)?.log;
    let specs = [
        TaskSpec::new("click", Label::Click, Mask::All),
        TaskSpec { surfaces: vec!["sale".into()], ..TaskSpec::new("sale_click", Label::Click, Mask::All) },
        TaskSpec::new("continues", Label::SessionContinues, Mask::Clicked),
        TaskSpec::new("premium_next", Label::NextPremium, Mask::ClickedAndContinues),
        TaskSpec::new("next_item", Label::NextItem, Mask::ClickedAndContinues),
    ];
    let tasks = TaskSet::resolve(&specs, &log.catalogue)?;
    let mut rows = [0_u64; 5];
    let mut sums = [0_f64; 5];
    for row in log.rows_in(&(0..log.sessions() as u32)) {
        for task in 0..tasks.count() {
            if let Some(label) = tasks.label(task, &log, &row) {
                rows[task] += 1;
                sums[task] += f64::from(label);
            }
        }
    }
    assert_eq!(rows, [2_813_780, 673_594, 165_474, 141_448, 141_448]);
    assert_eq!([sums[0], sums[1], sums[2], sums[3]], [165_474.0, 38_747.0, 141_448.0, 72_566.0]);
    Ok(())
}

#[test]
fn a_slice_is_the_same_everywhere() -> Checked {
    let LoadedLog { log, cleaning, .. } = load_shipped(0.1)?;
    assert_eq!((cleaning.rows_read, cleaning.sessions), (165_474, 2_418));
    assert_eq!((log.slates(), cleaning.rows_left_out), (16_412, 165_474 - 16_412));
    assert_eq!(cleaning.first_day, Day::from_civil(2008, 4, 1));
    Ok(())
}
