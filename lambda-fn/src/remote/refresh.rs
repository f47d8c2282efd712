//! Takes a new model into service while the old one serves.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::block_on;
use crate::{
    classifier::Classifier,
    config::Config,
    report,
    start::{StartError, Tags, load},
};

/// What a new model may take at least, which nobody waits for.
const AT_LEAST: Duration = Duration::from_secs(60);

/// The classifier that serves.
#[derive(Debug, Clone)]
pub(crate) struct Current(Arc<RwLock<Arc<Classifier>>>);

impl Current {
    pub(crate) fn new(classifier: Classifier) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(classifier))))
    }

    pub(crate) fn get(&self) -> Arc<Classifier> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Requests that are at work keep the old one until they end.
    fn set(&self, classifier: Classifier) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(classifier);
    }
}

/// Looks from time to time whether there is a new model.
#[derive(Debug)]
pub(crate) struct Refresher {
    config: Config,
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tags: Tags,
    looked: Instant,
    at_work: bool,
}

impl Refresher {
    /// `tags` are those of the model that serves.
    pub(crate) fn new(config: &Config, every: Duration, tags: Tags) -> Self {
        let mut config = config.clone();
        // No request waits for it.
        config.warm_up = true;
        if let Some(remote) = &mut config.remote {
            remote.timeout = remote.timeout.max(AT_LEAST);
        }
        let state = State {
            tags,
            looked: Instant::now(),
            at_work: false,
        };
        Self {
            config,
            every,
            state: Mutex::new(state),
        }
    }

    /// Called with each request, which does not wait for it: between requests Lambda stops all
    /// threads, so that a clock of its own would be of no use.
    pub(crate) fn look(self: &Arc<Self>, current: &Current) {
        let mut state = self.lock();
        if state.at_work || state.looked.elapsed() < self.every {
            return;
        }
        let (this, current) = (Arc::clone(self), current.clone());
        let spawned = thread::Builder::new()
            .name("model-refresh".to_owned())
            .spawn(move || this.refresh(&current));
        // Without a thread, the next request tries again.
        state.at_work = spawned.is_ok();
    }

    fn refresh(&self, current: &Current) {
        // Also if this panics.
        let _end = End(self);
        let start = Instant::now();
        let tags = self.lock().tags.clone();
        let loaded = block_on(load(&self.config, Some(&tags)))
            .map_err(StartError::Thread)
            .and_then(|loaded| loaded)
            .and_then(|loaded| match loaded {
                Some((parts, tags)) => Ok(Some((parts.classifier(&self.config)?, tags))),
                None => Ok(None),
            });
        let milliseconds = start.elapsed().as_millis();
        let line = match loaded {
            Ok(None) => return,
            Ok(Some((classifier, tags))) => {
                let etag = tags.model.clone();
                current.set(classifier);
                self.lock().tags = tags;
                json!({
                    "timestamp": report::now(),
                    "level": "INFO",
                    "message": "the model was replaced",
                    "etag": etag,
                    "totalMs": milliseconds,
                })
            }
            Err(error) => json!({
                "timestamp": report::now(),
                "level": "WARN",
                "message": "the model was not replaced, the old one serves on",
                "errorMessage": error.to_string(),
                "totalMs": milliseconds,
            }),
        };
        report::to_stderr(&line.to_string());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a look, whatever came of it.
struct End<'a>(&'a Refresher);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.at_work = false;
        state.looked = Instant::now();
    }
}
