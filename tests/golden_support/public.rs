//! The formulae of the public implementation, in its order of evaluation and each with a bound on
//! its rounding: how far off the recorded numbers themselves may be.

use iddpm::diffusion::{Coefficients, LogVariance, Prediction, ProcessView};

use super::case::Outcome;
use super::track::{Arithmetic, Track, mean};

/// One step as the public implementation computes it: coefficients looked up in f64, then cast.
pub(crate) struct Public {
    pub(crate) arithmetic: Arithmetic,
    pub(crate) step: Coefficients,
    prediction: Prediction,
    rule: LogVariance,
}

/// p(x_{t-1} | x_t) of one element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Law {
    pub(crate) x_start: Track,
    pub(crate) mean: Track,
    pub(crate) log_variance: Track,
}

impl Public {
    pub(crate) fn of(
        process: ProcessView<'_>,
        index: usize,
        arithmetic: Arithmetic,
    ) -> Outcome<Self> {
        let step = process.coefficients(index)?;
        Ok(Self {
            arithmetic,
            step,
            prediction: process.prediction(),
            rule: process.variance().at(&step),
        })
    }

    fn table(&self, value: f64) -> Track {
        self.arithmetic.coefficient(value)
    }

    pub(crate) fn exact(&self, value: f32) -> Track {
        self.arithmetic.exact(f64::from(value))
    }

    pub(crate) fn q_mean(&self, x_start: Track) -> Track {
        self.table(self.step.sqrt_alpha_bar) * x_start
    }

    pub(crate) fn q_sample(&self, x_start: Track, noise: Track) -> Track {
        self.q_mean(x_start) + self.table(self.step.sqrt_one_minus_alpha_bar) * noise
    }

    pub(crate) fn posterior_mean(&self, x_start: Track, x: Track) -> Track {
        self.table(self.step.posterior_mean_coef1) * x_start
            + self.table(self.step.posterior_mean_coef2) * x
    }

    /// x̂_0 of a prediction of the given kind.
    pub(crate) fn x_start_from(&self, prediction: Prediction, x: Track, output: Track) -> Track {
        let step = &self.step;
        let c1 = step.posterior_mean_coef1;
        match prediction {
            Prediction::Epsilon => {
                self.table(step.sqrt_recip_alpha_bar) * x
                    - self.table(step.sqrt_recip_m1_alpha_bar) * output
            }
            Prediction::XStart => output,
            Prediction::PreviousX => {
                self.table(1.0 / c1) * output - self.table(step.posterior_mean_coef2 / c1) * x
            }
            Prediction::V => {
                self.table(step.sqrt_alpha_bar) * x
                    - self.table(step.sqrt_one_minus_alpha_bar) * output
            }
            other => panic!("{other:?} has no formula here"),
        }
    }

    pub(crate) fn x_start(&self, x: Track, output: Track) -> Track {
        self.x_start_from(self.prediction, x, output)
    }

    pub(crate) fn log_variance(&self, channel: Track) -> Track {
        match self.rule {
            LogVariance::Fixed(log) => self.table(log),
            LogVariance::Learned => channel,
            LogVariance::LearnedRange { min, max } => {
                let fraction = (channel + 1.0) * 0.5;
                fraction * self.table(max) + (-fraction + 1.0) * self.table(min)
            }
        }
    }

    /// The law, given x̂_0 as it is after clipping.
    pub(crate) fn law(&self, x: Track, x_start: Track, output: Track, channel: Track) -> Law {
        Law {
            x_start,
            mean: match self.prediction {
                Prediction::PreviousX => output,
                _ => self.posterior_mean(x_start, x),
            },
            log_variance: self.log_variance(channel),
        }
    }

    pub(crate) fn p_sample(&self, law: Law, noise: Track) -> Track {
        if self.step.index == 0 {
            return law.mean;
        }
        law.mean + (law.log_variance * 0.5).exp() * noise
    }

    /// ε̂, re-derived from x̂_0.
    pub(crate) fn epsilon(&self, x: Track, x_start: Track) -> Track {
        let step = &self.step;
        (self.table(step.sqrt_recip_alpha_bar) * x - x_start)
            / self.table(step.sqrt_recip_m1_alpha_bar)
    }

    /// The DDIM step; its coefficients are computed from the cast ᾱ.
    pub(crate) fn ddim(&self, x: Track, x_start: Track, noise: Track, eta: f64) -> Track {
        let here = self.table(self.step.alpha_bar);
        let to = self.table(self.step.alpha_bar_prev);
        let sigma =
            self.table(eta) * ((-to + 1.0) / (-here + 1.0)).sqrt() * (-(here / to) + 1.0).sqrt();
        let direction = (-to + 1.0 - sigma * sigma).sqrt();
        let next = x_start * to.sqrt() + direction * self.epsilon(x, x_start);
        if self.step.index == 0 {
            return next;
        }
        next + sigma * noise
    }

    pub(crate) fn ddim_reverse(&self, x: Track, x_start: Track) -> Track {
        let to = self.table(self.step.alpha_bar_next);
        x_start * to.sqrt() + (-to + 1.0).sqrt() * self.epsilon(x, x_start)
    }

    /// The target of the mean squared error.
    pub(crate) fn target(&self, x_start: Track, noise: Track, x: Track) -> Track {
        match self.prediction {
            Prediction::Epsilon => noise,
            Prediction::XStart => x_start,
            Prediction::PreviousX => self.posterior_mean(x_start, x),
            // ε and x_0 swap their weights, one of them with its sign.
            Prediction::V => {
                self.table(self.step.sqrt_alpha_bar) * noise
                    - self.table(self.step.sqrt_one_minus_alpha_bar) * x_start
            }
            other => panic!("{other:?} has no formula here"),
        }
    }

    /// The bound's term of one element in nats.
    pub(crate) fn vb(&self, x_start: Track, x: Track, law: Law) -> Track {
        if self.step.index == 0 {
            return -decoder(self.arithmetic, x_start, law.mean, law.log_variance * 0.5);
        }
        let truth = self.posterior_mean(x_start, x);
        let log_variance = self.table(self.step.posterior_log_variance_clipped);
        normal_kl(truth, log_variance, law.mean, law.log_variance)
    }
}

pub(crate) fn normal_kl(mean1: Track, log1: Track, mean2: Track, log2: Track) -> Track {
    let difference = mean1 - mean2;
    (log2 + -1.0 - log1 + (log1 - log2).exp() + difference * difference * (-log2).exp()) * 0.5
}

pub(crate) fn cdf(arithmetic: Arithmetic, x: Track) -> Track {
    let root = arithmetic.coefficient((2.0 / std::f64::consts::PI).sqrt());
    let cube = arithmetic.coefficient(0.044715) * (x * x * x);
    ((root * (x + cube)).tanh() + 1.0) * 0.5
}

/// The discretised Gaussian's log probability.
pub(crate) fn decoder(arithmetic: Arithmetic, x: Track, mean: Track, log_scale: Track) -> Track {
    let centred = x - mean;
    let inverse = (-log_scale).exp();
    let half_bin = arithmetic.coefficient(1.0 / 255.0);
    let up_to = |edge: Track| cdf(arithmetic, inverse * (centred + edge));
    let probability = if x.value < -0.999 {
        up_to(half_bin)
    } else if x.value > 0.999 {
        -up_to(-half_bin) + 1.0
    } else {
        up_to(half_bin) - up_to(-half_bin)
    };
    probability.ln_above(1e-12)
}

/// Nats of each element to bits per dimension.
pub(crate) fn bits(arithmetic: Arithmetic, nats: &[Track]) -> Track {
    mean(nats) / arithmetic.coefficient(std::f64::consts::LN_2)
}
