//! How much memory interpreters take. A child process has a memory of its own, which no other test
//! changes.

use std::process::Command;

use tflite::{Xnnpack, XnnpackStatus};

use crate::{output, with, write};

/// Set in the child process: what it measures.
const MEASURED: &str = "TFLITE_TEST_MEASURED";

/// In the child process, what it shall measure.
pub(crate) fn measured() -> Option<String> {
    std::env::var(MEASURED).ok()
}

/// In the child process, prints by how many kB the process grew. What was made must still be there.
pub(crate) fn grown<T>(make: impl FnOnce() -> T) {
    let before = resident();
    let made = make();
    println!("used {} kB", resident().saturating_sub(before));
    drop(made);
}

/// What the test of this name prints in a process of its own, in kB.
pub(crate) fn measure(test: &str, what: &str) -> u64 {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "--nocapture", test])
        .env(MEASURED, what)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = text.split("used ").nth(1);
    first_number(number.unwrap_or_default()).expect("a number")
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(first_number).expect("a number")
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[test]
fn a_chain_of_equal_tensors_takes_two_places() {
    if measured().is_some() {
        grown(|| {
            let mut interpreter = with("chain", Xnnpack::Auto);
            interpreter.invoke().expect("it works");
            interpreter
        });
        return;
    }
    let used = measure("memory::a_chain_of_equal_tensors_takes_two_places", "chain");
    println!("{used} kB");
    // All tensors together have 17 MB; two of them, the input and the output 1 MB. The rest is the
    // program's own.
    assert!(used < 12_000, "{used} kB");
}

#[test]
fn tensors_that_live_together_have_their_own_places() {
    // As many as the tensor has. 64 times around 16 channels they are where they were.
    let values: Vec<f32> = (0..=u16::MAX).map(f32::from).collect();
    for (xnnpack, status) in [
        (Xnnpack::Auto, XnnpackStatus::Applied),
        (Xnnpack::Off, XnnpackStatus::Off),
    ] {
        let mut interpreter = with("chain", xnnpack);
        assert_eq!(interpreter.delegate_report().xnnpack, status);
        write(&mut interpreter, 0, &values);
        interpreter.invoke().expect("no error");
        assert_eq!(output::<f32>(&interpreter, 0), values);
    }
}
