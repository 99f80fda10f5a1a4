//! On the processor: the plain loops in f32, and the fast ones on any number of threads.

use iddpm::cpu::{Given, Gradients, ProgramBuf, Results, TrainingInputs, run_plain};
use iddpm::gpu::Precision;
use iddpm::unet::{Input, Plan};

use super::cases::{Case, Stands, table};
use super::compare::{bits, off};

/// What goes into a case, the words apart from the numbers.
struct Words<'c> {
    case: &'c Case,
    labels: Option<Vec<u32>>,
    keys: Option<Vec<u32>>,
}

impl<'c> Words<'c> {
    fn of(case: &'c Case) -> Self {
        let words = |role| -> Option<Vec<u32>> {
            let numbers = case.inputs.get(&role)?;
            Some(numbers.iter().map(|&number| number as u32).collect())
        };
        Self {
            case,
            labels: words(Input::Labels),
            keys: words(Input::Keys),
        }
    }

    fn inputs(&self) -> TrainingInputs<'_> {
        let numbers = |role| {
            let mut written = self.case.written.iter();
            let found = written.find(|(input, _)| *input == role);
            found.map(|(_, numbers)| numbers.as_slice())
        };
        TrainingInputs {
            x_start: numbers(Input::XStart).unwrap_or_default(),
            noise: numbers(Input::Noise).unwrap_or_default(),
            rows: numbers(Input::Rows).unwrap_or_default(),
            timesteps: numbers(Input::Timesteps).unwrap_or_default(),
            labels: self.labels.as_deref(),
            low_res: numbers(Input::LowRes),
            keys: self.keys.as_deref(),
        }
    }
}

fn plain(case: &Case) -> Vec<f32> {
    let program = ProgramBuf::new(&case.graph, &Plan::single(&case.graph)).unwrap();
    let program = program.view().unwrap();
    let words = Words::of(case);
    let given = Given::from(&words.inputs());
    let mut workspace = vec![f32::NAN; program.workspace_len()];
    let mut output = vec![f32::NAN; program.output_len()];
    let mut results = Results {
        output: &mut output,
        gradients: &mut [],
    };
    let weights = case.weights();
    run_plain(&program, &weights, &given, &mut workspace, &mut results)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    output
}

fn fast(case: &Case, threads: usize) -> Vec<f32> {
    let mut executor = Gradients::with_threads(&case.graph, threads)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let weights = case.weights();
    let words = Words::of(case);
    let shape = case.graph.shape(case.graph.output().unwrap());
    let mut output = vec![f32::NAN; shape.elements()];
    let mut gradients = vec![f32::NAN; weights.len()];
    executor
        .run(&weights, &words.inputs(), &mut gradients, &mut output)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    output
}

#[test]
fn every_operation() {
    let mut failures = String::new();
    for case in table(Stands::Alone) {
        let truth = case.truth();
        for (how, result) in [("plain", plain(&case)), ("fast", fast(&case, 1))] {
            if let Some(what) = off(&case, Precision::Full, &result, &truth) {
                failures += &format!("{how}: {what}");
            }
        }
        if bits(&fast(&case, 1)) != bits(&fast(&case, 3)) {
            failures += &format!("{}: other bits on three threads\n", case.name);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
