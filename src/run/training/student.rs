//! A student and its teacher: progressive distillation through the door.

use std::boxed::Box;
use std::format;
use std::string::ToString;
use std::vec::Vec;

use super::class_rows::ClassRows;
use super::recipe::Recipe;
use crate::Error;
use crate::checkpoint::Description;
use crate::cpu::{Network, NetworkError, ProgramBuf};
use crate::diffusion::{Grid, Lesson, Objective, Prediction, Variance};
use crate::memory::zeros;
use crate::part::{part, part_mut};
use crate::run::{Model, Threads};
use crate::train::{Digest, Teacher, TrainConfig, TrainError, check_network};
use crate::unet::{Graph, Plan, UnetConfig};

impl Recipe {
    /// Makes of this recipe that of a student: a network that learns to draw in `steps` steps of DDIM what `teacher` draws in
    /// more (progressive distillation, Salimans & Ho 2022).
    ///
    /// A student has its teacher's shape and begins with its weights. In one step it learns to land where the teacher lands in
    /// several. A teacher that was distilled itself takes the steps that it knows; one that knows all timesteps takes twice as
    /// many as the student. The student predicts v. A teacher may predict something else: its student then begins with weights
    /// that mean another thing, and takes longest. It has no variance to learn. It is told the classes that its teacher is told,
    /// or none where labels are dropped, so that it can be guided as well. Of a student another can be made, of fewer steps.
    ///
    /// ```no_run
    /// use core::ops::ControlFlow;
    /// use iddpm::{Device, Model, Recipe, Training};
    /// let mut teacher = Model::open("pets.safetensors")?;
    /// for steps in [50, 25, 12, 6, 4] {
    ///     let pets = teacher.open_data("pets/")?;
    ///     let recipe = Recipe::of(&pets).distilling(teacher, steps);
    ///     let run = format!("runs/pets-{steps}");
    ///     let mut student = Training::begin_or_resume(run, &recipe, pets, Device::best())?;
    ///     student.until(recipe.config.anneal, |_| ControlFlow::Continue(()))?;
    ///     teacher = student.model()?; // draws in so many steps where nothing is said of them
    /// }
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    #[must_use]
    pub fn distilling(self, teacher: Model, steps: u32) -> Self {
        let like = self.like(&student_of(teacher.description()));
        Self {
            config: TrainConfig {
                objective: Objective::Mse,
                drop_labels: match like.unet.null_class {
                    true => like.config.drop_labels,
                    false => 0.0,
                },
                ..like.config
            },
            init: Some(teacher),
            distill: Some(steps),
            ..like
        }
    }
}

/// A teacher as its students are: one that predicts v, without a variance.
fn student_of(teacher: &Description) -> Description {
    let mut card = teacher.card;
    card.diffusion.prediction = Prediction::V;
    card.diffusion.variance = Variance::FixedLarge;
    let unet = UnetConfig {
        out_channels: teacher.unet.in_channels,
        ..teacher.unet.clone()
    };
    Description {
        class_names: teacher.class_names.clone(),
        ..Description::new(unet, teacher.size, card)
    }
}

/// A student: its teacher, and what that teaches.
#[derive(Debug)]
pub(super) struct Student {
    pub(super) teacher: Model,
    pub(super) grid: Grid,
    pub(super) lessons: Vec<Lesson>,
    pub(super) fingerprint: Digest,
}

impl Student {
    /// That of a recipe, where it is for one.
    pub(super) fn of(recipe: &Recipe) -> Result<Option<Self>, Error> {
        let Some(steps) = recipe.distill else {
            return Ok(None);
        };
        let Some(teacher) = recipe.init.clone() else {
            return Err(TrainError::Option {
                name: "distill",
                value: steps.to_string(),
                must: "given with init, the model that is learnt from",
            }
            .into());
        };
        let (grid, lessons) = taught(teacher.description(), steps)?;
        Ok(Some(Self {
            fingerprint: Digest(teacher.fingerprint()?),
            teacher,
            grid,
            lessons,
        }))
    }

    /// Refuses to teach another network than the teacher's, and classes that it does not know, or knows by other numbers.
    pub(super) fn check(&self, trained: &Description) -> Result<(), TrainError> {
        let student = student_of(self.teacher.description());
        check_network(&student, trained)?;
        match ClassRows::of(&student, trained) {
            None => Ok(()),
            Some(_) => Err(TrainError::OtherNetwork {
                field: "class_names".into(),
                found: format!("{:?}", student.class_names.unwrap_or_default()),
                expected: format!("{:?}", trained.class_names.as_deref().unwrap_or_default()),
            }),
        }
    }

    /// The teacher for so many images at once.
    pub(super) fn teacher_graph(&self, images: usize) -> Result<Graph, TrainError> {
        Ok(self.teacher.description().graph(images)?)
    }

    /// How often the teacher is evaluated for a microbatch, at most.
    pub(super) fn most_steps(&self) -> usize {
        let steps = self.lessons.iter().map(|lesson| lesson.steps.len());
        steps.max().unwrap_or(0)
    }

    /// The teacher as a program of the processor for so many images at once, and the bytes that it takes there.
    pub(super) fn program(&self, images: usize) -> Result<(ProgramBuf, u64), TrainError> {
        let graph = self.teacher_graph(images)?;
        let program = ProgramBuf::new(&graph, &Plan::single(&graph)).map_err(NetworkError::from)?;
        let bytes = Network::needs(&program.view().map_err(NetworkError::from)?)?;
        Ok((program, bytes))
    }

    /// The teacher's program with its weights.
    pub(super) fn on_processor(
        &self,
        program: ProgramBuf,
        threads: Threads,
    ) -> Result<Box<dyn Teacher>, TrainError> {
        let weights = self.teacher.checkpoint().weights();
        let network = Network::with_threads(program, weights, threads.count())?;
        Ok(Box::new(network))
    }
}

/// The steps of a teacher's student, and what the teacher teaches of each.
fn taught(teacher: &Description, steps: u32) -> Result<(Grid, Vec<Lesson>), TrainError> {
    let diffusion = teacher.card.diffusion;
    // Of the steps that are left out it says nothing.
    if diffusion.prediction == Prediction::PreviousX {
        return Err(TrainError::NoTeacher);
    }
    let of_teacher = match &teacher.grid {
        Some(grid) if steps as usize >= grid.timesteps().len() => {
            let teacher = grid.timesteps().len();
            return Err(TrainError::NotFewer { steps, teacher });
        }
        Some(grid) => grid.clone(),
        None => {
            let twice = steps.saturating_mul(2).min(diffusion.num_timesteps);
            Grid::all(diffusion.num_timesteps)?.thinned(twice)?
        }
    };
    let grid = of_teacher.thinned(steps)?;
    let lessons = Lesson::of_all(&diffusion, &of_teacher, &grid)?;
    Ok((grid, lessons))
}

/// The weights of a teacher in the places that they have in its student's graph: of the last layer those that are no
/// variance's, which come first.
pub(super) fn student_weights(
    teacher: &Model,
    weights: &[f32],
    graph: &Graph,
) -> Result<Vec<f32>, Error> {
    let mut numbers = zeros(graph.weights_len())?;
    let of_teacher = teacher.checkpoint().graph().params();
    for param in graph.params() {
        let found = of_teacher.iter().find(|of| of.name == param.name);
        let found = found.map_or(&[][..], |of| part(weights, of.offset, param.elements()));
        part_mut(&mut numbers, param.offset, param.elements()).copy_from_slice(found);
    }
    Ok(numbers)
}
