//! The stored number behind a real value.

use super::Weight;
use crate::model::Model;
use crate::values;

impl Weight {
    /// The stored integer at one element of the real values, where each real value comes from the
    /// stored number at the same place.
    pub fn code_at(&self, model: &Model, element: usize) -> Option<i64> {
        const IN_PLACE: [&str; 10] =
            ["Convert", "Multiply", "Subtract", "Add", "Divide", "Reshape", "DEQUANTIZE", "CAST", "RESHAPE", "FakeQuantize"];
        let graph = self.graph(model);
        let tensor = self.data_tensor(model);
        let keeps_order = self.chain.iter().all(|id| IN_PLACE.contains(&graph.operation(*id).kind.as_str()));
        if !keeps_order || !tensor.dtype.is_integer() || element as u64 >= tensor.shape.count()? {
            return None;
        }
        let mut code = [0];
        values::decode_i64(tensor.dtype, self.stored_bytes(model).ok()?, element, &mut code).ok()?;
        Some(code[0])
    }
}
