//! Arrays without elements, which may have any number of rows: found by fuzzing. A loop over the rows would run for
//! minutes, a product of the dimensions would overflow.

use serde_json::json;

use super::*;

const ROWS: u64 = 1 << 40;

#[test]
fn rows_without_elements_are_not_walked() {
    let mut builder = Builder::default();
    let a = builder.constant(DType::F32, &[ROWS, 5, 0], &[]);
    let b = builder.constant(DType::F32, &[ROWS, 2, 0], &[]);
    let end = builder.one("Concat", json!({"axis": 1}), &[a, b], DType::F32);
    assert_eq!(builder.value(end), Ok((vec![ROWS as usize, 7, 0], vec![])));

    let mut builder = Builder::default();
    let data = builder.constant(DType::F32, &[ROWS, 3, 0], &[]);
    let (indices, axis) = (builder.ints(&[]), builder.ints(&[1]));
    let updates = builder.constant(DType::F32, &[ROWS, 0, 0], &[]);
    let end = builder.one("ScatterUpdate", json!({}), &[data, indices, updates, axis], DType::F32);
    assert_eq!(builder.value(end), Ok((vec![ROWS as usize, 3, 0], vec![])));
}

#[test]
fn a_product_of_no_columns_does_not_make_its_factors() {
    let mut builder = Builder::default();
    let a = builder.floats(&[1, 4, 4], &[1.0; 16]);
    let b = builder.constant(DType::F32, &[ROWS, 4, 0], &[]);
    let end = builder.one("MatMul", json!({}), &[a, b], DType::F32);
    let error = builder.value(end).unwrap_err().to_string();
    assert!(error.ends_with("the product of the constants is too large to be evaluated"), "{error}");
}

#[test]
fn shapes_whose_other_dimensions_are_too_large_are_refused() {
    let mut builder = Builder::default();
    let a = builder.constant(DType::F32, &[ROWS, ROWS, 0], &[]);
    assert!(builder.value(a).unwrap_err().to_string().contains("too many elements"));
}
