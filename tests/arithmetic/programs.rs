//! Headers and instructions that were not made by a graph.

use iddpm::cpu::{Instruction, Location, Network, Operand, Parameter, ProgramBuf, ProgramHeader};
use iddpm::unet::{Conv, Input, Op, Shape, Wrap};

use super::HOSTILE;

type Operation = Op<Operand, Parameter>;

const X: Location = Location::Input(Input::X);

const fn parameter(first: usize) -> Parameter {
    Parameter { first, len: 0 }
}

/// A program that takes a convolution of x.
fn sound() -> (ProgramHeader, Instruction) {
    let shape = Shape {
        batch: 1,
        channels: 1,
        height: 4,
        width: 4,
    };
    let header = ProgramHeader {
        batch: 1,
        workspace: 64,
        weights: 64,
        classes: 0,
        tensors: 2,
        instructions: 1,
    };
    let instruction = Instruction {
        op: Op::Conv(Conv {
            input: Operand { location: X, shape },
            weight: parameter(0),
            bias: parameter(32),
            kernel: 3,
            stride: 1,
            upsample: false,
            wrap: Wrap::None,
            shift: None,
            residual: None,
        }),
        output: Operand {
            location: Location::Output,
            shape,
        },
    };
    (header, instruction)
}

fn accepted(header: &ProgramHeader, instruction: &Instruction) -> bool {
    ProgramBuf::assemble(header, &[*instruction]).is_ok()
}

#[test]
fn what_is_too_large_for_a_word_is_refused() {
    let (header, instruction) = sound();
    assert!(accepted(&header, &instruction));
    // Each with what a word makes of it the sound number.
    let wrapped = |number: usize| number + (1 << 32);
    type Change = fn(&mut ProgramHeader, &mut Instruction, fn(usize) -> usize);
    let changes: [Change; 12] = [
        |h, _, f| h.batch = f(h.batch),
        |h, _, f| h.workspace = f(h.workspace),
        |h, _, f| h.weights = f(h.weights),
        |h, _, f| h.classes = f(h.classes),
        |_, i, f| conv(i, |c| c.input.shape.batch = f(c.input.shape.batch)),
        |_, i, f| conv(i, |c| c.input.shape.channels = f(c.input.shape.channels)),
        |_, i, f| i.output.shape.height = f(i.output.shape.height),
        |_, i, f| i.output.shape.width = f(i.output.shape.width),
        |_, i, f| conv(i, |c| c.weight.first = f(c.weight.first)),
        |_, i, f| conv(i, |c| c.bias.first = f(c.bias.first)),
        |_, i, f| conv(i, |c| c.kernel = f(c.kernel)),
        |_, i, f| conv(i, |c| c.stride = f(c.stride)),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let (mut header, mut instruction) = sound();
        change(&mut header, &mut instruction, wrapped);
        assert!(!accepted(&header, &instruction), "change {at}");
    }
    // A place in the workspace behind the last that there can be.
    for offset in [1_u32 << 31, (1 << 31) + 4, u32::MAX] {
        let (mut header, mut instruction) = sound();
        header.workspace = usize::MAX;
        conv(&mut instruction, |c| {
            c.input.location = Location::Workspace(offset);
        });
        assert!(!accepted(&header, &instruction));
        header.workspace = 64;
        assert!(!accepted(&header, &instruction));
    }
}

fn conv(instruction: &mut Instruction, change: impl FnOnce(&mut Conv<Operand, Parameter>)) {
    if let Op::Conv(conv) = &mut instruction.op {
        change(conv);
    }
}

/// Whatever the numbers are, a program is refused or one that can be laid out.
#[test]
fn every_number_of_every_field() {
    let operations: [fn(Operand, Operand, usize) -> Operation; 9] = [
        |qkv, _, heads| Op::Attention { qkv, heads },
        |input, _, n| Op::Linear {
            input,
            weight: parameter(n),
            bias: parameter(n),
            silu: true,
        },
        |base, labels, n| Op::LabelEmbedding {
            base,
            labels,
            table: parameter(n),
        },
        |input, scale_shift, n| Op::GroupNorm {
            input,
            weight: parameter(n),
            bias: parameter(0),
            scale_shift: Some(scale_shift),
            groups: n,
            silu: false,
        },
        |input, _, _| Op::Upsample { input },
        |input, _, n| Op::Bilinear {
            input,
            height: n,
            width: n,
        },
        |first, second, _| Op::Concat { first, second },
        |input, grad, n| Op::ConvGradWeight {
            input,
            grad,
            kernel: n,
            stride: n,
            upsample: true,
            wrap: Wrap::X,
        },
        |grad, _, n| Op::ConvGradInput {
            grad,
            weight: parameter(n),
            kernel: 3,
            stride: n,
            wrap: Wrap::Xy,
            channels: n,
            height: n,
            width: n,
        },
    ];
    for a in HOSTILE {
        for b in HOSTILE {
            for c in HOSTILE {
                let (sound_header, mut convolution) = sound();
                let shape = Shape {
                    batch: b,
                    channels: a,
                    height: b,
                    width: c,
                };
                let header = ProgramHeader {
                    batch: b,
                    workspace: c,
                    weights: a,
                    ..sound_header
                };
                let at = |location| Operand { location, shape };
                let second = at(Location::Workspace(b as u32));
                let made = Operand {
                    location: Location::Output,
                    shape: Shape {
                        batch: b,
                        channels: c,
                        height: 1,
                        width: 1,
                    },
                };
                for operation in operations {
                    for location in [
                        X,
                        Location::Input(Input::Timesteps),
                        Location::Workspace(c as u32),
                        Location::Gradient(c as u32),
                    ] {
                        let instruction = Instruction {
                            op: operation(at(location), second, b),
                            output: made,
                        };
                        for header in [header, sound_header] {
                            if let Ok(program) = ProgramBuf::assemble(&header, &[instruction]) {
                                let program = program.view().unwrap();
                                assert!(Network::needs(&program).is_ok());
                            }
                        }
                    }
                }
                conv(&mut convolution, |c| c.input = at(X));
                let _ = ProgramBuf::assemble(&header, &[convolution]);
            }
        }
    }
}
