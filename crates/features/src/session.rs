//! `SessionSoFar`: the counts over a session's earlier clicks that several features share, made once per request.

use slatewise_data::Catalogue;

use crate::encoder::Request;

/// A request with the counts of its history.
#[derive(Debug)]
pub(crate) struct SessionSoFar<'a> {
    pub(crate) request: Request<'a>,
    /// Item clicked last.
    pub(crate) last: Option<u32>,
    /// Mean price of the earlier clicks.
    pub(crate) mean_price: f64,
    /// Share of premium items among the earlier clicks.
    pub(crate) premium_share: f64,
    /// Number of distinct items among the earlier clicks.
    pub(crate) distinct: usize,
}

impl<'a> SessionSoFar<'a> {
    pub(crate) fn new(catalogue: &Catalogue, request: &Request<'a>) -> Self {
        let history = request.history;
        let count = history.len().max(1) as f64;
        let price: f64 = history.iter().map(|&i| f64::from(catalogue.price[i as usize])).sum();
        let premium = history.iter().filter(|&&i| catalogue.premium[i as usize]).count();
        Self {
            request: *request,
            last: history.last().copied(),
            mean_price: price / count,
            premium_share: premium as f64 / count,
            distinct: distinct(history),
        }
    }

    /// Share of the earlier clicks for which `is_like` holds; none before the first click.
    pub(crate) fn share(&self, is_like: impl Fn(u32) -> bool) -> Option<f64> {
        let history = self.request.history;
        let like = history.iter().filter(|&&i| is_like(i)).count();
        (!history.is_empty()).then(|| like as f64 / history.len() as f64)
    }

    /// The item clicked `back` clicks ago, 1 being the last one.
    pub(crate) fn back(&self, back: usize) -> Option<u32> {
        let history = self.request.history;
        history.len().checked_sub(back).map(|index| history[index])
    }
}

/// Sessions are short, so looking back is quicker than hashing.
fn distinct(history: &[u32]) -> usize {
    history.iter().enumerate().filter(|(index, item)| !history[..*index].contains(item)).count()
}
