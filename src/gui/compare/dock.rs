//! The arrangement of a comparison's panes.

use egui_tiles::{LinearDir, Tiles, Tree};
use serde::{Deserialize, Serialize};

use super::state::{Comparison, Versus};
use super::{anatomy, channels, faces, overlay, pairs};
use crate::gui::command::Command;
use crate::gui::dock::{Titled, linear, read_tree, show_tree};

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
}

impl Titled for Pane {
    fn title(self) -> &'static str {
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
        Self { wide: read_tree(text, &Pane::ALL).unwrap_or_else(wide_tree), narrow: narrow_tree() }
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.wide).unwrap_or_default()
    }

    pub fn show(&mut self, ui: &mut egui::Ui, versus: &mut Versus, commands: &mut Vec<Command>) {
        let Some(number) = versus.shown else { return };
        let Some(comparison) = versus.by_number_mut(number) else { return };
        let tree = if ui.available_width() < SIDE_WIDTH { &mut self.narrow } else { &mut self.wide };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::dock::holds_every_pane_once;

    #[test]
    fn the_arrangement_survives_and_damage_gives_the_first_one() {
        let text = Dock::default().to_text();
        for text in [None, Some(""), Some("{}"), Some(&text[..text.len() / 2]), Some(&text)] {
            assert!(holds_every_pane_once(&Dock::from_text(text).wide, &Pane::ALL));
        }
        let mut tiles = Tiles::default();
        let only = tiles.insert_pane(Pane::Pairs);
        let lost = serde_json::to_string(&Tree::new(egui::Id::unique("comparison panes"), only, tiles)).unwrap();
        assert!(holds_every_pane_once(&Dock::from_text(Some(&lost)).wide, &Pane::ALL));
    }
}
