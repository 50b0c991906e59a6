//! The worker threads and the channels to and from them.

use std::collections::HashMap;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::versus::Slot;
use super::{Cancelled, Job, Measure, Output, Token};
use crate::runtime::RuntimeError;
use crate::weights::{FoldError, Site};

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
    /// What makes the picture on display exact.
    Pyramid(u64),
    /// The figures of what is on display, where they are not the real values'.
    Figures(u64),
    /// An order of the weight on display.
    Sort(u64),
    /// A value of the weight on display that is looked for.
    Find(u64),
    /// The histogram on display.
    Histogram(u64),
    /// A small picture and figures for a list row or an operation's box.
    Glance { model: u64, site: Site },
    /// A figure for every operation of the model with this number.
    Measures { model: u64, graph: u32, of: Measure },
    /// Operations of the model with this number that match what is being typed.
    Search(u64),
    /// Completions for the path that is being typed.
    Complete,
    /// The file on display that came with a model.
    File,
    /// Comparing the model with this number with what the OpenVINO runtime computes.
    Verify(u64),
    /// Running the model with this number with the OpenVINO runtime.
    Profile(u64),
    /// Looking for the OpenVINO runtime.
    Runtime,
    /// The figures of every weight of the model with this number.
    Statistics(u64),
    /// The distribution of every channel of the weight on display.
    Ridges(u64),
    /// Singular values and alike kernels of the weight on display.
    Structure(u64),
    /// Writing a file; the number tells one attempt from another.
    Save(u64),
    /// Work on the comparison with this number.
    Versus(u64, Slot),
}

/// Each lane has its own queue and workers, so that work never waits behind that of another lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// What is looked at this moment.
    Interactive,
    /// What a person asked for and goes on without: files opened and written.
    Bulk,
    /// What nobody asked for by name, and there may be much of: glances.
    Background,
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

impl Failure {
    /// An error as the sentence that a person reads, with a capital letter.
    pub fn of(error: &impl Display) -> Self {
        let text = error.to_string();
        let mut letters = text.chars();
        Self::Failed(letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default())
    }
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<RuntimeError> for Failure {
    fn from(error: RuntimeError) -> Self {
        match error {
            RuntimeError::Cancelled(_) => Self::Cancelled,
            error => Self::of(&error),
        }
    }
}

impl From<FoldError> for Failure {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Cancelled(_) => Self::Cancelled,
            error => Self::of(&error),
        }
    }
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

/// Worker threads, a bounded channel to them for each lane, and one back.
pub struct Pool {
    interactive: Sender<Queued>,
    bulk: Sender<Queued>,
    background: Sender<Queued>,
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
        let (event_sender, events) = bounded(2 * WAITING_JOBS);
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let mut workers = Vec::new();
        let mut lane = |count: usize| {
            let (sender, jobs) = bounded(WAITING_JOBS);
            workers.extend((0..count).map(|_| spawn(jobs.clone(), event_sender.clone(), Arc::clone(&notify))));
            sender
        };
        let (interactive, bulk, background) = (lane(2), lane(cores.clamp(2, 8)), lane(cores.clamp(1, 4)));
        Self { interactive, bulk, background, events, current: HashMap::new(), next_ticket: 0, workers }
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
            Lane::Background => &self.background,
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

    /// The part done of the job with this key, if there is one and it is known.
    pub fn fraction(&self, key: Key) -> Option<f32> {
        self.current.get(&key).and_then(|running| running.token.fraction())
    }

    /// The oldest of the jobs that know how far they are: key, title and part done.
    pub fn longest(&self) -> Option<(Key, &str, f32)> {
        let told = self.current.iter().filter_map(|(key, running)| Some((*key, running, running.token.fraction()?)));
        told.min_by_key(|(_, running, _)| running.ticket).map(|(key, running, fraction)| (key, running.title.as_str(), fraction))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Completions;

    /// A pool, and the receiver of its notifications.
    fn pool() -> (Pool, Receiver<()>) {
        let (sender, notified) = crossbeam_channel::unbounded();
        (Pool::new(move || sender.send(()).unwrap_or_default()), notified)
    }

    /// A job that brings a text when it is told to.
    fn job(lane: Lane, text: &'static str) -> (Job, Sender<()>) {
        let (sender, go) = bounded(1);
        let work = move |token: &Token| {
            go.recv().map_err(|_| Failure::Cancelled)?;
            token.check()?;
            Ok(Output::Completed(Completions { text: text.to_owned(), ..Completions::default() }))
        };
        (Job::Test(lane, Box::new(work)), sender)
    }

    /// Waits for so many events' ends, delivered or not, and tells what was delivered.
    fn delivered(pool: &mut Pool, notified: &Receiver<()>, ends: usize) -> Vec<(Key, Result<String, Failure>)> {
        (0..ends).for_each(|_| notified.recv().unwrap());
        let text = |output| if let Output::Completed(completions) = output { completions.text } else { String::new() };
        pool.collect().into_iter().map(|event| (event.key, event.result.map(text))).collect()
    }

    #[test]
    fn the_newest_wins() {
        let (mut pool, notified) = pool();
        let (old, go_old) = job(Lane::Bulk, "old");
        let (new, go_new) = job(Lane::Bulk, "new");
        assert!(pool.submit(Key::Picture(1), old) < pool.submit(Key::Picture(1), new));
        // Even where the older one ends last. If it has not begun yet, it never does.
        go_new.send(()).unwrap();
        notified.recv().unwrap();
        let _ = go_old.send(());
        assert_eq!(delivered(&mut pool, &notified, 1), [(Key::Picture(1), Ok("new".to_owned()))]);
        assert!(pool.is_idle());
    }

    #[test]
    fn what_was_cancelled_brings_nothing() {
        let (mut pool, notified) = pool();
        let jobs = [Key::Load(1), Key::Load(2), Key::Histogram(1)].map(|key| {
            let (job, go) = job(Lane::Bulk, "text");
            pool.submit(key, job);
            go
        });
        pool.cancel(Key::Load(1));
        pool.cancel_where(|key| key == Key::Histogram(1));
        assert!(!pool.is_busy(Key::Load(1)) && pool.is_busy(Key::Load(2)));
        for go in jobs {
            let _ = go.send(());
        }
        assert_eq!(delivered(&mut pool, &notified, 3), [(Key::Load(2), Ok("text".to_owned()))]);
    }

    #[test]
    fn a_lane_does_not_wait_for_another() {
        let (mut pool, notified) = pool();
        // More than there are workers; they hold their lane.
        let held: Vec<_> = (0..20)
            .map(|number| {
                let (job, go) = job(Lane::Background, "held");
                pool.submit(Key::Save(number), job);
                go
            })
            .collect();
        for (key, lane) in [(Key::Open(1), Lane::Bulk), (Key::Load(1), Lane::Interactive)] {
            let (job, go) = job(lane, "at once");
            pool.submit(key, job);
            go.send(()).unwrap();
            assert_eq!(delivered(&mut pool, &notified, 1), [(key, Ok("at once".to_owned()))]);
        }
        drop(held);
        assert_eq!(delivered(&mut pool, &notified, 20).len(), 20);
    }

    #[test]
    fn a_full_lane_refuses_and_cancels_nothing() {
        let (mut pool, _notified) = pool();
        let mut held = Vec::new();
        let mut submit = |pool: &mut Pool, key| {
            let (job, go) = job(Lane::Background, "held");
            held.push(go);
            pool.submit(key, job)
        };
        assert!(submit(&mut pool, Key::Load(1)).is_some());
        let queued = (0..2 * WAITING_JOBS as u64).take_while(|number| submit(&mut pool, Key::Save(*number)).is_some()).count();
        assert!((WAITING_JOBS - 1..2 * WAITING_JOBS).contains(&queued), "{queued} are queued");
        assert_eq!(submit(&mut pool, Key::Load(1)), None);
        assert!(pool.is_busy(Key::Load(1)));
    }

    #[test]
    fn a_panic_is_a_failure_of_its_job() {
        let (mut pool, notified) = pool();
        let panics = Job::Test(Lane::Bulk, Box::new(|_: &Token| panic!("on purpose")));
        pool.submit(Key::Load(1), panics);
        let failed = delivered(&mut pool, &notified, 1);
        assert!(matches!(failed.as_slice(), [(Key::Load(1), Err(Failure::Failed(text)))] if text.contains("on purpose")), "{failed:?}");
        // The worker goes on.
        for number in 0..20 {
            let (job, go) = job(Lane::Bulk, "next");
            go.send(()).unwrap();
            pool.submit(Key::Save(number), job);
            assert_eq!(delivered(&mut pool, &notified, 1), [(Key::Save(number), Ok("next".to_owned()))]);
        }
    }

    #[test]
    fn progress_is_told_of_the_oldest() {
        let (mut pool, notified) = pool();
        let (started, has_started) = bounded(2);
        let mut ends = Vec::new();
        for (key, done) in [(Key::Save(1), 1), (Key::Save(2), 3)] {
            let (end, ended) = bounded::<()>(1);
            let started = started.clone();
            let work = move |token: &Token| {
                token.expect(4);
                token.advance(done);
                let _ = started.send(());
                let _ = ended.recv();
                Err(Failure::Cancelled)
            };
            pool.submit(key, Job::Test(Lane::Bulk, Box::new(work)));
            ends.push(end);
        }
        (0..2).for_each(|_| has_started.recv().unwrap());
        assert_eq!((pool.longest(), pool.fraction(Key::Save(2))), (Some((Key::Save(1), "Testing", 0.25)), Some(0.75)));
        drop(ends);
        delivered(&mut pool, &notified, 2);
        assert_eq!(pool.longest(), None);
    }

    #[test]
    fn failures_are_sentences() {
        assert_eq!(Failure::of(&"can't write: no room"), Failure::Failed("Can't write: no room".into()));
        assert_eq!(Failure::of(&""), Failure::Failed(String::new()));
        assert_eq!(Failure::from(FoldError::Cancelled(Cancelled)), Failure::Cancelled);
    }
}
