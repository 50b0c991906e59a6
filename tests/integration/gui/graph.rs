//! The graph of operations: selecting, walking, bodies.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::stage::{CTRL, Stage};

#[test]
fn arrow_keys_walk_along_the_edges() {
    let mut stage = Stage::example();
    for (key, operation) in [
        (Key::ArrowDown, "depthwise2"),
        (Key::ArrowDown, "pointwise2"),
        (Key::ArrowDown, "pool2"),
        (Key::ArrowDown, "conv3"),
        (Key::ArrowUp, "pool2"),
        // Nothing stands beside it.
        (Key::ArrowLeft, "pool2"),
        (Key::ArrowRight, "pool2"),
    ] {
        stage.press(Modifiers::NONE, key);
        stage.expect(&[&format!("Graph of 8 operations, {operation} selected")]);
    }
    stage.expect(&["This operation has no weights", "type MAX_POOL_2D"]);
    stage.press_times(Key::ArrowUp, 9);
    stage.expect(&["Graph of 8 operations, conv1 selected", "Heatmap panel: conv1 · kernel"]);
}

#[test]
fn escape_deselects_and_the_inspector_tells_about_the_model() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::Escape);
    stage.expect(&["file digits_f32.tflite", "format TensorFlow Lite v3", "made by TensorFlow 2.21.0", "operations 8"]);
    assert!(stage.shows("Graph of 8 operations") && !stage.shows("Graph of 8 operations,"));
}

/// A menu takes Escape for itself: what was selected stays.
#[test]
fn escape_closes_an_open_menu_first() {
    let mut stage = Stage::example();
    stage.click("vik");
    stage.expect(&["viridis"]);
    stage.press(Modifiers::NONE, Key::Escape);
    stage.expect_none(&["viridis"]);
    stage.expect(&["Graph of 8 operations, conv1 selected"]);
}

#[test]
fn a_click_selects_and_a_click_beside_deselects() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::Escape);
    // The fitted graph is one column of ten boxes: the middle of the fourth is an operation.
    stage.click_inside("Graph of 8 operations", (0.5, 0.35));
    assert!(stage.shows("Graph of 8 operations, "));
    stage.click_inside("Graph of 8 operations", (0.02, 0.98));
    assert!(!stage.shows("Graph of 8 operations, "));
}

#[test]
fn zoom_and_fit_change_what_is_seen() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::F);
    let fitted = stage.pixels("Graph of 8 operations");
    stage.press(Modifiers::NONE, Key::Plus);
    assert_ne!(stage.pixels("Graph of 8 operations"), fitted);
    stage.click("Fit");
    stage.point_nowhere();
    assert!(stage.pixels("Graph of 8 operations") == fitted, "fitting leads back to the same sight");
}

#[test]
fn bodies_open_and_lead_back() {
    let mut stage = Stage::open(&["fixtures/ir/bodies.xml"]);
    // The first kernel of the model lies in the loop's body, which is shown at once.
    stage.expect(&["Graph panel: loop/body › body_dense", "4 graphs"]);
    // Back at the operation that runs the body.
    stage.click("Back to main");
    stage.expect(&["Graph panel: main › loop"]);
    stage.expect_none(&["Back to main"]);

    stage.click("4 graphs");
    stage.click("loop/body › choice/then_body");
    stage.expect(&["Graph panel: choice/then_body"]);
    stage.click("then_dense bias, f32, 1×4");
    stage.expect(&["Graph panel: choice/then_body › then_dense", "Heatmap panel: then_dense · bias"]);
}

#[test]
fn enter_opens_the_body_of_the_selected_operation() {
    let mut stage = Stage::open(&["fixtures/tflite/two_subgraphs.tflite"]);
    select_by_name(&mut stage, "choice");
    stage.expect(&["Graph of 1 operation, choice selected", "Open body then_branch", "Open body else_branch"]);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Graph panel: then_branch"]);
    select_by_name(&mut stage, "choice");
    stage.click("Open body else_branch");
    stage.expect(&["Graph panel: else_branch"]);
}

#[test]
fn a_graph_remembers_where_it_was_looked_at() {
    let mut stage = Stage::open(&["fixtures/ir/bodies.xml"]);
    stage.click("Back to main");
    stage.press(Modifiers::NONE, Key::F);
    stage.press(Modifiers::NONE, Key::Plus);
    stage.press(Modifiers::NONE, Key::Plus);
    stage.press(Modifiers::NONE, Key::Escape);
    stage.point_nowhere();
    let before = stage.pixels("Graph of ");
    stage.click("4 graphs");
    stage.click("loop/body › choice/then_body");
    stage.expect(&["Graph panel: choice/then_body"]);
    stage.click("4 graphs");
    stage.click("main");
    stage.expect(&["Graph panel: main"]);
    stage.point_nowhere();
    // But for the rounding of colours at the rims of lines.
    let is_alike = |(a, b): (&[u8; 4], &[u8; 4])| a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 2);
    assert!(before.iter().zip(&stage.pixels("Graph of ")).all(is_alike), "the same part of the main graph at the same size");
}

#[test]
fn found_operations_are_listed_marked_and_stepped_through() {
    let mut stage = Stage::example();
    let plain = stage.pixels("Graph of 8 operations");
    stage.press(CTRL, Key::F);
    assert!(stage.harness.get_by_label("Find operations in the graph").is_focused());
    stage.type_text("type:conv");
    stage.expect(&["4 operations found", "Hit conv1, CONV_2D", "Hit depthwise2, DEPTHWISE_CONV_2D"]);
    assert!(stage.pixels("Graph of 8 operations") != plain);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Hit 1 of 4", "Graph of 8 operations, conv1 selected"]);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Hit 2 of 4", "Graph of 8 operations, depthwise2 selected"]);
    stage.press(Modifiers::SHIFT, Key::Enter);
    stage.press(Modifiers::SHIFT, Key::Enter);
    stage.expect(&["Hit 4 of 4", "Graph of 8 operations, conv3 selected"]);
    stage.press(Modifiers::NONE, Key::F3);
    stage.expect(&["Hit 1 of 4", "Graph of 8 operations, conv1 selected"]);
    stage.click("Hit pointwise2, CONV_2D");
    stage.expect(&["Hit 3 of 4", "Graph of 8 operations, pointwise2 selected"]);
    stage.click("Close find");
    stage.expect_none(&["Hit "]);
}

#[test]
fn the_words_of_a_search() {
    let mut stage = Stage::example();
    stage.press(CTRL, Key::F);
    for (words, found) in [
        ("type:max_pool", "2 operations found"),
        ("conv 2d", "4 operations found"),
        ("role:bias type:depthwise", "1 operation found"),
        ("no such thing", "No operation matches"),
    ] {
        stage.fill("Find operations in the graph", words);
        stage.expect(&[found]);
    }
    stage.press(Modifiers::NONE, Key::Escape);
    stage.expect_none(&["Find operations in the graph"]);
    // Escape closed the field: the selection stays.
    stage.expect(&["Graph of 8 operations, conv1 selected"]);
}

#[test]
fn neighbours_are_reached_without_the_canvas() {
    let mut stage = Stage::example();
    stage.expect(&["Selected: conv1, CONV_2D, kernel 12×5×5×1", "Producer: ", "Consumer: "]);
    let consumer = stage.labels_of(Role::Link).into_iter().find(|link| link.starts_with("Consumer: ")).unwrap();
    stage.harness.get_by_label(&consumer).click_accesskit();
    stage.settle();
    let name = consumer.trim_start_matches("Consumer: ").split(',').next().unwrap().to_owned();
    stage.expect(&[&format!("Graph of 8 operations, {name} selected"), &format!("Selected: {name}"), "Producer: conv1, CONV_2D"]);
    stage.harness.get_by(|node| node.label().is_some_and(|label| label.starts_with("Producer: conv1"))).focus();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Graph of 8 operations, conv1 selected"]);
}

/// A row of a list that is pointed at lights its operation; the view goes there only if it is out of sight.
#[test]
fn pointing_at_a_row_lights_its_operation() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::F);
    stage.point_nowhere();
    let plain = stage.pixels("Graph of 8 operations");
    let row = stage.node("conv3 kernel").rect().center();
    stage.harness.hover_at(row);
    stage.settle();
    let lit = stage.pixels("Graph of 8 operations");
    assert!(lit != plain);
    // In sight all the time: nothing moved, and nothing is lit any more.
    stage.point_nowhere();
    assert!(stage.pixels("Graph of 8 operations") == plain);
}

/// A row that comes below a pointer at rest was not pointed at: the view goes where the keyboard sent it.
#[test]
fn a_list_that_opens_below_the_pointer_moves_nothing() {
    let mut stage = Stage::example();
    stage.press(Modifiers::NONE, Key::F);
    let canvas = stage.node("Graph of 8 operations").rect();
    // Where the sixth row will be, of an operation out of sight.
    let at = canvas.left_top() + egui::vec2(100.0, 190.0);
    stage.harness.hover_at(at);
    stage.press_times(Key::Plus, 8);
    stage.press(CTRL, Key::F);
    stage.type_text("2d");
    stage.finish_motion();
    let center = |stage: &Stage| stage.harness.state().graph_center().unwrap();
    let before = center(&stage);
    let row = stage.labels().into_iter().find(|label| label.starts_with("Hit ") && stage.node(label).rect().contains(at));
    assert!(row.is_some(), "no row lies below the pointer");
    stage.finish_motion();
    assert_eq!(center(&stage), before);
    // Until the pointer moves on the row.
    stage.harness.hover_at(at + egui::vec2(8.0, 0.0));
    stage.finish_motion();
    assert!(center(&stage) != before);
}

#[test]
fn boxes_are_coloured_by_figures_of_their_weights() {
    let mut stage = Stage::example();
    let families = stage.pixels("Graph of 8 operations");
    for (entry, chip, low) in [
        ("Parameters", "Colour: parameters", "Colours from "),
        ("Bytes stored", "Colour: bytes", "Colours from "),
        ("Standard deviation", "Colour: std", "Colours from "),
        ("Sparsity", "Colour: sparsity", "Colours from 0"),
    ] {
        let now = stage.labels().into_iter().find(|label| label.starts_with("Colour: ")).unwrap();
        stage.click(&now);
        stage.click(entry);
        stage.point_nowhere();
        stage.expect(&[chip, low]);
        assert!(stage.pixels("Graph of 8 operations") != families, "{entry}");
    }
}

#[test]
fn the_wheel_does_what_the_settings_say() {
    let mut stage = Stage::example();
    stage.press(CTRL, Key::Comma);
    stage.click("wheel scrolls");
    stage.click("Close");
    stage.choose("View", "Wheel zooms or scrolls the graph");
    stage.expect(&["The wheel zooms the graph now"]);
}

/// Groups are boxes until they are opened, then frames; what is selected is opened up to.
#[test]
fn groups_open_and_close() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::of(blocks(folder.path()));
    stage.expect(&["Graph of 34 operations"]);
    choose_in_graph(&mut stage, "Groups");
    let closed = |stage: &Stage| stage.labels().into_iter().find(|label| label.starts_with("Open block"));
    let first = closed(&stage).unwrap();
    let before = stage.node(&first).rect().center();
    assert!(!stage.shows("Graph of 34 operations"));
    stage.click(&first);
    let name = first.trim_start_matches("Open ").to_owned();
    stage.expect(&[&format!("Close {name}")]);
    // What was opened stays where it was: its frame begins where its box did, above its button.
    assert!(stage.node(&format!("Close {name}")).rect().top() <= before.y);
    stage.click(&format!("Close {name}"));
    stage.expect_none(&[&format!("Close {name}")]);

    select_by_name(&mut stage, "block.3/tanh");
    stage.expect(&["Selected: ", "Graph of "]);
    let selected = stage.labels().into_iter().find(|label| label.starts_with("Selected: ")).unwrap();
    assert!(selected.contains("tanh") && selected.contains("Tanh"), "{selected}");

    choose_in_graph(&mut stage, "Open all groups");
    stage.expect(&["Graph of 34 operations, "]);
    choose_in_graph(&mut stage, "Close all groups");
    assert!(!stage.shows("Graph of 34 operations"));
    choose_in_graph(&mut stage, "Groups");
    stage.expect(&["Graph of 34 operations"]);
}

/// A click on a closed group shows what is in it.
#[test]
fn a_chosen_group_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::of(blocks(folder.path()));
    choose_in_graph(&mut stage, "Groups");
    let button = stage.labels().into_iter().find(|label| label.starts_with("Open block")).unwrap();
    // Left of its button is the rest of the box.
    let beside = stage.node(&button).rect().left_center() - egui::vec2(20.0, 0.0);
    stage.click_at(beside);
    stage.expect(&["name block", "found by names that begin alike", "built alike ", "operations 4", "parameters 0", "0/tanh Tanh"]);
}

/// The operations between stored constants and an operation are boxes when they are asked for.
#[test]
fn what_prepares_constants_is_shown_and_hidden() {
    let mut stage = Stage::open(&["fixtures/ir/bodies.xml"]);
    let operations = |stage: &Stage| stage.labels().into_iter().find(|label| label.starts_with("Graph of ")).unwrap();
    let plain = operations(&stage);
    let entry = "Show what prepares its constants";
    for (entry, shows_more) in [(entry, true), ("Hide what prepares its constants", false)] {
        let at = stage.node("Selected: ").rect().center();
        stage.secondary_click_at(at);
        stage.click(entry);
        assert_eq!(operations(&stage) != plain, shows_more, "{entry}: {plain}, {}", operations(&stage));
    }
}

/// Where motion is unwelcome the view is where it goes to in the next frame.
#[test]
fn nothing_flies_where_motion_is_reduced() {
    let mut stage = Stage::example();
    stage.harness.ctx.all_styles_mut(|style| style.animation_time = 0.0);
    stage.press(Modifiers::NONE, Key::Plus);
    let before = stage.node("Selected: ").rect();
    stage.press(Modifiers::NONE, Key::F);
    let at_once = stage.node("Selected: ").rect();
    stage.finish_motion();
    assert_ne!(before, at_once);
    assert_eq!(at_once, stage.node("Selected: ").rect());
}

#[test]
fn hits_in_closed_groups_open_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::of(blocks(folder.path()));
    choose_in_graph(&mut stage, "Groups");
    let plain = stage.pixels("Graph of ");
    stage.press(CTRL, Key::F);
    stage.type_text("type:tanh");
    stage.expect(&["8 operations found"]);
    assert!(stage.pixels("Graph of ") != plain, "groups that hold hits are marked");
    stage.press(Modifiers::NONE, Key::Enter);
    stage.expect(&["Hit 1 of 8"]);
    assert!(stage.labels().iter().any(|label| label.starts_with("Selected: ") && label.contains("Tanh")));
}

#[test]
fn a_graph_that_runs_right_is_walked_by_the_other_arrows() {
    let mut stage = Stage::example();
    choose_in_graph(&mut stage, "Graph top-down or left to right");
    stage.expect(&["Graph of 8 operations, conv1 selected"]);
    for (key, operation) in
        [(Key::ArrowRight, "depthwise2"), (Key::ArrowRight, "pointwise2"), (Key::ArrowLeft, "depthwise2"), (Key::ArrowUp, "depthwise2")]
    {
        stage.press(Modifiers::NONE, key);
        stage.expect(&[&format!("Graph of 8 operations, {operation} selected")]);
    }
}

#[test]
fn bodies_open_in_place() {
    let mut stage = Stage::open(&["fixtures/ir/bodies.xml"]);
    stage.click("Back to main");
    stage.expect(&["Graph panel: main › loop"]);
    choose_in_graph(&mut stage, "Open bodies in place");
    stage.expect(&["Close Loop"]);
    // An operation of the body is selected where it is; the canvas stays at the main graph.
    select_by_name(&mut stage, "body_dense");
    stage.expect(&["Graph panel: main › body_dense", "Selected: body_dense"]);
    stage.expect_none(&["Back to main"]);
    stage.click("Close Loop");
    stage.expect(&["Graph panel: main › loop"]);
}

#[test]
fn the_graph_is_saved_whole_or_as_seen() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::example();
    for (name, part_only) in [("whole.svg", false), ("seen.svg", true), ("whole.png", false)] {
        choose_in_graph(&mut stage, "Save graph…");
        stage.expect(&["Save graph", "picture only", "part in sight"]);
        if part_only {
            stage.press(Modifiers::NONE, Key::Escape);
            (0..6).for_each(|_| stage.press(Modifiers::NONE, Key::Plus));
            choose_in_graph(&mut stage, "Save graph…");
            stage.click("part in sight");
        }
        let path = folder.path().join(name);
        stage.fill("Path to save to", &path.to_string_lossy());
        stage.press(Modifiers::NONE, Key::Enter);
        stage.expect(&["Saved "]);
        assert!(std::fs::metadata(&path).unwrap().len() > 500, "{name}");
    }
    let texts = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(texts("whole.svg").contains("logits") && texts("whole.svg").contains("conv1"));
    assert!(!texts("seen.svg").contains("logits"), "what is out of sight is not drawn");
}

/// Chooses an entry of the menu in the panel's head.
pub fn choose_in_graph(stage: &mut Stage, entry: &str) {
    stage.choose("Graph menu", entry);
}

/// A model of eight blocks alike, each of four operations with names that say so.
pub fn blocks(folder: &std::path::Path) -> std::path::PathBuf {
    let port = |id: u32| format!("<port id=\"{id}\" precision=\"FP32\"><dim>1</dim><dim>4</dim></port>");
    let mut layers = format!(
        "<layer id=\"0\" name=\"image\" type=\"Parameter\" version=\"opset1\"><data shape=\"1,4\" element_type=\"f32\"/><output>{}</output></layer>",
        port(0)
    );
    let mut edges = String::new();
    let kinds = [("relu", "Relu"), ("tanh", "Tanh"), ("sigmoid", "Sigmoid"), ("exp", "Exp")];
    for number in 0..32u32 {
        let (name, kind) = kinds[number as usize % 4];
        let id = number + 1;
        layers += &format!(
            "<layer id=\"{id}\" name=\"block.{}/{name}\" type=\"{kind}\" version=\"opset1\"><input>{}</input><output>{}</output></layer>",
            number / 4,
            port(0),
            port(1)
        );
        edges += &format!("<edge from-layer=\"{number}\" from-port=\"{}\" to-layer=\"{id}\" to-port=\"0\"/>", u32::from(number > 0));
    }
    layers += &format!("<layer id=\"33\" name=\"result\" type=\"Result\" version=\"opset1\"><input>{}</input></layer>", port(0));
    edges += "<edge from-layer=\"32\" from-port=\"1\" to-layer=\"33\" to-port=\"0\"/>";
    let path = folder.join("blocks.xml");
    let text = format!("<?xml version=\"1.0\"?><net name=\"blocks\" version=\"11\"><layers>{layers}</layers><edges>{edges}</edges></net>");
    std::fs::write(&path, text).unwrap();
    std::fs::write(path.with_extension("bin"), []).unwrap();
    path
}

/// Selects an operation through the palette.
pub fn select_by_name(stage: &mut Stage, name: &str) {
    stage.press(CTRL, Key::K);
    stage.type_text(name);
    stage.press(Modifiers::NONE, Key::Enter);
}
