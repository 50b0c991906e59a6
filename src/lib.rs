//! Weightscope opens neural-network model files, shows the graph of operations and resolves the
//! weights that every layer really computes with.
//!
//! The modules in reading order:
//!
//! - [`model`]: what a model is once it is open: graphs, operations, tensors, element types.
//! - [`source`]: the bytes of a file, mapped; the only `unsafe` of the crate.
//! - [`formats`]: which formats there are, how a file is recognised, and opening one.
//! - [`values`]: stored bytes to numbers: floats, integers, packed integers, dequantisation.
//! - [`weights`]: from an operation's input back to a resolved weight: role, layout, real values.
//! - [`stats`]: summary figures and histograms.
//! - [`view`]: an N-dimensional tensor laid out as a two-dimensional picture.
//! - [`sorting`]: orders of channels by norm, range and similarity.
//! - [`colormap`]: colour tables, ranges and norms.
//! - [`render`]: heatmaps, colour bars and histograms as pixels or SVG.
//! - [`export`]: arrays and pictures written to files, whole or not at all.
//! - [`compare`]: two weights or two models beside each other: pairs, metrics, where errors come from.
//! - [`groups`]: which operations belong together, by names and by structure.
//! - [`layout`]: where the boxes and edges of a graph go.
//! - [`runtime`]: the OpenVINO runtime in a process of its own, as referee.
//! - [`jobs`]: long work on worker threads, with progress and cancellation.
//! - [`cli`]: the command line.
//! - `gui` (feature `gui`): the window.

pub mod cli;
pub mod colormap;
pub mod compare;
pub mod export;
pub mod formats;
pub mod groups;
#[cfg(feature = "gui")]
pub mod gui;
pub mod jobs;
pub mod layout;
pub mod model;
pub mod render;
pub mod runtime;
pub mod sorting;
pub mod source;
pub mod stats;
pub mod values;
pub mod view;
pub mod weights;
