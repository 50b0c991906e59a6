//! A scene as pixels. Shapes are drawn by tiny-skia, images are copied pixel by pixel.

use tiny_skia::{FillRule, Paint, PathBuilder, Pixmap, PixmapMut, PremultipliedColorU8, Transform};

use super::font::{self, Anchor, Font, Pen};
use super::scene::{Item, Rect, Scene, Step, Stroke};
use super::{Image, Rgba};

/// An image under way. Its colours are premultiplied, as tiny-skia wants them.
pub struct Canvas {
    pixmap: Option<Pixmap>,
    width: u32,
    height: u32,
}

/// Draws a scene, `scale` pixels to a unit.
pub fn draw(scene: &Scene, scale: f32) -> Image {
    let side = |length: f32| if length.is_finite() { (length * scale).round().max(1.0) as u32 } else { 1 };
    let image = Image::filled(side(scene.width), side(scene.height), scene.background.unwrap_or_default());
    let mut canvas = Canvas::over(image);
    for item in &scene.items {
        canvas.item(item, scale);
    }
    canvas.into_image()
}

impl Canvas {
    /// Goes on drawing over an image.
    pub fn over(image: Image) -> Self {
        let (width, height) = (image.width, image.height);
        let mut pixels = image.pixels;
        // Opaque pixels are the same either way: their colours come back to the bit.
        for pixel in pixels.as_chunks_mut::<4>().0.iter_mut().filter(|pixel| pixel[3] != 255) {
            let [red, green, blue, opacity] = *pixel;
            let colour = tiny_skia::ColorU8::from_rgba(red, green, blue, opacity).premultiply();
            *pixel = [colour.red(), colour.green(), colour.blue(), colour.alpha()];
        }
        let size = tiny_skia::IntSize::from_wh(width, height);
        Self { pixmap: size.and_then(|size| Pixmap::from_vec(pixels, size)), width, height }
    }

    pub fn into_image(self) -> Image {
        let Some(pixmap) = self.pixmap else { return Image { width: self.width, height: self.height, pixels: Vec::new() } };
        let mut pixels = pixmap.take();
        for pixel in pixels.as_chunks_mut::<4>().0.iter_mut().filter(|pixel| pixel[3] != 255) {
            let [red, green, blue, opacity] = *pixel;
            if let Some(colour) = PremultipliedColorU8::from_rgba(red, green, blue, opacity) {
                let colour = colour.demultiply();
                *pixel = [colour.red(), colour.green(), colour.blue(), colour.alpha()];
            }
        }
        Image { width: self.width, height: self.height, pixels }
    }

    /// A line of text on a baseline; everything in pixels.
    pub fn text(&mut self, text: &str, font: Font, size: f32, at: [f32; 2], anchor: Anchor, colour: Rgba) {
        let width = font::width(font, size, text);
        let x = match anchor {
            Anchor::Start => at[0],
            Anchor::Middle => at[0] - width / 2.0,
            Anchor::End => at[0] - width,
        };
        let mut pen = Outline(PathBuilder::new());
        font::outline(font, size, text, [x, at[1]], &mut pen);
        self.fill(pen.0.finish(), colour, Transform::identity());
    }

    fn item(&mut self, item: &Item, scale: f32) {
        let transform = Transform::from_scale(scale, scale);
        match item {
            Item::Rect { rect, radius, fill, stroke } => {
                let path = if *radius > 0.0 { rounded(*rect, *radius) } else { square(*rect) };
                if let Some(colour) = fill {
                    self.fill(path.clone(), *colour, transform);
                }
                self.stroke(path, *stroke, transform);
            }
            Item::Path { steps, fill, stroke } => {
                let path = path(steps);
                if let Some(colour) = fill {
                    self.fill(path.clone(), *colour, transform);
                }
                self.stroke(path, *stroke, transform);
            }
            Item::Text(text) => {
                let at = text.at.map(|place| place * scale);
                self.text(&text.text, text.font, text.size * scale, at, text.anchor, text.colour);
            }
            Item::Image { rect, image } => self.image(*rect, image, scale),
        }
    }

    fn fill(&mut self, path: Option<tiny_skia::Path>, colour: Rgba, transform: Transform) {
        if let (Some(path), Some(pixmap)) = (path, &mut self.pixmap) {
            pixmap.fill_path(&path, &paint(colour), FillRule::Winding, transform, None);
        }
    }

    fn stroke(&mut self, path: Option<tiny_skia::Path>, stroke: Option<Stroke>, transform: Transform) {
        if let (Some(path), Some(stroke), Some(pixmap)) = (path, stroke, &mut self.pixmap) {
            let width = tiny_skia::Stroke { width: stroke.width, line_join: tiny_skia::LineJoin::Round, ..Default::default() };
            pixmap.stroke_path(&path, &paint(stroke.colour), &width, transform, None);
        }
    }

    /// Nearest neighbour: at its own size an image is copied as it is.
    fn image(&mut self, rect: Rect, image: &Image, scale: f32) {
        let Some(pixmap) = &mut self.pixmap else { return };
        let mut target = pixmap.as_mut();
        let (left, top) = ((rect.x * scale).round(), (rect.y * scale).round());
        let (width, height) = ((rect.width * scale).round(), (rect.height * scale).round());
        if !(width >= 1.0 && height >= 1.0 && left.is_finite() && top.is_finite()) {
            return;
        }
        let span = |start: f32, length: f32, limit: u32| start.max(0.0) as u32..((start + length).max(0.0) as u32).min(limit);
        for y in span(top, height, target.height()) {
            let from_y = ((y as f32 + 0.5 - top) * image.height as f32 / height) as u32;
            for x in span(left, width, target.width()) {
                let from_x = ((x as f32 + 0.5 - left) * image.width as f32 / width) as u32;
                if let Some(pixel) = image.pixel(from_x, from_y) {
                    put(&mut target, x, y, pixel);
                }
            }
        }
    }
}

/// Lays a pixel over what is there.
fn put(target: &mut PixmapMut<'_>, x: u32, y: u32, [red, green, blue, opacity]: Rgba) {
    let place = y as usize * target.width() as usize + x as usize;
    let Some(under) = target.pixels_mut().get_mut(place) else { return };
    let over = tiny_skia::ColorU8::from_rgba(red, green, blue, opacity).premultiply();
    let rest = u32::from(255 - opacity);
    let mix = |over: u8, under: u8| (u32::from(over) + (u32::from(under) * rest + 127) / 255).min(255) as u8;
    let alpha = mix(over.alpha(), under.alpha());
    let [red, green, blue] =
        [mix(over.red(), under.red()), mix(over.green(), under.green()), mix(over.blue(), under.blue())].map(|channel| channel.min(alpha));
    if let Some(colour) = PremultipliedColorU8::from_rgba(red, green, blue, alpha) {
        *under = colour;
    }
}

fn paint([red, green, blue, opacity]: Rgba) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(red, green, blue, opacity);
    paint
}

fn square(rect: Rect) -> Option<tiny_skia::Path> {
    tiny_skia::Rect::from_xywh(rect.x, rect.y, rect.width, rect.height).map(PathBuilder::from_rect)
}

fn rounded(rect: Rect, radius: f32) -> Option<tiny_skia::Path> {
    let radius = radius.min(rect.width / 2.0).min(rect.height / 2.0);
    // A quarter of a circle as a cubic: 4/3 (sqrt 2 - 1).
    let inset = radius * (1.0 - 0.552_284_8);
    let (left, top, right, bottom) = (rect.x, rect.y, rect.right(), rect.bottom());
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.cubic_to(right - inset, top, right, top + inset, right, top + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - inset, right - inset, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.cubic_to(left + inset, bottom, left, bottom - inset, left, bottom - radius);
    path.line_to(left, top + radius);
    path.cubic_to(left, top + inset, left + inset, top, left + radius, top);
    path.close();
    path.finish()
}

fn path(steps: &[Step]) -> Option<tiny_skia::Path> {
    let mut path = PathBuilder::new();
    for step in steps {
        match *step {
            Step::Move([x, y]) => path.move_to(x, y),
            Step::Line([x, y]) => path.line_to(x, y),
            Step::Cubic([ax, ay], [bx, by], [x, y]) => path.cubic_to(ax, ay, bx, by, x, y),
            Step::Close => path.close(),
        }
    }
    path.finish()
}

struct Outline(PathBuilder);

impl Pen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to(cx, cy, x, y);
    }

    fn cubic_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.0.cubic_to(ax, ay, bx, by, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparent_pixels_survive() {
        let image = Image::filled(2, 2, [0, 0, 0, 0]);
        let mut canvas = Canvas::over(image.clone());
        canvas.text("", Font::Sans, 10.0, [0.0, 0.0], Anchor::Start, [1, 2, 3, 255]);
        assert!(canvas.into_image() == image);
        let empty = Canvas::over(Image::filled(0, 5, [1; 4])).into_image();
        assert_eq!((empty.width(), empty.height()), (0, 5));
    }

    #[test]
    fn text_leaves_ink_where_it_should() {
        let image = |anchor| {
            let mut canvas = Canvas::over(Image::filled(40, 20, [255; 4]));
            canvas.text("HH", Font::SansBold, 12.0, [20.0, 15.0], anchor, [0, 0, 0, 255]);
            canvas.into_image()
        };
        let inked = |image: &Image, columns: std::ops::Range<u32>| {
            let mut pixels = columns.flat_map(|x| (0..20).map(move |y| (x, y)));
            pixels.any(|(x, y)| image.pixel(x, y).unwrap()[0] < 64)
        };
        for (anchor, left, right) in [(Anchor::Start, false, true), (Anchor::Middle, true, true), (Anchor::End, true, false)] {
            let image = image(anchor);
            assert_eq!((inked(&image, 0..19), inked(&image, 21..40)), (left, right), "{anchor:?}");
            let below = (16..20).flat_map(|y| (0..40).map(move |x| (x, y)));
            assert!(below.clone().all(|(x, y)| image.pixel(x, y) == Some([255; 4])), "{anchor:?}");
        }
    }
}
