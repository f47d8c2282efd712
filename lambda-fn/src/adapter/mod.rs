//! Events of all kinds, told apart by their shape, and the answers that each kind wants.
//!
//! | kind | what makes it one | answer |
//! | --- | --- | --- |
//! | S3 | `Records`, a non-empty array, all with `eventSource` `"aws:s3"` | `{"results": […]}`; an error if any failed |
//! | SQS | the same with `"aws:sqs"` | `{"batchItemFailures": […]}` |
//! | load balancer | `requestContext.elb`, an object, and `httpMethod` | HTTP |
//! | HTTP API and function URL, payload format 2.0 | `version` is `"2.0"`, and `requestContext.http` is an object | HTTP |
//! | REST API with proxy integration, and payload format 1.0 | `requestContext`, an object, `httpMethod` and `path` | HTTP |
//! | direct invocation, and REST API without proxy integration | neither `Records` nor `requestContext` | the scores, or an error |
//!
//! What has `Records` or `requestContext` and is none of these is refused with `InvalidRequest`:
//! it was sent by something that is not known here, and a guess would answer in the wrong form.

mod alb;
mod gateway_v1;
mod gateway_v2;
mod http;
mod s3;
mod sqs;

use std::time::Instant;

use aws_lambda_events::{
    alb::AlbTargetGroupResponse,
    apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse},
    sqs::SqsBatchResponse,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    error::Error,
    event::Event,
    handler::{Handler, Invocation},
    outcome::Body,
    report::{Line, Via},
    request::Request,
};

/// The answer to an event. It serializes as what the event's sender expects.
#[derive(Debug)]
pub struct Reply(Form);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Form {
    Direct(Body),
    S3(s3::Results),
    Sqs(SqsBatchResponse),
    Alb(Box<AlbTargetGroupResponse>),
    GatewayV1(Box<ApiGatewayProxyResponse>),
    GatewayV2(Box<ApiGatewayV2httpResponse>),
}

impl Serialize for Reply {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What kind of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Direct,
    S3,
    Sqs,
    Alb,
    GatewayV1,
    GatewayV2,
}

impl Shape {
    fn of(event: &Value) -> Result<Self, Error> {
        if let Some(records) = event.get("Records") {
            return Self::of_records(records);
        }
        let Some(context) = event.get("requestContext") else {
            return Ok(Self::Direct);
        };
        let is_text = |name: &str| event.get(name).is_some_and(Value::is_string);
        let has = |name: &str| context.get(name).is_some_and(Value::is_object);
        if has("elb") && is_text("httpMethod") {
            Ok(Self::Alb)
        } else if event.get("version").and_then(Value::as_str) == Some("2.0") && has("http") {
            Ok(Self::GatewayV2)
        } else if context.is_object() && is_text("httpMethod") && is_text("path") {
            Ok(Self::GatewayV1)
        } else {
            Err(Error::InvalidRequest(
                "the event has `requestContext`, but it is none of API Gateway, a function URL or \
                 a load balancer"
                    .to_owned(),
            ))
        }
    }

    fn of_records(records: &Value) -> Result<Self, Error> {
        let records = records.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut sources = records
            .iter()
            .map(|record| record.get("eventSource").and_then(Value::as_str));
        let first = sources.next().flatten();
        let shape = match first {
            Some("aws:s3") => Some(Self::S3),
            Some("aws:sqs") => Some(Self::Sqs),
            _ => None,
        };
        shape
            .filter(|_| sources.all(|source| source == first))
            .ok_or_else(|| {
                Error::InvalidRequest(
                    "the event's `Records` are not all of S3 or all of SQS".to_owned(),
                )
            })
    }
}

impl Handler {
    /// Answers one event and logs a line for each request in it.
    ///
    /// Must be called in a tokio runtime; decoding and inference run on its blocking threads.
    ///
    /// # Errors
    ///
    /// Of a direct invocation every [`Error`], of others [`Error::InvalidRequest`] if the event
    /// is not what its sender sends, and of an S3 event also that of a picture. None of them
    /// disturbs a later request.
    pub async fn handle(&self, event: Event, invocation: &Invocation) -> Result<Reply, Error> {
        let start = Instant::now();
        let event = event
            .into_value()
            .and_then(|event| Ok((Shape::of(&event)?, event)));
        let reply = match event {
            Ok((Shape::Direct, event)) => self.direct(event, invocation).await?,
            Ok((Shape::S3, event)) => Form::S3(self.s3(event, invocation).await?),
            Ok((Shape::Sqs, event)) => Form::Sqs(self.sqs(event, invocation).await?),
            Ok((Shape::Alb, event)) => Form::Alb(alb::answer(self, event, invocation).await?),
            Ok((Shape::GatewayV1, event)) => {
                Form::GatewayV1(gateway_v1::answer(self, event, invocation).await?)
            }
            Ok((Shape::GatewayV2, event)) => {
                Form::GatewayV2(gateway_v2::answer(self, event, invocation).await?)
            }
            Err(error) => return Err(self.refuse(error, invocation, start)),
        };
        Ok(Reply(reply))
    }

    async fn direct(&self, event: Value, invocation: &Invocation) -> Result<Form, Error> {
        let start = Instant::now();
        let request = Request::from_event(event.into(), self.policy().max_batch)
            .map_err(|error| self.refuse(error, invocation, start))?;
        let cold = self.is_cold();
        let body = self.answer(request, invocation).await;
        let line = Line::new(Via::Direct, invocation, cold, start);
        self.log().write(&line.outcomes(&body.outcomes));
        match body.outcomes.error() {
            Some(error) => Err(error.clone()),
            None => Ok(Form::Direct(body)),
        }
    }

    /// Logs an event that is not even a request.
    fn refuse(&self, error: Error, invocation: &Invocation, start: Instant) -> Error {
        let line = Line::new(Via::Direct, invocation, self.is_cold(), start);
        self.log().write(&line.error(&error));
        error
    }

    /// Reads an event as what its shape says it is.
    fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        event: Value,
        invocation: &Invocation,
    ) -> Result<T, Error> {
        let start = Instant::now();
        serde_json::from_value(event).map_err(|error| {
            let error =
                Error::InvalidRequest(format!("the event of {what} cannot be read: {error}"));
            self.refuse(error, invocation, start)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_are_strict() {
        let context = json!({"requestId": "r"});
        for (event, shape) in [
            (json!({"url": "u"}), Shape::Direct),
            (json!(null), Shape::Direct),
            (json!([1]), Shape::Direct),
            (json!({"httpMethod": "POST", "path": "/"}), Shape::Direct),
            (json!({"version": "2.0", "url": "u"}), Shape::Direct),
            (json!({"Records": [{"eventSource": "aws:s3"}]}), Shape::S3),
            (json!({"Records": [{"eventSource": "aws:sqs"}]}), Shape::Sqs),
            (
                json!({"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}}),
                Shape::Alb,
            ),
            (
                json!({"httpMethod": "GET", "path": "/", "requestContext": context}),
                Shape::GatewayV1,
            ),
            (
                json!({"version": "1.0", "httpMethod": "GET", "path": "/", "requestContext": {}}),
                Shape::GatewayV1,
            ),
            (
                json!({"version": "2.0", "requestContext": {"http": {}}}),
                Shape::GatewayV2,
            ),
        ] {
            assert_eq!(Shape::of(&event), Ok(shape), "{event}");
        }
        for event in [
            json!({"Records": []}),
            json!({"Records": {}}),
            json!({"Records": [{}]}),
            json!({"Records": [{"EventSource": "aws:sns"}]}),
            json!({"Records": [{"eventSource": "aws:kinesis"}]}),
            json!({"Records": [{"eventSource": "aws:s3"}, {"eventSource": "aws:sqs"}]}),
            json!({"Records": [{"eventSource": "aws:s3"}, 5], "url": "u"}),
            json!({"requestContext": {"http": {}}}),
            json!({"version": "3.0", "requestContext": {"http": {}}}),
            json!({"requestContext": {}, "url": "u"}),
            json!({"requestContext": "r", "httpMethod": "GET", "path": "/"}),
            json!({"requestContext": {"elb": "e"}, "path": "/"}),
            // A web socket.
            json!({"requestContext": {"eventType": "MESSAGE", "routeKey": "$default"}, "body": "b"}),
        ] {
            let error = Shape::of(&event).unwrap_err();
            assert_eq!(error.error_type(), "InvalidRequest", "{event}");
        }
    }
}
