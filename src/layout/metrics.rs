//! How good a drawing is, in figures that other programs' drawings can be measured by, too: crossings,
//! length of the lines, area, lines through boxes, overlapping boxes.
//!
//! Lines are taken as they are given, straight between their points; a curve is flattened first
//! ([`Route::flattened`]). Purchase (2002), "Metrics for graph drawing aesthetics", has the terms.

use super::{Direction, Point, Rect, Route};

/// Lengths in points, areas in square points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Points where the lines of two edges cross. Lines that merely touch, or run together, don't.
    pub crossings: u64,
    /// Of all lines together.
    pub length: f64,
    /// Of the smallest upright rectangle around boxes and lines.
    pub width: f64,
    pub height: f64,
    /// Pairs of a line and a box that is at neither of its ends, where the line has a point inside
    /// the box.
    pub lines_through_boxes: u64,
    /// Pairs of boxes that have a point inside both.
    pub overlaps: u64,
    /// Points where a line changes its direction.
    pub bends: u64,
}

impl Quality {
    pub fn area(&self) -> f64 {
        self.width * self.height
    }
}

/// How far boxes jump when a graph is laid out again after something in it was opened or closed.
///
/// The view goes along with the picture: along the layers so that the place where that happened keeps its
/// own, across them so that most boxes keep theirs. What lies behind that place has to make room, and all of
/// it by the same length; that push is no jump and is taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Jump {
    /// Of the distances of the boxes' upper left corners from where one would look for them.
    pub median: f64,
    pub most: f64,
    /// By how much what is behind the anchor moved along the layers.
    pub push: f64,
    /// What the view has to be moved by.
    pub shift: Point,
}

/// Measures how far boxes jump: for each box that nobody touched its place before and after, and the
/// corner of what was opened or closed likewise.
pub fn jump(boxes: &[(Rect, Rect)], anchor: (Point, Point), direction: Direction) -> Jump {
    let along = |x: f64, y: f64| if direction == Direction::Down { y } else { x };
    let across = |x: f64, y: f64| if direction == Direction::Down { x } else { y };
    let shift_along = along(anchor.1.x, anchor.1.y) - along(anchor.0.x, anchor.0.y);
    let shift_across = middle(boxes.iter().map(|(before, after)| across(after.x, after.y) - across(before.x, before.y)).collect());
    let is_behind = |before: &Rect| along(before.x, before.y) > along(anchor.0.x, anchor.0.y);
    let moved = |before: &Rect, after: &Rect| along(after.x, after.y) - along(before.x, before.y) - shift_along;
    let push = middle(boxes.iter().filter(|(before, _)| is_behind(before)).map(|(before, after)| moved(before, after)).collect());
    let jumps: Vec<f64> = boxes
        .iter()
        .map(|(before, after)| {
            let own = moved(before, after) - if is_behind(before) { push } else { 0.0 };
            own.hypot(across(after.x, after.y) - across(before.x, before.y) - shift_across)
        })
        .collect();
    let shift = match direction {
        Direction::Down => Point { x: shift_across, y: shift_along },
        Direction::Right => Point { x: shift_along, y: shift_across },
    };
    Jump { most: jumps.iter().copied().fold(0.0, f64::max), median: middle(jumps), push, shift }
}

/// The upper median; 0 of nothing.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A straight piece of a line, with its upper end first.
#[derive(Clone, Copy)]
struct Piece {
    line: u32,
    top: Point,
    bottom: Point,
}

/// Measures a drawing. The time goes with the number of pieces that lie at one height, so it suits
/// layered drawings.
pub fn measure(boxes: &[Rect], lines: &[Route]) -> Quality {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut quality = Quality::default();
    let (mut least, mut most) = (Point { x: f64::INFINITY, y: f64::INFINITY }, Point { x: f64::NEG_INFINITY, y: f64::NEG_INFINITY });
    let mut around = |x: f64, y: f64| {
        least = Point { x: least.x.min(x), y: least.y.min(y) };
        most = Point { x: most.x.max(x), y: most.y.max(y) };
    };
    for rect in boxes {
        around(rect.x, rect.y);
        around(rect.right(), rect.bottom());
    }
    for (line, route) in (0u32..).zip(lines) {
        route.points.iter().for_each(|point| around(point.x, point.y));
        quality.bends += route.points.windows(3).filter(|three| turn(three[0], three[1], three[2]) != 0.0).count() as u64;
        for pair in route.points.windows(2) {
            quality.length += (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y);
            let is_down = (pair[0].y, pair[0].x) <= (pair[1].y, pair[1].x);
            let (top, bottom) = if is_down { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
            pieces.push(Piece { line, top, bottom });
        }
    }
    if most.x >= least.x {
        (quality.width, quality.height) = (most.x - least.x, most.y - least.y);
    }
    pieces.sort_by(|a, b| a.top.y.total_cmp(&b.top.y));
    quality.crossings = crossings(&pieces);
    let mut order: Vec<u32> = (0..boxes.len() as u32).collect();
    order.sort_by(|a, b| boxes[*a as usize].y.total_cmp(&boxes[*b as usize].y));
    quality.lines_through_boxes = through(&pieces, boxes, &order, lines);
    quality.overlaps = overlaps(boxes, &order);
    quality
}

/// Each piece against those above that reach down to it.
fn crossings(pieces: &[Piece]) -> u64 {
    let mut count = 0;
    let mut active: Vec<Piece> = Vec::new();
    for piece in pieces {
        active.retain(|other| other.bottom.y >= piece.top.y);
        count += active.iter().filter(|other| other.line != piece.line && cross(other, piece)).count() as u64;
        active.push(*piece);
    }
    count
}

/// Whether each piece has its ends on different sides of the other.
fn cross(a: &Piece, b: &Piece) -> bool {
    let sides_of_a = (turn(a.top, a.bottom, b.top), turn(a.top, a.bottom, b.bottom));
    let sides_of_b = (turn(b.top, b.bottom, a.top), turn(b.top, b.bottom, a.bottom));
    sides_of_a.0 * sides_of_a.1 < 0.0 && sides_of_b.0 * sides_of_b.1 < 0.0
}

/// Positive on one side of the way from `a` to `b`, negative on the other; zero on it, rounding
/// allowed for.
fn turn(a: Point, b: Point, c: Point) -> f64 {
    let product = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    let scale = (b.x - a.x).abs() + (b.y - a.y).abs();
    if product.abs() <= 1e-6 * scale { 0.0 } else { product }
}

fn through(pieces: &[Piece], boxes: &[Rect], order: &[u32], lines: &[Route]) -> u64 {
    let mut hits: Vec<(u32, u32)> = Vec::new();
    let mut active: Vec<u32> = Vec::new();
    let mut rest = order.iter().copied().peekable();
    // A box may begin below a piece's top, so boxes are taken up while they begin above its bottom,
    // and pieces wait in the order of their bottoms.
    let mut by_bottom: Vec<&Piece> = pieces.iter().collect();
    by_bottom.sort_by(|a, b| a.bottom.y.total_cmp(&b.bottom.y));
    // The highest top that is still to come, to know which boxes are done with.
    let mut tops: Vec<f64> = by_bottom.iter().map(|piece| piece.top.y).collect();
    for index in (1..tops.len()).rev() {
        tops[index - 1] = tops[index - 1].min(tops[index]);
    }
    for (piece, highest) in by_bottom.into_iter().zip(tops) {
        while let Some(next) = rest.next_if(|next| boxes[*next as usize].y < piece.bottom.y) {
            active.push(next);
        }
        active.retain(|index| boxes[*index as usize].bottom() > highest);
        let route = &lines[piece.line as usize];
        let hit = |index: &&u32| **index != route.from && **index != route.to && enters(&boxes[**index as usize], piece.top, piece.bottom);
        hits.extend(active.iter().filter(hit).map(|index| (piece.line, *index)));
    }
    hits.sort_unstable();
    hits.dedup();
    hits.len() as u64
}

/// Whether a straight line has a point inside a box, its border left out.
pub fn enters(rect: &Rect, a: Point, b: Point) -> bool {
    const MARGIN: f64 = 1e-6;
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (start, end, low, high) in [(a.x, b.x, rect.x, rect.right()), (a.y, b.y, rect.y, rect.bottom())] {
        let (low, high) = (low + MARGIN, high - MARGIN);
        if start == end {
            if start <= low || start >= high {
                return false;
            }
            continue;
        }
        let (t0, t1) = ((low - start) / (end - start), (high - start) / (end - start));
        (enter, leave) = (enter.max(t0.min(t1)), leave.min(t0.max(t1)));
    }
    enter < leave
}

fn overlaps(boxes: &[Rect], order: &[u32]) -> u64 {
    const MARGIN: f64 = 1e-6;
    let mut count = 0;
    let mut active: Vec<Rect> = Vec::new();
    for rect in order.iter().map(|index| boxes[*index as usize]) {
        active.retain(|other| other.bottom() > rect.y + MARGIN);
        let is_over = |other: &&Rect| other.x + MARGIN < rect.right() && rect.x + MARGIN < other.right() && rect.height > MARGIN;
        count += active.iter().filter(is_over).count() as u64;
        active.push(rect);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: u32, to: u32, points: &[(f64, f64)]) -> Route {
        Route { edge: 0, from, to, points: points.iter().map(|(x, y)| Point { x: *x, y: *y }).collect() }
    }

    fn square(x: f64, y: f64) -> Rect {
        Rect { x, y, width: 10.0, height: 10.0 }
    }

    #[test]
    fn lines_cross_once_where_they_do() {
        let a = line(0, 0, &[(0.0, 0.0), (10.0, 10.0)]);
        let b = line(0, 0, &[(10.0, 0.0), (0.0, 10.0)]);
        assert_eq!(measure(&[], &[a.clone(), b]).crossings, 1);
        // Touching at an end, meeting at a bend, running together: none crosses.
        let touching = line(0, 0, &[(0.0, 10.0), (5.0, 5.0)]);
        let meeting = line(0, 0, &[(0.0, 0.0), (-5.0, 30.0)]);
        assert_eq!(measure(&[], &[a.clone(), touching, meeting, a.clone()]).crossings, 0);
        // A line that goes to and fro crosses another one three times.
        let zigzag = line(0, 0, &[(0.0, 1.0), (10.0, 3.0), (0.0, 5.0), (10.0, 7.0)]);
        assert_eq!(measure(&[], &[zigzag, line(0, 0, &[(5.0, 0.0), (5.0, 10.0)])]).crossings, 3);
        // Horizontal and upward lines count as well.
        assert_eq!(measure(&[], &[line(0, 0, &[(0.0, 5.0), (10.0, 5.0)]), line(0, 0, &[(4.0, 9.0), (4.0, 1.0)])]).crossings, 1);
    }

    #[test]
    fn length_bends_and_frame() {
        let route = line(0, 1, &[(5.0, 10.0), (5.0, 14.0), (8.0, 18.0), (8.0, 30.0)]);
        let quality = measure(&[square(0.0, 0.0), square(3.0, 30.0)], &[route]);
        assert_eq!((quality.length, quality.bends), (21.0, 2));
        assert_eq!((quality.width, quality.height, quality.area()), (13.0, 40.0, 520.0));
        assert_eq!(measure(&[], &[]), Quality::default());
    }

    #[test]
    fn a_line_through_a_box_is_seen() {
        let boxes = [square(0.0, 0.0), square(0.0, 20.0), square(0.0, 40.0)];
        let straight = line(0, 2, &[(5.0, 10.0), (5.0, 40.0)]);
        assert_eq!(measure(&boxes, std::slice::from_ref(&straight)).lines_through_boxes, 1);
        // Two pieces in one box are one pair; along a side is not inside.
        let bent = line(0, 2, &[(5.0, 10.0), (5.0, 25.0), (6.0, 40.0)]);
        assert_eq!(measure(&boxes, &[bent]).lines_through_boxes, 1);
        let beside = line(0, 2, &[(5.0, 10.0), (10.0, 20.0), (10.0, 30.0), (5.0, 40.0)]);
        assert_eq!(measure(&boxes, &[beside]).lines_through_boxes, 0);
        // The boxes at a line's own ends are not in its way.
        assert_eq!(measure(&boxes[..2], &[line(0, 1, &[(5.0, 5.0), (5.0, 25.0)])]).lines_through_boxes, 0);
        // A box inside a long piece's stretch that began long ago.
        assert_eq!(measure(&boxes, &[line(0, 2, &[(-5.0, -50.0), (-5.0, 90.0)]), straight]).lines_through_boxes, 1);
    }

    #[test]
    fn a_push_is_no_jump() {
        let boxes = [(0.0, 10.0), (0.0, 10.0), (100.0, 160.0), (140.0, 200.0)].map(|(y, now)| (square(5.0, y), square(25.0, now)));
        let anchor = (Point { x: 5.0, y: 50.0 }, Point { x: 0.0, y: 60.0 });
        let expected = Jump { median: 0.0, most: 0.0, push: 50.0, shift: Point { x: 20.0, y: 10.0 } };
        assert_eq!(jump(&boxes, anchor, Direction::Down), expected);
        // One of three goes aside.
        let still = (square(0.0, 0.0), square(0.0, 0.0));
        let aside = [still, still, (square(0.0, 0.0), square(3.0, 4.0))];
        let found = jump(&aside, (anchor.0, anchor.0), Direction::Down);
        assert_eq!((found.median, found.most, found.shift), (0.0, 5.0, Point::default()));
        assert_eq!(jump(&[], (anchor.0, anchor.0), Direction::Right), Jump::default());
    }

    #[test]
    fn overlapping_boxes_are_counted() {
        assert_eq!(measure(&[square(0.0, 0.0), square(10.0, 0.0), square(0.0, 10.0)], &[]).overlaps, 0);
        assert_eq!(measure(&[square(0.0, 0.0), square(9.0, 9.0), square(5.0, 0.0)], &[]).overlaps, 3);
    }
}
