//! The table's adapter against answers that no engine on this machine gives: conflicts, throttles, keys left over, lost replies.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, http::StatusCode, response::IntoResponse};
use nots_aws::LocalDynamo;
use nots_core::{
    ports::{Table, TableError},
    table::{Condition, Op, RawKey, attr},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Script = Arc<Mutex<VecDeque<(u16, Value)>>>;
type Asked = Arc<Mutex<Vec<Value>>>;

/// A table whose answers are these, in order; the last one again and again.
async fn answering(answers: Vec<(u16, Value)>) -> (Arc<dyn Table>, Asked) {
    let (script, asked) = (Script::new(Mutex::new(answers.into())), Asked::default());
    let kept = asked.clone();
    let router = Router::new().fallback(move |body: Bytes| {
        kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        let mut script = script.lock().unwrap();
        let (status, answer) =
            if script.len() > 1 { script.pop_front() } else { script.front().cloned() }.unwrap();
        let kind = [("content-type", "application/x-amz-json-1.0")];
        async move { (StatusCode::from_u16(status).unwrap(), kind, answer.to_string()).into_response() }
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Arc::new(LocalDynamo::at(&endpoint).table("T")), asked)
}

fn key(sk: &str) -> RawKey {
    RawKey { pk: "P".to_owned(), sk: sk.to_owned() }
}

fn put(sk: &str) -> Op {
    let item = [("PK", "P"), ("SK", sk)].map(|(name, value)| (name.to_owned(), attr::text(value)));
    Op::Put {
        entity: "Test",
        key: key(sk),
        item: item.into(),
        spread: Vec::new(),
        condition: Condition::Absent,
    }
}

fn cancelled(reasons: &[Value]) -> (u16, Value) {
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    (400, json!({ "__type": kind, "Message": "Transaction cancelled", "CancellationReasons": reasons }))
}

fn error(kind: &str) -> (u16, Value) {
    (400, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "no" }))
}

async fn transaction(reasons: &[Value]) -> TableError {
    let (table, _) = answering(vec![cancelled(reasons)]).await;
    table.write_items(vec![put("1"), put("2")]).await.unwrap_err()
}

fn reason(code: &str) -> Value {
    json!({ "Code": code })
}

#[tokio::test]
async fn a_cancelled_transaction_is_understood_by_its_reasons() {
    let none = reason("None");
    let refused = json!({ "Code": "ConditionalCheckFailed", "Item": { "PK": { "S": "P" } } });
    let conflict = reason("TransactionConflict");
    assert!(matches!(transaction(&[none.clone(), conflict.clone()]).await, TableError::Conflict));
    for code in ["ThrottlingError", "ProvisionedThroughputExceeded"] {
        assert!(matches!(transaction(&[reason(code), none.clone()]).await, TableError::Throttled), "{code}");
    }
    let rejected = transaction(&[none.clone(), reason("ValidationError")]).await;
    assert!(
        matches!(rejected, TableError::Rejected(_)),
        "nothing of it is written, and never will be: {rejected:?}"
    );
    // A refusal is the same on the next try, a conflict is not.
    match transaction(&[conflict, refused]).await {
        TableError::Refused(refused) => {
            let old = [("PK".to_owned(), attr::text("P"))].into();
            assert_eq!(refused, [(1, Some(old))]);
        }
        other => panic!("{other:?}"),
    }
    let unknown = transaction(&[none, reason("SomethingNew")]).await;
    assert!(matches!(unknown, TableError::Unavailable(_)), "{unknown:?}");
}

#[tokio::test]
async fn an_error_is_understood_by_its_code() {
    let (table, _) = answering(vec![error("TransactionConflictException")]).await;
    assert!(matches!(table.write_items(vec![put("1")]).await, Err(TableError::Conflict)), "one item alone");
    let (table, _) = answering(vec![error("TransactionInProgressException")]).await;
    assert!(matches!(table.write_items(vec![put("1"), put("2")]).await, Err(TableError::Conflict)));
    let (table, asked) = answering(vec![error("ValidationException")]).await;
    assert!(matches!(table.get_items(vec![key("1")]).await, Err(TableError::Rejected(_))));
    assert_eq!(asked.lock().unwrap().len(), 1, "what is wrong once is wrong again");
    for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        let (table, asked) = answering(vec![error(code)]).await;
        assert!(matches!(table.write_items(vec![put("1")]).await, Err(TableError::Throttled)), "{code}");
        assert_eq!(asked.lock().unwrap().len(), 3, "{code} is asked for again, twice");
    }
    let (table, _) = answering(vec![error("ResourceNotFoundException")]).await;
    assert!(matches!(table.get_items(vec![key("1")]).await, Err(TableError::Unavailable(_))));
}

#[tokio::test]
async fn a_transaction_that_is_asked_for_again_is_the_same_one() {
    let broken = (500, json!({ "__type": "InternalServerError", "message": "no" }));
    let (table, asked) = answering(vec![broken, (200, json!({}))]).await;
    table.write_items(vec![put("1"), put("2")]).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    let tokens: Vec<_> = asked.iter().map(|body| body["ClientRequestToken"].clone()).collect();
    assert_eq!(tokens.len(), 2);
    assert!(tokens[0].is_string(), "DynamoDB knows it by this token");
    assert_eq!(asked[0], asked[1]);
}

/// An answer to a batch with one item found and these keys left over.
fn part(found: &str, left: &[&str]) -> (u16, Value) {
    let key = |sk: &str| json!({ "PK": { "S": "P" }, "SK": { "S": sk } });
    let left: Vec<_> = left.iter().map(|sk| key(sk)).collect();
    let unprocessed = if left.is_empty() { json!({}) } else { json!({ "T": { "Keys": left } }) };
    let capacity = json!([{ "TableName": "T", "CapacityUnits": 1.0 }]);
    let body = json!({ "Responses": { "T": [key(found)] }, "UnprocessedKeys": unprocessed, "ConsumedCapacity": capacity });
    (200, body)
}

#[tokio::test]
async fn keys_that_are_left_over_are_asked_for_again_and_consistently() {
    let (table, asked) = answering(vec![part("1", &["2", "3"]), part("3", &["2"]), part("2", &[])]).await;
    let answer = table.get_items(vec![key("1"), key("2"), key("3")]).await.unwrap();
    let mut found: Vec<_> = answer.value.into_keys().map(|key| key.sk).collect();
    found.sort();
    assert_eq!(found, ["1", "2", "3"]);
    assert_eq!((answer.consumed.round_trips, answer.consumed.read_units), (3, 3.0));
    let asked = asked.lock().unwrap();
    let keys = |body: &Value| body["RequestItems"]["T"]["Keys"].as_array().map(Vec::len);
    assert_eq!(asked.iter().filter_map(keys).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(asked.iter().all(|body| body["RequestItems"]["T"]["ConsistentRead"] == true));
}

#[tokio::test]
async fn keys_that_stay_left_over_are_a_table_short_of_capacity() {
    let (table, asked) = answering(vec![part("1", &["2"])]).await;
    assert!(matches!(table.get_items(vec![key("1"), key("2")]).await, Err(TableError::Throttled)));
    assert_eq!(asked.lock().unwrap().len(), 8);
}

#[tokio::test]
async fn a_page_that_is_short_says_where_it_ended() {
    let last = json!({ "PK": { "S": "P" }, "SK": { "S": "1" } });
    let body = json!({ "Items": [last], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": last });
    let empty = json!({ "Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": last });
    let (table, _) = answering(vec![(200, body), (200, empty)]).await;
    let query = nots_core::table::RawQuery {
        index: None,
        pk: ("PK", "P".to_owned()),
        sk: "SK",
        range: nots_core::table::SortRange::All,
        newest_first: false,
        spread: false,
        limit: 25,
        after: None,
    };
    for items in [1, 0] {
        let page = table.query_items(query.clone()).await.unwrap().value;
        assert_eq!((page.items.len(), page.next.is_some()), (items, true), "{items} items, and more to come");
    }
}
