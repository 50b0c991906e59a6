//! The document as it stands: the layers, ports, edges and sections of an IR, read into [`Net`].
//! Nothing is looked up or resolved here.

use quick_xml::events::BytesStart;
use serde_json::{Map, Value};

use super::attribute;
use super::defaults;
use super::xml::{Document, Error, Result, attributes, entry_bytes};
use crate::model::{Attributes, DType, Graph, Operation, Tensor};

/// Bodies inside bodies, beyond which they are skipped. Real models nest two or three deep.
const MAX_BODIES: usize = 24;

/// What the parts of a document take in memory, about: here, in the graph that is made of them, and
/// in the tables that connect them. Lists keep room ahead of what they hold.
const LAYER_BYTES: usize = size_of::<Layer>() * 5 / 4 + size_of::<Operation>();
const INPUT_BYTES: usize = size_of::<Port>() + 64;
const OUTPUT_BYTES: usize = size_of::<Port>() + size_of::<Tensor>() + 64;
const DIM_BYTES: usize = size_of::<Option<u64>>();
const EDGE_BYTES: usize = size_of::<Edge>() * 5 / 4;
const BLOB_BYTES: usize = 2 * size_of::<Blob>() + size_of::<Tensor>();
/// An input that is filled in, with its name.
const FILLED_BYTES: usize = 2 * size_of::<Tensor>() + 64;
const BODY_BYTES: usize = 2 * (size_of::<(String, Net)>() + size_of::<Graph>());

/// A `<net>`, or the body of a layer.
#[derive(Debug, Default)]
pub struct Net {
    pub name: String,
    /// Empty for a body.
    pub version: String,
    pub layers: Vec<Layer>,
    pub edges: Vec<Edge>,
    /// The other sections (`rt_info`, `meta_data`, ...) by their tags, and the attributes of the root.
    pub info: Map<String, Value>,
}

#[derive(Debug, Default)]
pub struct Layer {
    /// `None` where the file has no whole number.
    pub id: Option<u64>,
    pub name: String,
    pub kind: String,
    /// The opset; empty in version 7 and before, and in graphs of what was executed.
    pub version: String,
    pub attributes: Attributes,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// The constants of a layer of version 7 and before.
    pub blobs: Vec<Blob>,
    /// Tag and content.
    pub bodies: Vec<(String, Net)>,
}

#[derive(Clone, Debug, Default)]
pub struct Port {
    pub id: Option<u64>,
    pub dtype: Option<DType>,
    /// Of an input only in version 7 and before, where a layer's constants take their shape from it.
    pub dims: Vec<Option<u64>>,
    /// The first of the tensor names.
    pub name: Option<String>,
}

/// `<weights offset size precision/>` and its like.
#[derive(Debug)]
pub struct Blob {
    pub name: String,
    /// As the file spells it.
    pub precision: Option<String>,
    pub offset: Option<u64>,
    pub size: Option<u64>,
}

/// Layer and port ids; `None` where the file has no whole number.
#[derive(Debug)]
pub struct Edge {
    pub from: (Option<u64>, Option<u64>),
    pub to: (Option<u64>, Option<u64>),
}

/// Reads a whole document.
///
/// # Errors
/// [`Error`]: cancelled, not well-formed XML, no `<net>` at its root, or of another version.
pub fn read(document: &mut Document<'_>) -> Result<Net> {
    let root = document.root()?;
    let mut net = Net::default();
    for attribute in attributes(&root) {
        match attribute? {
            ("name", value) => net.name = value.into_owned(),
            ("version", value) => net.version = value.trim().into(),
            (key, value) => document.insert(&mut net.info, key.into(), attribute::value(key, &value))?,
        }
    }
    if !root.name().as_ref().eq_ignore_ascii_case("net") {
        return Err(Error::Malformed("the root element is not <net>".into()));
    }
    if net.version.is_empty() {
        return Err(Error::Malformed("the root element has no version".into()));
    }
    if !net.is_legacy() && !matches!(net.version.as_str(), "10" | "11") {
        return Err(Error::Version(net.version.chars().take(40).collect()));
    }
    let is_legacy = net.is_legacy();
    Parts { document, is_legacy, path_bytes: 0 }.net(&mut net, "net", 0)?;
    Ok(net)
}

impl Net {
    /// Whether this is a document of versions 2 to 7, where layers have blobs and no opset.
    pub fn is_legacy(&self) -> bool {
        matches!(self.version.as_str(), "2" | "3" | "4" | "5" | "6" | "7")
    }
}

/// The parts of a document, element by element.
struct Parts<'d, 'x> {
    document: &'d mut Document<'x>,
    is_legacy: bool,
    /// The length of the way to the body that is being read.
    path_bytes: usize,
}

impl<'x> Parts<'_, 'x> {
    /// The layers, edges and sections of a net or body whose start tag was read.
    fn net(&mut self, net: &mut Net, tag: &str, depth: usize) -> Result<()> {
        while let Some(child) = self.document.next_child(tag)? {
            match child.name().as_ref() {
                "layers" => {
                    while let Some(layer) = self.document.next_child("layers")? {
                        match layer.name().as_ref() {
                            "layer" => push(&mut net.layers, self.layer(&layer, depth)?),
                            _ => self.document.skip("layers")?,
                        }
                    }
                }
                "edges" => {
                    while let Some(edge) = self.document.next_child("edges")? {
                        if edge.name().as_ref() == "edge" {
                            self.document.pay(EDGE_BYTES)?;
                            push(&mut net.edges, read_edge(&edge)?);
                        }
                        self.document.skip("edge")?;
                    }
                }
                _ => {
                    let (key, value) = self.document.info(&child)?;
                    if !value.is_null() {
                        self.document.insert(&mut net.info, key, value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn layer(&mut self, start: &BytesStart<'x>, depth: usize) -> Result<Layer> {
        self.document.pay(LAYER_BYTES)?;
        let mut layer = Layer::default();
        let mut own = Map::new();
        for attribute in attributes(start) {
            match attribute? {
                ("id", value) => layer.id = value.trim().parse().ok(),
                ("name", value) => layer.name = value.into_owned(),
                ("type", value) => layer.kind = value.into_owned(),
                ("version", value) => layer.version = value.into_owned(),
                (key, value) => self.attribute(&mut own, key, attribute::value(key, &value))?,
            }
        }
        self.document.pay(2 * layer.name.len() + layer.kind.len() + layer.version.len())?;
        // What only an extension understands stays as the file has it.
        let is_foreign = !attribute::is_known_opset(&layer.version);
        while let Some(child) = self.document.next_child("layer")? {
            match child.name().as_ref() {
                tag if tag == "data" || (self.is_legacy && tag.ends_with("_data")) => {
                    for attribute in attributes(&child) {
                        let (key, text) = attribute?;
                        let value = if is_foreign { Value::from(text) } else { attribute::value(key, &text) };
                        self.attribute(&mut own, key, value)?;
                    }
                    self.document.skip("data")?;
                }
                // A tensor without a name of its own is called after its layer.
                "input" if self.is_legacy => {
                    layer.inputs = self.ports(&mut own, true, INPUT_BYTES + size_of::<Tensor>() + layer.name.len())?;
                }
                "input" => layer.inputs = self.ports(&mut own, false, INPUT_BYTES)?,
                "output" => layer.outputs = self.ports(&mut own, true, OUTPUT_BYTES + layer.name.len())?,
                "weights" | "biases" if self.is_legacy => layer.blobs.push(self.blob(&child, layer.name.len())?),
                "blobs" if self.is_legacy => {
                    while let Some(blob) = self.document.next_child("blobs")? {
                        layer.blobs.push(self.blob(&blob, layer.name.len())?);
                    }
                }
                tag if tag.contains("body") => {
                    let tag = tag.to_owned();
                    if depth < MAX_BODIES {
                        // The graph is called by its path, and keeps the path in parts too.
                        let way = layer.name.len() + tag.len() + size_of::<String>();
                        self.path_bytes = self.path_bytes.saturating_add(way);
                        self.document.pay(BODY_BYTES.saturating_add(self.path_bytes.saturating_mul(3)))?;
                        let mut body = Net::default();
                        self.net(&mut body, &tag, depth + 1)?;
                        self.path_bytes = self.path_bytes.saturating_sub(way);
                        layer.bodies.push((tag, body));
                    } else {
                        let name = &layer.name;
                        self.document.warnings.add("bodies are nested too deeply and are left out", || format!("layer `{name}`"));
                        self.document.skip(&tag)?;
                    }
                }
                tag if tag.contains("port_map") || tag.contains("back_edges") => {
                    let (tag, map) = (tag.to_owned(), self.connections()?);
                    own.insert(tag, map);
                }
                _ => {
                    let (key, value) = self.document.info(&child)?;
                    self.document.insert(&mut own, key, value)?;
                }
            }
        }
        self.document.pay(defaults::most(&layer) * (FILLED_BYTES + layer.name.len()))?;
        layer.attributes = self.document.attributes(own)?;
        Ok(layer)
    }

    /// An attribute of a layer; of two with one name the later counts.
    fn attribute(&mut self, map: &mut Map<String, Value>, key: &str, value: Value) -> Result<()> {
        self.document.pay(entry_bytes(key, &value))?;
        map.insert(key.into(), value);
        Ok(())
    }

    /// The ports of an `<input>` or `<output>`. What they say beyond their shape goes to the
    /// layer's `port_rt_info`, by port id.
    fn ports(&mut self, layer: &mut Map<String, Value>, with_dims: bool, bytes: usize) -> Result<Vec<Port>> {
        let mut ports = Vec::new();
        while let Some(start) = self.document.next_child("ports")? {
            if start.name().as_ref() != "port" {
                self.document.skip("port")?;
                continue;
            }
            let mut port = Port::default();
            for attribute in attributes(&start) {
                match attribute? {
                    ("id", value) => port.id = value.trim().parse().ok(),
                    ("precision", value) => port.dtype = Some(attribute::element_type(&value)),
                    ("names", value) => port.name = first_name(&value),
                    _ => {}
                }
            }
            self.document.pay(bytes + port.name.as_ref().map_or(0, String::len))?;
            while let Some(child) = self.document.next_child("port")? {
                match child.name().as_ref() {
                    "dim" if with_dims => {
                        self.document.pay(if self.is_legacy { 2 * DIM_BYTES } else { DIM_BYTES })?;
                        let text = self.document.text("dim")?;
                        port.dims.push(text.parse().ok());
                    }
                    "rt_info" => {
                        let (_, info) = self.document.info(&child)?;
                        let all = layer.entry("port_rt_info").or_insert_with(|| Value::Object(Map::new()));
                        if let (Some(all), Some(id)) = (all.as_object_mut(), port.id) {
                            self.document.insert(all, id.to_string(), info)?;
                        }
                    }
                    _ => self.document.skip("port")?,
                }
            }
            port.dims.shrink_to_fit();
            ports.push(port);
        }
        ports.shrink_to_fit();
        Ok(ports)
    }

    fn blob(&mut self, start: &BytesStart<'x>, layer_name: usize) -> Result<Blob> {
        let mut blob = Blob { name: start.name().as_ref().to_owned(), precision: None, offset: None, size: None };
        for attribute in attributes(start) {
            match attribute? {
                ("offset", value) => blob.offset = value.trim().parse().ok(),
                ("size", value) => blob.size = value.trim().parse().ok(),
                ("precision", value) => blob.precision = Some(value.into_owned()),
                _ => {}
            }
        }
        self.document.pay(BLOB_BYTES + layer_name + 3 * blob.name.len())?;
        self.document.skip("blob")?;
        Ok(blob)
    }

    /// A port map or back edges: the attributes of the children, listed by their tags.
    fn connections(&mut self) -> Result<Value> {
        let mut map = Map::new();
        while let Some(child) = self.document.next_child("port_map")? {
            let mut entry = Map::new();
            for attribute in attributes(&child) {
                let (key, value) = attribute?;
                self.attribute(&mut entry, key, attribute::value(key, &value))?;
            }
            let tag = child.name().as_ref().to_owned();
            self.document.pay(size_of::<Value>() * 2)?;
            if let Value::Array(list) = map.entry(tag).or_insert_with(|| Value::Array(Vec::new())) {
                list.push(Value::Object(entry));
            }
            self.document.skip("port_map")?;
        }
        Ok(Value::Object(map))
    }
}

/// Adds to a list that grows by a quarter.
fn push<T>(list: &mut Vec<T>, entry: T) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 4).max(4));
    }
    list.push(entry);
}

fn read_edge(start: &BytesStart<'_>) -> Result<Edge> {
    let mut edge = Edge { from: (None, None), to: (None, None) };
    for attribute in attributes(start) {
        let (key, value) = attribute?;
        let id = value.trim().parse().ok();
        match key {
            "from-layer" => edge.from.0 = id,
            "from-port" => edge.from.1 = id,
            "to-layer" => edge.to.0 = id,
            "to-port" => edge.to.1 = id,
            _ => {}
        }
    }
    Ok(edge)
}

/// The first of a port's tensor names, which commas separate and a backslash shields.
fn first_name(names: &str) -> Option<String> {
    let mut name = String::new();
    let mut characters = names.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(',') => name.push(','),
                Some(other) => name.extend(['\\', other]),
                None => name.push('\\'),
            },
            ',' => break,
            _ => name.push(character),
        }
    }
    (!name.is_empty()).then_some(name)
}
