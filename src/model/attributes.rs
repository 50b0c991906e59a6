//! What an operation says about itself, by name: small lists of values, made to take little memory, since a model
//! has hundreds of thousands of operations with the same few names.

use std::ops::Index;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Names and values in the order of the file, each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(Vec<(Arc<str>, Value)>);

impl Attributes {
    /// What an entry takes beside what its value holds, in bytes.
    pub const ENTRY_BYTES: usize = size_of::<(Arc<str>, Value)>();

    /// The entries of a map, with names that `name` makes: those of many operations may be shared.
    ///
    /// # Errors
    /// That of `name`.
    pub fn with_names<E>(map: Map<String, Value>, mut name: impl FnMut(&str) -> Result<Arc<str>, E>) -> Result<Self, E> {
        let mut entries = Vec::with_capacity(map.len());
        for (key, value) in map {
            entries.push((name(&key)?, value));
        }
        Ok(Self(entries))
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.get_key_value(name).map(|(_, value)| value)
    }

    pub fn get_key_value(&self, name: &str) -> Option<(&str, &Value)> {
        self.iter().find(|(own, _)| *own == name)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets an attribute, in its old place if there is one of the name.
    pub fn insert(&mut self, name: impl AsRef<str> + Into<Arc<str>>, value: Value) {
        match self.0.iter_mut().find(|(own, _)| **own == *name.as_ref()) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.into(), value)),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Map<String, Value>> for Attributes {
    fn from(map: Map<String, Value>) -> Self {
        Self(map.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = (&'a str, &'a Value);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (Arc<str>, Value)>, fn(&'a (Arc<str>, Value)) -> (&'a str, &'a Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

/// The value, or null where there is none, as with values of JSON.
impl Index<&str> for Attributes {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_stand_once_and_in_order() {
        let Value::Object(map) = json!({"b": 1, "a": [2]}) else { unreachable!() };
        let mut attributes = Attributes::from(map);
        attributes.insert("c", true.into());
        attributes.insert("b".to_owned(), "x".into());
        assert_eq!(serde_json::to_string(&attributes).unwrap(), r#"{"b":"x","a":[2],"c":true}"#);
        assert_eq!((attributes.len(), attributes.get("a"), attributes.contains_key("d")), (3, Some(&json!([2])), false));
        assert_eq!((&attributes["c"], &attributes["d"]), (&json!(true), &Value::Null));
    }
}
