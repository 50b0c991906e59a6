//! Where the OpenVINO runtime may lie: the place that a person named, the places that OpenVINO's own
//! installers use, and the packages of the Pythons at hand.
//!
//! The Python package `openvino` carries the whole runtime in `site-packages/openvino/libs`, its C
//! library under a name with a version (`libopenvino_c.so.2641`), which `openvino-finder` does not
//! look for. No file is loaded here; that is the helper's business.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::RuntimeError;
use super::process;

/// The variable that names the runtime, as `--openvino` does.
pub const VARIABLE: &str = "WEIGHTSCOPE_OPENVINO";
/// Where the C library lies in a folder that somebody names: in it, in a Python package, in an
/// unpacked archive, in a build.
const SUBFOLDERS: [&str; 12] = [
    "",
    "libs",
    "openvino/libs",
    "runtime/lib/intel64",
    "runtime/lib/intel64/Release",
    "runtime/lib/arm64",
    "runtime/lib/arm64/Release",
    "runtime/lib/aarch64",
    "runtime/bin/intel64/Release",
    "runtime/bin/arm64/Release",
    "lib",
    "lib/x86_64-linux-gnu",
];
/// How long a Python may take to say where its packages are.
const PYTHON_LIMIT: Duration = Duration::from_secs(10);

/// Which runtime to use, and which program to run it in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The library, or a folder that holds it; `None`: the first that is found.
    pub named: Option<PathBuf>,
    /// The program with the helper; `None`: this one.
    pub program: Option<PathBuf>,
}

/// A library to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    File(PathBuf),
    /// What `openvino-finder` finds; the helper asks it.
    System,
}

/// What of the surroundings the search depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    pub variable: Option<OsString>,
    pub virtual_env: Option<PathBuf>,
    /// The folders in which programs are looked for.
    pub folders: Vec<PathBuf>,
    pub home: Option<PathBuf>,
}

impl Surroundings {
    pub fn here() -> Self {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        Self {
            variable: set(VARIABLE),
            virtual_env: set("VIRTUAL_ENV").map(PathBuf::from),
            // A relative entry would find whatever lies in the folder that the program was started in.
            folders: env::split_paths(&set("PATH").unwrap_or_default()).filter(|folder| folder.is_absolute()).collect(),
            home: set(home).map(PathBuf::from),
        }
    }
}

/// The place that a person named: what the command line or the settings say, else the variable.
pub fn named(choice: Option<&Path>) -> Option<PathBuf> {
    choice.map(Path::to_path_buf).or_else(|| Surroundings::here().variable.map(PathBuf::from))
}

/// The libraries to try, the best first; a named place is the only one.
///
/// # Errors
/// [`RuntimeError::NotThere`]: the named place holds none.
pub(super) fn candidates(named: Option<&Path>, surroundings: &Surroundings) -> Result<Vec<Candidate>, RuntimeError> {
    let variable = surroundings.variable.as_ref().map(Path::new);
    if let Some(place) = named.or(variable) {
        let library = library_at(place).ok_or_else(|| RuntimeError::NotThere(place.to_path_buf()))?;
        return Ok(vec![Candidate::File(library)]);
    }
    let mut found = vec![Candidate::System];
    let mut seen = HashSet::new();
    let packages = prefixes(surroundings).into_iter().flat_map(|prefix| site_packages(&prefix));
    for library in packages.filter_map(|folder| library_in(&folder.join("openvino/libs"))) {
        if seen.insert(fs::canonicalize(&library).unwrap_or_else(|_| library.clone())) {
            found.push(Candidate::File(library));
        }
    }
    if seen.is_empty() {
        // Starters such as pyenv's are scripts: only the Python behind them knows its packages.
        found.extend(
            pythons(surroundings).iter().find_map(|python| ask(python)).and_then(|folder| library_at(&folder)).map(Candidate::File),
        );
    }
    Ok(found)
}

/// The C library at a place that somebody named: the file itself, or the first in a folder's usual
/// subfolders or, of a Python environment, in its packages.
fn library_at(place: &Path) -> Option<PathBuf> {
    if place.is_file() {
        return Some(place.to_path_buf());
    }
    let usual = SUBFOLDERS.iter().map(|folder| place.join(folder));
    let packages = site_packages(place).into_iter().map(|folder| folder.join("openvino/libs"));
    usual.chain(packages).find_map(|folder| library_in(&folder))
}

/// The C library in a folder; of several versions the highest.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let (stem, suffix) = match env::consts::DLL_SUFFIX {
        ".dll" => ("openvino_c", ".dll"),
        ".dylib" => ("libopenvino_c", ".dylib"),
        _ => ("libopenvino_c.so", ""),
    };
    let version = |name: &str| -> Option<Vec<u64>> {
        let rest = name.strip_prefix(stem)?.strip_suffix(suffix)?;
        let parts = rest.split('.').filter(|part| !part.is_empty()).map(str::parse);
        (rest.is_empty() || rest.starts_with('.')).then_some(())?;
        parts.collect::<Result<_, _>>().ok()
    };
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let newest = names.filter_map(|name| Some((version(&name)?, name))).max()?;
    Some(folder.join(newest.1)).filter(|path| path.is_file())
}

/// The folders that hold Python's packages under an environment's or a system's prefix.
fn site_packages(prefix: &Path) -> Vec<PathBuf> {
    let mut folders = vec![prefix.join("Lib/site-packages"), prefix.join("lib/python3/dist-packages")];
    for lib in ["lib", "lib64", "local/lib"] {
        let Ok(entries) = fs::read_dir(prefix.join(lib)) else { continue };
        let mut versions: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3.")))
            .collect();
        versions.sort();
        for version in versions.into_iter().rev() {
            folders.extend(["site-packages", "dist-packages"].map(|packages| version.join(packages)));
        }
    }
    folders
}

/// The prefixes of the Pythons at hand: the active environment, the first `python3` and `python` among
/// the programs (as they are called, and where they really lie), and a person's own packages.
fn prefixes(surroundings: &Surroundings) -> Vec<PathBuf> {
    let mut prefixes: Vec<PathBuf> = surroundings.virtual_env.iter().cloned().collect();
    for python in pythons(surroundings) {
        let real = fs::canonicalize(&python).ok();
        for program in [Some(python), real].into_iter().flatten() {
            // bin/python3, or on Windows python.exe itself.
            let folder = program.parent().map(Path::to_path_buf);
            prefixes.extend(folder.iter().filter_map(|folder| folder.parent()).map(Path::to_path_buf));
            prefixes.extend(folder);
        }
    }
    prefixes.extend(surroundings.home.iter().map(|home| home.join(".local")));
    prefixes
}

fn pythons(surroundings: &Surroundings) -> Vec<PathBuf> {
    let names = ["python3", "python"].map(|name| format!("{name}{}", env::consts::EXE_SUFFIX));
    names.iter().filter_map(|name| surroundings.folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file())).collect()
}

/// Where a Python keeps the package `openvino`, in its own words.
fn ask(python: &Path) -> Option<PathBuf> {
    const QUESTION: &str = "import importlib.util as u; s = u.find_spec('openvino'); print(s.submodule_search_locations[0] if s else '')";
    let answer = process::output_within(python, &["-I", "-c", QUESTION], PYTHON_LIMIT)?;
    let folder = String::from_utf8(answer).ok()?;
    let folder = folder.trim();
    (!folder.is_empty()).then(|| PathBuf::from(folder))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with empty files, and the path of one of them.
    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    fn library(versions: &str) -> String {
        if cfg!(target_os = "macos") { format!("libopenvino_c{versions}.dylib") } else { format!("libopenvino_c.so{versions}") }
    }

    #[test]
    fn a_named_place_is_a_file_a_folder_or_an_environment() {
        let name = library(".2641");
        for place in ["", "libs", "openvino/libs", "runtime/lib/intel64", "lib/python3.11/site-packages/openvino/libs"] {
            let file = Path::new(place).join(&name).to_string_lossy().into_owned();
            let root = tree(&[&file]);
            assert_eq!(library_at(root.path()), Some(root.path().join(&file)), "{place}");
            assert_eq!(library_at(&root.path().join(&file)), Some(root.path().join(&file)));
        }
        let empty = tree(&["libs/libopenvino.so", "libs/libopenvino_c.so.txt"]);
        assert_eq!(library_at(empty.path()), None);
        let error = candidates(Some(empty.path()), &Surroundings::default()).unwrap_err();
        assert_eq!(error, RuntimeError::NotThere(empty.path().to_path_buf()));
    }

    #[test]
    fn the_newest_of_several_versions() {
        let names = [".2520", ".2641", ".99"].map(library);
        let root = tree(&names.each_ref().map(String::as_str));
        assert_eq!(library_in(root.path()), Some(root.path().join(&names[1])));
    }

    #[test]
    fn what_is_named_comes_first_then_the_active_environment_then_the_programs() {
        let file = format!("lib/python3.12/site-packages/openvino/libs/{}", library(".2641"));
        let [named, active, other] = [(); 3].map(|()| tree(&[&file, "bin/python3"]));
        let mut surroundings =
            Surroundings { variable: None, virtual_env: Some(active.path().into()), folders: vec![other.path().join("bin")], home: None };
        let of = |root: &tempfile::TempDir| Candidate::File(root.path().join(&file));
        assert_eq!(candidates(None, &surroundings).unwrap(), [Candidate::System, of(&active), of(&other)]);
        surroundings.variable = Some(named.path().into());
        assert_eq!(candidates(None, &surroundings).unwrap(), [of(&named)]);
        assert_eq!(candidates(Some(other.path()), &surroundings).unwrap(), [of(&other)]);
    }

    /// An environment's `bin/python3` is a link to the system's: both prefixes count.
    #[test]
    fn a_linked_python_has_two_prefixes() {
        let file = format!("lib/python3.12/dist-packages/openvino/libs/{}", library(""));
        let system = tree(&[&file, "bin/python3"]);
        let environment = tree(&["bin/other"]);
        std::os::unix::fs::symlink(system.path().join("bin/python3"), environment.path().join("bin/python3")).unwrap();
        let surroundings = Surroundings { folders: vec![environment.path().join("bin")], ..Surroundings::default() };
        let found = candidates(None, &surroundings).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(matches!(&found[1], Candidate::File(path) if path.ends_with(&file)), "{found:?}");
    }

    /// Such as pyenv's starter: nothing lies beside it, so it is asked.
    #[test]
    fn a_script_that_starts_python_is_asked() {
        use std::os::unix::fs::PermissionsExt;
        let name = library(".2641");
        let root = tree(&[&format!("far/openvino/libs/{name}"), "shims/python3"]);
        let shim = root.path().join("shims/python3");
        fs::write(&shim, format!("#!/bin/sh\necho '{}'\n", root.path().join("far/openvino").display())).unwrap();
        fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).unwrap();
        let surroundings = Surroundings { folders: vec![root.path().join("shims")], ..Surroundings::default() };
        let found = candidates(None, &surroundings).unwrap();
        assert_eq!(found, [Candidate::System, Candidate::File(root.path().join("far/openvino/libs").join(name))]);
    }
}
