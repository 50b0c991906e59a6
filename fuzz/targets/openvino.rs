//! Any bytes as an OpenVINO IR's `.xml`, with a fixed `.bin` beside it, opened and looked at in full.

#![no_main]

mod limits;
mod look;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use weightscope::formats::Options;
use weightscope::source::Source;

/// The constants of every input: bytes that are all kinds of numbers, small floats among them.
const BIN_BYTES: usize = 8 << 10;

static BIN: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("weightscope-fuzz-{}.bin", std::process::id()));
    let bytes: Vec<u8> = (0..BIN_BYTES).map(|position| (position * 37 + position / 256) as u8).collect();
    fs::write(&path, bytes).expect("the folder for temporary files can be written to");
    path
});

fuzz_target!(|bytes: &[u8]| {
    let options = Options { bin: Some(BIN.clone()), ..Options::default() };
    look::at(Source::from_bytes("fuzz.xml", bytes.to_vec()), &options, bytes.len() + BIN_BYTES);
});
