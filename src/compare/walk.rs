//! Reading two aligned weights beside each other, a cache-sized tile at a time.
//!
//! A tile is a box of the aligned axes, chosen so that both sides are read in runs as long as their
//! layouts allow, and put into the common order in the processor's cache. No side is copied as a
//! whole. Pieces of work are the same whatever the number of threads, and are added up in order.

use rayon::prelude::*;

use super::align::{Alignment, Axis};
use crate::jobs::Token;
use crate::weights::{FoldError, Value};

/// Elements of a tile: both sides' and what is computed of them stay in the second-level cache.
const TILE: usize = 1 << 14;
/// Tiles of one piece of work.
const TILES_A_PIECE: usize = 32;
/// Fewer elements are not worth waking other threads for.
const ALONE: usize = 1 << 17;

/// Where elements are read from, by their position in one side's own order.
pub(super) trait Source: Sync {
    /// Reads the elements from `start` on. Enough of them are there.
    fn read(&self, start: usize, out: &mut [f32]) -> Result<(), FoldError>;
}

impl Source for Value<'_> {
    fn read(&self, start: usize, out: &mut [f32]) -> Result<(), FoldError> {
        self.read_f32(start, out)
    }
}

impl Source for &[f32] {
    fn read(&self, start: usize, out: &mut [f32]) -> Result<(), FoldError> {
        for (slot, value) in out.iter_mut().zip(self.get(start..).unwrap_or_default()) {
            *slot = *value;
        }
        Ok(())
    }
}

/// A run of elements of one output channel.
pub(super) struct Stretch<'a> {
    /// The output channel; 0 where there are none.
    pub channel: usize,
    pub a: &'a [f32],
    pub b: &'a [f32],
    /// One an element, where channels don't share them; else empty.
    pub step: &'a [f32],
    pub zero_point: &'a [f32],
}

/// Goes through all pairs of elements. Every piece of work begins with `start` of the first channel it
/// touches and the number of channels; `visit` is called with each stretch of one channel; the pieces
/// come back in order, each with its first channel.
///
/// # Errors
/// [`FoldError`]: cancelled, or a side that can't be read.
pub(super) fn walk<S: Send>(
    alignment: &Alignment,
    [a, b]: [&dyn Source; 2],
    extras: Option<Extras<'_>>,
    token: &Token,
    start: impl Fn(usize) -> S + Sync,
    visit: impl Fn(&mut S, usize, &Stretch<'_>) + Sync,
) -> Result<Vec<(usize, S)>, FoldError> {
    if alignment.count() == 0 {
        return Ok(Vec::new());
    }
    let grid = Grid::of(alignment);
    let pieces: Vec<Piece> = grid.pieces().collect();
    let work = |piece: &Piece| -> Result<(usize, S), FoldError> {
        let mut buffers = Buffers::default();
        let mut state = start(piece.channels);
        for tile in piece.tiles.clone() {
            token.check()?;
            let tile = grid.tile(tile);
            tile.fill(a, |axis| axis.a, &mut buffers.a, &mut buffers.run)?;
            tile.fill(b, |axis| axis.b, &mut buffers.b, &mut buffers.run)?;
            if let Some(extras) = &extras {
                for (source, out) in [(extras.steps, &mut buffers.step), (extras.zero_points, &mut buffers.zero_point)] {
                    match extras.side {
                        Side::A => tile.fill(source, |axis| axis.a, out, &mut buffers.run)?,
                        Side::B => tile.fill(source, |axis| axis.b, out, &mut buffers.run)?,
                    }
                }
            }
            let inner = tile.inner;
            for (row, (a, b)) in buffers.a.chunks(inner).zip(buffers.b.chunks(inner)).enumerate() {
                let channel = tile.channel(row);
                let part =
                    |numbers: &'_ [f32]| numbers.get(row * inner..(row + 1) * inner).map_or(0..0, |_| row * inner..(row + 1) * inner);
                let (step, zero_point) = (&buffers.step[part(&buffers.step)], &buffers.zero_point[part(&buffers.zero_point)]);
                visit(&mut state, channel - piece.first_channel, &Stretch { channel, a, b, step, zero_point });
            }
        }
        Ok((piece.first_channel, state))
    };
    if alignment.count() <= ALONE {
        return pieces.iter().map(work).collect();
    }
    pieces.par_iter().map(work).collect()
}

/// Steps and zero points of single elements, by the position in one side's own order.
#[derive(Clone, Copy)]
pub(super) struct Extras<'a> {
    pub steps: &'a dyn Source,
    pub zero_points: &'a dyn Source,
    pub side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

#[derive(Default)]
struct Buffers {
    a: Vec<f32>,
    b: Vec<f32>,
    step: Vec<f32>,
    zero_point: Vec<f32>,
    run: Vec<f32>,
}

/// How the axes are cut into tiles.
struct Grid<'a> {
    axes: &'a [Axis],
    channel_axes: usize,
    /// A tile's extents, at the ends of the axes less.
    sides: Vec<usize>,
    /// Tiles along each axis.
    tiles: Vec<usize>,
}

/// Tiles in a row that have the same output channels.
struct Piece {
    tiles: std::ops::Range<usize>,
    first_channel: usize,
    /// Channels from the first to the last that is touched.
    channels: usize,
}

struct Tile<'a> {
    grid: &'a Grid<'a>,
    starts: Vec<usize>,
    extents: Vec<usize>,
    /// Elements of one channel in the tile.
    inner: usize,
}

impl<'a> Grid<'a> {
    fn of(alignment: &'a Alignment) -> Self {
        let axes = &alignment.axes[..];
        let mut sides = vec![1; axes.len()];
        if alignment.count() > 0 {
            let mut volume = 1;
            let mut turn = 0;
            // In turns along the axis that each side has its elements nearest to each other.
            while volume < TILE {
                let nearest = |stride: fn(&Axis) -> usize| {
                    (0..axes.len()).filter(|axis| sides[*axis] < axes[*axis].extent).min_by_key(|axis| stride(&axes[*axis]))
                };
                let Some(axis) = (if turn % 2 == 0 { nearest(|axis| axis.a) } else { nearest(|axis| axis.b) }) else { break };
                volume /= sides[axis];
                sides[axis] = (sides[axis] * 2).min(axes[axis].extent);
                volume *= sides[axis];
                turn += 1;
            }
        }
        let tiles = axes.iter().zip(&sides).map(|(axis, side)| axis.extent.div_ceil(*side)).collect();
        Self { axes, channel_axes: alignment.channel_axes, sides, tiles }
    }

    fn pieces(&self) -> impl Iterator<Item = Piece> {
        let of_channels: usize = self.tiles[..self.channel_axes].iter().product();
        let of_rest: usize = self.tiles[self.channel_axes..].iter().product();
        (0..of_channels).flat_map(move |channels| {
            (0..of_rest).step_by(TILES_A_PIECE).map(move |start| {
                let first = channels * of_rest;
                let tile = self.tile(first + start);
                let rows = tile.rows();
                let (first_channel, last) = (tile.channel(0), tile.channel(rows.saturating_sub(1)));
                let tiles = first + start..first + (start + TILES_A_PIECE).min(of_rest);
                Piece { tiles, first_channel, channels: last + 1 - first_channel }
            })
        })
    }

    fn tile(&'a self, number: usize) -> Tile<'a> {
        let (mut rest, mut starts) = (number, vec![0; self.axes.len()]);
        for axis in (0..self.axes.len()).rev() {
            starts[axis] = rest % self.tiles[axis] * self.sides[axis];
            rest /= self.tiles[axis];
        }
        let extents: Vec<usize> = (0..self.axes.len()).map(|axis| self.sides[axis].min(self.axes[axis].extent - starts[axis])).collect();
        let inner = extents[self.channel_axes..].iter().product();
        Tile { grid: self, starts, extents, inner }
    }
}

impl Tile<'_> {
    /// Channels in the tile.
    fn rows(&self) -> usize {
        self.extents[..self.grid.channel_axes].iter().product()
    }

    /// The channel of a row of the tile.
    fn channel(&self, row: usize) -> usize {
        let (mut rest, mut channel, mut stride) = (row, 0, 1);
        for axis in (0..self.grid.channel_axes).rev() {
            channel += (self.starts[axis] + rest % self.extents[axis]) * stride;
            rest /= self.extents[axis];
            stride *= self.grid.axes[axis].extent;
        }
        channel
    }

    /// Reads one side's elements into the tile's order.
    fn fill(&self, source: &dyn Source, stride: impl Fn(&Axis) -> usize, out: &mut Vec<f32>, run: &mut Vec<f32>) -> Result<(), FoldError> {
        let axes = self.grid.axes;
        let volume = self.extents.iter().product();
        out.resize(volume, 0.0);
        let base: usize = axes.iter().zip(&self.starts).map(|(axis, start)| stride(axis) * start).sum();
        // The tile's own stride along each axis.
        let mut own = vec![1; axes.len()];
        for axis in (1..axes.len()).rev() {
            own[axis - 1] = own[axis] * self.extents[axis];
        }
        // What the side has without a gap: its fastest axes, as far as the tile has all of each.
        let mut order: Vec<usize> = (0..axes.len()).filter(|axis| self.extents[*axis] > 1).collect();
        order.sort_by_key(|axis| stride(&axes[*axis]));
        let (mut len, mut inside) = (1, 0);
        for axis in &order {
            if stride(&axes[*axis]) != len {
                break;
            }
            len *= self.extents[*axis];
            inside += 1;
        }
        let (inside, outside) = order.split_at(inside);
        let mut expected = 1;
        let is_in_order = inside.iter().all(|axis| {
            let fits = own[*axis] == expected;
            expected *= self.extents[*axis];
            fits
        });
        let runs: usize = outside.iter().map(|axis| self.extents[*axis]).product();
        for number in 0..runs {
            let (mut rest, mut from, mut to) = (number, base, 0);
            for axis in outside {
                let index = rest % self.extents[*axis];
                from += index * stride(&axes[*axis]);
                to += index * own[*axis];
                rest /= self.extents[*axis];
            }
            if is_in_order {
                source.read(from, &mut out[to..to + len])?;
                continue;
            }
            run.resize(len, 0.0);
            source.read(from, &mut run[..len])?;
            let Some((fastest, others)) = inside.split_first() else { continue };
            let (extent, step) = (self.extents[*fastest], own[*fastest]);
            for (row, values) in run[..len].chunks(extent).enumerate() {
                let (mut rest, mut at) = (row, to);
                for axis in others {
                    at += rest % self.extents[*axis] * own[*axis];
                    rest /= self.extents[*axis];
                }
                for (slot, value) in out[at..].iter_mut().step_by(step).zip(values) {
                    *slot = *value;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::align::{Form, align};
    use super::*;

    /// Every element is met once, beside its own, in the right channel, in every pair of layouts.
    #[test]
    fn every_pair_once() {
        let cases: [(&[usize], &'static str, &[usize], &'static str); 6] = [
            (&[70, 3, 5, 41], "OHWI", &[70, 41, 3, 5], "OIHW"),
            (&[300, 211], "OI", &[211, 300], "IO"),
            (&[1, 5, 5, 600], "1HWO", &[300, 2, 1, 5, 5], "GOIHW"),
            (&[3, 64, 64], "?", &[3, 64, 64], "?"),
            (&[17, 3, 3, 900], "OHWI", &[17, 3, 3, 900], "OHWI"),
            (&[1000], "O", &[1, 1000], "?"),
        ];
        for (shape_a, layout_a, shape_b, layout_b) in cases {
            let form = |shape: &[usize], layout: &'static str| Form { shape: shape.to_vec(), layout: (layout != "?").then_some(layout) };
            let alignment = align(&form(shape_a, layout_a), &form(shape_b, layout_b)).unwrap();
            let count = alignment.count();
            let a: Vec<f32> = (0..count).map(|place| place as f32).collect();
            let mut b = vec![0.0; count];
            (0..count).for_each(|place| b[alignment.place_in_b(place)] = place as f32);
            let pieces = walk(
                &alignment,
                [&&a[..], &&b[..]],
                Some(Extras { steps: &&b[..], zero_points: &&a[..], side: Side::B }),
                &Token::new(),
                |_| Vec::new(),
                |seen: &mut Vec<f32>, _, stretch| {
                    assert_eq!((stretch.a, stretch.a), (stretch.b, stretch.step));
                    assert!(stretch.a.iter().all(|place| alignment.channel_of(*place as usize).unwrap_or(0) == stretch.channel));
                    seen.extend(stretch.a);
                },
            )
            .unwrap();
            let mut seen: Vec<f32> = pieces.into_iter().flat_map(|(_, seen)| seen).collect();
            seen.sort_by(f32::total_cmp);
            assert_eq!(seen, a, "{shape_a:?} {shape_b:?}");
        }
    }

    #[test]
    fn cancelled() {
        let form = Form { shape: vec![2], layout: None };
        let token = Token::new();
        token.cancel();
        let none: &[f32] = &[0.0, 0.0];
        let found = walk(&align(&form, &form).unwrap(), [&none, &none], None, &token, |_| (), |(), _, _| ());
        assert!(matches!(found, Err(FoldError::Cancelled(_))));
    }
}
