//! The values of one side of a pair, or how the two differ, as a picture needs them: read where they lie, with
//! figures for the colours and a pyramid for pictures from afar. Of many values the figures are a sample's until
//! all are counted.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::super::{Cancelled, Figures, Token};
use crate::colormap::{Colours, Limits, Range};
use crate::render::{self, Image, Numbers, Options, Pyramid, Viewport};
use crate::stats::Summary;
use crate::values::Blocks;
use crate::values::blocks::sample;
use crate::view::View;

/// Of more values the figures are a sample's first.
const MANY: usize = 1 << 22;
/// The values of a sample.
const SAMPLE: usize = 1 << 20;
/// Of fewer values every picture is drawn from the values themselves.
const LEAST_IN_PYRAMID: usize = 1 << 20;

pub struct Plane {
    pub shape: Vec<usize>,
    pub layout: Option<&'static str>,
    pub values: Arc<dyn Blocks>,
    /// The same in the order in which they are read fastest, for what no order changes.
    pub unordered: Arc<dyn Blocks>,
    /// Of all values, or of a sample.
    first: (Summary, Figures),
    /// Of all values, where the first are a sample's.
    counted: OnceLock<(Summary, Figures)>,
    /// Held while values are counted, so that two who want it wait for one.
    counting: Mutex<()>,
    /// The newest view's.
    pyramid: Mutex<Option<(View, Arc<Pyramid>)>>,
}

impl fmt::Debug for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plane").field("shape", &self.shape).field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl Plane {
    /// # Errors
    /// [`Cancelled`].
    pub fn of(values: Arc<dyn Blocks>, shape: Vec<usize>, layout: Option<&'static str>, token: &Token) -> Result<Self, Cancelled> {
        let unordered = Arc::clone(&values);
        Self::of_reordered(values, unordered, shape, layout, token)
    }

    /// Of values that are there in another order, too, in which they are read faster.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of_reordered(
        values: Arc<dyn Blocks>,
        unordered: Arc<dyn Blocks>,
        shape: Vec<usize>,
        layout: Option<&'static str>,
        token: &Token,
    ) -> Result<Self, Cancelled> {
        let first = if values.len() > MANY { figures(&sample(&*unordered, SAMPLE), token)? } else { figures(&*unordered, token)? };
        let (counted, counting, pyramid) = (OnceLock::new(), Mutex::default(), Mutex::default());
        Ok(Self { shape, layout, values, unordered, first, counted, counting, pyramid })
    }

    /// The number of values.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// One value.
    pub fn value(&self, offset: usize) -> Option<f32> {
        let mut value = [0.0];
        (offset < self.count()).then(|| self.values.read(offset, &mut value)).map(|()| value[0])
    }

    /// Whether the figures are those of all values.
    pub fn is_counted(&self) -> bool {
        self.count() <= MANY || self.counted.get().is_some()
    }

    /// Counts all values, if that was not done.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn count_all(&self, token: &Token) -> Result<(), Cancelled> {
        let _alone = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_counted() {
            let _ = self.counted.set(figures(&*self.unordered, token)?);
        }
        Ok(())
    }

    pub fn summary(&self) -> &Summary {
        &self.counted.get().unwrap_or(&self.first).0
    }

    fn figures(&self) -> &Figures {
        &self.counted.get().unwrap_or(&self.first).1
    }

    /// The usual view of the values.
    pub fn default_view(&self, aspect: f64) -> View {
        View::default_for(&self.shape, self.layout, aspect)
    }

    pub fn limits(&self, range: Range, symmetric: bool) -> Limits {
        self.figures().limits(range, symmetric)
    }

    pub fn default_range(&self, symmetric: bool) -> Range {
        self.figures().default_range(symmetric)
    }

    /// The pyramid of a view, complete or not; `None` where reading the cells is quick enough. One view's is kept.
    pub fn pyramid(&self, view: &View) -> Option<Arc<Pyramid>> {
        if self.count() < LEAST_IN_PYRAMID {
            return None;
        }
        let mut held = self.pyramid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, pyramid)) = &*held
            && of == view
        {
            return Some(Arc::clone(pyramid));
        }
        let pyramid = Arc::new(Pyramid::new(view, self.count()));
        *held = Some((view.clone(), Arc::clone(&pyramid)));
        Some(pyramid)
    }

    /// Builds the pyramid of a view to its end, if it has one.
    ///
    /// # Errors
    /// [`Cancelled`]; what was built stays.
    pub fn build_pyramid(&self, view: &View, token: &Token) -> Result<(), Cancelled> {
        match self.pyramid(view).filter(|pyramid| !pyramid.is_complete()) {
            Some(pyramid) => pyramid.build(Numbers { values: &*self.values, view, scales: None, test: None }, token),
            None => Ok(()),
        }
    }

    /// Pixels of a part of the picture, with as much of the pyramid as there is.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn draw(&self, view: &View, colours: &Colours, viewport: &Viewport, ink: render::Ink, token: &Token) -> Result<Image, Cancelled> {
        let pyramid = self.pyramid(view);
        let options = Options { pyramid: pyramid.as_deref(), token: Some(token), ..Options::new(ink) };
        let image = render::heatmap(&*self.values, view, colours, viewport, &options);
        token.check()?;
        Ok(image)
    }
}

fn figures(values: &dyn Blocks, token: &Token) -> Result<(Summary, Figures), Cancelled> {
    let summary = Summary::of(values, token)?;
    let figures = Figures::of_blocks(values, summary.moments, token)?;
    Ok((summary, figures))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that are to be read only, and what would take gigabytes otherwise.
    struct Ramp(usize);

    impl Blocks for Ramp {
        fn len(&self) -> usize {
            self.0
        }

        fn as_slice(&self) -> Option<&[f32]> {
            None
        }

        fn read(&self, start: usize, out: &mut [f32]) {
            out.iter_mut().zip(start..).for_each(|(slot, place)| *slot = if place < self.0 { place as f32 - 1.0 } else { f32::NAN });
        }
    }

    #[test]
    fn many_values_are_sampled_first_and_counted_later() {
        let side = 2100;
        let plane = Plane::of(Arc::new(Ramp(side * side)), vec![side, side], Some("OI"), &Token::new()).unwrap();
        assert!(!plane.is_counted());
        // Both ends are part of a sample, so that the range is right from the start here.
        assert_eq!(plane.summary().moments.min, -1.0);
        assert!(plane.summary().moments.count < (side * side) as u64);
        plane.count_all(&Token::new()).unwrap();
        assert!(plane.is_counted());
        assert_eq!(plane.summary().moments.count, (side * side) as u64);
        assert_eq!((plane.value(0), plane.value(side * side)), (Some(-1.0), None));

        let view = plane.default_view(1.0);
        let pyramid = plane.pyramid(&view).unwrap();
        assert!(!pyramid.is_complete() && Arc::ptr_eq(&pyramid, &plane.pyramid(&view).unwrap()));
        plane.build_pyramid(&view, &Token::new()).unwrap();
        assert!(pyramid.is_complete());
    }
}
