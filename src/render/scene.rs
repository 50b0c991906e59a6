//! A drawing as a list of shapes, from back to front, in pixels from the upper left corner.
//!
//! Two ways lead out: [`Scene::image`] makes pixels, [`crate::export::svg`] makes SVG.

use std::sync::Arc;

use super::font::{Anchor, Font};
use super::{Image, Rgba, raster};
use crate::colormap::Rgb;

#[derive(Clone, Debug)]
pub struct Scene {
    pub width: f32,
    pub height: f32,
    pub background: Option<Rgba>,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub enum Item {
    Rect { rect: Rect, radius: f32, fill: Option<Rgba>, stroke: Option<Stroke> },
    Path { steps: Vec<Step>, fill: Option<Rgba>, stroke: Option<Stroke> },
    Text(Text),
    Image { rect: Rect, image: Arc<Image> },
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    pub colour: Rgba,
    pub width: f32,
}

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    Move([f32; 2]),
    Line([f32; 2]),
    Cubic([f32; 2], [f32; 2], [f32; 2]),
    Close,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// On the baseline.
    pub at: [f32; 2],
    pub text: String,
    pub font: Font,
    /// In pixels.
    pub size: f32,
    pub colour: Rgba,
    pub anchor: Anchor,
}

impl Scene {
    pub fn new(width: f32, height: f32, background: Option<Rgb>) -> Self {
        Self { width, height, background: background.map(opaque), items: Vec::new() }
    }

    pub fn rect(&mut self, rect: Rect, fill: Rgb) {
        self.items.push(Item::Rect { rect, radius: 0.0, fill: Some(opaque(fill)), stroke: None });
    }

    /// A filled shape of straight edges.
    pub fn polygon(&mut self, points: &[[f32; 2]], fill: Rgb) {
        let mut steps = polyline(points);
        steps.push(Step::Close);
        self.items.push(Item::Path { steps, fill: Some(opaque(fill)), stroke: None });
    }

    /// A line through points.
    pub fn polyline(&mut self, points: &[[f32; 2]], stroke: Stroke) {
        self.items.push(Item::Path { steps: polyline(points), fill: None, stroke: Some(stroke) });
    }

    /// Slanting lines that fill a rectangle.
    pub fn hatching(&mut self, rect: Rect, spacing: f32, stroke: Stroke) {
        self.items.push(Item::Path { steps: hatching(rect, spacing), fill: None, stroke: Some(stroke) });
    }

    pub fn text(&mut self, at: [f32; 2], text: impl Into<String>, font: Font, size: f32, colour: Rgb, anchor: Anchor) {
        self.items.push(Item::Text(Text { at, text: text.into(), font, size, colour: opaque(colour), anchor }));
    }

    /// Puts another drawing into this one, over what is there: its ground, where it has one, and all its shapes.
    pub fn put(&mut self, other: Self, x: f32, y: f32) {
        if let Some(ground) = other.background {
            let rect = Rect::new(x, y, other.width, other.height);
            self.items.push(Item::Rect { rect, radius: 0.0, fill: Some(ground), stroke: None });
        }
        self.items.extend(other.items.into_iter().map(|item| item.moved(x, y)));
    }

    pub fn image_at(&mut self, rect: Rect, image: Image) {
        self.items.push(Item::Image { rect, image: Arc::new(image) });
    }

    /// The scene in pixels, `scale` of them to a unit. Sides above [`MAX_SIDE`](super::MAX_SIDE) are cut.
    pub fn image(&self, scale: f32) -> Image {
        raster::draw(self, scale)
    }
}

impl Item {
    fn moved(self, x: f32, y: f32) -> Self {
        let rect_at = |rect: Rect| Rect { x: rect.x + x, y: rect.y + y, ..rect };
        let at = |[left, top]: [f32; 2]| [left + x, top + y];
        match self {
            Self::Rect { rect, radius, fill, stroke } => Self::Rect { rect: rect_at(rect), radius, fill, stroke },
            Self::Image { rect, image } => Self::Image { rect: rect_at(rect), image },
            Self::Text(text) => Self::Text(Text { at: at(text.at), ..text }),
            Self::Path { mut steps, fill, stroke } => {
                for step in &mut steps {
                    *step = match *step {
                        Step::Move(to) => Step::Move(at(to)),
                        Step::Line(to) => Step::Line(at(to)),
                        Step::Cubic(one, other, to) => Step::Cubic(at(one), at(other), at(to)),
                        Step::Close => Step::Close,
                    };
                }
                Self::Path { steps, fill, stroke }
            }
        }
    }
}

impl Stroke {
    pub fn new(colour: Rgb, width: f32) -> Self {
        Self { colour: opaque(colour), width }
    }
}

impl Rect {
    pub fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height }
    }

    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }
}

/// The colour without transparency.
pub fn opaque([red, green, blue]: Rgb) -> Rgba {
    [red, green, blue, 255]
}

fn polyline(points: &[[f32; 2]]) -> Vec<Step> {
    points.iter().enumerate().map(|(position, point)| if position == 0 { Step::Move(*point) } else { Step::Line(*point) }).collect()
}

/// Lines at 45 degrees, cut to the rectangle here, so that no way out needs a clip.
fn hatching(rect: Rect, spacing: f32) -> Vec<Step> {
    let mut steps = Vec::new();
    let spacing = spacing.max(1.0);
    let reach = rect.width + rect.height;
    let count = if reach.is_finite() { (reach / spacing).clamp(0.0, 10_000.0) as usize } else { 0 };
    for line in 1..=count {
        // Points of the line have x + y = sum.
        let sum = line as f32 * spacing;
        let (from, to) = ((sum - rect.height).max(0.0), sum.min(rect.width));
        if from < to {
            steps.push(Step::Move([rect.x + from, rect.y + sum - from]));
            steps.push(Step::Line([rect.x + to, rect.y + sum - to]));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hatching_stays_inside() {
        let rect = Rect::new(10.0, 20.0, 30.0, 7.0);
        let steps = hatching(rect, 4.0);
        assert_eq!(steps.len(), 18);
        for step in steps {
            let (Step::Move([x, y]) | Step::Line([x, y])) = step else { panic!() };
            assert!((rect.x..=rect.right()).contains(&x) && (rect.y..=rect.bottom()).contains(&y), "{x} {y}");
        }
        assert_eq!(hatching(Rect::new(0.0, 0.0, f32::NAN, f32::INFINITY), 0.0), []);
    }

    #[test]
    fn a_drawing_in_another_one() {
        let mut inner = Scene::new(2.0, 2.0, Some([9, 9, 9]));
        inner.rect(Rect::new(0.0, 0.0, 1.0, 1.0), [200, 0, 0]);
        inner.polygon(&[[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0]], [0, 200, 0]);
        let mut scene = Scene::new(4.0, 4.0, Some([0, 0, 0]));
        scene.put(inner, 1.0, 2.0);
        let image = scene.image(1.0);
        for (x, y, colour) in [(0, 0, [0, 0, 0]), (1, 2, [200, 0, 0]), (2, 2, [9, 9, 9]), (2, 3, [0, 200, 0]), (3, 3, [0, 0, 0])] {
            assert_eq!(image.pixel(x, y), Some(opaque(colour)), "{x} {y}");
        }
    }

    #[test]
    fn items_are_drawn_in_order_and_whole_pixels_stay_sharp() {
        let mut scene = Scene::new(4.0, 3.0, Some([10, 20, 30]));
        scene.rect(Rect::new(1.0, 1.0, 2.0, 1.0), [200, 0, 0]);
        scene.image_at(Rect::new(2.0, 1.0, 1.0, 1.0), Image::filled(1, 1, [0, 0, 250, 255]));
        let image = scene.image(2.0);
        assert_eq!((image.width(), image.height()), (8, 6));
        for (x, y, colour) in [
            (0, 0, [10, 20, 30]),
            (1, 2, [10, 20, 30]),
            (2, 2, [200, 0, 0]),
            (3, 3, [200, 0, 0]),
            (4, 2, [0, 0, 250]),
            (6, 2, [10, 20, 30]),
        ] {
            assert_eq!(image.pixel(x, y), Some(opaque(colour)), "{x} {y}");
        }
    }
}
