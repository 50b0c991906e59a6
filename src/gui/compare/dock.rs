//! The arrangement of a comparison's panes.

use egui_tiles::{Behavior, LinearDir, SimplificationOptions, Tile, TileId, Tiles, Tree, UiResponse};
use serde::{Deserialize, Serialize};

use super::state::{Comparison, Versus};
use super::{anatomy, channels, faces, overlay, pairs};
use crate::gui::command::Command;
use crate::gui::dock::{linear, paint_pane, resize_stroke};
use crate::gui::theme::PANEL_GAP;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pane {
    Pairs,
    Weights,
    Channels,
    Histogram,
    Anatomy,
}

/// Below this width the panes on the right are tabs below.
const SIDE_WIDTH: f32 = 1000.0;

pub struct Dock {
    wide: Tree<Pane>,
    narrow: Tree<Pane>,
}

impl Pane {
    pub const ALL: [Self; 5] = [Self::Pairs, Self::Weights, Self::Channels, Self::Histogram, Self::Anatomy];

    pub fn title(self) -> &'static str {
        match self {
            Self::Pairs => "Pairs",
            Self::Weights => "Two weights",
            Self::Channels => "Channels",
            Self::Histogram => "Histogram",
            Self::Anatomy => "Error",
        }
    }
}

impl Default for Dock {
    fn default() -> Self {
        Self { wide: wide_tree(), narrow: narrow_tree() }
    }
}

impl Dock {
    /// Reads what [`Dock::to_text`] wrote; anything else gives the first arrangement.
    pub fn from_text(text: Option<&str>) -> Self {
        let wide = text.and_then(|text| serde_json::from_str::<Tree<Pane>>(text).ok()).filter(holds_every_pane_once);
        Self { wide: wide.unwrap_or_else(wide_tree), narrow: narrow_tree() }
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.wide).unwrap_or_default()
    }

    pub fn show(&mut self, ui: &mut egui::Ui, versus: &mut Versus, commands: &mut Vec<Command>) {
        let Some(number) = versus.shown else { return };
        let Some(comparison) = versus.by_number_mut(number) else { return };
        let width = ui.available_width();
        let whole = ui.available_rect_before_wrap().shrink2(egui::vec2(PANEL_GAP, 0.0));
        let area = whole.with_max_y(whole.bottom() - PANEL_GAP);
        let tree = if width < SIDE_WIDTH { &mut self.narrow } else { &mut self.wide };
        let mut painted = PanePainter { comparison, commands };
        ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| tree.ui(&mut painted, ui));
    }
}

fn wide_tree() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let [pairs, weights, channels, histogram, anatomy] = Pane::ALL.map(|pane| tiles.insert_pane(pane));
    let main = linear(&mut tiles, LinearDir::Vertical, &[(pairs, 0.36), (weights, 0.64)]);
    let side = linear(&mut tiles, LinearDir::Vertical, &[(channels, 0.37), (histogram, 0.35), (anatomy, 0.28)]);
    let root = linear(&mut tiles, LinearDir::Horizontal, &[(main, 0.66), (side, 0.34)]);
    Tree::new(egui::Id::unique("comparison panes"), root, tiles)
}

fn narrow_tree() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let [pairs, weights, channels, histogram, anatomy] = Pane::ALL.map(|pane| tiles.insert_pane(pane));
    let tabs = tiles.insert_tab_tile(vec![weights, channels, histogram, anatomy]);
    let root = linear(&mut tiles, LinearDir::Vertical, &[(pairs, 0.4), (tabs, 0.6)]);
    Tree::new(egui::Id::unique("narrow comparison panes"), root, tiles)
}

fn holds_every_pane_once(tree: &Tree<Pane>) -> bool {
    let mut panes: Vec<_> = tree.tiles.tiles().filter_map(|tile| if let Tile::Pane(pane) = tile { Some(*pane) } else { None }).collect();
    panes.sort_by_key(|pane| *pane as u8);
    panes == Pane::ALL
}

struct PanePainter<'a> {
    comparison: &'a mut Comparison,
    commands: &'a mut Vec<Command>,
}

impl PanePainter<'_> {
    fn show(&mut self, ui: &mut egui::Ui, pane: Pane) -> bool {
        // A pane changes its own view state and reads the rest.
        let mut views = std::mem::take(&mut self.comparison.views);
        let comparison = &*self.comparison;
        let commands = &mut *self.commands;
        let is_dragged = match pane {
            Pane::Pairs => pairs::show(ui, comparison, &mut views.table, commands),
            Pane::Weights => faces::show(ui, comparison, &mut views.faces, commands),
            Pane::Channels => channels::show(ui, comparison, &mut views.channels, &mut views.faces),
            Pane::Histogram => overlay::show(ui, comparison, &mut views.histogram, commands),
            Pane::Anatomy => anatomy::show(ui, comparison),
        };
        self.comparison.views = views;
        is_dragged
    }
}

impl Behavior<Pane> for PanePainter<'_> {
    fn pane_ui(&mut self, ui: &mut egui::Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        let pane = *pane;
        if paint_pane(ui, |ui| self.show(ui, pane)) { UiResponse::DragStarted } else { UiResponse::None }
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> egui::WidgetText {
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

    fn resize_stroke(&self, style: &egui::Style, resize: egui_tiles::ResizeState) -> egui::Stroke {
        resize_stroke(style, resize)
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: false, ..Default::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrangement_survives_and_damage_gives_the_first_one() {
        let text = Dock::default().to_text();
        for text in [None, Some(""), Some("{}"), Some(&text[..text.len() / 2]), Some(&text)] {
            assert!(holds_every_pane_once(&Dock::from_text(text).wide));
        }
        let mut tiles = Tiles::default();
        let only = tiles.insert_pane(Pane::Pairs);
        let lost = serde_json::to_string(&Tree::new(egui::Id::unique("comparison panes"), only, tiles)).unwrap();
        assert!(holds_every_pane_once(&Dock::from_text(Some(&lost)).wide));
    }
}
