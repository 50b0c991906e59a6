//! A client of the X server with a window of its own, which waits for events with a limit.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, MapState, PropMode,
    Timestamp, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{COPY_DEPTH_FROM_PARENT, COPY_FROM_PARENT};

/// The longest to wait for any one answer. Generous: a target that renders in software on a busy
/// machine may be slow, and a good run never waits this long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How deep below the root a program's window is looked for: window managers put frames around it.
const MAX_DEPTH: u32 = 4;

x11rb::atom_manager! {
    pub Atoms: AtomsCookie {
        XdndAware, XdndSelection, XdndEnter, XdndPosition, XdndStatus, XdndLeave, XdndDrop, XdndFinished, XdndActionCopy,
        TARGETS, UTF8_STRING, _NET_WM_NAME,
        UriList: b"text/uri-list",
        Clock: b"WEIGHTSCOPE_TEST_CLOCK",
    }
}

/// A connection with a window of its own, which owns the selection and gets the answers.
pub struct Client {
    pub connection: Arc<RustConnection>,
    pub atoms: Atoms,
    pub root: Window,
    pub window: Window,
    events: mpsc::Receiver<Event>,
}

impl Client {
    pub fn connect(display: &str) -> anyhow::Result<Self> {
        let (connection, screen) = RustConnection::connect(Some(display)).with_context(|| format!("no X server answers on {display}"))?;
        let connection = Arc::new(connection);
        let atoms = Atoms::new(&*connection)?.reply()?;
        let root = connection.setup().roots.get(screen).context("the display has no screen")?.root;
        let window = connection.generate_id()?;
        let events = EventMask::PROPERTY_CHANGE | EventMask::STRUCTURE_NOTIFY;
        connection.create_window(
            COPY_DEPTH_FROM_PARENT,
            window,
            root,
            0,
            0,
            1,
            1,
            0,
            WindowClass::INPUT_OUTPUT,
            COPY_FROM_PARENT,
            &CreateWindowAux::new().event_mask(events),
        )?;
        connection.flush()?;

        // X events come without a time limit; a channel has one. The thread ends with the window.
        let (sender, receiver) = mpsc::channel();
        let reader = Arc::clone(&connection);
        std::thread::spawn(move || {
            while let Ok(event) = reader.wait_for_event() {
                let is_last = matches!(&event, Event::DestroyNotify(destroyed) if destroyed.window == window);
                if is_last || sender.send(event).is_err() {
                    return;
                }
            }
        });
        Ok(Self { connection, atoms, root, window, events: receiver })
    }

    /// The next event, or `None` after the deadline.
    pub fn next_event(&self, deadline: Instant) -> anyhow::Result<Option<Event>> {
        match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Error(error)) => Err(anyhow!("the X server reports an error: {error:?}")),
            Ok(event) => Ok(Some(event)),
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
            Err(mpsc::RecvTimeoutError::Disconnected) => bail!("the X server closed the connection"),
        }
    }

    /// Sends a message of 32-bit numbers, whose first is by XDND the sender's window.
    pub fn send(&self, target: Window, kind: Atom, data: [u32; 5]) -> anyhow::Result<()> {
        let message = ClientMessageEvent::new(32, target, kind, data);
        self.connection.send_event(false, target, EventMask::NO_EVENT, message)?.check().context("the window is gone")?;
        Ok(())
    }

    /// The server's time now: it stamps the notice of a change to a property.
    pub fn server_time(&self) -> anyhow::Result<Timestamp> {
        self.connection.change_property8(PropMode::REPLACE, self.window, self.atoms.Clock, AtomEnum::STRING, b"")?;
        self.connection.flush()?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next_event(deadline)?.context("the X server does not tell its time")? {
                Event::PropertyNotify(change) if change.window == self.window && change.atom == self.atoms.Clock => return Ok(change.time),
                _ => {}
            }
        }
    }

    /// The first window on the screen whose title contains the text; waits for one to appear.
    pub fn find_window(&self, title: &str) -> anyhow::Result<Window> {
        let watch_root = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        self.connection.change_window_attributes(self.root, &watch_root)?.check()?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Whatever changes after its window was watched is an event, so nothing is missed.
            if let Some(window) = self.search(self.root, title, MAX_DEPTH)? {
                return Ok(window);
            }
            if self.next_event(deadline)?.is_none() {
                bail!("no window with {title:?} in its title appeared");
            }
        }
    }

    /// Watches the windows below one, and finds among them the one that is shown under the title.
    fn search(&self, parent: Window, title: &str, depth: u32) -> anyhow::Result<Option<Window>> {
        let Ok(tree) = self.connection.query_tree(parent)?.reply() else { return Ok(None) };
        for window in tree.children.into_iter().filter(|window| *window != self.window) {
            let events = EventMask::PROPERTY_CHANGE | EventMask::STRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_NOTIFY;
            let is_alive =
                self.connection.change_window_attributes(window, &ChangeWindowAttributesAux::new().event_mask(events))?.check().is_ok();
            if !is_alive {
                continue;
            }
            if self.title(window)?.is_some_and(|found| found.contains(title)) && self.is_shown(window)? {
                return Ok(Some(window));
            }
            if depth > 1
                && let Some(found) = self.search(window, title, depth - 1)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    pub fn title(&self, window: Window) -> anyhow::Result<Option<String>> {
        for (property, kind) in [(self.atoms._NET_WM_NAME, self.atoms.UTF8_STRING), (AtomEnum::WM_NAME.into(), AtomEnum::ANY.into())] {
            let reply = self.connection.get_property(false, window, property, kind, 0, 1024)?.reply();
            // The window may have been closed since it was listed.
            if let Some(value) = reply.ok().map(|reply| reply.value).filter(|value| !value.is_empty()) {
                return Ok(Some(String::from_utf8_lossy(&value).into_owned()));
            }
        }
        Ok(None)
    }

    fn is_shown(&self, window: Window) -> anyhow::Result<bool> {
        let attributes = self.connection.get_window_attributes(window)?.reply();
        Ok(attributes.is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE))
    }
}

impl Drop for Client {
    /// Ends the thread that reads events, and so the connection.
    fn drop(&mut self) {
        drop(self.connection.destroy_window(self.window));
        drop(self.connection.flush());
    }
}
