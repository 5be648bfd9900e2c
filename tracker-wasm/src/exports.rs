//! What the module exports: numbers pass as they are, and texts at one place in memory.
//!
//! A text is given by asking for `room` and writing it there; the next function called takes it. A
//! function that answers with a text returns its length in bytes, and `text` says where it lies
//! until the next call. The other side is `../page/module.js`. Imports nothing.

use alloc::string::String;
use core::cell::RefCell;

use crate::runtime;

struct Exchange(RefCell<String>);

// SAFETY: WebAssembly without threads has one thread.
unsafe impl Sync for Exchange {}

/// The text that passes.
static TEXT: Exchange = Exchange(RefCell::new(String::new()));

fn given() -> String {
    TEXT.0.take()
}

fn answer(text: String) -> usize {
    let length = text.len();
    TEXT.0.replace(text);
    length
}

/// Forgets everything, and all memory is free again.
#[unsafe(no_mangle)]
extern "C" fn forget() {
    core::mem::forget(given());
    core::mem::forget(crate::state().take());
    // SAFETY: these two were all that lives on from one call to the next.
    unsafe { runtime::begin_again() };
}

/// Makes room for a text of so many bytes, and says where.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    let mut bytes = alloc::vec![0; length];
    let address = bytes.as_mut_ptr();
    // SAFETY: zeros are UTF-8, and so is what the script writes there, as `TextEncoder` makes it.
    TEXT.0
        .replace(unsafe { String::from_utf8_unchecked(bytes) });
    address
}

/// Where the text lies that was the answer.
#[unsafe(no_mangle)]
extern "C" fn text() -> *const u8 {
    TEXT.0.borrow().as_ptr()
}

/// See [`crate::load_model`].
#[unsafe(no_mangle)]
extern "C" fn model() {
    crate::load_model(&given());
}

/// See [`crate::load_profile`].
#[unsafe(no_mangle)]
extern "C" fn profile() -> bool {
    crate::load_profile(&given())
}

/// See [`crate::save`].
#[unsafe(no_mangle)]
extern "C" fn save() -> usize {
    answer(crate::save())
}

/// See [`crate::take_in`].
#[unsafe(no_mangle)]
extern "C" fn take(at: f64, active: u32, before: u32, scroll: u32, scroll_before: u32, words: u32) {
    // No narrower numbers in the signature: nobody sees to it that those of the script are.
    let (scroll, scroll_before) = (scroll as u8, scroll_before as u8);
    crate::take_in(at, &given(), active, before, scroll, scroll_before, words);
}

/// See [`crate::snapshot`].
#[unsafe(no_mangle)]
extern "C" fn snapshot(at: f64) -> usize {
    answer(crate::snapshot(at))
}

/// See [`crate::content::decide`].
#[cfg(feature = "rules")]
#[unsafe(no_mangle)]
extern "C" fn decide() -> usize {
    answer(crate::content::decide(&given()))
}

/// See [`crate::content::slots`].
#[cfg(feature = "rules")]
#[unsafe(no_mangle)]
extern "C" fn slots() -> usize {
    answer(crate::content::slots())
}

/// See [`crate::explain::name_parts`].
#[cfg(feature = "explain")]
#[unsafe(no_mangle)]
extern "C" fn parts() {
    crate::explain::name_parts(&given());
}

/// See [`crate::explain::explain`].
#[cfg(feature = "explain")]
#[unsafe(no_mangle)]
extern "C" fn explain(at: f64) -> usize {
    answer(crate::explain::explain(at))
}
