//! The error of an input: one type, each variant naming the value and the bound.

use core::fmt;

use crate::codes::codes;
use crate::text::Number;

/// Why an input was refused.
///
/// Every function of this crate that can be handed a bad value returns this type; none of them
/// panics. Each variant carries the value that was wrong and the bound it broke.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// T is below what the schedule can be built for.
    TooFewTimesteps {
        /// The number of timesteps T that was asked for.
        num_timesteps: u32,
        /// The least T this schedule allows.
        min: u32,
    },
    /// T is above what is accepted.
    TooManyTimesteps {
        /// The number of timesteps T that was asked for.
        num_timesteps: u32,
        /// The largest T that is accepted.
        max: u32,
    },
    /// An unknown name.
    Unknown {
        /// The kind of thing that the name should be of, such as a schedule.
        what: &'static str,
        /// The names that are known.
        known: &'static str,
    },
    /// A sigmoid schedule needs finite `start < end` and a finite `tau > 0`, far enough apart to
    /// give distinct values.
    SigmoidParameters {
        /// The point at which the logistic curve begins.
        start: f64,
        /// The point at which the logistic curve ends.
        end: f64,
        /// The temperature τ of the logistic curve.
        tau: f64,
    },
    /// A custom table has not one entry for each of the T timesteps.
    TableLength {
        /// The number of entries in the table.
        len: usize,
        /// The number of timesteps T.
        num_timesteps: u32,
    },
    /// A β outside (0, 1); only the last may be 1, where zero terminal SNR was asked for.
    BetaOutOfRange {
        /// The position in the table.
        index: usize,
        /// The β found, possibly NaN.
        beta: f64,
    },
    /// An ᾱ outside (0, 1); only the last may be 0.
    AlphaBarOutOfRange {
        /// The position in the table.
        index: usize,
        /// The ᾱ found, possibly NaN.
        alpha_bar: f64,
    },
    /// An ᾱ that does not fall strictly from one timestep to the next.
    AlphaBarNotDecreasing {
        /// The position in the table.
        index: usize,
        /// The ᾱ found at `index`.
        alpha_bar: f64,
        /// The ᾱ of the timestep before it.
        previous: f64,
    },
    /// A table's ᾱ is not the product of its 1 - β.
    TableInconsistent {
        /// The position in the table.
        index: usize,
        /// The ᾱ found in the table.
        alpha_bar: f64,
        /// The ᾱ that β and the entry before it give.
        expected: f64,
    },
    /// A last step with ᾱ = 0, which leaves no x_0 in x_t: the network must predict v, x_0 or x_{t-1}.
    ZeroTerminalSnr {
        /// The index of the step whose ᾱ is 0.
        index: usize,
    },
    /// More steps were asked for than the T there are.
    TooManySteps {
        /// The number of steps that was asked for.
        steps: u32,
        /// The number of timesteps T.
        num_timesteps: u32,
    },
    /// Too few steps were asked for: a process needs two, or one that is the last of all T timesteps.
    TooFewSteps {
        /// The number of steps that was asked for.
        steps: u32,
        /// The least number of steps.
        min: u32,
    },
    /// A process of a single step has no posterior variance: that of its first step is borrowed from the
    /// second.
    SingleStep,
    /// A section of the timesteps is smaller than the count asked of it.
    SectionTooSmall {
        /// The number of the section, from 0.
        section: u32,
        /// The number of timesteps in the section.
        size: u32,
        /// The number of steps asked of the section.
        count: u32,
    },
    /// A `ddimN` spacing was asked for, and no whole stride through T timesteps keeps exactly N.
    NoStride {
        /// The number of steps N.
        steps: u32,
        /// The number of timesteps T.
        num_timesteps: u32,
    },
    /// The text of a spacing is empty.
    SpecEmpty,
    /// The text of a spacing is not a number where one is due.
    SpecSyntax {
        /// The byte offset of the piece that could not be read, spaces before the text not counted.
        at: usize,
    },
    /// A custom list of timesteps does not descend strictly.
    TimestepsNotDescending {
        /// The position in the list.
        index: usize,
        /// The timestep at that position.
        timestep: u32,
        /// The timestep before it in the list.
        previous: u32,
    },
    /// A timestep is not below T.
    TimestepOutOfRange {
        /// The timestep that was given.
        timestep: u32,
        /// The number of timesteps T.
        num_timesteps: u32,
    },
    /// A timestep is none of those that a distilled network knows.
    OffGrid {
        /// The timestep that was kept.
        timestep: u32,
    },
    /// The storage is too small.
    Capacity {
        /// The number of entries that are needed.
        needed: usize,
        /// The number of entries there is room for.
        capacity: usize,
    },
    /// A slice does not have the length that goes with the others.
    Length {
        /// The slice whose length is wrong.
        slice: Slice,
        /// The length of the slice.
        len: usize,
        /// The length the slice must have.
        expected: usize,
    },
    /// A step index is beyond the process.
    StepOutOfRange {
        /// The index that was given.
        index: usize,
        /// The number of steps in the process.
        len: usize,
    },
    /// A value that must be finite is not, or is too large for what is computed with it.
    NotFinite {
        /// The slice that holds the value.
        slice: Slice,
        /// The first index of such a value.
        index: usize,
    },
    /// A value that is not within the bounds of what its slice holds.
    OutOfRange {
        /// The slice that holds the value.
        slice: Slice,
        /// The first index of such a value.
        index: usize,
        /// The value found.
        value: f32,
        /// The least value that there may be.
        min: f32,
        /// The largest value that there may be.
        max: f32,
    },
    /// An η that is not in [0, 1].
    Eta {
        /// The η that was given.
        eta: f64,
    },
    /// Parameters of dynamic thresholding out of range: it needs a ratio in (0, 1] and a finite maximum of
    /// at least 1.
    Threshold {
        /// The quantile that was given.
        ratio: f64,
        /// The largest threshold that was given.
        max: f64,
    },
    /// More of the last steps of a process than it has.
    LastSteps {
        /// The number of steps that was asked for.
        steps: usize,
        /// The number of steps of the process.
        len: usize,
    },
    /// Rounds or a jump of a resampling that are none, or too many.
    Resampling {
        /// The rounds that were asked for.
        rounds: u32,
        /// The jump that was asked for.
        jump: u32,
        /// The most of either.
        max: u32,
    },
    /// A part of a picture cannot be kept by a method that walks from image to noise.
    KeepMethod,
    /// A run that keeps a part of a picture was walked without one.
    PictureMissing,
    /// A picture of which a part is to be kept, in a run that keeps nothing.
    KeepMissing,
    /// An optimal variance was asked for with a method other than the ancestral one.
    OptimalVarianceMethod,
    /// A mean square E‖ε_θ‖²/D that is not finite, or negative.
    MeanSquareOutOfRange {
        /// The position in the vector.
        index: usize,
        /// The mean square found.
        value: f64,
    },
    /// A saved state has the wrong number of bytes.
    StateLength {
        /// The number of bytes given.
        len: usize,
        /// The number of bytes a state has.
        expected: usize,
    },
    /// The bytes are no saved state, or were altered.
    StateCorrupt {
        /// The checksum stored in the bytes.
        stored: u32,
        /// The checksum computed of their content.
        computed: u32,
    },
    /// A saved state has a format that this version does not know.
    StateVersion {
        /// The version of the format found.
        version: u32,
        /// The newest version of the format that is known.
        supported: u32,
    },
    /// A saved state belongs to another configuration.
    StateMismatch {
        /// The fingerprint of the configuration that was saved.
        saved: u64,
        /// The fingerprint of the configuration that is resuming.
        expected: u64,
    },
    /// A saved position is beyond the end of the run.
    PositionOutOfRange {
        /// The position that was saved.
        position: u32,
        /// The number of evaluations in the run.
        len: u32,
    },
    /// The history kept for each timestep is shorter than 1 loss.
    HistoryLength {
        /// The length of the history that was asked for.
        history_per_term: u32,
    },
    /// A probability is outside its range, or so small that the weight 1/(T p) is infinite.
    Probability {
        /// The probability found.
        value: f64,
    },
    /// A loss is not finite, or the sum of its squares is not.
    Loss {
        /// The timestep that the loss belongs to.
        timestep: u32,
        /// The loss found.
        loss: f64,
    },
    /// A listed distribution without images, or with images of no elements.
    NoImages,
    /// A variance that is not finite in f32, or negative.
    Variance {
        /// The variance found.
        value: f64,
    },
    /// A likelihood was asked for before every step had been added, or a step was added twice.
    TermsOutOfOrder {
        /// The index of the step that was given.
        index: usize,
        /// The index of the step that is due.
        due: usize,
    },
}

codes! { Error:
    1 TooFewTimesteps,
    2 TooManyTimesteps,
    3 Unknown,
    4 SigmoidParameters,
    5 TableLength,
    6 BetaOutOfRange,
    7 AlphaBarOutOfRange,
    8 AlphaBarNotDecreasing,
    9 TableInconsistent,
    10 ZeroTerminalSnr,
    11 TooManySteps,
    12 TooFewSteps,
    13 SingleStep,
    14 SectionTooSmall,
    15 NoStride,
    16 SpecEmpty,
    17 SpecSyntax,
    18 TimestepsNotDescending,
    19 TimestepOutOfRange,
    20 OffGrid,
    21 Capacity,
    22 Length,
    23 StepOutOfRange,
    24 NotFinite,
    25 OutOfRange,
    26 Eta,
    27 Threshold,
    28 LastSteps,
    29 Resampling,
    30 KeepMethod,
    31 PictureMissing,
    32 KeepMissing,
    33 OptimalVarianceMethod,
    34 MeanSquareOutOfRange,
    35 StateLength,
    36 StateCorrupt,
    37 StateVersion,
    38 StateMismatch,
    39 PositionOutOfRange,
    40 HistoryLength,
    41 Probability,
    42 Loss,
    43 NoImages,
    44 Variance,
    45 TermsOutOfOrder
}

/// The slice that an [`Error::Length`] or [`Error::NotFinite`] speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Slice {
    /// The image x_t, or x_{t-1} once stepped.
    X,
    /// The image x_0, or its prediction x̂_0.
    XStart,
    /// The prediction that the network returned.
    Prediction,
    /// The noise: normal deviates.
    Noise,
    /// The numbers that a multistep method keeps from the step before.
    History,
    /// The images of a listed distribution.
    Images,
    /// A list of one value for each step.
    PerStep,
    /// Losses, one for each timestep beside them.
    Losses,
    /// The storage of the importance sampler.
    Storage,
    /// The colours of a palette.
    Colours,
    /// The picture of which a part is kept.
    Picture,
    /// The mask of what is drawn anew.
    Mask,
    /// The scales of guidance, one for each image.
    Scales,
    /// What the network sees each image with the second time under guidance.
    Others,
    /// The slice that a result is written to.
    Output,
}

/// What the text of a spacing can be.
const SPACINGS: &str = "steps can be 50, 10,15,20 (of each third), all, custom:999,500,0, or a number \
                        behind ddim, early, leading, trailing, linspace or quadratic";

impl core::error::Error for Error {}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X => "x_t",
            Self::XStart => "x_0",
            Self::Prediction => "the network's output",
            Self::Noise => "the noise",
            Self::History => "the history",
            Self::Images => "the listed images",
            Self::PerStep => "the vector with one value per step",
            Self::Losses => "the losses",
            Self::Storage => "the importance sampler's storage",
            Self::Colours => "the colours",
            Self::Picture => "the picture",
            Self::Mask => "the mask",
            Self::Scales => "the scales of guidance",
            Self::Others => "the other labels of guidance",
            Self::Output => "the output slice",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooFewTimesteps { num_timesteps, min } => {
                write!(
                    f,
                    "T = {num_timesteps}, but this schedule needs at least {min}"
                )
            }
            Self::TooManyTimesteps { num_timesteps, max } => {
                write!(f, "T = {num_timesteps}, but at most {max} is accepted")
            }
            Self::Unknown { what, known } => write!(f, "unknown {what}; known are {known}"),
            Self::SigmoidParameters { start, end, tau } => write!(
                f,
                "sigmoid schedule with start {}, end {}, tau {}: needs finite start < end and tau > 0 that give betas \
                 within (0, 1)",
                Number(start),
                Number(end),
                Number(tau)
            ),
            Self::TableLength { len, num_timesteps } => {
                write!(
                    f,
                    "a table of {len} entries for T = {num_timesteps}: it must have one for each"
                )
            }
            Self::BetaOutOfRange { index, beta } => {
                write!(
                    f,
                    "beta[{index}] = {} is not within (0, 1), nor 1 at a last alpha_bar of 0",
                    Number(beta)
                )
            }
            Self::AlphaBarOutOfRange { index, alpha_bar } => {
                write!(
                    f,
                    "alpha_bar[{index}] = {} is not within [1e-70, 1), nor 0 at the end",
                    Number(alpha_bar)
                )
            }
            Self::AlphaBarNotDecreasing {
                index,
                alpha_bar,
                previous,
            } => write!(
                f,
                "alpha_bar[{index}] = {} is not below the {} before it",
                Number(alpha_bar),
                Number(previous)
            ),
            Self::TableInconsistent {
                index,
                alpha_bar,
                expected,
            } => write!(
                f,
                "alpha_bar[{index}] = {}, but its beta and the alpha_bar before it give {}",
                Number(alpha_bar),
                Number(expected)
            ),
            Self::ZeroTerminalSnr { index } => write!(
                f,
                "alpha_bar is 0 at step {index}: epsilon says nothing of x_0 there. Let the network \
                 predict v or x_0; an optimal variance needs a schedule that ends above 0"
            ),
            Self::TooManySteps {
                steps,
                num_timesteps,
            } => write!(f, "{steps} steps of only {num_timesteps} timesteps"),
            Self::TooFewSteps { steps, min } => {
                let plural = if steps == 1 { "" } else { "s" };
                write!(
                    f,
                    "{steps} step{plural} kept, but a process needs at least {min}, or, but for ancestral \
                     sampling, the last timestep alone (trailing1)"
                )
            }
            Self::SingleStep => f.write_str(
                "ancestral sampling, likelihoods and losses take 2 steps or more, as the first has the \
                 posterior variance of the second; DDIM, DPM-Solver++ and Heun do with one",
            ),
            Self::SectionTooSmall {
                section,
                size,
                count,
            } => write!(
                f,
                "section {section} has {size} timesteps, {count} were asked of it"
            ),
            Self::NoStride {
                steps,
                num_timesteps,
            } => write!(
                f,
                "no whole stride through {num_timesteps} timesteps keeps exactly {steps}: {steps}, \
                 leading{steps} and trailing{steps} do"
            ),
            Self::SpecEmpty => f.write_str(SPACINGS),
            Self::SpecSyntax { at } => {
                let most = u32::MAX;
                write!(
                    f,
                    "{SPACINGS}; numbers are whole, up to {most} (not so at byte {at})"
                )
            }
            Self::TimestepsNotDescending {
                index,
                timestep,
                previous,
            } => write!(
                f,
                "the timesteps must descend: {timestep} at {index} is not below the {previous} beside it"
            ),
            Self::TimestepOutOfRange {
                timestep,
                num_timesteps,
            } => write!(f, "timestep {timestep} is not below T = {num_timesteps}"),
            Self::OffGrid { timestep } => {
                write!(f, "timestep {timestep} is none of those that the network was distilled to")
            }
            Self::Capacity { needed, capacity } => {
                write!(f, "{needed} entries are needed, there is room for {capacity}")
            }
            Self::Length {
                slice,
                len,
                expected,
            } => write!(f, "{slice} has {len} elements, expected {expected}"),
            Self::StepOutOfRange { index, len } => {
                write!(f, "step {index} of a process of {len}, numbered from 0")
            }
            Self::NotFinite { slice, index } => {
                write!(f, "value {index} of {slice} is not finite, or too large")
            }
            Self::OutOfRange {
                slice,
                index,
                value,
                min,
                max,
            } => write!(
                f,
                "value {index} of {slice} is {}: must be within {} to {}",
                Number(value),
                Number(min),
                Number(max)
            ),
            Self::Eta { eta } => write!(f, "eta = {} is not within [0, 1]", Number(eta)),
            Self::Threshold { ratio, max } => write!(
                f,
                "dynamic threshold with ratio {} and max {}: needs ratio within (0, 1] and a finite max >= 1",
                Number(ratio),
                Number(max)
            ),
            Self::LastSteps { steps, len } => {
                write!(f, "the last {steps} steps of a process that has {len}")
            }
            Self::Resampling { rounds, jump, max } => write!(
                f,
                "{rounds} rounds of {jump} steps: both must be within 1 to {max}"
            ),
            Self::KeepMethod => {
                f.write_str("ddim_reverse walks from image to noise, which keeps no part of a picture")
            }
            Self::PictureMissing => {
                f.write_str("the run keeps a part of a picture: put it in place after each step")
            }
            Self::KeepMissing => {
                f.write_str("a picture to keep a part of, but the sampler keeps nothing")
            }
            Self::OptimalVarianceMethod => {
                f.write_str("an optimal variance belongs to the ancestral method alone")
            }
            Self::MeanSquareOutOfRange { index, value } => write!(
                f,
                "mean square of epsilon at step {index} is {}: must be finite, not negative",
                Number(value)
            ),
            Self::StateLength { len, expected } => {
                write!(f, "a saved state of {len} bytes, expected {expected}")
            }
            Self::StateCorrupt { stored, computed } => write!(
                f,
                "no saved state, or an altered one: checksum {stored:08x}, content gives \
                 {computed:08x}"
            ),
            Self::StateVersion { version, supported } => write!(
                f,
                "a saved state of format {version}, this version reads up to {supported}"
            ),
            Self::StateMismatch { saved, expected } => write!(
                f,
                "a saved state of another configuration, {saved:016x}, this one is {expected:016x}: \
                 resume it with the process, method, clipping and version that saved it"
            ),
            Self::PositionOutOfRange { position, len } => {
                write!(f, "position {position} of a run of {len} evaluations")
            }
            Self::HistoryLength { history_per_term } => {
                write!(f, "history of {history_per_term} losses, needs at least 1")
            }
            Self::Probability { value } => {
                write!(
                    f,
                    "{} is no probability, no deviate in [0, 1), or too small a probability to weigh by",
                    Number(value)
                )
            }
            Self::Loss { timestep, loss } => {
                write!(
                    f,
                    "loss {} at timestep {timestep} is not finite, or too large to square",
                    Number(loss)
                )
            }
            Self::NoImages => f.write_str("no images, or images without elements"),
            Self::Variance { value } => {
                write!(
                    f,
                    "variance {} is not within [0, {}]",
                    Number(value),
                    Number(f32::MAX)
                )
            }
            Self::TermsOutOfOrder { index, due } => {
                write!(f, "the bound's term {index} was added where {due} is due")
            }
        }
    }
}
