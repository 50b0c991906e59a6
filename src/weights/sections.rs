//! Parts of a weight that have names of their own: the gates that a recurrent layer stacks in one
//! tensor, the columns for its data and for its state, the directions of a sequence.

use ndarray::{Axis, Slice};
use serde::Serialize;

use super::{Real, Role, Site, roles};
use crate::model::{FormatName, Model};

/// A named part of a weight: the indices `start..end` along one axis of the tensor at the operation's
/// input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Section {
    pub name: &'static str,
    pub axis: usize,
    pub start: usize,
    pub end: usize,
}

/// What is stacked in a weight; both empty for most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections {
    /// The gates, in the tensor's order: `input`, `forget`, `cell`, `output` of an LSTM; `update`,
    /// `reset`, `candidate` of a GRU.
    pub gates: Vec<Section>,
    /// The other axis: columns for the data (`input`) and for the `state`, or the directions
    /// `forward` and `backward`.
    pub parts: Vec<Section>,
}

impl Sections {
    /// What is stacked in the constant at a place where it is used.
    pub(super) fn of(model: &Model, site: Site, role: &Role) -> Self {
        if role.kind == super::Kind::Parameter {
            return Self::default();
        }
        let sections = match model.format {
            FormatName::Tflite => roles::tflite::sections(model, site),
            FormatName::OpenvinoIr => roles::openvino::sections(model.graph(site.graph), site.operation, site.input),
        };
        sections.unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.gates.is_empty() && self.parts.is_empty()
    }

    /// All of them, gates first.
    pub fn iter(&self) -> impl Iterator<Item = &Section> {
        self.gates.iter().chain(&self.parts)
    }
}

/// Sections of equal length along an axis of `extent` indices; none if they don't come out even.
pub(super) fn stacked(names: &[&'static str], axis: usize, extent: usize) -> Vec<Section> {
    let Some(length) = extent.checked_div(names.len()).filter(|length| *length > 0 && extent.is_multiple_of(names.len())) else {
        return Vec::new();
    };
    let section = |(position, name): (usize, &&'static str)| Section { name, axis, start: position * length, end: (position + 1) * length };
    names.iter().enumerate().map(section).collect()
}

impl Section {
    /// Whether the section lies in a tensor of that shape.
    pub fn fits(&self, shape: &[usize]) -> bool {
        self.start <= self.end && shape.get(self.axis).is_some_and(|extent| self.end <= *extent)
    }

    /// The position in a whole tensor's C order of an element of the part that sections cut out of it.
    pub fn place_in_whole(sections: &[Self], whole: &[usize], place: usize) -> Option<usize> {
        let (mut rest, mut found, mut stride) = (place, 0, 1);
        for (axis, extent) in whole.iter().enumerate().rev() {
            let section = sections.iter().find(|section| section.axis == axis);
            let (start, len) = section.map_or((0, *extent), |section| (section.start, section.end - section.start));
            found += (rest.checked_rem(len)? + start) * stride;
            rest /= len;
            stride *= extent;
        }
        (rest == 0).then_some(found)
    }
}

impl Role {
    /// The role with what a section of the weight is: `input_kernel` and the gate `forget` are
    /// `input_kernel.forget`, as where a format has a tensor a gate. A kernel over data and state
    /// becomes `input_kernel` or `recurrent_kernel`.
    pub fn with_sections(&self, sections: &[Section]) -> String {
        let (base, rest) = self.name.split_once('.').unwrap_or((self.name, ""));
        let is_columns = |section: &Section| section.axis > 0 && self.layout == Some("OI");
        let base = match sections.iter().find(|section| is_columns(section)).map(|section| section.name) {
            Some("input") => "input_kernel",
            Some("state") => "recurrent_kernel",
            _ => base,
        };
        let named = sections.iter().filter(|section| !is_columns(section)).map(|section| section.name);
        // `kernel.gate` holds several gates: the gate's own name says more.
        let is_gates_own = rest == "gate" && sections.iter().any(|section| section.axis == 0);
        let rest = Some(rest).filter(|rest| !rest.is_empty() && !is_gates_own);
        [Some(base), rest].into_iter().flatten().chain(named).collect::<Vec<_>>().join(".")
    }
}

impl Real {
    /// The values of the sections alone, in C order. `None` if one lies outside.
    pub fn part(&self, sections: &[Section]) -> Option<Self> {
        let mut view = self.array()?;
        for section in sections {
            if !section.fits(&self.shape) {
                return None;
            }
            view.slice_axis_inplace(Axis(section.axis), Slice::from(section.start..section.end));
        }
        let shape = view.shape().to_vec();
        Some(Self { shape, values: view.iter().copied().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &'static str, axis: usize, range: std::ops::Range<usize>) -> Section {
        Section { name, axis, start: range.start, end: range.end }
    }

    #[test]
    fn equal_parts_or_none() {
        assert_eq!(stacked(&["z", "r"], 1, 6), [section("z", 1, 0..3), section("r", 1, 3..6)]);
        assert_eq!([stacked(&["z", "r"], 0, 5), stacked(&["z", "r"], 0, 0), stacked(&[], 0, 4)], [vec![], vec![], vec![]]);
    }

    /// numpy: `numpy.arange(24).reshape(4, 6)[2:4, 1:3]`
    #[test]
    fn parts_of_a_matrix() {
        let real = Real { shape: vec![4, 6], values: (0..24u8).map(f32::from).collect() };
        let part = real.part(&[section("a", 0, 2..4), section("b", 1, 1..3)]).unwrap();
        assert_eq!((part.shape, part.values), (vec![2, 2], vec![13.0, 14.0, 19.0, 20.0]));
        assert_eq!(real.part(&[]), Some(real.clone()));
        assert_eq!(real.part(&[section("a", 0, 2..5)]), None);
        assert_eq!(real.part(&[section("a", 2, 0..1)]), None);
    }

    #[test]
    fn names_are_those_of_formats_with_a_tensor_a_gate() {
        let gate = section("forget", 0, 0..1);
        for (role, sections, expected) in [
            (Role::weight("input_kernel", Some("OI")), vec![gate.clone()], "input_kernel.forget"),
            (Role::weight("kernel", Some("OI")), vec![gate.clone(), section("state", 1, 0..1)], "recurrent_kernel.forget"),
            (Role::weight("kernel", Some("OI")), vec![section("input", 1, 0..1)], "input_kernel"),
            (Role::weight("kernel.gate", Some("OI")), vec![section("reset", 0, 0..1)], "kernel.reset"),
            (Role::weight("kernel.candidate", Some("OI")), vec![section("state", 1, 0..1)], "recurrent_kernel.candidate"),
            (Role::weight("bias.gate", Some("O")), vec![section("update", 0, 0..1)], "bias.update"),
            (Role::weight("bias", None), vec![section("cell", 1, 0..1), section("backward", 0, 0..1)], "bias.cell.backward"),
            (Role::weight("bias", None), vec![], "bias"),
        ] {
            assert_eq!(role.with_sections(&sections), expected);
        }
    }
}
