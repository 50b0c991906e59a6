//! From places to boxes and lines.

use std::collections::HashMap;

use super::layered::{Chain, Layered};
use super::level::Level;
use super::parts::{Part, Row};
use super::ports::{Ports, ports};
use super::{NodeSize, Point, Rect, Route, Spacing};

/// One part, drawn from its upper left corner.
pub(super) struct Picture {
    pub size: NodeSize,
    /// In the order of the part's nodes.
    pub rects: Vec<Rect>,
    pub routes: Vec<Route>,
    /// Each layer with the gap below it.
    pub rows: Vec<Row>,
}

/// The vertical stretch of a layer.
#[derive(Clone, Copy)]
struct Band {
    top: f64,
    bottom: f64,
}

pub(super) fn draw(layered: &Layered, chains: &[Chain], xs: &[f64], part: &Part, level: &Level<'_>, spacing: &Spacing) -> Picture {
    let Level { links, sizes, .. } = *level;
    let size_of = |vertex: u32| part.nodes.get(vertex as usize).map_or(NodeSize::default(), |node| sizes[*node as usize]);
    let left = xs.iter().zip(&layered.half).map(|(x, half)| x - half).fold(f64::INFINITY, f64::min);
    let right = xs.iter().zip(&layered.half).map(|(x, half)| x + half).fold(f64::NEG_INFINITY, f64::max);
    let x_of = |vertex: u32| xs[vertex as usize] - left;
    let ports = ports(layered, xs, &size_of, spacing);
    let is_port = |vertex: u32| part.nodes.get(vertex as usize).is_some_and(|node| level.is_port(*node));
    let bands = bands(layered, xs, &ports, &size_of, &is_port, spacing);
    let band_of = |vertex: u32| bands[layered.rank[vertex as usize] as usize];
    let rects: Vec<Rect> = (0..layered.nodes)
        .map(|vertex| {
            let (NodeSize { width, height }, band) = (size_of(vertex), band_of(vertex));
            Rect { x: x_of(vertex) - width / 2.0, y: f64::midpoint(band.top, band.bottom) - height / 2.0, width, height }
        })
        .collect();
    let routes = chains
        .iter()
        .zip(&part.links)
        .map(|(chain, link)| {
            let link = &links[*link as usize];
            let (upper, lower) = (&rects[chain.upper as usize], &rects[chain.lower as usize]);
            let (out, into) = (ports.out[chain.first_segment as usize] - left, ports.into[chain.last_segment as usize] - left);
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
    let reaches: Vec<f64> = layered
        .layers
        .iter()
        .map(|layer| layer.iter().map(|vertex| x_of(*vertex) + layered.half[*vertex as usize]).fold(0.0, f64::max))
        .collect();
    let ends = bands.iter().skip(1).map(|band| band.top).chain([height]);
    let rows = bands
        .iter()
        .zip(ends)
        .enumerate()
        .map(|(layer, (band, bottom))| {
            // Lines in the gap run between what is above and what is below it.
            let right = reaches[layer].max(reaches.get(layer + 1).copied().unwrap_or(0.0));
            Row { top: band.top, bottom, right }
        })
        .collect();
    Picture { size: NodeSize { width: (right - left).max(0.0), height }, rects, routes, rows }
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
fn bands(
    layered: &Layered,
    xs: &[f64],
    ports: &Ports,
    size_of: &impl Fn(u32) -> NodeSize,
    is_port: &impl Fn(u32) -> bool,
    spacing: &Spacing,
) -> Vec<Band> {
    /// Sideways runs that a gap of the least height has room for, and how much more the rest takes.
    const EASY: f64 = 16.0;
    const SLOPE: f64 = 0.05;
    let mut top = 0.0;
    // A layer of ports is a frame's border.
    let is_border = |layer: usize| layered.layers.get(layer).is_some_and(|layer| layer.iter().any(|vertex| is_port(*vertex)));
    layered
        .layers
        .iter()
        .enumerate()
        .map(|(index, layer)| {
            let bottom = top + layer.iter().map(|vertex| size_of(*vertex).height).fold(0.0, f64::max);
            let band = Band { top, bottom };
            let runs = layer
                .iter()
                .flat_map(|vertex| layered.down.of(*vertex).iter().map(|(below, segment)| (*vertex, *below, *segment as usize)));
            let widest = runs.map(|(above, below, segment)| {
                let from = if layered.is_bend(above) { xs[above as usize] } else { ports.out[segment] };
                let to = if layered.is_bend(below) { xs[below as usize] } else { ports.into[segment] };
                (to - from).abs()
            });
            let extra = ((widest.fold(0.0, f64::max) - EASY * spacing.layers) * SLOPE).clamp(0.0, 2.0 * spacing.layers);
            let gap = if is_border(index) || is_border(index + 1) { spacing.padding } else { spacing.layers };
            top = bottom + gap + extra;
            band
        })
        .collect()
}

/// Leaves out points that repeat the one before or lie on a vertical line between their neighbours.
pub(super) fn without_needless(points: Vec<Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    let last = points.len().saturating_sub(1);
    for (index, point) in points.into_iter().enumerate() {
        if let [.., a, b] = kept[..]
            && is_near(a.x, b.x)
            && is_near(b.x, point.x)
        {
            kept.pop();
        }
        if !kept.last().is_some_and(|last| is_near(last.x, point.x) && is_near(last.y, point.y)) || (index == last && kept.len() < 2) {
            kept.push(point);
        }
    }
    kept
}

/// Equal but for rounding.
fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}
