//! Histogram, channels and the table of statistics.

use egui::accesskit::Role;
use egui::{Key, Modifiers, Vec2, pos2};
use weightscope::cli::WindowArguments;

use super::stage::{CTRL_SHIFT, Stage, file_of_project};

const INT8: &str = "assets/example/digits_int8.tflite";

fn wide() -> Stage {
    let arguments = WindowArguments { models: vec![file_of_project(INT8)], ..WindowArguments::default() };
    Stage::with(arguments, Vec2::new(4400.0, 1000.0), egui::Theme::Dark)
}

#[test]
fn the_statistics_table_sorts_filters_and_leads_to_weights() {
    // So wide that all columns are in sight.
    let mut stage = wide();
    stage.expect_none(&["Filter statistics"]);
    stage.press(CTRL_SHIFT, Key::L);
    stage.expect(&["Statistics panel", "10 weights", "Sort statistics by kurtosis"]);
    let lines = |stage: &Stage| -> Vec<String> {
        stage
            .rows()
            .into_iter()
            .filter(|row| row.contains(" statistics: "))
            .map(|row| row.split(" statistics: ").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(lines(&stage).len(), 10);
    // numpy and scipy (fixtures/stats/digits_int8.json): the kernel of operation 0 has this mean and these codes.
    let first = stage.rows().into_iter().find(|row| row.starts_with("conv1 kernel statistics: ")).unwrap();
    assert!(
        ["sparsity 0,", "kurtosis 0.03877,", "codes 174,", "mean +0.04413,", "std 0.1595"].iter().all(|figure| first.contains(figure)),
        "{first}"
    );

    let kurtosis = |line: &str| -> f64 {
        let figure = line.split("kurtosis ").nth(1).unwrap().split(',').next().unwrap();
        figure.parse().unwrap()
    };
    stage.click("Sort statistics by kurtosis");
    let sorted: Vec<f64> = stage.rows().iter().filter(|row| row.contains(" statistics: ")).map(|row| kurtosis(row)).collect();
    assert!(sorted.is_sorted_by(|a, b| a >= b), "{sorted:?}");
    stage.click("Sort statistics by kurtosis");
    let sorted: Vec<f64> = stage.rows().iter().filter(|row| row.contains(" statistics: ")).map(|row| kurtosis(row)).collect();
    assert!(sorted.is_sorted(), "{sorted:?}");

    stage.fill("Filter statistics", "codes>0 kurtosis<0 dtype:i8");
    let kept: Vec<f64> = stage.rows().iter().filter(|row| row.contains(" statistics: ")).map(|row| kurtosis(row)).collect();
    assert!(!kept.is_empty() && kept.len() < 10 && kept.iter().all(|kurtosis| *kurtosis < 0.0), "{kept:?}");
    stage.expect(&[&format!("{} of 10 weights", kept.len())]);
    stage.fill("Filter statistics", "conv3 kernel");
    let line = stage.rows().into_iter().find(|row| row.starts_with("conv3 kernel statistics: ")).unwrap();
    stage.click(&line);
    stage.expect(&["Heatmap panel: conv3"]);

    stage.fill("Filter statistics", "sparsity>2");
    stage.expect(&["No weight matches the filter"]);
}

#[test]
fn the_weights_list_takes_comparisons_too() {
    let mut stage = Stage::open(&[INT8]);
    let all = stage.rows().len();
    stage.fill("Filter weights", "codes>150 kurtosis>-1");
    let kept = stage.rows();
    assert!(!kept.is_empty() && kept.len() < all && kept.iter().all(|row| row.contains("i8")), "{kept:?}");
}

#[test]
fn statistics_are_saved_as_they_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = wide();
    stage.press(CTRL_SHIFT, Key::L);
    stage.fill("Filter statistics", "role:kernel");
    stage.click("Sort statistics by sparsity");
    for extension in ["csv", "json"] {
        let file = folder.path().join("figures").with_extension(extension);
        stage.click("Save statistics");
        stage.fill("Path to save to", file.to_str().unwrap());
        stage.click("Save");
        let text = std::fs::read_to_string(&file).unwrap();
        let kernels = text.matches("kernel").count();
        assert_eq!(kernels, 5, "{text}");
    }
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("figures.json")).unwrap()).unwrap();
    let sparsity: Vec<f64> = json["weights"].as_array().unwrap().iter().map(|weight| weight["sparsity"].as_f64().unwrap()).collect();
    assert!(sparsity.is_sorted_by(|a, b| a >= b), "{sparsity:?}");
}

#[test]
fn codes_are_bars_and_values_are_bins() {
    let mut stage = Stage::open(&[INT8]);
    // numpy (fixtures/stats/digits_int8.json).
    stage.expect(&["Histogram with 256 codes", "i8 · 174 of 256 codes used · 7.44 effective bits · entropy 7.24 bits · 3.333 % saturated"]);
    stage.expect(&["codes used 174 of 256", "effective bits 7.443", "saturation 3.333 %"]);
    stage.click("codes");
    stage.expect(&["Histogram with 14 bins"]);
    stage.choose("14 bins, auto", "sqrt");
    stage.expect(&["Histogram with 18 bins"]);
    stage.choose("full range", "0.5–99.5 %");
    stage.expect(&["2 below · 1 above"]);
}

#[test]
fn a_drag_across_the_histogram_marks_values() {
    let mut stage = Stage::example();
    let rect = stage.node("Histogram with ").rect();
    stage.drag(pos2(rect.left() + rect.width() * 0.4, rect.center().y), pos2(rect.left() + rect.width() * 0.6, rect.center().y));
    stage.expect(&["marked "]);
    let clear = stage.node("Clear");
    clear.click();
    stage.settle();
    stage.expect_none(&["marked "]);
    // A click marks one bar, and another click none.
    stage.click_inside("Histogram with ", (0.5, 0.5));
    stage.expect(&["marked "]);
    stage.click_inside("Histogram with ", (0.5, 0.5));
    stage.point_nowhere();
    stage.expect_none(&["marked "]);
}

#[test]
fn channels_are_shown_sorted_and_gone_to() {
    let mut stage = Stage::open(&[INT8]);
    stage.press(CTRL_SHIFT, Key::J);
    stage.expect(&["Channels panel: 12 channels", "Ranges of 12 channels"]);
    stage.click_inside("Ranges of 12 channels", (0.5, 0.5));
    stage.point_nowhere();
    stage.choose("by index ↑", "by norm");
    stage.expect(&["by norm ↓"]);
    stage.click("ridges");
    stage.expect(&["Distribution of channel "]);
    let first = stage.labels_of(Role::ListItem).into_iter().find(|row| row.starts_with("Distribution of channel ")).unwrap();
    stage.click(&first);
    stage.press(Modifiers::NONE, Key::PageDown);
    // A bias has channels of one value each.
    stage.expect(&["Channels panel: "]);
}

#[test]
fn a_matrix_has_singular_values_and_alike_kernels() {
    // numpy 2.4.6: `numpy.linalg.svd` of LiteRT's kernel as 12 rows, `numpy.linalg.matrix_rank`.
    let stage = Stage::open(&["assets/example/digits_f32.tflite"]);
    stage.expect(&[
        "as a matrix 12 × 25",
        "stable rank 2.09",
        "largest singular v. 1.982",
        "condition 59.28",
        "rank 12 of 12",
        "duplicates 0",
        "up to a factor 0",
        "outlier channels ",
    ]);
}
