//! Rows that are brought to a sum or a length of one: softmax, its logarithm, and division by the norm. In the order of
//! arithmetic of the runtimes' reference kernels.
//!
//! Source: `softmax.h`, `log_softmax.h` and `l2normalization.h` in `tflite/kernels/internal/reference`; OpenVINO,
//! `src/core/reference/include/openvino/reference/softmax.hpp` and `log_softmax.hpp`.

use super::reduce::Reduction;
use super::shapes::axis;
use super::value::count_of;
use super::view::{View, copy};
use super::{FoldError, Value};
use crate::jobs::Token;

/// The length below which a row counts as this long (`l2norm.cc`).
const LEAST_LENGTH: f32 = 1e-6;

/// `exp(beta * (x - max)) / sum` along an axis. `sum`: how the runtime adds.
pub(super) fn softmax<'m>(value: Value<'m>, along: i64, beta: f32, sum: Reduction, token: &Token) -> Result<Value<'m>, FoldError> {
    rows(value, along, token, |row| {
        let max = Reduction::Maximum.of(row);
        row.iter_mut().for_each(|number| *number = ((*number - max) * beta).exp());
        let sum = sum.of(row);
        row.iter_mut().for_each(|number| *number /= sum);
    })
}

/// `x - max - ln(sum(exp(x - max)))` along an axis.
pub(super) fn log_softmax<'m>(value: Value<'m>, along: i64, sum: Reduction, token: &Token) -> Result<Value<'m>, FoldError> {
    rows(value, along, token, |row| {
        let max = Reduction::Maximum.of(row);
        let powers: Vec<f32> = row.iter().map(|number| (number - max).exp()).collect();
        let logarithm = sum.of(&powers).ln();
        row.iter_mut().for_each(|number| *number = *number - max - logarithm);
    })
}

/// `x / max(length, 1e-6)` along the last axis.
pub(super) fn to_unit_length<'m>(value: Value<'m>, token: &Token) -> Result<Value<'m>, FoldError> {
    rows(value, -1, token, |row| {
        let length = Reduction::L2.of(row);
        let length = if length > LEAST_LENGTH { length } else { LEAST_LENGTH };
        row.iter_mut().for_each(|number| *number /= length);
    })
}

/// Does something to every row along an axis.
fn rows<'m>(value: Value<'m>, along: i64, token: &Token, change: impl Fn(&mut [f32])) -> Result<Value<'m>, FoldError> {
    if !value.dtype.is_float() {
        return FoldError::problem("it is evaluated on floats only");
    }
    let (dtype, shape) = (value.dtype, value.shape.clone());
    let at = axis(along, shape.len())?;
    // The axis last, and back again.
    let mut order: Vec<usize> = (0..shape.len()).filter(|other| *other != at).collect();
    order.push(at);
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(to, from)| back[*from] = to);
    let moved = copy(value, View::whole(&shape).transposed(&order)?, token)?;
    let turned = moved.shape.clone();
    let mut numbers = moved.into_f32(token)?;
    let length = shape[at];
    if length > 0 && count_of(&shape)? > 0 {
        for row in numbers.chunks_mut(length) {
            change(row);
        }
    }
    token.check()?;
    let view = View::whole(&turned).transposed(&back)?;
    copy(Value::float(dtype, turned, numbers), view, token)
}
