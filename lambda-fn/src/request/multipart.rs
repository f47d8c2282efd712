//! Requests as `multipart/form-data`: what a form in a browser and `curl --form` send.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use multer::{Field, Multipart};

use super::{Options, Pictures, Request, Source, too_many};
use crate::error::Error;

/// A form has no use for more parts, and each costs time.
const MAX_PARTS: usize = 256;

/// The longest text of a part: a URL.
const MAX_TEXT_BYTES: usize = 8192;

pub(super) async fn request(
    body: Bytes,
    boundary: &str,
    mut options: Options,
    max_batch: usize,
) -> Result<Request, Error> {
    // The body is whole and no longer than its limit; the form only refers to it.
    let body = stream::once(async move { Ok::<_, Infallible>(body) });
    let mut form = Multipart::new(body, boundary);
    let mut sources = Vec::new();
    let mut parts = 0;
    while let Some(field) = form.next_field().await.map_err(|error| invalid(&error))? {
        parts += 1;
        if parts > MAX_PARTS {
            return Err(Error::InvalidRequest(format!(
                "the form has more than {MAX_PARTS} parts"
            )));
        }
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "image" => sources.push(Source::Bytes(
                field.bytes().await.map_err(|error| invalid(&error))?,
            )),
            "url" => sources.push(Source::Url(text("url", field).await?)),
            "top_k" | "softmax" | "labels" | "timings" | "preview" => {
                options.set(&name, &text(&name, field).await?)?;
            }
            _ => {
                let name: String = name.chars().take(40).collect();
                return Err(Error::InvalidRequest(format!(
                    "the form has a part {name:?}, but its parts can only be `image`, `url` and options"
                )));
            }
        }
        if sources.len() > max_batch {
            return Err(too_many(sources.len(), max_batch));
        }
    }
    let pictures = match sources.len() {
        0 => {
            return Err(Error::InvalidRequest(
                "the form must have a part `image` or `url`, but it has neither".to_owned(),
            ));
        }
        1 => sources.pop().map(Pictures::One),
        _ => None,
    };
    Ok(Request {
        pictures: pictures.unwrap_or_else(|| Pictures::Many(sources.into_iter().map(Ok).collect())),
        options,
    })
}

async fn text(name: &str, field: Field<'_>) -> Result<String, Error> {
    let bytes = field.bytes().await.map_err(|error| invalid(&error))?;
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(Error::InvalidRequest(format!(
            "the part `{name}` of the form is longer than {MAX_TEXT_BYTES} bytes"
        )));
    }
    String::from_utf8(bytes.into())
        .map_err(|_| Error::InvalidRequest(format!("the part `{name}` of the form is not UTF-8")))
}

fn invalid(error: &multer::Error) -> Error {
    Error::InvalidRequest(format!("the form cannot be read: {error}"))
}
