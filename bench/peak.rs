//! What the machine does at most: an invocation cannot be faster than its multiply-adds and its reads.
//!
//!     rustc -O -C target-cpu=native peak.rs && ./peak THREADS
//!
//! prints `{"macs": …, "bytes": …}`, each for a second. It is by itself since it, and nothing else that is
//! measured, is compiled for this very processor.

#![forbid(unsafe_code)]

use std::env;

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// How long each measurement takes, at least.
const TIME: Duration = Duration::from_millis(400);
/// Independent sums of one thread: enough to fill two units with vectors of 16 floats, four deep.
const SUMS: usize = 16 * 8;
/// Far more than caches hold.
const BUFFER: usize = 256 << 20;

fn main() {
    let threads = env::args().nth(1).and_then(|text| text.parse().ok());
    let threads = threads.unwrap_or(1);
    println!("{{\"macs\": {:.0}, \"bytes\": {:.0}}}", macs(threads), bytes(threads));
}

/// Multiply-adds of float32 in a second, from registers. The best of a few tries.
fn macs(threads: usize) -> f64 {
    best(threads, || {
        let mut sums = [1.0_f32; SUMS];
        let (scale, step) = (black_box(0.999_f32), black_box(0.001_f32));
        let start = Instant::now();
        let mut count = 0.0;
        while start.elapsed() < TIME {
            for _ in 0..10_000 {
                for sum in &mut sums {
                    *sum = sum.mul_add(scale, step);
                }
            }
            count += 10_000.0 * SUMS as f64;
        }
        black_box(&sums);
        count / start.elapsed().as_secs_f64()
    })
}

/// Bytes read from memory in a second. The best of a few tries.
fn bytes(threads: usize) -> f64 {
    best(threads, || {
        let buffer = vec![1_u64; BUFFER / 8 / threads];
        let start = Instant::now();
        let mut count = 0.0;
        let mut sum = 0_u64;
        while start.elapsed() < TIME {
            sum = buffer
                .iter()
                .fold(sum, |sum, value| sum.wrapping_add(*value));
            count += (buffer.len() * 8) as f64;
        }
        black_box(sum);
        count / start.elapsed().as_secs_f64()
    })
}

/// All threads at the same time; the sum of what they manage.
fn best(threads: usize, work: impl Fn() -> f64 + Sync) -> f64 {
    let once = || {
        let barrier = Barrier::new(threads);
        thread::scope(|scope| {
            let handles: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        work()
                    })
                })
                .collect();
            handles
                .into_iter()
                .map(|handle| handle.join().unwrap_or(0.0))
                .sum()
        })
    };
    (0..5).map(|_| once()).fold(0.0, f64::max)
}
