//! The way to an operation that its name tells: `/encoder/layers.0/attention/MatMul` lies in `encoder`,
//! in there in `layers.0`, in there in `attention`.
//!
//! TensorFlow and ONNX part names with `/`, PyTorch with `.`; converters join the names of what they
//! fused with `;`, and the first of those counts, as for [`Labels`](crate::weights::Labels). Dots also
//! stand in the paths of classes (`torch.nn.modules.linear.Linear_1`), which say of what kind an
//! operation is and not where it belongs: dots part a name only where there is no `/`, or where numbers
//! stand between dots somewhere below the same beginning, as in `layers.0.norm`.

use std::collections::HashSet;

/// No model's modules lie deeper; a longer name comes from somewhere else.
const DEEPEST: usize = 24;

/// The parts of names, once it is known which dots part them.
pub(super) struct Paths<'a> {
    dotted: HashSet<&'a str>,
}

impl<'a> Paths<'a> {
    pub fn of(names: impl Iterator<Item = &'a str>) -> Self {
        let components = names.flat_map(|name| first(name).split('/'));
        let with_numbers = components.filter(|component| component.contains('.') && component.split('.').any(is_number));
        Self { dotted: with_numbers.filter_map(|component| component.split('.').next()).collect() }
    }

    /// The groups that a name lies in, outermost first; without the operation's own part.
    pub fn groups(&self, name: &'a str) -> Vec<&'a str> {
        let name = first(name);
        let is_pure = !name.contains('/');
        // Where each part begins and ends; the operation's own part is kept out until another one follows.
        let mut parts: Vec<(usize, usize)> = Vec::new();
        let mut own: Option<(usize, usize)> = None;
        let mut add = |start: usize, end: usize| {
            if start == end {
                return;
            }
            if let Some((from, to)) = own.replace((start, end)) {
                match parts.last_mut() {
                    // A number goes with the part before it.
                    Some(last) if is_number(&name[from..to]) && last.1 + 1 == from => last.1 = to,
                    _ => parts.push((from, to)),
                }
            }
        };
        let mut start = 0;
        for component in name.split('/') {
            let begin = component.split('.').next().unwrap_or_default();
            if component.contains('.') && (is_pure || self.dotted.contains(begin)) {
                let mut at = start;
                for piece in component.split('.') {
                    add(at, at + piece.len());
                    at += piece.len() + 1;
                }
            } else {
                add(start, start + component.len());
            }
            start += component.len() + 1;
        }
        parts.truncate(DEEPEST);
        parts.into_iter().map(|(start, end)| &name[start..end]).collect()
    }
}

/// What of an operation's name is its own: the last part of its path.
pub fn own_part(name: &str) -> &str {
    let name = first(name).trim_end_matches('/');
    let separator = if name.contains('/') { '/' } else { '.' };
    name.rsplit(separator).next().filter(|part| !part.is_empty()).unwrap_or(name)
}

fn first(name: &str) -> &str {
    name.split(';').find(|part| !part.is_empty()).unwrap_or_default()
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: &[&str]) {
        let paths = Paths::of(names.iter().copied());
        let found: Vec<String> = names.iter().map(|name| paths.groups(name).join(" | ")).collect();
        assert_eq!(found, expected, "{names:?}");
    }

    #[test]
    fn slashes() {
        check(&["model/block_1/conv/Conv2D", "/a//b/", "flat", ""], &["model | block_1 | conv", "a", "", ""]);
    }

    #[test]
    fn dots_with_numbers() {
        check(&["layers.0.attn.q", "layers.11.norm", "embed"], &["layers.0 | attn", "layers.11", ""]);
        check(
            &["__module.model.layers.0.q_proj/aten::linear/MatMul", "__module.model.norm/aten::mul/Multiply"],
            &["__module | model | layers.0 | q_proj | aten::linear", "__module | model | norm | aten::mul"],
        );
        check(&["/model/layers.0/attn/MatMul"], &["model | layers.0 | attn"]);
        check(&["encoder/layer/7/MatMul", "7/8/x", "a/1"], &["encoder | layer/7", "7/8", "a"]);
    }

    #[test]
    fn paths_of_classes_stay_whole() {
        check(&["Net/torch.nn.modules.linear.Linear_1;", "Net/x"], &["Net", "Net"]);
        check(&["Net/torch.nn.Sequential_net/torch.nn.Linear_1;"], &["Net | torch.nn.Sequential_net"]);
    }

    #[test]
    fn the_first_of_joined_names() {
        check(&["a/b/Relu;a/c/BiasAdd", ";x/y"], &["a | b", "x"]);
    }

    #[test]
    fn what_is_left() {
        for (name, own) in [("a/b.c/d;x/y", "d"), ("layers.0.norm", "norm"), ("flat", "flat"), ("", ""), ("a/", "a")] {
            assert_eq!(own_part(name), own, "{name}");
        }
    }

    #[test]
    fn no_name_is_too_long() {
        let name = "a/".repeat(100_000);
        assert_eq!(Paths::of(std::iter::once(name.as_str())).groups(&name).len(), DEEPEST);
    }
}
