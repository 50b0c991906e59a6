//! Two models, or two weights, held against each other: the long work of the window's comparisons.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;

use super::job::{Opened, Output, Picture};
use super::pool::{Failure, Lane};
use super::{Cancelled, Token};
use crate::colormap::{Colours, Limits, Map, Range};
use crate::compare::difference::{self, Kind};
use crate::compare::distribution::shared_histograms;
use crate::compare::pair::{Decisions, PairsFile};
use crate::compare::table::{self, Options, Row, Table};
use crate::compare::{Alignment, Grade, Pair, Pairing, Side, Subject, pair};
use crate::export::atomic;
use crate::export::compare::{Report, html};
use crate::render::theme::Theme;
use crate::render::{self, Viewport};
use crate::stats::{self, Bins, Histogram, Moments, Rule};
use crate::view::View;
use crate::weights::{CodeWay, Scales, Site, Weight};

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
    Histograms,
    Pairs,
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

/// Two weights with their values.
#[derive(Debug)]
pub struct Facing {
    pub sides: Sides,
    pub row: Row,
    pub a: Arc<Plane>,
    /// In A's shape and order, where the two can be aligned; else in its own.
    pub b: Arc<Plane>,
    /// What each side is stored as: `f32`, `i8, per channel`.
    pub forms: [String; 2],
    scales: [Scales; 2],
    /// The ways to the stored codes.
    ways: [Option<CodeWay>; 2],
}

/// A stored number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Code {
    pub number: i64,
    /// Scale and zero point.
    pub scale: Option<(f64, f64)>,
}

/// Values with what a picture of them needs to know.
#[derive(Debug)]
pub struct Plane {
    pub shape: Vec<usize>,
    pub layout: Option<&'static str>,
    pub values: Vec<f32>,
    pub moments: Moments,
    /// The percentiles 0.5 and 99.5.
    ends: [f64; 2],
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
            Self::Report { path, .. } | Self::SavePairs { path, .. } => {
                format!("Writing {}", path.file_name().unwrap_or_default().to_string_lossy())
            }
            Self::LoadPairs { .. } => "Reading pairs".to_owned(),
        }
    }

    pub fn lane(&self) -> Lane {
        match self {
            Self::Compare(_) | Self::Report { .. } | Self::SavePairs { .. } | Self::LoadPairs { .. } => Lane::Bulk,
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
                let image = render::heatmap(&plane.values, &view, &colours, &viewport, &render::Options::new(theme.ink()));
                Brought::Picture(Picture { image, viewport })
            }
            Self::Histograms { facing } => {
                let histograms = shared_histograms(&facing.a.values, &facing.b.values, Bins::Rule(Rule::Auto), token)?;
                Brought::Histograms(Arc::new(histograms))
            }
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

impl Facing {
    fn of(sides: Sides, row: Row, token: &Token) -> Result<Self, Failure> {
        let gone = || Failure::Failed("The models do not have these weights any more".to_owned());
        let of_a = sides.a.catalogue.at(row.pair.a).ok_or_else(gone)?;
        let of_b = sides.b.catalogue.at(row.pair.b).ok_or_else(gone)?;
        let (side_a, side_b) = (Side::of(&sides.a.model, of_a, token)?, Side::of(&sides.b.model, of_b, token)?);
        let forms = [side_a.text(), side_b.text()];
        // What they are needed for, a readout, can do without them.
        let scales = [of_a.scales(&sides.a.model, token).unwrap_or_default(), of_b.scales(&sides.b.model, token).unwrap_or_default()];
        let ways = [of_a.code_way(&sides.a.model, token), of_b.code_way(&sides.b.model, token)];
        let a = Plane::of(side_a.values(token)?, side_a.form.shape.clone(), side_a.form.layout, token)?;
        let own = side_b.values(token)?;
        let b = match row.outcome.as_ref().ok().map(|compared| &compared.alignment) {
            Some(alignment) => {
                let brought = if alignment.is_reordered { alignment.bring(&own) } else { Some(own) };
                Plane::of(brought.unwrap_or_default(), alignment.shape.clone(), alignment.layout, token)?
            }
            None => Plane::of(own, side_b.form.shape.clone(), side_b.form.layout, token)?,
        };
        drop((side_a, side_b));
        Ok(Self { sides, row, a: Arc::new(a), b: Arc::new(b), forms, scales, ways })
    }

    /// How the two are brought to one; or one sentence why they are not.
    pub fn alignment(&self) -> Result<&Alignment, &str> {
        self.row.outcome.as_ref().map(|compared| &compared.alignment).map_err(String::as_str)
    }

    fn difference(&self, kind: Kind, token: &Token) -> Result<Plane, Cancelled> {
        let values = difference::values(kind, &self.a.values, &self.b.values);
        Plane::of(values, self.a.shape.clone(), self.a.layout, token)
    }

    /// The stored code of an element at a position of A's order, of A and of B, with scale and zero point.
    pub fn codes_at(&self, place: usize) -> [Option<Code>; 2] {
        let place_in_b = self.alignment().map_or(place, |alignment| alignment.place_in_b(place));
        let of = |opened: &Opened, weight: Option<&Weight>, scales: &Scales, way: &Option<CodeWay>, place: usize| {
            let (weight, model, way) = (weight?, &opened.model, way.as_ref()?);
            Some(Code { number: weight.code_at(model, way, place)?, scale: weight.scale_at(model, scales, way, place) })
        };
        let Sides { a, b } = &self.sides;
        [
            of(a, a.catalogue.at(self.row.pair.a), &self.scales[0], &self.ways[0], place),
            of(b, b.catalogue.at(self.row.pair.b), &self.scales[1], &self.ways[1], place_in_b),
        ]
    }
}

impl Plane {
    fn of(values: Vec<f32>, shape: Vec<usize>, layout: Option<&'static str>, token: &Token) -> Result<Self, Cancelled> {
        let moments = Moments::of(&values, token)?;
        let found = stats::percentiles(&values, &[0.5, 99.5], token)?;
        let ends = [0, 1].map(|end| found.get(end).copied().unwrap_or(f64::NAN));
        Ok(Self { shape, layout, values, moments, ends })
    }

    /// The usual view of the values.
    pub fn default_view(&self, aspect: f64) -> View {
        View::default_for(&self.shape, self.layout, aspect)
    }

    fn percentile(&self, percent: f64) -> f64 {
        self.ends[usize::from(percent > 50.0)]
    }

    pub fn limits(&self, range: Range, symmetric: bool) -> Limits {
        range.limits_from(&self.moments, |percent| self.percentile(percent), symmetric)
    }

    pub fn default_range(&self, symmetric: bool) -> Range {
        Range::default_from(&self.moments, |percent| self.percentile(percent), symmetric)
    }

    /// Diverging for weights of both signs, sequential for others.
    pub fn default_map(&self) -> Map {
        Map::default_for(self.moments.min < 0.0)
    }
}
