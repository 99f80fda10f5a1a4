//! Any bytes are refused, or a program that runs within its slices and can be written again.
#![no_main]

use iddpm::cpu::{Bare, Given, Instruction, Program, ProgramBuf, Results, run_plain};
use iddpm::diffusion::Query;
use iddpm::unet::{Input, Shape, Weights};
use libfuzzer_sys::fuzz_target;

/// What is run: larger ones only cost time.
const MOST: usize = 1 << 12;

fuzz_target!(|bytes: &[u8]| {
    let Ok(program) = Program::from_bytes(bytes) else {
        return;
    };
    let header = *program.header();
    let instructions: Vec<Instruction> = program.instructions().collect();
    assert_eq!(instructions.len(), header.instructions);
    let again = ProgramBuf::assemble(&header, &instructions).expect("it was accepted");
    let again = again.view().expect("it was accepted");
    assert!(again.instructions().eq(instructions.iter().copied()));

    let len = |input| program.input(input).map(Shape::elements);
    let lens = Input::ALL.into_iter().filter_map(len);
    let sizes = [header.workspace, header.weights, program.output_len()];
    let largest = instructions
        .iter()
        .map(|instruction| instruction.output.shape.elements());
    if lens.chain(sizes).chain(largest).any(|size| size > MOST) || instructions.len() > 8 {
        return;
    }
    let numbers = |input| len(input).map(|len| vec![0.5_f32; len]);
    let words = |input| len(input).map(|len| vec![0_u32; len]);
    let [x, timesteps, low_res] = [Input::X, Input::Timesteps, Input::LowRes].map(numbers);
    let [x_start, noise, rows] = [Input::XStart, Input::Noise, Input::Rows].map(numbers);
    let output_grad = numbers(Input::OutputGrad);
    let [labels, keys] = [Input::Labels, Input::Keys].map(words);
    let given = Given {
        x: x.as_deref(),
        timesteps: timesteps.as_deref(),
        low_res: low_res.as_deref(),
        x_start: x_start.as_deref(),
        noise: noise.as_deref(),
        rows: rows.as_deref(),
        labels: labels.as_deref(),
        keys: keys.as_deref(),
        output_grad: output_grad.as_deref(),
    };
    let weights = vec![0.01; header.weights];
    let mut workspace = vec![0.0; header.workspace];
    let made = if program.has_gradients() {
        header.weights
    } else {
        0
    };
    let mut gradients = vec![0.0; made];
    let mut output = vec![0.0; program.output_len()];
    let mut results = Results {
        output: &mut output,
        gradients: &mut gradients,
    };
    let ran = run_plain(&program, &weights, &given, &mut workspace, &mut results);
    // Label 0 is no class of a network without any.
    assert!(ran.is_ok() || header.classes == 0, "{ran:?}");
    let bits = |numbers: &[f32]| numbers.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
    in_pieces(&program, &weights, &given, |pieces| {
        assert!(ran.is_ok());
        assert_eq!(bits(&output), bits(pieces));
    });
    // What the workspace held before has no influence.
    let mut used = vec![7.0; header.workspace];
    let mut again = vec![0.0; output.len()];
    let mut results = Results {
        output: &mut again,
        gradients: &mut gradients,
    };
    if run_plain(&program, &weights, &given, &mut used, &mut results).is_ok() {
        assert_eq!(bits(&output), bits(&again));
    }
});

/// Where a program is a network of one image, its result when it is evaluated a row at a time.
fn in_pieces(program: &Program<'_>, weights: &[f32], given: &Given<'_>, same: impl FnOnce(&[f32])) {
    let mut workspace = vec![7.0; program.workspace_len()];
    let Ok(mut network) = Bare::new(*program, Weights::F32(weights), &mut workspace) else {
        return;
    };
    if let Some(low_res) = given.low_res {
        network = network
            .with_low_res(low_res)
            .expect("it is as long as is due");
    }
    let query = Query {
        timestep: 0.5,
        index: 0,
        label: given.labels.and_then(|labels| labels.first().copied()),
    };
    let mut output = vec![0.0; program.output_len()];
    let Ok(mut run) = network.begin(query, given.x.unwrap_or_default(), &mut output) else {
        return;
    };
    loop {
        match run.advance(0) {
            Ok(true) => {}
            Ok(false) => return same(&output),
            // No finite number: `run_plain` does not look.
            Err(_) => return,
        }
    }
}
