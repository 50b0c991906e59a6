//! What of the graph is lit: the neighbours of the selection, the way through the box below the
//! pointer, and what was found.

use std::collections::HashSet;
use std::sync::Arc;

use crate::jobs::GraphPicture;
use crate::layout::{Piece, Route};

/// Boxes of a path that are lit at most, each way.
const LONGEST_PATH: usize = 20_000;

/// What is lit in one frame; equal ones are drawn alike.
#[derive(Clone, Debug, Default)]
pub struct Lit {
    /// The selected box.
    pub selected: Option<u32>,
    path: Option<Arc<Path>>,
    found: Option<Arc<HashSet<u32>>>,
}

/// Everything that leads to a box, and everything that it leads to.
#[derive(Debug)]
struct Path {
    through: u32,
    before: HashSet<u32>,
    after: HashSet<u32>,
}

impl PartialEq for Lit {
    fn eq(&self, other: &Self) -> bool {
        let same_found = match (&self.found, &other.found) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        };
        let through = |lit: &Self| lit.path.as_ref().map(|path| path.through);
        self.selected == other.selected && same_found && through(self) == through(other)
    }
}

impl Lit {
    pub fn select(&mut self, selected: Option<u32>) {
        self.selected = selected;
    }

    /// Lights the way through a box, or none.
    pub fn light_path(&mut self, picture: &GraphPicture, through: Option<u32>) {
        if self.path.as_ref().map(|path| path.through) != through {
            self.path = through.map(|through| {
                let (before, after) = picture.index.path(through, LONGEST_PATH);
                Arc::new(Path { through, before, after })
            });
        }
    }

    pub fn mark(&mut self, found: Option<Arc<HashSet<u32>>>) {
        self.found = found;
    }

    pub fn marked(&self) -> impl Iterator<Item = u32> {
        self.found.iter().flat_map(|found| found.iter().copied())
    }

    pub fn lights_edges(&self) -> bool {
        self.selected.is_some() || self.path.is_some()
    }

    /// Whether a piece belongs to an edge of the selected box. Where several edges run together the
    /// piece is listed once: it is lit if any of them is the selected box's.
    pub fn is_beside_selected(&self, picture: &GraphPicture, piece: Piece) -> bool {
        let Some(selected) = self.selected else { return false };
        let route = &picture.layout.edges[piece.route as usize];
        if route.from == selected || route.to == selected {
            return true;
        }
        // Of the edges into the selected box that come from the same node: one with the same piece.
        let ends = piece.ends(&picture.layout);
        let from_same = picture.index.producers(selected).iter().filter(|(from, _)| *from == route.from);
        let mut routes = from_same.filter_map(|(_, edge)| picture.route_of(*edge));
        routes.any(|route| route.points.windows(2).any(|pair| pair == ends))
    }

    pub fn is_on_path(&self, route: &Route) -> bool {
        self.path.as_ref().is_some_and(|path| {
            (path.before.contains(&route.to) && path.before.contains(&route.from))
                || (path.after.contains(&route.from) && path.after.contains(&route.to))
        })
    }
}
