//! The panels' arrangement: resizable, movable, remembered.
//!
//! At 1100 points of width the inspector folds away, at 800 the graph becomes a tab beside the
//! heatmap (design.md).

use egui_tiles::{Behavior, Container, SimplificationOptions, Tile, TileId, Tiles, Tree, UiResponse};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::command::Command;
use super::panels;
use super::state::State;
use super::theme::{self, PANEL_GAP, Tokens};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pane {
    Weights,
    Graph,
    Heatmap,
    Histogram,
    Channels,
    Statistics,
    Inspector,
}

/// Below this width the inspector is folded away.
const INSPECTOR_WIDTH: f32 = 1100.0;
/// Up to this width the graph is a tab.
const GRAPH_WIDTH: f32 = 800.0;

/// The window's panels.
pub type Dock = Trees<Pane>;

/// Two arrangements of the same panes: for a window of the usual width, which is remembered, and for a narrow one.
pub struct Trees<P> {
    wide: Tree<P>,
    narrow: Tree<P>,
}

/// Panes that are arranged together.
pub trait Arranged: Copy + PartialEq + Serialize + DeserializeOwned + 'static {
    const ALL: &'static [Self];

    /// What the pane is called where it is a tab.
    fn title(self) -> &'static str;

    /// The first arrangement.
    fn wide() -> Tree<Self>;

    /// The arrangement of a narrow window.
    fn narrow() -> Tree<Self>;
}

impl<P: Arranged> Default for Trees<P> {
    fn default() -> Self {
        Self { wide: P::wide(), narrow: P::narrow() }
    }
}

impl<P: Arranged> Trees<P> {
    /// Reads what [`to_text`](Self::to_text) wrote; anything else gives the first arrangement.
    pub fn from_text(text: Option<&str>) -> Self {
        let read = text.and_then(|text| serde_json::from_str(text).ok()).filter(holds_every_pane_once);
        Self { wide: read.unwrap_or_else(P::wide), narrow: P::narrow() }
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.wide).unwrap_or_default()
    }

    /// Shows the pane, where another tab covers it.
    pub fn bring_to_front(&mut self, pane: P) {
        for tree in [&mut self.wide, &mut self.narrow] {
            tree.make_active(|_, tile| matches!(tile, Tile::Pane(other) if *other == pane));
        }
    }

    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The arrangement of a narrow window, or of others.
    pub(super) fn arrangement(&mut self, is_narrow: bool) -> &mut Tree<P> {
        if is_narrow { &mut self.narrow } else { &mut self.wide }
    }
}

const PANES: [Pane; 7] = [Pane::Weights, Pane::Graph, Pane::Heatmap, Pane::Histogram, Pane::Channels, Pane::Statistics, Pane::Inspector];

impl Arranged for Pane {
    const ALL: &'static [Self] = &PANES;

    fn title(self) -> &'static str {
        match self {
            Self::Weights => "Weights",
            Self::Graph => "Graph",
            Self::Heatmap => "Heatmap",
            Self::Histogram => "Histogram",
            Self::Channels => "Channels",
            Self::Statistics => "Statistics",
            Self::Inspector => "Inspector",
        }
    }

    fn wide() -> Tree<Self> {
        let mut tiles = Tiles::default();
        let [weights, graph, heatmap, histogram, channels, statistics, inspector] = PANES.map(|pane| tiles.insert_pane(pane));
        let distributions = tiles.insert_tab_tile(vec![histogram, channels]);
        let whole = tiles.insert_tab_tile(vec![graph, statistics]);
        let pictures = linear(&mut tiles, egui_tiles::LinearDir::Vertical, &[(heatmap, 0.66), (distributions, 0.34)]);
        let columns = [(weights, 0.265), (whole, 0.245), (pictures, 0.325), (inspector, 0.165)];
        let root = linear(&mut tiles, egui_tiles::LinearDir::Horizontal, &columns);
        Tree::new(egui::Id::unique("panels"), root, tiles)
    }

    fn narrow() -> Tree<Self> {
        let mut tiles = Tiles::default();
        let [weights, graph, heatmap, histogram, channels, statistics, inspector] = PANES.map(|pane| tiles.insert_pane(pane));
        let tabs = tiles.insert_tab_tile(vec![heatmap, graph, statistics]);
        let distributions = tiles.insert_tab_tile(vec![histogram, channels]);
        let pictures = linear(&mut tiles, egui_tiles::LinearDir::Vertical, &[(tabs, 0.66), (distributions, 0.34)]);
        let root = linear(&mut tiles, egui_tiles::LinearDir::Horizontal, &[(weights, 0.38), (pictures, 0.62), (inspector, 0.2)]);
        Tree::new(egui::Id::unique("narrow panels"), root, tiles)
    }
}

impl Dock {
    pub fn show(&mut self, ui: &mut egui::Ui, state: &mut State, focus_filter: bool, commands: &mut Vec<Command>) {
        let width = ui.available_width();
        let tree = self.arrangement(width <= GRAPH_WIDTH);
        let inspector = tree.tiles.find_pane(&Pane::Inspector);
        if let Some(inspector) = inspector {
            tree.set_visible(inspector, width >= INSPECTOR_WIDTH);
        }
        show_tree(ui, tree, |ui, pane| panels::show(pane, ui, state, focus_filter, commands));
    }
}

pub(super) fn linear<P>(tiles: &mut Tiles<P>, direction: egui_tiles::LinearDir, children: &[(TileId, f32)]) -> TileId {
    let mut container = egui_tiles::Linear::new(direction, children.iter().map(|(id, _)| *id).collect());
    for (id, share) in children {
        container.shares.set_share(*id, share * children.len() as f32);
    }
    tiles.insert_container(Container::Linear(container))
}

/// An arrangement that lost a pane would leave it out of reach.
fn holds_every_pane_once<P: Arranged>(tree: &Tree<P>) -> bool {
    let panes: Vec<P> = tree.tiles.tiles().filter_map(|tile| if let Tile::Pane(pane) = tile { Some(*pane) } else { None }).collect();
    panes.len() == P::ALL.len() && P::ALL.iter().all(|pane| panes.contains(pane))
}

/// Draws an arrangement with the window's gaps around it. `show` draws a pane and tells whether it is being dragged by
/// its head.
pub(super) fn show_tree<P: Arranged>(ui: &mut egui::Ui, tree: &mut Tree<P>, show: impl FnMut(&mut egui::Ui, P) -> bool) {
    let whole = ui.available_rect_before_wrap().shrink2(egui::vec2(PANEL_GAP, 0.0));
    let area = whole.with_max_y(whole.bottom() - PANEL_GAP);
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| tree.ui(&mut PanePainter(show), ui));
}

/// The ground of a pane, and what is on it.
fn paint_pane<R>(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui) -> R) -> R {
    let tokens = Tokens::of(ui);
    let rect = ui.max_rect();
    let radius = egui::CornerRadius::same(theme::PANEL_RADIUS);
    ui.painter().rect(rect, radius, tokens.panel, egui::Stroke::new(1.0, tokens.line), egui::StrokeKind::Inside);
    let inner = egui::UiBuilder::new().max_rect(rect.shrink(1.0)).layout(egui::Layout::top_down(egui::Align::Min));
    ui.scope_builder(inner, add).inner
}

struct PanePainter<F>(F);

impl<P: Arranged, F: FnMut(&mut egui::Ui, P) -> bool> Behavior<P> for PanePainter<F> {
    fn pane_ui(&mut self, ui: &mut egui::Ui, _tile: TileId, pane: &mut P) -> UiResponse {
        let is_dragged = paint_pane(ui, |ui| (self.0)(ui, *pane));
        if is_dragged { UiResponse::DragStarted } else { UiResponse::None }
    }

    fn tab_title_for_pane(&mut self, pane: &P) -> egui::WidgetText {
        pane.title().into()
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        PANEL_GAP
    }

    fn min_size(&self) -> f32 {
        120.0
    }

    fn tab_bar_color(&self, visuals: &egui::Visuals) -> egui::Color32 {
        visuals.extreme_bg_color
    }

    /// The line between two panes is seen while it can be dragged.
    fn resize_stroke(&self, style: &egui::Style, resize: egui_tiles::ResizeState) -> egui::Stroke {
        match resize {
            egui_tiles::ResizeState::Idle => egui::Stroke::NONE,
            _ => egui::Stroke::new(2.0, style.visuals.selection.stroke.color),
        }
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: false, ..Default::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::compare;

    #[test]
    fn arrangements_survive_and_damage_gives_the_first_one() {
        check(Pane::Graph);
        check(compare::dock::Pane::Pairs);
    }

    fn check<P: Arranged>(pane: P) {
        let text = Trees::<P>::default().to_text();
        let mut tiles = Tiles::default();
        let only = tiles.insert_pane(pane);
        let lost = serde_json::to_string(&Tree::new(egui::Id::unique("panes"), only, tiles)).unwrap();
        for text in [None, Some(""), Some("{}"), Some(&text[..text.len() / 2]), Some(&lost), Some(&text)] {
            assert!(holds_every_pane_once(&Trees::<P>::from_text(text).wide), "{text:?}");
        }
    }
}
