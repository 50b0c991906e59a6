//! Narrow windows, and a few pictures of the whole.
//!
//! The pictures are drawn by Mesa's software Vulkan. `UPDATE_SNAPSHOTS=1` writes them anew.

use egui::{Theme, Vec2};
use egui_kittest::{OsThreshold, SnapshotOptions};
use weightscope::cli::WindowArguments;

use super::stage::{Stage, example};

#[test]
fn narrow_windows_fold_the_inspector_and_then_the_graph() {
    for (width, inspector, graph) in
        [(1100.0, true, true), (1099.0, false, true), (801.0, false, true), (800.0, false, false), (640.0, false, false)]
    {
        let mut stage = Stage::with(example(), Vec2::new(width, 700.0), Theme::Dark);
        stage.expect(&["Weights panel", "Heatmap panel", "Histogram panel"]);
        assert_eq!(stage.shows("Inspector panel"), inspector, "{width}");
        assert_eq!(stage.shows("Graph panel"), graph, "{width}");
        if !graph {
            stage.click("Graph");
            stage.expect(&["Graph of 8 operations, conv1 selected"]);
            stage.expect_none(&["Heatmap of"]);
            stage.click("Heatmap");
            stage.expect(&["Heatmap of 300 values"]);
        }
    }
}

/// Widening the window again brings everything back.
#[test]
fn panels_return_when_there_is_room() {
    let mut stage = Stage::with(example(), Vec2::new(700.0, 700.0), Theme::Dark);
    for (width, inspector) in [(1000.0, false), (1600.0, true), (900.0, false)] {
        stage.harness.set_size(Vec2::new(width, 800.0));
        stage.settle();
        assert_eq!((stage.shows("Graph panel"), stage.shows("Inspector panel")), (true, inspector), "{width}");
    }
}

/// A press on a head's button took the whole panel along, and a click on the head moved it.
#[test]
fn panels_move_only_by_a_real_movement() {
    let mut stage = Stage::example();
    let place = |stage: &Stage, panel: &str| stage.node(panel).rect();
    let before = place(&stage, "Graph panel");
    for control in ["Fit", "log y", "all roles", "bias"] {
        stage.click(control);
        assert_eq!(place(&stage, "Graph panel"), before, "{control}");
    }
    stage.click_inside("Graph panel", (0.5, 0.5));
    assert_eq!(place(&stage, "Graph panel"), before);

    // Dragged to the top of the weights it leaves its place; the menu puts everything back.
    let weights = place(&stage, "Weights panel");
    stage.drag(before.left_center() + Vec2::new(30.0, 0.0), weights.center_bottom() + Vec2::new(0.0, 30.0));
    assert_ne!(place(&stage, "Graph panel"), before);
    stage.choose("View", "Reset panels");
    assert_eq!(place(&stage, "Graph panel").left(), before.left());
}

#[test]
fn the_welcome_page_looks_as_before() {
    let stage = Stage::with(WindowArguments::default(), Vec2::new(800.0, 500.0), Theme::Dark);
    picture(stage, "welcome_dark");
}

#[test]
fn the_example_looks_as_before() {
    for (theme, name) in [(Theme::Dark, "example_dark"), (Theme::Light, "example_light")] {
        picture(Stage::with(example(), Vec2::new(960.0, 560.0), theme), name);
    }
}

#[test]
fn an_empty_table_looks_as_before() {
    let mut stage = Stage::with(example(), Vec2::new(800.0, 500.0), Theme::Dark);
    stage.fill("Filter weights", "no such layer");
    stage.point_nowhere();
    picture(stage, "empty_filter_dark");
}

fn picture(mut stage: Stage, name: &str) {
    // How long opening took differs from run to run.
    let status = stage.labels().into_iter().find(|label| label.contains("opened in"));
    if let Some(status) = status {
        let rect = stage.node(&status).rect();
        stage.harness.mask(rect.with_max_x(rect.left() + 420.0));
    }
    // Another processor may round a few edges of letters differently.
    let options = SnapshotOptions::new().threshold(OsThreshold::new(2.0)).max_failed_pixels(OsThreshold::new(20));
    stage.harness.try_snapshot_options(name, &options).unwrap();
}
