//! Application load balancers.

use aws_lambda_events::alb::{AlbTargetGroupRequest, AlbTargetGroupResponse};
use serde_json::Value;

use super::http::{Carried, status, text};
use crate::{
    error::Error,
    handler::{Handler, Invocation},
};

pub(super) async fn answer(
    handler: &Handler,
    event: Value,
    invocation: &Invocation,
) -> Result<Box<AlbTargetGroupResponse>, Error> {
    let event: AlbTargetGroupRequest = handler.read("a load balancer", event, invocation)?;
    // A setting of the target group, and the answer must keep to it.
    let multi_value = !event.multi_value_headers.is_empty();
    let (headers, query) = if multi_value {
        (
            event.multi_value_headers,
            event.multi_value_query_string_parameters,
        )
    } else {
        (event.headers, event.query_string_parameters)
    };
    // Load balancers hand parameters over as they are in the URL, still encoded.
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let carried = Carried {
        method: event.http_method,
        path: event.path.unwrap_or_default(),
        query: pairs.join("&"),
        headers,
        body: event.body.filter(|body| !body.is_empty()),
        is_base64: event.is_base64_encoded,
    };
    let response = carried.answer(handler, invocation).await;
    let mut answer = Box::<AlbTargetGroupResponse>::default();
    answer.status_code = status(&response);
    answer.status_description = Some(response.status().to_string());
    answer.body = Some(text(response.body()));
    let headers = response.into_parts().0.headers;
    if multi_value {
        answer.multi_value_headers = headers;
    } else {
        answer.headers = headers;
    }
    Ok(answer)
}
