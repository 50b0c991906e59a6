//! What waits until elements are read, and what is read of weights behind `FakeQuantize`.

use serde_json::json;

use super::*;

#[test]
fn what_waits_is_read_from_anywhere() {
    let mut builder = Builder::default();
    let codes: Vec<u8> = (0..=255).cycle().take(3 * 5000).collect();
    let codes = builder.constant(DType::U8, &[3, 5000], &codes);
    let zero_points = builder.constant(DType::U8, &[3, 1], &[128, 0, 7]);
    let scales = builder.floats(&[3, 1], &[0.5, 0.25, 2.0]);
    let wide = builder.convert(codes, DType::F32);
    let narrow = builder.convert(zero_points, DType::F32);
    let shifted = builder.one("Subtract", json!({}), &[wide, narrow], DType::F32);
    let scaled = builder.one("Multiply", json!({}), &[scales, shifted], DType::F32);
    let (model, token) = (builder.model(), Token::new());
    let value = evaluate(&model, of_main(scaled), &token).unwrap();
    assert_eq!((value.own_bytes(), value.count()), (24, 15_000), "nothing but scales and zero points is in memory");
    let expected = |index: usize| {
        let (row, code) = (index / 5000, (index % 256) as f32);
        [0.5, 0.25, 2.0][row] * (code - [128.0, 0.0, 7.0][row])
    };
    for start in [0, 1, 4095, 4999, 9_500] {
        let mut block = vec![0.0; 5_500.min(15_000 - start)];
        value.read_f32(start, &mut block).unwrap();
        assert!(block.iter().zip(start..).all(|(value, index)| *value == expected(index)), "from {start}");
    }
    let all = value.into_f32(&token).unwrap();
    assert!(all.iter().enumerate().all(|(index, value)| *value == expected(index)));
}

/// By the formula: five levels between -1 and 1, or between 0 and 2, are 0.5 apart.
#[test]
fn readings_of_fake_quantize() {
    let read = |low: f32, high: f32, reading: Reading| {
        let mut builder = Builder::default();
        let x = builder.floats(&[6], &[-2.0, -0.8, -0.2, 0.3, 0.8, 9.0]);
        let ranges = [low, high, low, high].map(|range| builder.floats(&[], &[range]));
        let end = builder.one("FakeQuantize", json!({"levels": 5}), &[x, ranges[0], ranges[1], ranges[2], ranges[3]], DType::F32);
        let model = builder.model();
        evaluate_as(&model, of_main(end), reading, &Token::new()).unwrap().into_f32(&Token::new()).unwrap()
    };
    assert_eq!(read(-1.0, 1.0, Reading::Effective), [-1.0, -1.0, 0.0, 0.5, 1.0, 1.0]);
    assert_eq!(read(-1.0, 1.0, Reading::Levels), [-2.0, -2.0, 0.0, 1.0, 2.0, 2.0]);
    assert_eq!(read(0.0, 2.0, Reading::Levels), [0.0, 0.0, 0.0, 1.0, 2.0, 4.0]);
    assert_eq!(read(0.0, 2.0, Reading::Float), [-2.0, -0.8, -0.2, 0.3, 0.8, 9.0]);
}
