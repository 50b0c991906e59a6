//! The pictures of a pair as a file: A, B and their difference beside each other, A swiped over B, or the difference
//! alone, as a window shows them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::colormap::Colours;
use crate::compare::difference::Kind;
use crate::export::picture::{PictureError, PictureOptions};
use crate::export::{atomic, png, svg};
use crate::jobs::versus::{Facing, Plane};
use crate::jobs::{Cancelled, Token};
use crate::render::figure::{self, FigureError, HeatmapFigure};
use crate::render::number::significant;
use crate::render::{Image, Options, Scene};
use crate::view::View;

/// What stands in the file.
#[derive(Debug)]
pub struct PicturesFile {
    pub facing: Arc<Facing>,
    pub shows: Shows,
    /// The layer and the weight's role.
    pub title: String,
    pub options: PictureOptions,
}

#[derive(Debug)]
pub enum Shows {
    /// Beside each other, in this order.
    Beside(Vec<Picture>),
    /// The first one left of a line at a part of the width, the second one right of it.
    Swiped(Box<[Picture; 2]>, f32),
}

/// One of the pictures.
#[derive(Debug)]
pub struct Picture {
    pub plane: Arc<Plane>,
    pub of: Of,
    pub view: View,
    pub colours: Colours,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    A,
    B,
    Difference(Kind),
}

impl PicturesFile {
    /// Writes the file, PNG or SVG as its extension says.
    ///
    /// # Errors
    /// [`PictureError`]; there is no file then, or the one that was there before.
    pub fn save(&self, path: &Path, token: &Token) -> Result<(), PictureError> {
        let in_file = |error: io::Error| PictureError::File { path: path.to_owned(), error };
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
        let entries = || self.entries(token);
        let bytes = match extension.as_str() {
            "png" => png::encode(&self.image(token)?, &borrowed(&entries()?)).map_err(|error| in_file(io::Error::other(error)))?,
            "svg" => {
                let scene = self.scene(self.options.scale.into(), token)?;
                let text = svg::encode(&scene, &self.title, &borrowed(&entries()?));
                text.map_err(|error| in_file(io::Error::other(error)))?.into_bytes()
            }
            _ => return Err(PictureError::Format { formats: ".png or .svg", path: path.to_owned() }),
        };
        atomic::write(path, |out| out.write_all(&bytes)).map_err(in_file)
    }

    /// Its pixels.
    ///
    /// # Errors
    /// [`PictureError`]: cancelled, nothing to draw, or too much.
    pub fn image(&self, token: &Token) -> Result<Image, PictureError> {
        let scale = f32::from(self.options.scale.max(1));
        Ok(self.scene(scale, token)?.image(scale))
    }

    fn scene(&self, pixel_ratio: f32, token: &Token) -> Result<Scene, PictureError> {
        let theme = self.options.theme.theme();
        let parts = match &self.shows {
            Shows::Beside(pictures) => pictures.iter().map(|picture| self.part(picture, pixel_ratio, token)).collect::<Result<_, _>>()?,
            Shows::Swiped(both, part) => {
                let [left, right] = &**both;
                let (of_left, of_right) = (self.part(left, pixel_ratio, token)?, self.part(right, pixel_ratio, token)?);
                vec![figure::swiped(of_left, &of_right, *part, theme)]
            }
        };
        Ok(figure::beside(&self.title, &self.facing.sides.title(), parts, theme, pixel_ratio)?)
    }

    fn part(&self, picture: &Picture, pixel_ratio: f32, token: &Token) -> Result<Scene, PictureError> {
        let Picture { plane, view, colours, .. } = picture;
        let theme = self.options.theme.theme();
        if plane.count() == 0 {
            return Err(FigureError::Empty.into());
        }
        // The figure decides on its scale later; a large picture is reduced.
        if view.rows().max(view.columns()) > 4096 {
            plane.build_pyramid(view, token)?;
        }
        let pyramid = plane.pyramid(view).filter(|pyramid| pyramid.is_complete());
        let figure = HeatmapFigure {
            subtitle: self.subtitle(picture),
            cell: self.options.cell,
            bare: self.options.bare,
            options: Options { pyramid: pyramid.as_deref(), ..Options::new(theme.ink()) },
            ..HeatmapFigure::new(self.caption(picture), &*plane.values, view, *colours, theme, token)
        };
        Ok(figure.scene(pixel_ratio)?)
    }

    fn caption(&self, picture: &Picture) -> String {
        let [a, b] = &self.facing.forms;
        match (&self.shows, picture.of) {
            (Shows::Swiped(..), _) => format!("A {a}, B {b}"),
            (_, Of::A) => format!("A reference, {a}"),
            (_, Of::B) => format!("B {b}"),
            (_, Of::Difference(kind)) => kind.name().to_owned(),
        }
    }

    fn subtitle(&self, picture: &Picture) -> String {
        let shape = picture.plane.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
        let slice = picture.view.slice_text();
        let slice = if slice.is_empty() { slice } else { format!(" · {slice}") };
        match picture.of {
            Of::Difference(_) => {
                let sqnr = self.facing.row.outcome.as_ref().map(|compared| compared.metrics.sqnr_db);
                let sqnr = sqnr.map_or(String::new(), |db| format!("SQNR {} dB · ", significant(db, 4)));
                format!("{sqnr}own scale{slice}")
            }
            _ => format!("{shape}{}{slice}", picture.plane.layout.map_or(String::new(), |layout| format!(" {layout}"))),
        }
    }

    /// What the file says about itself.
    fn entries(&self, token: &Token) -> Result<Vec<(String, String)>, Cancelled> {
        let sides = &self.facing.sides;
        let mut entries =
            vec![("Software".to_owned(), format!("Weightscope {}", env!("CARGO_PKG_VERSION"))), ("Title".to_owned(), self.title.clone())];
        let place = [&self.facing.row.a, &self.facing.row.b];
        for ((letter, opened), (place, form)) in
            ["A", "B"].into_iter().zip([&sides.a, &sides.b]).zip(place.into_iter().zip(&self.facing.forms))
        {
            entries.push((format!("Model {letter}"), opened.model.file_name()));
            entries.push((format!("Weight {letter}"), format!("{} {}, {form}", place.name, place.role)));
            entries.extend(opened.digest(token)?.map(|digest| (format!("Model {letter} SHA-256"), digest)));
        }
        let pictures: Vec<&Picture> = match &self.shows {
            Shows::Beside(pictures) => pictures.iter().collect(),
            Shows::Swiped(both, part) => {
                entries.push(("Swiped at".to_owned(), format!("{part:.3}")));
                both.iter().collect()
            }
        };
        for picture in pictures {
            let of = match picture.of {
                Of::A => "A",
                Of::B => "B",
                Of::Difference(kind) => kind.name(),
            };
            let Colours { map, limits, norm } = picture.colours;
            entries.push((format!("Colours of {of}"), format!("{} {} {} {}", map.name(), limits.low, limits.high, norm.name())));
        }
        Ok(entries)
    }
}

fn borrowed(entries: &[(String, String)]) -> Vec<(&str, &str)> {
    entries.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect()
}
