//! The window's state through commands and jobs, without drawing.

use std::time::{Duration, Instant};

use super::*;
use crate::cli::WindowArguments;
use crate::gui::absorb::absorb;
use crate::model::{GraphId, OperationId};
use crate::weights::Site;

/// An application with the example open, so many times.
fn with_examples(count: usize) -> (App, egui::Context) {
    let ctx = egui::Context::default();
    let mut app = App::bare(&ctx, WindowArguments::default());
    for _ in 0..count {
        execute(&mut app, &ctx, Command::Do(Action::OpenExample));
        settle(&mut app, &ctx);
    }
    assert_eq!(app.state.documents.len(), count);
    (app, ctx)
}

/// Waits until nothing is under way.
fn settle(app: &mut App, ctx: &egui::Context) {
    let start = Instant::now();
    while !app.pool.is_idle() {
        assert!(start.elapsed() < Duration::from_secs(60), "a job does not end");
        for event in app.pool.collect() {
            absorb(app, ctx, event);
        }
        std::thread::yield_now();
    }
}

/// The sites of the first weights.
fn sites<const N: usize>(app: &App) -> [Site; N] {
    let rows = &app.state.document().unwrap().opened.rows;
    std::array::from_fn(|row| rows[row].weight.site)
}

fn shown(app: &App) -> (Option<Site>, Option<Site>) {
    let document = app.state.document().unwrap();
    (document.weight, document.shown.ready().map(|loaded| loaded.weight.site))
}

/// An operation that has no weights.
fn bare_operation(app: &App) -> OperationId {
    let document = app.state.document().unwrap();
    let mut operations = document.opened.model.main().operations();
    operations.find(|(id, _)| document.main_weight(GraphId(0), *id).is_none()).unwrap().0
}

#[test]
fn a_dropped_pair_is_one_model() {
    let plan = |paths: &[&str]| -> Vec<(String, Option<String>)> {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        plan_opening(paths.iter().map(PathBuf::from).collect())
            .iter()
            .map(|(path, options)| (text(path), options.bin.as_ref().map(text)))
            .collect()
    };
    assert_eq!(plan(&["a.xml", "a.bin"]), [("a.xml".into(), None)]);
    assert_eq!(plan(&["a.xml", "weights.bin"]), [("a.xml".into(), Some("weights.bin".into()))]);
    assert_eq!(plan(&["a.bin"]), [("a.bin".into(), None)]);
    assert_eq!(plan(&["a.tflite", "b.tflite"]).len(), 2);
}

#[test]
fn forward_leads_where_back_came_from() {
    let (mut app, ctx) = with_examples(1);
    let [first, second, third] = sites::<5>(&app).map(Some).into_iter().step_by(2).collect::<Vec<_>>().try_into().unwrap();
    for site in [first, second, third].into_iter().flatten() {
        execute(&mut app, &ctx, Command::ShowWeight(site));
        settle(&mut app, &ctx);
    }
    let selected = app.state.document().unwrap().selected;
    for (action, site) in [(Action::Back, second), (Action::Back, first), (Action::Forward, second), (Action::Forward, third)] {
        execute(&mut app, &ctx, Command::Do(action));
        settle(&mut app, &ctx);
        assert_eq!(shown(&app), (site, site), "{action:?}");
    }
    assert_eq!(app.state.document().unwrap().selected, selected);
    assert!(!app.state.document().unwrap().history.can_go_forward());
}

#[test]
fn what_arrives_late_is_not_shown() {
    let (mut app, ctx) = with_examples(1);
    let [_, second] = sites(&app);
    execute(&mut app, &ctx, Command::ShowWeight(second));
    // While the weight is being read, an operation without weights is selected.
    let operation = bare_operation(&app);
    execute(&mut app, &ctx, Command::Select { graph: GraphId(0), operation, fly: false });
    settle(&mut app, &ctx);
    assert_eq!(shown(&app), (None, None));
    assert!(app.state.document().unwrap().shown.is_none());
}

#[test]
fn a_histogram_is_that_of_its_weight() {
    let (mut app, ctx) = with_examples(1);
    let [_, second] = sites(&app);
    let loaded = Arc::clone(app.state.document().unwrap().shown.ready().unwrap());
    execute(&mut app, &ctx, Command::NeedHistogram(HistogramWanted { loaded, counting: crate::jobs::Counting::default() }));
    execute(&mut app, &ctx, Command::ShowWeight(second));
    settle(&mut app, &ctx);
    assert!(app.state.document().unwrap().histogram.is_none());
    assert_eq!(shown(&app), (Some(second), Some(second)));
}

#[test]
fn a_request_for_another_model_is_no_harm() {
    let (mut app, ctx) = with_examples(1);
    let before = shown(&app);
    let (graph, operation) = (GraphId(7), OperationId(70_000));
    execute(&mut app, &ctx, Command::ShowGraph(graph));
    execute(&mut app, &ctx, Command::Select { graph, operation, fly: true });
    execute(&mut app, &ctx, Command::Select { graph: GraphId(0), operation, fly: true });
    execute(&mut app, &ctx, Command::ShowWeight(Site { graph, operation, input: 0 }));
    settle(&mut app, &ctx);
    let document = app.state.document().unwrap();
    assert_eq!((document.graph, shown(&app)), (GraphId(0), before));
    assert!(document.selected.is_some_and(|selected| selected != operation));
}

/// The answers of the dialog for an OpenVINO model's constants: a file, and that there is no dialog.
#[test]
fn a_chosen_bin_is_that_of_the_model_on_display() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = |end: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ir/conv_f32").with_extension(end);
    let (xml, bin) = (folder.path().join("model.xml"), folder.path().join("other.bin"));
    std::fs::copy(fixture("xml"), &xml).unwrap();
    std::fs::copy(fixture("bin"), &bin).unwrap();
    let (mut app, ctx) = with_examples(1);
    execute(&mut app, &ctx, Command::UseConstants(bin.clone()));
    settle(&mut app, &ctx);
    assert_eq!(app.state.documents.len(), 1, "a TensorFlow Lite model has no such file");

    execute(&mut app, &ctx, Command::OpenFiles(vec![xml]));
    settle(&mut app, &ctx);
    assert!(app.state.document().unwrap().opened.lacks_constants);
    let answer = |paths| Command::Picked { purpose: Pick::Constants, paths, was_instant: true };
    execute(&mut app, &ctx, answer(None));
    let Some(Overlay::OpenPath { field, purpose: Pick::Constants }) = &app.state.overlay else { panic!("no path field") };
    assert_eq!(field.text, format!("{}/", folder.path().display()));
    execute(&mut app, &ctx, answer(Some(vec![bin])));
    settle(&mut app, &ctx);
    let document = app.state.document().unwrap();
    assert_eq!((app.state.documents.len(), document.opened.lacks_constants), (2, false));
    assert!(document.shown.ready().is_some());
}

/// A copy of the example that can be read again.
fn with_file() -> (App, egui::Context, tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(EXAMPLE.0);
    std::fs::write(&path, EXAMPLE.1).unwrap();
    let (mut app, ctx) = with_examples(0);
    execute(&mut app, &ctx, Command::OpenFiles(vec![path.clone()]));
    settle(&mut app, &ctx);
    (app, ctx, folder, path)
}

#[test]
fn reading_again_twice_makes_one_document() {
    let (mut app, ctx, _folder, _) = with_file();
    let number = app.state.documents[0].number;
    execute(&mut app, &ctx, Command::Do(Action::Reload));
    execute(&mut app, &ctx, Command::Do(Action::Reload));
    settle(&mut app, &ctx);
    assert_eq!((app.state.documents.len(), app.state.openings.len()), (1, 0));
    assert_ne!(app.state.documents[0].number, number);
}

#[test]
fn what_is_closed_stays_closed() {
    let (mut app, ctx, _folder, _) = with_file();
    execute(&mut app, &ctx, Command::Do(Action::Reload));
    execute(&mut app, &ctx, Command::CloseDocument(0));
    settle(&mut app, &ctx);
    assert_eq!((app.state.documents.len(), app.state.openings.len()), (0, 0));
}

#[test]
fn the_example_is_no_recent_file_and_its_namesake_is() {
    let (mut app, ctx, _folder, path) = with_file();
    assert_eq!(app.state.settings.recent, std::slice::from_ref(&path));
    execute(&mut app, &ctx, Command::Do(Action::OpenExample));
    settle(&mut app, &ctx);
    assert_eq!(app.state.settings.recent, [path]);
    execute(&mut app, &ctx, Command::Do(Action::Reload));
    assert!(app.state.openings.is_empty() && app.state.notices.last().unwrap().text.contains("part of the program"));
}

#[test]
fn closing_shows_a_neighbour() {
    // Documents 0 to 3: closed, on display before, on display after.
    for (closed, active, then) in [(0, 0, 0), (0, 2, 1), (3, 3, 2), (2, 1, 1), (9, 1, 1)] {
        let (mut app, ctx) = with_examples(4);
        execute(&mut app, &ctx, Command::ActivateDocument(active));
        execute(&mut app, &ctx, Command::CloseDocument(closed));
        assert_eq!(app.state.active, then, "{closed} closed, {active} on display");
    }
}

#[test]
fn a_layer_of_the_command_line_is_for_its_models_alone() {
    let ctx = egui::Context::default();
    let arguments = WindowArguments { example: true, layer: Some("no such layer".into()), ..WindowArguments::default() };
    let mut app = App::bare(&ctx, arguments);
    for command in std::mem::take(&mut app.commands) {
        execute(&mut app, &ctx, command);
    }
    settle(&mut app, &ctx);
    assert!(app.state.notices.pop().unwrap().text.contains("no such layer"));
    execute(&mut app, &ctx, Command::Do(Action::OpenExample));
    settle(&mut app, &ctx);
    assert!(app.state.notices.is_empty() && app.state.documents.len() == 2);
}

#[test]
fn an_unseen_heatmap_can_be_saved() {
    // The panel, folded away, has not been drawn.
    let (app, _) = with_examples(1);
    let document = app.state.document().unwrap();
    let file = super::super::save::heatmap_file(document, Default::default()).unwrap();
    assert!(file.image(&crate::jobs::Token::new()).is_ok());
}

/// A weight that `FakeQuantize` quantises is shown in the reading that was asked for, and so is the next.
#[test]
fn weights_are_read_before_fake_quantize_and_as_levels() {
    let (mut app, ctx) = with_examples(0);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/ir/fake_quantize.xml");
    execute(&mut app, &ctx, Command::OpenFiles(vec![path]));
    settle(&mut app, &ctx);
    let [first, second] = sites::<2>(&app);
    execute(&mut app, &ctx, Command::ShowWeight(first));
    settle(&mut app, &ctx);
    let values = |app: &App| app.state.document().unwrap().shown.ready().unwrap().as_slice().into_owned();
    let effective = values(&app);
    execute(&mut app, &ctx, Command::ReadAs(Reading::Float));
    settle(&mut app, &ctx);
    assert!(values(&app).len() == effective.len() && values(&app) != effective);
    execute(&mut app, &ctx, Command::ReadAs(Reading::Levels));
    execute(&mut app, &ctx, Command::ShowWeight(second));
    settle(&mut app, &ctx);
    assert_eq!(shown(&app), (Some(second), Some(second)));
    assert!(values(&app).iter().all(|level| level.fract() == 0.0));
    execute(&mut app, &ctx, Command::ReadAs(Reading::Effective));
    execute(&mut app, &ctx, Command::ShowWeight(first));
    settle(&mut app, &ctx);
    assert_eq!(values(&app), effective);
}
