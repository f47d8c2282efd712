//! A model that needs no runtime and misbehaves on request.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use keras_preprocess::Mode;
use lambda_fn::{
    Classifier,
    classifier::{Model, Network, NetworkError, Shape},
    labels::Labels,
};

pub(crate) const WORK: u8 = 0;
pub(crate) const PANIC: u8 = 1;
pub(crate) const FAIL: u8 = 2;
pub(crate) const SLEEP: u8 = 3;

/// Puts out the means of red, green and blue.
#[derive(Clone, Default)]
pub(crate) struct Means {
    /// What the next run does.
    pub(crate) next: Arc<AtomicU8>,
    /// How many interpreters there have been.
    pub(crate) made: Arc<AtomicUsize>,
}

impl Means {
    pub(crate) fn classifier(&self) -> Classifier {
        let labels = Labels::parse("red\ngreen\nblue", Path::new("labels")).unwrap();
        Classifier::new(Box::new(self.clone()), labels, Mode::Tf).unwrap()
    }
}

impl Model for Means {
    fn network(&self) -> Result<Box<dyn Network>, NetworkError> {
        self.made.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(MeansNetwork {
            model: self.clone(),
            input: vec![0.0; 8 * 8 * 3],
        }))
    }
}

struct MeansNetwork {
    model: Means,
    input: Vec<f32>,
}

impl Network for MeansNetwork {
    fn shape(&self) -> Shape {
        Shape {
            height: 8,
            width: 8,
            classes: 3,
        }
    }

    fn backend(&self) -> String {
        "means".to_owned()
    }

    fn write_input(&mut self, fill: &mut dyn FnMut(&mut [f32])) -> Result<(), NetworkError> {
        fill(&mut self.input);
        Ok(())
    }

    fn invoke(&mut self) -> Result<(), NetworkError> {
        match self.model.next.swap(WORK, Ordering::SeqCst) {
            PANIC => panic!("as the test asked for"),
            FAIL => Err("as the test asked for".into()),
            SLEEP => {
                std::thread::sleep(Duration::from_millis(500));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn read_output(&self) -> Result<Vec<f32>, NetworkError> {
        let mean = |channel: usize| self.input.iter().skip(channel).step_by(3).sum::<f32>() / 64.0;
        Ok((0..3).map(mean).collect())
    }
}
