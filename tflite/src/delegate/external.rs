//! Delegates in shared libraries.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::Arc;

use tflite_sys as sys;

use crate::error::{Error, Result};

/// The most options that a delegate can be given: `kExternalDelegateMaxOptions`.
pub const MAX_DELEGATE_OPTIONS: usize = 256;

/// A delegate in a shared library, such as one for an accelerator: a file with the two functions
/// `tflite_plugin_create_delegate()` and `tflite_plugin_destroy_delegate()`.
///
/// The library stays loaded until the program ends, as delegates expect. Each interpreter gets a
/// delegate of its own, and a new one after a [reset](crate::Interpreter::reset); it goes after the
/// interpreter. Several delegates are applied in the order in which they were added, and XNNPACK
/// after them.
///
/// The library is asked directly. `TfLiteExternalDelegateCreate()` returns an object whose fields
/// nobody has set if the library cannot be loaded, or makes no delegate, and cannot tell why.
///
/// ```no_run
/// use tflite::{ExternalDelegate, Interpreter, InterpreterOptions};
///
/// # let model = tflite::Model::from_file("model.tflite")?;
/// // SAFETY: the vendor's library is made for this version of the runtime.
/// let delegate = unsafe { ExternalDelegate::load("libvendor_delegate.so") }?
///     .option("device", "0")?;
/// let options = InterpreterOptions::new().external_delegate(delegate);
/// let interpreter = Interpreter::new(&model, options)?;
/// # Ok::<(), tflite::Error>(())
/// ```
#[derive(Clone)]
pub struct ExternalDelegate {
    library: Arc<Library>,
    options: Vec<(CString, CString)>,
}

/// A library that is loaded, and its functions.
struct Library {
    path: PathBuf,
    create: Create,
    destroy: Destroy,
}

type Create = unsafe extern "C" fn(
    *const *const c_char,
    *const *const c_char,
    usize,
    Option<unsafe extern "C" fn(*const c_char)>,
) -> *mut sys::TfLiteDelegate;

type Destroy = unsafe extern "C" fn(*mut sys::TfLiteDelegate);

impl ExternalDelegate {
    /// Loads the library. A name without a slash is looked for as `dlopen(3)` does.
    ///
    /// # Safety
    ///
    /// Loading a library runs code of it. Its two functions must be those that
    /// `external_delegate_interface.h` declares, and its delegates must do what `common.h` asks of
    /// a `TfLiteDelegate` in the [version](crate::version) that is linked: they work inside the
    /// runtime, and nothing checks what they do. They must bear to be made, used and destroyed in
    /// different threads, one at a time, and interpreters with one each at the same time.
    ///
    /// # Errors
    ///
    /// [`Error::LoadDelegate`] if the file cannot be loaded or lacks a function.
    pub unsafe fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let failed = |reason: String| Error::LoadDelegate {
            path: path.to_owned(),
            reason,
        };
        let name = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| failed("the path contains a NUL".to_owned()))?;
        // SAFETY: the path is NUL-terminated; the rest is the caller's promise.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_LOCAL) };
        let handle = NonNull::new(handle).ok_or_else(|| failed(last_error()))?;
        let find = |name: &CStr| {
            // SAFETY: the library was loaded, and the name is NUL-terminated.
            let symbol = unsafe { libc::dlsym(handle.as_ptr(), name.as_ptr()) };
            NonNull::new(symbol).ok_or_else(|| failed(last_error()))
        };
        let create = find(c"tflite_plugin_create_delegate")?;
        let destroy = find(c"tflite_plugin_destroy_delegate")?;
        let library = Library {
            path: path.to_owned(),
            // SAFETY: the caller's promise; a pointer to a function is one of this size.
            create: unsafe { std::mem::transmute::<NonNull<c_void>, Create>(create) },
            // SAFETY: as before.
            destroy: unsafe { std::mem::transmute::<NonNull<c_void>, Destroy>(destroy) },
        };
        Ok(Self {
            library: Arc::new(library),
            options: Vec::new(),
        })
    }

    /// Adds an option. What there is, and what may be said twice, is the delegate's business.
    ///
    /// # Errors
    ///
    /// [`Error::DelegateOption`] if there is a NUL in the key or the value, or if there are
    /// [`MAX_DELEGATE_OPTIONS`] already.
    pub fn option(mut self, key: &str, value: &str) -> Result<Self> {
        let failed = |reason| Error::DelegateOption {
            key: key.to_owned(),
            reason,
        };
        if self.options.len() >= MAX_DELEGATE_OPTIONS {
            return Err(failed("there can be 256 options"));
        }
        let text = |text| CString::new(text).map_err(|_| failed("it contains a NUL"));
        self.options.push((text(key)?, text(value)?));
        Ok(self)
    }

    /// The library's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.library.path
    }

    /// A delegate for one interpreter.
    pub(crate) fn create(&self) -> Result<ExternalInstance> {
        let keys: Vec<_> = self.options.iter().map(|(key, _)| key.as_ptr()).collect();
        let values: Vec<_> = self
            .options
            .iter()
            .map(|(_, value)| value.as_ptr())
            .collect();
        MESSAGES.with_borrow_mut(String::clear);
        // SAFETY: whoever loaded the library promised that this is the function. Both arrays have
        // this length and valid strings during the call, and the callback has this signature.
        let delegate = unsafe {
            (self.library.create)(keys.as_ptr(), values.as_ptr(), keys.len(), Some(report))
        };
        let log = MESSAGES.with_borrow_mut(std::mem::take);
        let delegate = NonNull::new(delegate).ok_or_else(|| Error::CreateDelegate {
            path: self.library.path.clone(),
            log,
        })?;
        Ok(ExternalInstance {
            delegate,
            library: Arc::clone(&self.library),
        })
    }
}

impl fmt::Debug for ExternalDelegate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalDelegate")
            .field("path", &self.library.path)
            .field("options", &self.options)
            .finish()
    }
}

/// Owns a delegate that a library has made.
pub(crate) struct ExternalInstance {
    delegate: NonNull<sys::TfLiteDelegate>,
    library: Arc<Library>,
}

impl ExternalInstance {
    /// Valid as long as this owner.
    pub(crate) fn as_ptr(&self) -> NonNull<sys::TfLiteOpaqueDelegate> {
        self.delegate
    }
}

impl Drop for ExternalInstance {
    fn drop(&mut self) {
        // SAFETY: the pointer is owned, comes from the same library, and is destroyed once; whoever
        // lent it out to an interpreter drops that first.
        unsafe { (self.library.destroy)(self.delegate.as_ptr()) };
    }
}

// SAFETY: whoever loaded the library promised that its delegates bear that.
unsafe impl Send for ExternalInstance {}

/// More is not kept of what a library says.
const MAX_MESSAGES: usize = 16 * 1024;

thread_local! {
    /// What a library reports while it makes a delegate: the callback has no other place.
    static MESSAGES: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The callback: adds one message.
unsafe extern "C" fn report(message: *const c_char) {
    // An unwinding panic must not reach C. None is expected; the message is lost if there is one.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if message.is_null() {
            return;
        }
        // SAFETY: external_delegate_interface.h passes a string.
        let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
        MESSAGES.with_borrow_mut(|messages| {
            if messages.len() + message.len() < MAX_MESSAGES {
                messages.push_str(message.trim_end());
                messages.push('\n');
            }
        });
    }));
}

/// What the system's loader says about its last failure in this thread.
fn last_error() -> String {
    // SAFETY: the function has no preconditions.
    let message = unsafe { libc::dlerror() };
    if message.is_null() {
        return "no reason is known".to_owned();
    }
    // SAFETY: the string is the loader's, and valid until the next call to it.
    let message = unsafe { CStr::from_ptr(message) };
    message.to_string_lossy().into_owned()
}
