//! Scenes as SVG: shapes as shapes, text as text, pictures as embedded PNG.

use std::fmt::Write;

use super::png::{self, EncodingError, Entries};
use crate::render::Rgba;
use crate::render::font::Anchor;
use crate::render::scene::{Item, Rect, Scene, Step, Stroke, Text};

/// The namespace of the entries in `<metadata>`.
const NAMESPACE: &str = "urn:weightscope:picture";

/// The document's text. The entries (see [`Entries`]) stand in `<metadata>`, one element each.
///
/// # Errors
/// A picture in the scene that can't be encoded.
pub fn encode(scene: &Scene, title: &str, entries: &Entries<'_>) -> Result<String, EncodingError> {
    let (width, height) = (number(scene.width), number(scene.height));
    let mut svg = String::new();
    let out = &mut svg;
    line(out, format_args!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#));
    line(out, format_args!("<title>{}</title>", escape(title)));
    line(out, format_args!(r#"<metadata xmlns:ws="{NAMESPACE}">"#));
    for (keyword, text) in entries {
        line(out, format_args!(r#"<ws:entry name="{}">{}</ws:entry>"#, escape(keyword), escape(text)));
    }
    line(out, format_args!("</metadata>"));
    if let Some(colour) = scene.background {
        line(out, format_args!(r#"<rect width="{width}" height="{height}"{}/>"#, fill(Some(colour))));
    }
    for item in &scene.items {
        match item {
            Item::Rect { rect, radius, fill: colour, stroke: edge } => {
                let round = if *radius > 0.0 { format!(r#" rx="{}""#, number(*radius)) } else { String::new() };
                line(out, format_args!("<rect{}{round}{}{}/>", place(*rect), fill(*colour), stroke(*edge)));
            }
            Item::Path { steps, fill: colour, stroke: edge } => {
                line(out, format_args!(r#"<path d="{}"{}{}/>"#, path(steps), fill(*colour), stroke(*edge)));
            }
            Item::Text(item) => line(out, format_args!("{}", text(item))),
            Item::Image { rect, image } if image.width() > 0 && image.height() > 0 => {
                let data = base64(&png::encode(image, &[])?);
                // Both spellings: browsers know `pixelated`, Inkscape and librsvg `optimizeSpeed`.
                line(
                    out,
                    format_args!(
                        r#"<image{} preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>"#,
                        place(*rect)
                    ),
                );
            }
            Item::Image { .. } => {}
        }
    }
    line(out, format_args!("</svg>"));
    Ok(svg)
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

fn place(rect: Rect) -> String {
    format!(r#" x="{}" y="{}" width="{}" height="{}""#, number(rect.x), number(rect.y), number(rect.width), number(rect.height))
}

fn text(text: &Text) -> String {
    let (family, weight) = text.font.css();
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let weight = if weight == 400 { String::new() } else { format!(r#" font-weight="{weight}""#) };
    format!(
        r#"<text x="{}" y="{}" font-family="{family}" font-size="{}"{weight} text-anchor="{anchor}" xml:space="preserve"{}>{}</text>"#,
        number(text.at[0]),
        number(text.at[1]),
        number(text.size),
        fill(Some(text.colour)),
        escape(&text.text)
    )
}

fn path(steps: &[Step]) -> String {
    let point = |[x, y]: [f32; 2]| format!("{} {}", number(x), number(y));
    let steps: Vec<_> = steps
        .iter()
        .map(|step| match step {
            Step::Move(to) => format!("M{}", point(*to)),
            Step::Line(to) => format!("L{}", point(*to)),
            Step::Cubic(a, b, to) => format!("C{} {} {}", point(*a), point(*b), point(*to)),
            Step::Close => "Z".into(),
        })
        .collect();
    steps.concat()
}

fn fill(colour: Option<Rgba>) -> String {
    paint("fill", colour)
}

fn stroke(stroke: Option<Stroke>) -> String {
    stroke.map_or_else(String::new, |stroke| {
        format!(r#"{} stroke-width="{}" stroke-linejoin="round""#, paint("stroke", Some(stroke.colour)), number(stroke.width))
    })
}

fn paint(what: &str, colour: Option<Rgba>) -> String {
    match colour {
        None => format!(r#" {what}="none""#),
        Some([red, green, blue, 255]) => format!(r##" {what}="#{red:02x}{green:02x}{blue:02x}""##),
        Some([red, green, blue, opacity]) => {
            let opacity = number(f32::from(opacity) / 255.0);
            format!(r##" {what}="#{red:02x}{green:02x}{blue:02x}" {what}-opacity="{opacity}""##)
        }
    }
}

/// A length with at most three decimals; 0 for what is none.
fn number(value: f32) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Text for XML 1.0, which has no control characters, not even escaped.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Base64 with padding (RFC 4648, section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |position: usize| u32::from(group.get(position).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * position) & 63) as usize];
            text.push(if position <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Image;
    use crate::render::font::Font;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_vectors() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn a_document_that_an_xml_reader_accepts() {
        let mut scene = Scene::new(20.5, 10.0, Some([255, 254, 253]));
        scene.text([1.0, 9.0], "a<b> & \"c\"\u{1}", Font::Mono, 8.0, [1, 2, 3], Anchor::End);
        scene.image_at(Rect::new(1.0, 2.0, 3.0, 4.0), Image::filled(2, 2, [0, 0, 0, 255]));
        scene.image_at(Rect::new(1.0, 2.0, 3.0, 4.0), Image::filled(0, 2, [0, 0, 0, 255]));
        scene.polygon(&[[0.0, 0.0], [1.0, 0.12345], [-0.0001, f32::NAN]], [9, 9, 9]);
        let svg = encode(&scene, "T & t", &[("Model", "m.tflite"), ("Limits", "-1 < x")]).unwrap();

        let mut reader = quick_xml::Reader::from_str(&svg);
        let mut elements = Vec::new();
        loop {
            use quick_xml::events::Event;
            match reader.read_event().unwrap() {
                Event::Start(start) | Event::Empty(start) => {
                    for attribute in start.attributes() {
                        attribute.unwrap();
                    }
                    elements.push(start.name().as_ref().to_owned());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(elements, ["svg", "title", "metadata", "ws:entry", "ws:entry", "rect", "text", "image", "path"]);
        for part in [
            r#"viewBox="0 0 20.5 10""#,
            "<title>T &amp; t</title>",
            r#"<ws:entry name="Limits">-1 &lt; x</ws:entry>"#,
            "a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}</text>",
            r#"text-anchor="end""#,
            r##"d="M0 0L1 0.123L0 0Z" fill="#090909""##,
            "data:image/png;base64,iVBORw0KGgo",
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
    }
}
