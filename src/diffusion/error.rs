//! What can be wrong with an input: one type, each variant naming the value and the bound.

use core::fmt;

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
        /// T as asked.
        num_timesteps: u32,
        /// The least T this schedule allows.
        min: u32,
    },
    /// T is above what is accepted.
    TooManyTimesteps {
        /// T as asked.
        num_timesteps: u32,
        /// The largest T.
        max: u32,
    },
    /// A name that is none of those that are known.
    Unknown {
        /// What it should be the name of.
        what: &'static str,
        /// The names that there are.
        known: &'static str,
    },
    /// A sigmoid schedule needs finite `start < end` and a finite `tau > 0`, far enough apart to
    /// give distinct values.
    SigmoidParameters {
        /// Where the logistic curve begins.
        start: f64,
        /// Where it ends.
        end: f64,
        /// Its temperature.
        tau: f64,
    },
    /// A custom table has not one entry for each of the T timesteps.
    TableLength {
        /// Entries in the table.
        len: usize,
        /// T.
        num_timesteps: u32,
    },
    /// β must lie in (0, 1); only the last may be 1, where zero terminal SNR was asked for.
    BetaOutOfRange {
        /// Position in the table.
        index: usize,
        /// The value found, possibly NaN.
        beta: f64,
    },
    /// ᾱ must lie in (0, 1); only the last may be 0.
    AlphaBarOutOfRange {
        /// Position in the table.
        index: usize,
        /// The value found, possibly NaN.
        alpha_bar: f64,
    },
    /// ᾱ must fall strictly from each timestep to the next.
    AlphaBarNotDecreasing {
        /// Position in the table.
        index: usize,
        /// ᾱ at `index`.
        alpha_bar: f64,
        /// ᾱ before it.
        previous: f64,
    },
    /// A table's ᾱ is not the product of its 1 - β.
    TableInconsistent {
        /// Position in the table.
        index: usize,
        /// ᾱ found.
        alpha_bar: f64,
        /// ᾱ that β and the entry before it give.
        expected: f64,
    },
    /// ᾱ = 0 at the last step leaves no x_0 in x_t: the network must predict v, x_0 or x_{t-1}.
    ZeroTerminalSnr {
        /// The step whose ᾱ is 0.
        index: usize,
    },
    /// More steps were asked for than the T there are.
    TooManySteps {
        /// Steps asked for.
        steps: u32,
        /// T.
        num_timesteps: u32,
    },
    /// A process needs two steps, or one that is the last of all T timesteps.
    TooFewSteps {
        /// Steps asked for.
        steps: u32,
        /// The least number.
        min: u32,
    },
    /// A process of one step has no posterior variance: that of its first step is borrowed from the
    /// second.
    SingleStep,
    /// A section of the timesteps is smaller than the count asked of it.
    SectionTooSmall {
        /// Which section, from 0.
        section: u32,
        /// Timesteps in it.
        size: u32,
        /// Steps asked of it.
        count: u32,
    },
    /// `ddimN`: no whole stride through T timesteps keeps exactly N.
    NoStride {
        /// N.
        steps: u32,
        /// T.
        num_timesteps: u32,
    },
    /// The text of a spacing is empty.
    SpecEmpty,
    /// The text of a spacing is not a number where one is due.
    SpecSyntax {
        /// Byte offset of the piece that could not be read, spaces before the text not counted.
        at: usize,
    },
    /// A custom list must descend strictly.
    TimestepsNotDescending {
        /// Position in the list.
        index: usize,
        /// The timestep there.
        timestep: u32,
        /// The timestep before it.
        previous: u32,
    },
    /// A timestep is not below T.
    TimestepOutOfRange {
        /// The timestep.
        timestep: u32,
        /// T.
        num_timesteps: u32,
    },
    /// The storage is too small.
    Capacity {
        /// Entries needed.
        needed: usize,
        /// Entries there are.
        capacity: usize,
    },
    /// Two slices that must go together do not.
    Length {
        /// Which slice.
        slice: Slice,
        /// Its length.
        len: usize,
        /// The length it must have.
        expected: usize,
    },
    /// A step index beyond the process.
    StepOutOfRange {
        /// The index.
        index: usize,
        /// Steps in the process.
        len: usize,
    },
    /// A value that must be finite is not, or is too large for what is computed with it.
    NotFinite {
        /// Which slice.
        slice: Slice,
        /// The first index at which it is not.
        index: usize,
    },
    /// η must be in [0, 1].
    Eta {
        /// η.
        eta: f64,
    },
    /// Dynamic thresholding needs a ratio in (0, 1] and a finite maximum of at least 1.
    Threshold {
        /// The quantile.
        ratio: f64,
        /// The largest threshold.
        max: f64,
    },
    /// An optimal variance belongs to the ancestral method alone.
    OptimalVarianceMethod,
    /// E‖ε_θ‖²/D must be finite and not negative.
    MeanSquareOutOfRange {
        /// Position in the vector.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// A saved state has the wrong number of bytes.
    StateLength {
        /// Bytes given.
        len: usize,
        /// Bytes a state has.
        expected: usize,
    },
    /// Bytes that are no saved state, or were altered.
    StateCorrupt {
        /// The checksum stored in them.
        stored: u32,
        /// The checksum of their content.
        computed: u32,
    },
    /// A saved state of a format this version does not know.
    StateVersion {
        /// The format found.
        version: u32,
        /// The newest format known.
        supported: u32,
    },
    /// A saved state of another configuration.
    StateMismatch {
        /// Fingerprint of the configuration that was saved.
        saved: u64,
        /// Fingerprint of the configuration that is resuming.
        expected: u64,
    },
    /// A saved position beyond the end of the run.
    PositionOutOfRange {
        /// The position.
        position: u32,
        /// Evaluations in the run.
        len: u32,
    },
    /// History per timestep must be at least 1.
    HistoryLength {
        /// The length asked for.
        history_per_term: u32,
    },
    /// A probability outside its range, or so small that the weight 1/(T p) is infinite.
    Probability {
        /// The value.
        value: f64,
    },
    /// A loss must be finite, and so must the sum of its squares.
    Loss {
        /// The timestep it belongs to.
        timestep: u32,
        /// The loss.
        loss: f64,
    },
    /// Listed images need at least one image and one element.
    NoImages,
    /// A variance must be finite in f32 and not negative.
    Variance {
        /// The value.
        value: f64,
    },
    /// A likelihood was asked for before every step had been added, or a step was added twice.
    TermsOutOfOrder {
        /// The step that was given.
        index: usize,
        /// The step that is due.
        due: usize,
    },
}

/// Which slice an [`Error::Length`] or [`Error::NotFinite`] speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Slice {
    /// x_t, or x_{t-1} once stepped.
    X,
    /// x_0 or its prediction x̂_0.
    XStart,
    /// What the network returned.
    Prediction,
    /// Normal deviates.
    Noise,
    /// What a multistep method keeps from the step before.
    History,
    /// The images of a listed distribution.
    Images,
    /// One value for each step.
    PerStep,
    /// Losses, one for each timestep beside them.
    Losses,
    /// Storage of the importance sampler.
    Storage,
    /// A result.
    Output,
}

/// What the text of a spacing can be.
const SPACINGS: &str = "it can be 50, 10,15,20, all, custom:999,500,0, or one of ddim, early, \
                        leading, trailing, linspace, quadratic before a number";

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
                "sigmoid schedule with start {start:?}, end {end:?}, tau {tau:?}: needs finite start < end \
                 and tau > 0 that give betas within (0, 1)"
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
                    "beta[{index}] = {beta:?} is not within (0, 1), nor 1 at a last alpha_bar of 0"
                )
            }
            Self::AlphaBarOutOfRange { index, alpha_bar } => {
                write!(
                    f,
                    "alpha_bar[{index}] = {alpha_bar:e} is not within [1e-70, 1), nor 0 at the end"
                )
            }
            Self::AlphaBarNotDecreasing {
                index,
                alpha_bar,
                previous,
            } => write!(
                f,
                "alpha_bar[{index}] = {alpha_bar:?} is not below the {previous:?} before it"
            ),
            Self::TableInconsistent {
                index,
                alpha_bar,
                expected,
            } => write!(
                f,
                "alpha_bar[{index}] = {alpha_bar:?}, but its beta and the alpha_bar before it give \
                 {expected:?}"
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
            Self::SpecEmpty => write!(f, "the spacing is empty: {SPACINGS}"),
            Self::SpecSyntax { at } => {
                write!(
                    f,
                    "the spacing has no whole number up to {} at byte {at}: {SPACINGS}",
                    u32::MAX
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
            Self::Eta { eta } => write!(f, "eta = {eta} is not within [0, 1]"),
            Self::Threshold { ratio, max } => write!(
                f,
                "dynamic threshold with ratio {ratio:?} and max {max:?}: needs ratio within (0, 1] and \
                 a finite max >= 1"
            ),
            Self::OptimalVarianceMethod => {
                f.write_str("an optimal variance belongs to the ancestral method alone")
            }
            Self::MeanSquareOutOfRange { index, value } => write!(
                f,
                "mean square of epsilon at step {index} is {value:?}: must be finite, not negative"
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
                    "{value:?} is no probability, no deviate in [0, 1), or too small a probability to \
                     weigh by"
                )
            }
            Self::Loss { timestep, loss } => {
                write!(
                    f,
                    "loss {loss:?} at timestep {timestep} is not finite, or too large to square"
                )
            }
            Self::NoImages => f.write_str("no images, or images without elements"),
            Self::Variance { value } => {
                write!(f, "variance {value:?} is not within [0, {:e}]", f32::MAX)
            }
            Self::TermsOutOfOrder { index, due } => {
                write!(f, "the bound's term {index} was added where {due} is due")
            }
        }
    }
}
