//! A platform and the model of its table, and what must be true of both at any time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use nots_core::{
    access,
    entity::{
        Booking, CheckoutAttempt, CognitoLink, Complaint, ComplianceDocument, Driver, DriverDay,
        DriverLocation, DriverValidity, Due, EmailLink, History, LedgerEntry, Notice, Payment, PlaceMemo,
        Quote, Rating, Reconciliation, ReferenceLink, Refund, ReplacedDocument, RouteMemo, Settings,
        StripeLink, Tariff, TariffHead, User, Vehicle, VehicleDay, VehicleValidity, WebhookEvent,
    },
    ports::Table,
    table::{Entity, Item, Stored, WriteError},
};
use nots_local::{Options, Platform};
use serde_json::Value;

use super::{
    compare::{compare, every_pattern},
    shown::Shown,
    state::{Model, Refusals},
};

pub(super) struct World {
    platform: Arc<Platform>,
    pub(super) table: Arc<dyn Table>,
    pub(super) model: Model,
    /// Seconds of the model's time.
    pub(super) now: i64,
}

impl World {
    pub(super) async fn new() -> Self {
        let options = Options { by_hand: true, empty: true, ..Options::default() };
        let platform = Platform::start(options).await.unwrap();
        let table = platform.ports.table.clone();
        let mut model = Model::default();
        let settings = table.read(access::settings()).await.unwrap().unwrap();
        model.facts.extend([Settings::shown(&settings)]);
        Self { platform, table, model, now: 0 }
    }

    /// Some seconds later.
    pub(super) fn later(&mut self) -> i64 {
        self.now += 25;
        self.now
    }

    /// Holds every access pattern to the model.
    pub(super) async fn compare(&self, limit: u32) {
        let asked = compare(self.table.as_ref(), &self.model, limit).await;
        let asked: BTreeSet<_> = asked.into_iter().map(str::to_owned).collect();
        assert_eq!(asked, every_pattern(), "a pattern of access.rs is not compared");
    }

    /// Holds every item to what its entity would write of it, and every version to the one before it.
    pub(super) fn inspect(&self) {
        let mut kinds = BTreeMap::new();
        for item in self.platform.dump().unwrap() {
            let item: Item = serde_json::from_value(item).unwrap();
            *kinds.entry(kind(&item)).or_insert(0) += 1;
            assert_eq!(rewritten(item.clone()), item, "keys and indexes are those of the entity");
        }
        let mut expected = BTreeMap::new();
        for name in self.model.facts.keys() {
            *expected.entry(name.kind().to_owned()).or_insert(0) += 1;
        }
        assert_eq!(kinds, expected, "as many items of each kind as the model has facts");
        let mut last: BTreeMap<String, Value> = BTreeMap::new();
        for record in self.platform.stream().unwrap() {
            let change = &record["dynamodb"];
            let before = change.get("OldImage").cloned().unwrap_or(Value::Null);
            let key = change["Keys"].to_string();
            assert_eq!(before, last.remove(&key).unwrap_or(Value::Null), "{key} has a gap");
            let Some(after) = change.get("NewImage").cloned() else {
                let kind = before["EntityType"]["S"].as_str();
                assert!(matches!(kind, Some("UniqueEmail" | "UniqueCognito")), "nothing deletes {key}");
                continue;
            };
            let version = |image: &Value| image["Version"]["N"].as_str().map_or(0, |n| n.parse().unwrap());
            assert_eq!(version(&after), version(&before) + 1_u64, "{key}");
            last.insert(key, after);
        }
        assert_eq!(last.len(), self.model.facts.len(), "as many items as the model has facts");
    }
}

/// Who refused, in the model's words; everything else that can go wrong is a failure.
pub(super) fn refusals(outcome: Result<(), WriteError>) -> Refusals {
    match outcome {
        Ok(()) => Refusals::new(),
        Err(WriteError::Refused(refusals)) => {
            assert!(!refusals.is_empty(), "refused by nobody");
            refusals.into_iter().map(|r| (r.entity.to_owned(), format!("{:?}", r.because))).collect()
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn kind(item: &Item) -> String {
    match &item["EntityType"] {
        serde_dynamo::AttributeValue::S(kind) => kind.clone(),
        other => panic!("{other:?} is no kind"),
    }
}

fn rewritten(item: Item) -> Item {
    fn of<E: Entity>(item: Item) -> Item {
        Stored::<E>::from_item(item).unwrap().to_item().unwrap()
    }
    macro_rules! by_type {
        ($($entity:ident)*) => {{
            let kind = item["EntityType"].clone();
            $(if kind == nots_core::table::attr::text($entity::TYPE) { return of::<$entity>(item); })*
            panic!("nobody knows {kind:?}")
        }};
    }
    by_type! {
        Quote Booking Payment CheckoutAttempt Notice History ReferenceLink StripeLink Driver Vehicle DriverValidity
        VehicleValidity DriverDay VehicleDay ComplianceDocument ReplacedDocument Tariff TariffHead Settings User
        EmailLink CognitoLink Rating Complaint WebhookEvent DriverLocation RouteMemo PlaceMemo
        Refund Due LedgerEntry Reconciliation
    }
}
