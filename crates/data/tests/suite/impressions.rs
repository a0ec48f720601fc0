//! Sessions, slates and impressions of the small shop, and its split by day.

use slatewise_data::{Day, Error, Impression, Split, SplitConfig};

use crate::shop::{load, row, sound_rows};

#[test]
fn a_click_becomes_the_slate_of_its_page() -> Result<(), Error> {
    let log = load(&sound_rows())?.log;
    let catalogue = &log.catalogue;
    assert_eq!(catalogue.item_ids, ["A1", "A2", "A3", "B1"]);
    assert_eq!(catalogue.premium, [false, false, true, true]);
    assert_eq!(catalogue.surfaces, ["tops", "sale"]);
    assert_eq!(
        catalogue.listings.iter().map(|l| (l.name.as_str(), l.surface)).collect::<Vec<_>>(),
        [("1/1", 0), ("2/1", 1)]
    );
    assert_eq!((&catalogue.listings[0].items[..], &catalogue.listings[1].items[..]), (&[0, 1, 2][..], &[3][..]));
    assert_eq!((catalogue.surface_of(3), catalogue.item("B1"), catalogue.item("C9")), (1, Some(3), None));

    assert_eq!((log.sessions(), log.slates(), log.impressions()), (2, 5, 13));
    assert_eq!(log.slate_listing, [0, 0, 1, 0, 0]);
    assert_eq!((log.choices_of(0), log.choices_of(1)), (&[0, 2, 3][..], &[1, 0][..]));
    assert_eq!(log.item[..7], [0, 1, 2, 0, 1, 2, 3]);
    assert_eq!(log.position[..7], [1, 1, 2, 1, 1, 2, 1]);
    assert_eq!(log.click[..7], [true, false, false, false, false, true, true]);
    assert_eq!(log.propensity, None);
    let last = Impression { session: 1, slate: 4, item: 2, position: 2, click: false };
    assert_eq!((log.impression(12), log.rows_of(4).last()), (last, Some(last)));
    Ok(())
}

#[test]
fn sessions_are_in_order_of_day_and_then_of_the_file_and_slates_in_theirs() -> Result<(), Error> {
    let rows = [
        row("late", 1, 9, "A1"),
        row("b", 2, 3, "A2"),
        row("a", 7, 3, "A3"),
        row("b", 1, 3, "B1"),
        row("a", 5, 3, "A1"),
    ];
    let log = load(&rows.concat())?.log;
    assert_eq!(log.session_ids, ["b", "a", "late"]);
    assert_eq!((log.choices_of(0), log.choices_of(1)), (&[3, 1][..], &[0, 2][..]));
    Ok(())
}

#[test]
fn a_session_over_midnight_begins_on_its_first_day() -> Result<(), Error> {
    let log = load(&[row("a", 1, 5, "A3"), row("b", 1, 4, "A1"), row("a", 2, 6, "A1")].concat())?.log;
    assert_eq!(log.session_ids, ["b", "a"]);
    assert_eq!(
        log.session_day.iter().map(|&day| Day::from_number(day).to_string()).collect::<Vec<_>>(),
        ["2008-04-04", "2008-04-05"]
    );
    Ok(())
}

fn days(validation_from: i8, test_from: i8) -> Option<SplitConfig> {
    let day = |day| Day::from_civil(2008, 4, day);
    Some(SplitConfig { validation_from: day(validation_from)?, test_from: day(test_from)? })
}

#[test]
fn a_split_is_by_day_and_covers_the_log() -> Result<(), Error> {
    let visits = [("A1", 1), ("A3", 1), ("A3", 2), ("A3", 4), ("A1", 4), ("A3", 6)];
    let rows = visits.iter().zip(0..).map(|(&(item, day), visit)| row(&format!("v{visit}"), 1, day, item));
    let log = load(&rows.collect::<String>())?.log;
    let split = |validation_from, test_from| {
        days(validation_from, test_from).map(|days| days.split(&log).map_err(|error| error.to_string()))
    };
    let sound = Split { train: 0..3, validation: 3..5, test: 5..6 };
    assert_eq!(split(3, 6), Some(Ok(sound.clone())));
    assert!(sound.is_chronological(&log));
    assert_eq!((log.slates_in(&sound.validation), log.impressions_in(&sound.validation)), (3..5, 6..10));
    assert_eq!(log.rows_in(&sound.validation).count(), 4);
    for torn in [
        Split { train: 0..4, validation: 4..5, test: 5..6 },
        Split { train: 0..3, validation: 3..5, test: 5..5 },
        Split { train: 1..3, validation: 3..5, test: 5..6 },
        Split { train: 0..2, validation: 3..5, test: 5..6 },
    ] {
        assert!(!torn.is_chronological(&log), "{torn:?}");
    }
    let message = |part, key| {
        Some(Err(format!(
            "{key}: the {part} part holds no session; the log's sessions begin on 2008-04-01 to 2008-04-06; move the day"
        )))
    };
    assert_eq!(split(1, 4), message("train", "split.validation_from = 2008-04-01"));
    assert_eq!(split(5, 6), message("validation", "split.validation_from = 2008-04-05"));
    assert_eq!(split(3, 7), message("test", "split.test_from = 2008-04-07"));
    assert_eq!(
        split(3, 3),
        Some(Err("split.test_from = 2008-04-03: must lie after split.validation_from = 2008-04-03".to_owned()))
    );
    Ok(())
}

#[test]
fn a_split_is_declared_by_two_days() -> Result<(), toml::de::Error> {
    let declared: SplitConfig = toml::from_str("validation_from = \"2008-04-03\"\ntest_from = \"2008-04-06\"")?;
    assert_eq!(Some(declared), days(3, 6));
    let message = toml::from_str::<SplitConfig>("validation_from = \"2008-04-31\"\ntest_from = \"2008-05-06\"")
        .map_err(|error| error.to_string());
    assert!(message.is_err_and(|text| text.contains("\"2008-04-31\" is not a day; write YYYY-MM-DD, in quotes")));
    Ok(())
}
