//! Things that are lent out to whoever has waited longest.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

/// What can be lent out, and who waits for it.
///
/// Nothing of the application's runs under the lock, neither a waker nor a drop.
pub(super) struct Queue<T>(Mutex<State<T>>);

struct State<T> {
    /// The one that came back last goes out first: its memory is warm.
    idle: Vec<T>,
    /// In the order in which they came. While somebody waits for one, there is none idle.
    waiters: VecDeque<Waiter<T>>,
    /// The next waiter's ticket.
    next: u64,
}

struct Waiter<T> {
    ticket: u64,
    /// What it got, while it has not come for it.
    granted: Option<T>,
    waker: Waker,
}

impl<T> Queue<T> {
    pub(super) fn new(idle: Vec<T>) -> Self {
        Self(Mutex::new(State {
            idle,
            waiters: VecDeque::new(),
            next: 0,
        }))
    }

    /// How many are not lent out.
    pub(super) fn idle(&self) -> usize {
        self.lock().idle.len()
    }

    /// One that is there now.
    pub(super) fn try_take(&self) -> Option<T> {
        self.lock().idle.pop()
    }

    /// Gives one back.
    pub(super) fn give(&self, thing: T) {
        let mut state = self.lock();
        let first = state
            .waiters
            .iter_mut()
            .find(|waiter| waiter.granted.is_none());
        let waker = match first {
            Some(waiter) => {
                waiter.granted = Some(thing);
                waiter.waker.clone()
            }
            None => return state.idle.push(thing),
        };
        drop(state);
        waker.wake();
    }

    /// Nothing under the lock panics, but for lack of memory.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for one. It can be dropped at any time: whatever it was given goes to the next.
pub(super) struct Take<T> {
    queue: Arc<Queue<T>>,
    /// If it waits.
    ticket: Option<u64>,
}

// Nothing points into it.
impl<T> Unpin for Take<T> {}

impl<T> Take<T> {
    pub(super) fn new(queue: Arc<Queue<T>>) -> Self {
        Self {
            queue,
            ticket: None,
        }
    }

    /// Waits in this thread; `None` if the time is up first.
    pub(super) fn wait(mut self, until: Option<Instant>) -> Option<T> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(thing) = Pin::new(&mut self).poll(&mut context) {
                return Some(thing);
            }
            match until {
                None => thread::park(),
                Some(until) => match until.checked_duration_since(Instant::now()) {
                    Some(rest) if !rest.is_zero() => thread::park_timeout(rest),
                    // What came at the last moment counts.
                    _ => match Pin::new(&mut self).poll(&mut context) {
                        Poll::Ready(thing) => return Some(thing),
                        Poll::Pending => return None,
                    },
                },
            }
        }
    }
}

impl<T> Future for Take<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let new = context.waker().clone();
        let mut state = self.queue.lock();
        let old = if let Some(ticket) = self.ticket {
            let position = state.position(ticket);
            let Some(waiter) = position.and_then(|at| state.waiters.get_mut(at)) else {
                // Polled after it was ready: it never will be again.
                return Poll::Pending;
            };
            match waiter.granted.take() {
                Some(thing) => {
                    let waiter = position.and_then(|at| state.waiters.remove(at));
                    drop(state);
                    drop(waiter);
                    return Poll::Ready(thing);
                }
                None => std::mem::replace(&mut waiter.waker, new),
            }
        } else {
            if let Some(thing) = state.idle.pop() {
                drop(state);
                return Poll::Ready(thing);
            }
            let ticket = state.next;
            state.next += 1;
            state.waiters.push_back(Waiter {
                ticket,
                granted: None,
                waker: new,
            });
            drop(state);
            self.ticket = Some(ticket);
            return Poll::Pending;
        };
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl<T> Drop for Take<T> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else {
            return;
        };
        let mut state = self.queue.lock();
        let waiter = state
            .position(ticket)
            .and_then(|position| state.waiters.remove(position));
        drop(state);
        if let Some(thing) = waiter.and_then(|mut waiter| waiter.granted.take()) {
            self.queue.give(thing);
        }
    }
}

impl<T> State<T> {
    /// Tickets ascend.
    fn position(&self, ticket: u64) -> Option<usize> {
        self.waiters
            .binary_search_by_key(&ticket, |waiter| waiter.ticket)
            .ok()
    }
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn queue(things: usize) -> Arc<Queue<usize>> {
        Arc::new(Queue::new((0..things).collect()))
    }

    fn poll(take: &mut Take<usize>, count: &Arc<Count>) -> Poll<usize> {
        let waker = Waker::from(Arc::clone(count));
        Pin::new(take).poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn who_comes_first_is_served_first() {
        let queue = queue(1);
        let thing = queue.try_take().expect("one");
        let count = Arc::new(Count::default());
        let mut takes: Vec<_> = (0..3).map(|_| Take::new(Arc::clone(&queue))).collect();
        for take in &mut takes {
            assert_eq!(poll(take, &count), Poll::Pending);
        }
        let mut thing = Some(thing);
        for first in 0..3 {
            queue.give(thing.take().expect("it came back"));
            assert_eq!(
                count.0.load(Ordering::SeqCst),
                first + 1,
                "only one is woken"
            );
            assert!(queue.try_take().is_none(), "nobody may jump the queue");
            for (position, take) in takes.iter_mut().enumerate().rev() {
                if position == first {
                    assert_eq!(poll(take, &count), Poll::Ready(0));
                    thing = Some(0);
                } else {
                    assert_eq!(poll(take, &count), Poll::Pending, "{position}");
                }
            }
        }
    }

    #[test]
    fn who_goes_away_hands_over() {
        let queue = queue(1);
        let thing = queue.try_take().expect("one");
        let count = Arc::new(Count::default());
        let mut takes: Vec<_> = (0..4).map(|_| Take::new(Arc::clone(&queue))).collect();
        for take in &mut takes {
            assert_eq!(poll(take, &count), Poll::Pending);
        }
        // The second goes while it waits, the first after it was given the thing.
        drop(takes.remove(1));
        queue.give(thing);
        drop(takes.remove(0));
        assert_eq!(poll(&mut takes[1], &count), Poll::Pending);
        assert_eq!(poll(&mut takes[0], &count), Poll::Ready(0));
        queue.give(0);
        drop(takes);
        assert_eq!(queue.idle(), 1, "nothing is lost");
    }

    #[test]
    fn time_runs_out() {
        let queue = queue(1);
        let thing = queue.try_take().expect("one");
        let wait = |milliseconds| {
            let until = Instant::now() + Duration::from_millis(milliseconds);
            Take::new(Arc::clone(&queue)).wait(Some(until))
        };
        assert_eq!(wait(0), None);
        assert_eq!(wait(20), None);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| wait(60_000));
            std::thread::sleep(Duration::from_millis(20));
            queue.give(thing);
            assert_eq!(waiting.join().expect("no panic"), Some(0));
        });
        queue.give(0);
        assert_eq!(queue.idle(), 1);
    }

    #[test]
    fn nothing_is_lost_among_threads_that_give_up() {
        let queue = queue(3);
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let queue = &queue;
                scope.spawn(move || {
                    for round in 0..300 {
                        let patience = Duration::from_micros((thread * 37 + round * 13) % 200);
                        let until = Instant::now() + patience;
                        if let Some(thing) = Take::new(Arc::clone(queue)).wait(Some(until)) {
                            std::thread::yield_now();
                            queue.give(thing);
                        }
                    }
                });
            }
        });
        let mut things: Vec<_> = std::iter::from_fn(|| queue.try_take()).collect();
        things.sort_unstable();
        assert_eq!(things, [0, 1, 2]);
    }
}
