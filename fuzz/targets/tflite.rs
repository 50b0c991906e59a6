//! Any bytes as a TensorFlow Lite file (or a container of such), opened and looked at in full.

#![no_main]

mod limits;
mod look;

use libfuzzer_sys::fuzz_target;
use weightscope::formats::Options;
use weightscope::source::Source;

fuzz_target!(|bytes: &[u8]| {
    let source = Source::from_bytes("fuzz.tflite", bytes.to_vec());
    look::at(source, &Options::default(), bytes.len());
});
