//! The ready-made mappings, each against a few made-up rows in the public format: exact typed rows, exact counts.
#![cfg(feature = "engine")]

mod log;

use std::error::Error;
use std::path::Path;

use slatewise_data::log::Schema;
use slatewise_data::log::ingest::{IngestOptions, ingest};

use log::{Outcome, Tested, outcome};

/// Reads a fixture by its mapping, as on 2024-01-01.
fn preset(name: &str) -> Result<Outcome, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(format!("../../configs/schemas/{name}.toml")))?;
    let mut config: toml::Table = toml::from_str(&text)?;
    assert_eq!(config.keys().collect::<Vec<_>>(), ["schema"]);
    let mut schema: Schema = config.remove("schema").ok_or("no [schema]")?.try_into()?;
    schema.resolve_from(&root.join("tests/fixtures").join(name));
    let folder = tempfile::tempdir()?;
    let options = IngestOptions { key: None, now_microseconds: 1_704_067_200_000_000, seed: 0, only: None };
    let ingested = ingest(&schema, &options, folder.path())?;
    outcome(folder, ingested)
}

/// The quarantine without the folder of the fixtures.
fn set_aside(outcome: &Outcome) -> Vec<String> {
    let name = |line: &String| line.rsplit_once("/fixtures/").map_or(line.clone(), |(_, rest)| rest.to_owned());
    outcome.quarantine.iter().map(name).collect()
}

#[test]
fn movielens_1m() -> Tested {
    let outcome = preset("movielens_1m")?;
    assert_eq!(outcome.columns, ["user", "item", "time", "like", "rating"]);
    assert_eq!(
        outcome.rows,
        ["1|1193|978300760000000|1|5.0", "1|661|978302109000000|0|3.0", "2|1193|978298413000000|1|4.0"]
    );
    assert_eq!(outcome.ingested, ["1|F|1|10", "2|M|56|16", "661|Animation|Children's|Musical", "1193|Drama|_|_"]);
    let found = set_aside(&outcome);
    assert_eq!(found[0], "movielens_1m/ratings.dat,4,rating,6,out_of_range,above 5");
    assert!(found[1].starts_with("movielens_1m/movies.dat,3,,") && found[1].contains(",invalid_utf8,"), "{found:?}");
    assert_eq!((outcome.counts.rows_read, outcome.counts.rows_quarantined(), found.len()), (4, 1, 2));
    Ok(())
}

#[test]
fn movielens_32m() -> Tested {
    let outcome = preset("movielens_32m")?;
    assert_eq!(outcome.columns, ["user", "item", "time", "like", "rating"]);
    assert_eq!(
        outcome.rows,
        ["1|17|944249077000000|1|4.0", "1|25|944250228000000|0|1.0", "2|17|1700000000000000|0|0.5"]
    );
    assert_eq!(outcome.ingested, ["17|Drama|Romance|_", "25|_|_|_"]);
    assert_eq!(set_aside(&outcome), ["movielens_32m/ratings.csv,5,rating,5.5,out_of_range,above 5"]);
    Ok(())
}

#[test]
fn kuairand() -> Tested {
    let outcome = preset("kuairand")?;
    assert_eq!(
        outcome.columns.join(" "),
        "user item time surface click like follow comment forward hate long_view profile_enter \
         play_time_ms duration_ms profile_stay_time comment_stay_time is_rand"
    );
    assert_eq!(
        outcome.rows,
        [
            "0|4029|1650278431027000|1|1|0|0|0|0|0|1|0|89700|101840|0|0|0",
            "0|7|1650278431999000|1|0|0|0|0|0|0|0|0|0|8000|0|0|0",
            "3|4029|1651366801000000|4|1|1|0|0|0|0|0|1|300|101840|10|0|1",
        ]
    );
    assert_eq!(
        outcome.ingested,
        [
            "0|full_active|0|0|(0,10]|0|0|107",
            "3|high_active|0|1|(250,500]|[1,10)|[1,5)|327",
            "7|9|NORMAL|LongImport|8000.0|9.0|12",
            "4029|2|AD|ShortImport|_|4.0|3,12",
        ]
    );
    assert_eq!(
        set_aside(&outcome),
        ["kuairand/log_standard_4_22_to_5_08_pure.csv,2,play_time_ms,-1,out_of_range,below 0"]
    );
    Ok(())
}

#[test]
fn mind() -> Tested {
    let outcome = preset("mind")?;
    assert_eq!(outcome.columns, ["user", "item", "session", "time", "click"]);
    assert_eq!(
        outcome.rows,
        [
            "U13740|N55689|1|1573463158000000|1",
            "U13740|N35729|1|1573463158000000|0",
            "U91836|N20678|2|1573582290000000|0",
            "U91836|N39317|2|1573582290000000|0",
            "U91836|N55689|2|1573582290000000|1",
        ]
    );
    assert_eq!(outcome.ingested, ["N55689|sports|football_nfl", "N35729|news|newsus"]);
    assert_eq!(
        set_aside(&outcome),
        ["mind/behaviors.tsv,3,time,11/14/2019 7:01:48,unparsable_time,not of the format schema.time.format"]
    );
    assert_eq!((outcome.counts.lines, outcome.counts.rows_read), (3, 6));
    Ok(())
}

#[test]
fn retailrocket() -> Tested {
    let outcome = preset("retailrocket")?;
    assert_eq!(outcome.columns, ["user", "item", "time", "view", "cart", "purchase"]);
    assert_eq!(
        outcome.rows,
        [
            "257597|355908|1433221332117000|1|0|0",
            "992329|248676|1433224214164000|0|1|0",
            "599528|356475|1433222276276000|0|0|1",
        ]
    );
    assert_eq!(outcome.ingested, ["355908|1338", "248676|1114", "355908|1400"]);
    assert_eq!(
        set_aside(&outcome),
        ["retailrocket/events.csv,5,event,refund,bad_label,not one of the declared values"]
    );
    Ok(())
}

#[test]
fn otto() -> Tested {
    let outcome = preset("otto")?;
    assert_eq!(outcome.columns, ["item", "session", "time", "click", "cart", "order"]);
    assert_eq!(
        outcome.rows,
        ["1517085|12|1659304800025000|1|0|0", "1649869|12|1659304904511000|0|1|0", "1649869|13|1659369893840000|0|0|1",]
    );
    assert_eq!(
        set_aside(&outcome),
        ["otto/otto-recsys-train.jsonl,2,events.type,likes,bad_label,not one of the declared values"]
    );
    assert_eq!((outcome.counts.lines, outcome.counts.rows_read), (2, 4));
    Ok(())
}

#[test]
fn ali_ccp() -> Tested {
    let outcome = preset("ali_ccp")?;
    assert_eq!(
        outcome.columns.join(" "),
        "item surface click purchase common features.206 features.207 features.216 features.508 features.509 \
         features.702 features.853"
    );
    assert_eq!(
        outcome.rows,
        [
            "4216|9351665|0|0|bacff91692951881|8316|9129|9342395|9355|_|_|_",
            "4217|9351665|1|0|bacff91692951881|_|_|_|_|_|_|_",
            "4218|9351666|1|1|0000f91692951881|_|_|_|_|_|_|_",
        ]
    );
    assert_eq!(
        outcome.ingested,
        ["bacff91692951881|31319|3438658|_|_|_|_|_|_|_", "84dceed2e3a667f8|31319|_|_|_|_|_|3864885|_|_"]
    );
    assert_eq!(
        set_aside(&outcome),
        ["ali_ccp/sample_skeleton_train.csv,3,buy,1,impossible_combination,purchase without click"]
    );
    Ok(())
}

#[test]
fn open_bandit() -> Tested {
    let outcome = preset("open_bandit")?;
    assert_eq!(
        outcome.columns.join(" "),
        "item time position propensity click user_feature_0 user_feature_1 user_feature_2 user_feature_3 \
         user-item_affinity_0 user-item_affinity_1"
    );
    assert_eq!(
        outcome.rows,
        [
            "14|1574553793442536|3|0.029411764705882353|0|aa|bb|cc|dd|0.0|1.0",
            "2|1574553816705207|1|0.5|1|aa|bb|cc|ee|0.0|0.0",
        ]
    );
    assert_eq!(outcome.ingested, ["14|-0.5|f1|f2|f3", "2|0.25|g1|g2|g3"]);
    assert_eq!(set_aside(&outcome), ["open_bandit/men.csv,4,propensity_score,0.0,out_of_range,not above 0"]);
    Ok(())
}

#[test]
fn criteo() -> Tested {
    let outcome = preset("criteo")?;
    assert_eq!(outcome.columns.len(), 40);
    assert_eq!((&*outcome.columns[0], &*outcome.columns[13], &*outcome.columns[39]), ("click", "I13", "C26"));
    let first = (0..26).map(|at| format!("68fd1e{at:02}")).collect::<Vec<_>>().join("|");
    let second = (0..25).map(|at| format!("287e68{at:02}")).collect::<Vec<_>>().join("|");
    assert_eq!(
        outcome.rows,
        [
            format!("0|1|1|5|0|1382|4|15|2|181|1|2|_|2|{first}"),
            format!("1|_|-1|_|_|767|89|4|2|245|_|3|3|45|{second}|_"),
        ]
    );
    assert_eq!(set_aside(&outcome), ["criteo/train.txt,3,label,2,bad_label,neither yes nor no"]);
    Ok(())
}
