//! The helper from this side: started, asked, killed when its work is cancelled, and started again
//! when the runtime took it down.

use std::ffi::OsString;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::find::{self, Candidate, Choice, Surroundings};
use super::net::Net;
use super::protocol::{self, Hello, Output, Ran, Reply, Request};
use super::{RuntimeError, helper};
use crate::jobs::{Cancelled, Token};
use crate::model::{FormatName, Model};
use crate::source::Source;

/// How long the library may take to load: from a slow disk and for the first time it is seconds.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How often cancellation is looked at while the helper works.
const LOOK: Duration = Duration::from_millis(20);
/// Constants are sent at multiples of this, so that none is less aligned than its type wants.
pub(super) const ALIGNMENT: usize = 64;

/// Has the runtime write the model that it changes the shape of to the working folder, as it is before:
/// the C API has no other way to write an execution graph. For OpenVINO's own developers, and the same
/// from 2025.1 to 2026.4 (`src/core/src/pass/manager.cpp` there). `helper` says how it is used.
const WRITE_MODELS: (&str, &str) = ("OV_ENABLE_SERIALIZE_TRACING", "SmartReshape");

/// A runtime that was found, loaded by the helper, and new enough.
#[derive(Debug)]
pub struct Runtime {
    program: PathBuf,
    /// What the helper is told to load.
    argument: OsString,
    version: String,
    library: PathBuf,
    /// `None` after the runtime took its process down.
    process: Option<Process>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T = ()> {
    Done(T),
    /// Why the runtime does not do it, in its own words, in one line.
    Refused(String),
}

#[derive(Debug)]
struct Process {
    child: Mutex<Child>,
    pipes: Pipes,
}

#[derive(Debug)]
struct Pipes {
    requests: BufWriter<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Runtime {
    /// Finds a runtime and starts the helper with it.
    ///
    /// # Errors
    /// [`RuntimeError`]: none is there, none can be loaded, or the best is too old.
    pub fn start(choice: &Choice, token: &Token) -> Result<Self, RuntimeError> {
        if !cfg!(feature = "openvino") {
            return Err(RuntimeError::NotBuilt);
        }
        let program = match &choice.program {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(|error| RuntimeError::Process(error.to_string()))?,
        };
        let mut failure = RuntimeError::Absent;
        for candidate in find::candidates(choice.named.as_deref(), &Surroundings::here())? {
            let argument = match candidate {
                Candidate::File(path) => path.into_os_string(),
                Candidate::System => helper::SYSTEM.into(),
            };
            match Self::load(&program, argument, token) {
                Ok(runtime) => return Ok(runtime),
                Err(RuntimeError::Absent) => {}
                Err(error @ (RuntimeError::Cancelled(_) | RuntimeError::Process(_))) => return Err(error),
                // The first that is there says most.
                Err(error) if failure == RuntimeError::Absent => failure = error,
                Err(_) => {}
            }
        }
        Err(failure)
    }

    fn load(program: &Path, argument: OsString, token: &Token) -> Result<Self, RuntimeError> {
        let path = PathBuf::from(&argument);
        let (process, hello) = Process::start(program, &argument, token)?;
        match hello {
            Some(Hello::Ready { version, path }) => {
                Ok(Self { program: program.to_path_buf(), argument, version, library: path.into(), process: Some(process) })
            }
            Some(Hello::Absent) => Err(RuntimeError::Absent),
            Some(Hello::TooOld { version }) => Err(RuntimeError::TooOld { version, path }),
            Some(Hello::Unusable { why }) => Err(RuntimeError::Unusable { why, path }),
            None => Err(RuntimeError::Unusable { why: process.end(), path }),
        }
    }

    /// As the library says it: `2026.4.1-22982-...`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `OpenVINO 2026.4`.
    pub fn name(&self) -> String {
        let release: Vec<&str> = self.version.split(['.', '-']).take(2).collect();
        format!("OpenVINO {}", release.join("."))
    }

    /// Where the C library lies.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Has a model without inputs computed. `take` is called for each output in order and reads all of
    /// its bytes.
    ///
    /// # Errors
    /// [`RuntimeError`]: cancelled, or the helper can't be started again. A runtime that crashes is a
    /// refusal.
    pub(super) fn compute(
        &mut self,
        net: &Net<'_>,
        token: &Token,
        mut take: impl FnMut(usize, &Output, &mut dyn Read) -> io::Result<()>,
    ) -> Result<Answer, RuntimeError> {
        let constant_bytes = net.constants.iter().map(|bytes| bytes.len().next_multiple_of(ALIGNMENT) as u64).sum();
        let request = Request::Compute { form: net.form, graph_bytes: net.graph.len() as u64, constant_bytes };
        self.ask(token, |pipes| {
            protocol::send(&mut pipes.requests, &request)?;
            pipes.requests.write_all(&net.graph)?;
            for bytes in &net.constants {
                pipes.requests.write_all(bytes)?;
                pipes.requests.write_all(&[0; ALIGNMENT][..bytes.len().next_multiple_of(ALIGNMENT) - bytes.len()])?;
            }
            pipes.requests.flush()?;
            match protocol::receive(&mut pipes.replies)? {
                Reply::Outputs(outputs) => {
                    for (position, output) in outputs.iter().enumerate() {
                        let mut bytes = (&mut pipes.replies).take(output.bytes);
                        take(position, output, &mut bytes)?;
                        if bytes.limit() > 0 {
                            return Err(io::Error::other("an output was not read to its end"));
                        }
                    }
                    Ok(Answer::Done(()))
                }
                Reply::Refused(words) => Ok(Answer::Refused(sentence(&words))),
                Reply::Read | Reply::Ran(_) => Err(io::ErrorKind::InvalidData.into()),
            }
        })
    }

    /// Whether the runtime reads the model at a path. As it read it, it writes it into the folder, if one is named and the
    /// release does that.
    ///
    /// # Errors
    /// As `compute`.
    pub(super) fn read(&mut self, model: (&Path, Option<String>), folder: Option<&Path>, token: &Token) -> Result<Answer, RuntimeError> {
        let request = Request::Read { model: text(model.0), bin: model.1, folder: folder.map(text) };
        self.ask(token, |pipes| {
            protocol::send(&mut pipes.requests, &request)?;
            pipes.requests.flush()?;
            match protocol::receive(&mut pipes.replies)? {
                Reply::Read => Ok(Answer::Done(())),
                Reply::Refused(words) => Ok(Answer::Refused(sentence(&words))),
                Reply::Outputs(_) | Reply::Ran(_) => Err(io::ErrorKind::InvalidData.into()),
            }
        })
    }

    /// Has the model at a path compiled and run, and brings the XML of the graph that was executed. The
    /// runtime writes it into the first folder, and the model as it read it into the second.
    ///
    /// # Errors
    /// As `compute`.
    pub(super) fn run(
        &mut self,
        model: (&Path, Option<String>),
        (folder, source): (&Path, Option<&Path>),
        token: &Token,
    ) -> Result<Answer<(Ran, Vec<u8>)>, RuntimeError> {
        let request = Request::Run { model: text(model.0), bin: model.1, folder: text(folder), source: source.map(text) };
        self.ask(token, |pipes| {
            protocol::send(&mut pipes.requests, &request)?;
            pipes.requests.flush()?;
            match protocol::receive(&mut pipes.replies)? {
                Reply::Ran(ran) => {
                    let mut graph = Vec::new();
                    let count = (&mut pipes.replies).take(ran.graph_bytes).read_to_end(&mut graph)?;
                    if count as u64 != ran.graph_bytes {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    let problem = ran.problem.as_deref().map(sentence);
                    Ok(Answer::Done((Ran { problem, ..ran }, graph)))
                }
                Reply::Refused(words) => Ok(Answer::Refused(sentence(&words))),
                Reply::Outputs(_) | Reply::Read => Err(io::ErrorKind::InvalidData.into()),
            }
        })
    }

    fn ask<T>(&mut self, token: &Token, work: impl FnOnce(&mut Pipes) -> io::Result<Answer<T>>) -> Result<Answer<T>, RuntimeError> {
        token.check()?;
        let mut process = match self.process.take() {
            Some(process) => process,
            None => match Process::start(&self.program, &self.argument, token)? {
                (process, Some(Hello::Ready { .. })) => process,
                (process, _) => return Err(RuntimeError::Process(process.end())),
            },
        };
        match watched(&process.child, token, None, || work(&mut process.pipes)) {
            Ok(answer) => {
                self.process = Some(process);
                Ok(answer)
            }
            Err(_) if token.is_cancelled() => Err(Cancelled.into()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(RuntimeError::Process(error.to_string())),
            Err(_) => Ok(Answer::Refused(process.end())),
        }
    }
}

/// A path as the helper needs it, wherever that was started.
fn text(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).to_string_lossy().into_owned()
}

/// The file with the model's constants, in a format that keeps them in one.
pub(super) fn bin(model: &Model) -> Option<String> {
    let source = model.sources.first().filter(|_| model.format == FormatName::OpenvinoIr);
    source.map(Source::path).filter(|path| *path != model.file).map(text)
}

impl Process {
    /// Starts the helper, and waits for its first message; `None` if it ended without one.
    fn start(program: &Path, argument: &OsString, token: &Token) -> Result<(Self, Option<Hello>), RuntimeError> {
        let mut command = Command::new(program);
        command.arg(helper::COMMAND).arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Logs would come out between the replies.
        command.env_remove("OPENVINO_LOG_LEVEL");
        command.env(WRITE_MODELS.0, WRITE_MODELS.1);
        let failed = |error: io::Error| RuntimeError::Process(format!("it can't be started: {error}"));
        let mut child = command.spawn().map_err(failed)?;
        let (Some(requests), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(RuntimeError::Process("it has no pipes".into()));
        };
        let pipes = Pipes { requests: BufWriter::new(requests), replies: BufReader::with_capacity(1 << 16, replies) };
        let mut process = Self { child: Mutex::new(child), pipes };
        let hello = watched(&process.child, token, Some(START_LIMIT), || protocol::receive(&mut process.pipes.replies));
        token.check()?;
        Ok((process, hello.ok()))
    }

    /// How the helper ended, as a sentence.
    fn end(&self) -> String {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..50 {
            match child.try_wait() {
                Ok(None) => thread::park_timeout(LOOK),
                Ok(Some(status)) => return format!("the runtime took its process down ({status})"),
                Err(_) => break,
            }
        }
        "the runtime's process does not answer".into()
    }
}

impl Drop for Process {
    /// The helper has nothing to put in order.
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Does work that waits for a process, and kills the process when the work is cancelled or takes too
/// long, which ends the waiting with an error.
fn watched<T>(child: &Mutex<Child>, token: &Token, limit: Option<Duration>, work: impl FnOnce() -> T) -> T {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let begun = Instant::now();
            while !is_done.load(Ordering::Acquire) {
                if token.is_cancelled() || limit.is_some_and(|limit| begun.elapsed() > limit) {
                    let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
                    return;
                }
                thread::park_timeout(LOOK);
            }
        });
        let result = work();
        is_done.store(true, Ordering::Release);
        watcher.thread().unpark();
        result
    })
}

/// What a program prints, if it ends well within the limit.
pub(super) fn output_within(program: &Path, arguments: &[&str], limit: Duration) -> Option<Vec<u8>> {
    const MOST: u64 = 1 << 16;
    let mut child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let out = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    // On a thread of its own: what the program started in turn may hold the pipe for ever.
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = sender.send(out.take(MOST).read_to_end(&mut text).map(|_| text));
    });
    let text = receiver.recv_timeout(limit).ok().and_then(Result::ok);
    if text.is_none() {
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    text.filter(|_| status.success())
}

/// The runtime's message in one line, without the places in its own source that it begins with.
fn sentence(words: &str) -> String {
    const MAX_LETTERS: usize = 300;
    let is_place = |line: &str| line.starts_with("Exception from ") || (line.starts_with("Check '") && line.contains(" failed at "));
    let words = words.strip_prefix("general error: ").unwrap_or(words);
    let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let told: Vec<&str> = lines.clone().filter(|line| !is_place(line) && *line != "Converting input model").collect();
    let told = if told.is_empty() { lines.collect() } else { told };
    let line = crate::formats::one_line(&told.join(" "));
    match line.char_indices().nth(MAX_LETTERS) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of OpenVINO 2026.4.1.
    #[test]
    fn the_runtimes_words_become_a_line() {
        let words = "Exception from src/inference/src/cpp/core.cpp:105:\nCheck 'false' failed at src/frontends/common/src/frontend.cpp:53:\n\
                     Converting input model\nCannot create Frobnicate layer n1 id:1 from unsupported opset: opset1\n\n\n";
        assert_eq!(sentence(words), "Cannot create Frobnicate layer n1 id:1 from unsupported opset: opset1");
        assert_eq!(sentence(&format!("general error: {words}")), sentence(words));
        assert_eq!(sentence("Exception from a.cpp:1:\n"), "Exception from a.cpp:1:");
        let long = sentence(&"é ".repeat(1000));
        assert!(long.chars().count() <= 301 && long.ends_with("é…"), "{long}");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_takes_too_long_is_given_up() {
        let shell = Path::new("/bin/sh");
        let limit = Duration::from_secs(20);
        assert_eq!(output_within(shell, &["-c", "echo well"], limit), Some(b"well\n".to_vec()));
        assert_eq!(output_within(shell, &["-c", "echo ill; exit 1"], limit), None);
        assert_eq!(output_within(shell, &["-c", "read line < /dev/zero; exec tail -f /dev/null"], Duration::from_millis(50)), None);
    }

    /// Another program in the helper's place says nothing that is understood.
    #[cfg(unix)]
    #[test]
    fn what_is_no_helper_is_told() {
        let started = Runtime::load(Path::new("/bin/echo"), "library".into(), &Token::new());
        let Err(RuntimeError::Unusable { why, .. }) = started else { panic!("it was taken for a helper") };
        assert!(why.contains("exit status: 0"), "{why}");
        let missing = Runtime::load(Path::new("no such program"), "library".into(), &Token::new());
        assert!(matches!(missing, Err(RuntimeError::Process(_))));
    }
}
