//! PNG files that say where they come from.

use png::{BitDepth, ColorType, Compression, Encoder, Filter, SrgbRenderingIntent};

pub use png::EncodingError;

use crate::render::Image;

/// What a picture says about itself: pairs of a keyword (`Software`, `Model`, `Tensor`, `Slice`,
/// `DType`, `Layout`, `Limits`, `Colour map`, `Model SHA-256`) and a text.
pub type Entries<'a> = [(&'a str, &'a str)];

/// The file's bytes, the same every time. Opaque images are stored without opacity. Entries become
/// `tEXt` chunks, or `iTXt` ones where they need more than ASCII (PNG 3rd edition, 11.3.3).
///
/// # Errors
/// An image without pixels, which PNG can't hold, or a keyword that is not 1 to 79 Latin-1 characters.
pub fn encode(image: &Image, entries: &Entries<'_>) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, image.width(), image.height());
    let is_opaque = image.is_opaque();
    encoder.set_color(if is_opaque { ColorType::Rgb } else { ColorType::Rgba });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    encoder.set_compression(Compression::Balanced);
    // Cells are runs of one colour: the row above says it all where cells are large.
    encoder.set_filter(Filter::Adaptive);
    for (keyword, text) in entries {
        // A zero byte would end the text; nothing that is meant to be read contains one.
        let text = text.replace('\0', "");
        if text.is_ascii() {
            encoder.add_text_chunk((*keyword).into(), text)?;
        } else {
            encoder.add_itxt_chunk((*keyword).into(), text)?;
        }
    }
    let mut writer = encoder.write_header()?;
    if is_opaque {
        let colours: Vec<u8> = image.pixels().as_chunks::<4>().0.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
        writer.write_image_data(&colours)?;
    } else {
        writer.write_image_data(image.pixels())?;
    }
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> (png::Reader<std::io::Cursor<&[u8]>>, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        (reader, pixels)
    }

    #[test]
    fn pixels_and_texts_come_back() {
        let entries = [("Software", "Weightscope"), ("Layout", "8×3×3×3 OHWI"), ("Tensor", "a\0b")];
        let bytes = encode(&Image::filled(3, 2, [1, 2, 3, 255]), &entries).unwrap();
        assert_eq!(bytes, encode(&Image::filled(3, 2, [1, 2, 3, 255]), &entries).unwrap());
        let (reader, pixels) = decode(&bytes);
        let info = reader.info();
        assert_eq!((info.width, info.height, info.color_type), (3, 2, ColorType::Rgb));
        assert_eq!(pixels, [1, 2, 3].repeat(6));
        let latin: Vec<_> = info.uncompressed_latin1_text.iter().map(|chunk| (chunk.keyword.as_str(), chunk.text.as_str())).collect();
        assert_eq!(latin, [("Software", "Weightscope"), ("Tensor", "ab")]);
        let unicode: Vec<_> = info.utf8_text.iter().map(|chunk| (chunk.keyword.as_str(), chunk.get_text().unwrap())).collect();
        assert_eq!(unicode, [("Layout", "8×3×3×3 OHWI".to_owned())]);
    }

    #[test]
    fn opacity_is_kept() {
        let bytes = encode(&Image::filled(2, 1, [9, 8, 7, 0]), &[]).unwrap();
        let (reader, pixels) = decode(&bytes);
        assert_eq!((reader.info().color_type, pixels), (ColorType::Rgba, [9, 8, 7, 0].repeat(2)));
    }

    #[test]
    fn what_png_cannot_hold_is_an_error() {
        assert!(encode(&Image::filled(0, 4, [0; 4]), &[]).is_err());
        assert!(encode(&Image::filled(1, 1, [0; 4]), &[("", "x")]).is_err());
        assert!(encode(&Image::filled(1, 1, [0; 4]), &[(&"x".repeat(80), "x")]).is_err());
    }
}
