//! From names in a declaration to indices in a log: `FeatureSpec` → `Source` and `Value`, each a pure function of (session so far, item).

use serde::{Deserialize, Serialize};
use slatewise_data::{Catalogue, ImpressionLog};

use crate::error::Error;
use crate::session::SessionSoFar;
use crate::spec::{CategoricalSource, DenseSource, FeatureSpec};

/// A `CategoricalSource` whose names were looked up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    Item,
    ItemAttribute(usize),
    Listing,
    Position(usize),
    Context(usize),
    HistoryItem(usize),
    HistoryListing(usize),
    LastAttribute(usize),
    Depth(Vec<u32>),
    Weekday,
}

/// A `DenseSource` whose names were looked up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Value {
    Price,
    PriceMinusLast,
    PriceMinusHistory,
    Depth,
    DistinctItems,
    TimesClicked,
    PremiumShare,
    HistoryShare(usize),
    ListingShare,
    SameListing,
}

/// What the codes of a categorical source stand for; fields of one domain may share a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Domain {
    Item,
    ItemAttribute(usize),
    Listing,
    Position(usize),
    Context(usize),
    Depth(Vec<u32>),
    Weekday,
}

/// All sources of a declaration, in its order.
pub(crate) struct Resolved {
    pub(crate) categorical: Vec<Source>,
    pub(crate) dense: Vec<Value>,
}

/// Looks up every name and checks every number.
pub(crate) fn resolve(spec: &FeatureSpec, log: &ImpressionLog) -> Result<Resolved, Error> {
    check_names(spec)?;
    let categorical = spec.categorical.iter().map(|f| resolve_categorical(&f.name, &f.source, log));
    let dense = spec.dense.iter().map(|f| resolve_dense(&f.name, &f.source, log));
    Ok(Resolved { categorical: categorical.collect::<Result<_, _>>()?, dense: dense.collect::<Result<_, _>>()? })
}

fn check_names(spec: &FeatureSpec) -> Result<(), Error> {
    let names: Vec<&String> =
        spec.categorical.iter().map(|f| &f.name).chain(spec.dense.iter().map(|f| &f.name)).collect();
    if names.is_empty() {
        return Err(Error::Empty);
    }
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(Error::DuplicateName { name: (*name).clone() });
        }
    }
    let widths = spec.width.iter().map(|(name, &width)| (format!("width.{name}"), width));
    for (key, width) in widths.chain([("default_width".to_owned(), spec.default_width)]) {
        if !(1..=4096).contains(&width) {
            return Err(bad(&key, format!("an embedding width is 1 to 4096, not {width}")));
        }
    }
    Ok(())
}

fn bad(feature: &str, problem: String) -> Error {
    Error::BadSetting { feature: feature.to_owned(), problem }
}

fn resolve_categorical(feature: &str, source: &CategoricalSource, log: &ImpressionLog) -> Result<Source, Error> {
    let back = |n: usize| match n {
        0 => Err(bad(feature, "history counts back from 1, the last click; 0 would be the row itself".to_owned())),
        n => Ok(n),
    };
    Ok(match source {
        CategoricalSource::Item => Source::Item,
        CategoricalSource::ItemAttribute(name) => Source::ItemAttribute(attribute(feature, name, &log.catalogue)?),
        CategoricalSource::Listing => Source::Listing,
        CategoricalSource::Position => Source::Position(positions(&log.catalogue)),
        CategoricalSource::Context(name) => Source::Context(context(feature, name, log)?),
        CategoricalSource::HistoryItem(n) => Source::HistoryItem(back(*n)?),
        CategoricalSource::HistoryListing(n) => Source::HistoryListing(back(*n)?),
        CategoricalSource::LastAttribute(name) => Source::LastAttribute(attribute(feature, name, &log.catalogue)?),
        CategoricalSource::Depth(bounds) if bounds.is_sorted_by(|a, b| a < b) && !bounds.is_empty() => {
            Source::Depth(bounds.clone())
        }
        CategoricalSource::Depth(bounds) => {
            return Err(bad(feature, format!("depth bounds must ascend and not be empty, got {bounds:?}")));
        }
        CategoricalSource::Weekday => Source::Weekday,
    })
}

fn resolve_dense(feature: &str, source: &DenseSource, log: &ImpressionLog) -> Result<Value, Error> {
    Ok(match source {
        DenseSource::Price => Value::Price,
        DenseSource::PriceMinusLast => Value::PriceMinusLast,
        DenseSource::PriceMinusHistory => Value::PriceMinusHistory,
        DenseSource::Depth => Value::Depth,
        DenseSource::DistinctItems => Value::DistinctItems,
        DenseSource::TimesClicked => Value::TimesClicked,
        DenseSource::PremiumShare => Value::PremiumShare,
        DenseSource::HistoryShare(name) => Value::HistoryShare(attribute(feature, name, &log.catalogue)?),
        DenseSource::ListingShare => Value::ListingShare,
        DenseSource::SameListing => Value::SameListing,
    })
}

fn attribute(feature: &str, name: &str, catalogue: &Catalogue) -> Result<usize, Error> {
    let names: Vec<&str> = catalogue.attributes.iter().map(|a| a.name.as_str()).collect();
    look_up(feature, "item attribute", name, &names)
}

fn context(feature: &str, name: &str, log: &ImpressionLog) -> Result<usize, Error> {
    let names: Vec<&str> = log.context.iter().map(|c| c.name.as_str()).collect();
    look_up(feature, "context column", name, &names)
}

fn look_up(feature: &str, kind: &'static str, name: &str, names: &[&str]) -> Result<usize, Error> {
    names.iter().position(|n| *n == name).ok_or_else(|| Error::UnknownColumn {
        feature: feature.to_owned(),
        kind,
        name: name.to_owned(),
        known: names.join(", "),
    })
}

fn positions(catalogue: &Catalogue) -> usize {
    catalogue.position_of.iter().max().map_or(1, |&p| usize::from(p) + 1)
}

impl Source {
    /// The raw code, if the value is there.
    pub(crate) fn code(&self, catalogue: &Catalogue, session: &SessionSoFar<'_>, item: u32) -> Option<u32> {
        let listing = |item: u32| catalogue.listing_of[item as usize];
        match self {
            Self::Item => Some(item),
            Self::ItemAttribute(index) => Some(catalogue.attributes[*index].code[item as usize]),
            Self::Listing => Some(listing(item)),
            Self::Position(_) => Some(u32::from(catalogue.position_of[item as usize])),
            Self::Context(index) => session.request.context.get(*index).copied(),
            Self::HistoryItem(back) => session.back(*back),
            Self::HistoryListing(back) => session.back(*back).map(listing),
            Self::LastAttribute(index) => session.last.map(|last| catalogue.attributes[*index].code[last as usize]),
            Self::Depth(bounds) => {
                Some(bounds.partition_point(|&bound| bound as usize <= session.request.history.len()) as u32)
            }
            Self::Weekday => Some(weekday(session.request.day)),
        }
    }

    pub(crate) fn domain(&self) -> Domain {
        match self {
            Self::Item | Self::HistoryItem(_) => Domain::Item,
            Self::ItemAttribute(index) | Self::LastAttribute(index) => Domain::ItemAttribute(*index),
            Self::Listing | Self::HistoryListing(_) => Domain::Listing,
            Self::Position(size) => Domain::Position(*size),
            Self::Context(index) => Domain::Context(*index),
            Self::Depth(bounds) => Domain::Depth(bounds.clone()),
            Self::Weekday => Domain::Weekday,
        }
    }
}

impl Domain {
    /// Number of raw codes.
    pub(crate) fn size(&self, log: &ImpressionLog) -> usize {
        match self {
            Self::Item => log.catalogue.len(),
            Self::ItemAttribute(index) => log.catalogue.attributes[*index].values.len(),
            Self::Listing => log.catalogue.listings.len(),
            Self::Position(size) => *size,
            Self::Context(index) => log.context[*index].values.len(),
            Self::Depth(bounds) => bounds.len() + 1,
            Self::Weekday => 7,
        }
    }

    /// For people.
    pub(crate) fn describe(&self, log: &ImpressionLog) -> String {
        match self {
            Self::Item => "items".to_owned(),
            Self::ItemAttribute(index) => format!("values of `{}`", log.catalogue.attributes[*index].name),
            Self::Listing => "listings".to_owned(),
            Self::Position(_) => "positions".to_owned(),
            Self::Context(index) => format!("values of `{}`", log.context[*index].name),
            Self::Depth(bounds) => format!("depths cut at {bounds:?}"),
            Self::Weekday => "weekdays".to_owned(),
        }
    }
}

impl Value {
    /// The number, if it is there.
    pub(crate) fn number(&self, catalogue: &Catalogue, session: &SessionSoFar<'_>, item: u32) -> Option<f64> {
        let price = |item: u32| f64::from(catalogue.price[item as usize]);
        let history = session.request.history;
        match self {
            Self::Price => Some(price(item)),
            Self::PriceMinusLast => session.last.map(|last| price(item) - price(last)),
            Self::PriceMinusHistory => session.last.map(|_| price(item) - session.mean_price),
            Self::Depth => Some(history.len() as f64),
            Self::DistinctItems => Some(session.distinct as f64),
            Self::TimesClicked => Some(history.iter().filter(|&&i| i == item).count() as f64),
            Self::PremiumShare => session.last.map(|_| session.premium_share),
            Self::HistoryShare(index) => {
                let code = &catalogue.attributes[*index].code;
                session.share(|earlier| code[earlier as usize] == code[item as usize])
            }
            Self::ListingShare => {
                let listing = &catalogue.listing_of;
                session.share(|earlier| listing[earlier as usize] == listing[item as usize])
            }
            Self::SameListing => session.last.map(|last| {
                f64::from(u8::from(catalogue.listing_of[last as usize] == catalogue.listing_of[item as usize]))
            }),
        }
    }
}

/// Day of the week of a day since 1970-01-01 (a Thursday); Monday is 0.
pub(crate) fn weekday(day: i32) -> u32 {
    (day + 3).rem_euclid(7) as u32
}

#[cfg(test)]
mod tests {
    use super::weekday;

    #[test]
    fn weekdays_are_those_of_the_calendar() {
        assert_eq!(weekday(0), 3, "1970-01-01 was a Thursday");
        assert_eq!(weekday(13_970), 1, "2008-04-01 was a Tuesday");
        assert_eq!(weekday(-1), 2, "1969-12-31 was a Wednesday");
    }
}
