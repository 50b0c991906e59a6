//! The program as a process: what the tests of the command line stand on.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::reference::is_one_line;

/// Far more than any call here takes, even on a busy machine; a call that is slower hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// What a finished process left behind.
#[derive(Clone, Debug)]
pub struct Run {
    /// `None`: ended by a signal.
    pub status: Option<i32>,
    pub out: Vec<u8>,
    pub err: String,
}

/// Runs the program to its end.
///
/// # Panics
/// It does not end.
pub fn weightscope(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    let mut command = command();
    command.args(arguments);
    finish(command)
}

/// The program with no arguments yet, and nothing to read.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weightscope"));
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
///
/// # Panics
/// It does not end.
pub fn finish(mut command: Command) -> Run {
    let shown = format!("{command:?}");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(command.output()));
    let Ok(output) = receiver.recv_timeout(LIMIT) else { panic!("no end after {LIMIT:?}: {shown}") };
    Run::of(output.unwrap_or_else(|error| panic!("{error}: {shown}")))
}

impl Run {
    fn of(output: Output) -> Self {
        Self { status: output.status.code(), out: output.stdout, err: String::from_utf8_lossy(&output.stderr).into_owned() }
    }

    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// Standard output as JSON, of a call that was to succeed.
    pub fn json(&self) -> Value {
        assert_eq!((self.status, self.err.as_str()), (Some(0), ""), "the call was to succeed without a message");
        serde_json::from_slice(&self.out).unwrap()
    }

    /// The one line that a failed call said.
    pub fn error(&self) -> &str {
        if let Some(fault) = self.fault_of_failure() {
            panic!("{fault}");
        }
        self.err.trim_end()
    }

    /// What is wrong with a call that was to fail with exit status 1, one sentence on standard error
    /// and nothing on standard output.
    pub fn fault_of_failure(&self) -> Option<String> {
        let is_sentence = self.err.strip_suffix('\n').is_some_and(is_one_line) && self.err.starts_with("weightscope: ");
        let is_right = self.status == Some(1) && self.out.is_empty() && is_sentence;
        (!is_right).then(|| {
            format!("not a failure with one sentence: status {:?}, {} bytes of output, {:?}", self.status, self.out.len(), self.err)
        })
    }
}
