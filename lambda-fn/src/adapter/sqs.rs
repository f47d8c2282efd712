//! Messages of SQS queues. Each is a request of its own: as a direct invocation, or an event of S3
//! that was sent to the queue.

use std::time::Instant;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use serde_json::Value;

use super::{Shape, s3};
use crate::{
    error::Error,
    handler::{Handler, Invocation},
    json,
    report::{Line, Via},
    request::Request,
};

impl Handler {
    /// Classifies what the messages ask about, and names those that failed. The others are done,
    /// if the event source mapping has `ReportBatchItemFailures`.
    pub(super) async fn sqs(
        &self,
        event: Value,
        invocation: &Invocation,
    ) -> Result<SqsBatchResponse, Error> {
        let start = Instant::now();
        let event: SqsEvent = self.read("SQS", event, invocation)?;
        // Before any of them is done: without identifiers none could be named.
        if event
            .records
            .iter()
            .any(|message| message.message_id.is_none())
        {
            let error = Error::InvalidRequest("a message of SQS has no `messageId`".to_owned());
            return Err(self.refuse(error, invocation, start));
        }
        let mut failures = Vec::new();
        let mut stopped = false;
        for message in event.records {
            let id = message.message_id.clone().unwrap_or_default();
            let failed = stopped || !self.message(&message, &id, invocation).await;
            if failed {
                // In a queue that keeps the order nothing may overtake what failed.
                stopped |= is_fifo(&message);
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                failures.push(failure);
            }
        }
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = failures;
        Ok(answer)
    }

    /// Whether all of a message could be done.
    async fn message(&self, message: &SqsMessage, id: &str, invocation: &Invocation) -> bool {
        let (start, cold) = (Instant::now(), self.is_cold());
        let line = || Line::new(Via::Sqs { message: id }, invocation, cold, start);
        let text = message.body.as_deref().unwrap_or_default();
        match request(text, self.policy().max_batch) {
            // S3 says once that it could reach the queue.
            Ok(None) => true,
            Ok(Some(request)) => {
                let body = self.answer(request, invocation).await;
                self.log().write(&line().outcomes(&body.outcomes));
                body.outcomes.as_slice().iter().all(|o| o.result.is_ok())
            }
            Err(error) => {
                self.log().write(&line().error(&error));
                false
            }
        }
    }
}

/// What a message asks for, if it does.
fn request(text: &str, max_batch: usize) -> Result<Option<Request>, Error> {
    let invalid = |error: serde_json::Error| {
        Error::InvalidRequest(format!("the message cannot be read: {error}"))
    };
    let value = json::read("the message", text.as_bytes())?;
    if value.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(None);
    }
    match Shape::of(&value)? {
        Shape::Direct => Request::from_event(value.into(), max_batch).map(Some),
        Shape::S3 => {
            let event = serde_json::from_value(value).map_err(invalid)?;
            s3::request(event).map(Some)
        }
        _ => Err(Error::InvalidRequest(
            "the message is neither a request nor an event of S3".to_owned(),
        )),
    }
}

fn is_fifo(message: &SqsMessage) -> bool {
    let queue = message.event_source_arn.as_deref();
    queue.is_some_and(|queue| queue.ends_with(".fifo"))
}
