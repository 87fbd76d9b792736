//! Bookings in any number, alike but for what they are found by.

use nots_core::{
    BookingId, Timestamp, access,
    entity::Booking,
    ports::{Cause, Consumed},
    table::{Entity, Gsi1, Gsi2, Gsi3, Index, Item, Position, Query, RawKey, Stored},
};
use serde_dynamo::AttributeValue;

use crate::{Platform, journey::Journey};

/// Items of a page, as everywhere.
pub(super) const PAGE: u32 = 25;

/// The booking of a whole journey, to make others like it.
pub(super) struct Stock(Stored<Booking>);

/// A list that holds all of the stock.
pub(super) enum List {
    ByStatus(Query<Gsi1, Booking>),
    OfUser(Query<Gsi2, Booking>),
    OfDriver(Query<Gsi3, Booking>),
}

impl Stock {
    /// How many lists there are.
    pub(super) const LISTS: usize = 3;

    /// Plays a journey on the platform and takes its booking.
    pub(super) async fn after_a_journey(platform: &std::sync::Arc<Platform>) -> Result<Self, Cause> {
        Journey::on(platform.clone()).play().await?;
        let of_booking = |item: &serde_json::Value| {
            item.pointer("/EntityType/S").and_then(serde_json::Value::as_str) == Some(Booking::TYPE)
        };
        let item = platform.dump()?.into_iter().find(of_booking).ok_or("the journey left no booking")?;
        Ok(Self(Stored::from_item(serde_json::from_value(item)?)?))
    }

    /// The item of one of them; the higher the number, the later the pickup and the younger the id. It is in no list
    /// beside this one and that of its status, so that a million of them take no more room than they must.
    pub(super) fn item(&self, number: u32, list: &List) -> Result<Item, Cause> {
        let mut row = self.0.clone();
        if !matches!(list, List::OfUser(_)) {
            row.data.customer.user_id = None;
        }
        if !matches!(list, List::OfDriver(_)) {
            row.data.driver = None;
        }
        row.data.booking_id = BookingId::parse(&format!("booking_{number:032}"))?;
        row.data.journey.pickup_time = Timestamp::new(1_800_000_000 + 60 * i64::from(number))?;
        Ok(row.to_item()?)
    }

    /// The lists that hold all of them.
    pub(super) fn lists(&self) -> Result<[List; Self::LISTS], Cause> {
        let booking = &self.0.data;
        let user = booking.customer.user_id.as_ref().ok_or("the journey's booking has no user")?;
        let driver = &booking.driver.as_ref().ok_or("the journey's booking has no driver")?.driver_id;
        let always = access::Window::default();
        Ok([
            List::ByStatus(access::bookings_by_status(booking.status, always)),
            List::OfUser(access::bookings_of_user(user)),
            List::OfDriver(access::jobs_of_driver(driver, always)),
        ])
    }
}

impl List {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::ByStatus(_) => "`bookings_by_status`",
            Self::OfUser(_) => "`bookings_of_user`",
            Self::OfDriver(_) => "`jobs_of_driver`",
        }
    }

    /// Whether its highest sort key comes first.
    pub(super) fn newest_first(&self) -> bool {
        matches!(self, Self::OfUser(_))
    }

    /// What a page costs: the first, or the one behind an item.
    pub(super) async fn page(&self, platform: &Platform, behind: Option<&Item>) -> Result<Consumed, Cause> {
        match self {
            Self::ByStatus(query) => page(platform, query, behind).await,
            Self::OfUser(query) => page(platform, query, behind).await,
            Self::OfDriver(query) => page(platform, query, behind).await,
        }
    }
}

async fn page<I: Index>(
    platform: &Platform,
    query: &Query<I, Booking>,
    behind: Option<&Item>,
) -> Result<Consumed, Cause> {
    let position = match behind {
        None => None,
        Some(item) => match (item.get(I::SK), RawKey::of(item)) {
            (Some(AttributeValue::S(sk)), Some(key)) => Some(Position::behind(sk.clone(), key)),
            _ => return Err("an item of the stock is not in the list".into()),
        },
    };
    let _ = platform.meter.take();
    let page = platform.ports.table.page(query, PAGE, position).await?;
    let consumed = platform.meter.take();
    match u32::try_from(page.rows.len()) {
        Ok(PAGE) => Ok(consumed),
        other => Err(format!("a page has {other:?} items").into()),
    }
}
