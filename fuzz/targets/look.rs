//! What the program does with a model once it is open.

use rustix::time::{ClockId, clock_gettime};
use weightscope::formats::{self, Options};
use weightscope::jobs::Token;
use weightscope::source::Source;
use weightscope::weights::{Catalogue, Labels};

use crate::{limits, values};

/// Seconds of the processor that an input may take. Those of the clock say little on a machine with other work.
const SECS: i64 = 2;

/// Makes the one thread of the pool the fuzzer's own: handing each input to another takes longer than most inputs.
pub fn prepare() {
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("nothing used the pool before");
}

/// Opens the bytes, finds every weight and computes the values of small ones. Panics if that takes too long.
pub fn at(source: Source, options: &Options, input_bytes: usize) {
    let start = clock_gettime(ClockId::ThreadCPUTime).tv_sec;
    look(source, options, input_bytes);
    let taken = clock_gettime(ClockId::ThreadCPUTime).tv_sec - start;
    assert!(taken <= SECS, "it took {taken} seconds");
}

fn look(source: Source, options: &Options, input_bytes: usize) {
    let token = Token::new();
    let opened = limits::within(limits::limit(input_bytes), || {
        let model = formats::open_source(source, options, &token).ok()?;
        let catalogue = Catalogue::of(&model);
        let labels: Vec<Labels> = model.graphs.iter().map(Labels::of_graph).collect();
        Some((model, catalogue, labels))
    });
    let Some((model, catalogue, _)) = opened else { return };
    values::read(&model, &catalogue);
}
