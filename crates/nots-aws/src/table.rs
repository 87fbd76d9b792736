//! The one table, on DynamoDB.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{
        AttributeValue, ConditionCheck, ConsumedCapacity, Delete, KeysAndAttributes, Put,
        ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure as OnRefusal, TransactWriteItem,
    },
};
use nots_core::{
    ports::{Consumed, RawPage, Reply, Table, TableError},
    table::{Expression, Item, Op, Position, RawKey, RawQuery, SortRange},
};

mod local;
pub use local::LocalDynamo;

/// A DynamoDB table of ours.
#[derive(Debug, Clone)]
pub struct DynamoTable {
    client: Client,
    name: String,
}

type SdkItem = HashMap<String, AttributeValue>;

impl DynamoTable {
    /// The table of this name.
    #[must_use]
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    async fn get_one(&self, key: &RawKey) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(sdk_key(key)))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        let found = answer.item.map(|item| (key.clone(), plain(item)));
        Ok(Reply {
            value: found.into_iter().collect(),
            consumed: read(1, answer.consumed_capacity.as_slice()),
        })
    }

    async fn put_one(&self, item: Item, condition: Expression) -> Result<Reply<()>, TableError> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(sdk(item)))
            .condition_expression(condition.text)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(some(sdk(condition.values)))
            .return_values_on_condition_check_failure(OnRefusal::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(Reply { value: (), consumed: written(answer.consumed_capacity.as_slice()) }),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refused)) => {
                    Err(TableError::Refused(vec![(0, refused.item.clone().map(plain))]))
                }
                Some(PutItemError::TransactionConflictException(_)) => Err(TableError::Conflict),
                _ => Err(failed(error)),
            },
        }
    }
}

#[async_trait]
impl Table for DynamoTable {
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        if let [key] = keys.as_slice() {
            return self.get_one(key).await;
        }
        let mut found = HashMap::new();
        let mut consumed = Consumed::default();
        let mut left = keys_of(keys.iter().map(sdk_key))?;
        // DynamoDB may answer a part and ask to come back for the rest.
        for _ in 0..8 {
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.name, left)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(failed)?;
            add(&mut consumed, read(1, answer.consumed_capacity()));
            let items = answer.responses.unwrap_or_default().remove(&self.name).unwrap_or_default();
            found.extend(items.into_iter().map(plain).filter_map(|item| Some((RawKey::of(&item)?, item))));
            let unprocessed = answer.unprocessed_keys.unwrap_or_default().remove(&self.name);
            match unprocessed.filter(|rest| !rest.keys().is_empty()) {
                None => return Ok(Reply { value: found, consumed }),
                Some(rest) => left = keys_of(rest.keys)?,
            }
        }
        Err(TableError::Throttled)
    }

    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        let start = query.after.as_ref().map(|position| start(&query, position)).transpose()?;
        let mut names = HashMap::from([("#pk".to_owned(), query.pk.0.to_owned())]);
        let mut values = HashMap::from([(":pk".to_owned(), AttributeValue::S(query.pk.1.clone()))]);
        let mut bind = |name: &str, text: String| values.insert(name.to_owned(), AttributeValue::S(text));
        let sort = match query.range {
            SortRange::All => "",
            SortRange::BeginsWith(prefix) => {
                bind(":a", prefix);
                " AND begins_with(#sk, :a)"
            }
            SortRange::Between(from, to) => {
                bind(":a", from);
                bind(":b", to);
                " AND #sk BETWEEN :a AND :b"
            }
            SortRange::UpTo(end) => {
                bind(":a", end);
                " AND #sk <= :a"
            }
        };
        if !sort.is_empty() {
            names.insert("#sk".to_owned(), query.sk.to_owned());
        }
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(query.index.map(str::to_owned))
            .key_condition_expression(format!("#pk = :pk{sort}"))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(!query.newest_first)
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            // Only the table itself can be read consistently; its indexes follow within a moment.
            .consistent_read(query.index.is_none())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        let next = answer.last_evaluated_key.map(|key| end(key, query.sk)).transpose()?;
        let consumed = read(1, answer.consumed_capacity.as_slice());
        let items = answer.items.unwrap_or_default().into_iter().map(plain).collect();
        Ok(Reply { value: RawPage { items, next }, consumed })
    }

    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        let mut ops = ops;
        if let [Op::Put { .. }] = ops.as_slice()
            && let Some(Op::Put { item, condition, .. }) = ops.pop()
        {
            return self.put_one(item, condition.expression()).await;
        }
        let items = ops.into_iter().map(|op| self.transact_item(op)).collect::<Result<Vec<_>, _>>()?;
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(Reply { value: (), consumed: written(answer.consumed_capacity()) }),
            Err(error) => Err(cancelled(error)),
        }
    }
}

impl DynamoTable {
    fn transact_item(&self, op: Op) -> Result<TransactWriteItem, TableError> {
        let condition = op.condition().expression();
        let values = some(sdk(condition.values));
        match op {
            Op::Put { item, .. } => {
                let put = Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(sdk(item)))
                    .condition_expression(condition.text)
                    .set_expression_attribute_names(Some(condition.names))
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnRefusal::AllOld)
                    .build();
                Ok(TransactWriteItem::builder().put(put.map_err(unbuildable)?).build())
            }
            Op::Delete { key, .. } => {
                let delete = Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(sdk_key(&key)))
                    .condition_expression(condition.text)
                    .set_expression_attribute_names(Some(condition.names))
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnRefusal::AllOld)
                    .build();
                Ok(TransactWriteItem::builder().delete(delete.map_err(unbuildable)?).build())
            }
            Op::Check { key, .. } => {
                let check = ConditionCheck::builder()
                    .table_name(&self.name)
                    .set_key(Some(sdk_key(&key)))
                    .condition_expression(condition.text)
                    .set_expression_attribute_names(Some(condition.names))
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnRefusal::AllOld)
                    .build();
                Ok(TransactWriteItem::builder().condition_check(check.map_err(unbuildable)?).build())
            }
        }
    }
}

/// A cancelled transaction says for each operation why it would not have it. A refusal outweighs a conflict: only
/// the refusal is the same on the next try.
fn cancelled(error: SdkError<TransactWriteItemsError>) -> TableError {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => return TableError::Conflict,
        _ => return failed(error),
    };
    let refused: Vec<_> = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(at, reason)| (at, reason.item.clone().map(plain)))
        .collect();
    let says = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    if !refused.is_empty() {
        TableError::Refused(refused)
    } else if says("TransactionConflict") {
        TableError::Conflict
    } else if says("ThrottlingError") || says("ProvisionedThroughputExceeded") {
        TableError::Throttled
    } else if says("ValidationError") {
        // Nothing of it is written, and nothing ever would be.
        TableError::Rejected(error.into())
    } else {
        failed(error)
    }
}

fn failed<E>(error: SdkError<E>) -> TableError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    const THROTTLED: [&str; 4] = [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "ReplicatedWriteConflictException",
    ];
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(code) if THROTTLED.contains(&code) => TableError::Throttled,
        Some("ValidationException") => TableError::Rejected(error.into()),
        _ => TableError::Unavailable(error.into()),
    }
}

fn unbuildable(error: aws_sdk_dynamodb::error::BuildError) -> TableError {
    TableError::Unavailable(error.into())
}

fn keys_of(keys: impl IntoIterator<Item = SdkItem>) -> Result<KeysAndAttributes, TableError> {
    let keys = keys.into_iter().collect();
    KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build().map_err(unbuildable)
}

fn sdk_key(key: &RawKey) -> SdkItem {
    HashMap::from([
        ("PK".to_owned(), AttributeValue::S(key.pk.clone())),
        ("SK".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// Where a page begins: the key attributes of the item before it.
fn start(query: &RawQuery, position: &Position) -> Result<SdkItem, TableError> {
    let key =
        position.whole().ok_or_else(|| TableError::Rejected("the position is in other shards".into()))?;
    let mut start = sdk_key(key);
    start.insert(query.pk.0.to_owned(), AttributeValue::S(query.pk.1.clone()));
    start.insert(query.sk.to_owned(), AttributeValue::S(position.sk.clone()));
    Ok(start)
}

/// Where a page ended.
fn end(last: SdkItem, sk: &str) -> Result<Position, TableError> {
    let last = plain(last);
    let key = RawKey::of(&last);
    match (key, last.get(sk)) {
        (Some(key), Some(serde_dynamo::AttributeValue::S(sk))) => Ok(Position::behind(sk.clone(), key)),
        _ => Err(TableError::Unavailable("a page ended at an item without its keys".into())),
    }
}

fn plain(item: SdkItem) -> Item {
    item.into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn sdk(item: Item) -> SdkItem {
    item.into_iter().map(|(name, value)| (name, value.into())).collect()
}

/// DynamoDB refuses an empty map of values.
fn some(values: SdkItem) -> Option<SdkItem> {
    (!values.is_empty()).then_some(values)
}

fn units(capacity: &[ConsumedCapacity]) -> f64 {
    capacity.iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

fn read(round_trips: u32, capacity: &[ConsumedCapacity]) -> Consumed {
    Consumed { round_trips, read_units: units(capacity), write_units: 0.0 }
}

fn written(capacity: &[ConsumedCapacity]) -> Consumed {
    Consumed { round_trips: 1, read_units: 0.0, write_units: units(capacity) }
}

fn add(sum: &mut Consumed, more: Consumed) {
    sum.round_trips += more.round_trips;
    sum.read_units += more.read_units;
    sum.write_units += more.write_units;
}
