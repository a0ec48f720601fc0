//! What names of columns say: `Product_ID` is an item, `isClick` a label.

/// A name as lower-case words with `_` between them: `userId`, `User ID` and `USER_ID` are all `user_id`.
pub(super) fn words(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for letter in name.chars() {
        let begins = letter.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit());
        if (!letter.is_alphanumeric() || begins) && !words.ends_with('_') && !words.is_empty() {
            words.push('_');
        }
        if letter.is_alphanumeric() {
            words.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.trim_end_matches('_').to_owned()
}

/// The last part of a dotted path: `events.aid` is a field of a list, and its own name counts.
pub(super) fn own(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, own)| own)
}

pub(super) const USER: &[&str] = &[
    "user",
    "user_id",
    "userid",
    "uid",
    "visitor",
    "visitor_id",
    "visitorid",
    "customer",
    "customer_id",
    "customerid",
    "client_id",
    "member_id",
    "account_id",
    "reviewer_id",
    "buyer_id",
    "user_session_id",
];
pub(super) const ITEM: &[&str] = &[
    "item",
    "item_id",
    "itemid",
    "product",
    "product_id",
    "productid",
    "sku",
    "aid",
    "article",
    "article_id",
    "movie_id",
    "movieid",
    "video_id",
    "videoid",
    "news_id",
    "newsid",
    "asin",
    "track_id",
    "song_id",
    "book_id",
    "listing_id",
    "content_id",
    "ad_id",
    "adgroup_id",
    "offer_id",
];
pub(super) const SESSION: &[&str] = &["session", "session_id", "sessionid", "visit", "visit_id", "user_session"];
pub(super) const TIME: &[&str] = &[
    "time",
    "timestamp",
    "ts",
    "datetime",
    "date",
    "date_time",
    "event_time",
    "eventtime",
    "created_at",
    "time_ms",
    "unix_time",
    "unixtime",
    "event_timestamp",
    "time_stamp",
    "happened_at",
    "click_time",
    "unix_timestamp",
];
pub(super) const POSITION: &[&str] = &["position", "pos", "rank", "slot", "item_position"];
pub(super) const PROPENSITY: &[&str] = &["propensity", "propensity_score", "pscore", "action_prob", "probability"];
pub(super) const PRICE: &[&str] = &["price", "item_price", "unit_price", "product_price", "list_price"];
pub(super) const SURFACE: &[&str] = &["surface", "tab", "page", "placement", "screen", "page_type"];

/// Names of labels, where the column has two values.
pub(super) const LABEL: &[&str] = &[
    "click",
    "clicked",
    "is_click",
    "is_clicked",
    "clicks",
    "like",
    "liked",
    "is_like",
    "follow",
    "is_follow",
    "is_comment",
    "is_forward",
    "is_hate",
    "long_view",
    "is_long_view",
    "purchase",
    "purchased",
    "is_purchase",
    "buy",
    "bought",
    "is_buy",
    "conversion",
    "converted",
    "is_conversion",
    "label",
    "target",
    "y",
    "revenue",
    "order",
    "ordered",
    "is_order",
    "cart",
    "add_to_cart",
    "subscribed",
    "churn",
    "churned",
    "outcome",
    "is_profile_enter",
];
/// Names that speak of a label less surely: they count where no other does.
pub(super) const MAYBE_LABEL: &[&str] = &["default", "income", "class", "survived", "fraud", "response", "churn"];
pub(super) const RATING: &[&str] = &["rating", "stars", "overall", "score"];
/// Columns whose texts say what happened.
pub(super) const EVENT: &[&str] =
    &["event", "type", "action", "behavior", "behaviour", "event_type", "behavior_type", "interaction", "action_type"];
/// What is often known only after the outcome.
pub(super) const AFTER: &[&str] =
    &["duration", "watch_time", "play_time", "play_time_ms", "dwell_time", "dwell", "call_duration"];

/// Texts of events and the feedback that they are.
pub(super) const EVENTS: &[(&str, &str)] = &[
    ("view", "view"),
    ("views", "view"),
    ("pv", "view"),
    ("detail", "view"),
    ("impression", "impression"),
    ("click", "click"),
    ("clicks", "click"),
    ("cart", "cart"),
    ("carts", "cart"),
    ("addtocart", "cart"),
    ("add_to_cart", "cart"),
    ("order", "order"),
    ("orders", "order"),
    ("transaction", "purchase"),
    ("purchase", "purchase"),
    ("buy", "purchase"),
    ("fav", "favorite"),
    ("favorite", "favorite"),
    ("like", "like"),
    ("share", "share"),
];

/// Texts that stand for no value wherever they are seen.
pub(super) const NOTHING: &[&str] = &["NA", "N/A", "n/a", "null", "NULL", "None", "nan", "NaN", "NAN", "?", "<NA>"];
/// Texts that stand for no value among numbers alone.
pub(super) const NO_NUMBER: &[&str] = &["unknown", "Unknown", "-", "none", "missing"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_style_are_the_same_words() {
        for name in ["userId", "User ID", "USER_ID", "user-id", " user_id "] {
            assert_eq!(words(name), "user_id", "{name:?}");
        }
        assert_eq!(
            (words("itemid"), words("price 2"), words("default.payment.next.month")),
            ("itemid".into(), "price_2".into(), "default_payment_next_month".into())
        );
        assert_eq!(own("events.aid"), "aid");
    }
}
