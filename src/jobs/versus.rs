//! Two models, or two weights, held against each other: the long work of the window's comparisons.

mod facing;
mod plane;

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;

pub use self::facing::{Code, Facing};
pub use self::plane::Plane;
use super::job::{Opened, Output, Picture};
use super::pool::{Failure, Lane};
use super::{Cancelled, Token};
use crate::colormap::Colours;
use crate::compare::difference::Kind;
use crate::compare::pair::{Decisions, PairsFile};
use crate::compare::table::{self, Options, Row, Table};
use crate::compare::{Grade, Pair, Pairing, Subject, pair};
use crate::export::atomic;
use crate::export::compare::pictures::PicturesFile;
use crate::export::compare::{Report, html};
use crate::render::Viewport;
use crate::render::theme::Theme;
use crate::stats::Histogram;
use crate::view::View;
use crate::weights::Site;

/// A piece of work on a comparison.
pub enum Work {
    /// Pairs two models and compares the pairs; what is found is told as it is found.
    Compare(Box<Comparing>),
    /// The values of a pair, B's in A's order.
    Face {
        sides: Sides,
        row: Box<Row>,
    },
    /// How the values of a pair differ.
    Difference {
        facing: Arc<Facing>,
        kind: Kind,
    },
    /// A part of a picture of a side or of the difference.
    Picture(Box<Drawing>),
    /// The figures of all values, where those of a sample came first.
    Count(Vec<Arc<Plane>>),
    /// What makes a picture from afar exact.
    Pyramid {
        plane: Arc<Plane>,
        view: Box<View>,
    },
    /// Both distributions on the same edges.
    Histograms {
        facing: Arc<Facing>,
    },
    /// The table as HTML, CSV or JSON, as the path's extension says.
    Report {
        sides: Sides,
        table: Box<Table>,
        order: Vec<usize>,
        grades: Vec<Option<Grade>>,
        path: PathBuf,
    },
    /// The pictures on display as a file.
    SavePicture {
        picture: Box<PicturesFile>,
        path: PathBuf,
    },
    CopyPicture(Box<PicturesFile>),
    SavePairs {
        sides: Sides,
        pairs: Vec<Pair>,
        broken: Vec<(Site, Site)>,
        path: PathBuf,
    },
    LoadPairs {
        sides: Sides,
        path: PathBuf,
    },
}

/// What such work brings.
#[derive(Debug)]
pub enum Brought {
    /// Everything was told.
    Compared,
    Facing(Arc<Facing>),
    Difference(Arc<Plane>),
    Picture(Picture),
    /// More of a picture, or better colours, can be had than before.
    Refined,
    Histograms(Arc<[Histogram; 2]>),
    Decisions(Decisions),
}

/// What the newest request of a comparison stands for, of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    Table,
    Face,
    Difference,
    /// Of the pictures beside each other, the one with this number.
    Picture(u8),
    /// Its pyramid.
    Pyramid(u8),
    /// The figures of both sides, and of the difference.
    Counts,
    CountDifference,
    Histograms,
    Pairs,
}

impl Slot {
    /// All that is about the pair on display.
    pub const OF_A_PAIR: [Self; 11] = [
        Self::Face,
        Self::Difference,
        Self::Histograms,
        Self::Counts,
        Self::CountDifference,
        Self::Picture(0),
        Self::Picture(1),
        Self::Picture(2),
        Self::Pyramid(0),
        Self::Pyramid(1),
        Self::Pyramid(2),
    ];
}

/// A, the reference, and B. They may be the same model.
#[derive(Clone, Debug)]
pub struct Sides {
    pub a: Arc<Opened>,
    pub b: Arc<Opened>,
}

pub struct Comparing {
    pub sides: Sides,
    /// The pairs, where they are not to be looked for.
    pub pairs: Option<Vec<Pair>>,
    pub decisions: Decisions,
    /// Pairs that were compared before.
    pub known: Vec<(Site, Site)>,
    pub options: Options,
    pub tell: Sender<Told>,
}

/// What is found on the way.
#[derive(Debug)]
pub enum Told {
    Pairing(Box<Pairing>),
    Row(Box<Row>),
}

/// A picture to be drawn.
pub struct Drawing {
    pub plane: Arc<Plane>,
    pub view: View,
    pub colours: Colours,
    pub viewport: Viewport,
    pub theme: &'static Theme,
}

impl Sides {
    pub fn subject_a(&self) -> Subject<'_> {
        Subject { model: &self.a.model, catalogue: &self.a.catalogue }
    }

    pub fn subject_b(&self) -> Subject<'_> {
        Subject { model: &self.b.model, catalogue: &self.b.catalogue }
    }

    /// `mobilenet_v1.tflite ↔ mobilenet_v1_int8.tflite`; of one model only once.
    pub fn title(&self) -> String {
        let (a, b) = (self.a.model.file_name(), self.b.model.file_name());
        if Arc::ptr_eq(&self.a, &self.b) { format!("{a} ↔ itself") } else { format!("{a} ↔ {b}") }
    }
}

impl Work {
    pub fn title(&self) -> String {
        match self {
            Self::Compare(comparing) => format!("Comparing {}", comparing.sides.title()),
            Self::Face { .. } => "Reading two weights".to_owned(),
            Self::Difference { .. } => "Subtracting".to_owned(),
            Self::Picture(_) => "Drawing the heatmap".to_owned(),
            Self::Histograms { .. } => "Counting values".to_owned(),
            Self::Count(_) => "Counting all values".to_owned(),
            Self::Pyramid { .. } => "Refining the picture".to_owned(),
            Self::CopyPicture(_) => "Copying the picture".to_owned(),
            Self::Report { path, .. } | Self::SavePairs { path, .. } | Self::SavePicture { path, .. } => {
                format!("Writing {}", path.file_name().unwrap_or_default().to_string_lossy())
            }
            Self::LoadPairs { .. } => "Reading pairs".to_owned(),
        }
    }

    pub fn lane(&self) -> Lane {
        match self {
            Self::Compare(_)
            | Self::Report { .. }
            | Self::SavePairs { .. }
            | Self::LoadPairs { .. }
            | Self::SavePicture { .. }
            | Self::CopyPicture(_)
            | Self::Count(_)
            | Self::Pyramid { .. } => Lane::Bulk,
            Self::Face { .. } | Self::Difference { .. } | Self::Picture(_) | Self::Histograms { .. } => Lane::Interactive,
        }
    }

    /// Does the work, on the calling thread.
    ///
    /// # Errors
    /// [`Failure`]: cancelled, or one sentence.
    pub fn run(self, token: &Token) -> Result<Output, Failure> {
        let brought = match self {
            Self::Compare(comparing) => {
                compare(*comparing, token)?;
                Brought::Compared
            }
            Self::Face { sides, row } => Brought::Facing(Arc::new(Facing::of(sides, *row, token)?)),
            Self::Difference { facing, kind } => Brought::Difference(Arc::new(facing.difference(kind, token)?)),
            Self::Picture(drawing) => {
                let Drawing { plane, view, colours, viewport, theme } = *drawing;
                let image = plane.draw(&view, &colours, &viewport, theme.ink(), token)?;
                Brought::Picture(Picture { image, viewport })
            }
            Self::Count(planes) => {
                planes.iter().try_for_each(|plane| plane.count_all(token))?;
                Brought::Refined
            }
            Self::Pyramid { plane, view } => {
                plane.build_pyramid(&view, token)?;
                Brought::Refined
            }
            Self::Histograms { facing } => Brought::Histograms(Arc::new(facing.histograms(token)?)),
            Self::SavePicture { picture, path } => {
                picture.save(&path, token)?;
                return Ok(Output::Saved(vec![path]));
            }
            Self::CopyPicture(picture) => return Ok(Output::Copied(Box::new(picture.image(token)?))),
            Self::Report { sides, table, order, grades, path } => {
                let report = Report { a: sides.subject_a(), b: sides.subject_b(), table: &table, order: &order, grades: &grades };
                let text = report_text(&report, &path, token)?;
                return write(&path, &text);
            }
            Self::SavePairs { sides, pairs, broken, path } => {
                let file = PairsFile::of(sides.subject_a(), sides.subject_b(), &pairs, &broken);
                let text = file.text().map_err(|error| Failure::of(&format!("can't write the pairs: {error}")))?;
                return write(&path, &text);
            }
            Self::LoadPairs { sides, path } => Brought::Decisions(load_pairs(&sides, &path)?),
        };
        Ok(Output::Versus(brought))
    }
}

fn compare(comparing: Comparing, token: &Token) -> Result<(), Cancelled> {
    let Comparing { sides, pairs, decisions, known, options, tell } = comparing;
    let (a, b) = (sides.subject_a(), sides.subject_b());
    let pairing = match pairs {
        Some(pairs) => Pairing { pairs, ..Pairing::default() },
        None => pair(a, b, &decisions, token)?,
    };
    let missing: Vec<Pair> = pairing.pairs.iter().filter(|pair| !known.contains(&(pair.a, pair.b))).cloned().collect();
    // Nobody listens any more once the comparison is closed; then it is cancelled, too.
    let _ = tell.send(Told::Pairing(Box::new(pairing)));
    let tell_row = |_: usize, row: &Row| {
        let _ = tell.send(Told::Row(Box::new(row.clone())));
    };
    table::compare_pairs(a, b, &missing, options, token, tell_row)?;
    Ok(())
}

fn report_text(report: &Report<'_>, path: &std::path::Path, token: &Token) -> Result<String, Failure> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension.as_str() {
        "html" => html::text(report, token).map_err(|error| match token.is_cancelled() {
            true => Failure::Cancelled,
            false => Failure::of(&error),
        }),
        "csv" => Ok(report.csv()),
        "json" => match serde_json::to_string_pretty(&report.json()) {
            Ok(text) => Ok(text + "\n"),
            Err(error) => Err(Failure::of(&format!("can't write the report: {error}: {}", path.display()))),
        },
        _ => Err(Failure::Failed(format!("Which format? Name the file .html, .csv or .json: {}", path.display()))),
    }
}

fn write(path: &std::path::Path, text: &str) -> Result<Output, Failure> {
    atomic::write(path, |out| out.write_all(text.as_bytes()))
        .map_err(|error| Failure::of(&format!("can't write the file: {error}: {}", path.display())))?;
    Ok(Output::Saved(vec![path.to_path_buf()]))
}

fn load_pairs(sides: &Sides, path: &std::path::Path) -> Result<Decisions, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::of(&format!("can't read the pairs: {error}: {}", path.display())))?;
    let decisions = PairsFile::parse(&text).and_then(|file| file.decisions(sides.subject_a(), sides.subject_b()));
    decisions.map_err(|error| Failure::of(&format!("{error}: {}", path.display())))
}
