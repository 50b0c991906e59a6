//! x
use super::stage::*;
use egui::*;
#[test]
fn dump() {
    let tail = |s: &Stage, n: usize| {
        let l = s.labels();
        println!("{:#?}", &l[l.len().saturating_sub(n)..]);
    };
    let mut stage = Stage::empty();
    stage.click("Help");
    println!("HELP {:#?}", stage.labels());
    let mut stage = Stage::example();
    stage.click("13 bins, auto");
    println!("BINS {:#?}", &stage.labels()[40..60]);
    let mut stage = Stage::example();
    stage.click("file order");
    println!("ORDER {:#?}", &stage.labels()[10..30]);
    let mut stage = Stage::example();
    stage.press_times(Key::PageDown, 2);
    stage.press_times(Key::PageUp, 1);
    println!("PAGE {:#?}", &stage.labels()[10..50]);
    let mut stage = Stage::example();
    stage.fill("Filter weights", "no such layer");
    stage.click("Clear the filter");
    println!("FILTER {:#?}", &stage.labels()[10..50]);
    let mut stage = Stage::example();
    stage.press(CTRL_SHIFT, Key::S);
    stage.fill("Path to save to", "/tmp/xx/window.npy");
    tail(&stage, 20);
    stage.press(Modifiers::NONE, Key::Enter);
    tail(&stage, 20);
    let mut stage = Stage::open(&["fixtures/ir/bodies.xml"]);
    stage.click("4 graphs");
    println!("BODIES {:#?}", &stage.labels()[20..40]);
    let mut stage = Stage::example();
    let shot = |s: &mut Stage, n: &str| s.harness.render().unwrap().save(format!("/tmp/gui-{n}.png")).unwrap();
    stage.press(Modifiers::NONE, Key::F);
    shot(&mut stage, "a");
    stage.press(Modifiers::NONE, Key::Plus);
    stage.click("Fit");
    stage.point_nowhere();
    shot(&mut stage, "b");
    stage.point_nowhere();
    shot(&mut stage, "c");
}
