//! Somebody else who computes constants: for operations that [`fold`](super::fold) does not evaluate.
//!
//! The core knows no runtime. Whoever opens a model may hand the catalogue an [`Evaluator`]; it is asked
//! only for what is not evaluated here, and what it computed bears its name.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use super::{FoldError, Real};
use crate::jobs::Token;
use crate::model::{Model, TensorRef};

/// Computes tensors that constants alone feed.
pub trait Evaluator: Debug + Send + Sync {
    /// Whether it computes constants of such a model.
    fn takes(&self, model: &Model) -> bool;

    /// Whether it may be asked.
    fn is_on(&self) -> bool;

    /// The values of a tensor, and the name of who computed them: `OpenVINO 2026.4`.
    ///
    /// # Errors
    /// [`FoldError`]: cancelled, or one sentence why they can't be had.
    fn compute(&self, model: &Model, tensor: TensorRef, token: &Token) -> Result<(Real, String), FoldError>;
}

/// The evaluator of one model, and what it computed.
#[derive(Debug)]
pub(super) struct Fallback {
    evaluator: Arc<dyn Evaluator>,
    names: Mutex<HashMap<TensorRef, String>>,
}

impl Fallback {
    pub fn new(evaluator: Arc<dyn Evaluator>) -> Self {
        Self { evaluator, names: Mutex::default() }
    }

    /// The values of a tensor that is not evaluated here for the reason given.
    pub fn compute(&self, model: &Model, tensor: TensorRef, reason: FoldError, token: &Token) -> Result<Real, FoldError> {
        if !self.evaluator.takes(model) {
            return Err(reason);
        }
        if !self.evaluator.is_on() {
            let hint = "an OpenVINO runtime computes it where --openvino, WEIGHTSCOPE_OPENVINO or the settings name one";
            return Err(FoldError::Problem(format!("{reason}; {hint}").into()));
        }
        let (real, name) = self.evaluator.compute(model, tensor, token).map_err(|error| match error {
            FoldError::Cancelled(cancelled) => FoldError::Cancelled(cancelled),
            error => FoldError::Problem(format!("{reason}, and the OpenVINO runtime does not compute it: {error}").into()),
        })?;
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(tensor, name);
        Ok(real)
    }

    /// Who computed a tensor, once somebody did.
    pub fn name(&self, tensor: TensorRef) -> Option<String> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&tensor).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{self, Options};
    use crate::jobs::Cancelled;
    use crate::source::Source;
    use crate::weights::Catalogue;

    /// Says that every value is 7.
    #[derive(Debug)]
    struct Seven {
        is_on: bool,
    }

    impl Evaluator for Seven {
        fn takes(&self, _: &Model) -> bool {
            true
        }

        fn is_on(&self) -> bool {
            self.is_on
        }

        fn compute(&self, model: &Model, tensor: TensorRef, token: &Token) -> Result<(Real, String), FoldError> {
            token.check()?;
            let shape = model.tensor(tensor).shape.dims().unwrap();
            Ok((Real { values: vec![7.0; shape.iter().product()], shape }, "Seven 1.0".into()))
        }
    }

    /// `Mystery` of a range from 0 to 3, and the range, both added to what the model is given.
    fn model() -> Model {
        let scalar = |id: u32, value: i64| {
            format!(
                "<layer id=\"{id}\" name=\"c{id}\" type=\"Const\" version=\"opset1\"><data element_type=\"i64\" shape=\"\" offset=\"{}\" size=\"8\"/>\
                 <output><port id=\"0\" precision=\"I64\"/></output></layer>",
                value * 8
            )
        };
        let port = |id: u32| format!("<port id=\"{id}\" precision=\"FP32\"><dim>3</dim></port>");
        let inputs = |count: u32| (0..count).map(port).collect::<String>();
        let layer = |id: u32, kind: &str, data: &str, count: u32| {
            let (inputs, output) = (inputs(count), port(count));
            format!(
                "<layer id=\"{id}\" name=\"n{id}\" type=\"{kind}\" version=\"opset4\">{data}<input>{inputs}</input><output>{output}</output></layer>"
            )
        };
        let layers = [
            scalar(0, 0),
            scalar(1, 3),
            scalar(2, 1),
            layer(3, "Range", "<data output_type=\"f32\"/>", 3),
            layer(4, "Mystery", "", 1),
            layer(5, "Parameter", "<data element_type=\"f32\" shape=\"3\"/>", 0),
            layer(6, "Add", "", 2),
            layer(7, "Add", "", 2),
        ];
        let edges = [(0, 0, 3, 0), (1, 0, 3, 1), (2, 0, 3, 2), (3, 3, 4, 0), (5, 0, 6, 0), (4, 1, 6, 1), (6, 2, 7, 0), (3, 3, 7, 1)];
        let edges: String = edges
            .iter()
            .map(|(from, port, to, at)| format!("<edge from-layer=\"{from}\" from-port=\"{port}\" to-layer=\"{to}\" to-port=\"{at}\"/>"))
            .collect();
        let text = format!("<net name=\"n\" version=\"11\"><layers>{}</layers><edges>{edges}</edges></net>", layers.concat());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.xml");
        std::fs::write(&path, text).unwrap();
        std::fs::write(path.with_extension("bin"), [0i64, 1, 0, 3].map(i64::to_le_bytes).concat()).unwrap();
        formats::open_source(Source::open(&path).unwrap(), &Options::default(), &Token::new()).unwrap()
    }

    #[test]
    fn what_is_not_evaluated_is_asked_for_and_bears_a_name() {
        let model = model();
        let bare = Catalogue::of(&model);
        let find = |catalogue: &Catalogue, name: &str| {
            catalogue.all().iter().find(|weight| weight.operation(&model).name == name && weight.site.input == 1).cloned().unwrap()
        };
        let (token, reason) = (Token::new(), "the Mystery `n4` can't be evaluated: Mystery is not evaluated");
        assert_eq!(find(&bare, "n6").real(&model, &token).unwrap_err(), FoldError::Unsupported(reason.into()));
        let off = Catalogue::of(&model).with_fallback(Arc::new(Seven { is_on: false }));
        let told = find(&off, "n6").real(&model, &token).unwrap_err().to_string();
        assert!(told.starts_with(reason) && told.contains("--openvino"), "{told}");

        let on = Catalogue::of(&model).with_fallback(Arc::new(Seven { is_on: true }));
        let weight = find(&on, "n6");
        assert_eq!(weight.computed_by(), None);
        assert_eq!(weight.real(&model, &token).unwrap().values, [7.0; 3]);
        assert_eq!(weight.computed_by().as_deref(), Some("Seven 1.0"));
        assert!(weight.without_fallback().real(&model, &token).is_err());
        // What is evaluated here is nobody else's.
        let range = find(&on, "n7");
        assert_eq!(range.real(&model, &token).unwrap().values, [0.0, 1.0, 2.0]);
        assert_eq!(range.computed_by(), None);
        token.cancel();
        assert_eq!(weight.real(&model, &token).unwrap_err(), FoldError::Cancelled(Cancelled));
    }
}
