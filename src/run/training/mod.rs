//! Training runs, in a folder or kept nowhere: a recipe, where a run begins, what it costs, and the run itself.
//!
//! [`Training::begin_or_resume`] is all of it in one call. In its place a program that has something to say on the
//! way takes the steps one by one: [`Beginning`] holds the folder, and knows the classes that data is to have;
//! [`Prepared`] has checked recipe and data, and knows what they cost; [`Training`] is on a device. What is kept nowhere
//! is a [`TrainingRun`] alone. [`Recipe::distilling`] makes of any of them the training of a student of few steps.

mod begin;
mod beginning;
mod checked;
mod class_rows;
mod cost;
#[cfg_attr(feature = "train", path = "engine_gpu.rs")]
#[cfg_attr(not(feature = "train"), path = "engine_processor.rs")]
mod engine;
mod made;
mod origin;
mod prepared;
mod recipe;
mod student;
#[expect(clippy::module_inception, reason = "it is what the folder is about")]
mod training;
mod training_run;
mod validation;

pub use beginning::Beginning;
pub use class_rows::ClassRows;
pub use cost::{Cost, Kept, TeacherCost};
pub use origin::Origin;
pub use prepared::Prepared;
pub use recipe::Recipe;
pub use training::Training;
pub use training_run::TrainingRun;
pub use validation::{Best, Validated, Validation};
