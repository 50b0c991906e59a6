//! The worker threads and the channels to and from them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::{Job, Output, Token};
use crate::weights::Site;

/// What a job is for. Of two jobs with the same key, the newest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Opening a file; the number tells one attempt from another.
    Open(u64),
    /// The layout of a graph of the model with this number.
    Layout { model: u64, graph: u32 },
    /// All about the weight on display, in the pane with this number.
    Load(u64),
    /// The picture on display.
    Picture(u64),
    /// The histogram on display.
    Histogram(u64),
    /// A small picture and figures for a list row or an operation's box.
    Glance { model: u64, site: Site },
    /// Completions for the path that is being typed.
    Complete,
    /// Writing a file; the number tells one attempt from another.
    Save(u64),
}

/// Interactive work never waits behind bulk work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Interactive,
    Bulk,
}

/// Names one submitted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

/// The end of a job.
#[derive(Debug)]
pub struct Event {
    pub key: Key,
    pub ticket: Ticket,
    pub result: Result<Output, Failure>,
}

/// Why a job has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    Cancelled,
    /// One sentence.
    Failed(String),
}

struct Queued {
    key: Key,
    ticket: Ticket,
    job: Job,
    token: Token,
}

struct Running {
    ticket: Ticket,
    token: Token,
    title: String,
}

/// Worker threads, two bounded channels to them (one a lane) and one back.
pub struct Pool {
    interactive: Sender<Queued>,
    bulk: Sender<Queued>,
    events: Receiver<Event>,
    current: HashMap<Key, Running>,
    next_ticket: u64,
    workers: Vec<JoinHandle<()>>,
}

/// Jobs that may wait in a lane; a full lane refuses, and the caller asks again later.
const WAITING_JOBS: usize = 256;

impl Pool {
    /// `notify` is called from a worker thread whenever an event is ready to be collected.
    pub fn new(notify: impl Fn() + Send + Sync + 'static) -> Self {
        let notify: Arc<dyn Fn() + Send + Sync> = Arc::new(notify);
        let (interactive, interactive_jobs) = bounded(WAITING_JOBS);
        let (bulk, bulk_jobs) = bounded(WAITING_JOBS);
        let (event_sender, events) = bounded(2 * WAITING_JOBS);
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let lanes = std::iter::repeat_n(&bulk_jobs, cores.clamp(2, 8)).chain(std::iter::repeat_n(&interactive_jobs, 2));
        let workers = lanes.map(|jobs| spawn(jobs.clone(), event_sender.clone(), Arc::clone(&notify))).collect();
        Self { interactive, bulk, events, current: HashMap::new(), next_ticket: 0, workers }
    }

    /// Queues a job and cancels an older one with the same key. `None` if the lane is full; nothing
    /// was cancelled then.
    pub fn submit(&mut self, key: Key, job: Job) -> Option<Ticket> {
        let ticket = Ticket(self.next_ticket);
        let token = Token::new();
        let title = job.title();
        let lane = match job.lane() {
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
        };
        match lane.try_send(Queued { key, ticket, job, token: token.clone() }) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return None,
        }
        self.next_ticket += 1;
        if let Some(older) = self.current.insert(key, Running { ticket, token, title }) {
            older.token.cancel();
        }
        Some(ticket)
    }

    /// Takes the events that are ready, without those that a newer job has made stale. Never waits.
    pub fn collect(&mut self) -> Vec<Event> {
        let mut fresh = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if self.current.get(&event.key).is_some_and(|running| running.ticket == event.ticket) {
                self.current.remove(&event.key);
                fresh.push(event);
            }
        }
        fresh
    }

    /// Cancels the job with this key; its result will not be delivered.
    pub fn cancel(&mut self, key: Key) {
        if let Some(running) = self.current.remove(&key) {
            running.token.cancel();
        }
    }

    /// Cancels every job whose key fits.
    pub fn cancel_where(&mut self, fits: impl Fn(Key) -> bool) {
        self.current.retain(|key, running| {
            let is_kept = !fits(*key);
            if !is_kept {
                running.token.cancel();
            }
            is_kept
        });
    }

    /// Whether a job with this key is queued or running.
    pub fn is_busy(&self, key: Key) -> bool {
        self.current.contains_key(&key)
    }

    /// The jobs queued or running that a person may want to see: title, and the part done if known.
    pub fn running(&self) -> impl Iterator<Item = (Key, &str, Option<f32>)> {
        self.current.iter().map(|(key, running)| (*key, running.title.as_str(), running.token.fraction()))
    }

    /// Whether nothing is queued or running.
    pub fn is_idle(&self) -> bool {
        self.current.is_empty()
    }
}

impl Drop for Pool {
    /// Cancels everything and lets the workers end; it does not wait for them, so that a closing
    /// window closes at once.
    fn drop(&mut self) {
        for running in self.current.values() {
            running.token.cancel();
        }
        self.workers.clear();
    }
}

fn spawn(jobs: Receiver<Queued>, events: Sender<Event>, notify: Arc<dyn Fn() + Send + Sync>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for Queued { key, ticket, job, token } in jobs {
            let result = if token.is_cancelled() { Err(Failure::Cancelled) } else { run(job, &token) };
            if events.send(Event { key, ticket, result }).is_err() {
                return;
            }
            notify();
        }
    })
}

fn run(job: Job, token: &Token) -> Result<Output, Failure> {
    let title = job.title();
    let result = catch_unwind(AssertUnwindSafe(|| job.run(token)));
    match result {
        Ok(result) => result,
        Err(panic) => {
            let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Err(Failure::Failed(format!("{title} failed by a fault of this program, please report it: {what}")))
        }
    }
}
