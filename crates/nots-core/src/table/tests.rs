//! How items evolve: steps up to this schema, and what a later one wrote.

use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};

use super::{
    Base, Entity, Gsi1, IndexedBy, Item, Key, Pk, Position, Query, RawKey, Rewrite, SortRange, Stored,
    Upgrade, Version, attr,
};
use crate::{actor::Actor, time::Timestamp};

/// An entity of three schemas, in one index while it is listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Thing {
    id: String,
    color: String,
    pence: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listed: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maker: Option<Maker>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Maker {
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    name: String,
    count: u32,
}

/// 1 → 2: another name.
fn colour_is_color(item: &mut Item) {
    let Some(data) = attr::data(item) else { return };
    if let Some(colour) = data.remove("colour") {
        data.insert("color".to_owned(), colour);
    }
}

/// 2 → 3: another unit.
fn pounds_are_pence(item: &mut Item) {
    let Some(data) = attr::data(item) else { return };
    let Some(AttributeValue::N(pounds)) = data.remove("pounds") else { return };
    data.insert("pence".to_owned(), attr::number(pounds.parse::<i64>().unwrap() * 100));
}

impl Entity for Thing {
    const TYPE: &'static str = "Thing";
    const UPGRADES: &'static [Upgrade] = &[colour_is_color, pounds_are_pence];
    type Id<'a> = &'a str;
    type Indexes = (Gsi1,);

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("THING#{id}")).at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.id
    }
}

impl IndexedBy<Gsi1> for Thing {
    type Partition<'a> = ();

    fn partition((): Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new("THINGS")
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        row.data.listed.filter(|listed| *listed).map(|_| Self::partition(()).at(&row.data.id))
    }
}

fn item(value: Value) -> Item {
    serde_dynamo::to_item(value).unwrap()
}

fn plain(item: Item) -> Value {
    serde_dynamo::from_item(item).unwrap()
}

/// A thing as it was written in a schema, with `Data` and attributes besides.
fn written(schema: Value, data: Value, more: Value) -> Item {
    let mut all = json!({
        "PK": "THING#1", "SK": "METADATA", "EntityType": "Thing", "Data": data, "SchemaVersion": schema,
        "CreatedAt": 1_701_710_400, "UpdatedAt": 1_701_710_400, "UpdatedBy": "system", "Version": 3,
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    if schema.is_null() {
        all.as_object_mut().unwrap().remove("SchemaVersion");
    }
    item(all)
}

/// What this code makes of an item when it reads it, changes it and writes it.
fn updated(item: Item, change: impl FnOnce(&mut Thing)) -> Value {
    let row = Stored::<Thing>::from_item(item).unwrap();
    let mut data = row.data.clone();
    change(&mut data);
    let rewrite = Rewrite::of(row, data, Actor::System, Timestamp::MAX);
    let item = rewrite.after().to_item().unwrap();
    // Whoever comes next can read it.
    Stored::<Thing>::from_item(item.clone()).unwrap();
    plain(item)
}

#[test]
fn a_position_before_the_beginning_of_a_range_is_the_beginning() {
    let kept = |range: &SortRange, newest_first: bool, sk: &str| {
        let query = Query::<Gsi1, Thing>::over(()).range(range.clone());
        let query = if newest_first { query.newest_first() } else { query };
        let key = RawKey { pk: "THING#1".to_owned(), sk: "METADATA".to_owned() };
        query.raw(25, Some(Position::behind(sk.to_owned(), key))).after.is_some()
    };
    let between = SortRange::Between("b".to_owned(), "d".to_owned());
    let up_to = SortRange::UpTo("d".to_owned());
    let begins = SortRange::BeginsWith("c".to_owned());
    // Ascending, then newest first: which of these are kept. What lies beyond the other end is for the table to refuse.
    for (range, ascending, descending) in [
        (&between, "b c cz d e", "a b c cz d"),
        (&up_to, "a b c cz d e", "a b c cz d"),
        (&begins, "c cz d e", "a b c cz"),
        (&SortRange::All, "a b c cz d e", "a b c cz d e"),
    ] {
        for (newest_first, expected) in [(false, ascending), (true, descending)] {
            let found: Vec<_> = ["a", "b", "c", "cz", "d", "e"]
                .into_iter()
                .filter(|sk| kept(range, newest_first, sk))
                .collect();
            assert_eq!(found.join(" "), expected, "{range:?} newest first: {newest_first}");
        }
    }
}

#[test]
fn an_item_of_any_earlier_schema_is_read_as_one_of_this() {
    assert_eq!(Thing::SCHEMA, 3);
    let first = json!({ "id": "1", "colour": "red", "pounds": 7 });
    let second = json!({ "id": "1", "color": "red", "pounds": 7 });
    let third = json!({ "id": "1", "color": "red", "pence": 700 });
    let earlier = [
        (json!(null), &first),
        (json!(0), &first),
        (json!("one"), &first),
        (json!(1), &first),
        (json!(2), &second),
        (json!(3), &third),
    ];
    for (schema, data) in earlier {
        let found = written(schema.clone(), data.clone(), json!({}));
        let row = Stored::<Thing>::from_item(found.clone()).unwrap();
        assert_eq!((row.data.color.as_str(), row.data.pence), ("red", 700), "{schema}");
        assert_eq!(row.meta.version, Version::new(3), "reading writes nothing");
        let after = updated(found, |_| {});
        assert_eq!(after["SchemaVersion"], 3, "{schema}");
        assert_eq!(
            after["Data"],
            json!({ "id": "1", "color": "red", "pence": 700, "parts": [] }),
            "{schema}"
        );
    }
}

#[test]
fn a_step_is_taken_only_from_the_schema_that_it_is_for() {
    // In the second schema `colour` is not the colour any more, but something this code does not know.
    let data = json!({ "id": "1", "color": "red", "colour": "of money", "pounds": 7 });
    let after = updated(written(json!(2), data, json!({})), |_| {});
    assert_eq!((&after["Data"]["color"], &after["Data"]["colour"]), (&json!("red"), &json!("of money")));
    // What a step does not find, decoding misses.
    let nothing = written(json!(1), json!({ "id": "1" }), json!({}));
    assert!(Stored::<Thing>::from_item(nothing).is_err());
}

#[test]
fn a_later_schema_is_read_as_it_is_and_stays_what_it_says() {
    let data = json!({ "id": "1", "color": "red", "pence": 700, "pounds": 9, "colour": "blue" });
    let after = updated(written(json!(9), data, json!({ "Crew": "b" })), |thing| thing.pence = 800);
    assert_eq!(after["SchemaVersion"], 9);
    assert_eq!(after["Crew"], "b");
    let kept = json!({ "id": "1", "color": "red", "pence": 800, "pounds": 9, "colour": "blue", "parts": [] });
    assert_eq!(after["Data"], kept);
}

#[test]
fn index_keys_and_ttl_of_a_later_schema_stay_where_this_one_has_none() {
    let data = json!({ "id": "1", "color": "red", "pence": 700, "listed": true });
    let keys = json!({
        "GSI1PK": "ELSEWHERE", "GSI1SK": "1", "GSI2PK": "MAKER#a", "GSI2SK": "1", "TTL": 1_800_000_000,
    });
    let after = updated(written(json!(4), data.clone(), keys.clone()), |_| {});
    assert_eq!((&after["GSI2PK"], &after["GSI2SK"]), (&json!("MAKER#a"), &json!("1")));
    assert_eq!(after["TTL"], 1_800_000_000);
    // The index that this schema has is its own to say.
    assert_eq!((&after["GSI1PK"], &after["GSI1SK"]), (&json!("THINGS"), &json!("1")));
    let after = updated(written(json!(4), data.clone(), keys.clone()), |thing| thing.listed = Some(false));
    assert!(after.get("GSI1PK").is_none() && after.get("GSI1SK").is_none());

    // What this schema or an earlier one wrote in an index that the entity has left is not kept.
    for schema in [json!(null), json!(3)] {
        let after = updated(written(schema, data.clone(), keys.clone()), |_| {});
        assert_eq!(after["GSI1PK"], "THINGS");
        for gone in ["GSI2PK", "GSI2SK", "TTL"] {
            assert!(after.get(gone).is_none(), "{gone}");
        }
    }
}

#[test]
fn what_is_unknown_goes_with_the_map_that_held_it() {
    let data = json!({
        "id": "1", "color": "red", "pence": 700, "maker": { "name": "Ada", "town": "Poole" },
    });
    let found = || written(json!(3), data.clone(), json!({}));
    let after = updated(found(), |thing| thing.maker.as_mut().unwrap().name = "Bea".to_owned());
    assert_eq!(after["Data"]["maker"], json!({ "name": "Bea", "town": "Poole" }));
    let after = updated(found(), |thing| thing.maker = None);
    assert_eq!(after["Data"].get("maker"), None, "no maker of whom only the town is left");
}

#[test]
fn what_is_unknown_stays_with_the_element_of_a_list_that_had_it() {
    let part = |name: &str, count: u32| Part { name: name.to_owned(), count };
    let data = json!({
        "id": "1", "color": "red", "pence": 700,
        "parts": [
            { "name": "wheel", "count": 4, "metal": "steel" },
            { "name": "door", "count": 2, "metal": "tin", "paint": { "coats": 3 } },
            { "name": "door", "count": 2, "metal": "zinc" },
        ],
    });
    let parts = |change: fn(&mut Vec<Part>)| {
        let mut after = updated(written(json!(3), data.clone(), json!({})), |thing| change(&mut thing.parts));
        after["Data"]["parts"].take()
    };
    let [wheel, tin, zinc] = [&data["parts"][0], &data["parts"][1], &data["parts"][2]];

    assert_eq!(parts(|_| {}), data["parts"]);
    assert_eq!(parts(|parts| parts.swap(0, 1)), json!([tin, wheel, zinc]), "moved");
    assert_eq!(parts(|parts| drop(parts.remove(0))), json!([tin, zinc]), "the first taken away");
    let bolt = part("bolt", 9);
    let with_bolt = {
        let mut after =
            updated(written(json!(3), data.clone(), json!({})), |thing| thing.parts.insert(0, bolt));
        after["Data"]["parts"].take()
    };
    assert_eq!(with_bolt, json!([{ "name": "bolt", "count": 9 }, wheel, tin, zinc]), "one more in front");
    let changed = parts(|parts| parts[0].count = 5);
    assert_eq!(
        changed,
        json!([{ "name": "wheel", "count": 5, "metal": "steel" }, tin, zinc]),
        "changed in place"
    );
    let swapped = parts(|parts| {
        parts.swap(0, 2);
        parts[0].count = 1;
    });
    // Wheel and one door are found by what they say; the door that says something new by what is left.
    assert_eq!(swapped[1], *tin);
    assert_eq!(swapped[2], *wheel);
    assert_eq!(swapped[0]["count"], 1);
}
