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
    use std::time::{Duration, Instant};

    use anyhow::{Context, Result, bail};
    use openvino::{
        CompiledModel, Core, DeviceType, Dimension, ElementType, InferRequest, Model, PartialShape, Rank, RwPropertyKey, Shape, Tensor,
    };

    use crate::model::DType;
    use crate::runtime::protocol::{self, Form, Hello, Output, Ran, Reply, Request};

    /// For so long a model is run ...
    const RUN_FOR: Duration = Duration::from_secs(1);
    /// ... at least so often ...
    const LEAST_INFERENCES: u32 = 3;
    /// ... and at most. The counters are sums of microseconds.
    const MOST_INFERENCES: u32 = 10_000;

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
                Request::Read { model, bin, folder } => match caught(|| read(&mut core, &model, bin.as_deref(), folder.as_deref())) {
                    Ok(()) => protocol::send(&mut out, &Reply::Read)?,
                    Err(error) => refuse(&mut out, &error)?,
                },
                Request::Run { model, bin, folder, source } => {
                    match caught(|| run_model(&model, bin.as_deref(), Path::new(&folder), source.as_deref().map(Path::new))) {
                        Ok((ran, graph)) => {
                            protocol::send(&mut out, &Reply::Ran(ran))?;
                            out.write_all(&graph)?;
                        }
                        Err(error) => refuse(&mut out, &error)?,
                    }
                }
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

    fn read(core: &mut Result<Core>, model: &str, bin: Option<&str>, folder: Option<&str>) -> Result<()> {
        let mut model = read_model(usable(core)?, model, bin)?;
        if let Some(folder) = folder {
            // Whoever asked sees whether it is there.
            let _ = written(&mut model, Path::new(folder));
            // The folder is not this process's to hold.
            let _ = std::env::set_current_dir(std::env::temp_dir());
        }
        Ok(())
    }

    fn read_model(core: &mut Core, model: &str, bin: Option<&str>) -> Result<Model> {
        let path = Path::new(model);
        // The frontends go by the extension.
        let is_known = path.extension().is_some_and(|extension| extension == "xml" || extension == "tflite");
        if is_known {
            return Ok(core.read_model_from_file(model, bin.unwrap_or_default())?);
        }
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        let link = folder.path().join("model.tflite");
        link_or_copy(path, &link).context("the model can't be given the extension that OpenVINO wants")?;
        Ok(core.read_model_from_file(text(&link)?, "")?)
    }

    /// Compiles a model as the runtime does it when nobody asks for anything else, but for the counters,
    /// and runs it on zeros.
    fn run_model(model: &str, bin: Option<&str>, folder: &Path, source: Option<&Path>) -> Result<(Ran, Vec<u8>)> {
        // The other core computes in float32.
        let mut core = Core::new()?;
        core.set_property(&DeviceType::CPU, &RwPropertyKey::EnableProfiling, "YES")?;
        let mut model = read_model(&mut core, model, bin)?;
        let begun = Instant::now();
        let mut compiled = core.compile_model(&model, DeviceType::CPU)?;
        let mut ran = Ran { compile_seconds: begun.elapsed().as_secs_f64(), ..Ran::default() };
        let mut request = compiled.create_infer_request()?;
        ran.problem = infer(&compiled, &mut request, &mut ran).err().map(|error| error.to_string());
        let graph = execution_graph(&compiled, folder)?;
        ran.graph_bytes = graph.len() as u64;
        if let Some(folder) = source {
            // Not before it was compiled: it is another model then. Without it less is known.
            let _ = written(&mut model, folder);
        }
        // The folder is not this process's to hold.
        let _ = std::env::set_current_dir(std::env::temp_dir());
        Ok((ran, graph))
    }

    /// Runs a model again and again: the first time takes longer.
    fn infer(compiled: &CompiledModel, request: &mut InferRequest, ran: &mut Ran) -> Result<()> {
        for input in 0..compiled.get_input_size()? {
            let port = compiled.get_input_by_index(input)?;
            let shape = port.get_partial_shape()?;
            // The C API takes a scalar's shape for an open one.
            let rank = shape.get_rank();
            let is_scalar = (rank.get_min(), rank.get_max()) == (0, 0);
            if is_scalar || !shape.is_dynamic() {
                continue;
            }
            // A length from 1 on, whatever else it may be; of an unknown rank an axis of one.
            let lengths: Vec<i64> = match rank.is_dynamic() {
                true => vec![1],
                false => shape.get_dimensions().iter().map(|dim| dim.get_min().max(1)).collect(),
            };
            request.set_input_tensor_by_index(input, &Tensor::new(port.get_element_type()?, &Shape::new(&lengths)?)?)?;
            let name = port.get_name().unwrap_or_else(|_| format!("input {input}"));
            ran.open_inputs.push((name, lengths.iter().map(|length| length.unsigned_abs()).collect()));
        }
        let begun = Instant::now();
        while ran.inferences < LEAST_INFERENCES || (begun.elapsed() < RUN_FOR && ran.inferences < MOST_INFERENCES) {
            request.infer()?;
            ran.inferences += 1;
            ran.inference_seconds = begun.elapsed().as_secs_f64() / f64::from(ran.inferences);
        }
        Ok(())
    }

    /// The graph that was executed.
    fn execution_graph(compiled: &CompiledModel, folder: &Path) -> Result<Vec<u8>> {
        let path = written(&mut compiled.get_runtime_model()?, folder)?;
        std::fs::read(path).context("the execution graph can't be read")
    }

    /// The file that a model was written to. The C API tells a model's inputs and outputs only; but the
    /// runtime writes a model to the working folder before it changes its shape, since the process was
    /// started with [`WRITE_MODELS`](crate::runtime::process). What becomes of the change does not matter.
    fn written(model: &mut Model, folder: &Path) -> Result<PathBuf> {
        std::env::set_current_dir(folder).context("the folder for the graph can't be entered")?;
        if model.get_inputs_len()? == 0 {
            bail!("it has no inputs, and without them the runtime does not hand out the graph that it executes");
        }
        let rank = model.get_input_by_index(0)?.get_partial_shape()?.get_rank().get_max().max(1);
        let open = vec![Dimension::new(-1, -1); usize::try_from(rank)?];
        let _ = model.reshape_by_port_indexes(&[(0, &PartialShape::new_dynamic(Rank::new(rank, rank), &open)?)]);
        let files = std::fs::read_dir(folder).context("the folder for the graph can't be read")?;
        let graphs = files.filter_map(|entry| Some(entry.ok()?.path()).filter(|path| path.extension().is_some_and(|end| end == "xml")));
        graphs.max().context("this release of the runtime does not hand out the graph that it executes")
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
