//! What the program does with the weights of a model once it is open. The integration tests have this
//! file too, so that it keeps step with the library.

use weightscope::jobs::Token;
use weightscope::model::Model;
use weightscope::weights::Catalogue;

/// Weights of one input whose values are computed.
const VALUES: usize = 64;
/// The largest weight whose values are computed, in elements: larger ones only cost time.
const ELEMENTS: u64 = 1 << 16;

/// Computes the values of small weights, and reads out the last element of each. Returns how many could
/// be computed.
pub fn read(model: &Model, catalogue: &Catalogue) -> usize {
    let token = Token::new();
    let mut computed = 0;
    for weight in catalogue.all().iter().take(VALUES) {
        let shape = &weight.graph(model).tensor(weight.tensor).shape;
        if shape.count().is_some_and(|count| count > ELEMENTS) {
            continue;
        }
        let way = weight.code_way(model, &token);
        if let (Ok(real), Ok(scales)) = (weight.real(model, &token), weight.scales(model, &token))
            && let Some(last) = real.values.len().checked_sub(1)
        {
            computed += 1;
            if let Some(way) = way {
                weight.code_at(model, &way, last);
                weight.scale_at(model, &scales, &way, last);
            }
        }
    }
    computed
}
