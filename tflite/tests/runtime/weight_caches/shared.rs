//! Weight caches that interpreters share.

use std::path::Path;

use tflite::{
    Interpreter, InterpreterOptions, Model, SharedWeightCache, WeightCache, WeightCacheStatus,
    XnnpackFlags, XnnpackOptions, XnnpackStatus,
};

use super::{cached, compute, plain, status, with};
use crate::{bytes, memory, model};

#[test]
fn a_shared_cache_is_for_one_model_and_one_set_of_flags() {
    let conv = model("conv");
    let shared = WeightCache::Shared(SharedWeightCache::new());
    let mut first = cached(&conv, &shared);
    assert_eq!(status(&first), WeightCacheStatus::Shared);
    // The same bytes at another address.
    let same = Model::from_bytes(bytes("conv")).expect("valid");
    let mut second = cached(&same, &shared);
    assert_eq!(status(&second), WeightCacheStatus::Shared);
    assert_eq!(compute(&mut first), compute(&mut second));
    let unavailable = |interpreter: &Interpreter| match status(interpreter) {
        WeightCacheStatus::Unavailable { reason } => reason,
        status => panic!("{status:?}"),
    };
    let other = cached(&model("dynamic_batch"), &shared);
    assert!(unavailable(&other).contains("another model"));
    for (flag, reason) in [
        (XnnpackFlags::FORCE_FP16, "other flags"),
        (XnnpackFlags::DISABLE_SUBGRAPH_RESHAPING, "applied anew"),
    ] {
        let options = XnnpackOptions::new()
            .enable(flag)
            .weight_cache(shared.clone());
        let other = with(&conv, options);
        if other.delegate_report().xnnpack == XnnpackStatus::Applied {
            assert!(unavailable(&other).contains(reason), "{other:?}");
        }
    }
    first.reset().expect("made anew");
    assert_eq!(status(&first), WeightCacheStatus::Shared);
}

#[test]
fn a_shared_cache_serves_threads_at_once() {
    let model = model("conv");
    let expected = plain(&model);
    let shared = WeightCache::Shared(SharedWeightCache::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mut interpreter = cached(&model, &shared);
                    assert_eq!(status(&interpreter), WeightCacheStatus::Shared);
                    for _ in 0..20 {
                        assert_eq!(compute(&mut interpreter), expected);
                    }
                }
            });
        }
    });
}

#[test]
fn a_shared_cache_outlives_whoever_uses_it() {
    let model = model("conv");
    let expected = plain(&model);
    // Cache, options, first and second interpreter go in each order.
    for order in 0..24 {
        let shared = SharedWeightCache::new();
        let options = InterpreterOptions::new()
            .xnnpack(XnnpackOptions::new().weight_cache(WeightCache::Shared(shared.clone())));
        let mut first = Interpreter::new(&model, options.clone()).expect("valid");
        let second = Interpreter::new(&model, options.clone()).expect("valid");
        assert_eq!(compute(&mut first), expected);
        let mut things: Vec<Box<dyn FnMut()>> = Vec::new();
        let (mut shared, mut options) = (Some(shared), Some(options));
        let (mut first, mut second) = (Some(first), Some(second));
        things.push(Box::new(move || drop(shared.take())));
        things.push(Box::new(move || drop(options.take())));
        let used = expected.clone();
        things.push(Box::new(move || {
            let mut interpreter = first.take().expect("once");
            assert_eq!(compute(&mut interpreter), used);
        }));
        let used = expected.clone();
        things.push(Box::new(move || {
            let mut interpreter = second.take().expect("once");
            assert_eq!(compute(&mut interpreter), used);
        }));
        let mut number = order;
        for left in (1..=things.len()).rev() {
            let mut thing = things.remove(number % left);
            number /= left;
            thing();
        }
    }
}

#[test]
fn shared_weights_take_less_memory() {
    const INTERPRETERS: usize = 6;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/clothing.tflite");
    if !path.exists() {
        println!("skipped: the model is only in the repository");
        return;
    }
    if let Some(which) = memory::measured() {
        let cache = match which.as_str() {
            "shared" => WeightCache::Shared(SharedWeightCache::new()),
            _ => WeightCache::None,
        };
        let model = Model::from_file(&path).expect("valid");
        memory::grown(|| {
            let mut interpreters: Vec<_> =
                (0..INTERPRETERS).map(|_| cached(&model, &cache)).collect();
            // What they compute with counts once it is used.
            for interpreter in &mut interpreters {
                interpreter.invoke().expect("it works");
            }
            interpreters
        });
        return;
    }
    let measure = |which| {
        memory::measure(
            "weight_caches::shared::shared_weights_take_less_memory",
            which,
        )
    };
    let (apart, shared) = (measure("none"), measure("shared"));
    println!("{INTERPRETERS} interpreters: {apart} kB, with shared weights {shared} kB");
    // Packed, the weights have 13 MB.
    let least = (u64::try_from(INTERPRETERS).expect("few") - 1) * 10_000;
    assert!(shared + least < apart, "{shared} kB, {apart} kB");
}
