//! Rules about the tree itself that no compiler checks: sizes, headers, walls between modules,
//! words that must not stay.
//!
//! Each rule is a test that lists every offence as `file:line: what`, so one run shows them all.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest a source file may be before it has to be split.
const MAX_LINES: usize = 600;

#[test]
fn source_files_are_short() {
    let offences = rust_files().into_iter().filter(|file| !file.is_generated() && file.text.lines().count() > MAX_LINES);
    report(offences.map(|file| format!("{}: {} lines, more than {MAX_LINES}", file.path, file.text.lines().count())));
}

#[test]
fn source_files_open_with_their_purpose() {
    let offences = rust_files().into_iter().filter(|file| !file.text.starts_with("//!"));
    report(offences.map(|file| format!("{}:1: the file does not open with a `//!` paragraph", file.path)));
}

/// The core builds and is tested without the window; the compiler guards that only for the
/// features it is asked to build.
#[test]
fn only_the_window_knows_its_toolkit() {
    let core = rust_files().into_iter().filter(|file| {
        file.path.starts_with("src/") && file.path != "src/main.rs" && file.path != "src/gui.rs" && !file.path.starts_with("src/gui/")
    });
    report(core.flat_map(|file| file.code_with_any_word(&["egui", "eframe", "rfd"])));
}

#[test]
fn unsafe_code_stays_in_source() {
    let others = rust_files().into_iter().filter(|file| file.path != "src/source.rs");
    report(others.flat_map(|file| file.code_with_any_word(&[concat!("un", "safe")])));
}

#[test]
fn nothing_is_left_for_later() {
    // Spelled in pieces, so that this file does not offend.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    report(
        text_files()
            .into_iter()
            .filter(File::is_ours)
            .flat_map(|file| file.lines_where(|line| words.iter().any(|word| has_word(line, word)))),
    );
}

#[test]
fn no_test_is_ignored() {
    let attribute = concat!("#[ign", "ore");
    report(rust_files().into_iter().flat_map(|file| file.lines_where(|line| line.contains(attribute))));
}

/// A test that sleeps is slow on a fast machine and fails on a slow one.
#[test]
fn no_test_sleeps() {
    let tests = rust_files().into_iter().filter(|file| file.path.starts_with("tests/"));
    report(tests.flat_map(|file| file.code_with_any_word(&[concat!("sle", "ep")])));
}

#[test]
fn no_path_of_one_machine() {
    report(text_files().into_iter().flat_map(|file| file.lines_where(names_a_machines_folder)));
}

#[test]
fn links_between_documents_resolve() {
    let root = root();
    let documents = text_files().into_iter().filter(|file| file.path.ends_with(".md"));
    report(documents.flat_map(|file| {
        let folder = root.join(&file.path).parent().map(Path::to_path_buf).unwrap_or_default();
        file.lines_where(|line| links(line).any(|link| !folder.join(link).exists()))
    }));
}

#[cfg(unix)]
#[test]
fn scripts_are_executable() {
    use std::os::unix::fs::PermissionsExt;
    let scripts = ["script/run", "script/test", ".ci/run"].into_iter();
    let offences = scripts.filter(|script| match fs::metadata(root().join(script)) {
        Ok(metadata) => metadata.permissions().mode() & 0o111 == 0,
        Err(_) => true,
    });
    report(offences.map(|script| format!("{script}: missing or not executable")));
}

/// The rules above are only as good as the tests of a line that they are made of.
#[test]
fn lines_are_judged_right() {
    for (line, word, expected) in [
        ("use egui::Ui;", "egui", true),
        ("egui_plot::Plot", "egui", false),
        ("fn rfd()", "rfd", true),
        ("rfd_egui rfd", "rfd", true),
        ("xrfd", "rfd", false),
        ("", "x", false),
    ] {
        assert_eq!(has_word(line, word), expected, "{word} in {line:?}");
    }
    for (line, expected) in [
        (concat!("see /ho", "me/ada/model"), true),
        (concat!("\"/t", "mp/x\""), true),
        (concat!("block/wo", "rk/Relu"), false),
        (concat!("https://example.org/ho", "me/"), false),
    ] {
        assert_eq!(names_a_machines_folder(line), expected, "{line:?}");
    }
    let found: Vec<_> = links("[a](b.md) and ![c](d/e.png#f), [g](https://h) [i](#j)").collect();
    assert_eq!(found, ["b.md", "d/e.png"]);
}

/// A text file of the project.
struct File {
    /// Relative to the project, with `/` between the parts.
    path: String,
    text: String,
}

impl File {
    /// Whether a tool wrote the file and says so at its top.
    fn is_generated(&self) -> bool {
        self.text.lines().take(5).any(|line| line.contains("@generated"))
    }

    /// Whether people of this project wrote the file: a lock file or a fixture may hold any word.
    fn is_ours(&self) -> bool {
        let is_data = self.path.starts_with("fixtures/") || self.path.starts_with("assets/");
        !self.is_generated() && self.path != "Cargo.lock" && (!is_data || self.path.ends_with(".py"))
    }

    fn lines_where(&self, is_offence: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = (1..).zip(self.text.lines()).filter(|(_, line)| is_offence(line));
        lines.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }

    /// Lines of Rust that hold one of the words outside a comment line.
    fn code_with_any_word(&self, words: &[&str]) -> Vec<String> {
        self.lines_where(|line| !line.trim_start().starts_with("//") && words.iter().any(|word| has_word(line, word)))
    }
}

/// Fails with every offence, if there are any.
fn report(offences: impl Iterator<Item = String>) {
    let offences: Vec<_> = offences.collect();
    assert!(offences.is_empty(), "{} offences:\n{}", offences.len(), offences.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files() -> Vec<File> {
    let is_source = |file: &File| file.path.ends_with(".rs") && (file.path.starts_with("src/") || file.path.starts_with("tests/"));
    let files: Vec<_> = text_files().into_iter().filter(is_source).collect();
    assert!(files.len() > 10, "the walk lost its way: only {} source files", files.len());
    files
}

/// Every file of the project that is UTF-8 text, in the order of the paths.
fn text_files() -> Vec<File> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                if !is_skipped(&entry.file_name().to_string_lossy()) {
                    folders.push(path);
                }
            } else if entry.file_name() != ".git"
                && let Some(text) = fs::read(&path).ok().and_then(|bytes| String::from_utf8(bytes).ok())
            {
                let path = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Folders that are not committed: build output, the repository itself (a file in a work tree), tools'
/// caches.
fn is_skipped(folder: &str) -> bool {
    (folder.starts_with('.') && folder != ".ci") || folder.starts_with("target") || matches!(folder, "__pycache__" | "node_modules")
}

/// Whether the word stands alone in the line, not as a part of a longer identifier.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Whether the line holds an absolute path into a folder that only one machine has. `a/home/b` and
/// the path of a web address are none.
fn names_a_machines_folder(line: &str) -> bool {
    ["home", "root", "tmp", "work"].iter().any(|folder| {
        let path = format!("/{folder}/");
        line.match_indices(&path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(|letter| letter.is_alphanumeric() || "._-~}/".contains(letter))
        })
    })
}

/// The targets of a Markdown line's links that are files here, without their fragments.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    targets.map(|target| target.split('#').next().unwrap_or_default()).filter(|target| !target.is_empty() && !target.contains(':'))
}
