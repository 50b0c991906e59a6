//! The window: what a person sees and does, by the names that a screen reader would say
//! (`egui_kittest`), a few pictures, and the real window on a virtual display.

mod browse;
mod canvas;
mod commands;
mod compare;
mod figures;
mod files;
mod graph;
mod heatmap;
mod look;
mod save;
mod stage;
mod verify;
#[cfg(target_os = "linux")]
mod window;
