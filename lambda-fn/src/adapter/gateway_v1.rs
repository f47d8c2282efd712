//! REST APIs of API Gateway with proxy integration, and HTTP APIs with payload format 1.0.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use serde_json::Value;

use super::http::{Carried, path, status, text};
use crate::{
    error::Error,
    handler::{Handler, Invocation},
};

pub(super) async fn answer(
    handler: &Handler,
    event: Value,
    invocation: &Invocation,
) -> Result<Box<ApiGatewayProxyResponse>, Error> {
    let event: ApiGatewayProxyRequest = handler.read("API Gateway", event, invocation)?;
    // The console's test has only one of each pair.
    let headers = if event.multi_value_headers.is_empty() {
        event.headers
    } else {
        event.multi_value_headers
    };
    let query = if event.multi_value_query_string_parameters.is_empty() {
        event.query_string_parameters
    } else {
        event.multi_value_query_string_parameters
    };
    let carried = Carried {
        method: event.http_method,
        path: path(
            event.resource.as_deref(),
            event.path_parameters.get("proxy"),
            event.path,
        ),
        query: form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query.iter())
            .finish(),
        headers,
        body: event.body,
        is_base64: event.is_base64_encoded,
    };
    let response = carried.answer(handler, invocation).await;
    let mut answer = Box::<ApiGatewayProxyResponse>::default();
    answer.status_code = status(&response);
    answer.body = Some(text(response.body()));
    answer.headers = response.into_parts().0.headers;
    Ok(answer)
}
