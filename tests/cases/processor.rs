//! A case on the processor, again and again.

use iddpm::cpu::{Given, Gradients, ProgramBuf, Results, TrainingInputs, run_plain};
use iddpm::unet::{Input, Plan};

use super::Case;

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

/// A case by the plain loops in f32.
pub(crate) fn plain(case: &Case) -> impl FnMut() -> Vec<f32> {
    let program = ProgramBuf::new(&case.graph, &Plan::single(&case.graph)).unwrap();
    let (workspace, output) = {
        let program = program.view().unwrap();
        (program.workspace_len(), program.output_len())
    };
    let (weights, words) = (case.weights(), Words::of(case));
    let mut workspace = vec![f32::NAN; workspace];
    move || {
        let program = program.view().unwrap();
        let given = Given::from(&words.inputs());
        let mut output = vec![f32::NAN; output];
        let mut results = Results {
            output: &mut output,
            gradients: &mut [],
        };
        run_plain(&program, &weights, &given, &mut workspace, &mut results)
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        output
    }
}

/// A case by the fast loops, on so many threads.
pub(crate) fn fast(case: &Case, threads: usize) -> impl FnMut() -> Vec<f32> {
    let mut executor = Gradients::with_threads(&case.graph, threads)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let (weights, words) = (case.weights(), Words::of(case));
    let mut gradients = vec![f32::NAN; weights.len()];
    let shape = case.graph.shape(case.graph.output().unwrap());
    move || {
        let mut output = vec![f32::NAN; shape.elements()];
        executor
            .run(&weights, &words.inputs(), &mut gradients, &mut output)
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        output
    }
}
