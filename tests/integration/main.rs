//! The integration tests: one binary, a module for each intent.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but knows only functions marked as such")]

mod cli;
mod compare;
mod container;
mod extract;
mod fixtures;
#[cfg(target_os = "linux")]
mod flood;
mod gates;
mod graph;
#[cfg(feature = "gui-tests")]
mod gui;
mod hostile;
mod pictures;
mod program;
mod reference;
mod stats;
#[cfg(all(feature = "gui-tests", target_os = "linux"))]
mod support;
mod tidy;
mod verify;
