//! Batches of the table's stream and of queues to consumers, with the failures reported one by one.

use std::{collections::HashSet, convert::Infallible, future::Future, sync::Arc};

use aws_lambda_events::{
    dynamodb::{Event as StreamEvent, EventRecord},
    sqs::{SqsBatchResponse, SqsEvent},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use futures_util::future::join_all;
use lambda_runtime::{Error, LambdaEvent};
use nots_core::{
    consume::{Consumer, QueueMessage, StreamRecord},
    ports::Cause,
};
use tower::Service;

/// A consumer of the table's stream as Lambda sees it. Records are worked on in order. One that fails holds up those of
/// its own partition and no others; it is the one that is reported, and the next delivery begins with it, so what was
/// worked on behind it comes again and changes nothing more.
pub fn stream_service<C: Consumer<StreamRecord>>(
    consumer: Arc<C>,
) -> impl Service<
    LambdaEvent<StreamEvent>,
    Response = DynamoDbEventResponse,
    Error = Infallible,
    Future: Future + Send,
> + Clone {
    tower::service_fn(move |event: LambdaEvent<StreamEvent>| {
        let consumer = consumer.clone();
        async move {
            let mut response = DynamoDbEventResponse::default();
            let mut held_up = HashSet::new();
            for record in event.payload.records {
                let record = to_record(record);
                let (sequence_number, partition) = (record.sequence_number.clone(), record.partition());
                if partition.as_ref().is_some_and(|partition| held_up.contains(partition)) {
                    continue;
                }
                if let Err(cause) = consumer.consume(record).await {
                    log_failure("stream record", &sequence_number, &cause);
                    held_up.extend(partition);
                    if response.batch_item_failures.is_empty() {
                        let mut failed = DynamoDbBatchItemFailure::default();
                        failed.item_identifier = Some(sequence_number);
                        response.batch_item_failures.push(failed);
                    }
                }
            }
            Ok::<_, Infallible>(response)
        }
    })
}

/// A consumer of a queue as Lambda sees it. Messages are worked on side by side, so that one that waits for a slow
/// service does not take the others' time; those that fail come back.
pub fn queue_service<C: Consumer<QueueMessage>>(
    consumer: Arc<C>,
) -> impl Service<LambdaEvent<SqsEvent>, Response = SqsBatchResponse, Error = Infallible, Future: Future + Send>
+ Clone {
    tower::service_fn(move |event: LambdaEvent<SqsEvent>| {
        let consumer = consumer.clone();
        async move {
            let work = event.payload.records.into_iter().map(|message| {
                let consumer = &consumer;
                async move {
                    let id = message.message_id.unwrap_or_default();
                    let message = QueueMessage { id: id.clone(), body: message.body.unwrap_or_default() };
                    let failed = consumer.consume(message).await.err()?;
                    log_failure("queue message", &id, &failed);
                    Some(id)
                }
            });
            let mut response = SqsBatchResponse::default();
            for id in join_all(work).await.into_iter().flatten() {
                response.add_failure(id);
            }
            Ok::<_, Infallible>(response)
        }
    })
}

/// Runs a consumer of the table's stream under the Lambda runtime.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_stream<C: Consumer<StreamRecord>>(consumer: C) -> Result<(), Error> {
    lambda_runtime::run(stream_service(Arc::new(consumer))).await
}

/// Runs a consumer of a queue under the Lambda runtime.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_queue<C: Consumer<QueueMessage>>(consumer: C) -> Result<(), Error> {
    lambda_runtime::run(queue_service(Arc::new(consumer))).await
}

fn to_record(record: EventRecord) -> StreamRecord {
    let image = |image: aws_lambda_events::dynamodb::StreamRecord| {
        let some = |item: std::collections::HashMap<_, _>| (!item.is_empty()).then_some(item);
        (some(image.old_image.into_inner()), some(image.new_image.into_inner()), image.sequence_number)
    };
    let (before, after, sequence_number) = image(record.change);
    StreamRecord { sequence_number: sequence_number.unwrap_or_default(), before, after }
}

fn log_failure(what: &str, id: &str, cause: &Cause) {
    let mut chain = cause.to_string();
    let mut source = cause.source();
    while let Some(inner) = source {
        chain.push_str(": ");
        chain.push_str(&inner.to_string());
        source = inner.source();
    }
    tracing::error!(record.id = id, cause = chain, "Could not work on {what} `{id}`; it comes back");
}
