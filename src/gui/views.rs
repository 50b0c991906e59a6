//! What each panel remembers of how a person looks at a model: zoom, sorting, choices. Panels own
//! and change these; nothing here is the model's.

use std::collections::HashMap;
use std::sync::Arc;

use egui::TextureHandle;

use super::panels::graph::{FindView, Lit, Minimap, Moving, Pointed, Scene, Texts};
use crate::colormap::{Colours, Limits, Map, Norm, Range};
use crate::groups::GroupRef;
use crate::jobs::{Counting, Loaded, Look, Measure, PictureKey, Shows, has_codes};
use crate::layout::{self, Node, Point};
use crate::model::{GraphId, OperationRef};
use crate::render::{Reduction, Viewport};
use crate::view::View;
use crate::weights::{Reading, Site};

#[derive(Default)]
pub struct Views {
    pub weights: WeightsView,
    pub graph: GraphView,
    pub heatmap: HeatmapView,
    pub histogram: HistogramView,
    pub channels: ChannelsView,
    pub statistics: StatisticsView,
    /// Real values between these (both included, finite, the lower first) are marked in the heatmap; set
    /// in the histogram, and gone when another weight is shown.
    pub brush: Option<(f32, f32)>,
    /// An element (index along every axis) that the heatmap shall bring into sight and pin; it takes it.
    pub reveal_element: Option<Vec<usize>>,
}

/// The table of figures of all weights.
pub struct StatisticsView {
    pub filter: String,
    pub sort: StatisticsColumn,
    pub descending: bool,
    /// The columns beside the name, left to right.
    pub columns: Vec<StatisticsColumn>,
    /// Lines in the order shown, and what that order was computed for.
    pub order: Vec<u32>,
    pub ordered_for: Option<(String, StatisticsColumn, bool, usize)>,
}

/// A column of the statistics table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatisticsColumn {
    /// The order of the file.
    Number,
    Name,
    Kind,
    DType,
    Shape,
    Figure(crate::stats::Figure),
}

impl Default for StatisticsView {
    fn default() -> Self {
        use crate::stats::Figure::{CodesUsed, DeadChannels, Kurtosis, Max, Mean, Min, Outliers, Saturation, Sparsity, Std};
        let figures = [Sparsity, Kurtosis, Outliers, DeadChannels, CodesUsed, Saturation, Min, Max, Mean, Std];
        let columns = [StatisticsColumn::DType].into_iter().chain(figures.map(StatisticsColumn::Figure)).collect();
        Self { filter: String::new(), sort: StatisticsColumn::Number, descending: false, columns, order: Vec::new(), ordered_for: None }
    }
}

/// The channels of the weight on display.
pub struct ChannelsView {
    pub sort: ChannelSort,
    pub descending: bool,
    pub shows_ridges: bool,
    /// The channel that was gone to last.
    pub chosen: Option<usize>,
    /// The part of the channels in sight: where it begins and how much it is, both of 1.
    pub window: (f64, f64),
    /// Channels that stand out, ascending.
    pub outliers: Vec<u32>,
    pub dead: Vec<u32>,
    /// Channels in the order shown, and what that was computed for.
    pub order: Vec<u32>,
    pub ordered_for: Option<(Arc<Loaded>, ChannelSort, bool)>,
}

impl Default for ChannelsView {
    fn default() -> Self {
        Self {
            sort: ChannelSort::Index,
            descending: false,
            shows_ridges: false,
            chosen: None,
            window: (0.0, 1.0),
            outliers: Vec::new(),
            dead: Vec::new(),
            order: Vec::new(),
            ordered_for: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelSort {
    #[default]
    Index,
    Width,
    Norm,
    Mean,
}

/// The weights table.
#[derive(Default)]
pub struct WeightsView {
    pub filter: String,
    pub sort: Sort,
    pub descending: bool,
    /// Whether biases, scales and the like are listed beside the kernels.
    pub kernels_only: bool,
    /// Rows in the order shown, and what that order was computed for.
    pub order: Vec<u32>,
    /// Headings over groups of rows: the place in `order` of the first row below each.
    pub headings: Vec<(usize, String)>,
    pub ordered_for: Option<(String, Sort, bool, bool, usize)>,
    /// Where names are cut, and the characters and rows that was found for.
    pub name_cut: Option<((usize, usize), f32)>,
    /// Scroll so that this row is in sight.
    pub reveal: Option<Site>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    #[default]
    FileOrder,
    Name,
    Role,
    Kind,
    DType,
    Parameters,
    Size,
    Range,
    /// Of the operation that uses it, in the runtime.
    Time,
    Kernel,
}

/// The graph's canvas.
#[derive(Clone, Default)]
pub struct GraphView {
    /// The graph that the view is of; `None`: none was shown yet.
    graph: Option<GraphId>,
    /// The point of the layout in the middle of the panel.
    pub center: Point,
    /// Points of the screen a point of the layout.
    pub zoom: f64,
    pub is_fitted: bool,
    /// Where the view was in graphs that were left.
    left: HashMap<GraphId, (Point, f64)>,
    /// Where the view flies to, and since when.
    pub flight: Option<Flight>,
    /// Set from outside: fit, or zoom by a factor, at the next frame.
    pub fit_wanted: bool,
    pub zoom_wanted: Option<f32>,
    /// An operation to bring in sight, and whether to move there even if it is.
    pub reveal: Option<(OperationRef, bool)>,
    /// The same, when the next layout has come.
    pub reveal_next: Option<(OperationRef, bool)>,
    /// The closed group that is selected in the place of an operation.
    pub chosen: Option<GroupRef>,
    /// What the menu was opened on.
    pub menu_on: Option<Node>,
    /// The part of the layout that was in sight last.
    pub seen: Option<layout::Rect>,
    /// What boxes are coloured by; `None`: the operation's family.
    pub colour_by: Option<Measure>,
    pub legend: bool,
    pub find: FindView,
    /// The box whose row in a list is pointed at.
    pub pointed: Option<(u32, Pointed)>,
    /// Where a button was pressed on the canvas last.
    pub pressed_at: Option<egui::Pos2>,
    /// The box below the pointer in the frame before.
    pub hovered_before: Option<u32>,
    /// Where something lay over the canvas in the frame before.
    pub covered: Vec<egui::Rect>,
    /// The operations that run the model's bodies.
    pub owners: Option<HashMap<GraphId, OperationRef>>,
    /// What stays in its place on the screen when the next layout comes.
    pub held: Option<Held>,
    pub moving: Option<Moving>,
    /// What was drawn last.
    pub scene: Scene,
    pub texts: Texts,
    pub lit: Lit,
    pub minimap: Minimap,
}

/// What stays where it is on the screen from one layout to the next.
#[derive(Clone, Copy, Debug)]
pub enum Held {
    Group(GroupRef),
    Operation(OperationRef),
    Node(Node),
}

#[derive(Clone, Copy, Debug)]
pub struct Flight {
    pub from: (Point, f64),
    pub to: (Point, f64),
    /// In the time of the frame's input, seconds.
    pub start: f64,
}

impl GraphView {
    /// Whether the graph is not the main one.
    pub fn shows_body(&self) -> bool {
        self.graph.is_some_and(|graph| graph != GraphId(0))
    }

    /// Another graph is on display: the view is where it was when that was left, and what concerns
    /// boxes of the old one is forgotten.
    pub fn enter(&mut self, graph: GraphId) {
        if self.graph == Some(graph) {
            return;
        }
        if let Some(before) = self.graph.replace(graph).filter(|_| self.is_fitted) {
            self.left.insert(before, (self.center, self.zoom));
        }
        (self.flight, self.pointed, self.hovered_before, self.held, self.moving) = (None, None, None, None, None);
        (self.lit, self.scene, self.chosen, self.reveal_next) = (Lit::default(), Scene::default(), None, None);
        let before = self.left.remove(&graph);
        self.is_fitted = before.is_some();
        if let Some((center, zoom)) = before {
            (self.center, self.zoom) = (center, zoom);
        }
    }
}

/// The heatmap's view of the weight on display.
pub struct HeatmapView {
    /// What the choices below were made for; another weight starts anew, but for the colours.
    pub site: Option<Site>,
    pub reading: Reading,
    pub view: Option<View>,
    pub map: Option<Map>,
    pub range: Range,
    pub norm: Norm,
    /// Whether the person has laid axes out otherwise: another weight of the same axes is laid out so too.
    pub is_arranged: bool,
    /// Whether the range is the one that the weight began with.
    pub is_range_own: bool,
    pub shows: Shows,
    /// Each kernel on its own scale.
    pub own_scale: bool,
    pub saturated: bool,
    pub reduction: Reduction,
    /// Set by the histogram: real values that are marked.
    pub brush: Option<(f32, f32)>,
    /// The values as a table instead of a picture.
    pub table: Option<TableView>,
    /// The line in which a person types where to go.
    pub go_to: Option<GoTo>,
    /// A cell (row, column) to bring into sight.
    pub fly_to: Option<(usize, usize)>,
    /// Limits when a drag of them began, and the part of the bar or picture gone since.
    pub drag: Option<LimitsDrag>,
    /// The picture that was left as coarse as it was.
    pub coarse: Option<PictureKey>,
    /// What the pyramid under way is for.
    pub refining: Option<PictureKey>,
    /// Cells at the top left corner of the picture's panel, and pixels a cell; `None`: fitted.
    pub camera: Option<Camera>,
    pub pinned: Option<(usize, usize)>,
    pub hovered: Option<(usize, usize)>,
    /// The picture on screen, and what it shows.
    pub shown: Option<ShownPicture>,
    /// The picture that was asked for last.
    pub asked: Option<PictureWanted>,
    pub manual: (String, String),
    pub fit_wanted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Column and row, in cells, at the top left corner.
    pub origin: Vec2d,
    /// Physical pixels a cell: across, down. The same but for pictures of a few long rows or columns.
    pub scale: [f64; 2],
}

/// Two float64; float32 is too coarse for a picture of millions of rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vec2d {
    pub x: f64,
    pub y: f64,
}

/// The table of values.
#[derive(Clone, Debug, Default)]
pub struct TableView {
    /// The corners (row, column) of the cells that are selected, in the order in which they were met.
    pub selected: Option<[(usize, usize); 2]>,
}

/// Where to go, while it is typed.
#[derive(Clone, Debug, Default)]
pub struct GoTo {
    pub text: String,
    /// Whether the field has had the keyboard.
    pub has_focus: bool,
    pub problem: Option<String>,
}

/// A drag that changes the limits of the colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitsDrag {
    pub from: Limits,
    /// Points across and down since it began.
    pub moved: egui::Vec2,
}

/// A part of a weight's picture that a worker is asked to draw.
#[derive(Clone, Debug)]
pub struct PictureWanted {
    pub loaded: Arc<Loaded>,
    pub look: Look,
    pub colours: Colours,
    pub viewport: Viewport,
    pub theme: &'static crate::render::theme::Theme,
    /// How far the picture's pyramid is built.
    pub detail: usize,
}

impl PartialEq for PictureWanted {
    fn eq(&self, other: &Self) -> bool {
        self.shows_the_same(other) && self.viewport == other.viewport && self.detail == other.detail
    }
}

impl PictureWanted {
    /// Whether the two differ in place and zoom at most.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.loaded.values, &other.loaded.values)
            && self.look == other.look
            && self.colours == other.colours
            && self.theme == other.theme
    }
}

pub struct ShownPicture {
    pub texture: TextureHandle,
    /// What was drawn; a picture of something else is not shown, not even for a frame.
    pub of: PictureWanted,
}

impl Default for HeatmapView {
    fn default() -> Self {
        Self {
            site: None,
            reading: Reading::default(),
            view: None,
            map: None,
            range: Range::Full,
            norm: Norm::Linear,
            is_arranged: false,
            is_range_own: true,
            shows: Shows::Real,
            own_scale: false,
            saturated: false,
            reduction: Reduction::Extreme,
            brush: None,
            table: None,
            go_to: None,
            fly_to: None,
            drag: None,
            coarse: None,
            refining: None,
            camera: None,
            pinned: None,
            hovered: None,
            shown: None,
            asked: None,
            manual: (String::new(), String::new()),
            fit_wanted: false,
        }
    }
}

#[derive(Default)]
pub struct HistogramView {
    pub log_counts: bool,
    pub rule: crate::stats::Rule,
    pub range: HistogramRange,
    /// The ends that were typed.
    pub manual: (String, String),
    /// Whether stored codes are counted where there are some, instead of real values.
    pub shows_values: bool,
    /// Where a drag across the plot began, in the plot's units.
    pub brush_from: Option<f64>,
    pub asked: Option<HistogramWanted>,
}

/// Which values the histogram spans.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum HistogramRange {
    #[default]
    Full,
    /// From one percentile to another.
    Percentiles(f64, f64),
    /// So many standard deviations to either side of the mean.
    Deviations(f64),
    Between(f64, f64),
}

impl HistogramView {
    /// What is counted of a weight.
    pub fn counting(&self, loaded: &Loaded) -> Counting {
        let of_codes = !self.shows_values && has_codes(loaded);
        let moments = &loaded.summary.moments;
        let range = match self.range {
            HistogramRange::Full => None,
            HistogramRange::Percentiles(low, high) => Some((loaded.figures.percentile(low), loaded.figures.percentile(high))),
            HistogramRange::Deviations(count) => Some((moments.mean - count * moments.std, moments.mean + count * moments.std)),
            HistogramRange::Between(low, high) => Some((low, high)),
        };
        Counting { rule: self.rule, range: range.filter(|_| !of_codes), of_codes }
    }
}

#[derive(Clone, Debug)]
pub struct HistogramWanted {
    pub loaded: Arc<Loaded>,
    pub counting: Counting,
}

impl PartialEq for HistogramWanted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.loaded, &other.loaded) && self.counting == other.counting
    }
}
