//! Damaged models: the verifier never panics, and what it accepts does no harm.

use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tflite::{Interpreter, InterpreterOptions, Model, ModelInfo, Xnnpack};

use super::{folder, models};

/// Numbers that look random, and are the same each time (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).expect("fits")).expect("below the limit")
    }
}

/// Changes a few bytes, mostly to values at the ends of ranges.
fn damage(bytes: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(3) {
        let position = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[position] ^= 1 << random.below(8),
            1 => bytes[position] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            2 => bytes[position] = bytes[position].wrapping_add(1),
            _ => {
                let word = position & !3;
                let value = [0, 1, -1, 2, 8, i32::MAX, i32::MIN, 1 << 16][random.below(8)];
                if let Some(word) = bytes.get_mut(word..word + 4) {
                    word.copy_from_slice(&value.to_le_bytes());
                }
            }
        }
    }
}

/// All models of the tests that are small enough.
fn small_models() -> Vec<(String, Vec<u8>)> {
    [".", "accepted"].into_iter().flat_map(models).collect()
}

/// How many damaged models there are: `TFLITE_TEST_DAMAGE` asks for more.
fn rounds(default: usize) -> usize {
    std::env::var("TFLITE_TEST_DAMAGE").map_or(default, |count| count.parse().expect("a number"))
}

#[test]
fn every_truncation_is_read_without_panic() {
    let bytes = std::fs::read(folder("described.tflite")).expect("there");
    let archive = bytes.windows(4).position(|window| window == b"PK\x03\x04");
    for length in 0..archive.expect("there") {
        assert!(Model::from_bytes(&bytes[..length]).is_err(), "{length}");
        let _ = ModelInfo::from_bytes(&bytes[..length]);
    }
}

#[test]
fn flipped_bytes_are_read_without_panic() {
    let models = small_models();
    let mut random = Random(1);
    let mut accepted = 0;
    let rounds = 100_000;
    for round in 0..rounds {
        let mut bytes = models[round % models.len()].1.clone();
        damage(&mut bytes, &mut random);
        accepted += usize::from(Model::from_bytes(&bytes).is_ok());
        // Reading is what the verifier has in common with it: a part of the rounds is enough.
        if round % 8 == 0 {
            let _ = ModelInfo::from_bytes(&bytes);
        }
    }
    // Otherwise this would test nothing but the identifier, or the verifier would do nothing.
    assert!(accepted > rounds / 100, "{accepted}");
    assert!(accepted < rounds - rounds / 100, "{accepted}");
}

/// How many elements a model's tensors may have together to be run here.
const MAX_ELEMENTS: i64 = 1 << 22;

/// What tells the child process where to start, and how far to go.
const START: &str = "TFLITE_TEST_DAMAGE_START";
const END: &str = "TFLITE_TEST_DAMAGE_END";

#[test]
fn damaged_models_that_are_accepted_do_not_crash() {
    let (mut start, end) = (0, rounds(2_000));
    let mut crashes = Vec::new();
    while start < end {
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "damage::child", "--ignored", "--nocapture"])
            .env(START, start.to_string())
            .env(END, end.to_string())
            .output()
            .expect("a child process");
        if output.status.success() {
            break;
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text
            .lines()
            .filter_map(|line| line.strip_prefix("round "))
            .next_back();
        let (round, name) = last.and_then(|last| last.split_once(' ')).expect("a round");
        let log = String::from_utf8_lossy(&output.stderr);
        crashes.push(format!("{round} {name}: {} {log}", output.status));
        start = round.parse::<usize>().expect("a number") + 1;
    }
    assert!(crashes.is_empty(), "{}", crashes.join("\n"));
}

/// Runs in a process of its own, since what goes wrong would end it.
#[test]
#[ignore = "a part of the test above"]
fn child() {
    let number = |name| std::env::var(name).ok()?.parse::<usize>().ok();
    let (Some(start), Some(end)) = (number(START), number(END)) else {
        return;
    };
    let models = small_models();
    let (mut accepted, mut invoked) = (0, 0);
    for round in start..end {
        // Each round has its own numbers, so that it can be repeated alone.
        let mut random = Random(u64::try_from(round).expect("fits") << 32);
        let (name, bytes) = &models[round % models.len()];
        let mut bytes = bytes.clone();
        damage(&mut bytes, &mut random);
        let Ok(model) = Model::from_bytes(&bytes) else {
            continue;
        };
        if !is_small(&model) {
            continue;
        }
        println!("round {round} {name}");
        accepted += 1;
        invoked += usize::from(run(&model, round % 2 == 0).is_ok());
    }
    println!("{accepted} accepted, {invoked} invoked");
}

/// Large tensors would only show how much memory there is.
fn is_small(model: &Model) -> bool {
    let info = model.info().expect("sound");
    let tensors = info.subgraphs.iter().flat_map(|graph| &graph.tensors);
    let elements = tensors.map(|tensor| {
        let dims = tensor.shape.iter().map(|&dim| i64::from(dim));
        dims.product::<i64>()
    });
    elements.sum::<i64>() < MAX_ELEMENTS
}

fn run(model: &Model, xnnpack: bool) -> tflite::Result<()> {
    let xnnpack = if xnnpack { Xnnpack::Auto } else { Xnnpack::Off };
    let mut interpreter = Interpreter::new(model, InterpreterOptions::new().xnnpack(xnnpack))?;
    // A loop may have lost its end.
    let token = interpreter.cancellation_token();
    let (done, is_done) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if is_done.recv_timeout(Duration::from_millis(20)) == Err(mpsc::RecvTimeoutError::Timeout) {
            token.cancel();
        }
    });
    let result = interpreter.invoke();
    drop(done);
    watch.join().expect("no panic");
    result
}
