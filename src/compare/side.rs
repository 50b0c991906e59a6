//! One of two weights that are compared: its values, ready to be read, and what they lie on.

use super::align::Form;
use super::gates::sections_between;
use super::quantiser::{Quantiser, float_rounding};
use crate::jobs::Token;
use crate::model::{DType, Model, TensorRef};
use crate::stats::{CodeCounts, CodeError};
use crate::weights::{FoldError, Reading, Real, Scheme, Section, Value, Weight};

/// A weight of a model, ready to be compared. Values are read when they are needed.
#[derive(Debug)]
pub struct Side<'m> {
    pub model: &'m Model,
    pub weight: &'m Weight,
    pub(super) value: Value<'m>,
    pub form: Form,
    /// `None` where the values are floats.
    pub quantiser: Option<Quantiser>,
    /// The parts of the weight that are compared; none for all of it.
    sections: Vec<Section>,
    /// The shape of the whole weight.
    whole: Vec<usize>,
}

impl<'m> Side<'m> {
    /// # Errors
    /// [`FoldError`]: cancelled, or one sentence why the values can't be had.
    pub fn of(model: &'m Model, weight: &'m Weight, token: &Token) -> Result<Self, FoldError> {
        Self::of_part(model, weight, Vec::new(), token)
    }

    /// Two weights, the parts of them that belong together: of one that has gates stacked, where the other is a gate's,
    /// that gate.
    ///
    /// # Errors
    /// As for [`of`](Self::of).
    pub fn both(a: (&'m Model, &'m Weight), b: (&'m Model, &'m Weight), token: &Token) -> Result<[Self; 2], FoldError> {
        let [of_a, of_b] = sections_between(a.1, b.1);
        Ok([Self::of_part(a.0, a.1, of_a, token)?, Self::of_part(b.0, b.1, of_b, token)?])
    }

    fn of_part(model: &'m Model, weight: &'m Weight, sections: Vec<Section>, token: &Token) -> Result<Self, FoldError> {
        let value = weight.value(model, Reading::Effective, token)?;
        let whole = value.shape.clone();
        let (value, sections) = part(value, sections, token)?;
        let quantiser = Quantiser::of(model, weight, token)?;
        let quantiser = match sections.is_empty() {
            true => quantiser,
            false => quantiser.and_then(|quantiser| quantiser.part(&sections, &whole)),
        };
        let form = Form { shape: value.shape.clone(), layout: weight.role.layout.filter(|layout| layout.len() == value.shape.len()) };
        Ok(Self { model, weight, value, form, quantiser, sections, whole })
    }

    /// All values, as float32 in the side's own order.
    ///
    /// # Errors
    /// [`FoldError`]: cancelled, or they can't be read.
    pub fn values(&self, token: &Token) -> Result<Vec<f32>, FoldError> {
        self.value.clone().into_f32(token)
    }

    /// What it is stored as: `i8, per channel`.
    pub fn text(&self) -> String {
        Self::form_text(self.model, self.weight)
    }

    /// [`text`](Self::text) of a weight, whatever part of it is meant.
    pub fn form_text(model: &Model, weight: &Weight) -> String {
        let stored = weight.data_tensor(model).dtype;
        let scheme = match weight.scheme {
            Scheme::None => return stored.name().to_owned(),
            Scheme::PerTensor => "per tensor",
            Scheme::PerAxis => "per channel",
            Scheme::Blockwise => "by block",
            Scheme::AffineChain => "scaled",
            Scheme::FakeQuantize => "FakeQuantize",
            Scheme::Codebook => "codebook",
            Scheme::Custom => "custom",
        };
        format!("{stored}, {scheme}")
    }

    /// The type that the file stores.
    pub fn stored_type(&self) -> DType {
        self.weight.data_tensor(self.model).dtype
    }

    /// Bytes in the file, without scales; of a part its share.
    pub fn stored_bytes(&self) -> u64 {
        let bytes = self.weight.stored_bytes(self.model).map_or(0, |bytes| bytes.len() as u64);
        let (part, whole) = (self.value.count() as u64, self.whole.iter().product::<usize>() as u64);
        if self.sections.is_empty() || whole == 0 { bytes } else { bytes * part / whole }
    }

    /// What rounding to the type that it is stored in may have changed of a value: relative to it, and at all.
    pub(super) fn rounding(&self) -> (f64, f64) {
        let of = |tensor: Option<TensorRef>| tensor.map_or((0.0, 0.0), |tensor| float_rounding(self.model.tensor(tensor).dtype));
        let input = TensorRef { graph: self.weight.site.graph, tensor: self.weight.tensor };
        let (data, input, scale) = (of(Some(self.weight.data)), of(Some(input)), of(self.weight.scale));
        // A scale's rounding is multiplied with the code.
        let most = self.quantiser.as_ref().map_or(1.0, |quantiser| quantiser.codes.1.abs().max(quantiser.codes.0.abs()) as f64);
        (data.0.max(input.0).max(scale.0), data.1.max(input.1).max(scale.1 * most))
    }

    /// How often each code occurs; `None` where there are no codes.
    ///
    /// # Errors
    /// [`FoldError`]: cancelled, or the codes can't be read.
    pub fn codes(&self, token: &Token) -> Result<Option<CodeCounts>, FoldError> {
        let Some(quantiser) = self.quantiser.as_ref().filter(|quantiser| quantiser.codebook.is_none()) else { return Ok(None) };
        let count = self.value.shape.iter().product();
        let counts = if self.weight.scheme == Scheme::FakeQuantize && !self.stored_type().is_integer() {
            self.levels(quantiser, token)?
        } else if !self.sections.is_empty() {
            match self.codes_of_part(token) {
                Some(codes) => CodeCounts::of(self.stored_type(), &codes, token),
                None => return Ok(None),
            }
        } else if self.stored_type().bits() > 16 {
            return Ok(None);
        } else {
            let elements = self.weight.elements(self.model)?;
            let count =
                if self.weight.keeps_order(self.model) { count } else { elements.bytes.len() * 8 / elements.dtype.bits().max(1) as usize };
            CodeCounts::of_stored(elements.dtype, elements.dtype, &elements.bytes, count, token)
        };
        match counts {
            Ok(counts) => Ok(Some(counts)),
            Err(CodeError::Cancelled(cancelled)) => Err(cancelled.into()),
            Err(_) => Ok(None),
        }
    }

    /// The stored codes of the part that is compared.
    fn codes_of_part(&self, token: &Token) -> Option<Vec<i64>> {
        let way = self.weight.code_way(self.model, token).filter(|_| self.stored_type().bits() <= 16)?;
        let place = |place: usize| Section::place_in_whole(&self.sections, &self.whole, place);
        (0..self.value.count()).map(|at| self.weight.code_at(self.model, &way, place(at)?)).collect()
    }

    /// The levels of values that are quantised when the model runs.
    fn levels(&self, quantiser: &Quantiser, token: &Token) -> Result<Result<CodeCounts, CodeError>, FoldError> {
        let levels = self.weight.value(self.model, Reading::Levels, token)?;
        let levels = part(levels, self.sections.clone(), token)?.0.into_f32(token)?;
        let first = levels.iter().copied().fold(f32::INFINITY, f32::min).min(0.0) as i64;
        let dtype = match (quantiser.bits(), first < 0) {
            (..=4, true) => DType::I4,
            (..=4, false) => DType::U4,
            (..=8, true) => DType::I8,
            (..=8, false) => DType::U8,
            (_, true) => DType::I16,
            (_, false) => DType::U16,
        };
        let codes: Vec<i64> = levels.into_iter().map(|level| level as i64).collect();
        Ok(CodeCounts::of(dtype, &codes, token))
    }
}

/// The values of sections alone, and the sections; all of them where the value does not have these.
pub(super) fn part<'m>(value: Value<'m>, sections: Vec<Section>, token: &Token) -> Result<(Value<'m>, Vec<Section>), FoldError> {
    if sections.is_empty() || !sections.iter().all(|section| section.fits(&value.shape)) {
        return Ok((value, Vec::new()));
    }
    let (dtype, shape) = (value.dtype, value.shape.clone());
    let real = Real { shape, values: value.into_f32(token)? };
    match real.part(&sections) {
        Some(part) => Ok((Value::float(dtype, part.shape, part.values), sections)),
        None => Ok((Value::float(dtype, real.shape, real.values), Vec::new())),
    }
}
