//! Recurrent layers that have a tensor a gate: which input is which gate's.
//!
//! A role's gate follows it after a dot; a second suffix is the direction, a third marks the weights
//! of the auxiliary input. Positions: `tfl_ops.td`, `kernels/lstm.cc`.

use super::OPERAND;
use crate::weights::Role;

/// Full LSTM, 24 inputs: a tensor a gate. Layer normalisation takes the last four. Diagonal recurrent
/// matrices are stored as vectors.
pub fn lstm(input: usize, is_diagonal: bool) -> Role {
    let role = lstm_part(input);
    if is_diagonal && (5..=8).contains(&input) { Role { layout: Some("O"), ..role } } else { role }
}

/// 48 inputs: 1 to 17 the forward half, 18 to 34 the backward one, 40 to 47 for the auxiliary input.
pub fn bidirectional_lstm(input: usize) -> Role {
    let (part, names): (usize, &[&str; 17]) = match input {
        1..=17 => (input, &FORWARD),
        18..=34 => (input - 17, &BACKWARD),
        40..=47 => return Role::weight(AUXILIARY.get(input - 40).copied().unwrap_or("operand"), Some("OI")),
        _ => return OPERAND,
    };
    Role { name: names.get(part - 1).copied().unwrap_or("operand"), ..lstm_part(part) }
}

/// 12 inputs: 1 to 4 forward, 5 to 8 backward, 10 and 11 for the auxiliary input.
pub fn bidirectional_rnn(input: usize) -> Role {
    match input {
        1 => Role::weight("input_kernel.forward", Some("OI")),
        2 => Role::weight("recurrent_kernel.forward", Some("OI")),
        3 => Role::weight("bias.forward", Some("O")),
        5 => Role::weight("input_kernel.backward", Some("OI")),
        6 => Role::weight("recurrent_kernel.backward", Some("OI")),
        7 => Role::weight("bias.backward", Some("O")),
        10 => Role::weight("input_kernel.forward.auxiliary", Some("OI")),
        11 => Role::weight("input_kernel.backward.auxiliary", Some("OI")),
        _ => OPERAND,
    }
}

fn lstm_part(input: usize) -> Role {
    match input {
        1 => Role::weight("input_kernel.input", Some("OI")),
        2 => Role::weight("input_kernel.forget", Some("OI")),
        3 => Role::weight("input_kernel.cell", Some("OI")),
        4 => Role::weight("input_kernel.output", Some("OI")),
        5 => Role::weight("recurrent_kernel.input", Some("OI")),
        6 => Role::weight("recurrent_kernel.forget", Some("OI")),
        7 => Role::weight("recurrent_kernel.cell", Some("OI")),
        8 => Role::weight("recurrent_kernel.output", Some("OI")),
        9 => Role::weight("peephole.input", Some("O")),
        10 => Role::weight("peephole.forget", Some("O")),
        11 => Role::weight("peephole.output", Some("O")),
        12 => Role::weight("bias.input", Some("O")),
        13 => Role::weight("bias.forget", Some("O")),
        14 => Role::weight("bias.cell", Some("O")),
        15 => Role::weight("bias.output", Some("O")),
        16 => Role::weight("projection", Some("OI")),
        17 => Role::weight("bias.projection", Some("O")),
        20 => Role::weight("gamma.input", Some("O")),
        21 => Role::weight("gamma.forget", Some("O")),
        22 => Role::weight("gamma.cell", Some("O")),
        23 => Role::weight("gamma.output", Some("O")),
        _ => OPERAND,
    }
}

const FORWARD: [&str; 17] = [
    "input_kernel.input.forward",
    "input_kernel.forget.forward",
    "input_kernel.cell.forward",
    "input_kernel.output.forward",
    "recurrent_kernel.input.forward",
    "recurrent_kernel.forget.forward",
    "recurrent_kernel.cell.forward",
    "recurrent_kernel.output.forward",
    "peephole.input.forward",
    "peephole.forget.forward",
    "peephole.output.forward",
    "bias.input.forward",
    "bias.forget.forward",
    "bias.cell.forward",
    "bias.output.forward",
    "projection.forward",
    "bias.projection.forward",
];

const BACKWARD: [&str; 17] = [
    "input_kernel.input.backward",
    "input_kernel.forget.backward",
    "input_kernel.cell.backward",
    "input_kernel.output.backward",
    "recurrent_kernel.input.backward",
    "recurrent_kernel.forget.backward",
    "recurrent_kernel.cell.backward",
    "recurrent_kernel.output.backward",
    "peephole.input.backward",
    "peephole.forget.backward",
    "peephole.output.backward",
    "bias.input.backward",
    "bias.forget.backward",
    "bias.cell.backward",
    "bias.output.backward",
    "projection.backward",
    "bias.projection.backward",
];

const AUXILIARY: [&str; 8] = [
    "input_kernel.input.forward.auxiliary",
    "input_kernel.forget.forward.auxiliary",
    "input_kernel.cell.forward.auxiliary",
    "input_kernel.output.forward.auxiliary",
    "input_kernel.input.backward.auxiliary",
    "input_kernel.forget.backward.auxiliary",
    "input_kernel.cell.backward.auxiliary",
    "input_kernel.output.backward.auxiliary",
];
