//! What ThreadSanitizer is told, where the application is built with it.
//!
//! TSan sees what code that was compiled for it does, and what any code does through the C library:
//! malloc, free, memcpy, recv. Of our locks, which are futexes, it sees nothing. So it would take
//! every block that one of our threads fills and another frees for a race, and what the application
//! does before publishing and inside its completion, too. Two things are therefore told to it, and
//! nothing of the application's own is hidden:
//!
//! - *What happens inside the library is not the application's* ([`inside`], [`outside`]): memory
//!   accesses are ignored between a function of ours and the application's callbacks, and on our
//!   threads.
//! - *Where one thread hands over to another* ([`HandOver`], [`release`], [`acquire`]): what happened
//!   before an event was published happened before its completion, and what a completion did
//!   happened before the flush, shutdown or close that waited for it returned.
//!
//! What we read of the application's memory is still checked ([`will_read`]): a payload that another
//! thread changes meanwhile is a race, and is reported as one.
//!
//! TSan's functions are looked up when the first of these is needed, so that nothing is linked and
//! without TSan each costs one load. Rejected: telling it of every lock (`sys::sync`), since the locks
//! of ureq, rustls and the standard library remain invisible: 42 of 59 false reports stay. Rejected: a
//! suppressions file alone (`called_from_lib:libaxonpush`), which cannot know of hand-overs, and does
//! not work for the static library.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

struct Runtime {
    acquire: Address,
    release: Address,
    read_range: Range,
    ignore_begin: [Annotation; 2],
    ignore_end: [Annotation; 2],
}

type Address = unsafe extern "C" fn(*mut c_void);
type Range = unsafe extern "C" fn(*mut c_void, usize);
type Annotation = unsafe extern "C" fn(*const c_char, c_int);

/// `None`: the process is not built with ThreadSanitizer.
fn runtime() -> Option<&'static Runtime> {
    if cfg!(axonpush_races) {
        // The library itself is looked at (`make test-races`): nothing of it is hidden.
        return None;
    }
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    RUNTIME.get_or_init(Runtime::find).as_ref()
}

impl Runtime {
    fn find() -> Option<Self> {
        // First, as no program has it without TSan; `Annotate...` some define for other tools.
        let acquire = symbol(c"__tsan_acquire")?;
        let release = symbol(c"__tsan_release")?;
        let read_range = symbol(c"__tsan_read_range")?;
        let annotation = |name| {
            // SAFETY: a function of TSan's of this name has this type.
            symbol(name).map(|f| unsafe { std::mem::transmute::<*mut c_void, Annotation>(f) })
        };
        Some(Runtime {
            // SAFETY: TSan's functions of these names have had these types for as long as they exist; a
            // program that defines them itself, whose names are reserved, is not supported.
            acquire: unsafe { std::mem::transmute::<*mut c_void, Address>(acquire) },
            // SAFETY: as above.
            release: unsafe { std::mem::transmute::<*mut c_void, Address>(release) },
            // SAFETY: as above.
            read_range: unsafe { std::mem::transmute::<*mut c_void, Range>(read_range) },
            ignore_begin: [
                annotation(c"AnnotateIgnoreReadsBegin")?,
                annotation(c"AnnotateIgnoreWritesBegin")?,
            ],
            ignore_end: [
                annotation(c"AnnotateIgnoreReadsEnd")?,
                annotation(c"AnnotateIgnoreWritesEnd")?,
            ],
        })
    }

    fn ignore(&self, on: bool) {
        let functions = if on {
            &self.ignore_begin
        } else {
            &self.ignore_end
        };
        for function in functions {
            // SAFETY: callable from any thread; the place is only kept for a message.
            unsafe { function(c"libaxonpush".as_ptr(), 0) };
        }
    }
}

fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a NUL-terminated name; RTLD_DEFAULT searches all that is loaded.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

thread_local! {
    /// Whether this thread is inside the library. It has no destructor, so it is there to the very end
    /// of a thread.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Puts back what was so before, on a panic too: TSan ends the process when a thread ends ignored.
struct Restore {
    runtime: &'static Runtime,
    before: bool,
}

impl Restore {
    fn set(runtime: &'static Runtime, inside: bool) -> Self {
        let before = INSIDE.replace(inside);
        if before != inside {
            runtime.ignore(inside);
        }
        Restore { runtime, before }
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        if INSIDE.replace(self.before) != self.before {
            self.runtime.ignore(self.before);
        }
    }
}

/// Runs the library's own code.
pub fn inside<T>(run: impl FnOnce() -> T) -> T {
    let _restore = runtime().map(|runtime| Restore::set(runtime, true));
    run()
}

/// Runs the application's code, a completion or a log function, from inside the library.
pub fn outside<T>(run: impl FnOnce() -> T) -> T {
    let _restore = runtime().map(|runtime| Restore::set(runtime, false));
    run()
}

/// What this thread did so far happened before whatever follows an [`acquire`] of the same address.
pub fn release(address: *const c_void) {
    if let Some(runtime) = runtime() {
        // SAFETY: the address is a name and is not read.
        unsafe { (runtime.release)(address.cast_mut()) };
    }
}

/// See [`release`].
pub fn acquire(address: *const c_void) {
    if let Some(runtime) = runtime() {
        // SAFETY: as above.
        unsafe { (runtime.acquire)(address.cast_mut()) };
    }
}

/// The application's memory is about to be read, on the application's own behalf.
pub fn will_read(start: *const c_void, bytes: usize) {
    if let Some(runtime) = runtime().filter(|_| bytes > 0) {
        // SAFETY: marks a range as read; it is not touched.
        outside(|| unsafe { (runtime.read_range)(start.cast_mut(), bytes) });
    }
}

/// A pointer of the application's on its way to another thread.
#[derive(Debug)]
pub struct HandOver(Option<Box<u64>>);

impl HandOver {
    /// On the thread that hands over, before.
    pub fn release() -> Self {
        let token = runtime().map(|_| Box::new(0));
        if let Some(token) = &token {
            release((&raw const **token).cast());
        }
        HandOver(token)
    }

    /// On the thread that takes over, first.
    pub fn acquire(&self) {
        if let Some(token) = &self.0 {
            acquire((&raw const **token).cast());
        }
    }
}
