use iddpm::cpu::{Instruction, Program, ProgramBuf, ProgramError, ProgramHeader, run};
use iddpm::unet::{Expected, Plan, Weights};

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
