//! One level of a graph, all that lies directly in one frame or in none: from layers to a drawing.

use super::layered::Layered;
use super::order::order;
use super::place::place;
use super::{Link, NodeSize, Point, Rect, Route, Spacing, parts, route};
use crate::jobs::{Cancelled, Token};

pub(super) struct Level<'a> {
    pub sizes: &'a [NodeSize],
    /// Turned so that there are no cycles.
    pub links: &'a [Link],
    /// The layer of each node, from 0 in every part.
    pub ranks: &'a [u32],
    pub part_of: &'a [u32],
    pub has_loop: &'a [bool],
    /// Whether each node is no box but a place where a line passes the frame. May be empty: none is.
    pub is_port: &'a [bool],
}

/// From the upper left corner on.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawing {
    pub rects: Vec<Rect>,
    /// Of the drawn links, by parts.
    pub routes: Vec<Route>,
    pub size: NodeSize,
}

impl Level<'_> {
    /// # Errors
    /// [`Cancelled`].
    pub fn draw(&self, spacing: &Spacing, token: &Token) -> Result<Drawing, Cancelled> {
        let mut frames = Vec::new();
        let mut placed = Vec::new();
        for part in parts::split(self.part_of, self.links) {
            token.check()?;
            let (layered, chains) = Layered::of(&part, self, spacing);
            let xs = sections(&layered, token)?;
            let picture = route::draw(&layered, &chains, &xs, &part, self, spacing);
            frames.push(picture.size);
            placed.push((part, picture));
        }
        let (corners, size) =
            parts::pack(&frames, placed.first().map_or(&[], |(_, picture): &(_, route::Picture)| &picture.rows[..]), spacing.parts);
        let mut drawing = Drawing { rects: vec![Rect::default(); self.sizes.len()], routes: Vec::new(), size };
        for ((part, picture), corner) in placed.into_iter().zip(corners) {
            for (node, rect) in part.nodes.iter().zip(picture.rects) {
                drawing.rects[*node as usize] = Rect { x: rect.x + corner.x, y: rect.y + corner.y, ..rect };
            }
            drawing.routes.extend(picture.routes.into_iter().map(|mut route| {
                route.points.iter_mut().for_each(|point| *point = Point { x: point.x + corner.x, y: point.y + corner.y });
                route
            }));
        }
        Ok(drawing)
    }

    pub fn is_port(&self, node: u32) -> bool {
        self.is_port.get(node as usize).copied().unwrap_or(false)
    }
}

/// The column of every vertex, section by section; each is moved so that the vertex it shares with
/// the one above stands where it stood.
fn sections(layered: &Layered, token: &Token) -> Result<Vec<f64>, Cancelled> {
    let mut xs = vec![0.0; layered.len()];
    let mut place_in = vec![0; layered.len()];
    for (first, last) in layered.sections() {
        let (mut section, members) = layered.section((first, last), &mut place_in);
        order(&mut section, token)?;
        let mut own = place(&mut section, token)?;
        let joint =
            |layer: usize| layered.layers[layer].first().filter(|_| layered.layers[layer].len() == 1).map(|vertex| *vertex as usize);
        turn_wide_side(&section, &mut own, joint(first).or(joint(last)).map(|vertex| place_in[vertex] as usize));
        let shift = joint(first).filter(|_| first > 0).map_or(0.0, |vertex| xs[vertex] - own[place_in[vertex] as usize]);
        for (vertex, x) in members.iter().zip(own) {
            xs[*vertex as usize] = x + shift;
        }
    }
    Ok(xs)
}

/// Mirrors a section whose larger part lies left of the vertex that it shares with others: what is
/// wide in a picture lies on one side then, and the whole is as narrow as it can be.
fn turn_wide_side(section: &Layered, xs: &mut [f64], joint: Option<usize>) {
    // A frame's lines leave it where they do.
    let Some(axis) = joint.map(|vertex| xs[vertex]).filter(|_| !section.has_fixed_ends()) else { return };
    let (mut left, mut right) = (0.0f64, 0.0f64);
    for (x, half) in xs.iter().zip(&section.half) {
        (left, right) = (left.max(axis - x + half), right.max(x + half - axis));
    }
    if left > right + 1.0 {
        xs.iter_mut().for_each(|x| *x = -*x);
    }
}
