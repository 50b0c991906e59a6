//! Any bytes as an OpenVINO IR's `.xml`, opened and looked at in full. The constants of all inputs lie in one
//! `.bin`, which holds those of the seeds.

#![no_main]

mod limits;
mod look;
mod markup;
mod random;
mod values;

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use weightscope::formats::Options;
use weightscope::source::Source;

static BIN: LazyLock<(PathBuf, usize)> = LazyLock::new(|| {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/openvino.bin"));
    let len = std::fs::metadata(&path).expect("the seeds are committed").len();
    (path, len as usize)
});

fuzz_target!(init: look::prepare(), |bytes: &[u8]| {
    let (bin, bin_bytes) = &*BIN;
    let options = Options { bin: Some(bin.clone()) };
    look::at(Source::from_bytes("fuzz.xml", bytes.to_vec()), &options, bytes.len() + bin_bytes);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = random::Random::new(seed);
    let mut bytes = data[..size].to_vec();
    // One in four is changed without regard for its form.
    if random.below(4) == 0 || !markup::mutate(&mut bytes, &mut random) || bytes.len() > max_size {
        return fuzzer_mutate(data, size, max_size);
    }
    data[..bytes.len()].copy_from_slice(&bytes);
    bytes.len()
});
