//! Groups of graphs as converters write them, with names and without.

use super::*;
use crate::model::{DType, Operation, Shape, Tensor, TensorId};

/// Operations in file order, each with its name, its type and the operations that it reads; every one
/// has one output.
#[derive(Default)]
struct Builder {
    operations: Vec<Operation>,
}

impl Builder {
    fn add(&mut self, name: impl Into<String>, kind: &str, reads: &[u32]) -> u32 {
        let id = self.operations.len() as u32;
        self.operations.push(Operation {
            name: name.into(),
            kind: kind.into(),
            inputs: reads.iter().map(|from| Some(TensorId(*from))).collect(),
            outputs: vec![TensorId(id)],
            ..Operation::default()
        });
        id
    }

    fn graph(self) -> Graph {
        let tensors = (0..self.operations.len()).map(|id| Tensor::computed(id.to_string(), DType::F32, Shape::Unknown)).collect();
        let mut graph = Graph { operations: self.operations, tensors, ..Graph::default() };
        graph.link();
        graph
    }

    fn groups(self) -> Groups {
        groups(&self.graph())
    }
}

fn groups(graph: &Graph) -> Groups {
    Groups::of(graph, |_| true, &[])
}

fn labels(groups: &Groups, of: &[GroupId]) -> Vec<String> {
    of.iter().map(|id| groups.group(*id).label.clone()).collect()
}

/// A layer of a transformer: eight operations of attention, five of a feed-forward part, two additions.
fn layer(b: &mut Builder, name: impl Fn(&str) -> String, x: u32) -> u32 {
    let [q, k, v] = ["q", "k", "v"].map(|part| b.add(name(&format!("attn/{part}/MatMul")), "MatMul", &[x]));
    let turned = b.add(name("attn/Transpose"), "Transpose", &[k]);
    let scores = b.add(name("attn/scores"), "MatMul", &[q, turned]);
    let weights = b.add(name("attn/Softmax"), "Softmax", &[scores]);
    let mixed = b.add(name("attn/mix"), "MatMul", &[weights, v]);
    let out = b.add(name("attn/out/MatMul"), "MatMul", &[mixed]);
    let attended = b.add(name("Add"), "Add", &[x, out]);
    let up = b.add(name("mlp/up/MatMul"), "MatMul", &[attended]);
    let active = b.add(name("mlp/Gelu"), "Gelu", &[up]);
    let down = b.add(name("mlp/down/MatMul"), "MatMul", &[active]);
    b.add(name("Add_1"), "Add", &[attended, down])
}

fn transformer(layers: u32, name: impl Fn(u32, &str) -> String) -> Graph {
    let mut b = Builder::default();
    let mut x = b.add("input", "Parameter", &[]);
    x = b.add("model/embed/Gather", "Gather", &[x]);
    for index in 0..layers {
        x = layer(&mut b, |part| name(index, part), x);
    }
    x = b.add("model/head/MatMul", "MatMul", &[x]);
    b.add("output", "Result", &[x]);
    b.graph()
}

/// No circle of boxes, whatever is open.
fn check(graph: &Graph, groups: &Groups) {
    for id in (0..groups.all().len() as u32).map(GroupId) {
        let group = groups.group(id);
        assert!(group.items() > 0);
        assert!(group.parent.is_none_or(|parent| parent < id && groups.group(parent).groups.contains(&id)));
        assert_eq!(group.total.operations, group.shares.iter().map(|(_, count)| count.operations).sum::<u64>());
    }
    let mut open = vec![None];
    open.extend((0..groups.all().len() as u32).map(|id| Some(GroupId(id))));
    for level in open {
        // Each operation within the level as the item that holds it there.
        let item = |operation: OperationId| {
            let around: Vec<GroupId> = groups.of_operation(operation).into_iter().flat_map(|inner| groups.ancestors(inner)).collect();
            let depth = around.iter().position(|group| Some(*group) == level);
            match (level, depth) {
                (None, _) => Some(around.last().map_or((true, operation.0), |group| (false, group.0))),
                (Some(_), Some(0)) => Some((true, operation.0)),
                (Some(_), Some(depth)) => Some((false, around[depth - 1].0)),
                _ => None,
            }
        };
        let mut edges: Vec<((bool, u32), (bool, u32))> = Vec::new();
        for (id, operation) in graph.operations() {
            for from in operation.inputs.iter().flatten().filter_map(|input| graph.tensor(*input).producer) {
                edges.extend(item(from).zip(item(id)).filter(|(from, to)| from != to));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        while !edges.is_empty() {
            let fed: std::collections::HashSet<_> = edges.iter().map(|(_, to)| *to).collect();
            let before = edges.len();
            edges.retain(|(from, _)| fed.contains(from));
            assert!(edges.len() < before, "the boxes in {level:?} feed each other in a circle: {edges:?}");
        }
    }
}

#[test]
fn layers_by_name() {
    let graph = transformer(32, |index, part| format!("/model/layers.{index}/{part}"));
    let groups = groups(&graph);
    check(&graph, &groups);
    let top = labels(&groups, groups.top());
    assert_eq!((top.len(), &top[0][..], &top[31][..]), (32, "layers.0", "layers.31"));
    let first = groups.group(groups.top()[0]);
    assert_eq!((first.alike, first.total.operations), (32, 13));
    assert_eq!(labels(&groups, &first.groups), ["attn", "mlp"]);
    assert_eq!(groups.group(first.groups[0]).name, "layers.0/attn");
    assert_eq!(groups.alike(groups.top()[7]), groups.top());
    assert_eq!(groups.operations(), graph.operations.len());
}

/// Names that say nothing: the layers are found by what repeats.
#[test]
fn layers_without_names() {
    let graph = transformer(24, |_, part| part.rsplit('/').next().unwrap_or_default().to_owned());
    let groups = groups(&graph);
    check(&graph, &groups);
    let blocks: Vec<&Group> = groups.top().iter().map(|id| groups.group(*id)).filter(|group| group.origin == Origin::Repeated).collect();
    assert_eq!(blocks.len(), 24);
    assert!(blocks.iter().all(|block| block.total.operations == 13 && block.alike == 24), "{blocks:?}");
}

/// A group is alike by operations, wiring and parameters, not by names or the order in the file.
#[test]
fn alike_up_to_names() {
    let mut b = Builder::default();
    let x = b.add("x", "Parameter", &[]);
    let block = |b: &mut Builder, name: &str, is_turned: bool, last: &str| {
        let one = b.add(format!("{name}/one"), "Relu", &[x]);
        let (left, right) = if is_turned {
            let right = b.add(format!("{name}/r"), "Exp", &[one]);
            (b.add(format!("{name}/l"), "Tanh", &[one]), right)
        } else {
            let left = b.add(format!("{name}/l"), "Tanh", &[one]);
            (left, b.add(format!("{name}/r"), "Exp", &[one]))
        };
        b.add(format!("{name}/end"), last, &[left, right]);
    };
    block(&mut b, "a", false, "Subtract");
    block(&mut b, "b", true, "Subtract");
    block(&mut b, "c", false, "Add");
    let one = b.add("d/one", "Relu", &[x]);
    let (left, right) = (b.add("d/l", "Tanh", &[one]), b.add("d/r", "Exp", &[one]));
    b.add("d/end", "Subtract", &[right, left]);
    let graph = b.graph();
    let mut loads = vec![Load::default(); graph.operations.len()];
    let classes = |loads: &[Load]| {
        let groups = Groups::of(&graph, |_| true, loads);
        assert_eq!(labels(&groups, groups.top()), ["a", "b", "c", "d"]);
        groups.top().iter().map(|id| groups.group(*id).class).collect::<Vec<_>>()
    };
    assert_eq!(classes(&loads), [0, 0, 1, 2]);
    loads[5].shapes = 7;
    assert_eq!(classes(&loads), [0, 1, 2, 3]);
}

/// A name that is left and entered again can't be one box; what can be stays together.
#[test]
fn groups_never_feed_each_other_in_a_circle() {
    let mut b = Builder::default();
    let mut x = b.add("in", "Parameter", &[]);
    for part in 0..3 {
        for name in ["encoder", "decoder"] {
            for index in 0..4 {
                x = b.add(format!("{name}/p{part}/op{index}"), "Relu", &[x]);
            }
        }
    }
    let graph = b.graph();
    let found = groups(&graph);
    check(&graph, &found);
    assert_eq!(found.operations() - found.alone(), 24, "{found:?}");
    // One operation on the wrong side.
    let mut b = Builder::default();
    let mut x = b.add("in", "Parameter", &[]);
    let early = b.add("late/Shape", "Shape", &[x]);
    for index in 0..6 {
        x = b.add(format!("early/op{index}"), "Relu", &[x, early]);
    }
    for index in 0..6 {
        x = b.add(format!("late/op{index}"), "Relu", &[x]);
    }
    let graph = b.graph();
    let found = groups(&graph);
    check(&graph, &found);
    let sizes: Vec<u64> = found.top().iter().map(|id| found.group(*id).total.operations).collect();
    assert_eq!(sizes, [6, 6], "{found:?}");
}

#[test]
fn cycles_of_the_model_itself() {
    let mut b = Builder::default();
    for index in 0..200u32 {
        b.add(format!("a{}/b/op{index}", index / 50), "Relu", &[(index * 7 + 3) % 200]);
    }
    let graph = b.graph();
    assert!(groups(&graph).all().len() < 200);
}

#[test]
fn groups_that_say_nothing_are_left_out() {
    let mut b = Builder::default();
    let x = b.add("in", "Parameter", &[]);
    let one = b.add("model/net/conv/WithoutBiases", "Convolution", &[x]);
    let two = b.add("model/net/conv/BiasAdd", "Add", &[one]);
    let mut last = two;
    for index in 0..4 {
        last = b.add(format!("model/net/tail/inner/op{index}"), "Relu", &[last]);
    }
    let groups = b.groups();
    assert_eq!(labels(&groups, groups.top()), ["tail/inner"]);
    assert!(groups.group(groups.top()[0]).groups.is_empty());
    assert_eq!(groups.of_operation(OperationId(1)), None);
    assert_eq!(Builder::default().groups().all(), []);
}

/// No graph of more than 2,000 operations opens with more boxes than can be read, whatever its names.
#[test]
fn large_graphs_open_with_few_boxes() {
    let flat = |count: u32, kinds: u32| {
        let mut b = Builder::default();
        for index in 0..count {
            let reads: Vec<u32> = [index.checked_sub(1), index.checked_sub(1 + index % 7)].into_iter().flatten().collect();
            b.add(format!("Op_{index}"), &format!("Kind{}", index.wrapping_mul(2_654_435_761) >> 7 & kinds), &reads);
        }
        b.graph()
    };
    let alone = |count: u32| {
        let mut b = Builder::default();
        for index in 0..count {
            b.add(format!("Op_{index}"), "Relu", &[]);
        }
        b.graph()
    };
    let wide = |count: u32| {
        let mut b = Builder::default();
        let x = b.add("x", "Parameter", &[]);
        for index in 0..count {
            b.add(format!("head{index}/Relu"), "Relu", &[x]);
        }
        b.graph()
    };
    for (name, graph) in [
        ("deep names", transformer(200, |index, part| format!("/model/stage.{}/layers.{index}/{part}", index / 10))),
        ("flat names", transformer(2_000, |_, _| String::new())),
        ("one type", flat(50_000, 0)),
        ("many types", flat(5_000, 63)),
        ("nothing hangs together", alone(3_000)),
        ("a hub", wide(10_000)),
    ] {
        let groups = groups(&graph);
        if graph.operations.len() < 4_000 {
            check(&graph, &groups);
        }
        let fold = Fold::auto(GraphId(0), &groups);
        assert!(fold.is_grouped, "{name}");
        let hiding = |id: u32| fold.hiding(&groups, GraphId(0), OperationId(id)).map_or((1, id), |group| (0, group.0));
        let boxes: std::collections::BTreeSet<_> = (0..graph.operations.len() as u32).map(hiding).collect();
        assert!((2..=Fold::READABLE).contains(&boxes.len()), "{name}: {} boxes", boxes.len());
    }
}

#[test]
fn what_is_open() {
    let graph = transformer(32, |index, part| format!("/model/layers.{index}/{part}"));
    let groups = groups(&graph);
    let mut fold = Fold::auto(GraphId(0), &groups);
    assert!(fold.is_grouped && fold.open.is_empty());
    let at = Groups::at(GraphId(0), groups.top()[3]);
    fold.set_alike(&groups, at, true);
    assert_eq!(fold.open.len(), 32);
    fold.set_alike(&groups, at, false);
    assert_eq!(fold, Fold::closed());
    // The softmax of the second layer lies in two groups.
    let softmax = graph.operations().filter(|(_, operation)| operation.kind == "Softmax").nth(1).unwrap().0;
    assert_eq!(fold.hiding(&groups, GraphId(0), softmax), Some(groups.top()[1]));
    let operation = crate::model::OperationRef { graph: GraphId(0), operation: softmax };
    assert!(fold.reveal(&groups, operation) && !fold.reveal(&groups, operation));
    assert_eq!((fold.open.len(), fold.hiding(&groups, GraphId(0), softmax)), (2, None));
    assert_eq!(Fold::auto(GraphId(0), &self::groups(&transformer(12, |index, part| format!("l.{index}/{part}")))), Fold::flat());
}
