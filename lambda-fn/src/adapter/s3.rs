//! Notifications of S3 that objects were created.

use std::time::Instant;

use aws_lambda_events::s3::{S3Event, S3EventRecord};
use percent_encoding::percent_decode_str;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use crate::{
    error::Error,
    handler::{Handler, Invocation},
    outcome::{Item, Outcome, Outcomes},
    report::{Line, Via},
    request::{Options, Pictures, Request, S3Object, Source},
};

/// What came of the objects, in the order of the records.
#[derive(Debug)]
pub(super) struct Results(Vec<(S3Object, Outcome)>);

impl Serialize for Results {
    /// `{"results": [{"s3": {"bucket": …, "key": …}, "predictions": …}, …]}`: what Lambda hands
    /// to a destination.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            s3: Object<'a>,
            #[serde(flatten)]
            item: Item<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Object<'a> {
            bucket: &'a str,
            key: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            version_id: Option<&'a str>,
        }
        let entries = self.0.iter().map(|(object, outcome)| Entry {
            s3: Object {
                bucket: &object.bucket,
                key: &object.key,
                version_id: object.version_id.as_deref(),
            },
            item: Item {
                outcome,
                options: Options::default(),
            },
        });
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("results", &entries.collect::<Vec<_>>())?;
        map.end()
    }
}

impl Handler {
    /// Classifies the objects of an event. If one fails, the invocation does: Lambda tries it
    /// again, and hands it to the destination for failures in the end.
    pub(super) async fn s3(&self, event: Value, invocation: &Invocation) -> Result<Results, Error> {
        let start = Instant::now();
        let event: S3Event = self.read("S3", event, invocation)?;
        let objects = objects(event).map_err(|error| self.refuse(error, invocation, start))?;
        let mut results = Vec::with_capacity(objects.len());
        let mut failure = None;
        for object in objects {
            let (start, cold) = (Instant::now(), self.is_cold());
            let request = Request::one(Source::S3(object.clone()));
            let body = self.answer(request, invocation).await;
            let line = Line::new(Via::S3, invocation, cold, start);
            self.log().write(&line.outcomes(&body.outcomes));
            let Outcomes::One(outcome) = body.outcomes else {
                continue;
            };
            if let Err(error) = &outcome.result {
                failure.get_or_insert_with(|| error.clone());
            }
            results.push((object, outcome));
        }
        failure.map_or(Ok(Results(results)), Err)
    }
}

/// The objects that an event says were created.
pub(super) fn objects(event: S3Event) -> Result<Vec<S3Object>, Error> {
    event.records.into_iter().map(object).collect()
}

fn object(record: S3EventRecord) -> Result<S3Object, Error> {
    let name = record.event_name.unwrap_or_default();
    // Without a prefix in events, with one in the names of the settings.
    if !name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
        let name: String = name.chars().take(40).collect();
        return Err(Error::InvalidRequest(format!(
            "only S3's ObjectCreated events are answered, not {name:?}"
        )));
    }
    let missing = |what: &str| Error::InvalidRequest(format!("the event of S3 has no {what}"));
    let key = record
        .s3
        .object
        .key
        .ok_or_else(|| missing("object's key"))?;
    S3Object {
        bucket: record
            .s3
            .bucket
            .name
            .ok_or_else(|| missing("bucket's name"))?,
        key: decoded(&key)?,
        version_id: record.s3.object.version_id,
    }
    .checked()
}

/// S3 encodes keys as forms are: `+` is a space.
fn decoded(key: &str) -> Result<String, Error> {
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8()
        .map(|key| key.into_owned())
        .map_err(|_| Error::InvalidRequest("the object's key is not UTF-8".to_owned()))
}

/// The request for the objects of an event that another service handed on.
pub(super) fn request(event: S3Event) -> Result<Request, Error> {
    let mut sources: Vec<_> = objects(event)?.into_iter().map(Source::S3).collect();
    let pictures = match sources.len() {
        1 => sources.pop().map(Pictures::One),
        _ => None,
    };
    Ok(Request {
        pictures: pictures.unwrap_or_else(|| Pictures::Many(sources.into_iter().map(Ok).collect())),
        options: Options::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_forms_are() {
        assert_eq!(decoded("a+b%2Bc/%C3%A9%26.jpg").unwrap(), "a b+c/é&.jpg");
        assert!(decoded("%ff").is_err());
    }
}
