//! Any bytes as a TensorFlow Lite file (or a container of such), opened and looked at in full.

#![no_main]

mod limits;
mod look;
mod random;
mod tables;
mod values;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use weightscope::formats::Options;
use weightscope::source::Source;

fuzz_target!(init: look::prepare(), |bytes: &[u8]| {
    let source = Source::from_bytes("fuzz.tflite", bytes.to_vec());
    look::at(source, &Options::default(), bytes.len());
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = random::Random::new(seed);
    let mut bytes = data[..size].to_vec();
    // One in four is changed without regard for its form.
    if random.below(4) == 0 || !tables::mutate(&mut bytes, max_size, &mut random) || bytes.len() > max_size {
        return fuzzer_mutate(data, size, max_size);
    }
    data[..bytes.len()].copy_from_slice(&bytes);
    bytes.len()
});
