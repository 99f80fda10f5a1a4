//! A step's numbers applied as the crate documents it, with a bound on the rounding: x̂_0 =
//! clip(a·x + b·output), then x' = p·x + q·x̂_0 + r·output + s·history + σ·z.

use iddpm::diffusion::{NoiseScale, Step, Update};

use super::track::{Arithmetic, Track};

/// What one element enters a step with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    pub(crate) x: Track,
    pub(crate) output: Track,
    pub(crate) channel: Track,
    pub(crate) noise: Track,
    pub(crate) history: Track,
}

/// What it leaves with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct After {
    pub(crate) x: Track,
    pub(crate) x_start: Track,
    pub(crate) history: Track,
}

/// x̂_0 before clipping.
pub(crate) fn raw_x_start(update: &Update, arithmetic: Arithmetic, before: &Before) -> Track {
    arithmetic.coefficient(update.x_start.x) * before.x
        + arithmetic.coefficient(update.x_start.value) * before.output
}

/// The step, given x̂_0 as it is after clipping.
pub(crate) fn apply(
    update: &Update,
    arithmetic: Arithmetic,
    before: &Before,
    x_start: Track,
) -> After {
    let weight = |value: f64| arithmetic.coefficient(value);
    let mix = &update.mix;
    let mut x = weight(mix.x) * before.x + weight(mix.x_start) * x_start;
    if mix.output != 0.0 {
        x = x + weight(mix.output) * before.output;
    }
    if mix.history != 0.0 {
        x = x + weight(mix.history) * before.history;
    }
    match update.noise {
        NoiseScale::None => {}
        NoiseScale::Sigma(sigma) => x = x + weight(sigma) * before.noise,
        NoiseScale::Learned(rule) => {
            // log Σ is linear in the channel, and σ is 2 to half of it over ln 2.
            let scale = 0.5 * std::f64::consts::LOG2_E;
            let at_zero = rule.log(0.0) * scale;
            let slope = rule.log(1.0) * scale - at_zero;
            let exponent = weight(at_zero) + weight(slope) * before.channel;
            let sigma = (exponent * std::f64::consts::LN_2).exp();
            x = x + sigma * before.noise;
        }
    }
    let history = match update.history {
        None => before.history,
        Some(kept) => weight(kept.x) * before.x + weight(kept.value) * x_start,
    };
    After {
        x,
        x_start,
        history,
    }
}

/// How far errors of x and of the history at a step's beginning reach: the largest slopes of its
/// results, the network's own slope `a` included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gain {
    pub(crate) x: f64,
    pub(crate) x_start: f64,
    pub(crate) history: f64,
}

impl Gain {
    /// x̂_0 passes an error on only where it may lie within `bound`.
    pub(crate) fn of(update: &Update, a: f64, raw_x_start: Track, error: f64, bound: f64) -> Self {
        let free = update.x_start.x + update.x_start.value * a;
        let direct = update.mix.x + update.mix.output * a;
        let reach = raw_x_start.error + free.abs() * error;
        let magnitude = raw_x_start.value.abs();
        let (may_be_free, may_be_cut) = (magnitude - reach < bound, magnitude + reach > bound);
        let when_free = (direct + update.mix.x_start * free).abs();
        let mut x = 0.0_f64;
        if may_be_free {
            x = x.max(when_free);
        }
        if may_be_cut {
            x = x.max(direct.abs());
        }
        Self {
            x,
            x_start: if may_be_free { free.abs() } else { 0.0 },
            history: update.mix.history.abs(),
        }
    }
}

/// The clipping bound of a step whose clipping is fixed.
pub(crate) fn bound(step: &Step) -> f64 {
    match step.clip() {
        iddpm::diffusion::Clip::None => f64::INFINITY,
        _ => 1.0,
    }
}
