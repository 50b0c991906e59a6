//! The constants that OpenVINO's TensorFlow Lite frontend keeps in the model that it makes of a file: found again there,
//! and compared with ours after their axes were brought back into our order.
//!
//! The frontend turns kernels to OpenVINO's layouts, takes bytes and scales apart, folds what it can and gives most of it
//! new names. So a constant is looked for by its name, then by its numbers in whatever order, and kernels and
//! biases of which neither is left by their shapes, where there are as many on both sides. What is behind operations that
//! the frontend translates in its own way, or stored as it does not read it, is looked for by its numbers alone.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::tflite;
use crate::jobs::{Cancelled, Token};
use crate::model::{DType, FormatName, Model};
use crate::weights::{Catalogue, FoldError, Kind, Real, Site, Weight};

/// Axes of more than one element that are turned: arrays of more are compared as they lie.
const MOST_AXES: usize = 6;
/// Constants of one shape and role that are told apart by how little they differ.
const MOST_ALIKE: usize = 16;

/// A constant in the frontend's model.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What the frontend calls the constant that its layer computes with.
    pub tensor: String,
    pub shape: Vec<usize>,
    /// Elements that differ, of all.
    pub differing: u64,
    /// The largest absolute difference; infinite where one of the two is not a finite number.
    pub max_difference: f64,
    /// Elements that differ by no more than float32 rounds, where TensorFlow Lite computes in float64.
    pub rounded: u64,
}

/// What the frontend keeps of each weight; `None` where it has nothing that is known to be the same constant.
///
/// # Errors
/// Cancelled.
pub fn kept(model: &Model, weights: &[&Weight], frontend: &Model, token: &Token) -> Result<Vec<Option<Kept>>, Cancelled> {
    // All of both, whatever is asked for: who belongs together is told by who is left, too.
    let (all, catalogue) = (Catalogue::of(model), Catalogue::of(frontend));
    let ours: Vec<Side<'_>> = sides(model, all.all().iter(), token)?;
    let names: HashSet<&str> = ours.iter().map(|side| side.name).collect();
    let is_candidate = |weight: &&Weight| weight.role.kind == Kind::Weight || names.contains(weight.data_tensor(frontend).name.as_str());
    let theirs = sides(frontend, catalogue.all().iter().filter(is_candidate), token)?;
    let pairs = pair((model, &ours), (frontend, &theirs), token)?;
    let partners: HashMap<Site, (&Side<'_>, usize)> =
        ours.iter().zip(pairs).filter_map(|(side, partner)| Some((side.weight.site, (side, partner?)))).collect();
    let compared = weights.iter().map(|weight| match partners.get(&weight.site) {
        Some((ours, partner)) => theirs.get(*partner).map_or(Ok(None), |theirs| compare((model, ours), (frontend, theirs), token)),
        None => Ok(None),
    });
    compared.collect()
}

/// What a weight is found again by.
struct Side<'m> {
    weight: &'m Weight,
    name: &'m str,
    /// Of its axes of more than one element, in rising order.
    dims: Vec<usize>,
    numbers: u64,
    /// Whether the frontend has to have the same values: it is a constant that it reads as the file has it.
    is_judged: bool,
}

fn sides<'m>(model: &'m Model, weights: impl Iterator<Item = &'m Weight>, token: &Token) -> Result<Vec<Side<'m>>, Cancelled> {
    weights.filter_map(|weight| Side::of(model, weight, token).transpose()).collect()
}

impl<'m> Side<'m> {
    fn of(model: &'m Model, weight: &'m Weight, token: &Token) -> Result<Option<Self>, Cancelled> {
        let Some(real) = real(model, weight, token)? else { return Ok(None) };
        let mut dims: Vec<usize> = real.shape.iter().copied().filter(|dim| *dim != 1).collect();
        dims.sort_unstable();
        let is_judged = model.format != FormatName::Tflite || tflite::constant(model, weight).is_ok();
        Ok(Some(Self { weight, name: &weight.data_tensor(model).name, dims, numbers: fingerprint(&real.values), is_judged }))
    }
}

fn real(model: &Model, weight: &Weight, token: &Token) -> Result<Option<Real>, Cancelled> {
    match weight.without_fallback().real(model, token) {
        Ok(real) => Ok(Some(real)),
        Err(FoldError::Cancelled(cancelled)) => Err(cancelled),
        Err(_) => Ok(None),
    }
}

/// The same for the same numbers in any order.
fn fingerprint(values: &[f32]) -> u64 {
    values.iter().fold(values.len() as u64, |sum, value| {
        // One form of what is not a number, and one of zero.
        let value = if value.is_nan() { f32::NAN } else { *value + 0.0 };
        // The finaliser of splitmix64.
        let mut bits = u64::from(value.to_bits()).wrapping_add(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        sum.wrapping_add(bits ^ (bits >> 31))
    })
}

/// For each of ours, which of theirs is the same constant.
fn pair(ours: (&Model, &[Side<'_>]), theirs: (&Model, &[Side<'_>]), token: &Token) -> Result<Vec<Option<usize>>, Cancelled> {
    let mut pairs = vec![None; ours.1.len()];
    let mut is_taken = vec![false; theirs.1.len()];
    join(ours.1, theirs.1, &mut pairs, &mut is_taken, |side| Some((side.name, side.numbers)));
    join(ours.1, theirs.1, &mut pairs, &mut is_taken, |side| side.is_judged.then(|| (side.name, side.dims.clone())));
    let is_told = |side: &Side<'_>| ["kernel", "bias", "table"].contains(&side.weight.role.name);
    let is_many = |side: &Side<'_>| side.weight.role.kind == Kind::Weight && !side.dims.is_empty();
    join(ours.1, theirs.1, &mut pairs, &mut is_taken, |side| is_many(side).then_some(side.numbers));
    // Single numbers are alike by chance, unless they are for the same thing.
    join(ours.1, theirs.1, &mut pairs, &mut is_taken, |side| is_told(side).then_some((side.weight.role.name, side.numbers)));
    // What differs in its numbers too: told by the place alone, and only where nothing else can be meant.
    let place = |side: &Side<'_>| (is_told(side) && side.is_judged && is_many(side)).then(|| (side.weight.role.name, side.dims.clone()));
    let mut left: HashMap<_, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (position, side) in ours.1.iter().enumerate().filter(|(position, _)| pairs[*position].is_none()) {
        place(side).into_iter().for_each(|key| left.entry(key).or_default().0.push(position));
    }
    for (position, side) in theirs.1.iter().enumerate().filter(|(position, _)| !is_taken[*position]) {
        place(side).into_iter().for_each(|key| left.entry(key).or_default().1.push(position));
    }
    for (of_ours, of_theirs) in left.into_values().filter(|(ours, theirs)| ours.len() == theirs.len() && ours.len() <= MOST_ALIKE) {
        // The frontend lists its layers in an order of its own: those that differ least belong together.
        let mut candidates = Vec::new();
        for (own, other) in of_ours.iter().flat_map(|own| of_theirs.iter().map(move |other| (*own, *other))) {
            let found = compare((ours.0, &ours.1[own]), (theirs.0, &theirs.1[other]), token)?;
            candidates.extend(found.map(|found| (found.differing, found.rounded, own, other)));
        }
        candidates.sort_unstable();
        for (.., own, other) in candidates {
            if pairs[own].is_none() && !is_taken[other] {
                (pairs[own], is_taken[other]) = (Some(other), true);
            }
        }
    }
    Ok(pairs)
}

/// Pairs what has the same key, in order; the last of several of theirs stands for all that follow.
fn join<'s, K: Eq + Hash>(
    ours: &'s [Side<'s>],
    theirs: &'s [Side<'s>],
    pairs: &mut [Option<usize>],
    is_taken: &mut [bool],
    key: impl Fn(&'s Side<'s>) -> Option<K>,
) {
    let mut found: HashMap<K, (Vec<usize>, usize)> = HashMap::new();
    for (position, side) in theirs.iter().enumerate() {
        key(side).into_iter().for_each(|key| found.entry(key).or_default().0.push(position));
    }
    for (side, pair) in ours.iter().zip(pairs).filter(|(_, pair)| pair.is_none()) {
        let Some((positions, next)) = key(side).and_then(|key| found.get_mut(&key)) else { continue };
        *pair = positions.get(*next).or(positions.last()).copied();
        *next += 1;
        pair.and_then(|pair| is_taken.get_mut(pair)).into_iter().for_each(|flag| *flag = true);
    }
}

fn compare(ours: (&Model, &Side<'_>), theirs: (&Model, &Side<'_>), token: &Token) -> Result<Option<Kept>, Cancelled> {
    let (Some(own), Some(other)) = (real(ours.0, ours.1.weight, token)?, real(theirs.0, theirs.1.weight, token)?) else { return Ok(None) };
    let data = ours.1.weight.data_tensor(ours.0);
    // As with constants by themselves: the frontend dequantises in float32.
    let rounds = data.quantization.is_some() && matches!(data.dtype, DType::I32 | DType::I64);
    let Some(found) = closest(&own, &other, rounds) else { return Ok(None) };
    Ok(Some(Kept { tensor: theirs.1.name.to_owned(), shape: other.shape, ..found }))
}

/// The comparison in the order of axes in which the fewest elements differ. `None` where no order makes one shape of the
/// other.
fn closest(own: &Real, other: &Real, rounds: bool) -> Option<Kept> {
    if own.values.len() != other.values.len() {
        return None;
    }
    let orders = [other.shape.clone(), without_groups(&other.shape)].into_iter().find_map(|shape| {
        let orders = orders(&own.shape, &shape);
        (!orders.is_empty()).then_some(orders)
    })?;
    let mut best: Option<Kept> = None;
    for order in orders {
        let most = best.as_ref().map_or(u64::MAX, |best| best.differing);
        let found = differences(own, other, &order, rounds, most);
        if best.as_ref().is_none_or(|best| (found.differing, found.rounded) < (best.differing, best.rounded)) {
            best = Some(found);
        }
        if best.as_ref().is_some_and(|best| best.differing + best.rounded == 0) {
            break;
        }
    }
    best
}

/// A shape whose groups and channels within them are one axis, as TensorFlow Lite has them.
fn without_groups(shape: &[usize]) -> Vec<usize> {
    match shape {
        [groups, channels, rest @ ..] => [&[groups * channels], rest].concat(),
        _ => shape.to_vec(),
    }
}

/// Every way to bring an array of one shape into the order of another that axes of one element do not matter to: for each
/// axis of the other, its length and the stride to go along in ours.
fn orders(own: &[usize], other: &[usize]) -> Vec<Vec<(usize, usize)>> {
    let mut stride = 1;
    let mut axes: Vec<(usize, usize)> = own
        .iter()
        .rev()
        .map(|dim| {
            let axis = (*dim, stride);
            stride *= dim;
            axis
        })
        .filter(|(dim, _)| *dim != 1)
        .collect();
    axes.reverse();
    let wanted: Vec<usize> = other.iter().copied().filter(|dim| *dim != 1).collect();
    if axes.len() > MOST_AXES || axes.len() != wanted.len() {
        return if axes.iter().map(|(dim, _)| *dim).eq(wanted) { vec![axes] } else { Vec::new() };
    }
    let mut orders = vec![Vec::new()];
    for dim in wanted {
        let longer = |order: Vec<(usize, usize)>| {
            let next: Vec<_> = axes
                .iter()
                .filter(|axis| axis.0 == dim && !order.contains(axis))
                .map(|axis| [order.as_slice(), &[*axis]].concat())
                .collect();
            next
        };
        orders = orders.into_iter().flat_map(longer).collect();
    }
    orders
}

/// What differs in one order of axes; given up once it is more than `most` elements.
fn differences(own: &Real, other: &Real, order: &[(usize, usize)], rounds: bool, most: u64) -> Kept {
    let mut kept = Kept { tensor: String::new(), shape: Vec::new(), differing: 0, max_difference: 0.0, rounded: 0 };
    let mut places = vec![0; order.len()];
    let mut at = 0;
    for theirs in &other.values {
        let ours = own.values.get(at).copied().unwrap_or(f32::NAN);
        if ours != *theirs && !(ours.is_nan() && theirs.is_nan()) {
            let difference = (f64::from(ours) - f64::from(*theirs)).abs();
            if rounds && difference <= f64::from(ours.abs()) * f64::from(f32::EPSILON) * 2.0 {
                kept.rounded += 1;
            } else {
                kept.differing += 1;
                kept.max_difference = kept.max_difference.max(if difference.is_nan() { f64::INFINITY } else { difference });
                if kept.differing > most {
                    break;
                }
            }
        }
        for (place, (dim, stride)) in places.iter_mut().zip(order).rev() {
            *place += 1;
            at += stride;
            if *place < *dim {
                break;
            }
            at -= *place * stride;
            *place = 0;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(shape: &[usize]) -> Real {
        let count = shape.iter().product::<usize>() as u16;
        Real { shape: shape.to_vec(), values: (0..count).map(f32::from).collect() }
    }

    /// `numpy.transpose` of a counted array, then a reshape to `shape`.
    fn turned(own: &Real, axes: &[usize], shape: &[usize]) -> Real {
        let strides: Vec<usize> = (0..own.shape.len()).map(|axis| own.shape[axis + 1..].iter().product()).collect();
        let dims: Vec<usize> = axes.iter().map(|axis| own.shape[*axis]).collect();
        let values = (0..own.values.len()).map(|mut index| {
            let places = dims.iter().rev().map(|dim| {
                let place = index % dim;
                index /= dim;
                place
            });
            let places: Vec<usize> = places.collect();
            let at: usize = places.iter().rev().zip(axes).map(|(place, axis)| place * strides[*axis]).sum();
            own.values[at]
        });
        Real { values: values.collect(), shape: shape.to_vec() }
    }

    #[test]
    fn axes_are_brought_back() {
        for (own, axes, shape) in [
            (&[4, 3, 3, 2][..], &[0, 3, 1, 2][..], &[4, 2, 3, 3][..]),
            (&[1, 3, 3, 5], &[3, 0, 1, 2], &[5, 1, 1, 3, 3]),
            // Two output channels a group.
            (&[1, 3, 2, 6], &[3, 0, 1, 2], &[3, 2, 1, 3, 2]),
            (&[2, 2, 2], &[2, 1, 0], &[2, 2, 2]),
            (&[7], &[0], &[1, 7, 1, 1]),
            (&[], &[], &[1, 1]),
        ] {
            let own = counted(own);
            let other = turned(&own, axes, shape);
            let found = closest(&own, &other, false).unwrap();
            assert_eq!((found.differing, found.max_difference), (0, 0.0), "{:?} as {shape:?}", own.shape);
            assert_eq!(fingerprint(&own.values), fingerprint(&other.values));
        }
        assert_eq!(closest(&counted(&[2, 3]), &counted(&[6]), false), None);
        assert_eq!(closest(&counted(&[2, 3]), &counted(&[3, 3]), false), None);
    }

    #[test]
    fn what_differs_is_counted_in_the_best_order() {
        let own = counted(&[3, 3]);
        let mut other = turned(&own, &[1, 0], &[3, 3]);
        other.values[4] += 2.5;
        other.values[7] = f32::NAN;
        let found = closest(&own, &other, false).unwrap();
        assert_eq!((found.differing, found.max_difference), (2, f64::INFINITY));
        assert_ne!(fingerprint(&own.values), fingerprint(&other.values));
        let (own, mut other) = (counted(&[4]), counted(&[4]));
        other.values[3] += f32::EPSILON * 2.0;
        assert_eq!(closest(&own, &other, true).map(|found| (found.differing, found.rounded)), Some((0, 1)));
        assert_eq!(closest(&own, &other, false).map(|found| (found.differing, found.rounded)), Some((1, 0)));
    }
}
