//! Properties of any file: nothing panics, the counts add up, and the log that comes out is well formed.

use proptest::collection::vec;
use proptest::prelude::*;
use slatewise_data::{ImpressionLog, LoadedLog, load_reader};

use crate::shop::{HEADER, source};

/// A cell that is often sound, often not, and sometimes breaks the line.
fn cell(sound: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        20 => prop::sample::select(sound).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::sample::select(&["", " ", "\"", "\"\"", "-1", "1e9", "x;", "\n", "\r", "\u{202e}", "99"][..])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ]
}

/// The cells of one row, in the order of the header.
fn cells() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let cells = [
        &["v1", "v2", "v3", "\"v4\"", "v5 "][..],
        &["1", "2", "3", "4"],
        &["2008"],
        &["4", "5"],
        &["1", "2", "30", "31"],
        &["29", "9", ""],
        &["1", "2"],
        &["1", "2"],
        &["A1", "A2", "A3", "B1"],
        &["1", "2", "6"],
        &["red", "blue", ""],
        &["20", "30.5"],
        &["0", "1"],
        &[""],
    ];
    Vec::from(cells.map(cell))
}

/// The file of some rows.
fn file(rows: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let lines: Vec<Vec<u8>> = rows.iter().map(|cells| cells.join(&b';')).collect();
    [HEADER.as_bytes(), &lines.join(&b'\n')].concat()
}

/// Everything that the types promise of a log.
fn check_log(log: &ImpressionLog) {
    let catalogue = &log.catalogue;
    assert!(log.session_day.is_sorted());
    assert_eq!(log.session_ids.len(), log.sessions());
    assert_eq!(
        (log.session_offset.len(), log.session_offset[log.sessions()] as usize),
        (log.sessions() + 1, log.slates())
    );
    assert_eq!(
        (log.slate_offset.len(), log.slate_offset[log.slates()] as usize),
        (log.slates() + 1, log.impressions())
    );
    let mut next = 0;
    for session in 0..log.sessions() as u32 {
        assert!(!log.slates_of(session).is_empty());
        for slate in log.slates_of(session) {
            assert_eq!(log.session_of(slate), session);
            let range = log.impressions_of(slate);
            assert_eq!(range.start, next, "slates part the impressions");
            next = range.end;
            let listing = &catalogue.listings[log.slate_listing[slate as usize] as usize];
            assert!(log.rows_of(slate).map(|row| row.item).eq(listing.items.iter().copied()));
            assert!(log.rows_of(slate).map(|row| row.position).is_sorted());
            let clicked: Vec<u32> = log.rows_of(slate).filter(|row| row.click).map(|row| row.item).collect();
            assert_eq!(clicked, [log.slate_choice[slate as usize]]);
            assert!(range.clone().all(|row| log.slate_of(row) == slate));
        }
    }
    assert_eq!(next as usize, log.impressions());
    assert!(log.rows_in(&(0..log.sessions() as u32)).eq((0..next).map(|row| log.impression(row))));
    for context in &log.context {
        assert!(context.code.iter().all(|&code| (code as usize) < context.values.len()));
    }
    let placed: usize = catalogue.listings.iter().map(|listing| listing.items.len()).sum();
    assert_eq!(placed, catalogue.len());
    assert!(catalogue.price.iter().all(|&price| price > 0.0 && price.is_finite()));
    assert!((0..catalogue.len() as u32).all(|item| catalogue.item(&catalogue.item_ids[item as usize]) == Some(item)));
}

fn check_counts(loaded: &LoadedLog) {
    let LoadedLog { log, cleaning, quarantine, .. } = loaded;
    assert!(cleaning.adds_up(), "{cleaning:?}");
    assert_eq!(cleaning.rows_quarantined(), quarantine.rows.len() as u64);
    assert!(quarantine.rows.is_sorted_by(|a, b| a.line < b.line), "each line is set aside once");
    assert_eq!((cleaning.rows_kept, cleaning.impressions), (log.slates() as u64, log.impressions() as u64));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..400), packed in any::<bool>()) {
        let bytes = if packed { [&b"\x1f\x8b\x08\x00"[..], &bytes].concat() } else { bytes };
        if let Err(error) = load_reader(bytes.as_slice(), &source()) {
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn counts_add_up_and_the_log_is_well_formed(rows in vec(cells(), 1..60), share in 0.3..1.4_f64) {
        let mut source = source();
        source.sessions_share = share.min(1.0);
        match load_reader(file(&rows).as_slice(), &source) {
            Ok(loaded) => {
                check_counts(&loaded);
                check_log(&loaded.log);
            }
            Err(error) => prop_assert_eq!(error.to_string().lines().count(), 1),
        }
    }

    #[test]
    fn the_catalogue_does_not_depend_on_the_order_of_rows(mut rows in vec(cells(), 1..40)) {
        // Each row is one line, and none repeats another's place in its session.
        for (order, row) in rows.iter_mut().enumerate() {
            row[1] = order.to_string().into_bytes();
            row.iter_mut().for_each(|cell| cell.retain(|&byte| byte != b'\n'));
        }
        let forward = load_reader(file(&rows).as_slice(), &source());
        rows.reverse();
        let backward = load_reader(file(&rows).as_slice(), &source());
        prop_assert_eq!(forward.is_ok(), backward.is_ok());
        if let (Ok(forward), Ok(backward)) = (forward, backward) {
            prop_assert_eq!(forward.log.catalogue, backward.log.catalogue);
            prop_assert_eq!(forward.cleaning, backward.cleaning);
        }
    }
}
