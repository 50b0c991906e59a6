//! From places to boxes and lines.

use std::collections::HashMap;

use super::layered::{Chain, Layered};
use super::parts::Part;
use super::{Link, NodeSize, Point, Rect, Route, Spacing};

/// One part, drawn from its upper left corner.
pub(super) struct Picture {
    pub size: NodeSize,
    /// In the order of the part's nodes.
    pub rects: Vec<Rect>,
    pub routes: Vec<Route>,
}

/// The vertical stretch of a layer.
#[derive(Clone, Copy)]
struct Band {
    top: f64,
    bottom: f64,
}

pub(super) fn draw(layered: &Layered, xs: &[f64], part: &Part, links: &[Link], sizes: &[NodeSize], spacing: &Spacing) -> Picture {
    let size_of = |vertex: u32| part.nodes.get(vertex as usize).map_or(NodeSize::default(), |node| sizes[*node as usize]);
    let left = xs.iter().zip(&layered.half).map(|(x, half)| x - half).fold(f64::INFINITY, f64::min);
    let right = xs.iter().zip(&layered.half).map(|(x, half)| x + half).fold(f64::NEG_INFINITY, f64::max);
    let x_of = |vertex: u32| xs[vertex as usize] - left;
    let bands = bands(layered, xs, &size_of, spacing);
    let band_of = |vertex: u32| bands[layered.rank[vertex as usize] as usize];
    let rects: Vec<Rect> = (0..layered.nodes)
        .map(|vertex| {
            let (NodeSize { width, height }, band) = (size_of(vertex), band_of(vertex));
            Rect { x: x_of(vertex) - width / 2.0, y: f64::midpoint(band.top, band.bottom) - height / 2.0, width, height }
        })
        .collect();
    let offsets = offsets(layered, &rects, spacing);
    let routes = layered
        .chains
        .iter()
        .zip(&part.links)
        .zip(offsets)
        .map(|((chain, link), offset)| {
            let link = &links[*link as usize];
            let (upper, lower) = (&rects[chain.upper as usize], &rects[chain.lower as usize]);
            let (out, into) = (upper.center().x + offset, lower.center().x + offset);
            let mut points = vec![Point { x: out, y: upper.bottom() }, Point { x: out, y: band_of(chain.upper).bottom }];
            for bend in chain.first_bend..chain.first_bend + chain.bends {
                let (x, band) = (x_of(bend), band_of(bend));
                points.extend([Point { x, y: band.top }, Point { x, y: band.bottom }]);
            }
            points.extend([Point { x: into, y: band_of(chain.lower).top }, Point { x: into, y: lower.y }]);
            let mut points = without_needless(points);
            if link.is_turned {
                points.reverse();
            }
            let (from, to) = link.ends();
            Route { edge: link.edge, from, to, points }
        })
        .collect();
    let height = bands.last().map_or(0.0, |band| band.bottom);
    Picture { size: NodeSize { width: (right - left).max(0.0), height }, rects, routes }
}

/// Loops, out of the right side of a box and back into it.
pub(super) fn loops(loops: &[(u32, u32)], rects: &[Rect], spacing: &Spacing) -> Vec<Route> {
    let mut seen: HashMap<u32, u32> = HashMap::new();
    loops
        .iter()
        .map(|(edge, node)| {
            let rect = rects[*node as usize];
            let number = seen.entry(*node).or_insert(0);
            *number += 1;
            // Each further loop lies within the one before.
            let scale = 1.0 / f64::from(*number);
            let reach = rect.right() + spacing.nodes / 2.0 * scale;
            let (middle, rise) = (rect.center().y, rect.height / 4.0 * scale);
            let points = [(rect.right(), middle - rise), (reach, middle - rise), (reach, middle + rise), (rect.right(), middle + rise)];
            Route { edge: *edge, from: *node, to: *node, points: points.map(|(x, y)| Point { x, y }).to_vec() }
        })
        .collect()
}

/// As high as their highest boxes, with gaps that grow where lines run far to the side.
fn bands(layered: &Layered, xs: &[f64], size_of: &impl Fn(u32) -> NodeSize, spacing: &Spacing) -> Vec<Band> {
    const SLOPE: f64 = 0.05;
    let mut top = 0.0;
    layered
        .layers
        .iter()
        .map(|layer| {
            let bottom = top + layer.iter().map(|vertex| size_of(*vertex).height).fold(0.0, f64::max);
            let band = Band { top, bottom };
            let widest = layer
                .iter()
                .flat_map(|vertex| layered.down.of(*vertex).iter().map(|(below, _)| (xs[*below as usize] - xs[*vertex as usize]).abs()));
            let extra = (widest.fold(0.0, f64::max) * SLOPE).min(3.0 * spacing.layers);
            top = bottom + spacing.layers + extra;
            band
        })
        .collect()
}

/// How far each chain begins and ends beside the middles of its boxes: parallel links without
/// bends would hide one another.
fn offsets(layered: &Layered, rects: &[Rect], spacing: &Spacing) -> Vec<f64> {
    let is_direct = |chain: &&Chain| chain.bends == 0;
    let mut counts: HashMap<(u32, u32), (u32, u32)> = HashMap::new();
    for chain in layered.chains.iter().filter(is_direct) {
        counts.entry((chain.upper, chain.lower)).or_default().0 += 1;
    }
    layered
        .chains
        .iter()
        .map(|chain| match counts.get_mut(&(chain.upper, chain.lower)) {
            Some((count, done)) if *count > 1 && chain.bends == 0 => {
                let narrower = rects[chain.upper as usize].width.min(rects[chain.lower as usize].width);
                let step = (spacing.lines / 2.0).min(narrower / (f64::from(*count) + 1.0));
                *done += 1;
                (f64::from(*done) - f64::from(*count + 1) / 2.0) * step
            }
            _ => 0.0,
        })
        .collect()
}

/// Leaves out points that repeat the one before or lie on a vertical line between their neighbours.
fn without_needless(points: Vec<Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    let last = points.len().saturating_sub(1);
    for (index, point) in points.into_iter().enumerate() {
        if let [.., a, b] = kept[..]
            && a.x == b.x
            && b.x == point.x
        {
            kept.pop();
        }
        if kept.last() != Some(&point) || (index == last && kept.len() < 2) {
            kept.push(point);
        }
    }
    kept
}
