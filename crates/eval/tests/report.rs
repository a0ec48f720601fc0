//! What every rendering of a report must hold: undefined values by name, words escaped, nothing fetched, the same bytes each time.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use slatewise_eval::Interval;
use slatewise_eval::report::{
    Bar, BarPlot, Block, Callout, Cell, Column, Fact, Histogram, LinePlot, NumberFormat, Plot, ReliabilityPlot, Report,
    Section, Series, StackedBarPlot, Table,
};

const NAN: f64 = f64::NAN;
/// A name with markup, quotes and more letters than any label has room for.
const NASTY: &str = "<script>alert(\"x\")</script> & a very long name | that *goes* on and on, well beyond any label";

fn plots() -> Vec<Plot> {
    let decimals = NumberFormat::Decimals(2);
    let bin = |score: Option<f64>| slatewise_eval::prediction::ReliabilityBin {
        lower: 0.0,
        upper: 1.0,
        count: score.map_or(0.0, |_| 3.0),
        mean_score: score,
        positive_rate: score,
    };
    vec![
        LinePlot::new(NASTY, NASTY, NASTY)
            .series(Series::new(NASTY, vec![(1.0, 0.5), (2.0, NAN), (3.0, 0.7), (4.0, 0.8)]).band(vec![(0.4, 0.6); 4]))
            .series(Series::new("lone", vec![(2.0, 0.6)]).band(vec![(NAN, NAN)]))
            .series(Series::new("empty", vec![]))
            .into(),
        LinePlot::new("nothing", "x", "y").into(),
        LinePlot::new("undefined", "x", "y").series(Series::new("a", vec![(NAN, NAN), (1.0, f64::INFINITY)])).into(),
        ReliabilityPlot::new(NASTY).task(NASTY, vec![bin(None), bin(Some(0.3))]).task("empty", vec![]).into(),
        ReliabilityPlot::new("nothing").into(),
        BarPlot::new(NASTY, NASTY, NumberFormat::Percent(1))
            .bar(Bar::new(NASTY, 0.4))
            .bar(Bar::new("undefined", NAN))
            .bar(Bar::new("negative", -0.2))
            .sorted()
            .into(),
        BarPlot::forest("forest", "x", decimals)
            .bar(Bar::interval("a", &Interval { mean: 2.0, bounds: Some((1.0, 3.0)), level: 0.95, samples: 5 }))
            .bar(
                Bar::interval("one seed", &Interval { mean: 2.0, bounds: None, level: 0.95, samples: 1 }).highlighted(),
            )
            .reference(NASTY, 1.5)
            .into(),
        BarPlot::forest("nothing", "x", decimals).reference("nowhere", NAN).into(),
        StackedBarPlot::new(NASTY, NASTY, NumberFormat::Percent(0), [NASTY, "b", "c", "d", "e", "f", "g", "h"])
            .bar(NASTY, [0.25, NAN, 0.0, -0.5, 0.75])
            .bar("undefined", [NAN])
            .into(),
        StackedBarPlot::new("nothing", "x", decimals, ["a"]).into(),
        StackedBarPlot::new("no parts", "x", decimals, [""; 0]).bar("a", [1.0]).into(),
        Histogram::of(NASTY, NASTY, &[1.0, 1.0, NAN, 4.0], 3).into(),
        Histogram::of("one value", "x", &[2.0; 5], 3).into(),
        Histogram::of("nothing", "x", &[], 0).into(),
    ]
}

fn report() -> Report {
    let table = Table::new(vec![Column::text(NASTY), Column::number("n", NumberFormat::Decimals(1)).highest()])
        .row([NASTY.into(), NAN.into()])
        .row([2.5.into(), Cell::undefined(NASTY)])
        .row(["best".into(), 4.0.into()])
        .emphasised()
        .caption(NASTY);
    let empty = Table::new(vec![Column::text("nothing")]);
    let section = Section::new("<id>", NASTY)
        .paragraph(NASTY)
        .block(Block::Facts(vec![Fact::number(NASTY, NAN, NumberFormat::Count).note(NASTY)]))
        .block(Block::Table(table))
        .block(Block::Table(empty))
        .block(Block::Row(plots()))
        .block(Block::Callout(Callout::warning(NASTY, NASTY)));
    let same_id =
        plots().into_iter().fold(Section::new("<id>", "Again"), |section, plot| section.block(Block::Plot(plot)));
    Report::new(NASTY).subtitle(NASTY).fact(Fact::new(NASTY, NASTY)).section(section).section(same_id)
}

#[test]
fn undefined_values_are_named() -> Result<()> {
    let (html, markdown) = (report().to_html()?, report().to_markdown());
    for text in [&html, &markdown] {
        ensure!(!text.contains("NaN") && !text.contains(">inf") && text.contains("undefined"), "{text}");
    }
    ensure!(html.contains("no data") && html.contains("no rows"));
    let json: serde_json::Value = serde_json::from_str(&report().to_json())?;
    ensure!(json["sections"][0]["blocks"][1]["facts"][0]["value"].is_null(), "{json}");
    Ok(())
}

#[test]
fn the_page_is_self_contained_and_escaped() -> Result<()> {
    let html = report().to_html()?;
    for forbidden in ["<script", "http:", "https:", "src=", "@import", "url(", "<link"] {
        ensure!(!html.contains(forbidden), "{forbidden}");
    }
    ensure!(html.contains("&lt;script&gt;"));
    ensure!(html.matches("<svg ").count() == 2 * plots().len() && html.matches("</svg>").count() == 2 * plots().len());
    Ok(())
}

#[test]
fn ids_are_distinct_and_every_link_has_its_target() -> Result<()> {
    let html = report().to_html()?;
    let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let distinct: BTreeSet<_> = ids.iter().copied().collect();
    ensure!(distinct.len() == ids.len(), "{ids:?}");
    let links: BTreeSet<_> = html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    ensure!(links == distinct, "{links:?} {distinct:?}");
    Ok(())
}

#[test]
fn the_same_report_gives_the_same_bytes() -> Result<()> {
    ensure!(report().to_html()? == report().to_html()?);
    ensure!(report().to_markdown() == report().to_markdown());
    ensure!(report().to_json() == report().to_json());
    Ok(())
}

#[test]
fn drawings_stay_on_their_sheets() -> Result<()> {
    let html = report().to_html()?;
    for svg in html.split("<svg viewBox=\"0 0 ").skip(1) {
        let svg = svg.split("</svg>").next().context("svg")?;
        let mut size = svg.split('"').next().context("size")?.split(' ').map(str::parse::<i32>);
        let (width, height) = (size.next().context("width")??, size.next().context("height")??);
        for points in svg.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            for point in points.split_whitespace() {
                let (x, y) = point.split_once(',').context("point")?;
                let (x, y) = (x.parse::<i32>()?, y.parse::<i32>()?);
                ensure!((0..=width).contains(&x) && (0..=height).contains(&y), "{point} on {width} × {height}");
            }
        }
    }
    Ok(())
}
