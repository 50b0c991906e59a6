//! An X server that nobody looks at, for a real window in a test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};

/// A running Xvfb; it ends when this is dropped.
pub struct Xvfb {
    server: Child,
    display: String,
}

impl Xvfb {
    /// Starts a server on a display number that is free, with one screen of so many pixels, 24 bits
    /// deep. It is ready for clients when this returns.
    ///
    /// # Errors
    /// Xvfb is not installed, or does not say within half a minute that it is ready.
    pub fn start(width: u16, height: u16) -> anyhow::Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb can't be started (script/test installs it)")?;
        let stdout = server.stdout.take();
        let mut this = Self { server, display: String::new() };

        // The server picks a free number and writes it once it listens. Read on a thread, because
        // reading a pipe has no time limit.
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = stdout.map(|stdout| BufReader::new(stdout).read_line(&mut line));
            // Nobody listens any more if the wait below was given up.
            drop(sender.send(read.map(|read| read.map(|_| line))));
        });
        let line = receiver.recv_timeout(Duration::from_secs(30)).context("Xvfb did not say which display it is")?;
        let line = line.context("Xvfb has no output")??;
        let number = line.trim();
        if number.is_empty() {
            bail!("Xvfb ended at once: {}", this.server.wait()?);
        }
        this.display = format!(":{number}");
        Ok(this)
    }

    /// The display's name, as in `DISPLAY`.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// A command whose windows open on this display, whatever the test itself runs under.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.display);
        for name in ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XAUTHORITY"] {
            command.env_remove(name);
        }
        command
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        // Either fails only if the server has ended by itself, which is what is wanted.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}
