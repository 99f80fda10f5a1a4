//! Which samples are drawn on the way.

use clap::Args;
use iddpm::diffusion::Method;
use iddpm::{Draw, Error, Model};

use super::program::Failure;
use super::whole::whole;

/// Steps between two grids of samples where none are given.
const EVERY: u64 = 1000;
/// Rows of a grid: of classes, and without.
const ROWS: (u64, u64) = (8, 4);

#[derive(Args)]
pub(crate) struct SampleOptions {
    /// Steps between two grids of samples, 1000 where none are given; 0 for none. With --low-res there is none.
    #[arg(long, value_parser = whole::<u64>(0..=u64::MAX))]
    sample_every: Option<u64>,
    /// The steps of a sample, as sample's --steps: 50; trailing20; ... As many as the method wants where none are given.
    #[arg(long)]
    sample_steps: Option<String>,
    /// How a sample's steps are taken, as sample's --method: dpm where it is not said, or of a student ddim.
    #[arg(long)]
    sample_method: Option<Method>,
    /// A class that is drawn, by name or number; of several each with its own; all where none is given.
    #[arg(long, allow_hyphen_values = true)]
    sample_class: Vec<String>,
    /// Rows of a grid: 8 of a network with classes, 4 of one without.
    #[arg(long, value_parser = whole::<u64>(1..=1000))]
    sample_rows: Option<u64>,
}

impl SampleOptions {
    /// Steps between two grids; 0 for none.
    pub(crate) fn every(&self) -> u64 {
        self.sample_every.unwrap_or(EVERY)
    }

    /// Whether grids were asked for.
    pub(crate) fn asked(&self) -> Option<u64> {
        self.sample_every.filter(|&every| every > 0)
    }

    /// What is drawn of a model, and how many images: whole rows.
    pub(crate) fn draw(&self, model: &Model, seed: u64) -> (Draw, u64) {
        let draw = match &self.sample_steps {
            Some(steps) => Draw::new().steps(steps),
            None => Draw::new(),
        };
        let draw = match self.sample_method {
            Some(method) => draw.method(method),
            None => draw,
        };
        let draw = draw.seed(seed);
        let rows = if model.classes() > 0 { ROWS.0 } else { ROWS.1 };
        let rows = self.sample_rows.unwrap_or(rows);
        (
            draw.classes(&self.sample_class),
            rows * model.columns() as u64,
        )
    }

    /// Fails where a model cannot draw them, before anything is trained.
    pub(crate) fn check(&self, model: &Model) -> Result<(), Failure> {
        let (draw, _) = self.draw(model, 0);
        let named = |error: Error| -> Failure { format!("--sample-{error}").into() };
        draw.evaluations(model).map_err(named)?;
        draw.labels(model).map_err(|error| named(error.into()))?;
        Ok(())
    }
}
