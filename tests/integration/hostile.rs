//! Files that are damaged, cut off, made up or made to harm: a sentence, or a model with warnings;
//! never a panic, a hang or a flood of memory.
//!
//! Most of it happens in this process, through `formats::open` and everything that reads the model
//! afterwards; the worst files also go through the program itself, with a limit on its memory.

use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use weightscope::formats::{self, Options};
use weightscope::jobs::Token;
use weightscope::model::Model;
use weightscope::stats::Moments;
use weightscope::weights::{Catalogue, Labels};

#[path = "../../fuzz/targets/values.rs"]
mod values;

#[cfg(target_os = "linux")]
use crate::flood;
use crate::program::{Run, weightscope};
use crate::reference::{example, fixture_of, is_one_line, model_files, report, root};

/// For one file of some kilobytes: a thousand times what it takes on an idle machine.
const LIMIT: Duration = Duration::from_secs(20);
/// Damaged copies of each model with random bits flipped.
const FLIPS: u64 = 300;
/// A choice of fixtures by what their files hold: buffers outside the flatbuffer, bodies, recurrent
/// layers, decompression chains, 4-bit groups, odd names, every element type, debug metadata.
const CHOICE: [&str; 18] = [
    "fixtures/container/debug_metadata.tflite",
    "fixtures/tflite/constant_quantised_moves.tflite",
    "fixtures/tflite/conv_int8_per_axis.tflite",
    "fixtures/tflite/conv_f16_dequantize.tflite",
    "fixtures/tflite/outside_flatbuffer.tflite",
    "fixtures/tflite/later_types.tflite",
    "fixtures/tflite/two_subgraphs.tflite",
    "fixtures/tflite/custom_op.tflite",
    "fixtures/tflite/names.tflite",
    "fixtures/ir/bodies.xml",
    "fixtures/ir/constant_path.xml",
    "fixtures/ir/element_types.xml",
    "fixtures/ir/fake_quantize.xml",
    "fixtures/ir/recurrent.xml",
    "fixtures/ir/weights_int4_asym.xml",
    "fixtures/ir/xml_style.xml",
    "fixtures/legacy/v2.xml",
    "fixtures/legacy/v6_recurrent.xml",
];

#[test]
fn hostile_files_in_this_process() {
    let mut faults = Vec::new();
    for file in model_files(&root().join("fixtures/hostile")) {
        faults.extend(survive(&file).err().map(|what| format!("{}: {what}", file.display())));
    }
    report(&faults);
}

/// Whether a number in a file became an allocation shows under a limit on the memory.
#[cfg(unix)]
#[test]
fn hostile_files_through_the_program() {
    const KIBIBYTES: u32 = 1 << 20;
    let mut faults = Vec::new();
    for file in model_files(&root().join("fixtures/hostile")) {
        for (subcommand, options) in [("inspect", &["--json", "--hash"][..]), ("inspect", &["--stats"]), ("extract", &["--all", "-o"])] {
            let folder = tempfile::tempdir().unwrap();
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &format!("ulimit -v {KIBIBYTES}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_weightscope"), subcommand]);
            shell.arg(&file).args(options);
            if subcommand == "extract" {
                shell.arg(folder.path().join("out.npz"));
            }
            let run = crate::program::finish(shell);
            let what = match run.status {
                Some(0) if run.err.lines().all(is_one_line) => continue,
                Some(1) => run.fault_of_failure(),
                _ => Some(format!("status {:?}: {}", run.status, run.err)),
            };
            faults.extend(what.map(|what| format!("{} {subcommand} {options:?}: {what}", file.display())));
        }
    }
    report(&faults);
}

/// The system counts what is allocated, not what is mapped from files: `extract` opens the model, looks
/// at its graphs and finds no such layer.
#[cfg(target_os = "linux")]
#[test]
fn opening_takes_no_more_memory_than_four_times_the_file_and_64_mib() {
    let folder = tempfile::tempdir().unwrap();
    let floods = flood::files(folder.path());
    let fixtures = crate::reference::fixtures().into_iter().map(|fixture| fixture.path());
    let mut faults = Vec::new();
    for file in fixtures.chain(floods) {
        let len = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let whole = file.ancestors().find(|path| path.is_file()).map_or(0, len);
        let kibibytes = (4 * (whole + len(&file.with_extension("bin"))) + (64 << 20)) >> 10;
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("ulimit -d {kibibytes}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_weightscope"), "extract"]);
        shell.arg(&file).args(["--layer", "no layer of this name", "-o"]).arg(folder.path().join("out.npz"));
        let run = crate::program::finish(shell);
        if run.status != Some(1) || !run.err.lines().all(is_one_line) {
            faults.push(format!("{}: status {:?}: {}", file.display(), run.status, run.err));
        }
    }
    report(&faults);
}

#[test]
fn an_external_entity_is_not_read() {
    let file = root().join("fixtures/hostile/entity_file.xml");
    let secret = fs::read_to_string(root().join("fixtures/hostile/secret.txt")).unwrap();
    let secret = secret.trim();
    assert!(secret.starts_with("WEIGHTSCOPE-ENTITY"), "the fixture lost its secret");
    for options in [&[][..], &["--json"], &["--json", "--hash"], &["--stats"]] {
        let Run { out, err, .. } = weightscope([Path::new("inspect"), &file].into_iter().chain(options.iter().map(Path::new)));
        assert!(!String::from_utf8_lossy(&out).contains(secret) && !err.contains(secret), "{options:?} shows the secret");
    }
    let model = open(&file);
    assert!(!format!("{model:?}").contains(secret));
}

#[test]
fn an_empty_file_is_a_sentence() {
    for name in ["empty.tflite", "empty.xml", "empty"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, b"").unwrap();
        assert_eq!(open(&file).err(), Some(format!("the file is empty: {}", file.display())));
    }
}

#[test]
fn random_bytes_are_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(1);
    let mut faults = Vec::new();
    for length in [1, 2, 7, 8, 9, 64, 1000, 4096, 100_000] {
        for name in ["random.tflite", "random.xml"] {
            let file = folder.path().join(name);
            fs::write(&file, random.bytes(length)).unwrap();
            faults.extend(survive(&file).err().map(|what| format!("{length} bytes: {what}")));
            if open(&file).is_ok() {
                faults.push(format!("{length} random bytes opened as {name}"));
            }
            // With the marks by which a format is known.
            for mark in [&b"\x1c\0\0\0TFL3"[..], b"<?xml version=\"1.0\"?><net version=\"11\"><layers>"] {
                fs::write(&file, [mark, &random.bytes(length)].concat()).unwrap();
                faults.extend(survive(&file).err().map(|what| format!("{length} bytes after {mark:?}: {what}")));
            }
        }
    }
    report(&faults);
}

/// What the fuzzer starts from, through what it does with each input.
#[test]
fn seeds_of_the_fuzzer() {
    let folder = root().join("fuzz/seeds");
    let options = Options { bin: Some(folder.join("openvino.bin")) };
    for format in ["tflite", "openvino"] {
        let seeds = model_files(&folder.join(format));
        let opened = |seed: &PathBuf| formats::open(seed, &options, &Token::new()).ok();
        let computed: Vec<usize> = seeds.iter().filter_map(opened).map(|model| values::read(&model, &Catalogue::of(&model))).collect();
        assert!(computed.len() * 10 > seeds.len() * 9, "{format}: only {} of {} open", computed.len(), seeds.len());
        assert!(computed.iter().sum::<usize>() > seeds.len(), "{format}: few weights are computed");
    }
}

#[test]
fn models_cut_off_anywhere() {
    let mut faults = Vec::new();
    for model in models() {
        let copy = Copy::of(&model);
        for sixteenth in 0..16 {
            let cut = copy.main.len() * sixteenth / 16;
            faults.extend(copy.survive_with(&copy.main[..cut], &copy.bin).map(|what| format!("{} cut at {cut}: {what}", model.display())));
            let cut = copy.bin.len() * sixteenth / 16;
            if !copy.bin.is_empty() {
                faults.extend(
                    copy.survive_with(&copy.main, &copy.bin[..cut])
                        .map(|what| format!("{}, its .bin cut at {cut}: {what}", model.display())),
                );
            }
        }
    }
    report(&faults);
}

#[test]
fn models_with_flipped_bits() {
    let mut faults = Vec::new();
    for (seed, model) in (1..).zip(models()) {
        let copy = Copy::of(&model);
        for flip in 0..FLIPS {
            let mut random = Random(seed << 32 | flip);
            let mut main = copy.main.clone();
            // One byte mostly; the more bytes are wrong, the earlier the first of them ends it.
            for _ in 0..1 << random.below(4) {
                let at = random.below(main.len());
                main[at] ^= match random.below(3) {
                    0 => 1 << random.below(8),
                    1 => 0xff,
                    _ => random.next() as u8,
                };
            }
            faults.extend(copy.survive_with(&main, &copy.bin).map(|what| format!("{} flip {flip}: {what}", model.display())));
        }
    }
    report(&faults);
    assert_memory_is_modest();
}

/// Numbers that point somewhere: every aligned word of a small flatbuffer made extreme.
#[test]
fn flatbuffers_with_extreme_words() {
    let mut faults = Vec::new();
    for file in ["fixtures/tflite/conv_int8_per_axis.tflite", "fixtures/tflite/outside_flatbuffer.tflite"] {
        let copy = Copy::of(&fixture_of(file).path());
        for at in (0..copy.main.len().saturating_sub(4)).step_by(4) {
            for word in [0, 1, u32::MAX, i32::MAX as u32, 1 << 31, copy.main.len() as u32] {
                let mut main = copy.main.clone();
                main[at..at + 4].copy_from_slice(&word.to_le_bytes());
                faults.extend(copy.survive_with(&main, &[]).map(|what| format!("{file}: {word:#x} at {at}: {what}")));
            }
        }
    }
    report(&faults);
    assert_memory_is_modest();
}

/// Every number in an IR's text made extreme.
#[test]
fn irs_with_extreme_numbers() {
    let mut faults = Vec::new();
    for file in ["fixtures/ir/conv_f16.xml", "fixtures/ir/bodies.xml", "fixtures/ir/weights_int4_asym.xml"] {
        let copy = Copy::of(&fixture_of(file).path());
        let text = String::from_utf8(copy.main.clone()).unwrap();
        for range in numbers(&text) {
            for number in ["-1", "0", "4294967296", "9223372036854775807", "18446744073709551615", "99999999999999999999", "1e9", ""] {
                let main = format!("{}{number}{}", &text[..range.start], &text[range.end..]);
                faults.extend(copy.survive_with(main.as_bytes(), &copy.bin).map(|what| format!("{file}: {number:?} at {range:?}: {what}")));
            }
        }
    }
    report(&faults);
    assert_memory_is_modest();
}

/// Whatever is beside an IR in place of its `.bin`: the graph opens, with one warning.
#[test]
fn an_ir_without_its_constants_opens_with_one_warning() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 46643\n";
    let cases = [("missing", None), ("empty", Some(&b""[..])), ("LFS pointer", Some(pointer)), ("another model's", Some(&[1; 64]))];
    for name in ["digits_fp16.xml", "digits_int8.xml"] {
        let whole = open(&example(name).path()).unwrap();
        assert!(whole.warnings.is_empty(), "{:?}", whole.warnings);
        let copy = Copy::of(&example(name).path());
        for (case, bin) in cases {
            let file = copy.write(&copy.main, bin);
            assert_eq!(survive(&file), Ok(()), "{name}, {case}");
            let model = open(&file).unwrap();
            assert_eq!(model.warnings.len(), 1, "{name}, {case}: {:?}", model.warnings);
            let count = |model: &Model| (model.main().operations.len(), model.main().tensors.len(), Catalogue::of(model).all().len());
            assert_eq!(count(&model), count(&whole), "{name}, {case}");
            let kernel = Catalogue::of(&model).weights().next().unwrap().clone();
            assert!(kernel.problem(&model).is_some_and(|problem| is_one_line(&problem)), "{name}, {case}");
            let run = weightscope([Path::new("inspect"), &file, Path::new("--json"), Path::new("--hash")]);
            assert_eq!(run.status, Some(0), "{name}, {case}: {}", run.err);
        }
    }
}

/// The examples, and a choice of fixtures.
fn models() -> Vec<PathBuf> {
    let mut models = model_files(&root().join("assets/example"));
    assert_eq!(models.len(), 4, "{models:?}");
    models.extend(CHOICE.map(|file| fixture_of(file).path()));
    models
}

/// Opens a file and reads everything that the program ever reads from it. An error is what must not
/// happen: a panic, no sentence where there should be one, or much too long a time.
fn survive(file: &Path) -> Result<(), String> {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| read_all(file)));
    let took = start.elapsed();
    match outcome {
        Err(_) => Err("panicked".to_owned()),
        Ok(_) if took > LIMIT => Err(format!("took {took:?}")),
        Ok(faults) if faults.is_empty() => Ok(()),
        Ok(faults) => Err(faults),
    }
}

/// What is wrong with what was read, in one line; empty if nothing is.
fn read_all(file: &Path) -> String {
    let mut faults = String::new();
    let token = Token::new();
    let model = match formats::open(file, &Options::default(), &token) {
        Ok(model) => model,
        Err(error) => {
            let sentence = error.to_string();
            if !is_one_line(&sentence) || !sentence.ends_with(&format!(": {}", file.display())) {
                let _ = write!(faults, "not a sentence with the path last: {sentence:?}; ");
            }
            return faults;
        }
    };
    for warning in model.warnings.iter().filter(|warning| !is_one_line(warning)) {
        let _ = write!(faults, "a warning that is no sentence: {warning:?}; ");
    }
    for graph in &model.graphs {
        let labels = Labels::of_graph(graph);
        for (id, _) in graph.operations() {
            let _ = labels.of(id);
        }
    }
    for weight in Catalogue::of(&model).all() {
        let problems = [
            weight.problem(&model),
            weight.stored_bytes(&model).err().map(|error| error.to_string()),
            weight.scales(&model, &token).err().map(|error| error.to_string()),
            weight.real(&model, &token).and_then(|real| Ok(Moments::of(&real.values, &token)?)).err().map(|error| error.to_string()),
        ];
        for problem in problems.iter().flatten().filter(|problem| problem.trim().is_empty()) {
            let _ = write!(faults, "a problem that is no sentence: {problem:?}; ");
        }
        let _ = weight.code_way(&model, &token).map(|way| weight.code_at(&model, &way, 0));
    }
    faults
}

fn open(file: &Path) -> Result<Model, String> {
    formats::open(file, &Options::default(), &Token::new()).map_err(|error| error.to_string())
}

/// A model's bytes, and a folder for damaged copies of it.
struct Copy {
    main: Vec<u8>,
    /// Empty where there is none.
    bin: Vec<u8>,
    folder: TempDir,
    is_pair: bool,
}

impl Copy {
    fn of(model: &Path) -> Self {
        let is_pair = model.extension().is_some_and(|extension| extension == "xml");
        let bin = if is_pair { fs::read(model.with_extension("bin")).unwrap() } else { Vec::new() };
        Self { main: fs::read(model).unwrap(), bin, folder: tempfile::tempdir().unwrap(), is_pair }
    }

    /// Writes a damaged copy; `None`: no `.bin` beside it.
    fn write(&self, main: &[u8], bin: Option<&[u8]>) -> PathBuf {
        let file = self.folder.path().join(if self.is_pair { "model.xml" } else { "model.tflite" });
        fs::write(&file, main).unwrap();
        let beside = file.with_extension("bin");
        match bin {
            Some(bin) => fs::write(&beside, bin).unwrap(),
            None if beside.exists() => fs::remove_file(&beside).unwrap(),
            None => {}
        }
        file
    }

    /// What went wrong with a damaged copy.
    fn survive_with(&self, main: &[u8], bin: &[u8]) -> Option<String> {
        let file = self.write(main, self.is_pair.then_some(bin));
        survive(&file).err()
    }
}

/// The ranges of the text that are whole numbers.
fn numbers(text: &str) -> Vec<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let starts = (0..bytes.len()).filter(|at| is_digit(*at) && (*at == 0 || !is_digit(at - 1)));
    starts.map(|start| start..(start..).find(|at| !is_digit(*at)).unwrap_or(bytes.len())).collect()
}

/// The files are some kilobytes, so what this process ever took is little; but for the window's tests,
/// which share the process, and whose pictures are not.
fn assert_memory_is_modest() {
    const KIBIBYTES: u64 = 1 << 20;
    if cfg!(feature = "gui-tests") {
        return;
    }
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    assert!(peak.is_none_or(|peak| peak < KIBIBYTES), "this process took {peak:?} KiB");
}

/// Numbers that look random and are the same every time (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Below `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}
