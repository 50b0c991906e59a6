//! What the model's `rt_info` (version 11) or `meta_data` (version 10) says about its origin.

use serde_json::{Map, Value};

/// The program that wrote the file. Version 11 names the runtime in `Runtime_version`, or in an
/// `info` entry named `OpenVINO Runtime`; version 10 the Model Optimizer in `MO_version`.
pub fn producer(metadata: &Map<String, Value>) -> Option<String> {
    let (program, key) = [("OpenVINO", "Runtime_version"), ("OpenVINO", "OpenVINO Runtime"), ("Model Optimizer", "MO_version")]
        .into_iter()
        .find(|(_, key)| find(metadata, key).is_some())?;
    find(metadata, key).map(|version| format!("{program} {version}"))
}

/// Year and number of the OpenVINO release that wrote the file: `(2023, 1)`.
pub fn runtime_release(metadata: &Map<String, Value>) -> Option<(u32, u32)> {
    let version = ["Runtime_version", "OpenVINO Runtime", "MO_version"].into_iter().find_map(|key| find(metadata, key))?;
    let mut numbers = version.split(|character: char| !character.is_ascii_digit());
    let year = numbers.find(|number| number.len() == 4)?.parse().ok()?;
    Some((year, numbers.next()?.parse().ok()?))
}

/// An entry of `rt_info` or `meta_data`, which both hold a text or an object with a `value`.
fn find<'a>(metadata: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    let entry = ["rt_info", "meta_data"].into_iter().find_map(|section| metadata.get(section)?.get(key))?;
    let text = entry.as_str().or_else(|| entry.get("value")?.as_str())?;
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_place_of_the_version() {
        for (metadata, expected, release) in [
            (json!({"rt_info": {"Runtime_version": "2025.1.0-18503"}}), Some("OpenVINO 2025.1.0-18503"), Some((2025, 1))),
            (json!({"rt_info": {"OpenVINO Runtime": "2026.4.1-22982"}}), Some("OpenVINO 2026.4.1-22982"), Some((2026, 4))),
            (
                json!({"meta_data": {"MO_version": "custom_releases/2021/4_x"}}),
                Some("Model Optimizer custom_releases/2021/4_x"),
                Some((2021, 4)),
            ),
            (json!({"meta_data": {}}), None, None),
            (json!({"rt_info": 3}), None, None),
        ] {
            let metadata = metadata.as_object().unwrap();
            assert_eq!(producer(metadata).as_deref(), expected);
            assert_eq!(runtime_release(metadata), release);
        }
    }
}
