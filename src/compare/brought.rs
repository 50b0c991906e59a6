//! B's values in A's order, read where they lie: for weights that are too large to be copied.
//!
//! Panels of A's order are put together in one go, in runs as long as B's layout allows, and the last few are
//! kept, since pictures are drawn a band of rows at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::align::{Alignment, Axis};
use crate::values::Blocks;

/// Elements of a panel, about: 4 MiB.
const PANEL: usize = 1 << 20;

/// B's values, in A's shape and order.
pub struct Brought<V> {
    values: V,
    count: usize,
    /// Of A's order, the slowest first.
    axes: Vec<Axis>,
    cut: Cut,
    kept: Mutex<VecDeque<(usize, Arc<Vec<f32>>)>>,
}

/// How A's order is cut into panels: `rows` indices at most along one axis and all of the axes behind it.
#[derive(Clone, Copy, Debug)]
struct Cut {
    axis: usize,
    rows: usize,
    /// Elements behind one index of the axis.
    inner: usize,
}

impl<V: Blocks> Brought<V> {
    pub fn new(values: V, alignment: &Alignment) -> Self {
        Self::with_panels(values, alignment, PANEL)
    }

    fn with_panels(values: V, alignment: &Alignment, panel: usize) -> Self {
        let mut axes = alignment.axes.clone();
        axes.sort_by_key(|axis| std::cmp::Reverse(axis.a));
        let mut cut = Cut { axis: 0, rows: 1, inner: alignment.count() };
        for (number, axis) in axes.iter().enumerate() {
            cut = Cut { axis: number, rows: (panel / axis.a.max(1)).clamp(1, axis.extent.max(1)), inner: axis.a.max(1) };
            if axis.a <= panel {
                break;
            }
        }
        Self { values, count: alignment.count(), axes, cut, kept: Mutex::default() }
    }

    /// The panel that an element lies in: its number and where it begins.
    fn panel_of(&self, place: usize) -> (usize, usize) {
        let Some(axis) = self.axes.get(self.cut.axis) else { return (0, 0) };
        let whole = axis.extent * self.cut.inner;
        let (outer, within) = (place / whole, place % whole);
        let panel = within / (self.cut.rows * self.cut.inner);
        (outer * axis.extent.div_ceil(self.cut.rows) + panel, outer * whole + panel * self.cut.rows * self.cut.inner)
    }

    fn panel(&self, number: usize, start: usize) -> Arc<Vec<f32>> {
        let held = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, panel)) = held().iter().find(|(of, _)| *of == number) {
            return Arc::clone(panel);
        }
        let panel = Arc::new(self.read_panel(start));
        let mut kept = held();
        // Each thread works on one, and begins the next.
        if kept.len() > 2 * rayon::current_num_threads() {
            kept.pop_front();
        }
        kept.push_back((number, Arc::clone(&panel)));
        panel
    }

    fn read_panel(&self, start: usize) -> Vec<f32> {
        let Some((own, behind)) = self.axes.get(self.cut.axis..).and_then(<[Axis]>::split_first) else { return vec![f32::NAN; self.count] };
        let first = start / self.cut.inner % own.extent;
        let rows = self.cut.rows.min(own.extent - first);
        let mut out = vec![0.0; rows * self.cut.inner];
        let base: usize = self.axes.iter().map(|axis| start / axis.a.max(1) % axis.extent.max(1) * axis.b).sum();
        // In B's order, the fastest first; those that follow one another there make a run.
        let mut axes: Vec<Axis> = [&[Axis { extent: rows, ..*own }], behind].concat();
        axes.retain(|axis| axis.extent > 1);
        axes.sort_by_key(|axis| axis.b);
        let mut len = 1;
        let inside = axes.iter().take_while(|axis| {
            let follows = axis.b == len;
            len *= if follows { axis.extent } else { 1 };
            follows
        });
        let (inside, outside) = axes.split_at(inside.count());
        let runs: usize = outside.iter().map(|axis| axis.extent).product();
        if let ([along], Some(across)) = (inside, outside.iter().position(|axis| axis.a == 1)) {
            self.read_turned(base, (*along, outside[across]), &[&outside[..across], &outside[across + 1..]].concat(), &mut out);
            return out;
        }
        let mut run = vec![0.0; len];
        for number in 0..runs {
            let (from, to) = places(outside, number);
            self.values.read(base + from, &mut run);
            run.iter().enumerate().for_each(|(place, value)| out[to + places(inside, place).1] = *value);
        }
        out
    }
}

impl<V: Blocks> Brought<V> {
    /// Fills a panel where B has one axis in a run and A another one: some runs at a time, so that both sides are met in
    /// stretches.
    fn read_turned(&self, base: usize, (along, across): (Axis, Axis), others: &[Axis], out: &mut [f32]) {
        const AT_ONCE: usize = 16;
        let mut runs = vec![0.0; AT_ONCE * along.extent];
        let count: usize = others.iter().map(|axis| axis.extent).product();
        for (from, to) in (0..count).map(|number| places(others, number)) {
            for first in (0..across.extent).step_by(AT_ONCE) {
                let some = AT_ONCE.min(across.extent - first);
                for (number, run) in runs.chunks_mut(along.extent).take(some).enumerate() {
                    self.values.read(base + from + (first + number) * across.b, run);
                }
                for step in 0..along.extent {
                    let slots = &mut out[to + step * along.a + first..][..some];
                    slots.iter_mut().enumerate().for_each(|(number, slot)| *slot = runs[number * along.extent + step]);
                }
            }
        }
    }
}

/// The places in B and in A of one element of a box of axes, the fastest first.
fn places(axes: &[Axis], number: usize) -> (usize, usize) {
    let (mut rest, mut places) = (number, (0, 0));
    for axis in axes {
        let index = rest % axis.extent;
        rest /= axis.extent;
        places = (places.0 + index * axis.b, places.1 + index * axis.a);
    }
    places
}

impl<V: Blocks> Blocks for Brought<V> {
    fn len(&self) -> usize {
        self.count
    }

    fn as_slice(&self) -> Option<&[f32]> {
        None
    }

    fn read(&self, start: usize, out: &mut [f32]) {
        let there = self.count.saturating_sub(start).min(out.len());
        let (mut rest, beyond) = out.split_at_mut(there);
        beyond.fill(f32::NAN);
        let mut place = start;
        while !rest.is_empty() {
            let (number, first) = self.panel_of(place);
            let panel = self.panel(number, first);
            let found = panel.get(place - first..).unwrap_or_default();
            let (here, next) = rest.split_at_mut(found.len().clamp(1, rest.len()));
            here.copy_from_slice(found.get(..here.len()).unwrap_or(&[f32::NAN]));
            place += here.len();
            rest = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::align::{Form, align};
    use super::*;

    /// Whatever the layouts, the cut and the part that is read: what [`Alignment::bring`] gives of the whole.
    #[test]
    fn panels_are_parts_of_the_whole() {
        let cases: [(&[usize], &'static str, &[usize], &'static str); 4] = [
            (&[7, 3, 5, 4], "OHWI", &[7, 4, 3, 5], "OIHW"),
            (&[30, 21], "OI", &[21, 30], "IO"),
            (&[1, 5, 5, 6], "1HWO", &[3, 2, 1, 5, 5], "GOIHW"),
            (&[2, 3, 3, 9], "OHWI", &[2, 3, 3, 9], "OHWI"),
        ];
        for (shape_a, layout_a, shape_b, layout_b) in cases {
            let form = |shape: &[usize], layout| Form { shape: shape.to_vec(), layout: Some(layout) };
            let alignment = align(&form(shape_a, layout_a), &form(shape_b, layout_b)).unwrap();
            let values: Vec<f32> = (0..alignment.count()).map(|place| place as f32).collect();
            let whole = alignment.bring(&values).unwrap();
            for panel in [1, 5, 40, 100, 10_000] {
                let brought = Brought::with_panels(values.clone(), &alignment, panel);
                for (start, len) in [(0, whole.len()), (13, 50), (whole.len() - 3, 3)] {
                    let mut out = vec![0.0; len];
                    brought.read(start, &mut out);
                    assert_eq!(out, whole[start..start + len], "{layout_a} {layout_b}, panels of {panel}, from {start}");
                }
                let mut beyond = [0.0; 3];
                brought.read(whole.len() - 1, &mut beyond);
                assert!(beyond[0] == whole[whole.len() - 1] && beyond[1].is_nan() && beyond[2].is_nan());
            }
        }
    }
}
