//! HTML rendering: one page that needs nothing else, neither network nor scripts.
//!
//! ```text
//! <header>  title, subtitle, key facts
//! <nav>     table of contents, stays in view at the top on wide screens
//! <main>    <section id=…> per section; every plot a <figure> with inline SVG and its numbers in <details>
//! ```
//!
//! maud escapes all text; the style sheet is `style.css`, put inline.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::document::{Block, Callout, CalloutKind, Fact, Report};
use super::plot::{Plot, PlotWidth, SERIES_COLOURS};
use super::table::{Cell, ColumnKind, Table};
use crate::error::Error;

impl Report {
    /// The report as one HTML page.
    ///
    /// # Errors
    /// A plot that the drawing library refuses, by its title.
    pub fn to_html(&self) -> Result<String, Error> {
        let anchors = self.anchors();
        let sections = self
            .sections
            .iter()
            .zip(&anchors)
            .map(|(section, anchor)| {
                let blocks = section.blocks.iter().map(block).collect::<Result<Vec<_>, _>>()?;
                Ok(html! {
                    section id=(anchor) {
                        h2 { (section.heading) }
                        @for block in &blocks { (block) }
                    }
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (PreEscaped(include_str!("style.css"))) }
                }
                body {
                    header {
                        h1 { (self.title) }
                        @if let Some(subtitle) = &self.subtitle { p.subtitle { (subtitle) } }
                        @if !self.facts.is_empty() { (facts(&self.facts)) }
                    }
                    div.page {
                        @if sections.len() > 1 {
                            nav aria-label="Contents" {
                                ol {
                                    @for (section, anchor) in self.sections.iter().zip(&anchors) {
                                        li { a href={ "#" (anchor) } { (section.heading) } }
                                    }
                                }
                            }
                        }
                        main { @for section in &sections { (section) } }
                    }
                }
            }
        };
        Ok(page.into_string() + "\n")
    }
}

fn block(block: &Block) -> Result<Markup, Error> {
    Ok(match block {
        Block::Paragraph(text) => html! { p { (text) } },
        Block::Facts(list) => facts(list),
        Block::Table(content) => table(content),
        Block::Plot(content) => figure(content, PlotWidth::Full)?,
        Block::Row(plots) => {
            let figures = plots.iter().map(|plot| figure(plot, PlotWidth::Half)).collect::<Result<Vec<_>, _>>()?;
            html! { div.row { @for figure in &figures { (figure) } } }
        }
        Block::Callout(content) => callout(content),
    })
}

fn facts(facts: &[Fact]) -> Markup {
    html! {
        dl.facts {
            @for fact in facts {
                div {
                    dt { (fact.label) }
                    dd title=[reason(&fact.value)] { (fact.text()) }
                    @if let Some(note) = &fact.note { dd.note { (note) } }
                }
            }
        }
    }
}

fn callout(callout: &Callout) -> Markup {
    let class = match callout.kind {
        CalloutKind::Info => "callout info",
        CalloutKind::Warning => "callout warning",
    };
    html! {
        aside class=(class) {
            p.title { (callout.title) }
            p { (callout.text) }
        }
    }
}

fn figure(plot: &Plot, width: PlotWidth) -> Result<Markup, Error> {
    let svg = plot.to_svg(width)?;
    let legend = plot.legend();
    Ok(html! {
        figure {
            h3 { (plot.title()) }
            @if !legend.is_empty() {
                ul.legend {
                    @for (index, name) in legend.iter().enumerate() {
                        li { span class={ "swatch colour-" (index % SERIES_COLOURS.len()) } {} (name) }
                    }
                }
            }
            // Drawn by our own code, which escapes the words in it.
            (PreEscaped(svg))
            @if let Some(caption) = plot.caption() { figcaption { (caption) } }
            details {
                summary { "Numbers" }
                (table(&plot.table()))
            }
        }
    })
}

fn table(table: &Table) -> Markup {
    html! {
        div.table {
            table {
                thead {
                    tr {
                        @for column in &table.columns {
                            th scope="col" class=[number_class(column.kind)] { (column.heading) }
                        }
                    }
                }
                tbody {
                    @for row in 0..table.rows.len() {
                        tr class=[(table.emphasised_row == Some(row)).then_some("emphasised")] {
                            @for column in 0..table.columns.len() { (cell(table, row, column)) }
                        }
                    }
                    @if table.rows.is_empty() {
                        tr { td.undefined colspan=(table.columns.len()) { "no rows" } }
                    }
                }
            }
            @if let Some(caption) = &table.caption { p.caption { (caption) } }
        }
    }
}

fn cell(table: &Table, row: usize, column: usize) -> Markup {
    let content = &table.rows[row][column];
    let text = table.text(row, column);
    html! {
        td class=[number_class(table.columns[column].kind)] title=[reason(content)] {
            @if table.is_best(row, column) { strong { (text) } }
            @else if text == "undefined" { span.undefined { (text) } }
            @else { (text) }
            @if let Some(bounds) = table.bounds_text(row, column) { " " span.bounds { (bounds) } }
        }
    }
}

fn number_class(kind: ColumnKind) -> Option<&'static str> {
    match kind {
        ColumnKind::Text => None,
        ColumnKind::Number(_) => Some("number"),
    }
}

/// Why a value is not defined, for the tooltip.
fn reason(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Undefined { undefined } => Some(undefined),
        Cell::Text(_) | Cell::Number(_) | Cell::Interval(_) | Cell::Empty => None,
    }
}
