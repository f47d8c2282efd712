//! The settings of the model: where it is, and how pictures are prepared for it.

use std::{path::PathBuf, time::Duration};

use keras_preprocess::Mode;

use super::ConfigError;
use crate::{
    fetch::redact,
    remote::{self, Location, RemoteModel},
};

/// Larger inputs are a mistake.
const MAX_SIDE: usize = 4096;

/// `MODEL_SHA256`, in lower case.
pub(super) fn sha256(
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, ConfigError> {
    let Some(text) = lookup("MODEL_SHA256") else {
        return Ok(None);
    };
    let digits = text.trim().to_ascii_lowercase();
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Some(digits));
    }
    Err(ConfigError::Unknown {
        name: "MODEL_SHA256",
        value: text,
        known: "64 hexadecimal digits",
    })
}

/// `MODEL_URI` and what belongs to it. `LABELS_URI` may be a path, which is `LABELS_PATH` then.
pub(super) fn remote(
    lookup: &impl Fn(&str) -> Option<String>,
    number: &impl Fn(&'static str, u64, u64) -> Result<u64, ConfigError>,
    labels_path: &mut Option<PathBuf>,
    has_sha256: bool,
) -> Result<Option<RemoteModel>, ConfigError> {
    const KNOWN: &str = "a path, https://… and s3://bucket/key";
    let location = |name: &'static str| match lookup(name) {
        None => Ok(None),
        Some(text) => match Location::parse(&text) {
            Some(location) => Ok(Some(location)),
            None => Err(ConfigError::Unknown {
                name,
                // It may have a password.
                value: redact(&text),
                known: KNOWN,
            }),
        },
    };
    let labels = match location("LABELS_URI")? {
        Some(Location::File(path)) => {
            *labels_path = Some(path);
            None
        }
        labels => labels,
    };
    let Some(model) = location("MODEL_URI")? else {
        return Ok(None);
    };
    if let Location::Http(url) = &model
        && url.scheme() == "http"
        && !has_sha256
    {
        return Err(ConfigError::Unknown {
            name: "MODEL_URI",
            value: model.to_string(),
            known: "a path, https://…, s3://bucket/key, and http://… together with MODEL_SHA256",
        });
    }
    let seconds =
        |name, default: Duration| number(name, default.as_secs(), 86_400).map(Duration::from_secs);
    let refresh = match lookup("MODEL_REFRESH_SECONDS") {
        None => None,
        Some(_) => Some(seconds("MODEL_REFRESH_SECONDS", Duration::ZERO)?),
    };
    Ok(Some(RemoteModel {
        model,
        labels,
        max_bytes: number("MAX_MODEL_BYTES", remote::DEFAULT_MAX_BYTES as u64, 1 << 31)? as usize,
        timeout: seconds("MODEL_TIMEOUT_SECONDS", remote::DEFAULT_TIMEOUT)?,
        refresh,
    }))
}

pub(super) fn preprocessor(
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Mode>, ConfigError> {
    let name = "PREPROCESSOR";
    let Some(value) = lookup(name) else {
        return Ok(None);
    };
    match value.trim().to_ascii_lowercase().as_str() {
        "tf" => Ok(Some(Mode::Tf)),
        "caffe" => Ok(Some(Mode::Caffe)),
        "torch" => Ok(Some(Mode::Torch)),
        "raw" => Ok(Some(Mode::Raw)),
        _ => Err(ConfigError::Unknown {
            name,
            value,
            known: "tf, caffe, torch and raw",
        }),
    }
}

/// `INPUT_SIZE`: `299`, or height and width as in `224x320`.
pub(super) fn input_size(
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Option<[usize; 2]>, ConfigError> {
    let name = "INPUT_SIZE";
    let Some(value) = lookup(name) else {
        return Ok(None);
    };
    let side = |text: &str| {
        text.parse()
            .ok()
            .filter(|side| (1..=MAX_SIDE).contains(side))
    };
    let text = value.trim();
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    match side(height).zip(side(width)) {
        Some((height, width)) => Ok(Some([height, width])),
        None => Err(ConfigError::Unknown {
            name,
            value,
            known: "299, 224x320 and the like: height and width",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, tests::read};
    use super::*;

    #[test]
    fn a_model_from_elsewhere() {
        let digits = "AB".repeat(32);
        let config = read(&[
            ("MODEL_URI", "s3://models/a.tflite"),
            ("LABELS_URI", "https://host/a.txt"),
            ("MODEL_SHA256", &digits),
            ("MAX_MODEL_BYTES", "5"),
            ("MODEL_TIMEOUT_SECONDS", "6"),
            ("MODEL_REFRESH_SECONDS", "7"),
            ("PREPROCESSOR", " Caffe "),
            ("INPUT_SIZE", "224x320"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "i"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
        ])
        .unwrap();
        let remote = config.remote.unwrap();
        assert_eq!(remote.model.to_string(), "s3://models/a.tflite");
        assert_eq!(remote.labels.unwrap().to_string(), "https://host/a.txt");
        assert_eq!((remote.max_bytes, remote.timeout.as_secs()), (5, 6));
        assert_eq!(remote.refresh, Some(Duration::from_secs(7)));
        assert_eq!(config.sha256, Some(digits.to_lowercase()));
        assert_eq!(config.preprocessor, Some(Mode::Caffe));
        assert_eq!(config.input_size, Some([224, 320]));
        assert!(config.s3.is_some());
    }

    #[test]
    fn a_path_is_a_path() {
        let config = read(&[("MODEL_URI", "a/b.tflite"), ("LABELS_URI", "l")]).unwrap();
        assert_eq!(config.remote, None);
        assert_eq!(config.model_path, PathBuf::from("a/b.tflite"));
        assert_eq!(config.labels_path, Some(PathBuf::from("l")));
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        let digits = "0".repeat(64);
        let refused = |variables: &[(&str, &str)]| -> String {
            let result: Result<Config, ConfigError> = read(variables);
            result.unwrap_err().to_string()
        };
        for (name, value) in [
            ("MODEL_URI", "ftp://host/a"),
            ("MODEL_URI", "s3://bucket"),
            ("MODEL_URI", "http://host/a"),
            ("LABELS_URI", "gs://bucket/a"),
            ("MODEL_SHA256", "abc"),
            ("MODEL_SHA256", &"g".repeat(64)),
            ("PREPROCESSOR", "xception"),
            ("INPUT_SIZE", "0"),
            ("INPUT_SIZE", "224x"),
            ("INPUT_SIZE", "224x5000"),
            ("INPUT_SIZE", "1x2x3"),
        ] {
            let error = refused(&[("MODEL_PATH", "m"), (name, value)]);
            assert!(error.starts_with(name), "{error}");
        }
        for name in [
            "MODEL_REFRESH_SECONDS",
            "MODEL_TIMEOUT_SECONDS",
            "MAX_MODEL_BYTES",
        ] {
            let error = refused(&[("MODEL_URI", "https://host/a"), (name, "0")]);
            assert!(error.starts_with(name), "{error}");
        }
        // Who knows what it must be does not need the connection to be safe.
        read(&[("MODEL_URI", "http://host/a"), ("MODEL_SHA256", &digits)]).unwrap();
        let error = refused(&[("MODEL_URI", "http://user:hunter2@host/?hunter2")]);
        assert!(!error.contains("hunter2"), "{error}");
    }
}
