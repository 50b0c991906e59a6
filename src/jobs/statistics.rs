//! The figures of every weight of a model, computed one after the other and there to be seen as they
//! become known.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::{Cancelled, Token};
use crate::model::Model;
use crate::stats::Figures;
use crate::weights::{FoldError, Weight};

/// A line a weight, in the order they were given. Filled by [`Statistics::compute`] on a worker
/// thread while others look.
#[derive(Debug)]
pub struct Statistics {
    lines: Vec<OnceLock<Result<Box<Figures>, String>>>,
    known: AtomicUsize,
}

/// Values from which a weight is alone with all threads; smaller ones are done side by side.
const LARGE: u64 = 1 << 20;

impl Statistics {
    pub fn new(weights: usize) -> Self {
        Self { lines: (0..weights).map(|_| OnceLock::new()).collect(), known: AtomicUsize::new(0) }
    }

    /// The figures of a weight, or one sentence why there are none; `None` as long as they are not
    /// known.
    pub fn get(&self, line: usize) -> Option<Result<&Figures, &str>> {
        self.lines.get(line)?.get().map(|line| line.as_ref().map(|figures| &**figures).map_err(String::as_str))
    }

    /// [`Statistics::get`] for those who need no reason.
    pub fn figures(&self, line: usize) -> Option<&Figures> {
        self.get(line)?.ok()
    }

    /// How many lines are known.
    pub fn known(&self) -> usize {
        self.known.load(Ordering::Acquire)
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn is_complete(&self) -> bool {
        self.known() == self.len()
    }

    /// Fills in the lines that are not known yet; `weights` are those the table was made for. The
    /// token tells how far it is.
    ///
    /// # Errors
    /// [`Cancelled`]; what is known stays.
    pub fn compute(&self, model: &Model, weights: &[&Weight], token: &Token) -> Result<(), Cancelled> {
        let open: Vec<(usize, &Weight, u64)> = weights
            .iter()
            .enumerate()
            .filter(|(line, _)| self.get(*line).is_none())
            .map(|(line, weight)| (line, *weight, Figures::work(model, weight)))
            .collect();
        token.expect(open.iter().map(|(.., work)| work.saturating_add(1)).fold(0, u64::saturating_add));
        let each = |(line, weight, work): &(usize, &Weight, u64)| self.compute_one(model, *line, weight, *work, token);
        let mut rest = open.as_slice();
        while !rest.is_empty() {
            let small = rest.iter().take_while(|(.., work)| *work < LARGE).count();
            let (now, later) = rest.split_at(small.max(1));
            now.par_iter().try_for_each(each)?;
            rest = later;
        }
        Ok(())
    }

    fn compute_one(&self, model: &Model, line: usize, weight: &Weight, work: u64, token: &Token) -> Result<(), Cancelled> {
        token.check()?;
        let found = if weight.is_text(model) {
            Err("strings have no figures".to_owned())
        } else {
            match Figures::of(model, weight, token) {
                Ok(figures) => Ok(Box::new(figures)),
                Err(FoldError::Cancelled(cancelled)) => return Err(cancelled),
                Err(problem) => Err(problem.to_string()),
            }
        };
        if found.is_err() {
            token.advance(work);
        }
        token.advance(1);
        if let Some(slot) = self.lines.get(line)
            && slot.set(found).is_ok()
        {
            self.known.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }
}

/// A table for all weights of a model, none of them known.
pub fn statistics_of(weights: usize) -> Arc<Statistics> {
    Arc::new(Statistics::new(weights))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{self, Options};
    use crate::source::Source;
    use crate::weights::Catalogue;

    #[test]
    fn every_weight_has_a_line_and_cancelling_keeps_them() {
        let bytes = include_bytes!("../../assets/example/digits_int8.tflite");
        let source = Source::from_bytes("digits_int8.tflite", bytes.to_vec());
        let model = formats::open_source(source, &Options::default(), &Token::new()).unwrap();
        let catalogue = Catalogue::of(&model);
        let weights: Vec<&Weight> = catalogue.weights().collect();
        let table = Statistics::new(weights.len());
        let cancelled = Token::new();
        cancelled.cancel();
        assert_eq!(table.compute(&model, &weights, &cancelled), Err(Cancelled));
        assert!(table.known() == 0 && table.get(0).is_none());
        let token = Token::new();
        table.compute(&model, &weights, &token).unwrap();
        assert!(table.is_complete() && token.fraction() == Some(1.0), "{:?}", token.fraction());
        for (line, weight) in weights.iter().enumerate() {
            let figures = table.figures(line).unwrap();
            assert_eq!(figures.summary.moments.count, weight.real(&model, &token).unwrap().values.len() as u64);
            assert_eq!(figures.codes.is_some(), weight.data_tensor(&model).dtype.bits() == 8);
        }
    }
}
