//! What the panes of a comparison remember of how a person looks at it.

use std::sync::Arc;

use egui::TextureHandle;

use crate::cli::CompareView;
use crate::colormap::{Colours, Map, Range};
use crate::compare::difference::Kind;
use crate::compare::{Column, Grade, Preset};
use crate::gui::views::Camera;
use crate::jobs::versus::Plane;
use crate::render::Viewport;
use crate::view::View;
use crate::weights::Site;

#[derive(Default)]
pub struct Views {
    pub table: TableView,
    pub faces: FacesView,
    pub channels: ChannelsView,
    pub histogram: HistogramView,
}

/// What the rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sorting {
    /// The worst channel's SQNR, lowest first.
    #[default]
    Worst,
    Name {
        is_reversed: bool,
    },
    /// The bad end first, or reversed.
    By(Column, bool),
}

pub struct TableView {
    pub sorting: Sorting,
    pub filter: String,
    pub columns: Vec<Column>,
    pub preset: Preset,
    /// Points that the figures are scrolled to the left.
    pub scroll_x: f32,
    /// Whether what has no pair is listed instead.
    pub lists_unpaired: bool,
    /// Of those, one of A and one of B that may be made a pair.
    pub chosen: (Option<Site>, Option<Site>),
    /// Numbers of the rows in the order shown, and what that was computed for.
    pub order: Vec<usize>,
    pub ordered_for: Option<(Sorting, String, Preset)>,
    pub grades: Vec<Option<Grade>>,
    /// Why the filter is none.
    pub filter_problem: Option<String>,
    pub reveal: Option<(Site, Site)>,
}

impl Default for TableView {
    fn default() -> Self {
        Self {
            sorting: Sorting::default(),
            filter: String::new(),
            columns: Column::DEFAULT.to_vec(),
            preset: Preset::default(),
            scroll_x: 0.0,
            lists_unpaired: false,
            chosen: (None, None),
            order: Vec::new(),
            ordered_for: None,
            grades: Vec::new(),
            filter_problem: None,
            reveal: None,
        }
    }
}

/// How the two weights are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    SideBySide,
    Swipe,
    Difference,
    Blink,
}

impl From<CompareView> for Mode {
    fn from(view: CompareView) -> Self {
        match view {
            CompareView::SideBySide => Self::SideBySide,
            CompareView::Swipe => Self::Swipe,
            CompareView::Difference => Self::Difference,
            CompareView::Blink => Self::Blink,
        }
    }
}

impl Mode {
    pub const ALL: [Self; 4] = [Self::SideBySide, Self::Swipe, Self::Difference, Self::Blink];

    pub fn name(self) -> &'static str {
        match self {
            Self::SideBySide => "Side by side",
            Self::Swipe => "Swipe",
            Self::Difference => "Difference",
            Self::Blink => "Blink",
        }
    }
}

/// What is the same in all pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Links {
    pub pan: bool,
    pub zoom: bool,
    pub cursor: bool,
    pub slice: bool,
    pub limits: bool,
    pub colours: bool,
}

impl Default for Links {
    fn default() -> Self {
        Self { pan: true, zoom: true, cursor: true, slice: true, limits: true, colours: true }
    }
}

/// Pictures are told by number: 0 is A, 1 is B, 2 the difference.
pub const A: usize = 0;
pub const B: usize = 1;
pub const DIFFERENCE: usize = 2;

pub struct FacesView {
    pub mode: Mode,
    pub kind: Kind,
    /// The place of the divider, a part of the picture's columns from 0 to 1.
    pub swipe: f32,
    pub blink_secs: f32,
    pub links: Links,
    /// The pair that what follows was made for.
    pub adopted: Option<(Site, Site)>,
    pub views: [Option<View>; 3],
    pub cameras: [Option<Camera>; 3],
    pub shown: [Option<Shown>; 3],
    pub asked: [Option<PictureWanted>; 3],
    /// What the pyramids under way are for.
    pub refining: [Option<(Arc<Plane>, View)>; 3],
    /// The picture and the cell, row and column, under the pointer.
    pub hovered: Option<(usize, (usize, usize))>,
    pub pinned: Option<(usize, (usize, usize))>,
    pub maps: [Option<Map>; 3],
    /// `None`: full, or percentiles where outliers bite.
    pub ranges: [Option<Range>; 3],
    /// The channel that the pictures shall bring into sight.
    pub reveal_channel: Option<usize>,
}

impl Default for FacesView {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            kind: Kind::default(),
            swipe: 0.5,
            blink_secs: 0.6,
            links: Links::default(),
            adopted: None,
            views: [const { None }; 3],
            cameras: [None; 3],
            shown: [const { None }; 3],
            asked: [const { None }; 3],
            refining: [const { None }; 3],
            hovered: None,
            pinned: None,
            maps: [None; 3],
            ranges: [None; 3],
            reveal_channel: None,
        }
    }
}

/// A part of a picture that a worker is asked to draw.
#[derive(Clone, Debug)]
pub struct PictureWanted {
    pub plane: Arc<Plane>,
    pub view: View,
    pub colours: Colours,
    pub viewport: Viewport,
    pub theme: &'static crate::render::theme::Theme,
    /// How far the picture's pyramid is built.
    pub detail: usize,
}

impl PictureWanted {
    /// Whether the two differ in place and zoom at most.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.plane, &other.plane) && self.view == other.view && self.colours == other.colours && self.theme == other.theme
    }
}

impl PartialEq for PictureWanted {
    fn eq(&self, other: &Self) -> bool {
        self.shows_the_same(other) && self.viewport == other.viewport && self.detail == other.detail
    }
}

pub struct Shown {
    pub texture: TextureHandle,
    /// What was drawn; a picture of something else is not shown, not even for a frame.
    pub of: PictureWanted,
}

/// The bars by output channel.
#[derive(Default)]
pub struct ChannelsView {
    pub worst_first: bool,
}

pub struct HistogramView {
    pub log_counts: bool,
}

impl Default for HistogramView {
    fn default() -> Self {
        Self { log_counts: true }
    }
}
