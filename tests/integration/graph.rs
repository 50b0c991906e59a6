//! Graphs from operations to a picture: groups, frames and bodies together, how little moves when
//! something is opened, and the files that `weightscope graph` writes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;

use weightscope::groups::{Fold, GroupRef, Groups};
use weightscope::jobs::Token;
use weightscope::layout::metrics::{Jump, enters, jump, measure};
use weightscope::layout::{Direction, Drawn, Frame, Layout, Node, NodeSize, Point, Rect, Source, layout};
use weightscope::model::{DType, Graph, GraphId, Operation, OperationId, OperationRef, Shape, Tensor, TensorId};

const MAIN: GraphId = GraphId(0);

/// Operations in file order, each with its name, its type and the operations that it reads.
#[derive(Default)]
struct Builder(Vec<Operation>);

impl Builder {
    fn add(&mut self, name: String, kind: &str, reads: &[u32]) -> u32 {
        let id = self.0.len() as u32;
        let inputs = reads.iter().map(|from| Some(TensorId(*from))).collect();
        self.0.push(Operation { name, kind: kind.into(), inputs, outputs: vec![TensorId(id)], ..Operation::default() });
        id
    }

    fn graph(self) -> Graph {
        let tensors = self.0.iter().map(|operation| Tensor::computed(operation.name.clone(), DType::F32, Shape::Unknown)).collect();
        let mut graph = Graph { operations: self.0, tensors, ..Graph::default() };
        graph.link();
        graph
    }
}

/// A transformer with a mask that all layers read.
fn transformer(layers: u32) -> Graph {
    let mut b = Builder::default();
    let input = b.add("input".into(), "Parameter", &[]);
    let raw = b.add("mask".into(), "Parameter", &[]);
    let mask = b.add("model/mask/Multiply".into(), "Multiply", &[raw]);
    let mut x = b.add("model/embed/Gather".into(), "Gather", &[input]);
    for layer in 0..layers {
        let name = |part: &str| format!("model/layers.{layer}/{part}");
        let normed = b.add(name("norm/MVN"), "MVN", &[x]);
        let scaled = b.add(name("norm/Multiply"), "Multiply", &[normed]);
        let shifted = b.add(name("norm/Add"), "Add", &[scaled]);
        let [q, k, v] = ["q", "k", "v"].map(|part| b.add(name(&format!("attn/{part}")), "MatMul", &[shifted]));
        let scores = b.add(name("attn/scores"), "MatMul", &[q, k]);
        let masked = b.add(name("attn/masked"), "Add", &[scores, mask]);
        let weights = b.add(name("attn/Softmax"), "Softmax", &[masked]);
        let mixed = b.add(name("attn/mixed"), "MatMul", &[weights, v]);
        let attended = b.add(name("Add"), "Add", &[x, mixed]);
        let up = b.add(name("mlp/up"), "MatMul", &[attended]);
        let active = b.add(name("mlp/Gelu"), "Gelu", &[up]);
        let down = b.add(name("mlp/down"), "MatMul", &[active]);
        x = b.add(name("Add_1"), "Add", &[attended, down]);
    }
    b.add("output".into(), "Result", &[x]);
    b.graph()
}

/// A graph with its groups.
struct Case {
    graphs: Vec<Graph>,
    groups: Vec<Groups>,
}

impl Case {
    fn of(graphs: Vec<Graph>) -> Self {
        let groups = graphs.iter().map(|graph| Groups::of(graph, |_| true, &[])).collect();
        Self { graphs, groups }
    }

    fn draw(&self, fold: &Fold) -> (Drawn, Layout) {
        let groups = |graph: GraphId| &self.groups[graph.0 as usize];
        let mut drawn = Drawn::of(&Source { graphs: &self.graphs, is_constant: &|_, _| false, groups: &groups, fold }, MAIN);
        // The same for the same thing, whatever else is drawn.
        let number = |node: &Node| match node {
            Node::Operation(at) => at.operation.0,
            Node::Input(at) | Node::Output(at) | Node::Constant(at) => at.tensor.0,
            Node::Group(at) => at.group.0,
        };
        let size = |node: u32| NodeSize { width: 120.0 + f64::from(node * 31 % 60), height: 34.0 + f64::from(node * 7 % 30) };
        drawn.graph.nodes = drawn.nodes.iter().map(|node| size(number(node))).collect();
        drawn.graph.frames.iter_mut().for_each(|frame| frame.width = 140.0);
        let layout = layout(&drawn.graph, &Token::new()).unwrap();
        (drawn, layout)
    }

    /// Draws, and checks what holds for every picture.
    fn check(&self, name: &str, fold: &Fold) -> (Drawn, Layout) {
        let (drawn, layout) = self.draw(fold);
        let frames = &drawn.graph.frames;
        let is_box = |node: u32| !frames.iter().any(|frame| frame.node == Some(node));
        let boxes: Vec<Rect> = (0u32..).zip(&layout.nodes).filter(|(node, _)| is_box(*node)).map(|(_, rect)| *rect).collect();
        assert_eq!(measure(&boxes, &[]).overlaps, 0, "{name}");
        // Lines within a body run inside its operation's place.
        let rect = |(node, rect): (u32, &Rect)| if is_box(node) { *rect } else { Rect::default() };
        let places: Vec<Rect> = (0u32..).zip(&layout.nodes).map(rect).collect();
        assert_eq!(measure(&places, &layout.edges).lines_through_boxes, 0, "{name}");
        for (node, frame) in drawn.graph.frame_of.iter().enumerate() {
            let (rect, frame) = (&layout.nodes[node], frame.map(|frame| &layout.frames[frame as usize]));
            let is_inside = frame.is_none_or(|frame| {
                rect.x >= frame.x && rect.y >= frame.y && rect.right() <= frame.right() && rect.bottom() <= frame.bottom()
            });
            assert!(is_inside, "{name}: {:?} {rect:?} is not in {frame:?}", drawn.nodes[node]);
        }
        let around = |node: u32| -> Vec<u32> {
            let own = frames.iter().position(|frame| frame.node == Some(node));
            let first = own.map_or(drawn.graph.frame_of[node as usize], |own| frames[own].parent);
            std::iter::successors(first, |frame| frames[*frame as usize].parent).collect()
        };
        if layout.edges.len() * layout.frames.len() < 200_000 {
            for route in &layout.edges {
                let passed: Vec<u32> = around(route.from).into_iter().chain(around(route.to)).collect();
                for (index, frame) in (0u32..).zip(&layout.frames).filter(|(index, _)| !passed.contains(index)) {
                    for line in route.flattened(Direction::Down, 6).points.windows(2) {
                        let own: &Frame = &frames[index as usize];
                        let is_own = own.node == Some(route.from) || own.node == Some(route.to);
                        assert!(is_own || !enters(frame, line[0], line[1]), "{name}: {route:?} runs through frame {index}");
                    }
                }
            }
        }
        (drawn, layout)
    }
}

/// How far what is not in a group jumps when that one is opened.
fn jump_at_opening(case: &Case, before: &Fold, group: GroupRef) -> Jump {
    let mut after = before.clone();
    after.open.insert(group);
    let (old_drawn, old) = case.draw(before);
    let (new_drawn, new) = case.draw(&after);
    let places: HashMap<Node, Rect> = new_drawn.nodes.iter().copied().zip(new.nodes.iter().copied()).collect();
    let pairs: Vec<(Rect, Rect)> =
        old_drawn.nodes.iter().zip(&old.nodes).filter_map(|(node, rect)| Some((*rect, *places.get(node)?))).collect();
    assert!(pairs.len() + 1 >= old_drawn.nodes.len());
    let closed = old_drawn.nodes.iter().position(|node| *node == Node::Group(group)).unwrap();
    let frame = new_drawn.frames.iter().position(|frame| *frame == weightscope::layout::FrameOf::Group(group)).unwrap();
    let corner = |rect: &Rect| Point { x: rect.x, y: rect.y };
    jump(&pairs, (corner(&old.nodes[closed]), corner(&new.frames[frame])), Direction::Down)
}

#[test]
fn a_transformer_in_all_states() {
    let case = Case::of(vec![transformer(32)]);
    let groups = &case.groups[0];
    for (name, fold) in [
        ("as first shown", Fold::auto(MAIN, groups)),
        ("closed", Fold::closed()),
        ("open", Fold::all_open(MAIN, groups)),
        ("flat", Fold::flat()),
    ] {
        case.check(name, &fold);
    }
    let mut alike = Fold::closed();
    alike.set_alike(groups, Groups::at(MAIN, groups.top()[1]), true);
    let (drawn, layout) = case.check("one class open", &alike);
    assert_eq!(drawn.frames.len(), 32);
    // Alike blocks look alike.
    let sizes: Vec<(f64, f64)> = layout.frames.iter().map(|frame| (frame.width, frame.height)).collect();
    assert!(sizes[1..31].iter().all(|size| (size.0 - sizes[1].0).abs() < 60.0), "{sizes:?}");
}

/// The rest does not jump: the median stays below a tenth of a box's width wherever one opens.
#[test]
fn little_moves_when_a_group_opens() {
    let case = Case::of(vec![transformer(24)]);
    let groups = &case.groups[0];
    for index in [0, 7, 23] {
        let group = Groups::at(MAIN, groups.top()[index]);
        let jump = jump_at_opening(&case, &Fold::closed(), group);
        assert!(jump.median <= 15.0 && jump.push > 0.0, "layer {index}: {jump:?}");
        // One more level down, in an open layer.
        let mut open = Fold::closed();
        open.open.insert(group);
        let inner = Groups::at(MAIN, groups.group(group.group).groups[0]);
        let jump = jump_at_opening(&case, &open, inner);
        assert!(jump.median <= 15.0, "in layer {index}: {jump:?}");
    }
}

#[test]
fn bodies_lie_in_their_operations() {
    let mut main = transformer(2);
    main.operations[5].graphs = vec![GraphId(1), GraphId(2)];
    let mut inner = transformer(1);
    inner.operations[4].graphs = vec![GraphId(3), GraphId(0)];
    let case = Case::of(vec![main, inner, transformer(1), transformer(1)]);
    let at = |graph: u32, operation: u32| OperationRef { graph: GraphId(graph), operation: OperationId(operation) };
    let fold = Fold { bodies: [at(0, 5), at(1, 4)].into(), ..Fold::flat() };
    let (drawn, layout) = case.check("bodies", &fold);
    assert_eq!(drawn.frames.len(), 4);
    let node = drawn.node_of(at(0, 5)).unwrap();
    let frame = drawn.own_frame(node).unwrap();
    assert_eq!(layout.nodes[node as usize], layout.frames[frame as usize]);
    let grouped = Fold { is_grouped: true, ..Fold { bodies: fold.bodies.clone(), ..Fold::all_open(MAIN, &case.groups[0]) } };
    case.check("bodies in groups", &grouped);
}

/// What nobody would build, but a file may hold; flat and grouped.
#[test]
fn odd_graphs() {
    let build = |count: u32, name: &dyn Fn(u32) -> String, reads: &dyn Fn(u32) -> Vec<u32>| {
        let mut b = Builder::default();
        (0..count).for_each(|id| {
            b.add(name(id), ["Relu", "Add", "MatMul"][id as usize % 3], &reads(id));
        });
        b.graph()
    };
    let flat = |id: u32| format!("Op_{id}");
    let nested = |id: u32| format!("a/b{}/c{}/op{id}", id / 100, id / 10);
    let chain = |id: u32| id.checked_sub(1).into_iter().collect::<Vec<u32>>();
    let many: Vec<u32> = (0..10_000).collect();
    let cases: Vec<(&str, Graph)> = vec![
        ("a loop", build(400, &nested, &|id| if id == 150 { vec![149, 150, 150] } else { chain(id) })),
        ("a cycle", build(400, &nested, &|id| if id == 0 { vec![399] } else { chain(id) })),
        ("many cycles", build(400, &nested, &|id| vec![(id * 7 + 3) % 400, (id * 13 + 1) % 400])),
        ("10,000 inputs", build(10_001, &flat, &|id| if id == 10_000 { many.clone() } else { vec![] })),
        ("10,000 inputs from groups", build(10_001, &nested, &|id| if id == 10_000 { many.clone() } else { chain(id) })),
        ("50,000 deep", build(50_000, &flat, &chain)),
        ("50,000 deep with names", build(50_000, &|id| format!("s{}/l{}/op{id}", id / 2_000, id / 50), &chain)),
        ("parts", build(3_000, &flat, &|id| if id % 7 == 0 { vec![] } else { chain(id) })),
        ("many edges between two", build(400, &nested, &|id| vec![id.saturating_sub(1); 50])),
        ("reads what comes later", build(400, &nested, &|id| vec![399 - id])),
        ("names without end", build(400, &|id| "x/".repeat(500 + id as usize), &chain)),
    ];
    for (name, graph) in cases {
        let case = Case::of(vec![graph]);
        for fold in [Fold::auto(MAIN, &case.groups[0]), Fold::closed(), Fold::all_open(MAIN, &case.groups[0]), Fold::flat()] {
            let (drawn, layout) = case.check(name, &fold);
            assert_eq!(layout.edges.len() + layout.references.len(), drawn.graph.edges.len(), "{name}");
        }
    }
}

/// A job that is cancelled halfway ends with that, and one that is not is not touched by it.
#[test]
fn cancelled_halfway() {
    let case = Case::of(vec![transformer(400)]);
    let (drawn, _) = case.draw(&Fold::all_open(MAIN, &case.groups[0]));
    let token = Token::new();
    let result = std::thread::scope(|scope| {
        let worker = scope.spawn(|| layout(&drawn.graph, &token));
        token.cancel();
        worker.join().unwrap()
    });
    assert!(result.is_err() || result == layout(&drawn.graph, &Token::new()));
}

fn weightscope(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weightscope")).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn fixture(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name).to_string_lossy().into_owned()
}

#[test]
fn a_graph_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let model = fixture("assets/example/digits_int8.xml");
    for name in ["a.svg", "b.svg", "a.png", "b.png"] {
        let (is_done, message) = weightscope(&["graph", &model, "-o", &out(name)]);
        assert!(is_done && message.contains("Saved"), "{name}: {message}");
    }
    let bytes = |name: &str| std::fs::read(out(name)).unwrap();
    assert_eq!((bytes("a.svg"), bytes("a.png")), (bytes("b.svg"), bytes("b.png")));
    let text = String::from_utf8(bytes("a.svg")).unwrap();
    for part in ["<title>digits_int8.xml</title>", "Convolution · conv1", "kernel 12×1×5×5 OIHW", "Model SHA-256"] {
        assert!(text.contains(part), "{part}");
    }
    // What prepares constants is there when it is asked for.
    assert!(!text.contains("Convert"));
    assert!(weightscope(&["graph", &model, "-o", &out("c.svg"), "--constants", "--theme", "dark", "--direction", "right", "--bare"]).0);
    let text = String::from_utf8(bytes("c.svg")).unwrap();
    assert!(text.contains(">Convert") && !text.contains(">digits_int8.xml</text>"));
}

#[test]
fn what_can_not_be_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let model = fixture("assets/example/digits_f32.tflite");
    let (is_done, message) = weightscope(&["graph", &model, "-o", &out("a.pdf")]);
    assert!(!is_done && message.contains(".png or .svg"), "{message}");
    let (is_done, message) = weightscope(&["graph", &model, "-o", &out("a.svg"), "--graph", "nowhere"]);
    assert!(!is_done && message.contains("has no graph 'nowhere'"), "{message}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}
