//! The helper: this program once more, as the process that the OpenVINO library is loaded into. It
//! answers requests on standard input until that ends. Nobody calls it by hand.

use std::ffi::OsStr;
use std::io;

/// The hidden subcommand.
pub const COMMAND: &str = "runtime-helper";
/// In the place of a library: the one that OpenVINO's installers put into the system.
pub const SYSTEM: &str = "--system";

/// Loads the library and answers.
///
/// # Errors
/// The program at the other end is gone.
#[cfg(not(feature = "openvino"))]
pub fn run(_library: &OsStr) -> io::Result<()> {
    use super::protocol::{self, Hello};
    let why = super::RuntimeError::NotBuilt.to_string();
    protocol::send(&mut io::stdout().lock(), &Hello::Unusable { why })
}

/// Loads the library and answers.
///
/// # Errors
/// The program at the other end is gone.
#[cfg(feature = "openvino")]
pub fn run(library: &OsStr) -> io::Result<()> {
    answers::run(library)
}

#[cfg(feature = "openvino")]
mod answers {
    use std::ffi::OsStr;
    use std::io::{self, BufReader, BufWriter, Read, Write};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::{Path, PathBuf};

    use anyhow::{Context, Result, bail};
    use openvino::{CompiledModel, Core, DeviceType, ElementType, InferRequest, RwPropertyKey, Shape, Tensor};

    use crate::model::DType;
    use crate::runtime::protocol::{self, Form, Hello, Output, Reply, Request};

    pub fn run(library: &OsStr) -> io::Result<()> {
        // The crate panics where a symbol is missing. What it says goes into the reply, not to the terminal.
        std::panic::set_hook(Box::new(|_| {}));
        let mut input = BufReader::new(io::stdin().lock());
        let mut out = BufWriter::new(io::stdout().lock());
        let hello = caught(|| Ok(load(library))).unwrap_or_else(|error| Hello::Unusable { why: error.to_string() });
        protocol::send(&mut out, &hello)?;
        out.flush()?;
        if !matches!(hello, Hello::Ready { .. }) {
            return Ok(());
        }
        let mut core = caught(core);
        while let Ok(request) = protocol::receive(&mut input) {
            match request {
                Request::Compute { form, graph_bytes, constant_bytes } => {
                    let graph = bytes(&mut input, graph_bytes)?;
                    let constants = constants(&mut input, constant_bytes).map_err(io::Error::other)?;
                    match caught(|| compute(&mut core, form, &graph, &constants)) {
                        Ok(computed) => send(&mut out, &computed)?,
                        Err(error) => refuse(&mut out, &error)?,
                    }
                }
                Request::Read { model, bin } => match caught(|| read(&mut core, &model, bin.as_deref())) {
                    Ok(()) => protocol::send(&mut out, &Reply::Read)?,
                    Err(error) => refuse(&mut out, &error)?,
                },
            }
            out.flush()?;
        }
        Ok(())
    }

    fn load(library: &OsStr) -> Hello {
        let path = if library == super::SYSTEM { openvino_sys::library::find() } else { Some(PathBuf::from(library)) };
        let Some(path) = path else { return Hello::Absent };
        match openvino_sys::library::load_from(&path) {
            Ok(()) => Hello::Ready { version: openvino::version().build_number, path: path.to_string_lossy().into_owned() },
            Err(why) if why.contains("too old") => Hello::TooOld { version: why.rsplit(": ").next().unwrap_or_default().to_owned() },
            Err(why) => Hello::Unusable { why },
        }
    }

    /// The runtime, set to compute in float32 as the rule for all values here is.
    fn core() -> Result<Core> {
        let mut core = Core::new()?;
        core.set_property(&DeviceType::CPU, &RwPropertyKey::HintInferencePrecision, "f32")?;
        Ok(core)
    }

    /// Outputs, and what they lie in.
    struct Computed {
        outputs: Vec<Tensor>,
        _request: InferRequest,
        _model: CompiledModel,
    }

    fn compute(core: &mut Result<Core>, form: Form, graph: &[u8], constants: &Tensor) -> Result<Computed> {
        let core = usable(core)?;
        let model = match form {
            Form::Ir => core.read_model_from_buffer(graph, Some(constants))?,
            Form::Tflite => {
                // That frontend reads files only.
                let mut file = tempfile::Builder::new().suffix(".tflite").tempfile().context("no temporary file can be made")?;
                file.write_all(graph).context("a temporary file can't be written")?;
                core.read_model_from_file(text(file.path())?, "")?
            }
        };
        let mut compiled = core.compile_model(&model, DeviceType::CPU)?;
        let mut request = compiled.create_infer_request()?;
        request.infer()?;
        let outputs =
            (0..compiled.get_output_size()?).map(|index| Ok(request.get_output_tensor_by_index(index)?)).collect::<Result<_>>()?;
        Ok(Computed { outputs, _request: request, _model: compiled })
    }

    fn read(core: &mut Result<Core>, model: &str, bin: Option<&str>) -> Result<()> {
        let core = usable(core)?;
        let path = Path::new(model);
        // The frontends go by the extension.
        let is_known = path.extension().is_some_and(|extension| extension == "xml" || extension == "tflite");
        if is_known {
            core.read_model_from_file(model, bin.unwrap_or_default())?;
            return Ok(());
        }
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        let link = folder.path().join("model.tflite");
        link_or_copy(path, &link).context("the model can't be given the extension that OpenVINO wants")?;
        core.read_model_from_file(text(&link)?, "")?;
        Ok(())
    }

    fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
        #[cfg(unix)]
        return std::os::unix::fs::symlink(from, to);
        #[cfg(not(unix))]
        return std::fs::copy(from, to).map(|_| ());
    }

    fn send(out: &mut impl Write, computed: &Computed) -> io::Result<()> {
        let headers = match computed.outputs.iter().map(header).collect::<Result<Vec<_>>>() {
            Ok(headers) => headers,
            Err(error) => return refuse(out, &error),
        };
        protocol::send(out, &Reply::Outputs(headers.clone()))?;
        for (tensor, header) in computed.outputs.iter().zip(headers) {
            // An empty tensor has no bytes to point at.
            if header.bytes > 0 {
                out.write_all(tensor.get_raw_data().map_err(io::Error::other)?)?;
            }
        }
        Ok(())
    }

    fn header(tensor: &Tensor) -> Result<Output> {
        let dtype = match tensor.get_element_type()? {
            ElementType::F32 => DType::F32,
            ElementType::F16 => DType::F16,
            ElementType::Bf16 => DType::Bf16,
            ElementType::I8 => DType::I8,
            ElementType::U8 => DType::U8,
            ElementType::I16 => DType::I16,
            ElementType::U16 => DType::U16,
            ElementType::I32 => DType::I32,
            ElementType::Boolean => DType::Bool,
            other => bail!("it gives the type {other}"),
        };
        let shape = match tensor.get_shape() {
            Ok(shape) => shape.get_dimensions().iter().map(|dim| u64::try_from(*dim)).collect::<Result<_, _>>()?,
            // The C API has no shape of rank 0.
            Err(_) if tensor.get_size()? == 1 => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Output { dtype: dtype.name().to_owned(), shape, bytes: tensor.get_byte_size()? as u64 })
    }

    fn refuse(out: &mut impl Write, error: &anyhow::Error) -> io::Result<()> {
        protocol::send(out, &Reply::Refused(error.to_string()))
    }

    fn usable(core: &mut Result<Core>) -> Result<&mut Core> {
        core.as_mut().map_err(|error| anyhow::anyhow!("{error}"))
    }

    fn text(path: &Path) -> Result<&str> {
        path.to_str().context("the name of a temporary file is not UTF-8")
    }

    fn bytes(input: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if input.take(count).read_to_end(&mut bytes)? as u64 == count { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads constants to where the runtime takes them from. A tensor without any has a byte.
    fn constants(input: &mut impl Read, count: u64) -> Result<Tensor> {
        let mut tensor = Tensor::new(ElementType::U8, &Shape::new(&[i64::try_from(count)?.max(1)])?)?;
        input.read_exact(&mut tensor.get_raw_data_mut()?[..usize::try_from(count)?])?;
        Ok(tensor)
    }

    /// The result of work, or its panic as an error.
    fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            bail!("{}", text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())
        })
    }
}
