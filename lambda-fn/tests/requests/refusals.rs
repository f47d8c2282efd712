//! Bad inputs by HTTP, and the answer that each gets. `docs/bad-inputs.md` is the table of them;
//! `UPDATE_DOCS=1 cargo test -p lambda-fn --test requests refusals` writes it anew.

use std::{env, fs, path::PathBuf};

use http::header;
use lambda_fn::{Handler, Invocation};
use serde_json::Value;

use crate::{
    bad_inputs::{bad_inputs, image_body, request},
    handler::handler,
    model::Means,
    server::{Server, picture},
    table::{cell, steady},
};

async fn assert_works(handler: &Handler) {
    let request = image_body(picture("rgb.png"));
    let response = handler.http(request, &Invocation::default()).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn every_bad_input_has_its_answer_and_the_next_request_works() {
    let (server, model) = (Server::start(), Means::default());
    let handler = handler(&model);
    let all = bad_inputs(&server);
    assert!(all.len() >= 60, "{}", all.len());
    let mut table = String::from(
        "# Bad inputs and their answers\n\n\
         Written by the tests of `lambda-fn`, which send each of them and a good request after it.\n\n\
         | input | status | `errorType` | `errorMessage` |\n| --- | --- | --- | --- |\n",
    );
    for bad in all {
        let what = bad.what;
        let response = handler.http(bad.request, &Invocation::default()).await;
        assert_eq!(response.status(), bad.status, "{what}: {response:?}");
        let error: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(error["errorType"], bad.error_type, "{what}");
        let allow = response.headers().get(header::ALLOW);
        assert_eq!(allow.is_some(), bad.status == 405, "{what}");
        assert_works(&handler).await;

        let message = error["errorMessage"].as_str().unwrap();
        assert!(message.chars().count() < 700, "{what}: {message}");
        let message = message.replace(&server.address().to_string(), "pictures.example");
        let (status, kind) = (bad.status, bad.error_type);
        table.push_str(&format!(
            "| {what} | {status} | `{kind}` | {} |\n",
            cell(steady(&message))
        ));
    }
    let interpreters = model.made.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(interpreters, 1, "none of them is the interpreter's fault");

    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/bad-inputs.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, table).unwrap();
    } else {
        let committed = fs::read_to_string(&file).unwrap();
        assert!(
            committed == table,
            "UPDATE_DOCS=1 writes docs/bad-inputs.md anew:\n{table}"
        );
    }
}

#[tokio::test]
async fn every_page_says_what_it_allows() {
    let (handler, invocation) = (handler(&Means::default()), Invocation::default());
    for (path, allowed) in [
        ("/predict", "POST, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        let ask = |method| handler.http(request(method, path, "", ""), &invocation);
        let preflight = ask("OPTIONS").await;
        assert_eq!(preflight.status(), 204);
        assert_eq!(preflight.headers()[header::ALLOW], allowed);
        if path != "/predict" {
            let (get, head) = (ask("GET").await, ask("HEAD").await);
            assert_eq!(
                (get.status(), head.status()),
                (http::StatusCode::OK, http::StatusCode::OK)
            );
            assert_eq!(get.headers(), head.headers());
            assert!(!get.body().is_empty() && head.body().is_empty());
        }
        assert_eq!(ask("TRACE").await.headers()[header::ALLOW], allowed);
    }
}
