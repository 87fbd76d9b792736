//! The document's user: read, kept and written as the document has it.

use std::collections::HashMap;

use nots_core::{
    Actor, Timestamp,
    entity::User,
    table::{Entity, Item, Stored},
};
use serde_json::{Map, Value, json};

use super::{all_plain, examples};

/// Plain JSON as DynamoDB's.
fn typed(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(b) => json!({ "BOOL": b }),
        Value::Number(n) => json!({ "N": n.to_string() }),
        Value::String(s) => json!({ "S": s }),
        Value::Array(all) => json!({ "L": all.iter().map(typed).collect::<Vec<_>>() }),
        Value::Object(all) => {
            json!({ "M": all.iter().map(|(k, v)| (k.clone(), typed(v))).collect::<Map<_, _>>() })
        }
    }
}

/// The example, with what every item has beside what the document shows.
fn example() -> Value {
    let mut example: Value = serde_json::from_str(examples::USER).expect("an example");
    let beside = json!({ "UpdatedBy": "user_abc123", "Version": 1, "SchemaVersion": 1, "GSI2PK": "USERS", "GSI2SK": "USER#user_abc123" });
    example.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
    example
}

fn item(example: &Value) -> Item {
    let attributes = example.as_object().unwrap().iter().map(|(name, value)| (name.clone(), typed(value)));
    serde_json::from_value::<HashMap<_, _>>(attributes.collect::<Map<_, _>>().into()).expect("an item")
}

#[test]
fn the_document_s_user_is_written_as_it_was_read() {
    let stored = Stored::<User>::from_item(item(&example())).expect("a user");
    assert_eq!(stored.data.preferences.saved_addresses[0].label.as_str(), "Home");
    let written = all_plain(&serde_json::to_value(stored.to_item().unwrap()).unwrap());
    // The one departure: GSI2, because the document lists all users by an index that nobody writes.
    assert_eq!(written, example());
    assert_eq!(User::TYPE, "User");
}

#[test]
fn a_user_who_registers_is_the_document_s_but_for_who_wrote_it() {
    let data = Stored::<User>::from_item(item(&example())).expect("a user").data;
    let (by, at) = (Actor::User(data.user_id.clone()), Timestamp::new(1_701_710_400).unwrap());
    let written = data.register(by, at).user.to_item().unwrap();
    assert_eq!(all_plain(&serde_json::to_value(written).unwrap()), example());
}
