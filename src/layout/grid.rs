//! Which of very many rectangles lie in a part of the plane: a grid of several sizes of cells.
//!
//! Every rectangle lies in one cell of one level, the one whose cells are just as large as it: what is
//! asked for is found in the cells around, and what is too small to be seen is not even looked at.

use super::Rect;

/// Cells of the finest level, in points.
const FINEST: f64 = 64.0;

#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    levels: Vec<Level>,
}

#[derive(Clone, Debug, Default)]
struct Level {
    /// Side of a cell; no rectangle of the level is longer.
    side: f64,
    /// Sorted: row, column and number of the rectangle.
    entries: Vec<(i64, i64, u32)>,
}

impl Grid {
    /// Rectangles bear their numbers in the order in which they come.
    pub fn of(rects: impl Iterator<Item = Rect>) -> Self {
        let mut levels: Vec<Level> = Vec::new();
        for (number, rect) in (0..).zip(rects) {
            let level = (rect.width.max(rect.height) / FINEST).max(1.0).log2().ceil() as usize;
            while levels.len() <= level {
                levels.push(Level { side: FINEST * 2f64.powi(levels.len() as i32), entries: Vec::new() });
            }
            let side = levels[level].side;
            let center = rect.center();
            levels[level].entries.push(((center.y / side).floor() as i64, (center.x / side).floor() as i64, number));
        }
        levels.iter_mut().for_each(|level| level.entries.sort_unstable());
        Self { levels }
    }

    /// Calls `visit` with every rectangle that may touch `area` and may be longer than `least`: none
    /// that does is missing, and some come that don't.
    pub fn visit(&self, area: &Rect, least: f64, mut visit: impl FnMut(u32)) {
        for level in self.levels.iter().filter(|level| level.side >= least) {
            let reach = level.side / 2.0;
            let cell = |at: f64| (at / level.side).floor() as i64;
            let (first_row, last_row) = (cell(area.y - reach), cell(area.bottom() + reach));
            let (first_column, last_column) = (cell(area.x - reach), cell(area.right() + reach));
            let entries = &level.entries;
            let mut at = entries.partition_point(|(row, ..)| *row < first_row);
            while let Some((row, column, number)) = entries.get(at).copied().filter(|(row, ..)| *row <= last_row) {
                if column < first_column {
                    at += entries[at..].partition_point(|(other, column, _)| (*other, *column) < (row, first_column));
                } else if column > last_column {
                    at += entries[at..].partition_point(|(other, ..)| *other <= row);
                } else {
                    visit(number);
                    at += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against looking at every rectangle.
    #[test]
    fn finds_what_looking_at_all_finds() {
        let mut seed = 7u64;
        let mut random = |below: f64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as f64 / (1u64 << 24) as f64 * below
        };
        let rects: Vec<Rect> = (0..2000)
            .map(|number| {
                let long = if number % 50 == 0 { 30_000.0 } else { 300.0 };
                Rect { x: random(20_000.0) - 5_000.0, y: random(20_000.0), width: random(long), height: random(long) }
            })
            .collect();
        let grid = Grid::of(rects.iter().copied());
        for _ in 0..200 {
            let area = Rect { x: random(20_000.0) - 5_000.0, y: random(20_000.0), width: random(3_000.0), height: random(3_000.0) };
            let least = random(400.0);
            let touches =
                |rect: &Rect| rect.x <= area.right() && rect.right() >= area.x && rect.y <= area.bottom() && rect.bottom() >= area.y;
            let mut found = Vec::new();
            grid.visit(&area, least, |number| found.push(number));
            found.sort_unstable();
            let repeated = found.windows(2).any(|pair| pair[0] == pair[1]);
            assert!(!repeated, "each comes once");
            let wanted = (0..).zip(&rects).filter(|(_, rect)| touches(rect) && rect.width.max(rect.height) >= least);
            for (number, rect) in wanted {
                assert!(found.binary_search(&number).is_ok(), "{rect:?} in {area:?}");
            }
        }
        assert_eq!(Grid::default().levels.len(), 0);
    }
}
