//! Several interpreters of one model, for several threads or tasks.

#![forbid(unsafe_code)]

mod queue;

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use self::queue::{Queue, Take};
use crate::error::{Error, Result};
use crate::interpreter::Interpreter;
use crate::model::Model;
use crate::options::InterpreterOptions;

/// The most interpreters that a pool can have.
pub const MAX_POOL_SIZE: usize = 1024;

/// Several interpreters of one model, that threads and tasks check out and give back.
///
/// Interpreters share the model's bytes and, where XNNPACK computes, its packed weights: see
/// [`SharedWeightCache`](crate::SharedWeightCache). A pool is a handle: clones are the same pool.
///
/// Whoever has waited longest is served first, no matter whether it is a thread or a task.
///
/// An interpreter that comes back after a failed invocation is [reset](Interpreter::reset), also if
/// it comes back in a panic. Apart from that, it keeps the shapes of its inputs, what is in them, and
/// the values of variables: write all inputs, and reset variables, before an invocation.
/// [Cancellation tokens](Interpreter::cancellation_token) of who had it before have no effect.
///
/// As many interpreters as there are cores, with one thread each, get the most done; fewer ones with
/// more threads answer sooner.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
/// use std::thread;
/// use tflite::{InterpreterOptions, InterpreterPool, Model};
///
/// let model = Model::from_file(path)?;
/// let pool = InterpreterPool::new(&model, InterpreterOptions::new(), 2)?;
/// thread::scope(|scope| {
///     for number in 0..8_u8 {
///         let pool = &pool;
///         scope.spawn(move || {
///             let sum: tflite::Result<f32> = pool.with(|interpreter| {
///                 interpreter.input_mut(0)?.copy_from_slice(&[f32::from(number); 3])?;
///                 interpreter.invoke()?;
///                 Ok(interpreter.output(0)?.data::<f32>()?[0])
///             });
///             assert_eq!(sum.expect("valid"), f32::from(number) * 2.0);
///         });
///     }
/// });
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone)]
pub struct InterpreterPool {
    queue: Arc<Queue<Interpreter>>,
    size: usize,
}

impl InterpreterPool {
    /// Makes `size` interpreters, 1 to [`MAX_POOL_SIZE`].
    ///
    /// If the options do not say otherwise, XNNPACK's packed weights are shared.
    ///
    /// # Errors
    ///
    /// [`Error::PoolSize`]; else as [`Interpreter::new`].
    pub fn new(model: &Model, options: InterpreterOptions, size: usize) -> Result<Self> {
        if size == 0 || size > MAX_POOL_SIZE {
            return Err(Error::PoolSize {
                size,
                max: MAX_POOL_SIZE,
            });
        }
        let options = options.sharing_weights();
        let interpreters = (0..size).map(|_| Interpreter::new(model, options.clone()));
        let interpreters = interpreters.collect::<Result<_>>()?;
        Ok(Self {
            queue: Arc::new(Queue::new(interpreters)),
            size,
        })
    }

    /// How many interpreters there are.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many interpreters are not checked out now.
    pub fn idle(&self) -> usize {
        self.queue.idle()
    }

    /// Waits for an interpreter, and lends it to the function.
    pub fn with<R>(&self, function: impl FnOnce(&mut Interpreter) -> R) -> R {
        function(&mut self.checkout())
    }

    /// Waits for an interpreter. It goes back when the guard is dropped; a guard that is forgotten
    /// is one interpreter less.
    ///
    /// This blocks the thread: a thread that holds all interpreters waits for ever.
    pub fn checkout(&self) -> PooledInterpreter {
        loop {
            // Without an end to the time, it only ends with an interpreter.
            if let Some(interpreter) = Take::new(Arc::clone(&self.queue)).wait(None) {
                return self.lend(interpreter);
            }
        }
    }

    /// Waits no longer than this for an interpreter.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// use std::time::Duration;
    ///
    /// let pool = tflite::InterpreterPool::new(&model, Default::default(), 1)?;
    /// let interpreter = pool.checkout();
    /// assert!(pool.checkout_timeout(Duration::from_millis(1)).is_none());
    /// drop(interpreter);
    /// assert!(pool.checkout_timeout(Duration::from_millis(1)).is_some());
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn checkout_timeout(&self, timeout: Duration) -> Option<PooledInterpreter> {
        // A time that is further away than the clock goes has no end.
        let until = Instant::now().checked_add(timeout);
        let interpreter = Take::new(Arc::clone(&self.queue)).wait(until)?;
        Some(self.lend(interpreter))
    }

    /// An interpreter, if one is idle and nobody waits for it.
    pub fn try_checkout(&self) -> Option<PooledInterpreter> {
        let interpreter = self.queue.try_take()?;
        Some(self.lend(interpreter))
    }

    /// Waits for an interpreter without blocking the thread, on any executor.
    ///
    /// The place in the queue is that of the first poll. If the future is dropped, the interpreter
    /// goes to the next one who waits. Invoking still takes the thread as long as it takes: use what
    /// your executor has for that, such as tokio's `spawn_blocking`.
    pub fn checkout_async(&self) -> Checkout {
        Checkout {
            queue: Arc::clone(&self.queue),
            take: Take::new(Arc::clone(&self.queue)),
        }
    }

    fn lend(&self, interpreter: Interpreter) -> PooledInterpreter {
        PooledInterpreter::new(Arc::clone(&self.queue), interpreter)
    }
}

impl fmt::Debug for InterpreterPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterpreterPool")
            .field("size", &self.size)
            .field("idle", &self.idle())
            .finish_non_exhaustive()
    }
}

/// Waits for an interpreter of a pool: see [`InterpreterPool::checkout_async`].
#[must_use = "futures do nothing unless polled"]
pub struct Checkout {
    queue: Arc<Queue<Interpreter>>,
    take: Take<Interpreter>,
}

impl Future for Checkout {
    type Output = PooledInterpreter;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let interpreter = Pin::new(&mut self.take).poll(context);
        interpreter.map(|it| PooledInterpreter::new(Arc::clone(&self.queue), it))
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout").finish_non_exhaustive()
    }
}

/// An interpreter that is checked out of a pool, and goes back when this is dropped.
///
/// It keeps the pool's interpreters alive, and can be sent to another thread.
pub struct PooledInterpreter {
    queue: Arc<Queue<Interpreter>>,
    /// There is one until it goes back.
    interpreter: Option<Interpreter>,
}

impl PooledInterpreter {
    fn new(queue: Arc<Queue<Interpreter>>, interpreter: Interpreter) -> Self {
        Self {
            queue,
            interpreter: Some(interpreter),
        }
    }
}

impl Deref for PooledInterpreter {
    type Target = Interpreter;

    fn deref(&self) -> &Interpreter {
        let interpreter = self.interpreter.as_ref();
        interpreter.expect("there is one until it goes back")
    }
}

impl DerefMut for PooledInterpreter {
    fn deref_mut(&mut self) -> &mut Interpreter {
        let interpreter = self.interpreter.as_mut();
        interpreter.expect("there is one until it goes back")
    }
}

impl Drop for PooledInterpreter {
    fn drop(&mut self) {
        let Some(mut interpreter) = self.interpreter.take() else {
            return;
        };
        if interpreter.is_poisoned() {
            // If there is no memory for that, whoever has it next gets the same error as this one.
            let _ = interpreter.reset();
        }
        interpreter.forget_tokens();
        self.queue.give(interpreter);
    }
}

impl fmt::Debug for PooledInterpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PooledInterpreter")
            .field(&self.interpreter)
            .finish()
    }
}

const _: () = {
    const fn shared<T: Send + Sync + 'static>() {}
    const fn sent<T: Send + 'static>() {}
    shared::<InterpreterPool>();
    sent::<Checkout>();
    sent::<PooledInterpreter>();
};
