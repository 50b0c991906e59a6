//! One level of a graph, all that lies directly in one frame or in none: from layers to a drawing.

use std::collections::HashMap;

use super::layered::Layered;
use super::narrow::narrow;
use super::order::orders;
use super::place::place;
use super::relieve::relieve;
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
        let parts = parts::split(self.part_of, self.links);
        let ranks = relieve(&parts, self, spacing, token)?;
        let level = Level {
            ranks: &ranks,
            sizes: self.sizes,
            links: self.links,
            part_of: self.part_of,
            has_loop: self.has_loop,
            is_port: self.is_port,
        };
        for part in parts {
            token.check()?;
            let (mut layered, chains) = Layered::of(&part, &level, spacing);
            let xs = columns(&mut layered, token)?;
            let picture = route::draw(&layered, &chains, &xs, &part, &level, spacing);
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
/// the one above stands where it stood. Puts the layers in the order of the columns.
fn columns(layered: &mut Layered, token: &Token) -> Result<Vec<f64>, Cancelled> {
    let mut xs = vec![0.0; layered.len()];
    let mut place_in = vec![0; layered.len()];
    let sections = layered.sections();
    // Of sections that are alike one is solved.
    let mut known: HashMap<Vec<u64>, Vec<f64>> = HashMap::new();
    for (first, last) in sections.iter().copied() {
        let (mut section, members) = layered.section((first, last), &mut place_in);
        let key = if sections.len() > 1 { section.key() } else { Vec::new() };
        let mut own = match known.get(&key) {
            Some(own) => own.clone(),
            None => solve(&mut section, layered.len(), token)?,
        };
        if sections.len() > 1 {
            known.entry(key).or_insert_with(|| own.clone());
        }
        let joint =
            |layer: usize| layered.layers[layer].first().filter(|_| layered.layers[layer].len() == 1).map(|vertex| *vertex as usize);
        turn_wide_side(&section, &mut own, joint(first).or(joint(last)).map(|vertex| place_in[vertex] as usize));
        let shift = joint(first).filter(|_| first > 0).map_or(0.0, |vertex| xs[vertex] - own[place_in[vertex] as usize]);
        for (vertex, x) in members.iter().zip(own) {
            xs[*vertex as usize] = x + shift;
        }
    }
    layered.order_by(&xs);
    narrow(layered, &mut xs, &sections, token)?;
    Ok(xs)
}

/// The columns of a section that is to be ordered: of the orders with the fewest crossings the one that takes
/// the least room, by the length of its lines and by its width.
fn solve(section: &mut Layered, picture: usize, token: &Token) -> Result<Vec<f64>, Cancelled> {
    let mut best: Option<(f64, Vec<f64>)> = None;
    for layers in orders(section, picture, token)? {
        section.layers = layers;
        (0..section.layers.len()).for_each(|layer| section.number(layer));
        let xs = place(section, token)?;
        let room = section.run(&xs) * section.width(&xs);
        if best.as_ref().is_none_or(|(least, _)| room < *least) {
            best = Some((room, xs));
        }
    }
    Ok(best.map(|(_, xs)| xs).unwrap_or_default())
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
