//! The log in its forms: JSON and text, levels, and CloudWatch's metrics.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, header};
use lambda_fn::{Handler, Invocation, LogFormat, LogLevel, LogOptions};
use serde_json::{Value, json};

use crate::{
    handler::handler,
    model::{FAIL, Means},
    server::{Server, picture},
};

struct Logged {
    handler: Handler,
    model: Means,
    lines: Arc<Mutex<Vec<String>>>,
}

fn logged(set: impl FnOnce(&mut LogOptions)) -> Logged {
    let mut options = LogOptions::default();
    set(&mut options);
    let (lines, model) = (Arc::<Mutex<Vec<String>>>::default(), Means::default());
    let sink = Arc::clone(&lines);
    let handler = handler(&model)
        .with_log_options(options)
        .with_log(move |line| sink.lock().unwrap().push(line.to_owned()));
    Logged {
        handler,
        model,
        lines,
    }
}

impl Logged {
    /// A request that works, one of the caller's mistakes, and one of the function's faults.
    async fn three(&self) -> Vec<String> {
        self.post("/predict", picture("rgb.png")).await;
        self.post("/predict?token=hunter2", "no picture").await;
        self.model
            .next
            .store(FAIL, std::sync::atomic::Ordering::SeqCst);
        self.post("/predict", picture("rgb.png")).await;
        self.lines.lock().unwrap().clone()
    }

    async fn post(&self, path: &str, body: impl Into<Bytes>) {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "image/png")
            .body(body.into())
            .unwrap();
        let invocation = Invocation {
            request_id: "r-1".to_owned(),
            ..Invocation::default()
        };
        self.handler.http(request, &invocation).await;
    }
}

fn parsed(lines: &[String]) -> Vec<Value> {
    let parse = |line: &String| serde_json::from_str(line).unwrap();
    lines.iter().map(parse).collect()
}

#[tokio::test]
async fn levels_tell_whose_fault_it_was() {
    let lines = parsed(&logged(|_| ()).three().await);
    let levels: Vec<_> = lines.iter().map(|line| &line["level"]).collect();
    assert_eq!(levels, ["INFO", "WARN", "ERROR"]);
    let statuses: Vec<_> = lines.iter().map(|line| &line["status"]).collect();
    assert_eq!(statuses, [200, 415, 500]);
    assert!(
        lines
            .iter()
            .all(|line| line["timestamp"].as_str().unwrap().ends_with('Z'))
    );
    assert!(lines.iter().all(|line| line.get("_aws").is_none()));

    for (level, count) in [
        (LogLevel::Info, 3),
        (LogLevel::Warn, 2),
        (LogLevel::Error, 1),
    ] {
        let lines = logged(|options| options.level = level).three().await;
        assert_eq!(lines.len(), count, "{lines:?}");
    }
}

#[tokio::test]
async fn text_has_the_same_fields() {
    let lines = logged(|options| options.format = LogFormat::Text)
        .three()
        .await;
    let start = "INFO requestId=r-1 via=http method=POST path=/predict status=200 coldStart=true ";
    assert!(lines[0].starts_with(start), "{}", lines[0]);
    assert!(lines[0].contains(" format=PNG width=61 "), "{}", lines[0]);
    assert!(lines[1].starts_with("WARN "), "{}", lines[1]);
    let message = " errorMessage=\"this is no picture, it starts with ";
    assert!(lines[1].contains(message), "{}", lines[1]);
    assert!(!lines.concat().contains("hunter2"));
}

/// The rules of CloudWatch's embedded metric format that a line can break.
#[tokio::test]
async fn metrics_are_in_the_embedded_metric_format() {
    let logged = logged(|options| {
        options.metrics = Some("Pictures".to_owned());
        options.function = Some("classify".to_owned());
        // Metrics do not depend on what is worth a line, nor on how it is written.
        options.level = LogLevel::Error;
        options.format = LogFormat::Text;
    });
    let lines = parsed(&logged.three().await);
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Pictures");
        assert_eq!(directive["Dimensions"], json!([["functionName"]]));
        assert_eq!(line["functionName"], "classify");
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!(metrics.len() <= 100);
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_number(), "{name} in {line}");
            assert!(["Milliseconds", "Bytes", "Count"].contains(&metric["Unit"].as_str().unwrap()));
        }
    }
    let counts = |name: &str| {
        lines
            .iter()
            .map(|line| line[name].as_u64())
            .collect::<Vec<_>>()
    };
    assert_eq!(counts("errors"), [Some(0), Some(1), Some(1)]);
    assert_eq!(counts("faults"), [Some(0), Some(0), Some(1)]);
    assert_eq!(counts("coldStarts"), [Some(1), Some(0), Some(0)]);
    assert_eq!(counts("pictures"), [Some(1), Some(1), Some(1)]);
    assert!(lines[0]["invokeMs"].is_number());
}

#[tokio::test]
async fn a_batch_is_one_line_with_sums() {
    let (logged, server) = (logged(|_| ()), Server::start());
    let urls =
        json!({"urls": [server.url("/rgb.png"), server.url("/rgb.png"), server.url("/403")]});
    logged
        .handler
        .handle(urls.into(), &Invocation::default())
        .await
        .unwrap();
    let lines = parsed(&logged.lines.lock().unwrap());
    let [line] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    for (field, value) in [
        ("items", json!(3)),
        ("failed", json!(1)),
        ("via", json!("direct")),
        ("source", json!("url")),
        ("bytes", json!(2 * picture("rgb.png").len())),
        ("level", json!("ERROR")),
        ("errorType", json!("HttpStatus")),
    ] {
        assert_eq!(line[field], value, "{field}: {line}");
    }
    assert!(line.get("label").is_none());
}

/// The trace belongs to AWS: no server that has a picture gets to see it.
#[tokio::test]
async fn the_trace_is_in_the_log_and_nowhere_else() {
    let logged = logged(|_| ());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a.png", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        String::from_utf8_lossy(&head[..length]).to_ascii_lowercase()
    });
    let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=53995c3f42cd8ad8;Sampled=1";
    let invocation = Invocation {
        trace_id: Some(trace.to_owned()),
        ..Invocation::default()
    };
    let error = logged
        .handler
        .handle(json!({ "url": url }).into(), &invocation)
        .await
        .unwrap_err();
    assert_eq!(error.error_type(), "HttpStatus");
    let head = server.join().unwrap();
    assert!(head.starts_with("get /a.png"), "{head}");
    assert!(
        !head.contains("trace") && !head.contains("5bef4de7"),
        "{head}"
    );
    assert_eq!(
        parsed(&logged.lines.lock().unwrap())[0]["xrayTraceId"],
        trace
    );
}
