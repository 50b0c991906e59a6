//! The document as it stands: a streaming reader of IR XML into [`Net`], without a tree in between.
//!
//! Nothing is looked up or resolved here. Entities other than XML's own five and character
//! references are not expanded, a document type is skipped, and nesting is bounded.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::attribute;
use super::warnings::Warnings;
use crate::jobs::{Cancelled, Token};
use crate::model::DType;

/// Bodies inside bodies, beyond which they are skipped. Real models nest two or three deep.
const MAX_BODIES: usize = 24;
/// Elements inside elements of `rt_info` and its like.
const MAX_INFO: usize = 32;
/// How often cancellation is looked at, in events.
const EVENTS_PER_CHECK: u32 = 1 << 12;

/// A `<net>`, or the body of a layer.
#[derive(Debug, Default)]
pub struct Net {
    pub name: String,
    pub version: String,
    pub layers: Vec<Layer>,
    pub edges: Vec<Edge>,
    /// The other sections (`rt_info`, `meta_data`, ...), by their tags.
    pub info: Map<String, Value>,
}

#[derive(Debug, Default)]
pub struct Layer {
    /// `None` where the file has no whole number.
    pub id: Option<u64>,
    pub name: String,
    pub kind: String,
    pub version: String,
    pub attributes: Map<String, Value>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// Tag and content.
    pub bodies: Vec<(String, Net)>,
}

#[derive(Debug, Default)]
pub struct Port {
    pub id: Option<u64>,
    pub dtype: Option<DType>,
    pub dims: Vec<Option<u64>>,
    /// The first of the tensor names.
    pub name: Option<String>,
}

/// Layer and port ids; `None` where the file has no whole number.
#[derive(Debug)]
pub struct Edge {
    pub from: (Option<u64>, Option<u64>),
    pub to: (Option<u64>, Option<u64>),
}

pub enum Error {
    Cancelled(Cancelled),
    /// What is wrong, and where.
    Malformed(String),
    /// Not a version that is read here.
    Version(String),
}

impl From<Cancelled> for Error {
    fn from(cancelled: Cancelled) -> Self {
        Self::Cancelled(cancelled)
    }
}

type Result<T> = std::result::Result<T, Error>;

/// Reads a whole document.
///
/// # Errors
/// [`Error`]: cancelled, not well-formed XML, no `<net>` at its root, or of another version.
pub fn read(text: &str, token: &Token, warnings: &mut Warnings) -> Result<Net> {
    let mut document = Document::new(text, token, warnings);
    let Some(root) = document.next_child("the document")? else {
        return Err(Error::Malformed("there is no root element".into()));
    };
    let mut net = Net::default();
    for (key, value) in attributes(&root)? {
        match key {
            "name" => net.name = value,
            "version" => net.version = value.trim().into(),
            _ => {
                net.info.insert(key.into(), attribute::value(key, &value));
            }
        }
    }
    if !root.name().as_ref().eq_ignore_ascii_case("net") {
        return Err(Error::Malformed("the root element is not <net>".into()));
    }
    match net.version.as_str() {
        "10" | "11" => {}
        "" => return Err(Error::Malformed("the root element has no version".into())),
        other => return Err(Error::Version(other.chars().take(40).collect())),
    }
    document.net(&mut net, "net", 0)?;
    Ok(net)
}

struct Document<'x> {
    reader: Reader<&'x [u8]>,
    token: &'x Token,
    warnings: &'x mut Warnings,
    events: u32,
    /// Bytes that the token was told of.
    told: u64,
}

enum Node<'x> {
    Open(BytesStart<'x>),
    Text(String),
    Close,
    End,
}

impl<'x> Document<'x> {
    fn new(text: &'x str, token: &'x Token, warnings: &'x mut Warnings) -> Self {
        token.expect(text.len() as u64);
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, token, warnings, events: 0, told: 0 }
    }

    /// The layers, edges and sections of a net or body whose start tag was read.
    fn net(&mut self, net: &mut Net, tag: &str, depth: usize) -> Result<()> {
        while let Some(child) = self.next_child(tag)? {
            match child.name().as_ref() {
                "layers" => {
                    while let Some(layer) = self.next_child("layers")? {
                        match layer.name().as_ref() {
                            "layer" => net.layers.push(self.layer(&layer, depth)?),
                            _ => self.skip("layers")?,
                        }
                    }
                }
                "edges" => {
                    while let Some(edge) = self.next_child("edges")? {
                        if edge.name().as_ref() == "edge" {
                            net.edges.push(read_edge(&edge)?);
                        }
                        self.skip("edge")?;
                    }
                }
                _ => {
                    let (key, value) = self.info(&child, 0)?;
                    insert(&mut net.info, key, value);
                }
            }
        }
        Ok(())
    }

    fn layer(&mut self, start: &BytesStart<'x>, depth: usize) -> Result<Layer> {
        let mut layer = Layer::default();
        for (key, value) in attributes(start)? {
            match key {
                "id" => layer.id = value.trim().parse().ok(),
                "name" => layer.name = value,
                "type" => layer.kind = value,
                "version" => layer.version = value,
                _ => {
                    layer.attributes.insert(key.into(), attribute::value(key, &value));
                }
            }
        }
        while let Some(child) = self.next_child("layer")? {
            match child.name().as_ref() {
                "data" => {
                    for (key, value) in attributes(&child)? {
                        layer.attributes.insert(key.into(), attribute::value(key, &value));
                    }
                    self.skip("data")?;
                }
                "input" => layer.inputs = self.ports(&mut layer.attributes)?,
                "output" => layer.outputs = self.ports(&mut layer.attributes)?,
                tag if tag.contains("body") => {
                    let tag = tag.to_owned();
                    if depth < MAX_BODIES {
                        let mut body = Net::default();
                        self.net(&mut body, &tag, depth + 1)?;
                        layer.bodies.push((tag, body));
                    } else {
                        self.warnings.add("bodies are nested too deeply and are left out", || format!("layer `{}`", layer.name));
                        self.skip(&tag)?;
                    }
                }
                tag if tag.contains("port_map") || tag.contains("back_edges") => {
                    let (tag, map) = (tag.to_owned(), self.connections()?);
                    layer.attributes.insert(tag, map);
                }
                _ => {
                    let (key, value) = self.info(&child, 0)?;
                    insert(&mut layer.attributes, key, value);
                }
            }
        }
        Ok(layer)
    }

    /// The ports of an `<input>` or `<output>`. What they say beyond their shape goes to the
    /// layer's `port_rt_info`, by port id.
    fn ports(&mut self, layer: &mut Map<String, Value>) -> Result<Vec<Port>> {
        let mut ports = Vec::new();
        while let Some(start) = self.next_child("ports")? {
            if start.name().as_ref() != "port" {
                self.skip("port")?;
                continue;
            }
            let mut port = Port::default();
            for (key, value) in attributes(&start)? {
                match key {
                    "id" => port.id = value.trim().parse().ok(),
                    "precision" => port.dtype = Some(attribute::element_type(&value)),
                    "names" => port.name = first_name(&value),
                    _ => {}
                }
            }
            while let Some(child) = self.next_child("port")? {
                match child.name().as_ref() {
                    "dim" => {
                        let text = self.text("dim")?;
                        port.dims.push(text.trim().parse().ok());
                    }
                    "rt_info" => {
                        let (_, info) = self.info(&child, 0)?;
                        let all = layer.entry("port_rt_info").or_insert_with(|| Value::Object(Map::new()));
                        if let (Some(all), Some(id)) = (all.as_object_mut(), port.id) {
                            all.insert(id.to_string(), info);
                        }
                    }
                    _ => self.skip("port")?,
                }
            }
            ports.push(port);
        }
        Ok(ports)
    }

    /// A port map or back edges: the attributes of the children, listed by their tags.
    fn connections(&mut self) -> Result<Value> {
        let mut map = Map::new();
        while let Some(child) = self.next_child("port_map")? {
            let entry: Map<String, Value> =
                attributes(&child)?.into_iter().map(|(key, value)| (key.to_owned(), attribute::value(key, &value))).collect();
            let tag = child.name().as_ref().to_owned();
            if let Value::Array(list) = map.entry(tag).or_insert_with(|| Value::Array(Vec::new())) {
                list.push(Value::Object(entry));
            }
            self.skip("port_map")?;
        }
        Ok(Value::Object(map))
    }

    /// An element of free form, and the key it goes by: `<info name value>` and `<attribute name>`
    /// by their name, others by their tag. A lone `value` or text stands for itself.
    fn info(&mut self, start: &BytesStart<'x>, depth: usize) -> Result<(String, Value)> {
        let mut key = start.name().as_ref().to_owned();
        let is_named = matches!(key.as_str(), "info" | "attribute");
        let mut map = Map::new();
        for (name, value) in attributes(start)? {
            match name {
                "name" if is_named => key = value,
                // The version of the attribute's class, not of anything in the model.
                "version" if is_named => {}
                _ => {
                    map.insert(name.to_owned(), Value::from(value));
                }
            }
        }
        let mut text = String::new();
        loop {
            match self.next()? {
                Node::Open(child) if depth < MAX_INFO => {
                    let (key, value) = self.info(&child, depth + 1)?;
                    insert(&mut map, key, value);
                }
                Node::Open(_) => {
                    self.warnings.once("information is nested too deeply and is left out in part");
                    self.skip("info")?;
                }
                Node::Text(part) => text.push_str(&part),
                Node::Close => break,
                Node::End => return Err(ends_inside(&key)),
            }
        }
        let text = text.trim();
        let value = match (map.len(), map.get("value"), text.is_empty()) {
            (0, _, true) if is_named => Value::from(true),
            (0, _, true) => Value::Null,
            (0, _, false) => Value::from(text),
            (1, Some(value), true) => value.clone(),
            (_, _, true) => Value::Object(map),
            (_, _, false) => {
                map.insert("text".into(), Value::from(text));
                Value::Object(map)
            }
        };
        Ok((key, value))
    }

    /// The next child element; `None` at the end tag of the parent.
    fn next_child(&mut self, parent: &str) -> Result<Option<BytesStart<'x>>> {
        loop {
            match self.next()? {
                Node::Open(start) => return Ok(Some(start)),
                Node::Close => return Ok(None),
                Node::Text(_) => {}
                Node::End if parent == "the document" => return Ok(None),
                Node::End => return Err(ends_inside(parent)),
            }
        }
    }

    /// Skips to the end of an element whose start tag was read.
    fn skip(&mut self, tag: &str) -> Result<()> {
        let mut depth = 0u64;
        loop {
            match self.next()? {
                Node::Open(_) => depth += 1,
                Node::Close if depth == 0 => return Ok(()),
                Node::Close => depth -= 1,
                Node::Text(_) => {}
                Node::End => return Err(ends_inside(tag)),
            }
        }
    }

    /// The text of an element whose start tag was read.
    fn text(&mut self, tag: &str) -> Result<String> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Node::Text(part) => text.push_str(&part),
                Node::Open(_) => self.skip(tag)?,
                Node::Close => return Ok(text),
                Node::End => return Err(ends_inside(tag)),
            }
        }
    }

    fn next(&mut self) -> Result<Node<'x>> {
        loop {
            self.events += 1;
            if self.events.is_multiple_of(EVENTS_PER_CHECK) {
                self.token.check()?;
                let position = self.reader.buffer_position();
                self.token.advance(position.saturating_sub(self.told));
                self.told = position;
            }
            let event = self.reader.read_event().map_err(|error| {
                let position = self.reader.error_position();
                Error::Malformed(format!("the XML is damaged at byte {position}: {error}"))
            })?;
            return Ok(match event {
                Event::Start(start) | Event::Empty(start) => Node::Open(start),
                Event::End(_) => Node::Close,
                Event::Text(text) => Node::Text(text.into_inner().into_owned()),
                Event::CData(text) => Node::Text(text.into_inner().into_owned()),
                Event::GeneralRef(entity) => {
                    let raw = format!("&{};", entity.into_inner());
                    Node::Text(unescape(&raw).map_or_else(|_| raw.clone(), Cow::into_owned))
                }
                Event::Eof => Node::End,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
            });
        }
    }
}

/// The attributes of an element, with XML's own entities and character references resolved.
fn attributes<'a>(start: &'a BytesStart<'_>) -> Result<Vec<(&'a str, String)>> {
    let mut found = Vec::new();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| {
            let tag = start.name();
            Error::Malformed(format!("an attribute of <{}> is damaged: {error}", tag.as_ref()))
        })?;
        let value = match unescape(&attribute.value) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.clone().into_owned(), // an entity of its own: left as it is
        };
        found.push((attribute.key.into_inner(), value));
    }
    Ok(found)
}

fn read_edge(start: &BytesStart<'_>) -> Result<Edge> {
    let mut edge = Edge { from: (None, None), to: (None, None) };
    for (key, value) in attributes(start)? {
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

/// Puts a value where none may be lost: a second one of the same key makes a list of them.
fn insert(map: &mut Map<String, Value>, key: String, value: Value) {
    match map.get_mut(&key) {
        None => {
            map.insert(key, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

fn ends_inside(tag: &str) -> Error {
    Error::Malformed(format!("the XML ends inside <{tag}>"))
}
