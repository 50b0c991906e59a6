//! Whole figures: a picture with title, axes, colour bar and figures, as a [`Scene`].
//!
//! All lengths are in units of the scene; [`Scene::image`] makes 1, 2 or 4 pixels of each. A
//! figure's furniture grows with very large pictures, so that it can still be read when the whole
//! is looked at from afar.

mod bar;
mod beside;
mod heatmap;
mod histogram;

pub use beside::{beside, swiped};
pub use heatmap::{HeatmapFigure, cell_corner, corner};
pub use histogram::HistogramFigure;

use thiserror::Error;

use super::font::{self, Anchor, Font};
use super::scene::Scene;
use super::theme::Theme;
use crate::jobs::Cancelled;

/// Why a figure can't be made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FigureError {
    #[error("the picture would be {width} × {height} pixels; at most {max} a side and {area} in all are made")]
    TooLarge { width: u64, height: u64, max: u32, area: u64 },
    #[error("there is nothing to draw: the tensor has no elements")]
    Empty,
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Pixels in all that a figure may have: a gigabyte of them.
const MAX_AREA: u64 = 1 << 28;

/// Sizes of type, in units before they grow.
const TITLE: f32 = 15.0;
const TEXT: f32 = 12.0;
const LABEL: f32 = 11.0;
/// Around everything.
const MARGIN: f32 = 20.0;

/// A pen that knows the theme and by how much the furniture has grown.
struct Sketch<'a> {
    scene: Scene,
    theme: &'a Theme,
    grown: f32,
}

impl Sketch<'_> {
    /// A length of furniture, in whole units so that edges stay sharp.
    fn u(&self, length: f32) -> f32 {
        grown(length, self.grown)
    }

    /// A label on a baseline, in the secondary colour.
    fn label(&mut self, at: [f32; 2], text: impl Into<String>, anchor: Anchor) {
        let size = LABEL * self.grown;
        self.scene.text(at, text, Font::Mono, size, self.theme.dim, anchor);
    }

    /// Title and subtitle, cut in the middle where they are too long. Returns the height used.
    fn head(&mut self, title: &str, subtitle: &str, room: f32) -> f32 {
        let (x, top) = (self.u(MARGIN), self.u(MARGIN));
        let mut y = top;
        for (text, font, size, colour, height) in
            [(title, Font::SansBold, TITLE, self.theme.text, 20.0), (subtitle, Font::Sans, TEXT, self.theme.dim, 18.0)]
        {
            if !text.is_empty() {
                let size = size * self.grown;
                let baseline = y + self.u(height) - self.u(6.0);
                self.scene.text([x, baseline], font::elided(font, size, text, room), font, size, colour, Anchor::Start);
                y += self.u(height);
            }
        }
        if y > top { y + self.u(12.0) } else { top }
    }
}

fn grown(length: f32, factor: f32) -> f32 {
    (length * factor).round()
}

/// How much the furniture of a figure grows around a picture of that size.
fn growth(width: f32, height: f32) -> f32 {
    // In halves, for even type sizes.
    ((width.max(height) / 1600.0 * 2.0).floor() / 2.0).clamp(1.0, 8.0)
}

/// Refuses figures that no program could open.
pub(super) fn check_area(width: f32, height: f32, scale: f32) -> Result<(), FigureError> {
    let (width, height) = ((f64::from(width) * f64::from(scale)).ceil() as u64, (f64::from(height) * f64::from(scale)).ceil() as u64);
    let max = super::MAX_SIDE;
    if width > u64::from(max) || height > u64::from(max) || width.saturating_mul(height) > MAX_AREA {
        return Err(FigureError::TooLarge { width, height, max, area: MAX_AREA });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::scene::{Item, Rect};

    /// Where the letters of a text are, about.
    fn boxes(scene: &Scene, font: impl Fn(Font) -> bool) -> Vec<(Rect, String)> {
        let texts = scene.items.iter().filter_map(|item| match item {
            Item::Text(text) if font(text.font) => Some(text),
            _ => None,
        });
        texts
            .map(|text| {
                let width = font::width(text.font, text.size, &text.text);
                let x = match text.anchor {
                    Anchor::Start => text.at[0],
                    Anchor::Middle => text.at[0] - width / 2.0,
                    Anchor::End => text.at[0] - width,
                };
                let height = font::cap_height(text.font, text.size);
                (Rect::new(x, text.at[1] - height, width, height), text.text.clone())
            })
            .collect()
    }

    /// Nothing is cut off and no text lies on another.
    pub fn check_layout(scene: &Scene) {
        let boxes = boxes(scene, |_| true);
        for (position, (rect, text)) in boxes.iter().enumerate() {
            let is_inside = rect.x >= 0.0 && rect.y >= 0.0 && rect.right() <= scene.width && rect.bottom() <= scene.height;
            assert!(is_inside, "{text:?} at {rect:?} in {} × {}", scene.width, scene.height);
            for (other, other_text) in boxes.iter().skip(position + 1) {
                let apart = rect.right() <= other.x || other.right() <= rect.x || rect.bottom() <= other.y || other.bottom() <= rect.y;
                assert!(apart, "{text:?} at {rect:?} and {other_text:?} at {other:?}");
            }
        }
        for item in &scene.items {
            if let Item::Image { rect, .. } | Item::Rect { rect, .. } = item {
                assert!(rect.x >= 0.0 && rect.y >= 0.0 && rect.right() <= scene.width && rect.bottom() <= scene.height, "{rect:?}");
            }
        }
    }

    #[test]
    fn furniture_grows_in_halves() {
        assert_eq!([900.0, 1600.0, 2400.0, 4096.0, 1e9].map(|side| growth(side, 10.0)), [1.0, 1.0, 1.5, 2.5, 8.0]);
    }
}
