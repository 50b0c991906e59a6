//! Kernels in the order of axes that another framework has: `OHWI` of TensorFlow Lite as `OIHW` of
//! PyTorch, `HWIO` of Keras, ...
//!
//! Letters as everywhere: O output channels, I input channels (of a group), G groups, D, H, W. A
//! depthwise kernel `1HWO` has as many groups as its data has channels and one input channel in each.
//! Groups that the wanted layout does not name are merged into the axis that the kernel's own layout has
//! first of O and I, as PyTorch has them: `GOIHW` into O, `GIOHW` (transposed convolutions) into I.
//! `M` wants a depthwise kernel as Keras has it: `HWIM`, I the channels and M the outputs of each.

use ndarray::{ArrayView, IxDyn};

/// A wanted order of axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout(String);

/// How a kernel is brought to a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// The layout that comes out.
    pub layout: String,
    pub shape: Vec<usize>,
    /// The kernel's shape, channels split into groups where that is wanted.
    split: Vec<usize>,
    /// The axes of `split` in the order in which they come out.
    order: Vec<usize>,
}

impl Layout {
    /// Reads letters like `OIHW`, in either case.
    ///
    /// # Errors
    /// One sentence: an unknown letter, or one that stands twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let letters = text.trim().to_ascii_uppercase();
        let is_known = letters.chars().all(|letter| "GOIDHWM1".contains(letter));
        let is_once = letters.chars().enumerate().all(|(at, letter)| letters.find(letter) == Some(at));
        let has_channels = letters.contains(['O', 'M']) && letters.contains(['I', '1']);
        if is_known && is_once && has_channels {
            return Ok(Self(letters));
        }
        Err(format!("'{text}' is no layout of a kernel; those are letters like OIHW, HWIO, GOIHW, HWIM, IO"))
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether it has axes along which a convolution moves.
    pub fn is_spatial(&self) -> bool {
        is_spatial(&self.0)
    }

    /// How a kernel of a layout and shape comes into this one. `None` where the letters don't fit, or the
    /// groups are not known.
    pub fn arrange(&self, own: &str, shape: &[usize], groups: Option<u64>) -> Option<Arrangement> {
        if own.len() != shape.len() {
            return None;
        }
        let is_depthwise = own.contains('1');
        // The one input channel of a depthwise kernel's groups.
        let mut axes: Vec<(char, usize)> =
            own.chars().map(|letter| if letter == '1' { 'I' } else { letter }).zip(shape.iter().copied()).collect();
        let mut wanted: Vec<char> = self.0.chars().collect();
        let per_channel = wanted.contains(&'M');
        if per_channel && !is_depthwise && !own.contains('G') {
            return None;
        }
        if per_channel {
            wanted.iter_mut().for_each(|letter| {
                *letter = if *letter == 'I' {
                    'G'
                } else if *letter == 'M' {
                    'O'
                } else {
                    *letter
                }
            });
        }
        if wanted.contains(&'G') && !axes.iter().any(|(letter, _)| *letter == 'G') {
            split_groups(&mut axes, if is_depthwise { groups } else { groups.or(Some(1)) })?;
        }
        let has_one_input = axes.contains(&('I', 1));
        if let Some(position) = wanted.iter().position(|letter| *letter == '1') {
            wanted[position] = has_one_input.then_some('I')?;
        }
        let has = |letter: char| axes.iter().position(|(other, _)| *other == letter);
        let into = axes.iter().map(|(letter, _)| *letter).find(|letter| "OI".contains(*letter))?;
        let merges_groups = has('G').is_some() && !wanted.contains(&'G');
        let mut order = Vec::new();
        let mut out = Vec::new();
        for letter in &wanted {
            let own_axis = has(*letter)?;
            let parts: Vec<usize> = if merges_groups && *letter == into { vec![has('G')?, own_axis] } else { vec![own_axis] };
            out.push(parts.iter().map(|axis| axes[*axis].1).product());
            order.extend(parts);
        }
        // What is left over: the one input channel that M leaves out.
        for (axis, of) in axes.iter().enumerate() {
            if !order.contains(&axis) {
                (per_channel && *of == ('I', 1)).then(|| order.push(axis))?;
            }
        }
        Some(Arrangement { layout: self.0.clone(), shape: out, split: axes.iter().map(|(_, extent)| *extent).collect(), order })
    }
}

/// Whether a layout has axes along which a convolution moves.
pub fn is_spatial(layout: &str) -> bool {
    layout.contains(['D', 'H', 'W'])
}

/// Splits the output channels into groups, the slower of the two.
fn split_groups(axes: &mut Vec<(char, usize)>, groups: Option<u64>) -> Option<()> {
    let groups = usize::try_from(groups?).ok().filter(|groups| *groups > 0)?;
    let position = axes.iter().position(|(letter, _)| *letter == 'O')?;
    let channels = axes[position].1;
    if !channels.is_multiple_of(groups) {
        return None;
    }
    axes[position].1 = channels / groups;
    axes.insert(position, ('G', groups));
    Some(())
}

impl Arrangement {
    /// The elements in their new order, C order both. `None` if they are not as many as the shape says.
    pub fn apply<T: Copy>(&self, values: &[T]) -> Option<Vec<T>> {
        let view = ArrayView::from_shape(IxDyn(&self.split), values).ok()?;
        Some(view.permuted_axes(IxDyn(&self.order)).iter().copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(wanted: &str, own: &str, shape: &[usize], groups: Option<u64>) -> Option<(Vec<usize>, Vec<u32>)> {
        let arrangement = Layout::parse(wanted).unwrap().arrange(own, shape, groups)?;
        let values: Vec<u32> = (0..).take(shape.iter().product()).collect();
        Some((arrangement.shape.clone(), arrangement.apply(&values).unwrap()))
    }

    /// The first elements of `numpy.arange(n).reshape(shape)` after the transposition that is named.
    #[test]
    fn against_numpy() {
        for (wanted, own, shape, groups, out, first) in [
            // .transpose(0, 3, 1, 2)
            ("OIHW", "OHWI", &[4, 2, 3, 5][..], None, &[4, 5, 2, 3][..], [0, 5, 10, 15, 20, 25, 1, 6]),
            // .transpose(1, 2, 3, 0)
            ("HWIO", "OHWI", &[4, 2, 3, 5], None, &[2, 3, 5, 4], [0, 30, 60, 90, 1, 31, 61, 91]),
            // .transpose(3, 0, 1, 2)
            ("OIHW", "1HWO", &[1, 2, 3, 6], Some(3), &[6, 1, 2, 3], [0, 6, 12, 18, 24, 30, 1, 7]),
            // .reshape(2, 3, 3, 2)
            ("HWIM", "1HWO", &[1, 2, 3, 6], Some(3), &[2, 3, 3, 2], [0, 1, 2, 3, 4, 5, 6, 7]),
            // .reshape(6, 1, 2, 3).transpose(2, 3, 0, 1)
            ("HWIM", "GOIHW", &[6, 1, 1, 2, 3], None, &[2, 3, 6, 1], [0, 6, 12, 18, 24, 30, 1, 7]),
            // .transpose(3, 0, 1, 2).reshape(3, 2, 1, 2, 3)
            ("GOIHW", "1HWO", &[1, 2, 3, 6], Some(3), &[3, 2, 1, 2, 3], [0, 6, 12, 18, 24, 30, 1, 7]),
            // .reshape(4, 2, 1, 3)
            ("OIHW", "GOIHW", &[2, 2, 2, 1, 3], Some(2), &[4, 2, 1, 3], [0, 1, 2, 3, 4, 5, 6, 7]),
            // .transpose(3, 4, 2, 0, 1).reshape(1, 3, 2, 4)
            ("HWIO", "GOIHW", &[2, 2, 2, 1, 3], Some(2), &[1, 3, 2, 4], [0, 6, 12, 18, 3, 9, 15, 21]),
            // .reshape(4, 2, 1, 3): in channels first, as torch.nn.ConvTranspose2d
            ("IOHW", "GIOHW", &[2, 2, 2, 1, 3], Some(2), &[4, 2, 1, 3], [0, 1, 2, 3, 4, 5, 6, 7]),
            // .reshape(2, 2, 1, 1, 2)
            ("GOHWI", "OHWI", &[4, 1, 1, 2], Some(2), &[2, 2, 1, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7]),
            // .transpose(1, 0)
            ("IO", "OI", &[2, 4], None, &[4, 2], [0, 4, 1, 5, 2, 6, 3, 7]),
            // .transpose(4, 3, 0, 1, 2)
            ("OIDHW", "DHWIO", &[2, 1, 2, 1, 2], None, &[2, 1, 2, 1, 2], [0, 2, 4, 6, 1, 3, 5, 7]),
            ("1HWO", "GOIHW", &[8, 1, 1, 1, 1], Some(8), &[1, 1, 1, 8], [0, 1, 2, 3, 4, 5, 6, 7]),
        ] {
            let (shape, values) = arranged(wanted, own, shape, groups).unwrap_or_else(|| panic!("{own} as {wanted}"));
            assert_eq!((shape.as_slice(), &values[..8]), (out, &first[..]), "{own} as {wanted}");
        }
    }

    #[test]
    fn letters_that_do_not_fit() {
        for (wanted, own, shape, groups) in [
            ("OIHW", "OI", &[2, 4][..], None),
            ("OI", "OHWI", &[2, 1, 1, 4], None),
            ("OIHW", "OIDHW", &[2, 1, 1, 1, 4], None),
            ("HWIM", "OHWI", &[4, 2, 3, 5], None),
            ("HWIM", "OHWI", &[4, 2, 3, 1], Some(1)),
            ("GOIHW", "1HWO", &[1, 2, 3, 6], None),
            ("GOIHW", "1HWO", &[1, 2, 3, 6], Some(4)),
            ("GOIHW", "1HWO", &[1, 2, 3, 6], Some(0)),
            ("1HWO", "OHWI", &[4, 2, 3, 5], None),
            ("OIHW", "OHWI", &[4, 2, 3], None),
        ] {
            assert_eq!(arranged(wanted, own, shape, groups), None, "{own} as {wanted}");
        }
        assert_eq!(Layout::parse("OIHW").unwrap().arrange("OHWI", &[1, 2, 3, 4], None).unwrap().apply(&[0u8; 5]), None);
    }

    #[test]
    fn layouts_are_letters() {
        for wrong in ["", "OIHX", "OIHH", "HW", "O"] {
            assert!(Layout::parse(wrong).unwrap_err().contains("OIHW"), "{wrong}");
        }
        assert_eq!(Layout::parse(" oihw ").unwrap().name(), "OIHW");
    }
}
