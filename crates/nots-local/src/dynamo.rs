//! DynamoDB on this machine: dynoxide behind the wire protocol, its stream, and deletion after TTL.

use std::{net::SocketAddr, path::Path, sync::Arc};

use dynoxide::{
    Database, ImportOptions,
    actions::{
        delete_item::DeleteItemRequest, describe_table::DescribeTableRequest, get_records::GetRecordsRequest,
        get_shard_iterator::GetShardIteratorRequest, put_item::PutItemRequest, scan::ScanRequest,
    },
    storage_backend,
};
use nots_core::{
    Timestamp,
    ports::{Cause, Clock},
    table::Item,
};
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The table's name here.
pub const TABLE: &str = "nots-main-table";
/// Seconds after its TTL that an item is deleted: AWS promises no better.
const DELETED_AFTER: u32 = 48 * 60 * 60;

/// The database engine.
#[derive(Clone)]
pub(crate) struct Dynamo {
    database: Database,
}

/// The engine stamps stream records with the platform's time.
struct EngineClock(Arc<dyn Clock>);

impl storage_backend::Clock for EngineClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.0.now().seconds()).unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "ten digits")]
    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now().seconds() as f64
    }
}

/// The embedded DynamoDB alone, in memory, behind the wire protocol; gone when dropped.
#[derive(Debug)]
pub struct EmbeddedDynamo {
    /// Where it is.
    pub address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

impl EmbeddedDynamo {
    /// On a free port of this machine, without any table.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> Result<Self, Cause> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let serving = Dynamo { database: Database::memory()? }.serve(listener);
        Ok(Self { address, serving })
    }
}

impl Drop for EmbeddedDynamo {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Records of the stream, as Lambda receives them, and where the next ones begin.
pub(crate) struct Records {
    /// Each as JSON.
    pub records: Vec<Value>,
    /// Where the next ones begin.
    pub next: Option<String>,
}

/// The engine looks for the stream's last number at every write, and for a page of it at every read, and has no index
/// for either: in a file that has seen a hundred thousand writes each would read them all.
fn index_the_stream(file: &Path) -> Result<(), Cause> {
    let place = "CAST(sequence_number AS INTEGER)";
    rusqlite::Connection::open(file)?.execute_batch(&format!(
        "CREATE INDEX IF NOT EXISTS nots_stream_last ON _stream_records (table_name, {place});
         CREATE INDEX IF NOT EXISTS nots_stream_page ON _stream_records (table_name, shard_id, {place});"
    ))?;
    Ok(())
}

/// An attribute as the engine has it; no item of ours has binaries or sets.
fn engine_value(value: AttributeValue) -> Result<dynoxide::AttributeValue, Cause> {
    use dynoxide::AttributeValue as Engine;
    Ok(match value {
        AttributeValue::S(text) => Engine::S(text),
        AttributeValue::N(number) => Engine::N(number),
        AttributeValue::Bool(yes) => Engine::BOOL(yes),
        AttributeValue::Null(yes) => Engine::NULL(yes),
        AttributeValue::L(all) => Engine::L(all.into_iter().map(engine_value).collect::<Result<_, _>>()?),
        AttributeValue::M(all) => {
            let all = all.into_iter().map(|(name, value)| Ok::<_, Cause>((name, engine_value(value)?)));
            Engine::M(all.collect::<Result<_, _>>()?)
        }
        _ => return Err("an item has a binary or a set".into()),
    })
}

impl Dynamo {
    /// In memory, or in a file.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open(file: Option<&Path>, clock: Arc<dyn Clock>) -> Result<Self, Cause> {
        let database = match file {
            None => Database::memory_with_clock(Arc::new(EngineClock(clock)))?,
            Some(file) => {
                let database = Database::new(&file.to_string_lossy())?;
                index_the_stream(file)?;
                database
            }
        };
        Ok(Self { database })
    }

    /// Serves the wire protocol until the process ends.
    #[must_use]
    pub(crate) fn serve(&self, listener: TcpListener) -> tokio::task::JoinHandle<()> {
        let database = self.database.clone();
        tokio::spawn(async move {
            dynoxide::server::serve_on(listener, database).await;
        })
    }

    /// Where the table's stream begins.
    ///
    /// # Errors
    /// When the table has no stream.
    pub(crate) fn stream_start(&self) -> Result<String, Cause> {
        let table = self.database.describe_table(DescribeTableRequest { table_name: TABLE.to_owned() })?;
        let table = serde_json::to_value(table)?;
        let arn = table
            .pointer("/Table/LatestStreamArn")
            .and_then(Value::as_str)
            .ok_or("the table has no stream")?;
        let iterator = self.database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn: arn.to_owned(),
            shard_id: dynoxide::streams::shard_id(TABLE),
            shard_iterator_type: "TRIM_HORIZON".to_owned(),
            sequence_number: None,
        })?;
        iterator.shard_iterator.ok_or_else(|| "the stream has no shard".into())
    }

    /// Up to `limit` records from there on.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub(crate) fn stream_records(&self, from: &str, limit: usize) -> Result<Records, Cause> {
        let request = GetRecordsRequest { shard_iterator: from.to_owned(), limit: Some(limit) };
        let answer = self.database.get_records(request)?;
        let records = answer.records.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        Ok(Records { records, next: answer.next_shard_iterator })
    }

    /// Puts many items at once, past port and stream: for figures alone.
    ///
    /// # Errors
    /// When one is no item of the table.
    pub(crate) fn load(&self, items: Vec<Item>) -> Result<(), Cause> {
        let of_engine = |item: Item| item.into_iter().map(|(name, value)| Ok((name, engine_value(value)?)));
        let items = items.into_iter().map(|item| of_engine(item).collect()).collect::<Result<_, Cause>>()?;
        self.database.import_items(TABLE, items, ImportOptions::default())?;
        Ok(())
    }

    /// Puts an item, DynamoDB's JSON, and answers the write units of the table and of each index.
    ///
    /// # Errors
    /// When it is no item of the table.
    pub(crate) fn put_counted(&self, item: &Value) -> Result<Value, Cause> {
        let request = json!({ "TableName": TABLE, "Item": item, "ReturnConsumedCapacity": "INDEXES" });
        let answer = self.database.put_item(serde_json::from_value::<PutItemRequest>(request)?)?;
        Ok(serde_json::to_value(answer.consumed_capacity)?)
    }

    /// Deletes an item by its key attributes, and answers the write units of the table and of each index.
    ///
    /// # Errors
    /// When it is no key of the table.
    pub(crate) fn delete_counted(&self, key: &Value) -> Result<Value, Cause> {
        let request = json!({ "TableName": TABLE, "Key": key, "ReturnConsumedCapacity": "INDEXES" });
        let answer = self.database.delete_item(serde_json::from_value::<DeleteItemRequest>(request)?)?;
        Ok(serde_json::to_value(answer.consumed_capacity)?)
    }

    /// Every item, as DynamoDB's JSON, by key.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) fn dump(&self) -> Result<Vec<Value>, Cause> {
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let request = json!({ "TableName": TABLE, "ExclusiveStartKey": start });
            let request = if start.is_null() { json!({ "TableName": TABLE }) } else { request };
            let page =
                serde_json::to_value(self.database.scan(serde_json::from_value::<ScanRequest>(request)?)?)?;
            items.extend(page.get("Items").and_then(Value::as_array).cloned().unwrap_or_default());
            start = page.get("LastEvaluatedKey").cloned().unwrap_or(Value::Null);
            if start.is_null() {
                items.sort_by_key(|item| {
                    (item.pointer("/PK/S").map(Value::to_string), item.pointer("/SK/S").map(Value::to_string))
                });
                return Ok(items);
            }
        }
    }

    /// Deletes what outlived its TTL by as long as AWS may take, and answers how many items that were.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub(crate) fn delete_expired(&self, now: Timestamp) -> Result<usize, Cause> {
        let before = now.minus(DELETED_AFTER);
        let mut deleted = 0;
        let mut start = Value::Null;
        loop {
            let mut request = json!({
                "TableName": TABLE,
                "FilterExpression": "#ttl < :before",
                "ProjectionExpression": "PK, SK",
                "ExpressionAttributeNames": { "#ttl": "TTL" },
                "ExpressionAttributeValues": { ":before": { "N": before.to_string() } },
            });
            if let (Some(request), false) = (request.as_object_mut(), start.is_null()) {
                request.insert("ExclusiveStartKey".to_owned(), start);
            }
            let page = self.database.scan(serde_json::from_value::<ScanRequest>(request)?)?;
            let page = serde_json::to_value(page)?;
            for key in page.get("Items").and_then(Value::as_array).into_iter().flatten() {
                let request = json!({
                    "TableName": TABLE,
                    "Key": key,
                    "ConditionExpression": "#ttl < :before",
                    "ExpressionAttributeNames": { "#ttl": "TTL" },
                    "ExpressionAttributeValues": { ":before": { "N": before.to_string() } },
                });
                self.database.delete_item(serde_json::from_value::<DeleteItemRequest>(request)?)?;
                deleted += 1;
            }
            start = page.get("LastEvaluatedKey").cloned().unwrap_or(Value::Null);
            if start.is_null() {
                return Ok(deleted);
            }
        }
    }
}
