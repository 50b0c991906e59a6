//! Somebody in front of a real window: reads its title, looks at its pixels, presses keys.
//!
//! Everything is waited for by X events with a limit: a changed title is a change of a property, a
//! changed picture is reported by the extension DAMAGE. Keys come from the extension XTEST, so the
//! window can't tell them from a keyboard's.

use std::time::Instant;

use anyhow::{Context, bail, ensure};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Keycode, Keysym, Window};
use x11rb::protocol::xtest::ConnectionExt as _;

use super::client::{Client, PATIENCE};

/// Keys without a letter, as X names them (`keysymdef.h`).
pub const CONTROL: Keysym = 0xffe3;
pub const SHIFT: Keysym = 0xffe1;
pub const ENTER: Keysym = 0xff0d;
pub const TAB: Keysym = 0xff09;

/// A person who looks at one window.
pub struct Person {
    client: Client,
    window: Window,
}

/// A part of a window, in pixels from its top left corner.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub x: i16,
    pub y: i16,
    pub width: u16,
    pub height: u16,
}

impl Person {
    /// Waits for the window whose title contains the text, and gives it the keyboard.
    ///
    /// # Errors
    /// No such window appears in time, or the server lacks an extension.
    pub fn at(display: &str, title: &str) -> anyhow::Result<Self> {
        let client = Client::connect(display)?;
        let window = client.find_window(title)?;
        let connection = &client.connection;
        connection.damage_query_version(1, 1)?.reply().context("the server has no DAMAGE")?;
        connection.xtest_get_version(2, 2)?.reply().context("the server has no XTEST")?;
        let damage = connection.generate_id()?;
        connection.damage_create(damage, window, ReportLevel::RAW_RECTANGLES)?.check()?;
        connection.set_input_focus(InputFocus::PARENT, window, CURRENT_TIME)?.check()?;
        Ok(Self { client, window })
    }

    /// Waits until the title contains the text.
    ///
    /// # Errors
    /// It does not in time.
    pub fn await_title(&self, text: &str) -> anyhow::Result<()> {
        self.client.find_window(text).map(drop)
    }

    /// The title as it is now.
    pub fn title(&self) -> anyhow::Result<String> {
        Ok(self.client.title(self.window)?.unwrap_or_default())
    }

    /// Looks at a part of the window whenever the window draws, until it looks as wanted. Gives the
    /// pixels, as 0xRRGGBB.
    ///
    /// # Errors
    /// It does not look so in time.
    pub fn await_sight(&self, area: Area, is_wanted: impl Fn(&[u32]) -> bool) -> anyhow::Result<Vec<u32>> {
        self.await_that("the window does not look as wanted", || {
            let pixels = self.look(area)?;
            Ok(is_wanted(&pixels).then_some(pixels))
        })
    }

    /// Asks whenever something happens on the display, until there is an answer.
    ///
    /// # Errors
    /// There is none in time.
    pub fn await_that<T>(&self, complaint: &'static str, ask: impl Fn() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask()? {
                return Ok(answer);
            }
            self.client.next_event(deadline)?.context(complaint)?;
        }
    }

    /// The pixels of a part of the window, as 0xRRGGBB.
    pub fn look(&self, area: Area) -> anyhow::Result<Vec<u32>> {
        let Area { x, y, width, height } = area;
        let image = self.client.connection.get_image(ImageFormat::Z_PIXMAP, self.window, x, y, width, height, !0)?.reply()?;
        ensure!(image.depth >= 24, "the screen has {} bits a pixel", image.depth);
        Ok(image.data.chunks_exact(4).map(|pixel| u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0])).collect())
    }

    /// Presses a key while others are held, and lets all go.
    ///
    /// # Errors
    /// The keyboard has no such key.
    pub fn press(&self, held: &[Keysym], key: Keysym) -> anyhow::Result<()> {
        let codes = held.iter().chain([&key]).map(|key| self.keycode(*key)).collect::<anyhow::Result<Vec<_>>>()?;
        for code in &codes {
            self.fake(KEY_PRESS_EVENT, *code)?;
        }
        for code in codes.iter().rev() {
            self.fake(KEY_RELEASE_EVENT, *code)?;
        }
        Ok(())
    }

    /// Types small letters, digits and whatever else needs no Shift. `_` is the only sign with it.
    ///
    /// # Errors
    /// The keyboard lacks a sign.
    pub fn type_text(&self, text: &str) -> anyhow::Result<()> {
        for letter in text.chars() {
            match letter {
                '_' => self.press(&[SHIFT], u32::from('-'))?,
                // The keysyms of Latin-1 are its code points.
                letter => self.press(&[], u32::from(letter))?,
            }
        }
        Ok(())
    }

    fn fake(&self, kind: u8, code: Keycode) -> anyhow::Result<()> {
        self.client.connection.xtest_fake_input(kind, code, CURRENT_TIME, self.client.root, 0, 0, 0)?.check()?;
        Ok(())
    }

    /// The key that gives the symbol without Shift.
    fn keycode(&self, key: Keysym) -> anyhow::Result<Keycode> {
        let setup = self.client.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = self.client.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let per_key = usize::from(map.keysyms_per_keycode).max(1);
        let found = (first..=last).zip(map.keysyms.chunks(per_key)).find(|(_, symbols)| symbols.first() == Some(&key));
        match found {
            Some((code, _)) => Ok(code),
            None => bail!("the keyboard has no key {key:#x}"),
        }
    }
}
