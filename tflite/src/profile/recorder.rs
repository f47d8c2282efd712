//! What the runtime calls: one interpreter's events on their way to a profiler.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tflite_sys as sys;

use super::{OpEvent, Profiler};

/// Hands one interpreter's events to a profiler. Must outlive that interpreter.
///
/// Operators are nested, so interpreters that share a profiler need one of these each.
pub(crate) struct Recorder {
    native: NonNull<sys::tflite_sys_profiler>,
    /// Behind a raw pointer, since C keeps a copy of it.
    recording: NonNull<Recording>,
}

struct Recording {
    profiler: Profiler,
    state: Mutex<State>,
}

/// Where an interpreter is.
#[derive(Default)]
struct State {
    /// The operators that run, each inside the one before.
    open: Vec<Open>,
    /// For each depth, how many of a delegate's partitions the subgraph there has run.
    partitions: Vec<usize>,
    /// What names the runtime has used. Its own strings are gone when it returns.
    names: HashMap<CString, Arc<str>>,
}

struct Open {
    name: Arc<str>,
    subgraph: usize,
    node: usize,
    /// The time in the operators that this one ran.
    inner: Duration,
    start: Instant,
}

/// More different names than this are not kept: no model has so many.
const MAX_NAMES: usize = 65_536;

impl Recorder {
    pub(crate) fn new(profiler: &Profiler) -> Option<Self> {
        let recording = Box::into_raw(Box::new(Recording {
            profiler: profiler.clone(),
            state: Mutex::default(),
        }));
        let callbacks = sys::tflite_sys_profiler_callbacks {
            user_data: recording.cast(),
            begin: Some(begin),
            end: Some(end),
            measured: Some(measured),
            happened: Some(happened),
        };
        // SAFETY: `Box::into_raw` never returns null.
        let recording = unsafe { NonNull::new_unchecked(recording) };
        // SAFETY: the callbacks are copied during the call; what their `user_data` points to is
        // freed after the profiler.
        let native = unsafe { sys::tflite_sys_profiler_create(&raw const callbacks) };
        match NonNull::new(native) {
            Some(native) => Some(Self { native, recording }),
            None => {
                // SAFETY: the pointer comes from `Box::into_raw`, and nobody else has it.
                drop(unsafe { Box::from_raw(recording.as_ptr()) });
                None
            }
        }
    }

    /// Valid as long as this owner.
    pub(crate) fn as_ptr(&self) -> NonNull<sys::tflite_sys_profiler> {
        self.native
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned and deleted once; whoever lent it out to an interpreter
        // drops that first.
        unsafe { sys::tflite_sys_profiler_delete(self.native.as_ptr()) };
        // SAFETY: the pointer comes from `Box::into_raw`, and its last user is gone.
        drop(unsafe { Box::from_raw(self.recording.as_ptr()) });
    }
}

// SAFETY: both pointers are owned like a box's. The native object is a constant struct of functions
// and an address; the recording is `Send` and `Sync`: a shared handle and a mutex.
unsafe impl Send for Recorder {}

const _: () = {
    const fn check<T: Send + Sync>() {}
    check::<Recording>();
};

impl Recording {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, name: &CStr, node: i64, subgraph: i64) -> u32 {
        let mut state = self.state();
        let handle = u32::try_from(state.open.len()).unwrap_or(u32::MAX);
        if handle == u32::MAX {
            return handle;
        }
        let name = state.name(name);
        state.open.push(Open {
            name,
            subgraph: number(subgraph),
            node: number(node),
            inner: Duration::ZERO,
            start: Instant::now(),
        });
        handle
    }

    fn end(&self, handle: u32) {
        let now = Instant::now();
        let mut state = self.state();
        let depth = usize::try_from(handle).unwrap_or(usize::MAX);
        if depth >= state.open.len() {
            return;
        }
        // Events end in the opposite order. If one did not, it ends with the one around it.
        let Some(open) = state.open.drain(depth..).next() else {
            return;
        };
        let elapsed = now.saturating_duration_since(open.start);
        state.spend(elapsed);
        drop(state);
        self.profiler.store().add(OpEvent {
            name: open.name,
            subgraph: open.subgraph,
            node: open.node,
            partition: None,
            elapsed,
            own: elapsed.saturating_sub(open.inner),
        });
    }

    fn measured(&self, name: &CStr, elapsed: Duration, node: i64, subgraph: i64) {
        let mut state = self.state();
        let name = state.name(name);
        let partition = state.partition(node);
        state.spend(elapsed);
        drop(state);
        self.profiler.store().add(OpEvent {
            name,
            subgraph: number(subgraph),
            node: number(node),
            partition: Some(partition),
            elapsed,
            own: elapsed,
        });
    }

    /// A subgraph's invocation has ended.
    fn invoked(&self) {
        let mut state = self.state();
        let depth = state.open.len();
        state.partitions.truncate(depth);
        drop(state);
        if depth == 0 {
            self.profiler.store().end_invocation();
        }
    }
}

impl State {
    fn name(&mut self, name: &CStr) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let text: Arc<str> = name.to_string_lossy().into();
        if self.names.len() < MAX_NAMES {
            self.names.insert(name.to_owned(), Arc::clone(&text));
        }
        text
    }

    /// The partition that this operator of a delegate is in. Each reports all of its operators in
    /// order, so that number 0 begins the next one.
    fn partition(&mut self, node: i64) -> usize {
        let depth = self.open.len();
        if self.partitions.len() <= depth {
            self.partitions.resize(depth + 1, 0);
        }
        let Some(begun) = self.partitions.last_mut() else {
            return 0;
        };
        if node == 0 {
            *begun += 1;
        }
        begun.saturating_sub(1)
    }

    /// Takes time off the operator that runs.
    fn spend(&mut self, elapsed: Duration) {
        if let Some(around) = self.open.last_mut() {
            around.inner = around.inner.saturating_add(elapsed);
        }
    }
}

/// Indices are not negative where operators run.
fn number(index: i64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// Calls `f` with the recording, and never unwinds: no panic may reach C, and none is expected.
///
/// # Safety
///
/// `user_data` must be what `Recorder::new` gave out, and the recorder alive.
unsafe fn with<T>(user_data: *mut c_void, f: impl FnOnce(&Recording) -> T) -> Option<T> {
    // SAFETY: the address of a recording that is alive, says the caller. It is only ever used
    // through shared references.
    let recording = unsafe { user_data.cast_const().cast::<Recording>().as_ref() }?;
    catch_unwind(AssertUnwindSafe(|| f(recording))).ok()
}

/// # Safety
///
/// `name` must be null or NUL-terminated, and live for `'a`.
unsafe fn text<'a>(name: *const c_char) -> &'a CStr {
    if name.is_null() {
        return c"";
    }
    // SAFETY: not null, and the rest is the caller's promise.
    unsafe { CStr::from_ptr(name) }
}

unsafe extern "C" fn begin(
    user_data: *mut c_void,
    name: *const c_char,
    node: i64,
    subgraph: i64,
) -> u32 {
    // SAFETY: the name is a string during the call, says profiler.h; it is not kept.
    let name = unsafe { text(name) };
    // SAFETY: profiler.h: this is the `user_data` that was set with the callbacks.
    unsafe { with(user_data, |recording| recording.begin(name, node, subgraph)) }
        .unwrap_or(u32::MAX)
}

unsafe extern "C" fn end(user_data: *mut c_void, event: u32) {
    // SAFETY: as in `begin`.
    unsafe { with(user_data, |recording| recording.end(event)) };
}

unsafe extern "C" fn measured(
    user_data: *mut c_void,
    name: *const c_char,
    microseconds: u64,
    node: i64,
    subgraph: i64,
) {
    // SAFETY: as in `begin`.
    let name = unsafe { text(name) };
    let elapsed = Duration::from_micros(microseconds);
    // SAFETY: as in `begin`.
    unsafe {
        with(user_data, |recording| {
            recording.measured(name, elapsed, node, subgraph);
        })
    };
}

unsafe extern "C" fn happened(user_data: *mut c_void, name: *const c_char, _status: u64) {
    // SAFETY: as in `begin`.
    if unsafe { text(name) } == c"Invoke" {
        // SAFETY: as in `begin`.
        unsafe { with(user_data, Recording::invoked) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording() -> Recording {
        Recording {
            profiler: Profiler::new(),
            state: Mutex::default(),
        }
    }

    #[test]
    fn what_runs_inside_is_not_counted_twice() {
        let recording = recording();
        let outer = recording.begin(c"WHILE", 0, 0);
        let inner = recording.begin(c"ADD", 3, 1);
        std::thread::sleep(Duration::from_millis(2));
        recording.end(inner);
        recording.measured(c"Add (ND)", Duration::from_micros(7), 0, 1);
        recording.end(outer);
        recording.invoked();

        let events = recording.profiler.events();
        let names: Vec<&str> = events.iter().map(|event| &*event.name).collect();
        assert_eq!(names, ["ADD", "Add (ND)", "WHILE"]);
        let [add, measured, outer] = &events[..] else {
            panic!("three events")
        };
        assert_eq!((add.subgraph, add.node, add.partition), (1, 3, None));
        assert_eq!(add.elapsed, add.own);
        assert_eq!(measured.partition, Some(0));
        assert!(outer.elapsed > add.elapsed);
        // What was measured here is made up: it may be longer than the whole.
        let inner = add.elapsed + measured.elapsed;
        assert_eq!(outer.own, outer.elapsed.saturating_sub(inner));
        assert_eq!(recording.profiler.summary().invocations, 1);
    }

    #[test]
    fn partitions_are_counted_anew_for_each_invocation_of_a_subgraph() {
        let recording = recording();
        let partition = |node| {
            recording.measured(c"x", Duration::ZERO, node, 0);
            recording.profiler.events().last().expect("one").partition
        };
        for _ in 0..2 {
            assert_eq!([partition(0), partition(1)], [Some(0), Some(0)]);
            let outer = recording.begin(c"WHILE", 0, 0);
            for _ in 0..3 {
                assert_eq!([partition(0), partition(0)], [Some(0), Some(1)]);
                recording.invoked();
            }
            recording.end(outer);
            assert_eq!([partition(0), partition(1)], [Some(1), Some(1)]);
            recording.invoked();
        }
        assert_eq!(recording.profiler.summary().invocations, 2);
    }

    #[test]
    fn ends_that_nobody_waits_for_do_nothing() {
        let recording = recording();
        recording.end(0);
        recording.end(u32::MAX);
        assert!(recording.profiler.events().is_empty());
        // One that was never ended goes with the one around it.
        let outer = recording.begin(c"OUTER", 0, 0);
        recording.begin(c"LOST", 1, 0);
        recording.end(outer);
        assert_eq!(recording.profiler.events().len(), 1);
        assert!(recording.state().open.is_empty());
    }

    #[test]
    fn null_and_other_text_are_no_problem() {
        // SAFETY: null is checked for.
        unsafe { end(std::ptr::null_mut(), 0) };
        // SAFETY: null is checked for.
        let event = unsafe { begin(std::ptr::null_mut(), std::ptr::null(), 0, 0) };
        assert_eq!(event, u32::MAX);
        let recording = recording();
        let event = recording.begin(c"\xff", -1, 0);
        recording.end(event);
        let event = &recording.profiler.events()[0];
        assert_eq!((&*event.name, event.node), ("\u{fffd}", usize::MAX));
    }
}
