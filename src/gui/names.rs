//! Names and numbers as a person reads them.

use std::time::Duration;

use crate::model::{FormatName, Model};
use crate::render::number::{self, significant};

pub use crate::render::number::grouped as thousands;

/// At most `max` characters; what is too long loses its middle, never the end that differs.
pub fn elide_middle(text: &str, max: usize) -> String {
    elide(text, max, 0.5)
}

/// At most `max` characters, of which `head` (0 to 1) stand before the ellipsis.
pub fn elide(text: &str, max: usize, head: f32) -> String {
    let count = text.chars().count();
    if count <= max || max < 3 {
        return text.to_owned();
    }
    let head = ((max - 1) as f32 * head).ceil() as usize;
    let tail = max - 1 - head.min(max - 1);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

/// The part of the room before the ellipsis with which most names of a list, each with the
/// characters there are for it, can still be told apart; of equals the middle.
pub fn telling_head<'a>(names: &(impl Iterator<Item = (&'a str, usize)> + Clone)) -> f32 {
    let told_apart = |head: f32| {
        let cut: std::collections::HashSet<String> = names.clone().map(|(name, max)| elide(name, max, head)).collect();
        cut.len()
    };
    let mut best = (0.5, told_apart(0.5));
    for head in [0.3, 0.0, 0.8] {
        let count = told_apart(head);
        if count > best.1 {
            best = (head, count);
        }
    }
    best.0
}

/// Binary units: `1.80 MiB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// `6 ms`, `1.3 s`.
pub fn duration(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    match millis {
        millis if millis < 1.0 => "under 1 ms".to_owned(),
        millis if millis < 1000.0 => format!("{millis:.0} ms"),
        millis => format!("{:.1} s", millis / 1000.0),
    }
}

/// Four significant digits; exponents only where they help.
pub fn figure(value: f64) -> String {
    significant(value, 4)
}

/// All the digits that tell the number from its neighbours, for hovering.
pub fn exact(value: f64) -> String {
    format!("{value}")
}

/// Four significant digits with a sign, for values of a weight.
pub fn signed(value: f64) -> String {
    number::signed(value, 4)
}

/// `v3`, `v11`.
pub fn version(model: &Model) -> String {
    match model.format {
        FormatName::Tflite | FormatName::OpenvinoIr => format!("v{}", model.format_version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_goes() {
        assert_eq!(elide_middle("MobilenetV1/Conv2d_12_pointwise", 15), "Mobilen…ntwise".replace("ntwise", "intwise"));
        assert_eq!(elide_middle("short", 15), "short");
        assert_eq!(elide_middle("äöüäöüäöü", 5).chars().count(), 5);
    }

    #[test]
    fn names_are_cut_where_they_are_alike() {
        let names = ["Conv2d_10_depthwise", "Conv2d_11_depthwise", "Conv2d_12_depthwise"];
        let head = telling_head(&names.iter().map(|name| (*name, 14)));
        let mut cut: Vec<_> = names.iter().map(|name| elide(name, 14, head)).collect();
        cut.dedup();
        assert_eq!(cut.len(), 3, "{cut:?}");
        assert!(cut.iter().all(|name| name.chars().count() <= 14));
        assert_eq!(elide("abcdefgh", 4, 0.0), "…fgh");
    }

    #[test]
    fn binary_units() {
        for (number, text) in [(1023, "1023 B"), (1024, "1.00 KiB"), (1_887_437, "1.80 MiB"), (1 << 40, "1.00 TiB")] {
            assert_eq!(bytes(number), text);
        }
    }
}
