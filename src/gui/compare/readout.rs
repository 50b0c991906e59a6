//! The line under the pictures: the element under the pointer, in A, in B, and their difference.

use crate::compare::difference::ulps;
use crate::gui::names;
use crate::jobs::versus::Facing;
use crate::view::View;

/// `O 27, I 11   A -0.0361   B +0.0000   B-A +0.0361   code B 0 (0.0123 × (code - 0))   12 ULPs`
pub fn text(facing: &Facing, view: &View, place: usize) -> Option<String> {
    let index = view.unravel(place)?;
    let long = (0..index.len()).filter(|axis| view.shape()[*axis] > 1 || view.shape().len() == 1);
    let axes: Vec<String> = long.map(|axis| format!("{} {}", view.names()[axis], index[axis])).collect();
    let a = facing.a.value(place)?;
    let b = facing.b.value(place)?;
    let mut parts = vec![axes.join(", "), format!("A {}", names::signed(f64::from(a))), format!("B {}", names::signed(f64::from(b)))];
    parts.push(format!("B-A {}", names::signed(f64::from(b) - f64::from(a))));
    for (side, code) in ["A", "B"].into_iter().zip(facing.codes_at(place)) {
        let Some(code) = code else { continue };
        let scale = code.scale.map_or(String::new(), |(scale, zero_point)| format!(" ({} × (code - {zero_point}))", names::figure(scale)));
        parts.push(format!("code {side} {}{scale}", code.number));
    }
    parts.push(ulps(a, b).map_or_else(|| "NaN".to_owned(), |count| format!("{} ULPs", names::thousands(u64::from(count)))));
    Some(parts.join("   "))
}
