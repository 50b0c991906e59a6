//! Files that describe as much as they can with few bytes: one table named a million times, one shared
//! list of names, a directory of files without contents, layers whose inputs are to be filled in.

use std::fs;
use std::path::{Path, PathBuf};

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, UOffsetT, Vector, WIPOffset};

type Builder = FlatBufferBuilder<'static>;
type Table = WIPOffset<TableFinishedWIPOffset>;
type List = WIPOffset<Vector<'static, flatbuffers::ForwardsUOffset<TableFinishedWIPOffset>>>;

/// Offsets in each list.
const COUNT: usize = 600_000;
/// An offset that leads out of any file here.
const OUTSIDE: u32 = 0x7fff_ffff;

/// Writes the files into a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<(&str, Vec<u8>)> = vec![
        (
            "tensors",
            model(|b| {
                let tensor = tensor(b, 1);
                let tensors = repeated(b, tensor, COUNT);
                graph(b, tensors, None)
            }),
        ),
        (
            "operators",
            model(|b| {
                let tensor = tensor(b, 1);
                let tensors = repeated(b, tensor, 4);
                let (inputs, options) = (b.create_vector(&[0i32, 1, 2, 3, 0, 1, 2, 3]), convolution_options(b));
                let operator = table(b, |b| {
                    b.push_slot_always(slot(1), inputs);
                    b.push_slot_always(slot(3), 1u8);
                    b.push_slot_always(slot(4), options);
                });
                let operators = repeated(b, operator, COUNT);
                graph(b, tensors, Some(operators))
            }),
        ),
        ("graphs", {
            let mut b = Builder::new();
            let (tensors, name) = (repeated_empty(&mut b), b.create_string("a graph of some name"));
            let graph = table(&mut b, |b| {
                b.push_slot_always(slot(0), tensors);
                b.push_slot_always(slot(4), name);
            });
            let graphs = repeated(&mut b, graph, COUNT);
            finish(b, graphs, |_| {})
        }),
    ];
    for (name, field) in [("codes", 1), ("buffers", 4), ("metadata", 6), ("signatures", 7), ("groups", 8), ("external", 9)] {
        let mut b = Builder::new();
        let text = b.create_string("forty letters of a name that is repeated");
        let inner = table(&mut b, |b| b.push_slot_always(slot(0), text));
        let inner = repeated(&mut b, inner, 3);
        let entry = table(&mut b, |b| match field {
            7 => {
                b.push_slot_always(slot(0), inner);
                b.push_slot_always(slot(1), inner);
                b.push_slot_always(slot(2), text);
            }
            4 => {
                b.push_slot_always(slot(1), 1u64 << 60);
                b.push_slot_always(slot(2), 1u64);
            }
            9 => b.push_slot_always(slot(0), 7u32),
            _ => b.push_slot_always(slot(if field == 1 { 1 } else { 0 }), text),
        });
        let entries = repeated(&mut b, entry, COUNT);
        let tensor = tensor(&mut b, 1);
        let tensors = repeated(&mut b, tensor, 1);
        let graph = graph(&mut b, tensors, None);
        let graphs = repeated(&mut b, graph, 1);
        files.push((name, finish(b, graphs, |b| b.push_slot_always(slot(field), entries))));
    }
    // Entries that lie outside the file: each stands for something damaged.
    for (name, field) in [("damaged_tensors", 0), ("damaged_operators", 3)] {
        files.push((
            name,
            model(|b| {
                let entries = b.create_vector(&[OUTSIDE; COUNT]);
                table(b, |b| b.push_slot_always(slot(field), entries))
            }),
        ));
    }
    for (name, field) in [("damaged_codes", 1), ("damaged_buffers", 4)] {
        let mut b = Builder::new();
        let (entries, tensors) = (b.create_vector(&[OUTSIDE; COUNT]), repeated_empty(&mut b));
        let graph = graph(&mut b, tensors, None);
        let graphs = repeated(&mut b, graph, 1);
        files.push((name, finish(b, graphs, |b| b.push_slot_always(slot(field), entries))));
    }
    files.push(("archive", archive()));
    let write = |(name, bytes): (&str, Vec<u8>)| {
        let path = folder.join(format!("{name}.tflite"));
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut paths: Vec<_> = files.into_iter().map(write).collect();
    paths.push(folder.join("left_out.xml"));
    fs::write(folder.join("left_out.xml"), left_out()).unwrap();
    paths
}

/// Layers of OpenVINO IR whose inputs are left out and filled in.
fn left_out() -> String {
    let layer = r#"<layer type="NonMaxSuppression" version="opset1"><input><port/><port/></input></layer>"#;
    format!(r#"<net version="11"><layers>{}</layers></net>"#, layer.repeat(COUNT / 4))
}

fn slot(id: u16) -> u16 {
    4 + 2 * id
}

fn table(b: &mut Builder, fill: impl FnOnce(&mut Builder)) -> Table {
    let start = b.start_table();
    fill(b);
    b.end_table(start)
}

fn repeated(b: &mut Builder, entry: Table, count: usize) -> List {
    b.create_vector(&vec![entry; count])
}

fn repeated_empty(b: &mut Builder) -> List {
    let nothing: &[Table] = &[];
    b.create_vector(nothing)
}

fn tensor(b: &mut Builder, buffer: u32) -> Table {
    let (name, shape) = (b.create_string("forty letters of a name that is repeated"), b.create_vector(&[1i32, 1, 1, 1]));
    table(b, |b| {
        b.push_slot_always(slot(0), shape);
        b.push_slot_always(slot(2), buffer);
        b.push_slot_always(slot(3), name);
    })
}

/// All defaults: eight attributes for a table without fields.
fn convolution_options(b: &mut Builder) -> Table {
    table(b, |_| {})
}

fn graph(b: &mut Builder, tensors: List, operators: Option<List>) -> Table {
    table(b, |b| {
        b.push_slot_always(slot(0), tensors);
        if let Some(operators) = operators {
            b.push_slot_always(slot(3), operators);
        }
    })
}

fn model(fill: impl FnOnce(&mut Builder) -> Table) -> Vec<u8> {
    let mut b = Builder::new();
    let data = b.create_vector(&[0u8; 4]);
    let (empty, full) = (table(&mut b, |_| {}), table(&mut b, |b| b.push_slot_always(slot(0), data)));
    let buffers = b.create_vector(&[empty, full]);
    let code = table(&mut b, |b| b.push_slot_always(slot(3), 3i32));
    let codes = repeated(&mut b, code, 1);
    let graph = fill(&mut b);
    let graphs = repeated(&mut b, graph, 1);
    finish(b, graphs, |b| {
        b.push_slot_always(slot(1), codes);
        b.push_slot_always(slot(4), buffers);
    })
}

fn finish(mut b: Builder, graphs: List, fill: impl FnOnce(&mut Builder)) -> Vec<u8> {
    let root = table(&mut b, |b| {
        b.push_slot_always(slot(0), 3u32);
        b.push_slot_always(slot(2), graphs);
        fill(b);
    });
    b.finish(root, Some("TFL3"));
    b.finished_data().to_vec()
}

/// A model and a directory of a hundred thousand files without contents, all of one name.
fn archive() -> Vec<u8> {
    const FILES: u32 = 100_000;
    let mut bytes = model(|b| {
        let tensors = repeated_empty(b);
        graph(b, tensors, None)
    });
    let local = bytes.len() as u32;
    bytes.extend(b"PK\x03\x04");
    bytes.extend([0; 26]);
    let start = bytes.len() as u32;
    for _ in 0..FILES {
        let record = bytes.len();
        bytes.extend(b"PK\x01\x02");
        bytes.resize(record + 28, 0);
        bytes.extend(1u16.to_le_bytes());
        bytes.resize(record + 42, 0);
        bytes.extend(local.to_le_bytes());
        bytes.push(b'x');
    }
    let len = bytes.len() as u32 - start;
    bytes.extend(b"PK\x05\x06");
    bytes.extend([0; 4]);
    bytes.extend([0xff, 0xff, 0xff, 0xff]);
    bytes.extend(len.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

const _: () = assert!(size_of::<UOffsetT>() == 4, "a list of N offsets takes 4 N bytes");
