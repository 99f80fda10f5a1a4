//! What lies in flash, and what a run needs of memory.

use iddpm::checkpoint::Dtype;
use iddpm::cpu::ProgramBuf;
use iddpm::diffusion::{Diffusion, Method, OwnedProcess};
use iddpm::unet::{Extents, Plan};
use iddpm::{Draw, Error, Model};

/// A network for one image, its weights, and the steps that it is run in.
pub(crate) struct Flash<'a> {
    /// What the network is, in words.
    pub(crate) name: String,
    pub(crate) model: Diffusion<'a>,
    pub(crate) image: Extents,
    pub(crate) low_res: usize,
    pub(crate) output: usize,
    pub(crate) workspace: usize,
    pub(crate) class_names: Vec<String>,
    pub(crate) process: OwnedProcess,
    pub(crate) method: Method,
    pub(crate) program: ProgramBuf,
    /// The section in which a linker finds the weights, where they have one of their own.
    pub(crate) section: Option<String>,
    /// Of two bytes each, the low one first.
    pub(crate) weights: Vec<u8>,
    /// Of one evaluation.
    pub(crate) multiply_adds: u64,
    evaluations: u32,
}

impl<'a> Flash<'a> {
    pub(crate) fn new(
        model: &'a Model,
        draw: Draw,
        section: Option<String>,
    ) -> Result<Self, Error> {
        let (process, method) = draw.steps_on(model)?;
        let description = model.description();
        let graph = description.graph(1)?;
        let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
        let view = program.view()?;
        let named = |class: u32| match model.class_names().get(class as usize) {
            Some(name) => name.clone(),
            None => class.to_string(),
        };
        Ok(Self {
            name: name(model),
            model: description.card.diffusion,
            image: model.image(),
            low_res: view.low_res_len(),
            output: view.output_len(),
            workspace: view.workspace_len(),
            class_names: (0..model.classes() as u32).map(named).collect(),
            process,
            method,
            section,
            weights: model.checkpoint().weight_bytes(Dtype::F16)?,
            multiply_adds: graph.flops() / 2,
            evaluations: draw.evaluations(model)?,
            program,
        })
    }

    /// Numbers of an image.
    pub(crate) fn elements(&self) -> usize {
        self.image.elements()
    }

    /// Numbers that the method keeps from one step to the next.
    pub(crate) fn history(&self) -> usize {
        match self.method.needs_history() {
            true => self.elements(),
            false => 0,
        }
    }

    /// Bytes of memory that a run needs beside the stack.
    fn memory(&self) -> usize {
        let images = 2 * self.elements() + self.history();
        4 * (self.workspace + self.output + images + self.low_res)
    }

    /// What it takes, in words.
    pub(crate) fn told(&self) -> String {
        let (program, weights) = (self.program.as_bytes().len(), self.weights.len());
        let (each, evaluations) = (self.multiply_adds, self.evaluations);
        let millions = INSTRUCTIONS * each as f64 / 1e6;
        let all = f64::from(evaluations) * millions / 1e3;
        format!(
            "flash: {weights} bytes of weights, {program} of the program, {} of {} steps; and the code
memory: {} bytes, and about 5000 of stack
an evaluation: {each} multiply-adds, about {millions:.0} M instructions on a Cortex-M with an FPU
an image: {evaluations} evaluations, about {all:.2} G instructions",
            size_of_val(self.process.levels()),
            self.process.len(),
            self.memory(),
        )
    }
}

/// Instructions of a multiply-add, about: 3.7 and 4.1 as measured of two networks on the Cortex-M7 and M55.
const INSTRUCTIONS: f64 = 4.0;

/// The network in words: of which file, and what it draws.
fn name(model: &Model) -> String {
    let Extents {
        channels,
        height,
        width,
    } = model.image();
    let file = model.path().and_then(|path| path.file_name());
    let file = file.map_or("a network".into(), |name| name.display().to_string());
    // In a comment: a name may have any character.
    let file: String = file.chars().filter(|it| !it.is_control()).collect();
    let plural = if channels == 1 { "" } else { "s" };
    format!("{file}: {width}x{height} pixels of {channels} channel{plural}")
}
