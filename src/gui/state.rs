//! Everything the window knows. Panels read it; only [`super::execute`] changes it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::groups::Fold;
use crate::jobs::{
    Distribution, Found, Glance, GraphPicture, Loaded, Measure, Measures, Opened, Origin, RuntimeFound, Statistics, Structure,
    statistics_of,
};
use crate::layout::Direction;
use crate::model::{FormatName, GraphId, OperationId, OperationRef};
use crate::runtime::{Profile, Report};
use crate::stats::Ridges;
use crate::weights::{Reading, Section, Site, Weight};

use super::command::Pick;
use super::compare::Versus;
use super::compare::links::Paired;
use super::history::History;
use super::settings::Settings;
use super::views::Views;

pub struct State {
    pub settings: Settings,
    pub documents: Vec<Document>,
    /// The document on display, an index into `documents`.
    pub active: usize,
    pub openings: Vec<Opening>,
    pub notices: Vec<Notice>,
    pub overlay: Option<Overlay>,
    /// The OpenVINO runtime at the place that the settings name.
    pub runtime: Progress<RuntimeFound>,
    /// The layer that the command line asked to show once its models are there.
    pub show_layer_at_start: Option<String>,
    /// Models and weights held against each other.
    pub versus: Versus,
    /// Numbers for documents and jobs.
    next_number: u64,
}

/// One open model and what is known of it so far.
pub struct Document {
    pub number: u64,
    pub opened: Arc<Opened>,
    /// The graph that the selection is of.
    pub graph: GraphId,
    /// The graph that the canvas shows: that of the selection, or one in which its body is open.
    pub in_view: GraphId,
    /// What is open in the graphs, where that was changed.
    pub folds: HashMap<GraphId, Fold>,
    pub direction: Direction,
    pub selected: Option<OperationId>,
    /// The weight on display, in the heatmap and the histogram.
    pub weight: Option<Site>,
    /// Of a weight that holds several gates, those on display; none for all of it.
    pub sections: Vec<Section>,
    /// What is shown of weights that `FakeQuantize` quantises when the model runs.
    pub reading: Reading,
    pub layouts: HashMap<GraphId, Progress<Arc<GraphPicture>>>,
    /// Measures to colour a graph's operations by.
    pub measures: HashMap<(GraphId, Measure), Progress<Arc<Measures>>>,
    /// Operations that match what is looked for in the graph.
    pub found: Progress<Arc<Found>>,
    /// The operation whose row in a list the pointer is on.
    pub pointed: Option<OperationRef>,
    pub shown: Progress<Arc<Loaded>>,
    pub histogram: Progress<Arc<Distribution>>,
    /// The distributions of the channels of the weight on display.
    pub ridges: Progress<Arc<Ridges>>,
    /// What is known of it as a matrix.
    pub structure: Progress<Arc<Structure>>,
    /// What the OpenVINO runtime made of the model's constants.
    pub verified: Progress<Arc<Report>>,
    /// What the OpenVINO runtime makes of the model, and how long that takes.
    pub profiled: Progress<Arc<Profile>>,
    /// The figures of the weights, a line a row of `opened`, as far as they are known.
    pub statistics: Arc<Statistics>,
    /// Whether they are being computed.
    pub statistics_state: Progress<()>,
    /// Where weights stand in open comparisons.
    pub paired: HashMap<Site, Paired>,
    /// A weight that was selected elsewhere, to be shown when the document comes on display.
    pub follow: Option<Site>,
    pub glances: HashMap<Site, Progress<Glance>>,
    /// The pictures of [`Glance`]s on the graphics card.
    pub thumbnails: HashMap<Site, egui::TextureHandle>,
    pub history: History<Place>,
    pub views: Views,
}

/// Something that a job brings.
#[derive(Clone, Debug, Default)]
pub enum Progress<T> {
    /// Nobody asked.
    #[default]
    None,
    Loading,
    Ready(T),
    /// One sentence.
    Failed(String),
}

/// A place that Back leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub graph: GraphId,
    pub selected: Option<OperationId>,
    pub weight: Option<Site>,
}

/// A file that is being opened.
pub struct Opening {
    pub number: u64,
    pub path: PathBuf,
    /// The document to put the model in the place of, when it is read again.
    pub replaces: Option<u64>,
}

/// A sentence in the corner.
pub struct Notice {
    pub kind: NoticeKind,
    pub text: String,
    pub since: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    Done,
    Error,
}

/// What lies over the panels and has the keyboard.
pub enum Overlay {
    Palette(super::palette::Palette),
    Save(super::save::SaveDialog),
    File(super::file_view::FileView),
    /// The path field, where the system has no file dialog.
    OpenPath {
        field: super::path_field::PathField,
        purpose: Pick,
    },
    Verify(super::verify::VerifyBox),
    Profile(super::profile::ProfileBox),
    Settings(super::settings_box::SettingsBox),
    Versus(super::compare::dialog::Dialog),
    Shortcuts,
    About,
}

impl State {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            documents: Vec::new(),
            active: 0,
            openings: Vec::new(),
            notices: Vec::new(),
            overlay: None,
            runtime: Progress::None,
            show_layer_at_start: None,
            versus: Versus::default(),
            next_number: 0,
        }
    }

    /// The document on display; none while a comparison is.
    pub fn document(&self) -> Option<&Document> {
        self.documents.get(self.active).filter(|_| self.versus.shown.is_none())
    }

    pub fn document_mut(&mut self) -> Option<&mut Document> {
        self.documents.get_mut(self.active).filter(|_| self.versus.shown.is_none())
    }

    pub fn by_number(&self, number: u64) -> Option<&Document> {
        self.documents.iter().find(|document| document.number == number)
    }

    pub fn by_number_mut(&mut self, number: u64) -> Option<&mut Document> {
        self.documents.iter_mut().find(|document| document.number == number)
    }

    pub fn next_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    pub fn notify(&mut self, kind: NoticeKind, text: impl Into<String>) {
        let text = text.into();
        self.notices.retain(|notice| notice.text != text);
        self.notices.push(Notice { kind, text, since: Instant::now() });
    }

    /// Drops notices that were there long enough to read. Errors stay until they are closed.
    pub fn age_notices(&mut self) {
        const READING_TIME: Duration = Duration::from_secs(6);
        self.notices.retain(|notice| notice.kind == NoticeKind::Error || notice.since.elapsed() < READING_TIME);
    }
}

impl Document {
    pub fn new(number: u64, opened: Arc<Opened>) -> Self {
        Self {
            number,
            statistics: statistics_of(opened.rows.len()),
            statistics_state: Progress::None,
            opened,
            graph: GraphId(0),
            in_view: GraphId(0),
            folds: HashMap::new(),
            direction: Direction::default(),
            selected: None,
            weight: None,
            sections: Vec::new(),
            reading: Reading::default(),
            layouts: HashMap::new(),
            measures: HashMap::new(),
            found: Progress::None,
            pointed: None,
            shown: Progress::None,
            histogram: Progress::None,
            ridges: Progress::None,
            structure: Progress::None,
            verified: Progress::None,
            profiled: Progress::None,
            paired: HashMap::new(),
            follow: None,
            glances: HashMap::new(),
            thumbnails: HashMap::new(),
            history: History::default(),
            views: Views::default(),
        }
    }

    pub fn place(&self) -> Place {
        Place { graph: self.graph, selected: self.selected, weight: self.weight }
    }

    /// The weight on display.
    pub fn weight(&self) -> Option<&Weight> {
        self.opened.catalogue.at(self.weight?)
    }

    /// Whether the model has such an operation. A request may come late, made for another model.
    pub fn has(&self, graph: GraphId, operation: OperationId) -> bool {
        self.opened
            .model
            .graphs
            .get(graph.0 as usize)
            .is_some_and(|graph| (operation.0 as usize) < graph.operations.len() + graph.unread.len())
    }

    /// The weight that stands for a layer.
    pub fn main_weight(&self, graph: GraphId, operation: OperationId) -> Option<Site> {
        self.opened.catalogue.main_of_layer(graph, operation).map(|weight| weight.site)
    }

    /// Whether another file may have what a weight lacks.
    pub fn lacks_constants_of(&self, weight: Option<Site>) -> bool {
        let weight = weight.and_then(|site| self.opened.catalogue.at(site));
        self.takes_constants() && weight.is_some_and(|weight| weight.problem(&self.opened.model).is_some())
    }

    /// Whether the model's constants lie in a file that may be another one: that of an OpenVINO model.
    pub fn takes_constants(&self) -> bool {
        self.opened.model.format == FormatName::OpenvinoIr && matches!(self.opened.origin, Origin::File(_))
    }

    /// The operation's short name.
    pub fn label(&self, graph: GraphId, operation: OperationId) -> &str {
        self.opened.labels.get(graph.0 as usize).map_or("", |labels| labels.of(operation))
    }
}

impl<T> Progress<T> {
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }

    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}
