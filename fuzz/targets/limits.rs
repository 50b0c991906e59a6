//! What no input may do: take more memory while it is opened than 4 bytes a byte of its own and 64 MiB.
//!
//! An allocation beyond the limit fails, which ends the process; the fuzzer reports the input.

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that may be live while `N` bytes are opened: `4 N + 64 MiB`.
pub fn limit(input_bytes: usize) -> usize {
    input_bytes.saturating_mul(4).saturating_add(64 << 20)
}

/// Runs `open` with at most `bytes` allocated beyond what is live already.
pub fn within<R>(bytes: usize, open: impl FnOnce() -> R) -> R {
    let _ = MEMORY.set_limit(MEMORY.allocated().saturating_add(bytes));
    let result = open();
    let _ = MEMORY.set_limit(usize::MAX);
    result
}
