use iddpm::cpu::{
    Instruction, Location, Operand, Program, ProgramBuf, ProgramError, ProgramHeader, run,
};
use iddpm::unet::{Expected, Graph, Init, Input, Op, Plan, Shape, Weights};

use super::Subject;

#[test]
fn a_program_is_its_bytes() {
    let subject = Subject::new(1);
    let program = subject.program();
    let view = Program::from_bytes(program.as_bytes()).unwrap();
    let instructions: Vec<Instruction> = view.instructions().collect();
    assert_eq!(instructions.len(), subject.graph.nodes().len());
    let again = ProgramBuf::assemble(view.header(), &instructions).unwrap();
    assert_eq!(again, program);
    assert_eq!(
        ProgramBuf::from_bytes(program.as_bytes().to_vec()).unwrap(),
        program
    );
    // No alignment is asked for.
    let mut shifted = vec![0];
    shifted.extend(program.as_bytes());
    assert_eq!(Program::from_bytes(&shifted[1..]).unwrap(), view);
}

#[test]
fn several_arenas_lie_one_after_the_other() {
    let subject = Subject::new(1);
    let plan = Plan::separated(&subject.graph);
    assert!(plan.arenas().len() > 1);
    let program = ProgramBuf::new(&subject.graph, &plan).unwrap();
    let view = program.view().unwrap();
    let mut workspace = vec![f32::NAN; view.workspace_len()];
    let mut output = vec![0.0; view.output_len()];
    let weights = Weights::F32(&subject.weights);
    run(
        &view,
        weights,
        &subject.inputs(),
        &mut workspace,
        &mut output,
    )
    .unwrap();
    assert!(output == subject.plain(&subject.inputs()).unwrap());
}

#[test]
fn truncated_bytes_are_refused() {
    let program = Subject::new(1).program();
    let bytes = program.as_bytes();
    for len in 0..bytes.len() {
        let error = Program::from_bytes(&bytes[..len]).unwrap_err();
        assert!(
            matches!(error, ProgramError::Length { .. }),
            "{len}: {error}"
        );
    }
}

/// Whatever the bytes: an error, or a program that can be run.
#[test]
fn corrupted_bytes_never_panic() {
    let subject = Subject::new(1);
    let program = subject.program();
    let bytes = program.as_bytes();
    let sizes = |header: &ProgramHeader| [header.workspace, header.weights];
    let usual = sizes(program.view().unwrap().header());
    let (mut refused, mut ran) = (0, 0);
    for at in 0..bytes.len() {
        for change in [1, 2, 0x10, 0x40, 0x80, 0xff] {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= change;
            let Ok(program) = Program::from_bytes(&bytes) else {
                refused += 1;
                continue;
            };
            // Each takes a while, and most only read another weight.
            if (at + usize::from(change)) % 31 != 0 || sizes(program.header()) != usual {
                continue;
            }
            ran += 1;
            let mut workspace = vec![0.0; program.workspace_len()];
            let mut output = vec![0.0; program.output_len()];
            let weights = Weights::F32(&subject.weights);
            let _ = run(
                &program,
                weights,
                &subject.inputs(),
                &mut workspace,
                &mut output,
            );
        }
    }
    assert!(
        refused > bytes.len() && ran > 10,
        "{refused} refused, {ran} ran"
    );
}

/// A field that is wrong is named with what it must be.
#[test]
fn errors_name_the_bound() {
    let subject = Subject::new(1);
    let program = subject.program();
    let header = *program.view().unwrap().header();
    // One weight less than the last parameter takes.
    let short = ProgramHeader {
        weights: header.weights - 64,
        ..header
    };
    let instructions: Vec<Instruction> = program.view().unwrap().instructions().collect();
    let error = ProgramBuf::assemble(&short, &instructions).unwrap_err();
    let ProgramError::Field {
        field: "bias",
        value,
        expected: Some(Expected::FirstOf { elements, all }),
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert!(all == short.weights && value as usize + elements > all);
    assert!(
        error
            .to_string()
            .contains(&format!("the first of {elements} of {all}"))
    );
    // A tensor behind the last.
    let mut bytes = program.as_bytes().to_vec();
    let first = 32 + 24 * header.tensors;
    bytes[first + 4..first + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    let due = ProgramError::Field {
        instruction: 0,
        field: "output",
        value: u32::MAX,
        expected: Some(Expected::Below(header.tensors)),
    };
    assert_eq!(Program::from_bytes(&bytes), Err(due));
}

const ONE: Shape = Shape {
    batch: 1,
    channels: 1,
    height: 1,
    width: 1,
};

/// What a program reads of the workspace was written before, whole, and by nobody else since: else its result
/// would be the last run's.
#[test]
fn nothing_is_read_that_was_not_written() {
    let at = |location, shape| Operand { location, shape };
    let wide = Shape { width: 4, ..ONE };
    let workspace = |first, shape| at(Location::Workspace(first), shape);
    let (x, out) = (
        at(Location::Input(Input::X), wide),
        at(Location::Output, wide),
    );
    let header = ProgramHeader {
        batch: 1,
        workspace: 8,
        weights: 0,
        classes: 0,
        tensors: 0,
        instructions: 0,
    };
    let add = |first, second, output| Instruction {
        op: Op::Add { first, second },
        output,
    };
    let assemble = |instructions: &[Instruction]| ProgramBuf::assemble(&header, instructions);
    let refused = |instructions: &[Instruction], instruction, field| {
        let due = ProgramError::NotWritten { instruction, field };
        assert_eq!(assemble(instructions).unwrap_err(), due);
    };
    let first = workspace(0, wide);
    assemble(&[add(x, x, first), add(first, x, out)]).unwrap();
    // Before it is written.
    refused(&[add(first, x, out), add(x, x, first)], 0, "first");
    // From another place than it was written to.
    refused(
        &[add(x, x, first), add(x, workspace(2, wide), out)],
        1,
        "second",
    );
    // In another shape.
    let tall = Shape {
        height: 4,
        width: 1,
        ..ONE
    };
    let turned = [
        add(x, x, first),
        add(
            workspace(0, tall),
            workspace(0, tall),
            at(Location::Output, tall),
        ),
    ];
    refused(&turned, 1, "first");
    // After a part of it was written again.
    let over = [
        add(x, x, first),
        add(x, x, workspace(2, wide)),
        add(first, x, out),
    ];
    refused(&over, 2, "first");
}

/// A class that one of two tables has no row for would read what lies behind it.
#[test]
fn all_tables_have_as_many_classes() {
    let graph = |rows: [usize; 2]| {
        let mut graph = Graph::new(1);
        let x = graph.add_input(Input::X, "x", ONE);
        let timesteps = graph.add_input(Input::Timesteps, "timesteps", ONE);
        let labels = graph.add_input(Input::Labels, "labels", ONE);
        let mut base = graph.add("embedding", Op::TimestepEmbedding { timesteps, dim: 1 });
        for (name, rows) in ["first", "second"].into_iter().zip(rows) {
            let table = graph.add_param(name.into(), &[rows, 1], Init::Zero);
            let op = Op::LabelEmbedding {
                base,
                labels,
                table,
            };
            base = graph.add(name, op);
        }
        let sum = graph.add(
            "sum",
            Op::Add {
                first: base,
                second: x,
            },
        );
        graph.set_output(sum);
        graph
    };
    graph([3, 3]).check().unwrap();
    for rows in [[65, 3], [3, 65]] {
        let graph = graph(rows);
        assert!(graph.check().is_err(), "{rows:?}");
        assert!(ProgramBuf::new(&graph, &Plan::single(&graph)).is_err());
    }
}
