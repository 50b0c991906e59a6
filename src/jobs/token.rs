//! Progress and cancellation of one piece of work, shared between the worker and whoever watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use thiserror::Error;

/// Cloned freely; all clones are the same token.
#[derive(Clone, Debug, Default)]
pub struct Token {
    is_cancelled: Arc<AtomicBool>,
    progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

/// The work was cancelled by whoever asked for it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("cancelled")]
pub struct Cancelled;

impl Token {
    pub fn new() -> Self {
        Self::default()
    }

    /// For a part of the work that counts on its own: it is cancelled with the whole.
    pub fn part(&self) -> Self {
        Self { is_cancelled: Arc::clone(&self.is_cancelled), progress: Arc::default() }
    }

    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }

    /// For the worker: between two blocks of work, `token.check()?`.
    ///
    /// # Errors
    /// [`Cancelled`] once [`Token::cancel`] was called.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Sets how much there is to do, in a unit of the worker's choice, and starts from nothing.
    pub fn expect(&self, total: u64) {
        self.progress.done.store(0, Ordering::Relaxed);
        self.progress.total.store(total, Ordering::Relaxed);
    }

    pub fn advance(&self, amount: u64) {
        self.progress.done.fetch_add(amount, Ordering::Relaxed);
    }

    /// The part done, 0 to 1; `None` while the total is not known.
    pub fn fraction(&self) -> Option<f32> {
        let total = self.progress.total.load(Ordering::Relaxed);
        let done = self.progress.done.load(Ordering::Relaxed);
        (total > 0).then(|| (done as f64 / total as f64).min(1.0) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_state() {
        let token = Token::new();
        let watcher = token.clone();
        assert_eq!(watcher.fraction(), None);
        token.expect(4);
        token.advance(1);
        assert_eq!(watcher.fraction(), Some(0.25));
        let part = token.part();
        part.expect(1);
        assert_eq!((watcher.fraction(), part.fraction()), (Some(0.25), Some(0.0)));
        watcher.cancel();
        assert_eq!(part.check(), Err(Cancelled));
        assert_eq!(token.check(), Err(Cancelled));
    }
}
