//! The layout beside dagre, elkjs and Graphviz dot, on the same graphs in one run:
//!
//!     npm install --prefix benches/layout && cargo bench --no-default-features --bench layout -- [--limit SECONDS] [--only quality|times] [MODEL...]
//!
//! Every program runs as a process of its own, ours too, which tells how much time the processor spent
//! on the layout alone (so that what else the machine does matters little) and how much memory the process
//! had at most; of dot it is the whole process's. Drawings are all measured by `layout::metrics`. Peers that are not installed, fail or take longer than the limit
//! have a dash or the limit in their place.

#![expect(clippy::print_stdout, reason = "the tables are what a measurement is run for")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use weightscope::formats::Options;
use weightscope::groups::Fold;
use weightscope::jobs::{GraphPlan, Job, Output, Token};
use weightscope::layout::metrics::{Quality, measure};
use weightscope::layout::{Direction, Layout, LayoutGraph, NodeSize, Point, Rect, Route, Spacing, layout};
use weightscope::model::GraphId;

#[path = "layout/graphs.rs"]
mod graphs;

/// A graph by name.
struct Case {
    name: String,
    graph: LayoutGraph,
}

fn case(name: &str, graph: LayoutGraph) -> Case {
    Case { name: name.into(), graph }
}

/// What one program made of one graph.
struct Run {
    millis: f64,
    peak_kb: f64,
    quality: Quality,
    references: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Program {
    Ours,
    Dagre,
    Elk,
    Dot,
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [first, graph, result] = &arguments[..]
        && first == "--one"
    {
        return one(Path::new(graph), Path::new(result));
    }
    let mut limit = Duration::from_secs(60);
    if arguments.first().is_some_and(|argument| argument == "--limit") {
        limit = Duration::from_secs(arguments.get(1).and_then(|text| text.parse().ok()).expect("seconds after --limit"));
        arguments.drain(..2);
    }
    let mut only = None;
    if arguments.first().is_some_and(|argument| argument == "--only") {
        only = Some(arguments.get(1).cloned().expect("`quality` or `times` after --only"));
        arguments.drain(..2);
    }
    let is_wanted = |table: &str| only.as_ref().is_none_or(|only| only == table);
    let folder = tempfile::tempdir().expect("a folder for the graphs");
    if is_wanted("quality") {
        qualities(folder.path(), &arguments, limit);
    }
    if is_wanted("times") {
        speeds(folder.path(), limit);
    }
}

fn qualities(folder: &Path, models: &[String], limit: Duration) {
    let mut small = vec![
        case("transformer, 500", graphs::transformer(500)),
        case("transformer, 2,000", graphs::transformer(2_000)),
        case("convolutions with skips, 1,000", graphs::convolutions(1_000)),
        case("convolutions with skips, 2,000", graphs::convolutions(2_000)),
        case("vision transformer, 1,000", graphs::vision(1_000)),
        case("vision transformer, 2,000", graphs::vision(2_000)),
    ];
    small.extend(models.iter().flat_map(|path| of_model(Path::new(path))));
    println!("Crossings; then length of all lines, area and time by those of dagre. `→ n` references.\n");
    println!(
        "| graph | nodes | edges | → | crossings: ours | dagre | elk | dot | length | area | through boxes: ours | dagre | elk | dot | time |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for case in &small {
        quality_row(folder, case, limit);
    }
}

fn speeds(folder: &Path, limit: Duration) {
    println!("\nTime of the layout and peak memory of the process.\n");
    println!("| graph | nodes | edges | ours | memory | dagre | elk | dot |\n| --- | --- | --- | --- | --- | --- | --- | --- |");
    for case in [
        case("transformer, 3,000", graphs::transformer(3_000)),
        case("convolutions with skips, 20,000", graphs::convolutions(20_000)),
        case("vision transformer, 23,000", graphs::vision(23_000)),
        case("transformer, 10,000", graphs::transformer(10_000)),
        case("transformer, 100,000", graphs::transformer(100_000)),
    ] {
        time_row(folder, &case, limit);
    }
}

fn quality_row(folder: &Path, case: &Case, limit: Duration) {
    let Some((run, drawn)) = ours(folder, &case.graph, limit) else { return println!("| {} | failed |", case.name) };
    let row = |name: &str, graph: &LayoutGraph, references: usize| {
        let peers = [Program::Dagre, Program::Elk, Program::Dot].map(|program| start(folder, program, graph, limit));
        let figure = |of: &dyn Fn(&Quality) -> u64| {
            let peers = peers.iter().map(|peer| peer.as_ref().map_or("-".into(), |peer| of(&peer.quality).to_string()));
            std::iter::once(of(&run.quality).to_string()).chain(peers).collect::<Vec<_>>().join(" | ")
        };
        let ratio = |of: &dyn Fn(&Run) -> f64| peers[0].as_ref().map_or("-".into(), |dagre| format!("{:.3}", of(&run) / of(dagre)));
        println!(
            "| {name} | {} | {} | {references} | {} | {} | {} | {} | {} |",
            graph.nodes.len(),
            graph.edges.len(),
            figure(&|quality| quality.crossings),
            ratio(&|run| run.quality.length),
            ratio(&|run| run.quality.area()),
            figure(&|quality| quality.lines_through_boxes + quality.overlaps),
            ratio(&|run| run.millis),
        );
    };
    row(&case.name, &case.graph, run.references);
    if run.references > 0 {
        row("the same without what ours tells by references", &drawn, 0);
    }
}

fn time_row(folder: &Path, case: &Case, limit: Duration) {
    // The best of three: what disturbs a run makes it longer only.
    let runs: Vec<Run> = (0..3).filter_map(|_| Some(ours(folder, &case.graph, limit)?.0)).collect();
    let Some(best) = runs.iter().min_by(|a, b| a.millis.total_cmp(&b.millis)) else { return println!("| {} | failed |", case.name) };
    let peers = [Program::Dagre, Program::Elk, Program::Dot].map(|program| {
        let begin = Instant::now();
        match start(folder, program, &case.graph, limit) {
            Some(run) => format!("{:.0} x", run.millis / best.millis),
            None if begin.elapsed() >= limit => format!("> {:.0} x", limit.as_secs_f64() * 1000.0 / best.millis),
            None => "fails".into(),
        }
    });
    println!(
        "| {} | {} | {} | {:.3} s | {:.0} MB | {} |",
        case.name,
        case.graph.nodes.len(),
        case.graph.edges.len(),
        best.millis / 1000.0,
        best.peak_kb / 1024.0,
        peers.join(" | ")
    );
}

/// Our layout, and the graph of the edges that it draws.
fn ours(folder: &Path, graph: &LayoutGraph, limit: Duration) -> Option<(Run, LayoutGraph)> {
    let run = start(folder, Program::Ours, graph, limit)?;
    let drawn = read_result(&folder.join("result"))?.edges.iter().map(|route| route.edge as usize).collect::<Vec<_>>();
    let pick = |edges: &[(u32, u32)]| drawn.iter().map(|edge| edges[*edge]).collect();
    let graph = LayoutGraph { nodes: graph.nodes.clone(), edges: pick(&graph.edges), ..LayoutGraph::default() };
    Some((run, graph))
}

/// Runs a program on a graph; `None` if it is not there, fails or takes too long.
fn start(folder: &Path, program: Program, graph: &LayoutGraph, limit: Duration) -> Option<Run> {
    let (input, result) = (folder.join("graph"), folder.join("result"));
    let _ = std::fs::remove_file(&result);
    std::fs::write(&input, if program == Program::Dot { dot_text(graph) } else { text(graph) }).ok()?;
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/layout/peers.js");
    let mut command = match program {
        Program::Ours => {
            let mut command = Command::new(std::env::current_exe().ok()?);
            command.arg("--one").args([&input, &result]);
            command
        }
        Program::Dagre | Program::Elk => {
            let mut command = Command::new("node");
            command.arg(scripts).arg(if program == Program::Elk { "elk" } else { "dagre" }).args([&input, &result]);
            command
        }
        Program::Dot => {
            // The shell tells the processor's time of what it ran. Killing it would leave dot running, so
            // dot has a limit of its own.
            let mut command = Command::new("sh");
            let script = format!("ulimit -t {}; dot -Tplain -o \"$0\" \"$1\" && times", limit.as_secs().max(1));
            command.args(["-c", &script]).args([&result, &input]);
            command
        }
    };
    let log = folder.join("log");
    let begin = Instant::now();
    let mut child = command.stdout(std::fs::File::create(&log).ok()?).stderr(Stdio::null()).spawn().ok()?;
    let status = loop {
        if let Some(status) = child.try_wait().ok()? {
            break status;
        }
        if begin.elapsed() >= limit {
            child.kill().ok()?;
            child.wait().ok()?;
            return None;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    };
    let whole = begin.elapsed().as_secs_f64() * 1000.0;
    let log = std::fs::read_to_string(&log).ok()?;
    let mut figures = log.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    let spent = if program == Program::Dot { times(&log) } else { figures.next() };
    let layout = if program == Program::Dot { read_dot(&result, graph)? } else { read_result(&result)? };
    status.success().then(|| Run {
        millis: spent.unwrap_or(whole),
        peak_kb: figures.next().unwrap_or(0.0),
        quality: measure(&layout.nodes, &layout.edges),
        references: graph.edges.len() - layout.edges.len(),
    })
}

/// Our own part as a process: reads a graph, lays it out, writes the drawing, curves flattened.
fn one(input: &Path, result: &Path) {
    let graph = read_graph(&std::fs::read_to_string(input).expect("the graph"));
    let (begin, spent) = (Instant::now(), thread_millis());
    let layout = layout(&graph, &Token::new()).expect("nobody cancels");
    let whole = begin.elapsed().as_secs_f64() * 1000.0;
    let millis = thread_millis().zip(spent).map_or(whole, |(now, before)| now - before);
    let mut text = String::new();
    for rect in &layout.nodes {
        let _ = writeln!(text, "node {} {} {} {}", rect.x, rect.y, rect.width, rect.height);
    }
    for route in &layout.edges {
        let _ = write!(text, "edge {} {} {}", route.edge, route.from, route.to);
        route.points.iter().for_each(|point| text += &format!(" {} {}", point.x, point.y));
        text += "\n";
    }
    let curves: Vec<Route> = layout.edges.iter().map(|route| route.flattened(Direction::Down, 6)).collect();
    assert!(graph.nodes.len() > 3_000 || measure(&layout.nodes, &curves).lines_through_boxes == 0, "a curve runs through a box");
    std::fs::write(result, text).expect("room for the drawing");
    println!("{millis} {}", peak_kb());
}

/// The processor's time for this thread, where the system tells it (Linux).
fn thread_millis() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ').next()?.parse().ok().map(|nanos: f64| nanos / 1e6)
}

/// What the shell's `times` says of its children: `0m1.25s 0m0.03s` in the second line.
fn times(log: &str) -> Option<f64> {
    let part = |text: &str| {
        let (minutes, seconds) = text.trim_end_matches('s').split_once('m')?;
        Some((minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?) * 1000.0)
    };
    log.lines().last()?.split(' ').map(part).sum()
}

/// The process's peak memory, where the system tells it (Linux).
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn text(graph: &LayoutGraph) -> String {
    let mut text = String::new();
    graph.nodes.iter().for_each(|size| text += &format!("node {} {}\n", size.width, size.height));
    for (index, (from, to)) in (0u32..).zip(&graph.edges) {
        let _ = writeln!(text, "edge {from} {to} {}", graph.lines.get(index as usize).copied().unwrap_or(index));
    }
    text
}

fn dot_text(graph: &LayoutGraph) -> String {
    /// Points in an inch.
    const INCH: f64 = 72.0;
    let spacing = Spacing::default();
    let mut text = format!(
        "digraph {{ nodesep={} ranksep={}\nnode [shape=box fixedsize=true label=\"\"]\n",
        spacing.nodes / INCH,
        spacing.layers / INCH
    );
    for (index, size) in graph.nodes.iter().enumerate() {
        let _ = writeln!(text, "n{index} [width={} height={}]", size.width / INCH, size.height / INCH);
    }
    graph.edges.iter().for_each(|(from, to)| text += &format!("n{from} -> n{to} [arrowhead=none]\n"));
    text + "}\n"
}

fn numbers(line: &str) -> Vec<f64> {
    line.split(' ').filter_map(|word| word.parse().ok()).collect()
}

fn points(numbers: &[f64]) -> Vec<Point> {
    numbers.chunks_exact(2).map(|pair| Point { x: pair[0], y: pair[1] }).collect()
}

fn read_graph(text: &str) -> LayoutGraph {
    let mut graph = LayoutGraph::default();
    for line in text.lines() {
        match numbers(line)[..] {
            [width, height] => graph.nodes.push(NodeSize { width, height }),
            [from, to, tensor] => {
                graph.edges.push((from as u32, to as u32));
                graph.lines.push(tensor as u32);
            }
            _ => {}
        }
    }
    graph
}

fn read_result(path: &Path) -> Option<Layout> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut layout = Layout::default();
    for line in text.lines() {
        let numbers = numbers(line);
        if line.starts_with("node") && numbers.len() == 4 {
            layout.nodes.push(Rect { x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3] });
        } else if line.starts_with("edge") && numbers.len() > 3 {
            let [edge, from, to] = [0, 1, 2].map(|index| numbers[index] as u32);
            layout.edges.push(Route { edge, from, to, points: points(&numbers[3..]) });
        }
    }
    Some(layout)
}

/// dot's plain format: inches, nodes by their middles, edges as cubic curves.
fn read_dot(path: &Path, graph: &LayoutGraph) -> Option<Layout> {
    const INCH: f64 = 72.0;
    let text = std::fs::read_to_string(path).ok()?;
    let mut layout = Layout { nodes: vec![Rect::default(); graph.nodes.len()], ..Layout::default() };
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let index = |word: usize| words.get(word)?.strip_prefix('n')?.parse::<u32>().ok();
        let number = |word: usize| words.get(word)?.parse::<f64>().ok().map(|inches| inches * INCH);
        if words[0] == "node" {
            let NodeSize { width, height } = *graph.nodes.get(index(1)? as usize)?;
            layout.nodes[index(1)? as usize] = Rect { x: number(2)? - width / 2.0, y: number(3)? - height / 2.0, width, height };
        } else if words[0] == "edge" {
            let count: usize = words.get(3)?.parse().ok()?;
            let controls: Vec<f64> = (4..4 + 2 * count).map(number).collect::<Option<_>>()?;
            layout.edges.push(Route { edge: 0, from: index(1)?, to: index(2)?, points: flatten(&points(&controls)) });
        }
    }
    Some(layout)
}

/// Curves of four control points, each beginning where the one before ends.
fn flatten(controls: &[Point]) -> Vec<Point> {
    const STEPS: u32 = 6;
    let mut flat: Vec<Point> = controls.first().copied().into_iter().collect();
    for start in (0..controls.len().saturating_sub(3)).step_by(3) {
        for step in 1..=STEPS {
            let t = f64::from(step) / f64::from(STEPS);
            let weights = [(1.0 - t).powi(3), 3.0 * t * (1.0 - t).powi(2), 3.0 * t * t * (1.0 - t), t.powi(3)];
            let sum =
                |of: &dyn Fn(&Point) -> f64| controls[start..start + 4].iter().zip(weights).map(|(point, weight)| of(point) * weight).sum();
            flat.push(Point { x: sum(&|point| point.x), y: sum(&|point| point.y) });
        }
    }
    flat
}

/// The graphs of a model file, as the window shows them.
fn of_model(path: &Path) -> Vec<Case> {
    let token = Token::new();
    let Ok(Output::Opened(opened)) =
        (Job::Open { path: PathBuf::from(path), options: Options::default(), fallback: Arc::default() }).run(&token)
    else {
        return Vec::new();
    };
    let name = opened.model.file_name();
    let plan = GraphPlan { fold: Some(Fold::flat()), ..GraphPlan::default() };
    let graphs = (0..opened.model.graphs.len()).filter_map(|graph| {
        let job = Job::Layout { opened: opened.clone(), graph: GraphId(graph as u32), plan: plan.clone() };
        let Ok(Output::Layout(picture)) = job.run(&token) else { return None };
        let graph_name = if graph == 0 { name.clone() } else { format!("{name}, body {graph}") };
        // Smaller ones are chains of a few boxes, larger ones are too much for the peers.
        (20..=2_000).contains(&picture.drawn.graph.nodes.len()).then(|| Case { name: graph_name, graph: picture.drawn.graph.clone() })
    });
    graphs.collect()
}
