//! The arrangement of a comparison's panes.

use egui_tiles::{LinearDir, Tiles, Tree};
use serde::{Deserialize, Serialize};

use super::state::{Comparison, Versus};
use super::{anatomy, channels, faces, overlay, pairs};
use crate::gui::command::Command;
use crate::gui::dock::{Arranged, Trees, linear, show_tree};

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

pub type Dock = Trees<Pane>;

const PANES: [Pane; 5] = [Pane::Pairs, Pane::Weights, Pane::Channels, Pane::Histogram, Pane::Anatomy];

impl Arranged for Pane {
    const ALL: &'static [Self] = &PANES;

    fn title(self) -> &'static str {
        match self {
            Self::Pairs => "Pairs",
            Self::Weights => "Two weights",
            Self::Channels => "Channels",
            Self::Histogram => "Histogram",
            Self::Anatomy => "Error",
        }
    }

    fn wide() -> Tree<Self> {
        let mut tiles = Tiles::default();
        let [pairs, weights, channels, histogram, anatomy] = PANES.map(|pane| tiles.insert_pane(pane));
        let main = linear(&mut tiles, LinearDir::Vertical, &[(pairs, 0.36), (weights, 0.64)]);
        let side = linear(&mut tiles, LinearDir::Vertical, &[(channels, 0.37), (histogram, 0.35), (anatomy, 0.28)]);
        let root = linear(&mut tiles, LinearDir::Horizontal, &[(main, 0.66), (side, 0.34)]);
        Tree::new(egui::Id::unique("comparison panes"), root, tiles)
    }

    fn narrow() -> Tree<Self> {
        let mut tiles = Tiles::default();
        let [pairs, weights, channels, histogram, anatomy] = PANES.map(|pane| tiles.insert_pane(pane));
        let tabs = tiles.insert_tab_tile(vec![weights, channels, histogram, anatomy]);
        let root = linear(&mut tiles, LinearDir::Vertical, &[(pairs, 0.4), (tabs, 0.6)]);
        Tree::new(egui::Id::unique("narrow comparison panes"), root, tiles)
    }
}

impl Dock {
    pub fn show(&mut self, ui: &mut egui::Ui, versus: &mut Versus, commands: &mut Vec<Command>) {
        let Some(number) = versus.shown else { return };
        let Some(comparison) = versus.by_number_mut(number) else { return };
        let tree = self.arrangement(ui.available_width() < SIDE_WIDTH);
        show_tree(ui, tree, |ui, pane| show_pane(ui, pane, comparison, commands));
    }
}

/// Draws a pane; whether it is being dragged by its head.
fn show_pane(ui: &mut egui::Ui, pane: Pane, comparison: &mut Comparison, commands: &mut Vec<Command>) -> bool {
    // A pane changes its own view state and reads the rest.
    let mut views = std::mem::take(&mut comparison.views);
    let read = &*comparison;
    let is_dragged = match pane {
        Pane::Pairs => pairs::show(ui, read, &mut views.table, commands),
        Pane::Weights => faces::show(ui, read, &mut views.faces, commands),
        Pane::Channels => channels::show(ui, read, &mut views.channels, &mut views.faces),
        Pane::Histogram => overlay::show(ui, read, &mut views.histogram, commands),
        Pane::Anatomy => anatomy::show(ui, read),
    };
    comparison.views = views;
    is_dragged
}
