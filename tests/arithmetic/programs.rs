//! Headers and instructions that were not made by a graph.

use iddpm::cpu::{
    Convolution, Extents, Header, Instruction, Location, Operand, Operation, ProgramBuf,
};

use super::HOSTILE;

const ONE: Extents = Extents {
    channels: 1,
    height: 1,
    width: 1,
};

/// A program that takes a convolution of x.
fn sound() -> (Header, Instruction) {
    let image = Extents {
        channels: 1,
        height: 4,
        width: 4,
    };
    let header = Header {
        batch: 1,
        workspace: 64,
        weights: 64,
        classes: 0,
        x: image,
        low_res: Extents::default(),
        output: image,
        instructions: 1,
    };
    let at = |location| Operand {
        location,
        extents: image,
    };
    let instruction = Instruction {
        input: at(Location::X),
        output: at(Location::Output),
        operation: Operation::Conv(Convolution {
            weight: 0,
            bias: 32,
            kernel: 3,
            stride: 1,
            upsample: false,
            shift: None,
            residual: None,
        }),
    };
    (header, instruction)
}

fn accepted(header: &Header, instruction: &Instruction) -> bool {
    ProgramBuf::assemble(header, &[*instruction]).is_ok()
}

#[test]
fn what_is_too_large_for_a_word_is_refused() {
    let (header, instruction) = sound();
    assert!(accepted(&header, &instruction));
    // Each with what a word makes of it the sound number.
    let wrapped = |number: usize| number + (1 << 32);
    type Change = fn(&mut Header, &mut Instruction, fn(usize) -> usize);
    let changes: [Change; 12] = [
        |h, _, f| h.batch = f(h.batch),
        |h, _, f| h.workspace = f(h.workspace),
        |h, _, f| h.weights = f(h.weights),
        |h, _, f| h.classes = f(h.classes),
        |h, _, f| h.x.height = f(h.x.height),
        |h, _, f| h.output.width = f(h.output.width),
        |_, i, f| i.input.extents.channels = f(i.input.extents.channels),
        |_, i, f| i.output.extents.height = f(i.output.extents.height),
        |_, i, f| conv(i, |c| c.weight = f(c.weight)),
        |_, i, f| conv(i, |c| c.bias = f(c.bias)),
        |_, i, f| conv(i, |c| c.kernel = f(c.kernel)),
        |_, i, f| conv(i, |c| c.stride = f(c.stride)),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let (mut header, mut instruction) = sound();
        change(&mut header, &mut instruction, wrapped);
        assert!(!accepted(&header, &instruction), "change {at}");
    }
    // A place in the workspace that has the number of x.
    for offset in [1_u32 << 31, (1 << 31) + 4, u32::MAX] {
        let (mut header, mut instruction) = sound();
        header.workspace = usize::MAX;
        instruction.input.location = Location::Workspace(offset);
        assert!(!accepted(&header, &instruction));
        header.workspace = 64;
        assert!(!accepted(&header, &instruction));
    }
}

fn conv(instruction: &mut Instruction, change: impl FnOnce(&mut Convolution)) {
    if let Operation::Conv(conv) = &mut instruction.operation {
        change(conv);
    }
}

/// Whatever the numbers are, a program is refused or one that can be laid out.
#[test]
fn every_number_of_every_field() {
    let operations: [fn(usize) -> Operation; 7] = [
        |n| Operation::Attention { heads: n },
        |n| Operation::Linear {
            weight: n,
            bias: n,
            silu: true,
        },
        |n| Operation::LabelEmbedding {
            table: n,
            classes: n,
        },
        |n| Operation::GroupNorm {
            weight: n,
            bias: 0,
            scale_shift: Some(Location::Workspace(n as u32)),
            silu: false,
        },
        |_| Operation::Upsample,
        |_| Operation::Bilinear,
        |n| Operation::Concat {
            second: Location::Workspace(n as u32),
        },
    ];
    for a in HOSTILE {
        for b in HOSTILE {
            for c in HOSTILE {
                let (sound_header, sound_instruction) = sound();
                let extents = Extents {
                    channels: a,
                    height: b,
                    width: c,
                };
                let header = Header {
                    batch: b,
                    workspace: c,
                    weights: a,
                    x: extents,
                    ..sound_header
                };
                let at = |location| Operand { location, extents };
                for operation in operations.map(|operation| operation(b)) {
                    for location in [
                        Location::X,
                        Location::Timesteps,
                        Location::Workspace(c as u32),
                    ] {
                        let instruction = Instruction {
                            input: at(location),
                            output: Operand {
                                location: Location::Output,
                                extents: Extents { channels: c, ..ONE },
                            },
                            operation,
                        };
                        let one = [instruction];
                        for header in [header, sound_header] {
                            if let Ok(program) = ProgramBuf::assemble(&header, &one) {
                                let program = program.view().unwrap();
                                assert!(iddpm::cpu::Network::needs(&program).is_ok());
                            }
                        }
                    }
                }
                let conv = Instruction {
                    input: at(Location::X),
                    ..sound_instruction
                };
                let _ = ProgramBuf::assemble(&header, &[conv]);
            }
        }
    }
}
