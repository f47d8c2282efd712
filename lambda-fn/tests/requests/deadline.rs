//! The real model, and less and less time for it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_fn::{Config, Handler, Invocation};
use serde_json::json;

use crate::server::picture;

/// Whenever the time is over, the caller learns it in time, and the next request works.
#[tokio::test]
async fn a_request_ends_with_its_time_at_any_step() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/clothing.tflite");
    if !model.is_file() {
        println!("skipped: {} does not exist", model.display());
        return;
    }
    let lookup = |name: &str| match name {
        "MODEL_PATH" => Some(model.display().to_string()),
        "NUM_THREADS" => Some("1".to_owned()),
        _ => None,
    };
    let handler = Handler::start(&Config::from_lookup(lookup, Vec::new()).unwrap()).unwrap();
    let handler = handler.with_log(|_| {});
    let event = json!({ "image": STANDARD.encode(picture("420.jpg")) });
    let ask = async |time: Duration| {
        let start = Instant::now();
        let invocation = Invocation {
            deadline: Some(start + time),
            ..Invocation::default()
        };
        let result = handler.handle(event.clone().into(), &invocation).await;
        // What Lambda has in reserve is 250 ms.
        assert!(start.elapsed() < time + Duration::from_millis(200));
        result.map(|answer| serde_json::to_value(answer).unwrap())
    };
    let enough = Duration::from_secs(20);
    let expected = ask(enough).await.unwrap();
    let mut late = 0;
    for milliseconds in [0, 1, 2, 3, 5, 8, 12, 18, 25, 40] {
        match ask(Duration::from_millis(milliseconds)).await {
            Ok(answer) => assert_eq!(answer, expected),
            Err(error) => {
                late += 1;
                assert_eq!(error.error_type(), "Timeout", "{error}");
            }
        }
        assert_eq!(ask(enough).await.unwrap(), expected);
    }
    assert!(late > 0);
}
