//! The optimiser's passes over all weights, recorded behind a training graph: gradients are added up,
//! their norm decides about the step, AdamW and the moving averages take it.
//!
//! Gradients, moments and averages lie as the weights do, in as many buffers. Where the weights are f16,
//! masters in f32 are what is trained, and the weights are rounded from them after each step.

use core::ops::Range;
use std::vec::Vec;

use super::kernels::declare::word;
use super::kernels::{accumulate, adamw, ema, gradient_norm, round_weights, square_sums};
use super::record::Recorded;
use super::recording::{Binding, Contents};
use super::variants::Reduction;
use super::weights::{Precision, WeightPlan};

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
    /// [`UpdateNumbers`](super::UpdateNumbers).
    pub(crate) update: Binding,
    /// [`Rate`](ema::Rate) of each average.
    pub(crate) rates: Vec<Binding>,
    /// The norm of the gradient, and 1 where it is finite.
    pub(crate) report: Binding,
    /// Adds the gradients to their sum.
    pub(crate) accumulate: Range<usize>,
    /// Takes the step.
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
    let recording = &mut recorded.recording;
    let mut like_weights = |name: &str| -> Vec<Binding> {
        let each = gradients.iter().enumerate().map(|(at, like)| {
            let words = (like.bytes / 4) as usize;
            recording.add_buffer(&std::format!("{name} {at}"), words, Contents::Workspace)
        });
        each.collect()
    };
    let is_rounded = plan.precision() != Precision::Full;
    let masters = if is_rounded {
        like_weights("masters")
    } else {
        weights.clone()
    };
    let sums = like_weights("sum of gradients");
    let first_moments = like_weights("first moments");
    let second_moments = like_weights("second moments");
    let averages: Vec<Vec<Binding>> = (0..averages)
        .map(|at| like_weights(&std::format!("average {at}:")))
        .collect();
    let words = adamw::UpdateNumbers::FIELDS.len();
    let update = recording.add_buffer("update", words, Contents::Workspace);
    let words = ema::Rate::FIELDS.len();
    let rates: Vec<Binding> = (0..averages.len())
        .map(|at| {
            let name = std::format!("rate of average {at}");
            recording.add_buffer(&name, words, Contents::Workspace)
        })
        .collect();
    let report = recording.add_buffer("report", 4, Contents::Workspace);

    let elements = |binding: &Binding| word((binding.bytes / 4) as usize);
    let begin = recording.dispatches.len();
    let pairs = gradients.iter().zip(&sums);
    for (at, (&gradient, &sum)) in pairs.enumerate() {
        recording.push(
            accumulate::dispatch(
                &std::format!("sum of gradients {at}"),
                &accumulate::Params {
                    elements: elements(&sum),
                },
                accumulate::Bindings { gradient, sum },
            ),
            reduction,
        );
    }
    let accumulated = recording.dispatches.len();

    let counts = sums
        .iter()
        .map(|sum| elements(sum).div_ceil(square_sums::NUMBERS_OF_A_PART));
    let counts: Vec<u32> = counts.collect();
    let count: u32 = counts.iter().sum();
    let parts = recording.add_buffer("squares", 2 * count as usize, Contents::Workspace);
    let mut first = 0;
    for (at, (&gradient, count)) in sums.iter().zip(counts).enumerate() {
        recording.push(
            square_sums::dispatch(
                &std::format!("squares {at}"),
                &square_sums::Params {
                    elements: elements(&gradient),
                    first,
                },
                square_sums::Bindings {
                    update,
                    gradient,
                    parts,
                },
            ),
            reduction,
        );
        first += count;
    }
    recording.push(
        gradient_norm::dispatch(
            "norm of the gradient",
            &gradient_norm::Params { count },
            gradient_norm::Bindings {
                update,
                parts,
                report,
            },
        ),
        reduction,
    );
    let moments = first_moments.iter().zip(&second_moments);
    let each = sums.iter().zip(&masters).zip(moments);
    for (at, ((&gradient, &weight), (&first_moment, &second_moment))) in each.enumerate() {
        recording.push(
            adamw::dispatch(
                &std::format!("step of weights {at}"),
                &adamw::Params {
                    elements: elements(&weight),
                },
                adamw::Bindings {
                    update,
                    report,
                    gradient,
                    weight,
                    first_moment,
                    second_moment,
                },
            ),
            reduction,
        );
    }
    let rounded = weights.iter().zip(&masters).filter(|_| is_rounded);
    for (at, (&words, &masters)) in rounded.enumerate() {
        recording.push(
            round_weights::dispatch(
                &std::format!("weights {at}"),
                &round_weights::Params {
                    words: elements(&words),
                },
                round_weights::Bindings {
                    report,
                    masters,
                    words,
                },
            ),
            reduction,
        );
    }
    for (which, (average, &rate)) in averages.iter().zip(&rates).enumerate() {
        for (at, (&average, &weight)) in average.iter().zip(&masters).enumerate() {
            recording.push(
                ema::dispatch(
                    &std::format!("average {which}: {at}"),
                    &ema::Params {
                        elements: elements(&weight),
                    },
                    ema::Bindings {
                        rate,
                        report,
                        weight,
                        average,
                    },
                ),
                reduction,
            );
        }
    }
    Optimizer {
        masters,
        sums,
        first_moments,
        second_moments,
        averages,
        update,
        rates,
        report,
        accumulate: begin..accumulated,
        step: accumulated..recording.dispatches.len(),
    }
}
