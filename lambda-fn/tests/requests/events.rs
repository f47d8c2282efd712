//! Every kind of event, as AWS's documentation has it, and the answer in the form that its sender
//! wants.

use std::{
    fs,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Instant,
};

use aws_lambda_events::{
    alb::AlbTargetGroupResponse, apigw::ApiGatewayProxyResponse, sqs::SqsBatchResponse,
};
use lambda_fn::{Error, Handler, Invocation, handler::ObjectStore, request::S3Object};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    handler::handler,
    model::Means,
    server::{Server, picture},
};

/// The event of that name, with addresses of the test's server.
fn event(name: &str, server: &Server) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/events");
    let text = fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
    serde_json::from_str(&text.replace("http://pictures.test", &server.url(""))).unwrap()
}

/// A bucket with one object, which writes down what it was asked for.
#[derive(Default)]
struct Bucket {
    asked: Mutex<Vec<(S3Object, Option<String>)>>,
}

impl ObjectStore for Bucket {
    fn get<'a>(
        &'a self,
        object: &'a S3Object,
        max_bytes: usize,
        _: Option<Instant>,
        trace_id: Option<&'a str>,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>> + Send + 'a>> {
        assert!(max_bytes > 1_000_000);
        let asked = (object.clone(), trace_id.map(str::to_owned));
        self.asked.lock().unwrap().push(asked);
        Box::pin(async move {
            if object.key == "Happy Face.jpg" {
                Ok(picture("rgb.png"))
            } else {
                Err(Error::S3Unavailable)
            }
        })
    }
}

pub(crate) struct Function {
    handler: Handler,
    pub(crate) server: Server,
    bucket: Arc<Bucket>,
    log: Arc<Mutex<Vec<Value>>>,
}

impl Function {
    pub(crate) fn start() -> Self {
        let (bucket, log) = (
            Arc::new(Bucket::default()),
            Arc::<Mutex<Vec<Value>>>::default(),
        );
        let sink = Arc::clone(&log);
        let handler = handler(&Means::default())
            .with_objects(bucket.clone())
            .with_log(move |line| {
                sink.lock()
                    .unwrap()
                    .push(serde_json::from_str(line).unwrap())
            });
        Self {
            handler,
            server: Server::start(),
            bucket,
            log,
        }
    }

    pub(crate) async fn ask(&self, event: Value) -> Result<Value, Error> {
        let invocation = Invocation {
            request_id: "the-request".to_owned(),
            trace_id: Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
            ..Invocation::default()
        };
        let reply = self.handler.handle(event.into(), &invocation).await?;
        // Through text, where 32-bit numbers are as short as they can be.
        Ok(serde_json::from_str(&serde_json::to_string(&reply).unwrap()).unwrap())
    }

    /// The answer to one of the files.
    async fn answer(&self, name: &str) -> Value {
        self.ask(event(name, &self.server)).await.unwrap()
    }

    /// The scores of the picture, by the simplest event.
    pub(crate) async fn scores(&self) -> Value {
        self.answer("direct-url").await
    }
}

/// Reads the answer as AWS's own type, and its body as JSON.
fn http_body(answer: &Value, status: u16) -> Value {
    assert_eq!(answer["statusCode"], status, "{answer}");
    assert_eq!(answer["isBase64Encoded"], false);
    let header = |name: &str| answer["headers"][name].clone();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("access-control-allow-origin"), "*");
    assert_eq!(header("x-request-id"), "the-request");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

fn parses<T: DeserializeOwned>(answer: &Value) {
    serde_json::from_value::<T>(answer.clone()).unwrap();
}

#[tokio::test]
async fn direct_invocations() {
    let function = Function::start();
    let scores = function.scores().await;
    let labels: Vec<_> = scores.as_object().unwrap().keys().cloned().collect();
    assert_eq!(labels, ["red", "green", "blue"]);
    assert_eq!(function.answer("direct-s3").await, scores);
    assert!(function.answer("direct-image").await["red"].is_f64());

    let batch = function.answer("direct-urls").await;
    let [good, bad] = batch["results"].as_array().unwrap().as_slice() else {
        panic!("{batch}")
    };
    assert_eq!(good["predictions"].as_object().unwrap().len(), 1);
    assert_eq!(bad["errorType"], "HttpStatus");
    assert!(bad.get("predictions").is_none());
}

#[tokio::test]
async fn options_change_the_answer() {
    let function = Function::start();
    let scores = function.scores().await;
    let url = function.server.url("/rgb.png");
    let ask = |options: Value| {
        let mut event = json!({ "url": url });
        event
            .as_object_mut()
            .unwrap()
            .extend(options.as_object().unwrap().clone());
        function.ask(event)
    };
    let best = ask(json!({"top_k": 2})).await.unwrap();
    let mut sorted: Vec<_> = scores
        .as_object()
        .unwrap()
        .values()
        .map(Value::as_f64)
        .collect();
    sorted.sort_by(|a, b| b.partial_cmp(a).unwrap());
    let found: Vec<_> = best
        .as_object()
        .unwrap()
        .values()
        .map(Value::as_f64)
        .collect();
    assert_eq!(found, sorted[..2]);

    let bare = ask(json!({"labels": false})).await.unwrap();
    let values: Vec<_> = scores.as_object().unwrap().values().cloned().collect();
    assert_eq!(bare, json!(values));

    let chances = ask(json!({"softmax": true})).await.unwrap();
    let sum: f64 = chances
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_f64)
        .sum();
    assert!((sum - 1.0).abs() < 1e-6, "{chances}");

    let timed = ask(json!({"timings": true})).await.unwrap();
    assert_eq!(timed["predictions"], scores);
    for step in ["fetch_ms", "decode_ms", "preprocess_ms", "invoke_ms"] {
        assert!(timed["timings"][step].is_f64(), "{timed}");
    }
    let kind =
        json!({"format": "PNG", "width": 61, "height": 47, "bytes": picture("rgb.png").len()});
    assert_eq!(timed["picture"], kind);
}

#[tokio::test]
async fn rest_apis_with_proxy_integration() {
    let function = Function::start();
    let answer = function.answer("rest-api").await;
    parses::<ApiGatewayProxyResponse>(&answer);
    assert_eq!(
        http_body(&answer, 200).as_object().unwrap().len(),
        2,
        "top_k in the query"
    );
    let answer = function.answer("rest-api-console-test").await;
    assert_eq!(http_body(&answer, 200), function.scores().await);
}

#[tokio::test]
async fn http_apis() {
    let function = Function::start();
    assert_eq!(
        http_body(&function.answer("http-api").await, 200),
        function.scores().await
    );
    let body = http_body(&function.answer("http-api-catch-all").await, 200);
    assert!(body["timings"]["invoke_ms"].is_f64(), "{body}");
}

#[tokio::test]
async fn function_urls() {
    let function = Function::start();
    let direct = function.answer("direct-image").await;
    let by_body = http_body(&function.answer("function-url-image").await, 200);
    assert_eq!(by_body, direct);
    let by_form = http_body(&function.answer("function-url-form").await, 200);
    let (label, score) = by_form.as_object().unwrap().iter().next().unwrap();
    assert_eq!(
        (by_form.as_object().unwrap().len(), score),
        (1, &direct[label])
    );

    let page = function.answer("function-url-page").await;
    assert_eq!(page["statusCode"], 200);
    assert_eq!(page["headers"]["content-type"], "text/html; charset=utf-8");
    let policy = page["headers"]["content-security-policy"].as_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");

    let preflight = function.answer("function-url-preflight").await;
    assert_eq!(preflight["statusCode"], 204);
    assert_eq!(
        preflight["headers"]["access-control-allow-methods"],
        "POST, OPTIONS"
    );
    assert_eq!(
        preflight["headers"]["access-control-allow-headers"],
        "content-type"
    );
}

#[tokio::test]
async fn load_balancers() {
    let function = Function::start();
    let answer = function.answer("load-balancer").await;
    parses::<AlbTargetGroupResponse>(&answer);
    assert_eq!(answer["statusDescription"], "200 OK");
    assert_eq!(
        http_body(&answer, 200).as_object().unwrap().len(),
        1,
        "top_k in the query"
    );

    // Headers in the form that the target group is set to.
    let answer = function.answer("load-balancer-multi-value").await;
    assert_eq!(answer["headers"], json!({}));
    assert_eq!(
        answer["multiValueHeaders"]["content-type"],
        json!(["application/json"])
    );
    let health: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["input"], json!([1, 8, 8, 3]));
}

#[tokio::test]
async fn objects_that_were_created() {
    let function = Function::start();
    let answer = function.answer("s3-object-created").await;
    let object = json!({"bucket": "sourcebucket", "key": "Happy Face.jpg", "versionId": "version"});
    assert_eq!(answer["results"][0]["s3"], object);
    assert_eq!(answer["results"][0]["predictions"], function.scores().await);
    let (_, trace) = function.bucket.asked.lock().unwrap()[0].clone();
    assert_eq!(
        trace.as_deref(),
        Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
    );

    // A failure is the invocation's, so that Lambda tries again.
    let mut event = event("s3-object-created", &function.server);
    event["Records"][0]["s3"]["object"]["key"] = json!("other.jpg");
    let error = function.ask(event.clone()).await.unwrap_err();
    assert_eq!(error.error_type(), "S3Unavailable");
    event["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
    let error = function.ask(event).await.unwrap_err();
    assert_eq!(error.error_type(), "InvalidRequest");
}

#[tokio::test]
async fn only_the_messages_that_failed_come_back() {
    let function = Function::start();
    let answer = function.answer("sqs").await;
    parses::<SqsBatchResponse>(&answer);
    let failed = |ids: &[&str]| {
        let items: Vec<_> = ids.iter().map(|id| json!({"itemIdentifier": id})).collect();
        json!({"batchItemFailures": items})
    };
    assert_eq!(answer, failed(&["message-2", "message-3"]));
    let log = function.log.lock().unwrap().clone();
    let messages: Vec<_> = log
        .iter()
        .map(|line| line["messageId"].as_str().unwrap())
        .collect();
    // The fifth is S3's test, which asks for nothing.
    assert_eq!(
        messages,
        [
            "message-1",
            "message-2",
            "message-3",
            "message-4",
            "message-6"
        ]
    );
    assert_eq!(log[4]["items"], 2);

    // A queue that keeps the order gets back everything behind the first failure.
    let mut event = event("sqs", &function.server);
    for record in event["Records"].as_array_mut().unwrap() {
        record["eventSourceARN"] = json!("arn:aws:sqs:us-west-2:123456789012:Queue.fifo");
    }
    let answer = function.ask(event).await.unwrap();
    let rest = [
        "message-2",
        "message-3",
        "message-4",
        "message-5",
        "message-6",
    ];
    assert_eq!(answer, failed(&rest));
}

#[tokio::test]
async fn the_log_has_what_happened() {
    let function = Function::start();
    function.answer("function-url-image").await;
    let mut event = event("http-api", &function.server);
    event["body"] = json!("{");
    function.ask(event).await.unwrap();
    let log = function.log.lock().unwrap().clone();
    let [good, bad] = log.as_slice() else {
        panic!("{log:?}")
    };
    for (field, value) in [
        ("level", json!("INFO")),
        ("requestId", json!("the-request")),
        (
            "xrayTraceId",
            json!("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
        ),
        ("via", json!("http")),
        ("method", json!("POST")),
        ("path", json!("/predict")),
        ("status", json!(200)),
        ("coldStart", json!(true)),
        ("source", json!("body")),
        ("format", json!("PNG")),
    ] {
        assert_eq!(good[field], value, "{field}");
    }
    assert!(
        good["invokeMs"].is_number() && good["label"].is_string(),
        "{good}"
    );
    for (field, value) in [
        ("level", json!("WARN")),
        ("status", json!(400)),
        ("coldStart", json!(false)),
        ("errorType", json!("InvalidRequest")),
    ] {
        assert_eq!(bad[field], value, "{field}");
    }
}
