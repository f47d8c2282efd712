//! HTTP APIs of API Gateway with payload format 2.0, and function URLs, which use it, too.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
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
) -> Result<Box<ApiGatewayV2httpResponse>, Error> {
    let what = "an HTTP API or a function URL";
    let event: ApiGatewayV2httpRequest = handler.read(what, event, invocation)?;
    // `POST /predict`, or `$default`.
    let route = event.route_key.as_deref().unwrap_or_default();
    let resource = route.split_once(' ').map(|(_, resource)| resource);
    let stage = event.request_context.stage.as_deref();
    let carried = Carried {
        method: event.request_context.http.method,
        path: path(
            resource,
            event.path_parameters.get("proxy"),
            event.raw_path.map(|path| without_stage(path, stage)),
        ),
        query: event.raw_query_string.unwrap_or_default(),
        headers: event.headers,
        body: event.body,
        is_base64: event.is_base64_encoded,
    };
    let response = carried.answer(handler, invocation).await;
    let mut answer = Box::<ApiGatewayV2httpResponse>::default();
    answer.status_code = status(&response);
    answer.body = Some(text(response.body()));
    answer.headers = response.into_parts().0.headers;
    Ok(answer)
}

/// Other stages than `$default` are the first part of the path.
fn without_stage(path: String, stage: Option<&str>) -> String {
    let rest = stage
        .filter(|stage| !stage.is_empty() && *stage != "$default")
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    rest.map(str::to_owned).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::without_stage;

    #[test]
    fn only_a_whole_part_is_a_stage() {
        for (path, stage, expected) in [
            ("/prod/predict", Some("prod"), "/predict"),
            ("/prod", Some("prod"), ""),
            ("/production/predict", Some("prod"), "/production/predict"),
            ("/predict", Some("$default"), "/predict"),
            ("/predict", Some(""), "/predict"),
            ("/predict", None, "/predict"),
        ] {
            assert_eq!(without_stage(path.to_owned(), stage), expected);
        }
    }
}
