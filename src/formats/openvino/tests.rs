//! Whole documents through the reader.

use std::path::Path;

use serde_json::json;

use super::*;
use crate::model::{Bytes, DType, Data, Operation, Shape};

/// Opens a document beside a `.bin`, where one is given.
fn opened(xml: &str, bin: Option<&[u8]>) -> Result<Model, OpenError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.xml");
    std::fs::write(&path, xml).unwrap();
    if let Some(bin) = bin {
        std::fs::write(folder.path().join("model.bin"), bin).unwrap();
    }
    crate::formats::open(&path, &Options::default(), &Token::new())
}

fn operation<'m>(model: &'m Model, graph: usize, name: &str) -> &'m Operation {
    model.graphs[graph].operations.iter().find(|operation| operation.name == name).unwrap()
}

/// Parameter and constant of type and range into an `Add`, with port ids that are neither dense nor
/// in order.
fn add(element_type: &str, shape: &str, range: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><net name="tiny" version="11"><layers>
        <layer id="70" name="sum" type="Add" version="opset1"><data auto_broadcast="numpy"/>
            <input><port id="9"><dim>1</dim><dim>-1</dim></port><port id="4"/></input>
            <output><port id="4" precision="FP32" names="first\,one,second"><dim>1</dim><dim>-1</dim></port></output></layer>
        <layer id="5" name="w" type="Const" version="opset1"><data element_type="{element_type}" shape="{shape}" {range}/>
            <output><port id="3" precision="FP32"/></output></layer>
        <layer id="6" name="x" type="Parameter" version="opset1"><data shape="1,?" element_type="f32"/>
            <output><port id="0" precision="FP32"><dim>1</dim><dim>-1</dim></port></output></layer>
        <layer id="7" name="y" type="Result" version="opset1"><input><port id="0"/></input></layer>
        </layers><edges>
        <edge from-layer="5" from-port="3" to-layer="70" to-port="4"/>
        <edge from-layer="6" from-port="0" to-layer="70" to-port="9"/>
        <edge from-layer="70" from-port="4" to-layer="7" to-port="0"/>
        </edges><rt_info><Runtime_version value="2023.1.0-1"/><nncf><mode value="int4"/></nncf></rt_info></net>"#
    )
}

#[test]
fn ports_go_by_position_and_edges_by_id() {
    let model = opened(&add("f32", "2", r#"offset="1" size="8""#), Some(&[0; 9])).unwrap();
    assert_eq!((model.format_version.as_str(), model.producer.as_deref()), ("11", Some("OpenVINO 2023.1.0-1")));
    assert_eq!(model.metadata["rt_info"]["nncf"], json!({"mode": "int4"}));
    assert_eq!(model.warnings, [""; 0]);
    let graph = model.main();
    let sum = operation(&model, 0, "sum");
    let fed: Vec<_> = sum.inputs.iter().map(|input| graph.tensor(input.unwrap()).name.as_str()).collect();
    assert_eq!((sum.index, sum.version.as_str(), fed), (70, "opset1", vec!["x", "w"]));
    assert_eq!(sum.attributes["auto_broadcast"], "numpy");
    assert_eq!(graph.tensor(sum.outputs[0]).name, "first,one");
    assert_eq!(graph.tensor(graph.inputs[0]).shape, Shape::Ranked(vec![Some(1), None]));
    assert_eq!(graph.outputs, sum.outputs);
    let weight = graph.tensor(sum.inputs[1].unwrap());
    assert_eq!((weight.dtype, &weight.shape), (DType::F32, &Shape::fixed([2])));
    assert_eq!(weight.data, Data::Stored(Bytes { source: 0, offset: 1, len: 8 }));
    assert_eq!(graph.operation(weight.producer.unwrap()).kind, "Const");
}

#[test]
fn constants_that_can_not_be_had() {
    let lfs: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    for (shape, range, bin, expected) in [
        ("2", r#"offset="0" size="8""#, None, "the file with the constants is missing"),
        ("2", r#"offset="0" size="8""#, Some(lfs), "git-lfs pointer"),
        ("2", r#"offset="4" size="8""#, Some(&[0; 9][..]), "a constant lies outside model.bin, which has 9 bytes"),
        ("2", r#"offset="18446744073709551612" size="8""#, Some(&[0; 9]), "a constant lies outside"),
        ("2", r#"offset="0" size="7""#, Some(&[0; 9]), "a constant has fewer bytes than its shape takes"),
        ("4294967296,4294967296,4294967296", r#"offset="0" size="8""#, Some(&[0; 9]), "a shape that is open or too large"),
        ("2", "", Some(&[0; 9]), "a constant has no offset and size"),
    ] {
        let model = opened(&add("f32", shape, range), bin).unwrap();
        let tensor = model.main().tensors.iter().find(|tensor| tensor.name == "w").unwrap();
        let Data::Unavailable(why) = &tensor.data else { panic!("{expected}: {:?}", tensor.data) };
        assert!(why.contains(expected), "{why}");
        assert!(model.warnings.len() == 1 && model.warnings[0].contains(expected), "{:?}", model.warnings);
    }
}

#[test]
fn more_bytes_than_the_shape_takes_are_legal() {
    let model = opened(&add("i4", "3", r#"offset="0" size="9""#), Some(&[0; 9])).unwrap();
    let tensor = model.main().tensors.iter().find(|tensor| tensor.name == "w").unwrap();
    assert_eq!(tensor.data, Data::Stored(Bytes { source: 0, offset: 0, len: 2 }));
    assert!(model.warnings[0].contains("OpenVINO 2023.1, which packed 4-bit constants in another order"), "{:?}", model.warnings);
}

#[test]
fn another_file_may_hold_the_constants() {
    let folder = tempfile::tempdir().unwrap();
    let (xml, bin) = (folder.path().join("model.xml"), folder.path().join("other.weights"));
    std::fs::write(&xml, add("f32", "2", r#"offset="0" size="8""#)).unwrap();
    std::fs::write(&bin, [0; 8]).unwrap();
    let model = crate::formats::open(&xml, &Options { bin: Some(bin.clone()) }, &Token::new()).unwrap();
    assert_eq!(model.sources[0].path(), bin);
}

#[test]
fn bodies_become_graphs_in_document_order() {
    let body = |inner: &str| {
        format!(
            r#"<layers><layer id="0" name="p" type="Parameter" version="opset1"><data shape="" element_type="f32"/>
            <output><port id="0" precision="FP32"/></output></layer>{inner}</layers><edges/>"#
        )
    };
    let choice = format!(
        r#"<layer id="1" name="choice" type="If" version="opset8"><then_port_map/><then_body>{}</then_body><else_body>{}</else_body></layer>"#,
        body(""),
        body("")
    );
    let model = opened(
        &format!(
            r#"<net name="m" version="11"><layers><layer id="3" name="loop" type="Loop" version="opset5">
            <port_map><input external_port_id="1" internal_layer_id="0" axis="0"/><output external_port_id="-1" internal_layer_id="4" purpose="execution_condition"/></port_map>
            <back_edges><edge from-layer="5" to-layer="2"/></back_edges><body>{}</body></layer>
            <layer id="4" name="scan" type="TensorIterator" version="opset1"><body>{}</body></layer></layers><edges/></net>"#,
            body(&choice),
            body("")
        ),
        None,
    )
    .unwrap();
    let paths: Vec<_> = model.graphs.iter().map(|graph| graph.path.join("|")).collect();
    assert_eq!(paths, ["", "loop/body", "loop/body|choice/then_body", "loop/body|choice/else_body", "scan/body"]);
    assert_eq!(model.graphs[2].name, "loop/body/choice/then_body");
    let bodies = |graph, name| operation(&model, graph, name).graphs.iter().map(|id| id.0).collect::<Vec<_>>();
    assert_eq!((bodies(0, "loop"), bodies(1, "choice"), bodies(0, "scan")), (vec![1], vec![2, 3], vec![4]));
    let attributes = &operation(&model, 0, "loop").attributes;
    assert_eq!(attributes["port_map"]["input"], json!([{"external_port_id": 1, "internal_layer_id": 0, "axis": 0}]));
    assert_eq!(attributes["port_map"]["output"][0]["purpose"], "execution_condition");
    assert_eq!(attributes["back_edges"], json!({"edge": [{"from-layer": 5, "to-layer": 2}]}));
}

#[test]
fn bodies_nest_only_so_deep() {
    let (mut xml, mut end) = (String::from(r#"<net version="11">"#), String::from("</net>"));
    for _ in 0..5000 {
        xml.push_str(r#"<layers><layer id="0" name="t" type="TensorIterator" version="opset1"><body>"#);
        end.insert_str(0, "</body></layer></layers>");
    }
    let model = opened(&(xml + &end), None).unwrap();
    assert_eq!(model.graphs.len(), 25);
    assert!(model.warnings[0].starts_with("bodies are nested too deeply"));
}

#[test]
fn layer_information_is_kept() {
    let model = opened(
        r#"<net name="m" version="11"><layers><layer id="0" name="c" type="Convert" version="opset1" output_names="a,b">
        <data destination_type="f32"/><rt_info><attribute name="decompression" version="0"/>
        <attribute name="fused_names" version="0" value="a,b"/></rt_info>
        <input><port id="0"/></input><output><port id="1"><rt_info><attribute name="layout" version="0" layout="[N,C]"/></rt_info></port></output>
        </layer></layers><edges/></net>"#,
        None,
    )
    .unwrap();
    let convert = operation(&model, 0, "c");
    assert_eq!(
        json!(convert.attributes),
        json!({
            "output_names": "a,b",
            "destination_type": "f32",
            "rt_info": {"decompression": true, "fused_names": "a,b"},
            "port_rt_info": {"1": {"layout": {"layout": "[N,C]"}}},
        })
    );
    assert_eq!(convert.inputs, [None]);
}

#[test]
fn contradictions_are_warnings() {
    let layer = |id: &str, name: &str| {
        format!(
            r#"<layer id="{id}" name="{name}" type="Relu" version="mine"><input><port id="0"/></input>
            <output><port id="1" precision="strange"/></output></layer>"#
        )
    };
    let model = opened(
        &format!(
            r#"<net name="m" version="10"><layers>{}{}{}</layers><edges>
            <edge from-layer="1" from-port="1" to-layer="1" to-port="0"/><edge from-layer="1" from-port="1" to-layer="1" to-port="0"/>
            <edge from-layer="1" from-port="0" to-layer="1" to-port="0"/><edge from-layer="9" from-port="1" to-layer="1" to-port="0"/>
            </edges></net>"#,
            layer("1", "a"),
            layer("1", "b"),
            layer("-2", "c")
        ),
        None,
    )
    .unwrap();
    assert_eq!(model.main().operations.len(), 3);
    assert_eq!(model.main().operations[0].inputs, [Some(model.main().operations[0].outputs[0])]);
    for expected in [
        "an operation belongs to an opset that is not OpenVINO's own: `a` of type Relu in mine, and 2 more",
        "an element type is not known: layer `a`, and 2 more",
        "a layer has no whole number as its id: layer `c` at position 2",
        "two layers have the same id; edges to it mean the first: id 1, layer `b`",
        "an input has more than one edge; the first counts: from layer 1 port 1 to layer 1 port 0",
        "an edge leads from or to a port that does not exist: from layer 1 port 0 to layer 1 port 0, and 1 more",
    ] {
        assert!(model.warnings.iter().any(|warning| warning == expected), "{expected}: {:#?}", model.warnings);
    }
}

#[test]
fn documents_that_are_refused() {
    for (xml, expected) in [
        (r#"<net version="1"/>"#, "OpenVINO IR 1 can't be read: versions 2 to 7, 10 and 11 can"),
        (r#"<net version="8"/>"#, "OpenVINO IR 8 can't be read: versions 2 to 7, 10 and 11 can"),
        (r#"<net version="12"/>"#, "OpenVINO IR 12 can't be read: versions 2 to 7, 10 and 11 can"),
        ("<net/>", "the root element has no version"),
        (r#"<net version="11"><layers>"#, "the XML ends inside <layers>"),
        (r#"<net version="11"><layers></net>"#, "the XML is damaged at byte"),
        (r#"<nets version="11"/>"#, "the file is text, but no model that is known here"),
    ] {
        let error = opened(xml, None).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_may_stand_before_the_root() {
    for (head, expected) in [
        ("", true),
        ("\u{feff}<?xml version=\"1.0\"?>\r\n<!-- <net2> -->\n", true),
        ("<!DOCTYPE net [<!ENTITY a \"x\">]>", true),
        ("<!DOCTYPE net>", true),
        ("<!-- never closed ", false),
        ("text", false),
    ] {
        let source = Source::from_bytes(Path::new("x"), format!("{head}<net name=\"&a;\" version=\"11\"></net>").into_bytes());
        assert_eq!(sniff(&source), expected, "{head}");
        if expected {
            let model = open(source, &Options::default(), &Token::new()).unwrap();
            assert_eq!(model.main().name, "&a;", "entities of the document's own are not expanded");
        }
    }
}

/// The runtime compares the root without regard to case (`src/frontends/ir/src/frontend.cpp`), and both spellings of types
/// that are called after another class than they are written are taken.
#[test]
fn the_root_in_any_case_and_types_by_either_name() {
    for (root, kind) in [("net", "Const"), ("Net", "Constant"), ("NET", "Const")] {
        let xml = format!(
            r#"<{root} name="m" version="11"><layers><layer id="0" name="c" type="{kind}" version="opset1"><data element_type="F32" shape="2" offset="0" size="8"/>
            <output><port id="0" precision="f32"><dim>2</dim></port></output></layer></layers><edges/></{root}>"#
        );
        let source = Source::from_bytes(Path::new("x"), xml.clone().into_bytes());
        assert!(sniff(&source), "{root}");
        let model = opened(&xml, Some(&[0; 8])).unwrap();
        assert_eq!(model.main().tensors[0].data, Data::Stored(Bytes { source: 0, offset: 0, len: 8 }), "{root} {kind}");
        assert_eq!(model.main().tensors[0].dtype, DType::F32);
    }
}

#[test]
fn names_keep_their_characters() {
    let xml = r#"<net version="11"><layers><layer id="0" name="a&#10;b &lt;&amp;&gt; '层'" type="Relu" version="opset1"/></layers></net>"#;
    let model = opened(xml, None).unwrap();
    assert_eq!(model.main().operations[0].name, "a\nb <&> '层'");
}

#[test]
fn opening_can_be_cancelled() {
    let token = Token::new();
    token.cancel();
    let layers = "<layer id=\"0\"/>".repeat(5000);
    let source = Source::from_bytes("x", format!("<net version=\"11\"><layers>{layers}</layers></net>").into_bytes());
    assert!(matches!(open(source, &Options::default(), &token), Err(OpenError::Cancelled { .. })));
}

/// A net of version 6 with an input of the name and the dimensions.
fn legacy(layers: &str, tail: &str) -> String {
    format!(
        r#"<net name="m" version="6" precision="FP16"><layers><layer id="0" name="data" type="Input"><output>
        <port id="0"><dim>1</dim><dim>2</dim><dim>3</dim><dim>4</dim></port></output></layer>{layers}</layers>
        <edges><edge from-layer="0" from-port="0" to-layer="1" to-port="4"/></edges>{tail}</net>"#
    )
}

#[test]
fn legacy_ports_stand_in_the_order_of_their_ids_and_blobs_behind_them() {
    let layer = r#"<layer id="1" name="mix" type="Warp" precision="FP32"><data kind="1"/>
        <input><port id="9"><dim>7</dim></port><port id="4"/></input><output><port id="12"/><port id="10" precision="I32"/></output>
        <blobs><other offset="0" size="4" precision="I8"/><biases offset="4" size="4"/><weights offset="8" size="8"/><empty offset="0" size="0"/></blobs></layer>"#;
    let model = opened(&legacy(layer, ""), Some(&[0; 16])).unwrap();
    assert_eq!((model.format_version.as_str(), &model.warnings), ("6", &vec![]));
    let (graph, mix) = (model.main(), operation(&model, 0, "mix"));
    let tensors: Vec<_> = mix.inputs.iter().map(|input| graph.tensor(input.unwrap())).collect();
    let inputs: Vec<_> = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor.dtype, tensor.shape.to_string())).collect();
    assert_eq!(
        inputs,
        [
            ("data", DType::F16, "1×2×3×4".into()),
            ("mix:1", DType::F32, "7".into()),
            ("mix/weights", DType::F32, "2".into()),
            ("mix/biases", DType::F32, "1".into()),
            ("mix/other", DType::I8, "4".into()),
        ]
    );
    assert_eq!(tensors[2].data, Data::Stored(Bytes { source: 0, offset: 8, len: 8 }));
    assert_eq!(mix.attributes["blobs"], json!({"weights": 2, "biases": 3, "other": 4}));
    assert_eq!(mix.version, "v6");
    // The port without an edge is an input of the net, what nobody reads are its outputs.
    let names = |ids: &[crate::model::TensorId]| ids.iter().map(|id| graph.tensor(*id).name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&graph.inputs), names(&graph.outputs)),
        (vec!["data".into(), "mix:1".into()], vec!["mix:0".to_owned(), "mix:1".into()])
    );
    assert_eq!(graph.tensor(mix.outputs[0]).dtype, DType::I32, "port 10 stands before port 12");
}

#[test]
fn legacy_statistics_belong_to_their_layers() {
    let layer = r#"<layer id="1" name="relu" type="ReLU"><input><port id="4"/></input><output><port id="5"/></output></layer>"#;
    let tail = "<statistics><layer><name>relu</name><min>-1.5, 0</min><max>7</max></layer><layer><name>lost</name></layer></statistics>";
    let model = opened(&legacy(layer, tail), None).unwrap();
    assert_eq!(operation(&model, 0, "relu").attributes["statistics"], json!({"min": [-1.5, 0], "max": 7}));
    assert_eq!(model.metadata, *json!({"precision": "FP16"}).as_object().unwrap());
}

#[test]
fn what_only_an_extension_understands_stays_text() {
    let xml = r#"<net version="11"><layers><layer id="0" name="a" type="Warp" version="com.example"><data alpha="0.50" list="1, 2" flag="True"/></layer></layers></net>"#;
    let model = opened(xml, None).unwrap();
    assert_eq!(json!(model.main().operations[0].attributes), json!({"alpha": "0.50", "list": "1, 2", "flag": "True"}));
}

#[test]
fn strings_are_checked_as_a_whole() {
    let words =
        |numbers: &[u32], text: &str| [numbers.iter().flat_map(|number| number.to_le_bytes()).collect(), text.as_bytes().to_vec()].concat();
    for (bytes, expected) in [
        (words(&[2, 0, 1, 3], "abc"), None),
        (words(&[2, 0, 1, 3], "ab"), Some("offsets that do not lie in it")),
        (words(&[2, 1, 1, 3], "abc"), Some("offsets that do not lie in it")),
        (words(&[3, 0, 1, 2, 3], "abc"), Some("another count of them than its shape")),
        (words(&[u32::MAX, 0, 1, 3], "abc"), Some("another count of them than its shape")),
        (words(&[2, 0], ""), Some("offsets that do not lie in it")),
        (vec![0, 0], Some("no room for their count")),
    ] {
        let model = opened(&add("string", "2", &format!(r#"offset="0" size="{}""#, bytes.len())), Some(&bytes)).unwrap();
        let tensor = model.main().tensors.iter().find(|tensor| tensor.name == "w").unwrap();
        match (&tensor.data, expected) {
            (Data::Stored(range), None) => assert_eq!(range.len, bytes.len() as u64),
            (Data::Unavailable(why), Some(expected)) => assert!(why.contains(expected), "{why}"),
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn packing_that_changed_is_told_by_the_release() {
    for (dtype, release, expected) in [
        ("u4", "2023.1.0", Some("packed 4-bit constants in another order than 2023.2")),
        ("u4", "2023.2.0", None),
        ("u2", "2025.2.0", Some("packed 2-bit constants in another order than 2025.3")),
        ("u2", "2025.3.0", None),
        ("u3", "2026.4.1", None),
        ("u6", "2027.0.0", Some("may pack 3-bit and 6-bit constants in another order than 2026.4")),
    ] {
        let xml = add(dtype, "2", r#"offset="0" size="3""#).replace("2023.1.0", release);
        let model = opened(&xml, Some(&[0; 3])).unwrap();
        let found = model.warnings.first().map(String::as_str);
        assert!(
            found.map_or(expected.is_none(), |found| expected.is_some_and(|expected| found.contains(expected))),
            "{dtype} {release}: {found:?}"
        );
    }
}

/// A few bytes of the file can't become many in memory: every sort of part is paid for.
#[test]
fn parts_that_outgrow_the_file_are_refused() {
    let whole = |layers: &str, edges: &str| format!(r#"<net version="6"><layers>{layers}</layers><edges>{edges}</edges></net>"#);
    let in_layer = |inner: &str| whole(&format!("<layer>{inner}</layer>"), "");
    for (sort, xml) in [
        ("layers", whole(&"<layer/>".repeat(1000), "")),
        ("edges", whole("", &"<edge/>".repeat(1000))),
        ("inputs", in_layer(&format!("<input>{}</input>", "<port/>".repeat(1000)))),
        ("outputs", in_layer(&format!("<output>{}</output>", "<port/>".repeat(1000)))),
        ("dims", in_layer(&format!("<output><port>{}</port></output>", "<dim/>".repeat(1000)))),
        ("blobs", in_layer(&format!("<blobs>{}</blobs>", "<b/>".repeat(1000)))),
        ("information", in_layer(&"<b/>".repeat(1000))),
        ("a list", in_layer(&format!(r#"<data shape="{}"/>"#, "1,".repeat(1000)))),
        ("port maps", in_layer(&format!("<port_map>{}</port_map>", "<input/>".repeat(1000)))),
    ] {
        let read = |budget: u64| {
            let (token, mut warnings) = (Token::new(), Warnings::default());
            match record::read(&mut xml::Document::new(&xml, budget, &token, &mut warnings)) {
                Ok(_) => None,
                Err(xml::Error::Malformed(what)) => Some(what),
                Err(_) => panic!("{sort}"),
            }
        };
        let found = read(16_000);
        assert!(found.as_ref().is_some_and(|what| what.contains("far more memory than the file's size bears out")), "{sort}: {found:?}");
        assert_eq!(read(4_000_000), None, "{sort}");
    }
}

/// Nor can a long name that many parts are called after.
#[test]
fn names_that_are_taken_over_are_paid_for() {
    let name = "n".repeat(50_000);
    for (sort, inner) in [
        ("outputs", format!("<output>{}</output>", "<port/>".repeat(1000))),
        ("inputs", format!("<input>{}</input>", "<port/>".repeat(1000))),
        ("blobs", format!("<blobs>{}</blobs>", (0..1000).map(|blob| format!("<b{blob}/>")).collect::<String>())),
        ("bodies", "<body/>".repeat(1000)),
        ("nested bodies", format!(r#"<body><layers><layer name="{name}">{}</layer></layers></body>"#, "<body/>".repeat(500))),
    ] {
        let xml = format!(r#"<net version="6"><layers><layer name="{name}">{inner}</layer></layers></net>"#);
        let (token, mut warnings) = (Token::new(), Warnings::default());
        let read = record::read(&mut xml::Document::new(&xml, 10_000_000, &token, &mut warnings));
        assert!(matches!(read, Err(xml::Error::Malformed(_))), "{sort}");
    }
}

/// A `.bin` that is mostly a hole: its end is read without the rest.
#[cfg(unix)]
#[test]
fn constants_beyond_what_32_bits_address() {
    use std::os::unix::fs::FileExt;
    const OFFSET: u64 = (36 << 30) + 3;
    let folder = tempfile::tempdir().unwrap();
    let (xml, bin) = (folder.path().join("model.xml"), folder.path().join("model.bin"));
    std::fs::write(&xml, add("f32", "2", &format!(r#"offset="{OFFSET}" size="8""#))).unwrap();
    let file = std::fs::File::create(&bin).unwrap();
    file.write_all_at(&[1.5f32.to_le_bytes(), (-2f32).to_le_bytes()].concat(), OFFSET).unwrap();
    let model = crate::formats::open(&xml, &Options::default(), &Token::new()).unwrap();
    assert_eq!(model.warnings, [""; 0]);
    let catalogue = crate::weights::Catalogue::of(&model);
    assert_eq!(catalogue.all()[0].real(&model, &Token::new()).unwrap().values, [1.5, -2.0]);
}

/// What the fixture `left_out.xml` does not have: operations of others, lists whose
/// length is open or beyond all bounds.
#[test]
fn inputs_are_filled_in_where_the_runtime_does() {
    for (kind, version, attributes, dims, filled) in [
        ("StridedSlice", "opset1", "", ["2", "2"], 1),
        ("StridedSlice", "opset1", "", ["-1", "2"], 1),
        ("StridedSlice", "opset1", "", ["-1", "-1"], 0),
        ("StridedSlice", "opset1", "", ["18446744073709551615", "2"], 0),
        ("StridedSlice", "mine", "", ["2", "2"], 0),
        ("StridedSlice", "extension", "", ["2", "2"], 0),
        ("NonMaxSuppression", "opset2", "", ["2", "2"], 2),
        ("NonMaxSuppression", "opset5", "", ["2", "2"], 0),
        ("Pad", "opset12", "pad_mode=\"edge\"", ["2", "2"], 1),
    ] {
        let input = |id: u32, dim: &str| {
            format!(
                r#"<layer id="{id}" name="p{id}" type="Parameter" version="opset1"><data shape="{}" element_type="f32"/>
                <output><port id="0" precision="FP32"><dim>{dim}</dim></port></output></layer>"#,
                if dim == "-1" { "?" } else { dim }
            )
        };
        let edges: String = (0..3).map(|id| format!(r#"<edge from-layer="{id}" from-port="0" to-layer="3" to-port="{id}"/>"#)).collect();
        let xml = format!(
            r#"<net name="n" version="11"><layers>{}{}{}
            <layer id="3" name="op" type="{kind}" version="{version}"><data {attributes}/><input><port id="0"/><port id="1"/><port id="2"/></input>
            <output><port id="3" precision="FP32"><dim>-1</dim></port></output></layer></layers><edges>{edges}</edges></net>"#,
            input(0, "4"),
            input(1, dims[0]),
            input(2, dims[1]),
        );
        let model = opened(&xml, None).unwrap();
        let inputs = &operation(&model, 0, "op").inputs;
        assert_eq!(inputs.len(), 3 + filled, "{kind} {version} {dims:?}");
        for id in inputs.iter().skip(3).flatten() {
            let tensor = model.main().tensor(*id);
            assert!(tensor.is_filled() && matches!(tensor.data, Data::Stored(bytes) if !model.bytes(bytes).is_empty()));
        }
    }
}
