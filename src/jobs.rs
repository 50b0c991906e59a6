//! Long work on worker threads, with progress and cancellation. No window is known here.

mod token;

pub use token::{Cancelled, Token};
