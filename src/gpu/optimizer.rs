//! The optimiser's passes over all weights, recorded behind a training graph: gradients are added up,
//! their norm decides about the step, AdamW and the moving averages take it.
//!
//! Gradients, moments and averages lie as the weights do, in as many buffers. Where the weights are f16,
//! masters in f32 are what is trained, and each step rounds the weights from them.

use core::ops::Range;
use std::vec;
use std::vec::Vec;

use super::kernels::declare::{flag, word};
use super::kernels::{accumulate, adamw, ema, gradient_norm, square_sums};
use super::record::Recorded;
use super::recording::{Binding, Contents, Dispatch, Recording};
use super::variants::Reduction;
use super::weights::{Precision, WeightPlan};
use crate::optimizer::{AverageRate, OptimizerNumbers};

/// Where the optimiser's numbers are, and which dispatches run it.
#[derive(Debug)]
pub(crate) struct Optimizer {
    /// The weights that are trained.
    pub(crate) masters: Vec<Binding>,
    /// The sum of the gradients since the last step.
    pub(crate) sums: Vec<Binding>,
    pub(crate) first_moments: Vec<Binding>,
    pub(crate) second_moments: Vec<Binding>,
    pub(crate) averages: Vec<Vec<Binding>>,
    /// [`OptimizerNumbers`].
    pub(crate) update: Binding,
    /// [`AverageRate`] of each average.
    pub(crate) rates: Vec<Binding>,
    /// The norm of the gradient, and 1 where it is finite.
    pub(crate) report: Binding,
    /// Adds the gradients to their sum.
    pub(crate) accumulate: Range<usize>,
    /// Takes the norm of the sum.
    pub(crate) norm: Range<usize>,
    /// Takes the step, by that norm.
    pub(crate) step: Range<usize>,
}

/// Records the passes behind what is recorded already, with so many averages.
pub(crate) fn record(
    recorded: &mut Recorded,
    plan: &WeightPlan,
    reduction: Reduction,
    averages: usize,
) -> Optimizer {
    let layout = &recorded.layout;
    let (weights, gradients) = (layout.weights.clone(), layout.gradients.clone());
    let is_rounded = plan.precision() != Precision::Full;
    let recording = &mut recorded.recording;
    let mut optimizer = Optimizer::placed(recording, &weights, &gradients, is_rounded, averages);
    let beside = Beside::placed(recording, &weights, is_rounded, &optimizer);
    let mut passes = Passes {
        recording,
        reduction,
    };
    let begin = passes.len();
    passes.accumulate(&gradients, &optimizer);
    let accumulated = passes.len();
    passes.norm(&optimizer);
    let measured = passes.len();
    passes.step(&optimizer, &beside);
    passes.average(&optimizer);
    optimizer.accumulate = begin..accumulated;
    optimizer.norm = accumulated..measured;
    optimizer.step = measured..passes.len();
    optimizer
}

impl Optimizer {
    /// Its buffers; nothing runs yet.
    fn placed(
        recording: &mut Recording,
        weights: &[Binding],
        gradients: &[Binding],
        is_rounded: bool,
        averages: usize,
    ) -> Self {
        let mut buffer = |name: &str, words| recording.add_buffer(name, words, Contents::Workspace);
        let mut like_weights = |name: &str| -> Vec<Binding> {
            let each = gradients.iter().enumerate();
            let named = each.map(|(at, like)| (std::format!("{name} {at}"), elements(like)));
            named
                .map(|(name, words)| buffer(&name, words as usize))
                .collect()
        };
        let masters = if is_rounded {
            like_weights("masters")
        } else {
            weights.into()
        };
        let sums = like_weights("sum of gradients");
        let first_moments = like_weights("first moments");
        let second_moments = like_weights("second moments");
        let names = (0..averages).map(|at| std::format!("average {at}:"));
        let of_averages = names.map(|name| like_weights(&name)).collect();
        let update = buffer("update", OptimizerNumbers::FIELDS.len());
        let names = (0..averages).map(|at| std::format!("rate of average {at}"));
        let words = AverageRate::FIELDS.len();
        let rates = names.map(|name| buffer(&name, words)).collect();
        Self {
            masters,
            sums,
            first_moments,
            second_moments,
            averages: of_averages,
            update,
            rates,
            report: buffer("report", 4),
            accumulate: 0..0,
            norm: 0..0,
            step: 0..0,
        }
    }
}

/// What a step makes beside the weights that are trained, buffer by buffer, and what is bound where there is no such thing.
struct Beside {
    /// The first average, and its rate.
    average: Vec<Binding>,
    rate: Binding,
    has_average: bool,
    /// The weights in f16.
    halves: Vec<Binding>,
    has_halves: bool,
}

impl Beside {
    fn placed(
        recording: &mut Recording,
        weights: &[Binding],
        is_rounded: bool,
        optimizer: &Optimizer,
    ) -> Self {
        let mut none = |name| recording.add_buffer(name, 4, Contents::Workspace);
        let first = optimizer.averages.first().zip(optimizer.rates.first());
        let (average, rate) = match first {
            Some((average, &rate)) => (average.clone(), rate),
            None => (vec![none("no average"); weights.len()], none("no rate")),
        };
        let halves = if is_rounded {
            weights.into()
        } else {
            vec![none("no weights in f16"); weights.len()]
        };
        Self {
            average,
            rate,
            has_average: first.is_some(),
            halves,
            has_halves: is_rounded,
        }
    }
}

/// The 32-bit words of a buffer.
fn elements(binding: &Binding) -> u32 {
    word((binding.bytes / 4) as usize)
}

/// The passes as they are recorded, each over all buffers.
struct Passes<'r> {
    recording: &'r mut Recording,
    reduction: Reduction,
}

impl Passes<'_> {
    fn len(&self) -> usize {
        self.recording.dispatches.len()
    }

    fn push(&mut self, dispatch: Dispatch) {
        self.recording.push(dispatch, self.reduction);
    }

    /// Adds the gradients to their sum.
    fn accumulate(&mut self, gradients: &[Binding], optimizer: &Optimizer) {
        let pairs = gradients.iter().zip(&optimizer.sums);
        for (at, (&gradient, &sum)) in pairs.enumerate() {
            self.push(accumulate::dispatch(
                &std::format!("sum of gradients {at}"),
                &accumulate::Params {
                    elements: elements(&sum),
                },
                accumulate::Bindings { gradient, sum },
            ));
        }
    }

    /// The norm of the sum, in parts and then of all.
    fn norm(&mut self, optimizer: &Optimizer) {
        let (update, report) = (optimizer.update, optimizer.report);
        let parts_of = |sum| elements(sum).div_ceil(square_sums::NUMBERS_OF_A_PART);
        let count: u32 = optimizer.sums.iter().map(parts_of).sum();
        let words = 2 * count as usize;
        let parts = self
            .recording
            .add_buffer("squares", words, Contents::Workspace);
        let mut first = 0;
        for (at, gradient) in optimizer.sums.iter().enumerate() {
            self.push(square_sums::dispatch(
                &std::format!("squares {at}"),
                &square_sums::Params {
                    elements: elements(gradient),
                    first,
                },
                square_sums::Bindings {
                    update,
                    gradient: *gradient,
                    parts,
                },
            ));
            first += parts_of(gradient);
        }
        self.push(gradient_norm::dispatch(
            "norm of the gradient",
            &gradient_norm::Params { count },
            gradient_norm::Bindings {
                update,
                parts,
                report,
            },
        ));
    }

    /// AdamW's step of the masters, with the first average and the weights in f16.
    fn step(&mut self, optimizer: &Optimizer, beside: &Beside) {
        let moments = optimizer
            .first_moments
            .iter()
            .zip(&optimizer.second_moments);
        let trained = optimizer.sums.iter().zip(&optimizer.masters).zip(moments);
        let made = beside.average.iter().zip(&beside.halves);
        for (at, (trained, (&average, &halves))) in trained.zip(made).enumerate() {
            let ((&gradient, &weight), (&first_moment, &second_moment)) = trained;
            self.push(adamw::dispatch(
                &std::format!("step of weights {at}"),
                &adamw::Params {
                    quads: elements(&weight) / 4,
                    has_average: flag(beside.has_average),
                    has_halves: flag(beside.has_halves),
                },
                adamw::Bindings {
                    update: optimizer.update,
                    rate: beside.rate,
                    report: optimizer.report,
                    gradient,
                    weight,
                    first_moment,
                    second_moment,
                    average,
                    halves,
                },
            ));
        }
    }

    /// The moving averages of the masters but the first.
    fn average(&mut self, optimizer: &Optimizer) {
        let averages = optimizer.averages.iter().zip(&optimizer.rates);
        for (which, (average, &rate)) in averages.enumerate().skip(1) {
            for (at, (&average, &weight)) in average.iter().zip(&optimizer.masters).enumerate() {
                self.push(ema::dispatch(
                    &std::format!("average {which}: {at}"),
                    &ema::Params {
                        elements: elements(&weight),
                    },
                    ema::Bindings {
                        rate,
                        report: optimizer.report,
                        weight,
                        average,
                    },
                ));
            }
        }
    }
}
