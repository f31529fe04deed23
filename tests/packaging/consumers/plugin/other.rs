//! A Rust library of somebody else's, with a Rust runtime of its own.

#[unsafe(no_mangle)]
pub extern "C" fn other_survives_a_panic() -> bool {
    std::panic::set_hook(Box::new(|_| {}));
    std::panic::catch_unwind(|| panic!("on purpose")).is_err()
}
