//! The bundled fonts: measuring text and turning it into outlines.
//!
//! Text is set glyph by glyph, left to right, without shaping: names, numbers and labels, not
//! prose. A character that the font lacks is taken from the sans-serif, else drawn as a box.

use std::sync::OnceLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::raw::FileRef;
use skrifa::{FontRef, MetadataProvider};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Font {
    /// Inter Regular: text.
    Sans,
    /// Inter SemiBold: titles.
    SansBold,
    /// JetBrains Mono Regular: numbers.
    Mono,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Font {
    pub const ALL: [Self; 3] = [Self::Sans, Self::SansBold, Self::Mono];

    /// The font file, TrueType.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Sans => include_bytes!("../../assets/fonts/Inter-Regular.ttf"),
            Self::SansBold => include_bytes!("../../assets/fonts/Inter-SemiBold.ttf"),
            Self::Mono => include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"),
        }
    }

    /// The family's name and weight, as CSS has them.
    pub fn css(self) -> (&'static str, u32) {
        match self {
            Self::Sans => ("Inter, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif", 400),
            Self::SansBold => ("Inter, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif", 600),
            Self::Mono => ("'JetBrains Mono', 'Cascadia Mono', Menlo, Consolas, monospace", 400),
        }
    }

    fn face(self) -> Option<&'static FontRef<'static>> {
        static FACES: OnceLock<[Option<FontRef<'static>>; 3]> = OnceLock::new();
        let faces = FACES.get_or_init(|| {
            Self::ALL.map(|font| match FileRef::new(font.bytes()) {
                Ok(FileRef::Font(face)) => Some(face),
                _ => None,
            })
        });
        faces.get(self as usize)?.as_ref()
    }
}

/// The width of a line of text at a size in pixels.
pub fn width(font: Font, size: f32, text: &str) -> f32 {
    text.chars().map(|character| advance(font, size, character)).sum()
}

/// The height of a capital letter: what looks like a text's height when it is centred.
pub fn cap_height(font: Font, size: f32) -> f32 {
    let height = font.face().and_then(|face| face.metrics(Size::new(size), LocationRef::default()).cap_height);
    height.unwrap_or(0.72 * size)
}

/// The text, or as much of its two ends as fits a width with an ellipsis between.
pub fn elided(font: Font, size: f32, text: &str, room: f32) -> String {
    if width(font, size, text) <= room {
        return text.into();
    }
    let ellipsis = advance(font, size, '…');
    let widths: Vec<(char, f32)> = text.chars().map(|character| (character, advance(font, size, character))).collect();
    let (mut head, mut tail, mut used) = (0, widths.len(), ellipsis);
    // From both ends in turn.
    while head < tail {
        let next = if head <= widths.len() - tail { head } else { tail - 1 };
        used += widths.get(next).map_or(0.0, |(_, width)| *width);
        if used > room {
            break;
        }
        if next == head {
            head += 1;
        } else {
            tail -= 1;
        }
    }
    let part = |range: std::ops::Range<usize>| widths.get(range).unwrap_or_default().iter().map(|(character, _)| *character);
    let head: String = part(0..head).collect();
    let tail: String = part(tail..widths.len()).collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// Receives outlines; in pixels, down is positive.
pub trait Pen {
    fn move_to(&mut self, x: f32, y: f32);
    fn line_to(&mut self, x: f32, y: f32);
    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32);
    fn cubic_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32);
    fn close(&mut self);
}

/// Draws a line of text whose baseline begins at a point.
pub fn outline(font: Font, size: f32, text: &str, at: [f32; 2], pen: &mut impl Pen) {
    let mut x = at[0];
    for character in text.chars() {
        if let Some((face, glyph)) = glyph(font, character)
            && let Some(outline) = face.outline_glyphs().get(glyph)
        {
            let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
            // An outline that is broken is drawn as far as it goes: these are our own fonts.
            let _ = outline.draw(settings, &mut Placed { pen, x, y: at[1] });
        }
        x += advance(font, size, character);
    }
}

fn glyph(font: Font, character: char) -> Option<(&'static FontRef<'static>, skrifa::GlyphId)> {
    let own = font.face()?;
    let found = [font, Font::Sans].into_iter().filter_map(Font::face).find_map(|face| Some((face, face.charmap().map(character)?)));
    Some(found.unwrap_or((own, skrifa::GlyphId::NOTDEF)))
}

fn advance(font: Font, size: f32, character: char) -> f32 {
    let width =
        glyph(font, character).and_then(|(face, glyph)| face.glyph_metrics(Size::new(size), LocationRef::default()).advance_width(glyph));
    width.unwrap_or(0.0)
}

struct Placed<'a, P> {
    pen: &'a mut P,
    x: f32,
    y: f32,
}

impl<P: Pen> OutlinePen for Placed<'_, P> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.pen.move_to(self.x + x, self.y - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.pen.line_to(self.x + x, self.y - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.pen.quad_to(self.x + cx, self.y - cy, self.x + x, self.y - y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.pen.cubic_to(self.x + ax, self.y - ay, self.x + bx, self.y - by, self.x + x, self.y - y);
    }

    fn close(&mut self) {
        self.pen.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_have_what_is_written() {
        for font in Font::ALL {
            let face = font.face().unwrap();
            for character in "0123456789+-.,e×·…→←↑↓±²µσ−∞≤≥%#:()[]/_ ABCXYZabcxyzäöüßéñøŁ".chars() {
                assert!(face.charmap().map(character).is_some(), "{font:?} {character}");
            }
        }
    }

    /// fontTools: the advance of `0` is 600 of 1000 in JetBrains Mono.
    #[test]
    fn widths() {
        assert_eq!(width(Font::Mono, 10.0, "-1.84"), 30.0);
        assert_eq!(width(Font::Sans, 10.0, ""), 0.0);
        assert!(width(Font::SansBold, 10.0, "Conv") > width(Font::Sans, 10.0, "Conv"));
    }

    #[test]
    fn the_middle_is_cut() {
        let name = "mobilenet/layer_1/very/long/BiasAdd";
        assert_eq!(elided(Font::Mono, 10.0, name, 210.0), name);
        let cut = elided(Font::Mono, 10.0, name, 60.0);
        assert_eq!(cut, "mobil…sAdd");
        for room in [0.0, 3.0, 6.0, 12.0, 18.0] {
            assert!(width(Font::Mono, 10.0, &elided(Font::Mono, 10.0, name, room)) <= f32::max(room, 6.0));
        }
    }
}
