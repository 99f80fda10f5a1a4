//! The optimiser's passes over all weights, recorded behind a training graph: the norm of the gradients decides about the
//! step, AdamW and the moving averages take it.
//!
//! A step's only microbatch leaves its gradients where backward wrote them, and the passes read them there. Of several they
//! are added up, and the same passes, recorded once more, read the sums.
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
    pub(crate) first_moments: Vec<Binding>,
    pub(crate) second_moments: Vec<Binding>,
    pub(crate) averages: Vec<Vec<Binding>>,
    /// [`OptimizerNumbers`].
    pub(crate) update: Binding,
    /// [`AverageRate`] of each average.
    pub(crate) rates: Vec<Binding>,
    /// The norm of the gradient, and 1 where it is finite.
    pub(crate) report: Binding,
    /// The passes by the gradients of one microbatch.
    pub(crate) alone: Passes,
    /// Adds the gradients to their sums.
    pub(crate) accumulate: Range<usize>,
    /// The passes by the sums.
    pub(crate) summed: Passes,
}

/// The passes of a step by gradients that lie in one place.
#[derive(Debug)]
pub(crate) struct Passes {
    pub(crate) gradients: Vec<Binding>,
    /// Takes the norm of the gradients.
    pub(crate) norm: Range<usize>,
    /// Takes the step, by that norm.
    pub(crate) step: Range<usize>,
}

/// Records the passes behind what is recorded already, with so many averages: those of a step of one microbatch first.
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
    let mut recorder = Recorder {
        recording,
        reduction,
        optimizer: &optimizer,
        beside: &beside,
    };
    let alone = recorder.passes(&optimizer.alone.gradients);
    let stepped = recorder.len();
    recorder.accumulate();
    let accumulated = recorder.len();
    let summed = recorder.passes(&optimizer.summed.gradients);
    recorded.end_step(stepped);
    optimizer.alone = alone;
    optimizer.accumulate = stepped..accumulated;
    optimizer.summed = summed;
    optimizer
}

impl Passes {
    /// Over these gradients; none is recorded yet.
    const fn over(gradients: Vec<Binding>) -> Self {
        Self {
            gradients,
            norm: 0..0,
            step: 0..0,
        }
    }
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
            first_moments,
            second_moments,
            averages: of_averages,
            update,
            rates,
            report: buffer("report", 4),
            alone: Passes::over(gradients.into()),
            accumulate: 0..0,
            summed: Passes::over(sums),
        }
    }
}

/// What a step binds beside what is kept, and stand-ins where there is no such thing.
struct Beside {
    /// Sums of squares, two words for each part.
    squares: Binding,
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
        let gradients = &optimizer.alone.gradients;
        let parts: u32 = gradients.iter().map(parts_of).sum();
        let words = 2 * parts as usize;
        let squares = recording.add_buffer("squares", words, Contents::Workspace);
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
            squares,
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

/// The parts that its squares are summed in.
fn parts_of(gradient: &Binding) -> u32 {
    elements(gradient).div_ceil(square_sums::NUMBERS_OF_A_PART)
}

/// The passes as they are recorded, each over all buffers.
struct Recorder<'r> {
    recording: &'r mut Recording,
    reduction: Reduction,
    optimizer: &'r Optimizer,
    beside: &'r Beside,
}

impl Recorder<'_> {
    fn len(&self) -> usize {
        self.recording.dispatches.len()
    }

    fn push(&mut self, dispatch: Dispatch) {
        self.recording.push(dispatch, self.reduction);
    }

    /// The passes of a step by these gradients.
    fn passes(&mut self, gradients: &[Binding]) -> Passes {
        let begin = self.len();
        self.norm(gradients);
        let measured = self.len();
        self.step(gradients);
        self.average();
        Passes {
            gradients: gradients.into(),
            norm: begin..measured,
            step: measured..self.len(),
        }
    }

    /// Adds the gradients to their sums.
    fn accumulate(&mut self) {
        let (gradients, sums) = (
            &self.optimizer.alone.gradients,
            &self.optimizer.summed.gradients,
        );
        for (at, (&gradient, &sum)) in gradients.iter().zip(sums).enumerate() {
            self.push(accumulate::dispatch(
                &std::format!("sum of gradients {at}"),
                &accumulate::Params {
                    elements: elements(&sum),
                },
                accumulate::Bindings { gradient, sum },
            ));
        }
    }

    /// The norm of gradients, in parts and then of all.
    fn norm(&mut self, gradients: &[Binding]) {
        let &Optimizer { update, report, .. } = self.optimizer;
        let parts = self.beside.squares;
        let mut count = 0;
        for (at, &gradient) in gradients.iter().enumerate() {
            self.push(square_sums::dispatch(
                &std::format!("squares {at}"),
                &square_sums::Params {
                    elements: elements(&gradient),
                    first: count,
                },
                square_sums::Bindings {
                    update,
                    gradient,
                    parts,
                },
            ));
            count += parts_of(&gradient);
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
    fn step(&mut self, gradients: &[Binding]) {
        let (optimizer, beside) = (self.optimizer, self.beside);
        let moments = optimizer
            .first_moments
            .iter()
            .zip(&optimizer.second_moments);
        let trained = gradients.iter().zip(&optimizer.masters).zip(moments);
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
    fn average(&mut self) {
        let optimizer = self.optimizer;
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
