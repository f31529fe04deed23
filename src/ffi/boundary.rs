//! What every function of the C interface does first and last: no panic gets out, `NULL` is no
//! crash, text is UTF-8, structs are as large as they say.

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Kind, Result};
use crate::sys::tsan;

/// Runs a function that cannot fail; `fallback` stands in should it panic all the same.
pub(super) fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    contained(body).unwrap_or(fallback)
}

/// Turns a panic into an error. The state it may leave behind is sound: locks are taken with their
/// poison ignored, and nothing is kept half-changed across a call that can panic.
pub(super) fn contained<T>(body: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| tsan::inside(body))).map_err(|payload| {
        let what = payload
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown".to_owned());
        // A payload whose drop panics must not get past us either.
        std::mem::forget(payload);
        Error::new(
            Kind::Internal,
            format!("a defect of libaxonpush, please report it: {what}"),
        )
    })
}

/// Writes through an out-pointer, which may be `NULL`.
pub(super) fn set<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: not NULL, and the interface demands that an out-pointer can be written. The old
        // value is not dropped: it may be uninitialised memory of the caller's.
        unsafe { out.write(value) };
    }
}

/// An optional string: `None` for `NULL` and for `""`.
///
/// The text lives as long as the caller leaves it alone, which the interface demands for the call.
pub(super) fn text<'a>(name: &str, pointer: *const c_char) -> Result<Option<&'a str>> {
    Ok(text_or_empty(name, pointer)?.filter(|text| !text.is_empty()))
}

/// A string for which `""` means something: `None` for `NULL` only.
pub(super) fn text_or_empty<'a>(name: &str, pointer: *const c_char) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the interface demands NUL-terminated text that lives for the call.
    let text = unsafe { CStr::from_ptr(pointer) };
    tsan::will_read(pointer.cast(), text.count_bytes() + 1);
    text.to_str()
        .map(Some)
        .map_err(|e| not_utf8(name, e.valid_up_to()))
}

/// A string in which what is not UTF-8 is replaced; `None` for `NULL`.
pub(super) fn text_lossy<'a>(pointer: *const c_char) -> Option<std::borrow::Cow<'a, str>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: not NULL, and the interface demands NUL-terminated text that lives for the call.
    Some(unsafe { CStr::from_ptr(pointer) }.to_string_lossy())
}

pub(super) fn required<'a>(name: &str, pointer: *const c_char) -> Result<&'a str> {
    text(name, pointer)?.ok_or_else(|| {
        let found = if pointer.is_null() { "NULL" } else { "empty" };
        Error::argument(format!("{name}: it is required, but {found}"))
    })
}

/// JSON text as pointer and length; length 0 means NUL-terminated. `None` for `NULL` and for `""`.
pub(super) fn document<'a>(
    name: &str,
    pointer: *const c_char,
    length: usize,
) -> Result<Option<&'a str>> {
    if pointer.is_null() || length == 0 {
        return text(name, pointer);
    }
    if length > isize::MAX as usize {
        return Err(Error::argument(format!(
            "{name}: its length {length} is not possible"
        )));
    }
    // SAFETY: not NULL, no larger than an object can be, and the interface demands that `length`
    // bytes can be read for the call.
    let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) };
    tsan::will_read(pointer.cast(), length);
    std::str::from_utf8(bytes)
        .map(Some)
        .map_err(|e| not_utf8(name, e.valid_up_to()))
}

/// Bytes as pointer and length; `None` where there is a length but no pointer.
pub(super) fn bytes<'a>(pointer: *const c_void, length: usize) -> Option<&'a [u8]> {
    if length == 0 {
        return Some(&[]);
    }
    if pointer.is_null() || length > isize::MAX as usize {
        return None;
    }
    tsan::will_read(pointer, length);
    // SAFETY: not NULL, no larger than an object can be, and the interface demands that `length`
    // bytes can be read for the call.
    Some(unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) })
}

fn not_utf8(name: &str, at: usize) -> Error {
    Error::argument(format!("{name}: not valid UTF-8 at byte {at}"))
}

/// A struct that C passes in, beginning with its `size_t struct_size`.
///
/// # Safety
/// The type is `repr(C)`, starts with the `usize` of its size, and is valid with all bytes zero, as
/// it is with any bytes that C may put there: numbers and raw pointers only.
pub(super) unsafe trait Input: Copy {
    /// Of the C type, for messages.
    const NAME: &'static str;
    /// How large it was in the first release that had it. Where members were appended, that is the
    /// offset of the first of them.
    const FIRST_SIZE: usize = size_of::<Self>();
}

/// The smallest size that makes sense: the size itself and one member.
const SMALLEST: usize = 2 * size_of::<usize>();

/// Reads as much of a struct as its caller knew; the rest is zero.
pub(super) fn input<T: Input>(pointer: *const T) -> Result<T> {
    let size = struct_size(pointer)?;
    tsan::will_read(pointer.cast(), size);
    let mut copy = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: the caller says that `size` bytes can be read, which is no more than `copy` holds.
    // All zero bytes are a valid `T`, and so is what is copied over them (`Input`).
    unsafe {
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), size);
        Ok(copy.assume_init())
    }
}

/// Makes a struct of the first release: all members zero but its size. Whatever was appended later is
/// not written, since the caller may have been compiled against the first header.
pub(super) fn init<T: Input>(pointer: *mut T) {
    if pointer.is_null() {
        return;
    }
    let first: T = blank(T::FIRST_SIZE);
    // SAFETY: not NULL, the interface demands a struct of at least the first release's size, and no
    // more than that of `first` is copied. Unaligned is fine for bytes.
    unsafe {
        std::ptr::copy_nonoverlapping(
            std::ptr::from_ref(&first).cast::<u8>(),
            pointer.cast::<u8>(),
            T::FIRST_SIZE,
        );
    }
}

pub(super) fn blank<T: Input>(size: usize) -> T {
    let mut blank = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: all zero bytes are a valid `T`, whose first member is the `usize` of its size (`Input`).
    unsafe {
        blank.as_mut_ptr().cast::<usize>().write(size);
        blank.assume_init()
    }
}

/// Writes as much of a struct as its caller knows.
pub(super) fn output<T: Input>(pointer: *mut T, mut value: T) -> Result<()> {
    let size = struct_size(pointer)?;
    let source: *mut T = &mut value;
    // SAFETY: both are at least `size` bytes; the first member of a `T` is the `usize` of its size,
    // which stays what the caller set.
    unsafe {
        source.cast::<usize>().write(size);
        std::ptr::copy_nonoverlapping(source.cast::<u8>(), pointer.cast::<u8>(), size);
    }
    Ok(())
}

fn struct_size<T: Input>(pointer: *const T) -> Result<usize> {
    let name = T::NAME;
    if pointer.is_null() {
        return Err(Error::argument(format!("{name}: it is required, but NULL")));
    }
    // SAFETY: not NULL, and every such struct starts with its size. Unaligned, because nothing that
    // a foreign language hands over is sure to be aligned.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if !(SMALLEST..=size_of::<T>()).contains(&size) {
        return Err(Error::argument(format!(
            "{name}.struct_size: {size} is not a size of {name}, which has up to {} bytes here; \
             initialise it with its _INIT macro or _init function, and use a header no newer than \
             the library",
            size_of::<T>()
        )));
    }
    Ok(size)
}

/// Frees an object that was made by `Box::into_raw`; `NULL` is nothing to free.
pub(super) fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: the interface demands a pointer from us, freed once. `T` is the opaque type of
        // the function's signature, so it is the type that was boxed.
        value((), || drop(unsafe { Box::from_raw(pointer) }));
    }
}

/// A borrowed object of ours; `None` for `NULL`.
pub(super) fn borrow<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: NULL or, as the interface demands, an object from us that is not freed yet.
    unsafe { pointer.as_ref() }
}

/// The same, to change it. The interface demands that one thread at a time uses such an object.
pub(super) fn borrow_mut<'a, T>(pointer: *mut T) -> Option<&'a mut T> {
    // SAFETY: as in `borrow`, and nobody else uses it meanwhile.
    unsafe { pointer.as_mut() }
}

/// Text for C. A NUL inside would cut it short, so it becomes a space.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).expect("no NUL is left")
}

/// The pointer to hand out for an optional text of an object.
pub(super) fn pointer_to(text: Option<&CString>) -> *const c_char {
    text.map_or(std::ptr::null(), |text| text.as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Grown {
        struct_size: usize,
        first: u64,
        appended: u64,
    }

    // SAFETY: repr(C), its size first, integers only.
    unsafe impl Input for Grown {
        const NAME: &'static str = "grown";
        const FIRST_SIZE: usize = std::mem::offset_of!(Grown, appended);
    }

    #[test]
    fn init_does_not_write_past_the_struct_of_the_first_release() {
        let mut grown = Grown {
            struct_size: 1,
            first: 2,
            appended: 3,
        };
        init(&mut grown);
        assert_eq!((grown.struct_size, grown.first, grown.appended), (16, 0, 3));
    }
}
