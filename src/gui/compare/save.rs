//! The pictures on display as a file or on the clipboard.

use std::path::PathBuf;
use std::sync::Arc;

use super::faces;
use super::state::{Comparison, name_of};
use super::views::{A, B, DIFFERENCE, Mode};
use crate::export::compare::pictures::{Of, Picture, PicturesFile, Shows};
use crate::export::picture::{PictureOptions, ThemeName};
use crate::export::pictures::file_stem;

/// The pictures as they are shown: the same views, colours and place of the divider; those that blink stand
/// beside each other. `None` as long as they are not all there.
pub fn pictures(comparison: &Comparison, options: PictureOptions) -> Option<PicturesFile> {
    let facing = comparison.facing.ready()?;
    let faces = &comparison.views.faces;
    let picture = |slot: usize| {
        let plane = Arc::clone(faces::plane(comparison, facing, slot)?);
        let of = match slot {
            A => Of::A,
            B => Of::B,
            _ => Of::Difference(comparison.difference_kind),
        };
        Some(Picture { plane, of, view: faces.views[slot].clone()?, colours: faces::colours(comparison, faces, facing, slot) })
    };
    let beside = |slots: &[usize]| slots.iter().map(|slot| picture(*slot)).collect::<Option<Vec<_>>>().map(Shows::Beside);
    let shows = match faces.mode {
        _ if facing.alignment().is_err() => beside(&[A, B]),
        Mode::SideBySide => beside(&[A, B, DIFFERENCE]),
        Mode::Swipe => Some(Shows::Swiped(Box::new([picture(A)?, picture(B)?]), faces.swipe)),
        Mode::Difference => beside(&[DIFFERENCE]),
        Mode::Blink => beside(&[A, B]),
    }?;
    let (label, ..) = name_of(&comparison.sides.a, facing.row.pair.a);
    let title = format!("{label} · {}", facing.row.a.role);
    Some(PicturesFile { facing: Arc::clone(facing), shows, title, options })
}

/// How a picture in the window's theme looks.
pub fn options(ctx: &egui::Context) -> PictureOptions {
    let theme = if ctx.global_style().visuals.dark_mode { ThemeName::Dark } else { ThemeName::Light };
    PictureOptions { theme, ..PictureOptions::default() }
}

/// The file's name to begin with: models, layer, role and what is shown.
pub fn name(comparison: &Comparison) -> PathBuf {
    let stem = |opened: &crate::jobs::Opened| opened.model.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let what = match comparison.views.faces.mode {
        Mode::SideBySide => "side-by-side",
        Mode::Swipe => "swipe",
        Mode::Difference => "difference",
        Mode::Blink => "both",
    };
    let layer = comparison.selected_row().map_or(String::new(), |row| {
        let (label, ..) = name_of(&comparison.sides.a, row.pair.a);
        format!("{}.{}.", file_stem(&label), row.a.role)
    });
    PathBuf::from(format!("{}.{}.{layer}{what}.png", stem(&comparison.sides.a), stem(&comparison.sides.b)))
}
