//! Two weights brought to one order of axes.
//!
//! Every axis has a letter (`O` output channel, `I` input channel, `D`, `H`, `W`), from the layout that
//! the weight's role gives it. Groups belong to the output channels (`GOIHW` and `1HWO` both have `O` of
//! all groups, the group being the slower), axes of one element to nothing. Letters that both sides have
//! in the same number are laid beside each other; where one side has several axes for a letter (`G` and
//! `O`), both are cut at the same places. Weights without a layout are taken axis by axis in their own
//! order, or in any order that fits, and the values decide ([`all`]).

use thiserror::Error;

/// What a weight's axes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub shape: Vec<usize>,
    /// One letter an axis; `None` where they have no known meaning.
    pub layout: Option<&'static str>,
}

/// How the elements of two weights belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// Output channels first, then the others in A's order. Strides count elements.
    pub(super) axes: Vec<Axis>,
    /// How many of `axes`, from the first on, make the output channels.
    pub(super) channel_axes: usize,
    /// Whether the two sides have their elements in different orders.
    pub is_reordered: bool,
    /// A's shape and layout, which is what both are brought to where they are shown.
    pub shape: Vec<usize>,
    pub layout: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub extent: usize,
    pub a: usize,
    pub b: usize,
}

/// Why two weights can't be laid beside each other; one sentence.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AlignError {
    #[error("A has {a} values and B {b}, so they can't be laid beside each other")]
    Count { a: usize, b: usize },
    #[error("A's shape {a} and B's {b} differ along {axis}")]
    Extent { a: String, b: String, axis: &'static str },
    #[error("A's shape {a} and B's {b} hold as many values, but no order of their axes makes them alike")]
    Order { a: String, b: String },
}

/// An axis of one side while they are matched.
#[derive(Clone, Copy, Debug)]
struct Part {
    letter: char,
    extent: usize,
    stride: usize,
}

/// Two axes laid beside each other.
#[derive(Clone, Copy, Debug)]
struct Atom {
    letter: char,
    axis: Axis,
}

/// What stands for every axis of a weight without a layout.
const NO_LETTER: char = '?';
/// Weights without layouts of more axes are not tried in every order.
const MAX_PERMUTED: usize = 4;

/// Lays B beside A by the layouts that they have.
///
/// # Errors
/// [`AlignError`].
pub fn align(a: &Form, b: &Form) -> Result<Alignment, AlignError> {
    let (count_a, count_b) = (count(&a.shape), count(&b.shape));
    if count_a != count_b {
        return Err(AlignError::Count { a: count_a, b: count_b });
    }
    let has_letters = a.layout.is_some() && b.layout.is_some();
    let (parts_a, parts_b) = (parts(a, has_letters), parts(b, has_letters));
    let mut atoms = Vec::new();
    for letter in ['O', 'I', 'D', 'H', 'W', NO_LETTER] {
        let of = |parts: &[Part]| parts.iter().copied().filter(|part| part.letter == letter).collect::<Vec<_>>();
        let Some(common) = common(letter, of(&parts_a), of(&parts_b)) else {
            return Err(match letter {
                NO_LETTER => AlignError::Order { a: text(&a.shape), b: text(&b.shape) },
                _ => AlignError::Extent { a: text(&a.shape), b: text(&b.shape), axis: title(letter) },
            });
        };
        atoms.extend(common);
    }
    Ok(Alignment::of(atoms, a))
}

/// Every order of B's axes that fits A's shape; the one by the layouts first. More than one where
/// extents are equal.
pub fn all(a: &Form, b: &Form) -> Vec<Alignment> {
    let mut found: Vec<Alignment> = align(a, b).into_iter().collect();
    let bare = |form: &Form| Form { shape: form.shape.clone(), layout: None };
    let (parts_a, parts_b) = (parts(&bare(a), false), parts(&bare(b), false));
    if parts_a.len() == parts_b.len() && parts_a.len() <= MAX_PERMUTED {
        let named = parts(a, a.layout.is_some());
        for order in orders(parts_b.len()) {
            let beside = || parts_a.iter().zip(order.iter().map(|axis| &parts_b[*axis]));
            if beside().any(|(a, b)| a.extent != b.extent) {
                continue;
            }
            let letter = |part: &Part| named.iter().find(|other| other.stride == part.stride).map_or(NO_LETTER, |other| other.letter);
            let atom = |(a, b): (&Part, &Part)| Atom { letter: letter(a), axis: Axis { extent: a.extent, a: a.stride, b: b.stride } };
            let alignment = Alignment::of(beside().map(atom).collect(), a);
            if !found.contains(&alignment) {
                found.push(alignment);
            }
        }
    }
    found
}

impl Alignment {
    fn of(mut atoms: Vec<Atom>, a: &Form) -> Self {
        atoms.sort_by_key(|atom| std::cmp::Reverse(atom.axis.a));
        let is_reordered = !atoms.is_sorted_by_key(|atom| std::cmp::Reverse(atom.axis.b));
        let (channels, rest): (Vec<Atom>, Vec<Atom>) = atoms.into_iter().partition(|atom| atom.letter == 'O');
        let axes = |atoms: Vec<Atom>| joined(atoms.into_iter().map(|atom| atom.axis).collect());
        let (channels, rest) = (axes(channels), axes(rest));
        // A vector has no channels to be told apart: each would be one value.
        let (channel_axes, axes) = match rest.is_empty() {
            true => (0, channels),
            false => (channels.len(), [channels, rest].concat()),
        };
        Self { axes, channel_axes, is_reordered, shape: a.shape.clone(), layout: a.layout }
    }

    /// The number of elements of either side.
    pub fn count(&self) -> usize {
        count(&self.shape)
    }

    /// The number of output channels; `None` where there are none to be told apart.
    pub fn channels(&self) -> Option<usize> {
        (self.channel_axes > 0).then(|| self.axes[..self.channel_axes].iter().map(|axis| axis.extent).product())
    }

    /// B's values, in B's own order, brought to A's shape and order. `None` if there are not as many.
    pub fn bring<T: Copy + Default>(&self, b: &[T]) -> Option<Vec<T>> {
        if b.len() != self.count() {
            return None;
        }
        if !self.is_reordered {
            return Some(b.to_vec());
        }
        let mut out = vec![T::default(); b.len()];
        let mut axes = self.axes.clone();
        axes.sort_by_key(|axis| std::cmp::Reverse(axis.a));
        let Some((inner, outer)) = axes.split_last() else { return Some(b.to_vec()) };
        for (number, row) in out.chunks_mut(inner.extent.max(1)).enumerate() {
            let start = offset(outer, number, |axis| axis.b);
            for (step, slot) in row.iter_mut().enumerate() {
                *slot = b.get(start + step * inner.b).copied().unwrap_or_default();
            }
        }
        Some(out)
    }

    /// The positions in A and in B of one element, counted in the order of `axes`.
    pub(super) fn places(&self, position: usize) -> (usize, usize) {
        (offset(&self.axes, position, |axis| axis.a), offset(&self.axes, position, |axis| axis.b))
    }

    /// The position in B's own order of the element at a position of A's.
    pub fn place_in_b(&self, place_in_a: usize) -> usize {
        if !self.is_reordered {
            return place_in_a;
        }
        self.axes.iter().map(|axis| place_in_a / axis.a.max(1) % axis.extent.max(1) * axis.b).sum()
    }

    /// The output channel that the element at a position of A's order belongs to.
    pub fn channel_of(&self, place_in_a: usize) -> Option<usize> {
        self.channels()?;
        let channel = self.axes[..self.channel_axes]
            .iter()
            .fold(0, |channel, axis| channel * axis.extent + place_in_a / axis.a.max(1) % axis.extent.max(1));
        Some(channel)
    }

    /// A beside itself.
    pub(super) fn with_itself(&self) -> Self {
        let axes = self.axes.iter().map(|axis| Axis { b: axis.a, ..*axis }).collect();
        Self { axes, is_reordered: false, ..self.clone() }
    }

    /// The same with the sides changed. Channels keep their numbers.
    pub(super) fn swapped(&self, b: &Form) -> Self {
        let axes = self.axes.iter().map(|axis| Axis { extent: axis.extent, a: axis.b, b: axis.a }).collect();
        Self { axes, shape: b.shape.clone(), layout: b.layout, ..self.clone() }
    }
}

/// Where an element lies, by its position in the C order of the axes.
fn offset(axes: &[Axis], position: usize, stride: impl Fn(&Axis) -> usize) -> usize {
    let (mut rest, mut offset) = (position, 0);
    for axis in axes.iter().rev() {
        offset += rest % axis.extent.max(1) * stride(axis);
        rest /= axis.extent.max(1);
    }
    offset
}

/// Neighbours that both sides have one after the other, as one axis.
fn joined(axes: Vec<Axis>) -> Vec<Axis> {
    let mut out: Vec<Axis> = Vec::new();
    for axis in axes {
        match out.last_mut() {
            Some(outer) if outer.a == axis.a * axis.extent && outer.b == axis.b * axis.extent => {
                *outer = Axis { extent: outer.extent * axis.extent, ..axis };
            }
            _ => out.push(axis),
        }
    }
    out
}

/// The axes of more than one element, the slowest of each letter first.
fn parts(form: &Form, has_letters: bool) -> Vec<Part> {
    let mut stride = 1;
    let mut parts = Vec::new();
    let letters: Vec<char> = match form.layout.filter(|layout| has_letters && layout.len() == form.shape.len()) {
        Some(layout) => layout.chars().collect(),
        None => vec![NO_LETTER; form.shape.len()],
    };
    for (letter, extent) in letters.iter().zip(&form.shape).rev() {
        // The group is a part of the output channel; what is alone of its kind is the depthwise `1`.
        let letter = match letter {
            'G' | 'M' => 'O',
            '1' => 'I',
            other => *other,
        };
        if *extent != 1 {
            parts.push(Part { letter, extent: *extent, stride });
        }
        stride *= extent;
    }
    parts.reverse();
    // In `GIOHW` the group is slower than O, too: the order of the axes is the order of their parts.
    parts
}

/// The axes of one letter on both sides, cut at the same places; `None` where they don't fit.
fn common(letter: char, mut a: Vec<Part>, mut b: Vec<Part>) -> Option<Vec<Atom>> {
    let mut atoms = Vec::new();
    loop {
        match (a.pop(), b.pop()) {
            (None, None) => return Some(atoms),
            (Some(last_a), Some(last_b)) => {
                let extent = last_a.extent.min(last_b.extent);
                if extent == 0 || last_a.extent % extent != 0 || last_b.extent % extent != 0 {
                    return (extent == 0 && last_a.extent == last_b.extent).then_some(atoms);
                }
                atoms.push(Atom { letter, axis: Axis { extent, a: last_a.stride, b: last_b.stride } });
                for (side, last) in [(&mut a, last_a), (&mut b, last_b)] {
                    if last.extent > extent {
                        side.push(Part { extent: last.extent / extent, stride: last.stride * extent, ..last });
                    }
                }
            }
            _ => return None,
        }
    }
}

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..count {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                (0..count).filter(|next| !order.contains(next)).map(|next| [&order[..], &[next]].concat()).collect::<Vec<_>>()
            })
            .collect();
    }
    orders
}

fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

fn text(shape: &[usize]) -> String {
    let extents: Vec<String> = shape.iter().map(ToString::to_string).collect();
    format!("[{}]", extents.join(", "))
}

fn title(letter: char) -> &'static str {
    match letter {
        'O' => "the output channels",
        'I' => "the input channels",
        'D' => "the depth",
        'H' => "the height",
        _ => "the width",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(shape: &[usize], layout: &'static str) -> Form {
        Form { shape: shape.to_vec(), layout: (!layout.is_empty()).then_some(layout) }
    }

    /// Values by axis letters, so that every layout of one kernel is told by its own index.
    fn kernel(layout: &str, shape: &[usize], groups: usize) -> Vec<u32> {
        (0..shape.iter().product::<usize>())
            .map(|position| {
                let (mut rest, mut value) = (position, 0);
                let mut index = std::collections::HashMap::new();
                for (letter, extent) in layout.chars().zip(shape).collect::<Vec<_>>().into_iter().rev() {
                    index.insert(letter, rest % extent);
                    rest /= extent;
                }
                let of = |letter: char| index.get(&letter).copied().unwrap_or(0);
                let outputs = if index.contains_key(&'G') { of('G') * (12 / groups) + of('O') } else { of('O') };
                for (digit, extent) in [(outputs, 12), (of('I'), 4), (of('D'), 2), (of('H'), 3), (of('W'), 5)] {
                    value = value * extent + digit as u32;
                }
                value
            })
            .collect()
    }

    #[test]
    fn every_layout_of_one_kernel() {
        let cases: [(&str, &[usize], usize); 12] = [
            ("OHWI", &[12, 3, 5, 4], 1),
            ("OIHW", &[12, 4, 3, 5], 1),
            ("IOHW", &[4, 12, 3, 5], 1),
            ("GOIHW", &[3, 4, 4, 3, 5], 3),
            ("GIOHW", &[3, 4, 4, 3, 5], 3),
            ("OHWI", &[12, 3, 5, 4], 1),
            ("1HWO", &[1, 3, 5, 12], 12),
            ("GOIHW", &[12, 1, 1, 3, 5], 12),
            ("GOIHW", &[6, 2, 1, 3, 5], 6),
            ("DHWIO", &[2, 3, 5, 4, 12], 1),
            ("DHWOI", &[2, 3, 5, 12, 4], 1),
            ("OIDHW", &[12, 4, 2, 3, 5], 1),
        ];
        for (own, shape, groups) in cases {
            for (other, other_shape, other_groups) in cases {
                let count = shape.iter().product::<usize>();
                if count != other_shape.iter().product::<usize>() {
                    continue;
                }
                let alignment = align(&form(shape, own), &form(other_shape, other)).unwrap();
                let (a, b) = (kernel(own, shape, groups), kernel(other, other_shape, other_groups));
                assert_eq!(alignment.bring(&b).as_deref(), Some(&a[..]), "{own} {other}");
                assert_eq!(alignment.channels(), Some(12));
                for position in 0..count {
                    let (in_a, in_b) = alignment.places(position);
                    assert_eq!((a[in_a], alignment.place_in_b(in_a)), (b[in_b], in_b));
                    assert_eq!(alignment.channel_of(in_a), Some(a[in_a] as usize / 120));
                }
            }
        }
    }

    #[test]
    fn matrices_vectors_and_ones() {
        let transposed = align(&form(&[2, 3], "OI"), &form(&[3, 2], "IO")).unwrap();
        assert_eq!((transposed.bring(&[0, 3, 1, 4, 2, 5]), transposed.is_reordered), (Some(vec![0, 1, 2, 3, 4, 5]), true));
        // A 1 by 1 convolution is a matrix.
        let pointwise = align(&form(&[2, 1, 1, 3], "OHWI"), &form(&[2, 3], "OI")).unwrap();
        assert!(!pointwise.is_reordered && pointwise.channels() == Some(2));
        for (shape, layout) in [(&[1usize, 4, 1, 1][..], ""), (&[4], "O"), (&[2, 2], "")] {
            let vector = align(&form(&[4], "O"), &form(shape, layout)).unwrap();
            assert_eq!((vector.channels(), vector.is_reordered), (None, false));
        }
    }

    #[test]
    fn what_does_not_fit_says_why() {
        let error = |a: &Form, b: &Form| align(a, b).unwrap_err().to_string();
        assert_eq!(error(&form(&[4], "O"), &form(&[5], "O")), "A has 4 values and B 5, so they can't be laid beside each other");
        assert_eq!(
            error(&form(&[4, 3, 3, 2], "OHWI"), &form(&[2, 4, 3, 3], "OIHW")),
            "A's shape [4, 3, 3, 2] and B's [2, 4, 3, 3] differ along the output channels"
        );
        assert!(error(&form(&[4, 6], ""), &form(&[3, 8], "")).contains("no order of their axes"));
    }

    #[test]
    fn weights_without_layouts_fit_in_several_orders() {
        let found = all(&form(&[2, 3], ""), &form(&[1, 3, 2], ""));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bring(&[0, 3, 1, 4, 2, 5]), Some(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(all(&form(&[2, 2], ""), &form(&[2, 2], "")).len(), 2);
        // A layout that is wrong for the values leaves the other order to be tried.
        assert_eq!(all(&form(&[2, 2], "OI"), &form(&[2, 2], "IO")).len(), 2);
    }
}
