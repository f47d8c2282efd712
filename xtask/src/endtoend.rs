//! `bootstrap` under the real emulator: the book's request, and everything that can be wrong with
//! one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::checks::Outcome;
use crate::demo;
use crate::emulator::{self, Emulator};
use crate::run::{Result, target};
use crate::served;
use crate::test::shared_libraries;
use crate::web::{Page, Server};

/// What `bootstrap` may ask the loader for: libc's parts, the compiler's support library, the
/// kernel's page and the loader itself.
const LIBRARIES: [&str; 7] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libdl.so.2",
    "libpthread.so.0",
    "linux-vdso.so.1",
    "ld-linux-x86-64.so.2",
];

pub(crate) fn check() -> Result<Outcome> {
    let bootstrap = demo::build()?;
    check_libraries(&bootstrap)?;
    let emulator = match emulator::find() {
        Ok(emulator) => emulator,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let sample = demo::sample();
    let picture = fs::read(&sample).map_err(|error| format!("{}: {error}", sample.display()))?;
    let server = Server::start(pages(&picture))?;
    let mut variables = demo::model().to_vec();
    variables.push(("FETCH_TIMEOUT_SECONDS", "2".into()));
    let emulator = Emulator::start(
        &emulator,
        &bootstrap,
        &variables,
        &target().join("endtoend.log"),
    )?;

    let good = json!({ "url": server.url("/trousers.jpg") }).to_string();
    let answer = emulator.invoke(&good)?;
    println!("    {good}\n      {answer}");
    check_answer(&answer)?;
    let mut wrong = Vec::new();
    for (what, event, expected) in bad_requests(&server) {
        let answer = emulator.invoke(&event)?;
        println!("    {what}\n      {answer}");
        if answer["errorType"] != expected
            || answer["errorMessage"].as_str().is_none_or(str::is_empty)
        {
            wrong.push(format!("{what}: expected {expected}, got {answer}"));
        }
        // Whatever came before, the next request works.
        let after = emulator.invoke(&good)?;
        if let Err(error) = check_answer(&after) {
            wrong.push(format!("the request after {what}: {error}"));
        }
    }
    if wrong.is_empty() {
        Ok(Outcome::Passed)
    } else {
        Err(wrong.join("\n"))
    }
}

fn check_libraries(bootstrap: &Path) -> Result<()> {
    let libraries = shared_libraries(bootstrap)?;
    let size = fs::metadata(bootstrap)
        .map_err(|error| error.to_string())?
        .len();
    println!("    {} needs {}", bootstrap.display(), libraries.join(", "));
    println!("    and is {:.1} MB, stripped", size as f64 / 1e6);
    let foreign: Vec<_> = libraries
        .iter()
        .filter(|name| !LIBRARIES.contains(&name.as_str()) && !name.starts_with("ld-linux"))
        .cloned()
        .collect();
    if foreign.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "bootstrap needs {}, which Lambda may not have",
            foreign.join(", ")
        ))
    }
}

/// The trousers are pants, and each of the ten labels has a score, in the model's order.
pub(crate) fn check_answer(answer: &Value) -> Result<()> {
    let scores = demo::scores(answer)?;
    let labels = fs::read_to_string(&demo::model()[1].1).map_err(|error| error.to_string())?;
    if !labels
        .lines()
        .eq(scores.iter().map(|(label, _)| label.as_str()))
    {
        return Err(format!("not the ten labels in their order: {answer}"));
    }
    let highest = scores
        .iter()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(label, _)| label.as_str());
    if highest == Some("pants") {
        Ok(())
    } else {
        Err(format!("pants is not the highest score: {answer}"))
    }
}

/// Asks the book's question of the function under an emulator, which writes to `log`.
pub(crate) fn ask(start: impl FnOnce() -> Result<Emulator>, log: &Path) -> Result<Value> {
    let server = served::pictures()?;
    let emulator = start()?;
    let event = json!({ "url": server.url("/trousers.jpg") }).to_string();
    emulator
        .invoke(&event)
        .and_then(|answer| check_answer(&answer).map(|()| answer))
        .map_err(|error| format!("{error}\n{}", fs::read_to_string(log).unwrap_or_default()))
}

fn pages(picture: &[u8]) -> BTreeMap<&'static str, Page> {
    let truncated = picture[..picture.len() / 2].to_vec();
    let html = b"<!doctype html><title>Sign in</title><p>No picture here.".to_vec();
    BTreeMap::from([
        ("/trousers.jpg", Page::File("image/jpeg", picture.to_vec())),
        ("/page", Page::File("text/html", html)),
        ("/truncated.jpg", Page::File("image/jpeg", truncated)),
        ("/huge.png", Page::File("image/png", HUGE_PNG.to_vec())),
        ("/gigabyte.jpg", Page::Zeros(1 << 30)),
        ("/loop", Page::Redirect("/loop".to_owned())),
        ("/to-file", Page::Redirect("file:///etc/passwd".to_owned())),
        ("/empty", Page::File("image/jpeg", Vec::new())),
        ("/silence", Page::Silence),
    ])
}

/// What is wrong, the event, and the `errorType` of the answer.
fn bad_requests(server: &Server) -> Vec<(&'static str, String, &'static str)> {
    let url = |path: &str| json!({ "url": server.url(path) }).to_string();
    vec![
        (
            "no such field",
            json!({ "uri": "x" }).to_string(),
            "InvalidRequest",
        ),
        (
            "both fields",
            json!({ "url": "http://127.0.0.1/", "image": "" }).to_string(),
            "InvalidRequest",
        ),
        (
            "a field of another type",
            json!({ "url": 1 }).to_string(),
            "InvalidRequest",
        ),
        ("an empty object", "{}".to_owned(), "InvalidRequest"),
        ("an array", "[]".to_owned(), "InvalidRequest"),
        ("null", "null".to_owned(), "InvalidRequest"),
        ("no JSON", "{\"url\": ".to_owned(), "InvalidRequest"),
        (
            "no base64",
            json!({ "image": "%%%%" }).to_string(),
            "InvalidBase64",
        ),
        (
            "base64 of no picture",
            json!({ "image": "aGVsbG8=" }).to_string(),
            "UnsupportedImage",
        ),
        (
            "no URL",
            json!({ "url": "trousers" }).to_string(),
            "InvalidUrl",
        ),
        (
            "a file",
            json!({ "url": "file:///etc/passwd" }).to_string(),
            "InvalidUrl",
        ),
        (
            "a closed port",
            json!({ "url": "http://127.0.0.1:1/" }).to_string(),
            "FetchFailed",
        ),
        ("404", url("/nothing"), "HttpStatus"),
        ("an HTML page", url("/page"), "UnsupportedImage"),
        ("an empty body", url("/empty"), "UnsupportedImage"),
        ("a truncated JPEG", url("/truncated.jpg"), "InvalidImage"),
        (
            "a PNG of 30,000 x 30,000 pixels",
            url("/huge.png"),
            "TooLarge",
        ),
        ("a body of 1 GB", url("/gigabyte.jpg"), "TooLarge"),
        ("a redirect loop", url("/loop"), "TooManyRedirects"),
        ("a redirect to a file", url("/to-file"), "InvalidUrl"),
        ("a server that never answers", url("/silence"), "Timeout"),
    ]
}

/// A PNG whose header says 30,000 x 30,000 pixels, and that holds none.
#[rustfmt::skip]
const HUGE_PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x75, 0x30, 0x00, 0x00, 0x75, 0x30, 0x08, 0x02, 0x00, 0x00, 0x00, 0xe9, 0x45, 0x6f,
    0xed, 0x00, 0x00, 0x00, 0x08, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00,
    0x01, 0x48, 0x06, 0x89, 0xd2, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
    0x82,
];
