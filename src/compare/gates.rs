//! Recurrent kernels whose gates one model has in tensors of their own and the other stacked in one: they are compared
//! gate by gate.
//!
//! A gate is known by its role (`input_kernel.forget`), which a stacked weight's [`Sections`](crate::weights::Sections)
//! make, too. So which part of a weight stands against another follows from the two of them, and a pair of places says
//! all.

use std::collections::HashSet;

use crate::weights::{Section, Weight};

/// The parts of two weights that are held against each other; empty for the whole.
pub fn sections_between(a: &Weight, b: &Weight) -> [Vec<Section>; 2] {
    [cut_for(a, b).unwrap_or_default(), cut_for(b, a).unwrap_or_default()]
}

/// The role of the part of a weight that is held against another.
pub fn role_against(weight: &Weight, other: &Weight) -> String {
    weight.role.with_sections(&cut_for(weight, other).unwrap_or_default())
}

/// The part of a stacked weight that another one is, which has the gate in its role.
fn cut_for(stacked: &Weight, single: &Weight) -> Option<Vec<Section>> {
    let is_single = single.sections.gates.is_empty() && single.role.name.contains('.');
    if !is_single {
        return None;
    }
    pieces(stacked).into_iter().find(|(_, role)| role == single.role.name).map(|(sections, _)| sections)
}

/// A stacked weight's gates, of each direction or of data and state apart, with their roles; none of other weights.
pub(super) fn pieces(weight: &Weight) -> Vec<(Vec<Section>, String)> {
    let with_role = |sections: Vec<Section>| {
        let role = weight.role.with_sections(&sections);
        (sections, role)
    };
    let of_gate = |gate: &Section| -> Vec<Vec<Section>> {
        match &weight.sections.parts[..] {
            [] => vec![vec![gate.clone()]],
            parts => parts.iter().map(|part| vec![gate.clone(), part.clone()]).collect(),
        }
    };
    weight.sections.gates.iter().flat_map(of_gate).map(with_role).collect()
}

/// What the other model's weights say about which of this one's are to be cut.
pub(super) struct Other<'w> {
    /// Roles with a gate, of weights that are no stacks.
    singles: HashSet<&'static str>,
    stacks: Vec<&'w Weight>,
}

impl<'w> Other<'w> {
    pub fn of(weights: &[&'w Weight]) -> Self {
        let (stacks, singles): (Vec<_>, Vec<_>) = weights.iter().copied().partition(|weight| !weight.sections.gates.is_empty());
        Self { singles: singles.iter().map(|weight| weight.role.name).filter(|role| role.contains('.')).collect(), stacks }
    }

    /// The pieces to pair instead of a stacked weight; none where the other model has such a stack, too.
    pub fn cuts(&self, weight: &Weight) -> Vec<(Vec<Section>, String)> {
        let is_alike = |other: &&&Weight| other.role.base() == weight.role.base() && lengths(other) == lengths(weight);
        if self.singles.is_empty() || self.stacks.iter().any(|other| is_alike(&other)) {
            return Vec::new();
        }
        let pieces = pieces(weight);
        if pieces.iter().any(|(_, role)| self.singles.contains(role.as_str())) { pieces } else { Vec::new() }
    }
}

/// How long the gates are, sorted: an order of gates may differ.
fn lengths(weight: &Weight) -> Vec<usize> {
    let mut lengths: Vec<usize> = weight.sections.gates.iter().map(|gate| gate.end - gate.start).collect();
    lengths.sort_unstable();
    lengths
}
