//! S3's protocol as moto has it, a server that checks signatures and rights. It is another
//! implementation than ours, on top of AWS's own description of its interfaces.
//!
//! `MOTO_PYTHON` names a Python interpreter with `moto[server,s3]`; `cargo xtask test` has one.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::function::{THREE_LABELS, ask, image, labels, labels_file, refused, start};

struct Moto {
    child: Child,
    lines: BufReader<ChildStdout>,
    told: Value,
}

impl Moto {
    /// `None`, and a word about it, without a Python that has it.
    fn start() -> Option<Self> {
        let Some(python) = env::var_os("MOTO_PYTHON") else {
            println!("skipped: MOTO_PYTHON is not set");
            return None;
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let models = root.join("../tflite/tests");
        let mut child = Command::new(python)
            .arg(root.join("tests/models/s3_server.py"))
            .arg(models.join("parity/data/mobile_block.float32.tflite"))
            .arg(models.join("models/shapes/mean.tflite"))
            .arg(root.join("../keras-preprocess/tests/golden/pictures/rgb.png"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).expect("s3_server.py says what there is");
        Some(Self { child, lines, told })
    }

    fn command(&mut self, command: &str) {
        writeln!(self.child.stdin.as_ref().unwrap(), "{command}").unwrap();
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
    }

    fn text(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap()
    }

    /// The variables for a user of S3 and a model there.
    fn variables<'a>(&'a self, user: &str, uri: &'a str) -> Vec<(&'a str, &'a str)> {
        let key = |index: usize| self.told["keys"][user][index].as_str().unwrap();
        vec![
            ("MODEL_URI", uri),
            ("LABELS_URI", "s3://models/m.txt"),
            ("AWS_ENDPOINT_URL", self.text("endpoint")),
            ("AWS_REGION", self.text("region")),
            ("AWS_ACCESS_KEY_ID", key(0)),
            ("AWS_SECRET_ACCESS_KEY", key(1)),
            ("MODEL_TIMEOUT_SECONDS", "5"),
        ]
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In one test: the server takes longer to start than the rest.
#[test]
fn models_and_pictures_come_from_s3_to_those_who_may_read_them() {
    let Some(mut moto) = Moto::start() else {
        return;
    };
    let model = "s3://models/m.tflite";
    let mut variables = moto.variables("reader", model);
    variables.push(("MODEL_REFRESH_SECONDS", "1"));
    let handler = start(&variables).unwrap();
    assert_eq!(labels(&handler), "abcde");

    let picture = |bucket: &str, key: &str| json!({ "s3": { "bucket": bucket, "key": key } });
    let answer = ask(&handler, picture("models", "odd/a b+é&=%41.png")).unwrap();
    assert_eq!(answer, ask(&handler, image()).unwrap());
    for (bucket, key, said) in [
        ("private", "m.tflite", "403"),
        ("models", "m.tflite", "UnsupportedImage"),
        ("no-such-bucket", "a.png", "HTTP status 40"),
        ("../private", "m.tflite", "InvalidRequest"),
        ("models", "../private/m.tflite", "InvalidRequest"),
    ] {
        let error = ask(&handler, picture(bucket, key)).unwrap_err();
        let text = format!("{}: {error}", error.error_type());
        assert!(text.contains(said), "{text}");
    }

    // An older version, with labels of its own.
    let old = format!("{model}?versionId={}", moto.text("old"));
    let file = labels_file("moto.labels.txt", THREE_LABELS);
    let variables: Vec<_> = moto
        .variables("reader", &old)
        .into_iter()
        .filter(|(name, _)| *name != "LABELS_URI")
        .chain([("LABELS_PATH", &*file)])
        .collect();
    assert_eq!(labels(&start(&variables).unwrap()), "xyz");

    for (user, uri, said) in [
        (
            "admin",
            "s3://no-such-bucket/m.tflite",
            "404 (NoSuchBucket)",
        ),
        ("admin", "s3://models/no-such-key", "404 (NoSuchKey)"),
        (
            "admin",
            "s3://models/m.tflite?versionId=none",
            "HTTP status 40",
        ),
        ("reader", "s3://private/m.tflite", "403 (AccessDenied)"),
        ("nobody", model, "403 (AccessDenied)"),
    ] {
        let error = refused(&moto.variables(user, uri));
        assert!(
            error.contains(uri) && error.contains(said),
            "{user}: {error}"
        );
    }
    let mut variables = moto.variables("reader", model);
    variables[5].1 = "another secret";
    let error = refused(&variables);
    assert!(error.contains("403 (SignatureDoesNotMatch)"), "{error}");
    variables[4].1 = "AKIANOBODY";
    assert!(refused(&variables).contains("403 (InvalidAccessKeyId)"));

    // The object changes, and then S3 is gone.
    moto.command("replace");
    let begin = Instant::now();
    while labels(&handler) != "xyz" {
        assert!(begin.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(20));
    }
    moto.command("stop");
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(1500) {
        assert_eq!(labels(&handler), "xyz");
    }
}
