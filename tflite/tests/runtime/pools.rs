//! Pools of interpreters.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use tflite::{
    Error, InterpreterOptions, InterpreterPool, MAX_POOL_SIZE, Operation, WeightCacheStatus,
    Xnnpack, XnnpackStatus,
};

use super::{double, model};

fn pool(name: &str, size: usize) -> InterpreterPool {
    InterpreterPool::new(&model(name), InterpreterOptions::new(), size).expect("valid")
}

/// Runs `gather` with indices that are out of range.
fn fail(interpreter: &mut tflite::Interpreter) {
    let mut input = interpreter.input_mut(0).expect("input");
    let count = input.shape().iter().product();
    input
        .copy_from_slice(&vec![1000_i32; count])
        .expect("indices");
    interpreter.invoke().expect_err("out of range");
}

/// The smallest of executors: the thread sleeps until it is woken.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn sizes_have_limits() {
    for size in [0, MAX_POOL_SIZE + 1, usize::MAX] {
        let pool = InterpreterPool::new(&model("add"), InterpreterOptions::new(), size);
        assert!(matches!(pool, Err(Error::PoolSize { size: s, .. }) if s == size));
    }
    let pool = pool("add", 3);
    assert_eq!((pool.size(), pool.idle()), (3, 3));
    let one = pool.checkout();
    let two = pool.clone().checkout();
    assert_eq!((pool.size(), pool.idle()), (3, 1));
    drop((one, two));
    assert_eq!(pool.idle(), 3);
}

#[test]
fn weights_are_shared_unless_the_options_say_otherwise() {
    let report = pool("conv", 2).with(|interpreter| interpreter.delegate_report());
    assert_eq!(report.xnnpack, XnnpackStatus::Applied);
    assert_eq!(report.weight_cache, WeightCacheStatus::Shared);
    let options = InterpreterOptions::new().xnnpack(Xnnpack::Off);
    let pool = InterpreterPool::new(&model("conv"), options, 2).expect("valid");
    let report = pool.with(|interpreter| interpreter.delegate_report());
    assert_eq!(report.xnnpack, XnnpackStatus::Off);
}

#[test]
fn many_threads_and_few_interpreters() {
    let pool = pool("add", 3);
    let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..12_u8 {
            let (pool, busy, most) = (&pool, &busy, &most);
            scope.spawn(move || {
                for round in 0..50_u8 {
                    pool.with(|interpreter| {
                        let now = busy.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        let number = f32::from(thread) * 100.0 + f32::from(round);
                        assert_eq!(double(interpreter, [number; 3]), [number * 2.0; 3]);
                        busy.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            });
        }
    });
    assert!(most.load(Ordering::SeqCst) <= 3);
    assert_eq!(pool.idle(), 3);
}

#[test]
fn all_interpreters_can_be_used_at_once() {
    let pool = pool("conv", 4);
    let all_have_one = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                pool.with(|interpreter| {
                    all_have_one.wait();
                    for _ in 0..20 {
                        interpreter.invoke().expect("valid");
                    }
                });
            });
        }
    });
}

#[test]
fn a_panic_costs_nothing_but_that_call() {
    let pool = pool("add", 1);
    for _ in 0..3 {
        let panics = || pool.with(|_| panic!("on purpose"));
        catch_unwind(AssertUnwindSafe(panics)).expect_err("it panics");
        assert_eq!(pool.idle(), 1);
        pool.with(|interpreter| assert_eq!(double(interpreter, [1.0; 3]), [2.0; 3]));
    }
}

#[test]
fn poisoned_interpreters_are_reset() {
    let pool = pool("gather", 1);
    pool.with(|interpreter| {
        fail(interpreter);
        assert!(interpreter.is_poisoned());
        let error = interpreter.input(0).expect_err("poisoned");
        let operation = Operation::Invoke;
        assert!(matches!(error, Error::Poisoned { operation: o } if o == operation));
    });
    pool.with(|interpreter| {
        assert!(!interpreter.is_poisoned());
        interpreter.invoke().expect("zeros are in range");
    });
    let panics = || {
        pool.with(|interpreter| {
            fail(interpreter);
            panic!("on purpose");
        })
    };
    catch_unwind(AssertUnwindSafe(panics)).expect_err("it panics");
    pool.with(|interpreter| interpreter.invoke().expect("zeros are in range"));
}

#[test]
fn tokens_of_who_had_it_before_have_no_effect() {
    let pool = pool("count", 1);
    let token = pool.with(|interpreter| interpreter.cancellation_token());
    let mut interpreter = pool.checkout();
    let mut input = interpreter.input_mut(0).expect("input");
    input.copy_from_slice(&[20_000_i32]).expect("a number");
    let is_done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::SeqCst) {
                token.cancel();
            }
        });
        let result = interpreter.invoke();
        is_done.store(true, Ordering::SeqCst);
        result.expect("not cancelled");
    });
    // Its own tokens do.
    let token = interpreter.cancellation_token();
    let mut input = interpreter.input_mut(0).expect("input");
    input.copy_from_slice(&[i32::MAX]).expect("a number");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(30));
            token.cancel();
        });
        assert!(matches!(interpreter.invoke(), Err(Error::Cancelled)));
    });
}

#[test]
fn there_is_no_waiting_for_ever() {
    let pool = pool("add", 1);
    let held = pool.checkout();
    assert!(pool.try_checkout().is_none());
    assert!(pool.checkout_timeout(Duration::ZERO).is_none());
    assert!(pool.checkout_timeout(Duration::from_millis(10)).is_none());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.checkout_timeout(Duration::MAX).is_some());
        thread::sleep(Duration::from_millis(20));
        drop(held);
        assert!(waiting.join().expect("no panic"));
    });
    assert!(pool.try_checkout().is_some());
}

#[test]
fn an_interpreter_may_outlive_its_pool() {
    let pool = pool("add", 2);
    let mut interpreter = pool.checkout();
    drop(pool);
    let thread = thread::spawn(move || double(&mut interpreter, [3.0; 3]));
    assert_eq!(thread.join().expect("no panic"), [6.0; 3]);
}

#[test]
fn tasks_and_threads_wait_in_one_queue() {
    let pool = pool("add", 2);
    thread::scope(|scope| {
        for task in 0..4_i16 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..50 {
                    let number = f32::from(task * 50 + round);
                    let mut interpreter = match task % 2 {
                        0 => block_on(pool.checkout_async()),
                        _ => pool.checkout(),
                    };
                    assert_eq!(double(&mut interpreter, [number; 3]), [number * 2.0; 3]);
                }
            });
        }
    });
    assert_eq!(pool.idle(), 2);
}

#[test]
fn a_task_that_gives_up_hands_over() {
    let pool = pool("add", 1);
    let held = pool.checkout();
    let mut context = Context::from_waker(Waker::noop());
    let mut first = Box::pin(pool.checkout_async());
    let mut second = Box::pin(pool.checkout_async());
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    drop(held);
    assert_eq!(pool.idle(), 0, "it is the first one's");
    drop(first);
    assert!(second.as_mut().poll(&mut context).is_ready());
    drop(second);
    assert_eq!(pool.idle(), 1);
}

#[test]
fn tokio_runs_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    let pool = pool("add", 2);
    runtime.block_on(async {
        let tasks: Vec<_> = (0..40_u8)
            .map(|number| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    if number % 4 == 0 {
                        // It may be dropped at any point of its wait.
                        let patience = Duration::from_micros(u64::from(number) * 10);
                        let _ = tokio::time::timeout(patience, pool.checkout_async()).await;
                    }
                    let mut interpreter = pool.checkout_async().await;
                    let number = f32::from(number);
                    let work = move || double(&mut interpreter, [number; 3]);
                    let output = tokio::task::spawn_blocking(work).await;
                    assert_eq!(output.expect("no panic"), [number * 2.0; 3]);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
    });
    assert_eq!(pool.idle(), 2);
}
