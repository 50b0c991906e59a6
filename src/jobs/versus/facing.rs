//! Two weights with their values, laid beside each other.

use std::sync::Arc;

use super::super::numbers::Values;
use super::super::{Cancelled, Failure, Opened, Token};
use super::{Plane, Sides};
use crate::compare::brought::Brought;
use crate::compare::difference::{Difference, Kind};
use crate::compare::distribution::shared_histograms_of;
use crate::compare::table::Row;
use crate::compare::{Alignment, Side, sections_between};
use crate::stats::{Bins, Histogram, Rule};
use crate::values::Blocks;
use crate::weights::{CodeWay, Reading, Scales, Section, Weight};

/// Weights of up to so many elements are brought to the other's order as a whole: 16 MiB.
const FEW: usize = 1 << 22;

#[derive(Debug)]
pub struct Facing {
    pub sides: Sides,
    pub row: Row,
    pub a: Arc<Plane>,
    /// In A's shape and order, where the two can be aligned; else in its own.
    pub b: Arc<Plane>,
    /// What each side is stored as: `f32`, `i8, per channel`.
    pub forms: [String; 2],
    codes: [Codes; 2],
}

/// The way from a side's elements to the stored numbers.
#[derive(Debug)]
struct Codes {
    scales: Scales,
    way: Option<CodeWay>,
    /// The parts of the weight that the side is, and the weight's whole shape.
    sections: Vec<Section>,
    whole: Vec<usize>,
}

/// A stored number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Code {
    pub number: i64,
    /// Scale and zero point.
    pub scale: Option<(f64, f64)>,
}

impl Facing {
    /// # Errors
    /// [`Failure`]: cancelled, or one sentence why the values can't be had.
    pub fn of(sides: Sides, row: Row, token: &Token) -> Result<Self, Failure> {
        let gone = || Failure::Failed("The models do not have these weights any more".to_owned());
        let of_a = sides.a.catalogue.at(row.pair.a).ok_or_else(gone)?;
        let of_b = sides.b.catalogue.at(row.pair.b).ok_or_else(gone)?;
        let [sections_a, sections_b] = sections_between(of_a, of_b);
        let (a, form_a, codes_a) = side(&sides.a, of_a, sections_a, token)?;
        let (own, form_b, codes_b) = side(&sides.b, of_b, sections_b, token)?;
        let forms = [form_a, form_b];
        let layout = |weight: &Weight, shape: &[usize]| weight.role.layout.filter(|layout| layout.len() == shape.len());
        let shape = a.shape().to_vec();
        let a = Plane::of(Arc::new(a), shape.clone(), layout(of_a, &shape), token)?;
        let b = match row.outcome.as_ref().ok().map(|compared| &compared.alignment) {
            Some(alignment) => Plane::of(brought(own, alignment)?, alignment.shape.clone(), alignment.layout, token)?,
            None => {
                let shape = own.shape().to_vec();
                Plane::of(Arc::new(own), shape.clone(), layout(of_b, &shape), token)?
            }
        };
        Ok(Self { sides, row, a: Arc::new(a), b: Arc::new(b), forms, codes: [codes_a, codes_b] })
    }

    /// How the two are brought to one; or one sentence why they are not.
    pub fn alignment(&self) -> Result<&Alignment, &str> {
        self.row.outcome.as_ref().map(|compared| &compared.alignment).map_err(String::as_str)
    }

    /// # Errors
    /// [`Cancelled`].
    pub fn difference(&self, kind: Kind, token: &Token) -> Result<Plane, Cancelled> {
        let difference = Difference { a: Arc::clone(&self.a.values), b: Arc::clone(&self.b.values), kind };
        let values: Arc<dyn Blocks> = if difference.len() <= FEW { Arc::new(difference.to_vec()) } else { Arc::new(difference) };
        Plane::of(values, self.a.shape.clone(), self.a.layout, token)
    }

    /// Both distributions on the same edges.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn histograms(&self, token: &Token) -> Result<[Histogram; 2], Cancelled> {
        self.a.count_all(token)?;
        self.b.count_all(token)?;
        let (a, b) = (&self.a, &self.b);
        shared_histograms_of((&*a.values, a.summary()), (&*b.values, b.summary()), Bins::Rule(Rule::Auto), token)
    }

    /// The stored code of an element at a position of A's order, of A and of B, with scale and zero point.
    pub fn codes_at(&self, place: usize) -> [Option<Code>; 2] {
        let place_in_b = self.alignment().map_or(place, |alignment| alignment.place_in_b(place));
        let Sides { a, b } = &self.sides;
        [self.codes[0].at(a, a.catalogue.at(self.row.pair.a), place), self.codes[1].at(b, b.catalogue.at(self.row.pair.b), place_in_b)]
    }
}

fn side(opened: &Arc<Opened>, weight: &Weight, sections: Vec<Section>, token: &Token) -> Result<(Values, String, Codes), Failure> {
    let value = weight.value(&opened.model, Reading::Effective, token)?;
    let whole = value.shape.clone();
    let (values, _) = Values::new(opened, value, &sections, token)?;
    // What they are needed for, a readout, can do without them.
    let scales = weight.scales(&opened.model, token).unwrap_or_default();
    let way = weight.code_way(&opened.model, token);
    Ok((values, Side::form_text(&opened.model, weight), Codes { scales, way, sections, whole }))
}

fn brought(own: Values, alignment: &Alignment) -> Result<Arc<dyn Blocks>, Failure> {
    if !alignment.is_reordered {
        return Ok(Arc::new(own));
    }
    if own.len() > FEW {
        return Ok(Arc::new(Brought::new(own, alignment)));
    }
    let mut values = vec![0.0; own.len()];
    own.read(0, &mut values);
    let brought = alignment.bring(&values).ok_or_else(|| Failure::Failed("The two can't be laid beside each other any more".to_owned()))?;
    Ok(Arc::new(brought))
}

impl Codes {
    fn at(&self, opened: &Opened, weight: Option<&Weight>, place: usize) -> Option<Code> {
        let (weight, way, model) = (weight?, self.way.as_ref()?, &opened.model);
        let place = Section::place_in_whole(&self.sections, &self.whole, place)?;
        Some(Code { number: weight.code_at(model, way, place)?, scale: weight.scale_at(model, &self.scales, way, place) })
    }
}
