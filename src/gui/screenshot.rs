//! `--screenshot`: waits until the window shows everything, saves what it shows, and ends.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use egui::ViewportCommand;

use crate::export::{atomic, png};
use crate::render::Image;

/// What became of the screenshot, for the exit status.
#[derive(Clone, Default)]
pub struct Outcome(Arc<Mutex<Option<String>>>);

impl Outcome {
    fn fail(&self, sentence: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sentence);
    }

    /// # Errors
    /// The sentence that says why there is no screenshot.
    pub fn into_result(self) -> Result<()> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(sentence) => Err(anyhow!(sentence)),
            None => Ok(()),
        }
    }
}

pub struct Screenshot {
    path: PathBuf,
    outcome: Outcome,
    since: Instant,
    settled_frames: u32,
    taken: Arc<Mutex<Option<Arc<egui::ColorImage>>>>,
    is_asked: bool,
}

/// Frames without any work before the picture is taken: fades and scroll bars have ended by then.
const SETTLED_FRAMES: u32 = 30;
const PATIENCE: Duration = Duration::from_secs(120);

impl Screenshot {
    pub fn new(path: PathBuf, outcome: Outcome) -> Self {
        Self { path, outcome, since: Instant::now(), settled_frames: 0, taken: Arc::default(), is_asked: false }
    }

    /// One frame. A window that shows a problem instead of what was asked for makes no picture.
    pub fn step(&mut self, ctx: &egui::Context, is_settled: bool, problem: Option<&str>) {
        ctx.request_repaint();
        if let Some(problem) = problem {
            self.outcome.fail(problem.to_owned());
            ctx.send_viewport_cmd(ViewportCommand::Close);
            return;
        }
        if let Some(image) = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take() {
            if let Err(error) = save(&self.path, &image) {
                self.outcome.fail(format!("can't save the screenshot: {error}: {}", self.path.display()));
            }
            ctx.send_viewport_cmd(ViewportCommand::Close);
            return;
        }
        if self.since.elapsed() > PATIENCE {
            self.outcome.fail("the window did not come to rest in two minutes, so there is no screenshot".to_owned());
            ctx.send_viewport_cmd(ViewportCommand::Close);
            return;
        }
        self.settled_frames = if is_settled { self.settled_frames + 1 } else { 0 };
        if self.settled_frames >= SETTLED_FRAMES && !self.is_asked {
            self.is_asked = true;
            let taken = Arc::clone(&self.taken);
            ctx.request_screenshot(move |image| {
                *taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(image);
            });
        }
    }
}

fn save(path: &std::path::Path, image: &egui::ColorImage) -> std::io::Result<()> {
    let [width, height] = image.size;
    let pixels = image.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b(), 255]).collect();
    let image = Image::from_pixels(width as u32, height as u32, pixels).ok_or_else(|| std::io::Error::other("the window has no size"))?;
    let software = format!("Weightscope {}", env!("CARGO_PKG_VERSION"));
    let bytes = png::encode(&image, &[("Software", &software)]).map_err(std::io::Error::other)?;
    atomic::write(path, |out| out.write_all(&bytes))
}
