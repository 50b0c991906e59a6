//! The grid that one side's values lie on: steps, zero points and the codes at its ends.

use super::align::Alignment;
use super::walk::{Side as Which, Source};
use crate::jobs::Token;
use crate::model::{DType, Model, TensorRef};
use crate::values::decode_f32;
use crate::values::spread::Spread;
use crate::weights::fold;
use crate::weights::{FoldError, Real, Scheme, Section, Weight};

/// How a side's values are quantised: `step * (code - zero_point)`.
#[derive(Clone, Debug)]
pub struct Quantiser {
    /// One for all values, or one a place in `spread`.
    steps: Vec<f64>,
    /// As many as steps.
    zero_points: Vec<f64>,
    /// Which step is whose, by position in the side's own order; `None` for one step, and where steps are by
    /// output channel alone.
    spread: Option<Spread>,
    /// The first and last code of the type or of the levels.
    pub codes: (i64, i64),
    /// What codes stand for, before they are scaled, where they do not lie at equal distances (nf4, f4, a table): then
    /// a step is the widest there is.
    pub codebook: Option<Codebook>,
}

/// Numbers that codes stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Codebook {
    /// The type's name, or `codebook` where the model has a table.
    pub name: &'static str,
    /// At least two, ascending, each once.
    pub levels: Vec<f32>,
}

/// Who shares a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    Tensor,
    Channel,
    Block,
}

/// A [`Quantiser`] laid over aligned values.
#[derive(Clone, Debug)]
pub(super) struct Grid<'q> {
    pub quantiser: &'q Quantiser,
    /// Step and zero point of every output channel, or one for all; empty where they change inside a channel.
    pub channels: Vec<(f64, f64)>,
}

impl Quantiser {
    /// The quantiser of a weight; `None` where its values are floats, or where steps and values can't be
    /// brought together.
    ///
    /// # Errors
    /// [`FoldError`]: the constants that hold the scales can't be read.
    pub fn of(model: &Model, weight: &Weight, token: &Token) -> Result<Option<Self>, FoldError> {
        if weight.scheme == Scheme::FakeQuantize
            && let Some(quantiser) = Self::of_fake_quantize(model, weight, token)?
        {
            return Ok(Some(quantiser));
        }
        let data = weight.data_tensor(model);
        let codebook = Codebook::of(model, weight, token)?;
        let range = data.dtype.integer_range().filter(|_| data.dtype.bits() <= 32 && weight.scheme != Scheme::Codebook);
        let (widest, codes) = match (&codebook, range) {
            (Some(codebook), _) => (codebook.widest(), (0, codebook.levels.len() as i64 - 1)),
            (None, Some((first, last))) => (1.0, (first as i64, last as i64)),
            (None, None) => return Ok(None),
        };
        let mut scales = weight.scales(model, token)?;
        if codebook.is_some() && scales.scales.is_empty() {
            scales.scales.push(1.0);
        }
        let Some(scale) = scales.scales.first() else { return Ok(None) };
        if scales.scales.len() == 1 {
            let zero_point = scales.zero_points.first().copied().unwrap_or(0.0);
            // A zero point of its own for each block moves the grid, not its step.
            return Ok(Some(Self { steps: vec![scale.abs() * widest], zero_points: vec![zero_point], spread: None, codes, codebook }));
        }
        let shape = data.shape.dims().unwrap_or_default();
        let spread = match &scales.block[..] {
            [] => Spread::broadcast(&shape, &scales.scale_shape),
            block => Spread::new(&shape, block, &scales.scale_shape),
        };
        let zero_points = match (&scales.zero_points[..], scales.zero_point_shape == scales.scale_shape) {
            ([], _) => vec![0.0; scales.scales.len()],
            ([one], _) => vec![*one; scales.scales.len()],
            (many, true) => many.to_vec(),
            // Laid out otherwise than the steps: only the ends of the grid would need them.
            (_, false) => vec![0.0; scales.scales.len()],
        };
        let steps = scales.scales.iter().map(|scale| scale.abs() * widest).collect();
        if weight.keeps_order(model) {
            return Ok(spread.map(|spread| Self { steps, zero_points, spread: Some(spread), codes, codebook }));
        }
        // Moved on its way: one step an output channel can still be told.
        Ok(scales.axis.is_some().then_some(Self { steps, zero_points, spread: None, codes, codebook }))
    }

    fn of_fake_quantize(model: &Model, weight: &Weight, token: &Token) -> Result<Option<Self>, FoldError> {
        let Some(place) = weight.chain.iter().rev().find(|place| model.operation(**place).kind == "FakeQuantize") else { return Ok(None) };
        let operation = model.operation(*place);
        let read = |input: usize| -> Result<Option<Real>, FoldError> {
            let Some(tensor) = operation.inputs.get(input).copied().flatten() else { return Ok(None) };
            let value = fold::evaluate(model, TensorRef { graph: place.graph, tensor }, token)?;
            Ok(Some(Real { shape: value.shape.clone(), values: value.into_f32(token)? }))
        };
        let number = |value: &serde_json::Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let levels = operation.attributes.get("levels").and_then(number).filter(|levels| (2..=1 << 16).contains(levels));
        let (Some(low), Some(high), Some(levels)) = (read(3)?, read(4)?, levels) else { return Ok(None) };
        if low.shape != high.shape {
            return Ok(None);
        }
        let steps: Vec<f64> =
            low.values.iter().zip(&high.values).map(|(low, high)| (f64::from(*high) - f64::from(*low)) / (levels - 1) as f64).collect();
        let zero_points = low.values.iter().zip(&steps).map(|(low, step)| -f64::from(*low) / step).collect();
        let (codes, codebook) = ((0, levels as i64 - 1), None);
        if steps.len() == 1 {
            return Ok(Some(Self { steps, zero_points, spread: None, codes, codebook }));
        }
        let output = operation.outputs.first().and_then(|tensor| model.graph(place.graph).tensor(*tensor).shape.dims());
        let spread = output.and_then(|output| Spread::broadcast(&output, &low.shape));
        Ok(spread.map(|spread| Self { steps, zero_points, spread: Some(spread), codes, codebook }))
    }

    /// That of a part of the weight, cut out of its whole shape: one step, or one an index of the part's axis where the
    /// steps change along no other. `None` where they change otherwise.
    pub(super) fn part(self, sections: &[Section], whole: &[usize]) -> Option<Self> {
        if self.steps.len() == 1 {
            return Some(self);
        }
        let len =
            |axis: usize| sections.iter().find(|section| section.axis == axis).map_or(whole[axis], |section| section.end - section.start);
        let shape: Vec<usize> = (0..whole.len()).map(len).collect();
        // The output channels of a recurrent kernel are the axis of its gates.
        let axis = sections.first()?.axis;
        let inner: usize = shape[axis + 1..].iter().product();
        let is_alone = shape[..axis].iter().all(|extent| *extent == 1);
        let spread = self.spread.as_ref().filter(|_| is_alone)?;
        let of = |channel: usize| {
            let number = |place: usize| Some(spread.at(Section::place_in_whole(sections, whole, place)?));
            let (first, middle, last) = (channel * inner, channel * inner + inner / 2, channel * inner + inner.max(1) - 1);
            let found = number(first)?;
            (number(middle) == Some(found) && number(last) == Some(found)).then_some(found)
        };
        let numbers: Vec<usize> = (0..shape[axis]).map(of).collect::<Option<_>>()?;
        let steps = numbers.iter().map(|number| self.steps.get(*number).copied()).collect::<Option<_>>()?;
        let zero_points = numbers.iter().map(|number| self.zero_points.get(*number).copied()).collect::<Option<_>>()?;
        Some(Self { steps, zero_points, spread: None, ..self })
    }

    /// Bits of a code.
    pub fn bits(&self) -> u32 {
        ((self.codes.1 - self.codes.0) as f64 + 1.0).log2().ceil() as u32
    }

    pub(super) fn grid(&self, alignment: &Alignment, side: Which) -> Option<Grid<'_>> {
        let place = |position: usize| match side {
            Which::A => alignment.places(position).0,
            Which::B => alignment.places(position).1,
        };
        let number = |number: usize| Some((*self.steps.get(number)?, *self.zero_points.get(number)?));
        let channels = match (&self.spread, alignment.channels()) {
            _ if self.steps.len() == 1 => vec![number(0)?],
            (None, Some(channels)) if channels == self.steps.len() => (0..channels).map(number).collect::<Option<_>>()?,
            (None, _) => return None,
            (Some(spread), Some(channels)) if channels > 0 => {
                let inner = alignment.count() / channels;
                let ends = |channel: usize| [channel * inner, channel * inner + inner / 2, channel * inner + inner - 1];
                let numbers = |channel: usize| ends(channel).map(|position| spread.at(place(position)));
                let is_alike = (0..channels).all(|channel| matches!(numbers(channel), [a, b, c] if a == b && b == c));
                // As many steps as channels and the same at both ends: nothing changes in between.
                match is_alike && self.steps.len() <= channels {
                    true => (0..channels).map(|channel| number(numbers(channel)[0])).collect::<Option<_>>()?,
                    false => Vec::new(),
                }
            }
            (Some(_), _) => Vec::new(),
        };
        Some(Grid { quantiser: self, channels })
    }
}

impl Grid<'_> {
    pub fn granularity(&self) -> Granularity {
        match self.channels.len() {
            0 => Granularity::Block,
            1 => Granularity::Tensor,
            _ => Granularity::Channel,
        }
    }

    /// Whether the steps are a quantiser's, and not those of an accumulator (32 bits).
    pub fn has_codes(&self) -> bool {
        self.quantiser.codebook.is_none() && self.quantiser.bits() <= 16
    }

    /// Step and zero point of an output channel, where all of it shares them.
    pub fn of_channel(&self, channel: usize) -> Option<(f64, f64)> {
        self.channels.get(if self.channels.len() == 1 { 0 } else { channel }).copied()
    }

    /// What reads the steps of single elements, where channels don't share them.
    pub fn steps(&self) -> Option<Numbers<'_>> {
        Some(Numbers { spread: self.quantiser.spread.as_ref().filter(|_| self.channels.is_empty())?, numbers: &self.quantiser.steps })
    }

    /// As [`steps`](Self::steps), the zero points.
    pub fn zero_points(&self) -> Option<Numbers<'_>> {
        Some(Numbers { spread: self.quantiser.spread.as_ref().filter(|_| self.channels.is_empty())?, numbers: &self.quantiser.zero_points })
    }

    /// The real values at the two ends of the grid.
    pub fn ends(&self, step: f64, zero_point: f64) -> (f64, f64) {
        let (first, last) = self.quantiser.codes;
        ((first as f64 - zero_point) * step, (last as f64 - zero_point) * step)
    }
}

/// Numbers spread over a side's elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers<'q> {
    spread: &'q Spread,
    numbers: &'q [f64],
}

impl Source for Numbers<'_> {
    fn read(&self, start: usize, out: &mut [f32]) -> Result<(), FoldError> {
        let mut done = 0;
        while done < out.len() {
            let run = self.spread.run(start + done);
            let end = out.len().min(done.saturating_add(run.len));
            for (offset, slot) in out[done..end].iter_mut().enumerate() {
                *slot = self.numbers.get(run.at + offset * run.step).copied().unwrap_or(1.0) as f32;
            }
            done = end;
        }
        Ok(())
    }
}

impl Codebook {
    /// Of a weight whose codes are no even grid; `None` of others. Tables of more than 256 numbers are none of codes.
    fn of(model: &Model, weight: &Weight, token: &Token) -> Result<Option<Self>, FoldError> {
        let dtype = weight.data_tensor(model).dtype;
        let (name, mut levels) = match dtype {
            _ if weight.scheme == Scheme::Codebook => {
                let tensor = TensorRef { graph: weight.site.graph, tensor: weight.tensor };
                let Some(table) = fold::chain(model, tensor).codebook else { return Ok(None) };
                if model.tensor(table).shape.count().is_none_or(|count| count > 256) {
                    return Ok(None);
                }
                ("codebook", fold::evaluate(model, table, token)?.into_f32(token)?)
            }
            DType::Nf4 | DType::F4E2M1 => {
                let codes: Vec<u8> = (0..8).map(|pair| pair << 5 | 1 << 4 | pair << 1).collect();
                let mut levels = vec![0.0; 16];
                decode_f32(dtype, &codes, 0, &mut levels)?;
                (dtype.name(), levels)
            }
            _ => return Ok(None),
        };
        levels.retain(|level| level.is_finite());
        // Both zeros are one.
        levels.iter_mut().for_each(|level| *level += 0.0);
        levels.sort_by(f32::total_cmp);
        levels.dedup();
        Ok((levels.len() > 1).then_some(Self { name, levels }))
    }

    /// The widest distance of neighbours.
    pub fn widest(&self) -> f64 {
        self.levels.windows(2).map(|pair| f64::from(pair[1]) - f64::from(pair[0])).fold(0.0, f64::max)
    }

    /// The root mean square of the distances of neighbours.
    pub fn mean_gap(&self) -> f64 {
        let squares = self.levels.windows(2).map(|pair| (f64::from(pair[1]) - f64::from(pair[0])).powi(2));
        (squares.sum::<f64>() / (self.levels.len() - 1) as f64).sqrt()
    }

    /// Half the distance from the level nearest to a number to its neighbour on one side; at either end to the one
    /// inside.
    pub(super) fn half_gap(&self, number: f64, is_upwards: bool) -> f64 {
        let levels = &self.levels;
        let above = levels.partition_point(|level| f64::from(*level) < number).clamp(1, levels.len() - 1);
        let is_nearer_below = number - f64::from(levels[above - 1]) < f64::from(levels[above]) - number;
        let nearest = if is_nearer_below { above - 1 } else { above };
        let lower = if is_upwards { nearest.min(levels.len() - 2) } else { nearest.max(1) - 1 };
        (f64::from(levels[lower + 1]) - f64::from(levels[lower])) / 2.0
    }
}

/// What rounding to a float type may change of a value: relative to it, and whatever it is (half the smallest
/// number).
pub(super) fn float_rounding(dtype: DType) -> (f64, f64) {
    match dtype {
        DType::F16 => (4.9e-4, 3.0e-8),
        DType::Bf16 => (3.95e-3, 0.0),
        DType::F8E4M3 => (6.3e-2, 1e-3),
        DType::F8E5M2 => (1.26e-1, 1e-5),
        _ => (1e-6, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distances in the table of QLoRA's normal float (Dettmers et al. 2023) and in the OCP microscaling f4.
    #[test]
    fn distances_to_the_next_code() {
        let codebook =
            Codebook { name: "f4e2m1", levels: vec![-6.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0] };
        assert_eq!(codebook.widest(), 2.0);
        for (number, is_upwards, half) in [
            (0.0, true, 0.25),
            (3.9, true, 1.0),
            (4.1, false, 0.5),
            (6.0, true, 1.0),
            (6.0, false, 1.0),
            (-6.0, false, 1.0),
            (-9.0, true, 1.0),
            (-2.0, false, 0.5),
            (-2.0, true, 0.25),
        ] {
            assert_eq!(codebook.half_gap(number, is_upwards), half, "{number} {is_upwards}");
        }
    }
}
