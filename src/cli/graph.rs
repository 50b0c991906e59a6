//! `weightscope graph`: a picture of the graph, by the same code that draws it for the window's files.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::picture::{of_failure, parse_scale};
use super::{ModelArguments, Theme};
use crate::export::graph::GraphFile;
use crate::export::picture::{PictureOptions, ThemeName};
use crate::groups::Fold;
use crate::jobs::{self, GraphPlan, Job, Opened, Origin, Output, Token};
use crate::layout;
use crate::model::{GraphId, OperationId, OperationRef};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// The picture to write, .png or .svg.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Another graph than the main one: its number as in `inspect --json`, or a part of its name.
    #[arg(long, value_name = "GRAPH")]
    graph: Option<String>,
    /// Which groups of operations are open: what makes a picture of a readable size, all, or none. `flat` draws no groups.
    #[arg(long, value_enum, default_value_t = Open::Auto)]
    open: Open,
    /// Draw the bodies of loops and branches within their operations.
    #[arg(long)]
    bodies: bool,
    /// Draw the operations that prepare constants, too.
    #[arg(long)]
    constants: bool,
    /// Which way the edges lead.
    #[arg(long, value_enum, default_value_t = Direction::Down)]
    direction: Direction,
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    theme: Theme,
    /// Pixels a unit: 1, 2 or 4.
    #[arg(long, default_value_t = 1, value_parser = parse_scale)]
    scale: u8,
    /// The graph alone, without title and legend.
    #[arg(long)]
    bare: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Open {
    #[default]
    Auto,
    All,
    None,
    Flat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Direction {
    #[default]
    Down,
    Right,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let token = Token::new();
    let opened = jobs::open(|| arguments.model.open(), Origin::File(arguments.model.options()), None).map_err(of_failure)?;
    let graph = arguments.find_graph(&opened)?;
    let direction = match arguments.direction {
        Direction::Down => layout::Direction::Down,
        Direction::Right => layout::Direction::Right,
    };
    let plan = GraphPlan { fold: Some(arguments.fold(&opened, graph)), direction };
    let Output::Layout(picture) = (Job::Layout { opened: Arc::clone(&opened), graph, plan }).run(&token).map_err(of_failure)? else {
        bail!("the graph was not laid out");
    };
    let theme = match arguments.theme {
        Theme::Light => ThemeName::Light,
        Theme::Dark => ThemeName::Dark,
    };
    let options = PictureOptions { theme, scale: arguments.scale, bare: arguments.bare, cell: None };
    GraphFile { opened, picture, part: None, options }.save(&arguments.output, &token)?;
    super::say(&format!("Saved {}", arguments.output.display()));
    Ok(())
}

impl Arguments {
    fn find_graph(&self, opened: &Opened) -> Result<GraphId> {
        let graphs = || (0..).map(GraphId).zip(&opened.model.graphs);
        let name = |id: GraphId| {
            let graph = opened.model.graph(id);
            if graph.path.is_empty() { graph.name.clone() } else { graph.path.join("/") }
        };
        let Some(wanted) = &self.graph else { return Ok(GraphId(0)) };
        if let Ok(number) = wanted.parse::<u32>()
            && (number as usize) < opened.model.graphs.len()
        {
            return Ok(GraphId(number));
        }
        let exact = graphs().find(|(id, _)| name(*id) == *wanted);
        let found: Vec<GraphId> = graphs().map(|(id, _)| id).filter(|id| name(*id).contains(wanted.as_str())).collect();
        match (exact, found.as_slice()) {
            (Some((id, _)), _) | (None, &[id]) => Ok(id),
            (None, []) => {
                let names = graphs().map(|(id, _)| format!("{} {}", id.0, name(id)).trim_end().to_owned()).collect();
                bail!("the model has no graph '{wanted}'; its graphs are {}", super::select::listing(names))
            }
            (None, several) => {
                let names = several.iter().map(|id| format!("{} {}", id.0, name(*id))).collect();
                bail!("--graph: several graphs match '{wanted}': {}", super::select::listing(names))
            }
        }
    }

    fn fold(&self, opened: &Opened, graph: GraphId) -> Fold {
        let graphs: Vec<GraphId> = if self.bodies { (0..opened.model.graphs.len() as u32).map(GraphId).collect() } else { vec![graph] };
        let mut fold = match self.open {
            Open::Auto => Fold::auto(graph, opened.groups(graph)),
            Open::Flat => Fold::flat(),
            Open::None => Fold::closed(),
            Open::All => {
                let mut all = Fold::closed();
                graphs.iter().for_each(|graph| all.open.extend(Fold::all_open(*graph, opened.groups(*graph)).open));
                all
            }
        };
        for graph in graphs {
            let operations = (0..opened.model.graph(graph).operations.len() as u32).map(OperationId);
            let all = operations.map(|operation| OperationRef { graph, operation });
            let calls = |at: &OperationRef| !opened.model.operation(*at).graphs.is_empty();
            fold.bodies.extend(all.clone().filter(|at| self.bodies && calls(at)));
            fold.chains.extend(all.filter(|_| self.constants));
        }
        fold
    }
}
