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
            Some(alignment) => {
                let [values, unordered] = brought(own, alignment)?;
                Plane::of_reordered(values, unordered, alignment.shape.clone(), alignment.layout, token)?
            }
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
        shared_histograms_of((&*a.unordered, a.summary()), (&*b.unordered, b.summary()), Bins::Rule(Rule::Auto), token)
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

/// The values in A's order, and in the order that they are read fastest in.
fn brought(own: Values, alignment: &Alignment) -> Result<[Arc<dyn Blocks>; 2], Failure> {
    if own.len() > FEW || !alignment.is_reordered {
        let own: Arc<dyn Blocks> = Arc::new(own);
        let values: Arc<dyn Blocks> =
            if alignment.is_reordered { Arc::new(Brought::new(Arc::clone(&own), alignment)) } else { Arc::clone(&own) };
        return Ok([values, own]);
    }
    let mut values = vec![0.0; own.len()];
    own.read(0, &mut values);
    let brought = alignment.bring(&values).ok_or_else(|| Failure::Failed("The two can't be laid beside each other any more".to_owned()))?;
    let brought: Arc<dyn Blocks> = Arc::new(brought);
    Ok([Arc::clone(&brought), brought])
}

impl Codes {
    fn at(&self, opened: &Opened, weight: Option<&Weight>, place: usize) -> Option<Code> {
        let (weight, way, model) = (weight?, self.way.as_ref()?, &opened.model);
        let place = Section::place_in_whole(&self.sections, &self.whole, place)?;
        Some(Code { number: weight.code_at(model, way, place)?, scale: weight.scale_at(model, &self.scales, way, place) })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::compare::pair::Decisions;
    use crate::compare::table::{Options, compare_models};
    use crate::formats;
    use crate::jobs::{Origin, open};

    /// An IR with one matrix product, whose weight is `rows` by `columns`.
    fn model(folder: &Path, name: &str, values: &[f32], [rows, columns]: [usize; 2], is_transposed: bool) -> Arc<Opened> {
        let (inputs, outputs) = if is_transposed { (columns, rows) } else { (rows, columns) };
        let port = |id: usize, dims: &[usize]| {
            let dims: String = dims.iter().map(|dim| format!("<dim>{dim}</dim>")).collect();
            format!(r#"<port id="{id}" precision="FP32">{dims}</port>"#)
        };
        let xml = format!(
            r#"<?xml version="1.0"?><net name="net" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1,{inputs}" element_type="f32"/><output>{}</output></layer>
<layer id="1" name="w" type="Const" version="opset1"><data element_type="f32" shape="{rows}, {columns}" offset="0" size="{}"/><output>{}</output></layer>
<layer id="2" name="dense" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="{is_transposed}"/><input>{}{}</input><output>{}</output></layer>
<layer id="3" name="y" type="Result" version="opset1"><input>{}</input></layer></layers><edges>
<edge from-layer="0" from-port="0" to-layer="2" to-port="0"/><edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/></edges></net>"#,
            port(0, &[1, inputs]),
            values.len() * 4,
            port(0, &[rows, columns]),
            port(0, &[1, inputs]),
            port(1, &[rows, columns]),
            port(2, &[1, outputs]),
            port(0, &[1, outputs]),
        );
        let path = folder.join(format!("{name}.xml"));
        fs::write(&path, xml).unwrap();
        fs::write(path.with_extension("bin"), values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        let options = formats::Options::default();
        open(|| formats::open(&path, &options, &Token::new()), Origin::File(options.clone()), None).unwrap()
    }

    /// A pair that is not copied: A is read from the file, B panel by panel in A's order, and both are subtracted where
    /// they are read.
    #[test]
    fn large_pairs_are_read_where_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let (rows, columns) = (2100, 2050);
        let a: Vec<f32> = (0..rows * columns).map(|place| (place * 7919 % 10_007) as f32 / 10_007.0 - 0.5).collect();
        let mut b = vec![0.0; a.len()];
        for row in 0..rows {
            for column in 0..columns {
                b[column * rows + row] = a[row * columns + column];
            }
        }
        // One element of B is another one.
        b[1234 * rows + 567] += 0.25;
        let sides =
            Sides { a: model(folder.path(), "a", &a, [rows, columns], true), b: model(folder.path(), "b", &b, [columns, rows], false) };
        let (token, decisions) = (Token::new(), Decisions::default());
        let table = compare_models(sides.subject_a(), sides.subject_b(), &decisions, Options::default(), &token, |_, _| ()).unwrap();
        let facing = Facing::of(sides.clone(), table.rows[0].clone(), &token).unwrap();
        assert!(facing.a.values.as_slice().is_some() && facing.b.values.as_slice().is_none());
        assert_eq!((facing.a.count(), facing.b.count(), &facing.b.shape), (a.len(), a.len(), &vec![rows, columns]));
        let difference = facing.difference(Kind::Difference, &Token::new()).unwrap();
        assert!(!difference.is_counted() && difference.values.as_slice().is_none());
        difference.count_all(&Token::new()).unwrap();
        let moments = difference.summary().moments;
        assert_eq!((moments.min, moments.max, moments.zeros), (0.0, 0.25, a.len() as u64 - 1));
        assert_eq!(difference.value(567 * columns + 1234), Some(0.25));
        let [of_a, of_b] = facing.histograms(&Token::new()).unwrap();
        assert_eq!((of_a.total(), of_b.total(), &of_a.edges), (a.len() as u64, a.len() as u64, &of_b.edges));
    }
}
