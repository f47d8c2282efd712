//! The function as a web server, whoever carries requests to it: API Gateway, a function URL, a
//! load balancer, or [`crate::serve`].
//!
//! | path | method | |
//! | --- | --- | --- |
//! | `/predict` | POST | classifies what the body names or is |
//! | `/health` | GET | `{"status": "ok", …}`: the model is loaded |
//! | `/openapi.json` | GET | the description of this interface |
//! | `/` | GET | a page to try it with |
//!
//! `OPTIONS` is answered everywhere, and `HEAD` where `GET` is.

mod body;
mod headers;
mod page;
mod refusal;

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Serialize;
use serde_json::json;

pub(crate) use self::refusal::{Refusal, status};
use crate::{
    handler::{Handler, Invocation},
    outcome::{Body, Item, Outcomes},
    report::{Line, Via},
};

/// The description of the interface.
const OPENAPI: &str = include_str!("../../openapi.json");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Predict,
    Health,
    OpenApi,
    Page,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/predict" => Some(Self::Predict),
            "/health" => Some(Self::Health),
            "/openapi.json" => Some(Self::OpenApi),
            "" | "/" => Some(Self::Page),
            _ => None,
        }
    }

    fn allowed(self) -> &'static str {
        match self {
            Self::Predict => "POST, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}

/// Whether a request is one to classify something: the kind that takes its time.
pub(crate) fn is_prediction<T>(request: &Request<T>) -> bool {
    request.method() == Method::POST && Route::of(request.uri().path()) == Some(Route::Predict)
}

/// The longest body that can be asked about: a picture of the largest size as base64, and some
/// JSON around it.
pub(crate) fn max_body_bytes(handler: &Handler) -> usize {
    (handler.limits().max_bytes / 3 + 1) * 4 + (1 << 16)
}

impl Handler {
    /// Answers an HTTP request and logs one line. The answer always is one: failures have their
    /// status and a body with `errorType` and `errorMessage`.
    ///
    /// Must be called in a tokio runtime; decoding and inference run on its blocking threads.
    pub async fn http(&self, request: Request<Bytes>, invocation: &Invocation) -> Response<Bytes> {
        let start = Instant::now();
        let cold = self.is_cold();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let result = self.respond(request, invocation).await;

        let via = |response: &Response<Bytes>| Via::Http {
            method: method.as_str(),
            path: &path,
            status: response.status().as_u16(),
        };
        let mut response = match result {
            Ok(Answered::Plain(response)) => {
                self.log()
                    .write(&Line::new(via(&response), invocation, cold, start));
                response
            }
            Ok(Answered::Body(body)) => {
                let response = of_body(&body);
                let line = Line::new(via(&response), invocation, cold, start);
                self.log().write(&line.outcomes(&body.outcomes));
                response
            }
            Err(refusal) => {
                let response = refusal.response();
                let line = Line::new(via(&response), invocation, cold, start);
                self.log().write(&refusal.log(line));
                response
            }
        };
        headers::add(&mut response, &invocation.request_id, self.policy());
        response
    }

    /// Answers a request that its carrier refuses, and logs one line.
    pub(crate) fn refuse_http(
        &self,
        refusal: &Refusal,
        head: Request<()>,
        invocation: &Invocation,
    ) -> Response<Bytes> {
        let start = Instant::now();
        let mut response = refusal.response();
        let via = Via::Http {
            method: head.method().as_str(),
            path: head.uri().path(),
            status: response.status().as_u16(),
        };
        let line = Line::new(via, invocation, self.is_cold(), start);
        self.log().write(&refusal.log(line));
        headers::add(&mut response, &invocation.request_id, self.policy());
        response
    }

    async fn respond(
        &self,
        request: Request<Bytes>,
        invocation: &Invocation,
    ) -> Result<Answered, Refusal> {
        let path = request.uri().path();
        let head = request.method() == Method::HEAD;
        let route = Route::of(path).ok_or_else(|| Refusal::NotFound(path.to_owned()))?;
        let response = match (request.method(), route) {
            (&Method::OPTIONS, _) => headers::preflight(route.allowed()),
            (&Method::GET | &Method::HEAD, Route::Page) => page::page(),
            (&Method::GET | &Method::HEAD, Route::OpenApi) => json_response(OPENAPI),
            (&Method::GET | &Method::HEAD, Route::Health) => json_response(self.health()),
            (&Method::POST, Route::Predict) => {
                let limit = max_body_bytes(self);
                if request.body().len() > limit {
                    return Err(Refusal::BodyTooLarge { limit });
                }
                let request = body::read(request, self.policy().max_batch).await?;
                return Ok(Answered::Body(self.answer(request, invocation).await));
            }
            _ => {
                return Err(Refusal::MethodNotAllowed {
                    allowed: route.allowed(),
                });
            }
        };
        Ok(Answered::Plain(if head {
            response.map(|_| Bytes::new())
        } else {
            response
        }))
    }

    /// The answer of `/health`. A process without a model does not get here.
    fn health(&self) -> String {
        let shape = self.classifier().shape();
        json!({
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "input": [1, shape.height, shape.width, 3],
            "classes": shape.classes,
        })
        .to_string()
    }
}

/// A request that was not refused.
enum Answered {
    /// One that has nothing to do with pictures.
    Plain(Response<Bytes>),
    /// One about pictures, which may have failed.
    Body(Body),
}

fn of_body(body: &Body) -> Response<Bytes> {
    match (&body.outcomes, body.outcomes.error()) {
        (Outcomes::One(outcome), Some(error)) => {
            let options = body.options;
            with_status(status(error), written(&Item { outcome, options }))
        }
        _ => json_response(written(body)),
    }
}

/// JSON. It cannot fail for what is written here: names are text, and numbers finite.
fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn json_response(body: impl Into<Bytes>) -> Response<Bytes> {
    with_status(StatusCode::OK, body)
}

fn with_status(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::handler::DEFAULT_MAX_BATCH;

    #[test]
    fn the_document_is_about_this_version_and_its_paths() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), 4);
        for (path, methods) in paths {
            let route = Route::of(path).expect(path);
            for method in methods.as_object().unwrap().keys() {
                let allowed = route.allowed();
                assert!(allowed.contains(&method.to_uppercase()), "{method} {path}");
            }
        }
        let limit = format!("\"maxItems\": {DEFAULT_MAX_BATCH},");
        assert_eq!(OPENAPI.matches(&limit).count(), 2);
    }
}
