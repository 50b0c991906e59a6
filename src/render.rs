//! Pictures: heatmaps, colour bars, histograms. One truth for the window, the command line and files.
//!
//! [`heatmap`] colours the cells of a [`View`](crate::view::View) pixel by pixel; [`Pyramid`] makes
//! that quick for very large tensors. [`scene`] is a list of shapes, text and images with two
//! ways out: pixels ([`Scene::image`]) and SVG ([`crate::export::svg`]). [`figure`] composes
//! whole figures, with title, axes and colour bar, as scenes.

mod field;
pub mod figure;
pub mod font;
pub mod graph;
mod hatch;
mod heatmap;
mod lines;
pub mod number;
mod paint;
mod pyramid;
mod raster;
pub mod scene;
mod strip;
pub mod theme;

pub use field::{KernelScales, Numbers, Test};
pub use heatmap::{Ink, Label, MAX_SIDE, Marked, Options, Viewport, heatmap, labels};
pub use pyramid::{Pyramid, Reduction};
pub use scene::Scene;
pub use strip::kernel_strip;

use std::sync::LazyLock;

use crate::colormap::Rgb;

/// A colour and its opacity, not premultiplied.
pub type Rgba = [u8; 4];

/// Pixels in rows from the top, four bytes each: red, green, blue, opacity (not premultiplied), sRGB.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Image {
    /// An image of one colour. Sides are cut to [`MAX_SIDE`].
    pub fn filled(width: u32, height: u32, colour: Rgba) -> Self {
        let (width, height) = (width.min(MAX_SIDE), height.min(MAX_SIDE));
        Self { width, height, pixels: colour.repeat(width as usize * height as usize) }
    }

    /// An image of given pixels; `None` if they are not `4 * width * height` bytes.
    pub fn from_pixels(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let is_whole = u64::from(width) * u64::from(height) * 4 == pixels.len() as u64 && width.max(height) <= MAX_SIDE;
        is_whole.then_some(Self { width, height, pixels })
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }

    /// `4 * width * height` bytes.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The colour of a pixel; `None` outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<Rgba> {
        let start = (y as usize * self.width as usize + x as usize) * 4;
        let pixel = self.pixels.get(start..start + 4).filter(|_| x < self.width)?;
        pixel.try_into().ok()
    }

    /// The image left of a column, and another one of the same size from there on.
    #[must_use]
    pub fn beside(&self, right: &Self, from: u32) -> Self {
        let mut image = self.clone();
        if (self.width, self.height) == (right.width, right.height) {
            let (row, start) = (self.row_bytes(), from.min(self.width) as usize * 4);
            let rows = image.pixels.chunks_mut(row.max(1)).zip(right.pixels.chunks(row.max(1)));
            rows.for_each(|(own, other)| own[start..].copy_from_slice(&other[start..]));
        }
        image
    }

    pub fn is_opaque(&self) -> bool {
        self.pixels.iter().skip(3).step_by(4).all(|opacity| *opacity == 255)
    }

    fn row_bytes(&self) -> usize {
        self.width as usize * 4
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({} × {})", self.width, self.height)
    }
}

/// Relative luminance, 0 for black to 1 for white (WCAG 2.2, "relative luminance").
pub fn luminance(colour: Rgb) -> f32 {
    static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
        std::array::from_fn(|channel| {
            let channel = channel as f32 / 255.0;
            if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        })
    });
    let [red, green, blue] = colour.map(|channel| LINEAR[usize::from(channel)]);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").
pub fn contrast(a: Rgb, b: Rgb) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// `over` laid on `under`, `opacity` of 255.
fn blend(under: Rgb, over: Rgb, opacity: u8) -> Rgb {
    let mix = |under: u8, over: u8| {
        let sum = u32::from(over) * u32::from(opacity) + u32::from(under) * u32::from(255 - opacity);
        ((sum + 127) / 255) as u8
    };
    [mix(under[0], over[0]), mix(under[1], over[1]), mix(under[2], over[2])]
}
