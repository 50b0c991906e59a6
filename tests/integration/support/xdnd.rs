//! Somebody who drags files from another program and drops them on a window: an X client of its own
//! that speaks the source's side of XDND, version 5 (the freedesktop.org specification "Drag-and-Drop
//! Protocol for the X Window System").
//!
//! Everything is waited for by X events with a limit. Nothing is assumed about the target but the
//! protocol, so the target may ask for the data while the files hover (as winit does) or after the
//! drop (as the specification has it).

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use x11rb::NONE;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, EventMask, PropMode, SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent,
    Timestamp, Window,
};
use x11rb::wrapper::ConnectionExt as _;

use super::client::{Client, PATIENCE};

/// The newest version of the protocol, and the oldest that is still spoken.
const VERSION: u32 = 5;
const OLDEST_VERSION: u32 = 3;

/// Drags the files onto the window whose title contains `target_title` and drops them at
/// `position`, in pixels from the window's top left corner. Waits for the window to appear, and
/// returns when the window has said that it took the files.
///
/// # Errors
/// No such window appears, it takes no drops, refuses this one, closes, or does not answer in time.
pub fn drop_files(display: &str, target_title: &str, position: (i16, i16), paths: &[PathBuf]) -> anyhow::Result<()> {
    let mut drag = Drag::enter(display, target_title, paths)?;
    ensure!(drag.hover(position)?, "the window refuses the files");
    drag.release()
}

/// Files held over a window and not yet let go. Dropping this value takes them away again.
pub struct Drag {
    client: Client,
    target: Window,
    /// What both sides speak.
    version: u32,
    /// When the drag began, by the server's clock: all messages of one drag bear this time.
    time: Timestamp,
    /// The content that is served, of type `text/uri-list`.
    uris: Vec<u8>,
    is_over: bool,
}

impl Drag {
    /// Picks the files up and moves them onto the window whose title contains `target_title`, which
    /// is waited for.
    ///
    /// # Errors
    /// No such window appears, or it takes no drops.
    pub fn enter(display: &str, target_title: &str, paths: &[PathBuf]) -> anyhow::Result<Self> {
        ensure!(!paths.is_empty(), "there are no files to drag");
        let uris = uri_list(paths)?;
        let client = Client::connect(display)?;
        let target = client.find_window(target_title)?;
        let version = version_spoken_by(&client, target)?;
        let time = client.server_time()?;

        let atoms = &client.atoms;
        client.connection.set_selection_owner(client.window, atoms.XdndSelection, time)?;
        let owner = client.connection.get_selection_owner(atoms.XdndSelection)?.reply()?.owner;
        ensure!(owner == client.window, "somebody else holds the drag's selection");
        // At most three types fit the message itself; the lowest bit would announce more.
        client.send(target, atoms.XdndEnter, [client.window, version << 24, atoms.UriList, NONE, NONE])?;
        Ok(Self { target, version, time, uris, is_over: false, client })
    }

    /// Moves the files to `position`, in pixels from the window's top left corner, and waits for the
    /// answer: whether the window would take them there.
    ///
    /// # Errors
    /// The window closes or does not answer in time.
    pub fn hover(&mut self, position: (i16, i16)) -> anyhow::Result<bool> {
        self.move_to(position)?;
        // A target that asks for the data while it answers gets it in between. The second answer
        // says that it has gone through that data: its events come in order.
        self.move_to(position)
    }

    /// Lets the files go, serves them, and waits until the window has taken them.
    ///
    /// # Errors
    /// The window refuses the files, closes, or does not answer in time.
    pub fn release(mut self) -> anyhow::Result<()> {
        let (source, atoms) = (self.client.window, self.client.atoms);
        self.client.send(self.target, atoms.XdndDrop, [source, 0, self.time, 0, 0])?;
        let [_, flags, ..] = self.answer(atoms.XdndFinished, "the drop")?;
        self.is_over = true;
        // Before version 5 the message says only that the target is done.
        ensure!(self.version < 5 || flags & 1 == 1, "the window did not take the files");
        Ok(())
    }

    fn move_to(&mut self, (x, y): (i16, i16)) -> anyhow::Result<bool> {
        let (source, root, atoms) = (self.client.window, self.client.root, self.client.atoms);
        let at = self.client.connection.translate_coordinates(self.target, root, x, y)?.reply()?;
        let packed = (u32::from(at.dst_x.cast_unsigned()) << 16) | u32::from(at.dst_y.cast_unsigned());
        self.client.send(self.target, atoms.XdndPosition, [source, 0, packed, self.time, atoms.XdndActionCopy])?;
        let [_, flags, ..] = self.answer(atoms.XdndStatus, "the files over it")?;
        Ok(flags & 1 == 1)
    }

    /// Waits for the target's message of a type, and meanwhile serves the data to whoever asks.
    fn answer(&self, kind: Atom, to: &str) -> anyhow::Result<[u32; 5]> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let event = self.client.next_event(deadline)?.with_context(|| format!("the window does not answer to {to}"))?;
            match event {
                Event::ClientMessage(message) if message.type_ == kind && message.format == 32 => {
                    let data = message.data.as_data32();
                    if data[0] == self.target {
                        return Ok(data);
                    }
                }
                Event::SelectionRequest(request) => self.serve(&request)?,
                Event::DestroyNotify(destroyed) if destroyed.window == self.target => {
                    bail!("the window was closed instead of an answer to {to}")
                }
                _ => {}
            }
        }
    }

    /// Hands the data over, or says that there is none of the type (ICCCM 2.2).
    fn serve(&self, request: &SelectionRequestEvent) -> anyhow::Result<()> {
        let (connection, atoms) = (&self.client.connection, &self.client.atoms);
        // Clients of old leave the property out.
        let property = if request.property == NONE { request.target } else { request.property };
        let is_ours = request.selection == atoms.XdndSelection;
        let is_served = if is_ours && request.target == atoms.UriList {
            connection.change_property8(PropMode::REPLACE, request.requestor, property, atoms.UriList, &self.uris)?;
            true
        } else if is_ours && request.target == atoms.TARGETS {
            connection.change_property32(
                PropMode::REPLACE,
                request.requestor,
                property,
                AtomEnum::ATOM,
                &[atoms.TARGETS, atoms.UriList],
            )?;
            true
        } else {
            false
        };
        let notify = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: if is_served { property } else { NONE },
        };
        connection.send_event(false, request.requestor, EventMask::NO_EVENT, notify)?;
        connection.flush()?;
        Ok(())
    }
}

impl Drop for Drag {
    /// Takes the files away if they were not let go.
    fn drop(&mut self) {
        if !self.is_over {
            // There is nothing to leave if the window is gone.
            drop(self.client.send(self.target, self.client.atoms.XdndLeave, [self.client.window, 0, 0, 0, 0]));
        }
    }
}

/// The newest version of the protocol that both sides speak.
fn version_spoken_by(client: &Client, target: Window) -> anyhow::Result<u32> {
    let reply = client.connection.get_property(false, target, client.atoms.XdndAware, AtomEnum::ANY, 0, 1)?.reply()?;
    let theirs = reply.value32().and_then(|mut values| values.next()).context("the window takes no drops: it is not XdndAware")?;
    ensure!(theirs >= OLDEST_VERSION, "the window speaks version {theirs} of XDND, older than {OLDEST_VERSION}");
    Ok(theirs.min(VERSION))
}
/// The files as `text/uri-list` (RFC 2483): a line each, ended by CR LF.
fn uri_list(paths: &[PathBuf]) -> anyhow::Result<Vec<u8>> {
    let mut list = String::new();
    for path in paths {
        let absolute = std::path::absolute(path)?;
        list.push_str(&file_uri(&absolute));
        list.push_str("\r\n");
    }
    Ok(list.into_bytes())
}

/// The `file:` URI of an absolute path (RFC 8089): every byte but the unreserved ones and `/` as
/// `%XX` (RFC 3986, 2.1 to 2.3).
fn file_uri(path: &Path) -> String {
    let encoded = path.as_os_str().as_bytes().iter().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    });
    format!("file://{}", encoded.collect::<String>())
}

#[test]
fn uris_are_percent_encoded() {
    // From Python's `pathlib.PurePosixPath(path).as_uri()`.
    for (path, uri) in [
        ("/models/a.tflite", "file:///models/a.tflite"),
        ("/a model/50%#1?.xml", "file:///a%20model/50%25%231%3F.xml"),
        ("/größe/模型~.bin", "file:///gr%C3%B6%C3%9Fe/%E6%A8%A1%E5%9E%8B~.bin"),
    ] {
        assert_eq!(file_uri(Path::new(path)), uri);
    }
}
