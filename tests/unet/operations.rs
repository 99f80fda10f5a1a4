//! What goes through the operands of an operation misses none, and calls each by the name of its field.

use iddpm::unet::{Conv, LossOp, NormOp, NormParam, Op, Wrap};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tensor(usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Param(usize);

type Operation = Op<Tensor, Param>;

const CONV: Conv<Tensor, Param> = Conv {
    input: Tensor(0),
    weight: Param(0),
    bias: Param(1),
    kernel: 3,
    stride: 2,
    upsample: true,
    wrap: Wrap::X,
    shift: Some(Tensor(1)),
    residual: Some(Tensor(2)),
};

const LOSS: LossOp<Tensor> = LossOp {
    output: Tensor(0),
    x_start: Tensor(1),
    noise: Tensor(2),
    x: Tensor(3),
    rows: Tensor(4),
};

const NORM: NormOp<Tensor, Param> = NormOp {
    input: Tensor(0),
    grad: Tensor(1),
    weight: Param(0),
    bias: Param(1),
    scale_shift: Some(Tensor(2)),
    groups: 1,
    silu: true,
};

/// The operations of the network, every operand given, with the names of their tensors and parameters in
/// the order in which plans and drawings have them; tensors and parameters are numbered in that order.
fn forward() -> Vec<(Operation, &'static [&'static str], &'static [&'static str])> {
    let (input, weight, bias) = (Tensor(0), Param(0), Param(1));
    let linear = Op::Linear {
        input,
        weight,
        bias,
        silu: true,
    };
    let group_norm = Op::GroupNorm {
        input,
        weight,
        bias,
        scale_shift: Some(Tensor(1)),
        groups: 1,
        silu: true,
    };
    let label_embedding = Op::LabelEmbedding {
        base: Tensor(0),
        labels: Tensor(1),
        table: Param(0),
    };
    let timestep_embedding = Op::TimestepEmbedding {
        timesteps: Tensor(0),
        dim: 64,
    };
    let attention = Op::Attention {
        qkv: Tensor(0),
        heads: 4,
    };
    let concat = Op::Concat {
        first: Tensor(0),
        second: Tensor(1),
    };
    let bilinear = Op::Bilinear {
        input,
        height: 5,
        width: 6,
    };
    let of_both: &[&str] = &["weight", "bias"];
    vec![
        (timestep_embedding, &["timesteps"], &[]),
        (label_embedding, &["base", "labels"], &["table"]),
        (linear, &["input"], of_both),
        (Op::Conv(CONV), &["input", "shift", "residual"], of_both),
        (group_norm, &["input", "scale_shift"], of_both),
        (attention, &["qkv"], &[]),
        (concat, &["first", "second"], &[]),
        (Op::AveragePool { input }, &["input"], &[]),
        (Op::Upsample { input }, &["input"], &[]),
        (bilinear, &["input"], &[]),
    ]
}

/// The same of operands that belong together.
fn groups() -> Vec<(Operation, &'static [&'static str], &'static [&'static str])> {
    let sums = Tensor(0);
    let input = Op::NormGradInput {
        norm: NORM,
        sums: Tensor(3),
    };
    let scale_shift = Op::NormGradScaleShift {
        sums,
        weight: Param(0),
        bias: Param(1),
        channels: 7,
        groups: 1,
    };
    let parameter = Op::NormGradParam {
        sums,
        scale_shift: Some(Tensor(1)),
        of: NormParam::Weight,
        channels: 7,
        groups: 1,
    };
    let of_both: &[&str] = &["weight", "bias"];
    let of_loss: &[&str] = &["output", "x_start", "noise", "x", "rows"];
    let operations: Vec<(_, &[_], &[_])> = vec![
        (Op::Loss(LOSS), of_loss, &[]),
        (
            Op::NormSums(NORM),
            &["input", "grad", "scale_shift"],
            of_both,
        ),
        (input, &["input", "grad", "scale_shift", "sums"], of_both),
        (scale_shift, &["sums"], of_both),
        (parameter, &["sums", "scale_shift"], &[]),
    ];
    operations
}

#[test]
fn a_visit_names_every_operand_in_the_order_of_the_fields() {
    for (op, tensors, params) in [forward(), groups()].concat() {
        let (mut of_tensors, mut of_params) = (Vec::new(), Vec::new());
        op.visit(
            |name, Tensor(id)| of_tensors.push((id, name)),
            |name, Param(id)| of_params.push((id, name)),
        );
        let numbered = |names: &[&'static str]| names.iter().copied().enumerate().collect();
        let [tensors, params]: [Vec<_>; 2] = [tensors, params].map(numbered);
        assert_eq!(of_tensors, tensors, "{op:?}");
        assert_eq!(of_params, params, "{op:?}");
        let inputs: Vec<usize> = op.inputs().map(|Tensor(id)| id).collect();
        assert!(inputs.iter().copied().eq(0..tensors.len()), "{op:?}");
        let read: Vec<usize> = op.params().map(|Param(id)| id).collect();
        assert!(read.iter().copied().eq(0..params.len()), "{op:?}");
    }
}

#[test]
fn a_map_there_and_back_changes_nothing() {
    for (op, ..) in [forward(), groups()].concat() {
        let there = op.map(|Tensor(id)| 100 + id, |Param(id)| (200 + id) as u8);
        assert!(there.inputs().zip(100..).all(|(id, due)| id == due));
        assert!(there.params().zip(200..).all(|(id, due)| id == due));
        assert_eq!(there.name(), op.name());
        let back = there.map(|id| Tensor(id - 100), |id| Param(usize::from(id) - 200));
        assert_eq!(back, op);
    }
}

#[test]
fn a_map_fails_at_every_operand_at_which_its_function_does() {
    for (op, tensors, params) in [forward(), groups()].concat() {
        for at in 0..tensors.len().max(params.len()) + 1 {
            let unless = |id| if id == at { Err(at) } else { Ok(()) };
            let tensor = op.try_map(|Tensor(id)| unless(id), |_| Ok(()));
            assert_eq!(tensor.is_err(), at < tensors.len(), "{op:?}");
            let param = op.try_map(|_| Ok(()), |Param(id)| unless(id));
            assert_eq!(param.is_err(), at < params.len(), "{op:?}");
        }
    }
}

#[test]
fn an_operand_that_is_not_there_is_left_so() {
    let conv = Op::Conv(Conv {
        shift: None,
        ..CONV
    });
    let sums = Op::NormSums(NormOp {
        scale_shift: None,
        ..NORM
    });
    for (op, inputs) in [(conv, [0, 2]), (sums, [0, 1])] {
        assert!(op.inputs().eq(inputs.map(Tensor)));
        assert_eq!(op.map(|id| id, |id| id), op);
    }
}
