//! Normal laws pushed through affine maps, and the optimal denoiser of normal data.
//!
//! Everything here is written from the definitions; of the crate only the numbers of an
//! [`Update`] are read, by [`Law::step`].

use iddpm::diffusion::{NoiseScale, Prediction, Update};

/// x ↦ slope·x + offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affine {
    pub(crate) slope: f64,
    pub(crate) offset: f64,
}

impl Affine {
    /// of_x·x + of_value·self(x).
    pub(crate) fn mixed(self, of_x: f64, of_value: f64) -> Self {
        Self {
            slope: of_x + of_value * self.slope,
            offset: of_value * self.offset,
        }
    }
}

/// The joint normal law of (x, history): x = mean_x + d·z_1, history = mean_h + p·z_1 + r·z_2.
///
/// A factor of the covariance is kept, not the covariance: Heun's second step subtracts products
/// hundreds of times larger than their difference, and their squares would lose the digits
/// that are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Law {
    pub(crate) mean: [f64; 2],
    /// d.
    pub(crate) deviation: f64,
    /// p and r.
    history: [f64; 2],
}

/// One row of an affine map of (x, history): weights and offset.
pub(crate) type Row = ([f64; 2], f64);

impl Law {
    pub(crate) fn of_x(mean: f64, variance: f64) -> Self {
        Self {
            mean: [mean, 0.0],
            deviation: variance.sqrt(),
            history: [0.0; 2],
        }
    }

    pub(crate) fn variance(self) -> f64 {
        self.deviation * self.deviation
    }

    /// The law of (a·(x, history) + sigma·z, b·(x, history)).
    pub(crate) fn map(self, a: Row, b: Row, sigma: f64) -> Self {
        let [p, r] = self.history;
        let row =
            |([of_x, of_history], _): Row| [of_x * self.deviation + of_history * p, of_history * r];
        let mean = |([of_x, of_history], offset): Row| {
            of_x * self.mean[0] + of_history * self.mean[1] + offset
        };
        // The components along z_1, z_2 and the fresh z, turned so that x has one only.
        let ([x1, x2], [h1, h2]) = (row(a), row(b));
        let deviation = x1.hypot(x2).hypot(sigma);
        let [u1, u2, u3] = match deviation {
            0.0 => [1.0, 0.0, 0.0],
            _ => [x1 / deviation, x2 / deviation, sigma / deviation],
        };
        let along = h1 * u1 + h2 * u2;
        let rest = (h1 - along * u1).hypot(h2 - along * u2).hypot(along * u3);
        Self {
            mean: [mean(a), mean(b)],
            deviation,
            history: [along, rest],
        }
    }

    /// The law of map(x) + sigma·z.
    pub(crate) fn map_x(self, map: Affine, sigma: f64) -> Self {
        self.map(([map.slope, 0.0], map.offset), ([0.0, 1.0], 0.0), sigma)
    }

    /// The law after a step of the crate, where the network returns `output`(x) and, if its
    /// variance is learned, `channel`.
    pub(crate) fn step(self, update: &Update, output: Affine, channel: f64) -> Self {
        let x_start = output.mixed(update.x_start.x, update.x_start.value);
        let mix = update.mix;
        let x = [
            mix.x + mix.x_start * x_start.slope + mix.output * output.slope,
            mix.history,
        ];
        let offset = mix.x_start * x_start.offset + mix.output * output.offset;
        let history = match update.history {
            None => ([0.0, 1.0], 0.0),
            Some(kept) => {
                let kept = x_start.mixed(kept.x, kept.value);
                ([kept.slope, 0.0], kept.offset)
            }
        };
        let sigma = match update.noise {
            NoiseScale::None => 0.0,
            NoiseScale::Sigma(sigma) => sigma,
            NoiseScale::Learned(log_variance) => log_variance.sigma(channel),
        };
        self.map((x, offset), history, sigma)
    }
}

/// N(mean, variance) as data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Data {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl Data {
    /// x_t ~ N(√ᾱ μ, ᾱ s² + 1 - ᾱ).
    pub(crate) fn marginal(self, alpha_bar: f64) -> Law {
        let variance = alpha_bar * self.variance + (1.0 - alpha_bar);
        Law::of_x(alpha_bar.sqrt() * self.mean, variance)
    }

    /// E[x_0 | x_t], by regression of x_0 on x_t.
    pub(crate) fn x_start(self, alpha_bar: f64) -> Affine {
        let at = self.marginal(alpha_bar);
        let slope = alpha_bar.sqrt() * self.variance / at.variance();
        Affine {
            slope,
            offset: self.mean - slope * at.mean[0],
        }
    }

    /// Var[x_0 | x_t].
    pub(crate) fn x_start_variance(self, alpha_bar: f64) -> f64 {
        self.variance * (1.0 - alpha_bar) / self.marginal(alpha_bar).variance()
    }

    /// What the optimal network returns at a level ᾱ whose kept neighbour is ᾱ_prev.
    pub(crate) fn output(
        self,
        prediction: Prediction,
        alpha_bar: f64,
        alpha_bar_prev: f64,
    ) -> Affine {
        let x_start = self.x_start(alpha_bar);
        let (root, sigma) = (alpha_bar.sqrt(), (1.0 - alpha_bar).sqrt());
        match prediction {
            Prediction::XStart => x_start,
            Prediction::Epsilon => x_start.mixed(1.0 / sigma, -root / sigma),
            Prediction::V => x_start.mixed(root / sigma, -root * root / sigma - sigma),
            Prediction::PreviousX => {
                let (of_x, of_x_start) = posterior_mean(alpha_bar, alpha_bar_prev);
                x_start.mixed(of_x, of_x_start)
            }
            other => panic!("{other:?} has no formula here"),
        }
    }
}

/// The weights of x_t and x_0 in the mean of q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 7).
pub(crate) fn posterior_mean(alpha_bar: f64, alpha_bar_prev: f64) -> (f64, f64) {
    let alpha = alpha_bar / alpha_bar_prev;
    (
        alpha.sqrt() * (1.0 - alpha_bar_prev) / (1.0 - alpha_bar),
        alpha_bar_prev.sqrt() * (1.0 - alpha) / (1.0 - alpha_bar),
    )
}

/// The variance of q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 7).
pub(crate) fn posterior_variance(alpha_bar: f64, alpha_bar_prev: f64) -> f64 {
    (1.0 - alpha_bar / alpha_bar_prev) * (1.0 - alpha_bar_prev) / (1.0 - alpha_bar)
}
