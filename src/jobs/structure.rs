//! What a weight is as a matrix: singular values, and output channels that hold the same kernel.

use super::{Cancelled, Loaded, Token};
use crate::stats::{Alike, Spectrum};

/// Of a weight with output channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    /// `None` of what is no matrix.
    pub spectrum: Option<Spectrum>,
    pub alike: Alike,
}

impl Structure {
    /// Nothing of what has no output channels, or of a vector.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of(loaded: &Loaded, token: &Token) -> Result<Self, Cancelled> {
        let shape = loaded.shape();
        let Some((axis, _)) = loaded.channels.as_ref().filter(|_| shape.len() > 1) else {
            return Ok(Self { spectrum: None, alike: Alike::default() });
        };
        let values = &*loaded.as_slice();
        let alike = Alike::of(values, shape, *axis, token)?;
        Ok(Self { spectrum: Spectrum::of(values, shape, *axis, token)?, alike })
    }
}
