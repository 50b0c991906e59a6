//! Makes a picture narrower where a few layers are wider than all the others.
//!
//! Columns are chosen for short and straight lines, section by section. In a long picture one wide place
//! then costs room along its whole length. So the widest stretches are placed once more, each between walls
//! beyond which every step costs: lines there may bend where that makes the picture narrower, as much as
//! the height of the picture warrants.

use super::layered::Layered;
use super::place::{Columns, Walls, windows};
use crate::jobs::{Cancelled, Token};

/// What a unit of width costs for each layer of the picture, beside what sideways runs cost.
const WIDTH: i64 = 5;
/// Looks of the simplex method for each vertex, and some more for few vertices.
const STEPS: u64 = 600;
const MORE_STEPS: u64 = 4_000_000;

/// Moves vertices whose columns are known. `sections` have first and last layers, which stay; the layers
/// are in the order of the columns.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn narrow(layered: &Layered, xs: &mut Vec<f64>, sections: &[(usize, usize)], token: &Token) -> Result<(), Cancelled> {
    let mut columns = Columns::new(layered, xs, true);
    let mut stretches: Vec<(usize, usize)> = sections.iter().flat_map(|section| windows(layered, *section)).collect();
    stretches.retain(|(first, last)| layered.layers[*first..=*last].iter().any(|layer| layer.len() > 1));
    // In steps, so that a layer more does not change what the others look like.
    let weight = WIDTH * layered.layers.len().next_power_of_two() as i64;
    // The widest first, until what is left needs no more room than those do.
    stretches.sort_by_cached_key(|stretch| {
        let (left, right) = columns.sides(*stretch);
        (left - right, *stretch)
    });
    let before = columns.at.clone();
    let mut steps = STEPS * layered.len() as u64 + MORE_STEPS;
    // Layers of one box need what they need.
    let single = (0..layered.layers.len()).filter(|layer| layered.layers[*layer].len() == 1).map(|layer| columns.sides((layer, layer)));
    let mut needed = single.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let mut moved = Vec::new();
    for stretch in &stretches {
        token.check()?;
        let (left, right) = columns.sides(*stretch);
        let (far_left, far_right) = needed.unwrap_or((i64::MAX / 4, i64::MIN / 4));
        if left >= far_left && right <= far_right {
            continue;
        }
        let (left, right) = needed.unwrap_or(((left + right) / 2, (left + right) / 2));
        let walls = Walls { left, right, weight };
        columns.shorten(*stretch, Some(walls), &mut steps);
        let (left, right) = columns.sides(*stretch);
        needed = Some((far_left.min(left), far_right.max(right)));
        moved.push(*stretch);
    }
    let Some((left, right)) = needed.filter(|_| columns.at != before) else { return Ok(()) };
    // What others need is free for the first ones, too.
    if moved.len() > 1 {
        columns.at = before;
        for stretch in moved {
            token.check()?;
            let own = columns.sides(stretch);
            if own.0 < left || own.1 > right {
                columns.shorten(stretch, Some(Walls { left, right, weight }), &mut steps);
            }
        }
    }
    *xs = columns.xs();
    Ok(())
}
