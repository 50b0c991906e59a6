//! A streaming reader of XML, with what every part of an IR document is read by: child elements,
//! attributes, texts, and elements of free form.
//!
//! There is no tree. Entities other than XML's own five and character references are not expanded,
//! a document type is skipped, and nesting is bounded. What is read is paid for from a budget that
//! the size of the files fills, so that a few bytes a part can't become many in memory.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::warnings::Warnings;
use crate::jobs::{Cancelled, Token};
use crate::model::Attributes;

/// Elements inside elements of `rt_info` and its like.
const MAX_INFO: usize = 32;
/// What an entry of a map takes beside its key and what its value holds, and one that was made an attribute: the
/// allocator gives no less than a few words.
const ENTRY_BYTES: usize = size_of::<String>() + size_of::<Value>() + 48;
const KEPT_BYTES: usize = Attributes::ENTRY_BYTES + 24;
/// A name of attributes, in the table of all.
const NAME_BYTES: usize = 96;
/// How often cancellation is looked at, in events.
const EVENTS_PER_CHECK: u32 = 1 << 12;

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

pub type Result<T> = std::result::Result<T, Error>;

pub struct Document<'x> {
    reader: Reader<&'x [u8]>,
    token: &'x Token,
    pub warnings: &'x mut Warnings,
    /// Bytes of memory that may still be used.
    budget: u64,
    /// The names of attributes, each once.
    names: HashSet<Arc<str>>,
    events: u32,
    /// Bytes that the token was told of.
    told: u64,
}

enum Node<'x> {
    Open(BytesStart<'x>),
    Text(Cow<'x, str>),
    Close,
    End,
}

impl<'x> Document<'x> {
    /// `budget`: the bytes of memory that the document may take.
    pub fn new(text: &'x str, budget: u64, token: &'x Token, warnings: &'x mut Warnings) -> Self {
        token.expect(text.len() as u64);
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, token, warnings, budget, names: HashSet::new(), events: 0, told: 0 }
    }

    /// Pays for memory that a part of the document takes.
    ///
    /// # Errors
    /// [`Error::Malformed`]: there is none left.
    pub fn pay(&mut self, bytes: usize) -> Result<()> {
        self.budget = self.budget.checked_sub(bytes as u64).ok_or_else(|| {
            let position = self.reader.buffer_position();
            Error::Malformed(format!("the parts up to byte {position} take far more memory than the file's size bears out"))
        })?;
        Ok(())
    }

    /// The root element.
    pub fn root(&mut self) -> Result<BytesStart<'x>> {
        loop {
            match self.next()? {
                Node::Open(start) => return Ok(start),
                Node::Text(_) => {}
                Node::Close | Node::End => return Err(Error::Malformed("there is no root element".into())),
            }
        }
    }

    /// The next child element; `None` at the end tag of the parent.
    pub fn next_child(&mut self, parent: &str) -> Result<Option<BytesStart<'x>>> {
        loop {
            match self.next()? {
                Node::Open(start) => return Ok(Some(start)),
                Node::Close => return Ok(None),
                Node::Text(_) => {}
                Node::End => return Err(ends_inside(parent)),
            }
        }
    }

    /// Skips to the end of an element whose start tag was read.
    pub fn skip(&mut self, tag: &str) -> Result<()> {
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

    /// The text of an element whose start tag was read, without blanks around it.
    pub fn text(&mut self, tag: &str) -> Result<Cow<'x, str>> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.next()? {
                Node::Text(part) if text.is_empty() => text = part,
                Node::Text(part) => text.to_mut().push_str(&part),
                Node::Open(_) => self.skip(tag)?,
                Node::Close => break,
                Node::End => return Err(ends_inside(tag)),
            }
        }
        Ok(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })
    }

    /// An element of free form, and the key it goes by: `<info name value>` and `<attribute name>`
    /// by their name, others by their tag. A lone `value` or text stands for itself.
    pub fn info(&mut self, start: &BytesStart<'x>) -> Result<(String, Value)> {
        self.info_at(start, 0)
    }

    fn info_at(&mut self, start: &BytesStart<'x>, depth: usize) -> Result<(String, Value)> {
        let mut key = start.name().as_ref().to_owned();
        let is_named = matches!(key.as_str(), "info" | "attribute");
        let mut map = Map::new();
        for attribute in attributes(start) {
            let (name, value) = attribute?;
            match name {
                "name" if is_named => key = value.into_owned(),
                // The version of the attribute's class, not of anything in the model.
                "version" if is_named => {}
                _ => self.insert(&mut map, name.to_owned(), Value::from(value))?,
            }
        }
        let mut text = Cow::Borrowed("");
        loop {
            match self.next()? {
                Node::Open(child) if depth < MAX_INFO => {
                    let (key, value) = self.info_at(&child, depth + 1)?;
                    self.insert(&mut map, key, value)?;
                }
                Node::Open(_) => {
                    self.warnings.once("information is nested too deeply and is left out in part");
                    self.skip("info")?;
                }
                Node::Text(part) if text.is_empty() => text = part,
                Node::Text(part) => text.to_mut().push_str(&part),
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

    /// Puts a value where none may be lost: a second one of the same key makes a list of them.
    pub fn insert(&mut self, map: &mut Map<String, Value>, key: String, value: Value) -> Result<()> {
        self.pay(entry_bytes(&key, &value))?;
        match map.get_mut(&key) {
            None => {
                map.insert(key, value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
        Ok(())
    }

    /// The attributes of a layer in a form that takes less memory, with what is saved given back.
    pub fn attributes(&mut self, map: Map<String, Value>) -> Result<Attributes> {
        let paid: usize = map.keys().map(|key| ENTRY_BYTES + key.len()).sum();
        let kept = map.len() * KEPT_BYTES;
        let attributes = Attributes::with_names(map, |name| self.name(name))?;
        self.budget += paid.saturating_sub(kept) as u64;
        Ok(attributes)
    }

    fn name(&mut self, name: &str) -> Result<Arc<str>> {
        if let Some(known) = self.names.get(name) {
            return Ok(Arc::clone(known));
        }
        self.pay(NAME_BYTES + name.len())?;
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        Ok(name)
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
                Event::Text(text) => Node::Text(text.into_inner()),
                Event::CData(text) => Node::Text(text.into_inner()),
                Event::GeneralRef(entity) => {
                    let raw = format!("&{};", entity.into_inner());
                    Node::Text(Cow::Owned(unescape(&raw).map_or_else(|_| raw.clone(), Cow::into_owned)))
                }
                Event::Eof => Node::End,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
            });
        }
    }
}

/// The attributes of an element, with XML's own entities and character references resolved. An
/// entity of the document's own is left as it is.
pub fn attributes<'a>(start: &'a BytesStart<'_>) -> impl Iterator<Item = Result<(&'a str, Cow<'a, str>)>> {
    let mut attributes = start.attributes();
    attributes.with_checks(false);
    attributes.map(move |attribute| {
        let attribute = attribute.map_err(|error| {
            let tag = start.name();
            Error::Malformed(format!("an attribute of <{}> is damaged: {error}", tag.as_ref()))
        })?;
        let value = match attribute.value {
            Cow::Borrowed(raw) => unescape(raw).unwrap_or(Cow::Borrowed(raw)),
            Cow::Owned(raw) => Cow::Owned(unescape(&raw).map_or_else(|_| raw.clone(), Cow::into_owned)),
        };
        Ok((attribute.key.into_inner(), value))
    })
}

/// What an entry of a map takes in memory, about. Nested entries were paid for when they were put in.
pub fn entry_bytes(key: &str, value: &Value) -> usize {
    let content = match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.len() * size_of::<Value>(),
        _ => 0,
    };
    ENTRY_BYTES + key.len() + content
}

fn ends_inside(tag: &str) -> Error {
    Error::Malformed(format!("the XML ends inside <{tag}>"))
}
