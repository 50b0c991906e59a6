//! What is seen is what is saved: the window's picture, the file it writes and the one that
//! `weightscope heatmap` writes, to the byte.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use clap::Parser as _;
use egui_kittest::Harness;

use super::*;
use crate::cli::{self, WindowArguments};
use crate::colormap::{Limits, Map, Norm};
use crate::export::picture::{PictureOptions, ThemeName};
use crate::gui::App;
use crate::gui::execute::execute;
use crate::gui::save::heatmap_file;
use crate::jobs::{Row, SaveContent, SavePlan, Token};
use crate::render::{Ink, Reduction, Viewport};
use crate::sorting::SortKey;
use crate::weights::Site;

/// A model, the words that its weight's operation and role have, and what a person does to the view.
type Case = (&'static str, (&'static str, &'static str), fn(&mut HeatmapView, &mut Vec<Command>));

const TFLITE: &str = "assets/example/digits_int8.tflite";
const FLOAT: &str = "assets/example/digits_f32.tflite";
const IR: &str = "assets/example/digits_int8.xml";
const CONV: (&str, &str) = ("conv", "kernel");

fn view(heatmap: &mut HeatmapView) -> &mut crate::view::View {
    heatmap.view.as_mut().expect("the weight is on display")
}

const CASES: [Case; 22] = [
    (FLOAT, CONV, |_, _| {}),
    (TFLITE, CONV, |_, _| {}),
    (IR, CONV, |_, _| {}),
    (FLOAT, ("", "bias"), |_, _| {}),
    (FLOAT, CONV, |heatmap, _| heatmap.map = Some(Map::Viridis)),
    (FLOAT, CONV, |heatmap, _| (heatmap.range, heatmap.is_range_own) = (Range::PERCENTILE, false)),
    (FLOAT, CONV, |heatmap, _| (heatmap.range, heatmap.is_range_own) = (Range::Deviations(1.5), false)),
    (FLOAT, CONV, |heatmap, _| {
        (heatmap.range, heatmap.is_range_own) = (Range::Manual(Limits::new(-0.05, 0.1)), false);
        heatmap.map = Some(Map::Batlow);
    }),
    (FLOAT, CONV, |heatmap, _| heatmap.norm = Norm::ASINH),
    (IR, CONV, |heatmap, _| (heatmap.norm, heatmap.map) = (Norm::SYMLOG, Some(Map::RdBu))),
    (TFLITE, CONV, |heatmap, _| heatmap.shows = Shows::Codes),
    (TFLITE, CONV, |heatmap, _| (heatmap.shows, heatmap.saturated) = (Shows::Codes, true)),
    (IR, CONV, |heatmap, _| heatmap.saturated = true),
    (FLOAT, CONV, |heatmap, _| heatmap.shows = Shows::Magnitude),
    (FLOAT, CONV, |heatmap, _| heatmap.own_scale = true),
    (FLOAT, CONV, |heatmap, _| view(heatmap).move_axis(0, Place::Slider, 0)),
    (FLOAT, CONV, |heatmap, _| {
        view(heatmap).move_axis(1, Place::Rows, 0);
        view(heatmap).move_axis(3, Place::CellRows, 1);
    }),
    (FLOAT, CONV, |_, commands| commands.push(Command::Sort { axis: 0, key: SortKey::Norm })),
    (TFLITE, CONV, |heatmap, commands| {
        heatmap.reduction = Reduction::Mean;
        commands.push(Command::Sort { axis: 0, key: SortKey::Similarity });
    }),
    ("fixtures/ir/recurrent.xml", ("lstm", "input_kernel"), |_, _| {}),
    ("fixtures/tflite/special_values.tflite", ("", ""), |_, _| {}),
    (FLOAT, CONV, |heatmap, _| heatmap.brush = Some((-0.1, 0.02))),
];

/// A window without a screen, and a message whenever a job or a panel asks for a frame.
struct Stage {
    harness: Harness<'static, App>,
    woken: Receiver<()>,
}

impl Stage {
    fn open(model: &Path) -> Self {
        let (wake, woken) = mpsc::channel();
        let arguments = WindowArguments { models: vec![model.to_owned()], ..WindowArguments::default() };
        let builder = Harness::builder().with_size([1200.0, 900.0]).with_max_steps(1);
        let harness = builder.build_eframe(|creation| {
            // Nobody listens any more once the stage is gone.
            creation.egui_ctx.set_request_repaint_callback(move |_| wake.send(()).unwrap_or_default());
            App::bare(&creation.egui_ctx, arguments)
        });
        let mut stage = Self { harness, woken };
        stage.settle();
        stage
    }

    fn settle(&mut self) {
        let mut resting = 0;
        while resting < 3 {
            self.harness.step();
            resting = if self.harness.state().is_settled() { resting + 1 } else { 0 };
            if resting == 0 {
                self.woken.recv_timeout(Duration::from_secs(120)).expect("the window comes to rest");
                while self.woken.try_recv().is_ok() {}
            }
        }
    }

    fn act(&mut self, command: Command) {
        let ctx = self.harness.ctx.clone();
        execute(self.harness.state_mut(), &ctx, command);
        self.settle();
    }

    fn document(&self) -> &Document {
        self.harness.state().state.document().expect("a model is open")
    }
}

/// The first weight whose operation and role have these words.
fn site(document: &Document, (name, role): (&str, &str)) -> Site {
    let fits = |row: &&Row| row.full_name.contains(name) && (role.is_empty() || row.weight.role.name == role);
    document.opened.rows.iter().find(fits).expect("there is such a weight").weight.site
}

#[test]
fn window_command_line_and_file_agree() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stages: HashMap<&str, Stage> = HashMap::new();
    for (number, (model, words, change)) in CASES.iter().enumerate() {
        let path = root.join(model);
        let stage = stages.entry(model).or_insert_with(|| Stage::open(&path));
        stage.act(Command::ShowWeight(site(stage.document(), *words)));
        let mut commands = Vec::new();
        let views = &mut stage.harness.state_mut().state.document_mut().unwrap().views;
        // As it is in a new window.
        views.heatmap = HeatmapView::default();
        stage.settle();
        let views = &mut stage.harness.state_mut().state.document_mut().unwrap().views;
        change(&mut views.heatmap, &mut commands);
        views.brush = views.heatmap.brush;
        stage.settle();
        commands.into_iter().for_each(|command| stage.act(command));

        for (options, extra) in [
            (PictureOptions { bare: true, cell: Some(5), ..PictureOptions::default() }, vec!["--bare", "--cell", "5"]),
            (PictureOptions { theme: ThemeName::Dark, scale: 2, ..PictureOptions::default() }, vec!["--theme", "dark", "--scale", "2"]),
        ] {
            let document = stage.document();
            let file = heatmap_file(document, options).unwrap();
            let loaded = Arc::clone(&file.loaded);
            let asked = document.views.heatmap.asked.clone().unwrap();
            assert_eq!(asked.look, on_display(&document.views.heatmap, &loaded), "{number}: what is saved is what was drawn");
            let look = asked.look;
            let saved = folder.path().join(format!("{number}.saved.png"));
            let plan = SavePlan { path: saved.clone(), content: SaveContent::Picture(Box::new(file)) };
            stage.act(Command::Save(Box::new(plan)));

            let written = folder.path().join(format!("{number}.written.png"));
            let name = loaded.weight.graph(&loaded.opened.model).operation(loaded.weight.site.operation).name.clone();
            let mut call: Vec<String> = vec!["weightscope".into(), "heatmap".into(), path.display().to_string()];
            call.extend(["-o".to_owned(), written.display().to_string(), "--layer".to_owned(), name]);
            call.extend(look.arguments(&loaded));
            call.extend(extra.into_iter().map(str::to_owned));
            cli::run(cli::Arguments::try_parse_from(&call).unwrap()).unwrap_or_else(|error| panic!("{call:?}: {error:#}"));
            let [saved, written] = [saved, written].map(|path| std::fs::read(path).unwrap());
            assert!(saved == written, "{number} {call:?}");

            // The pixels are those that the window asks its workers for.
            if options.bare {
                let ink = Ink { background: [0; 4], ..options.theme.theme().ink() };
                let viewport = Viewport::whole(&look.view, [5.0; 2]);
                let drawn = look.draw(&loaded, &viewport, ink, &Token::new()).unwrap();
                let mut reader = png::Decoder::new(std::io::Cursor::new(&saved)).read_info().unwrap();
                let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
                let info = reader.next_frame(&mut pixels).unwrap();
                assert_eq!((info.width, info.height), (drawn.width(), drawn.height()), "{number}");
                let channels = info.color_type.samples();
                let seen = drawn.pixels().chunks(4).zip(pixels.chunks(channels)).all(|(seen, read)| match channels {
                    4 => seen == read,
                    _ => seen[..3] == read[..3],
                });
                assert!(seen, "{number}: other pixels in the file");
            }
        }
    }
}
