//! What each paper prescribes on normal data: its step as a map of laws.

use iddpm::diffusion::{InlineProcess, Variance};

use crate::law::{Affine, Data, Law, posterior_mean, posterior_variance};

pub(crate) const DATA: Data = Data {
    mean: 0.4,
    variance: 0.09,
};

pub(crate) type Process = InlineProcess<64>;

/// ᾱ at a step, 1 before the first.
pub(crate) fn alpha_bar(process: &Process, index: usize) -> f64 {
    process.levels()[index].alpha_bar
}

pub(crate) fn alpha_bar_prev(process: &Process, index: usize) -> f64 {
    index
        .checked_sub(1)
        .map_or(1.0, |before| alpha_bar(process, before))
}

/// Var[x_{t-1} | x_t] under the data: what a learned variance should be.
pub(crate) fn exact_variance(here: f64, prev: f64) -> f64 {
    let (_, of_x_start) = posterior_mean(here, prev);
    posterior_variance(here, prev) + of_x_start.powi(2) * DATA.x_start_variance(here)
}

/// The variance channel of an optimal network, from its definition (Nichol & Dhariwal, eq. 15).
pub(crate) fn channel(process: &Process, index: usize) -> f64 {
    let (here, prev) = (alpha_bar(process, index), alpha_bar_prev(process, index));
    let exact = exact_variance(here, prev).ln();
    match process.variance() {
        Variance::FixedSmall | Variance::FixedLarge => f64::NAN,
        Variance::Learned => exact,
        Variance::LearnedRange => {
            let large = (1.0 - here / prev).ln();
            let small = posterior_variance(here, prev).ln();
            let fraction = (exact - small) / (large - small);
            2.0 * fraction - 1.0
        }
        other => panic!("{other:?} has no formula here"),
    }
}

/// Ho et al. 2020, algorithm 2, with a variance of each kind: `sigma2(ᾱ, ᾱ_prev, index)`.
pub(crate) fn ancestral(
    process: &Process,
    sigma2: impl Fn(f64, f64, usize) -> f64,
) -> impl Fn(Law, usize) -> Law {
    move |law, index| {
        let (here, prev) = (alpha_bar(process, index), alpha_bar_prev(process, index));
        let (of_x, of_x_start) = posterior_mean(here, prev);
        let sigma2 = if index == 0 {
            0.0
        } else {
            sigma2(here, prev, index)
        };
        law.map_x(DATA.x_start(here).mixed(of_x, of_x_start), sigma2.sqrt())
    }
}

/// Song et al. 2021, eq. 12, from ᾱ to ᾱ'.
pub(crate) fn ddim(law: Law, here: f64, to: f64, eta: f64) -> Law {
    let sigma = match eta {
        // The root is imaginary on the way up.
        0.0 => 0.0,
        _ => eta * ((1.0 - to) / (1.0 - here)).sqrt() * (1.0 - here / to).sqrt(),
    };
    let x_start = DATA.x_start(here);
    let noise_part = x_start.mixed(1.0, -here.sqrt());
    let direction = (1.0 - to - sigma * sigma).max(0.0).sqrt() / (1.0 - here).sqrt();
    let map = Affine {
        slope: to.sqrt() * x_start.slope + direction * noise_part.slope,
        offset: to.sqrt() * x_start.offset + direction * noise_part.offset,
    };
    law.map_x(map, sigma)
}

/// Bao et al. 2022, theorem 1: with Γ = E‖ε_θ‖²/D and λ² = β̃,
/// σ² = λ² + (√(β̄_n/α_n) - √(β̄_{n-1} - λ²))² (1 - Γ), where β̄ = 1 - ᾱ.
pub(crate) fn analytic_variance(here: f64, prev: f64, gamma: f64) -> f64 {
    let small = posterior_variance(here, prev);
    let root = ((1.0 - here) * prev / here).sqrt() - (1.0 - prev - small).sqrt();
    small + root * root * (1.0 - gamma)
}

/// E ε_θ² under the data: the optimal ε is √(1-ᾱ) (x_t - √ᾱ μ)/Var x_t.
pub(crate) fn epsilon_mean_square(here: f64) -> f64 {
    (1.0 - here) / DATA.marginal(here).variance()
}

/// Lu et al. 2022 (DPM-Solver++), algorithm 2: with λ = ln(√ᾱ/√(1-ᾱ)), h = λ' - λ and r = h_before/h,
/// D = (1 + 1/(2r)) x̂_0 - 1/(2r) x̂_0,before, x' = (σ'/σ) x - √ᾱ' (e^{-h} - 1) D.
/// The history of the law is x̂_0 of the step before. First and last step take D = x̂_0, and so does
/// one with r < ½, which no published spacing has.
pub(crate) fn dpm_solver(law: Law, here: f64, to: f64, before: Option<f64>) -> Law {
    let lambda = |alpha_bar: f64| (alpha_bar / (1.0 - alpha_bar)).sqrt().ln();
    let half_over_r = match before {
        // λ = -∞ where ᾱ = 0, and +∞ where it is 1.
        Some(before) if before > 0.0 && to < 1.0 => {
            let r = (lambda(here) - lambda(before)) / (lambda(to) - lambda(here));
            if r < 0.5 { 0.0 } else { 0.5 / r }
        }
        _ => 0.0,
    };
    let ratio = ((1.0 - to) / (1.0 - here)).sqrt();
    let e_minus_h = ratio * (here / to).sqrt();
    let weight = to.sqrt() * (1.0 - e_minus_h);
    let x_start = DATA.x_start(here);
    let fresh = x_start.mixed(ratio, weight * (1.0 + half_over_r));
    law.map(
        ([fresh.slope, -weight * half_over_r], fresh.offset),
        ([x_start.slope, 0.0], x_start.offset),
        0.0,
    )
}

/// Karras et al. 2022, algorithm 1 (no churn), in y = x/√ᾱ and σ = √((1-ᾱ)/ᾱ):
/// y' = y + (σ'-σ) d with d = (y - D(y))/σ, which is (σ'/σ) y + (1 - σ'/σ) D(y), and then
/// y'' = y + (σ'-σ)(d + d')/2, which is (y + y' + (σ'-σ) d')/2.
///
/// Where σ falls to less than half, see [`mean_of_images`].
pub(crate) fn heun(law: Law, here: f64, to: f64) -> Law {
    let sigma = |alpha_bar: f64| ((1.0 - alpha_bar) / alpha_bar).sqrt();
    let ratio = sigma(to) / sigma(here);
    if to == 1.0 {
        return ddim(law, here, to, 0.0);
    }
    if ratio < 0.5 {
        return mean_of_images(law, here, to);
    }
    // D as a function of y.
    let denoised = |alpha_bar: f64| Affine {
        slope: DATA.x_start(alpha_bar).slope * alpha_bar.sqrt(),
        ..DATA.x_start(alpha_bar)
    };
    let euler = denoised(here).mixed(ratio, 1.0 - ratio);
    // (σ'-σ) d' = (1 - σ/σ')(y' - D'(y')).
    let slope = denoised(to).mixed(1.0, -1.0);
    let weight = 1.0 - 1.0 / ratio;
    let y_to_x = Affine {
        slope: (1.0 + euler.slope + weight * slope.slope * euler.slope) / 2.0 * (to / here).sqrt(),
        offset: (euler.offset + weight * (slope.slope * euler.offset + slope.offset)) / 2.0
            * to.sqrt(),
    };
    law.map_x(y_to_x, 0.0)
}

/// x'' = √ᾱ' (D(x) + D'(x'))/2 + √(1-ᾱ') ε̂, with x' DDIM's and ε̂ = (x - √ᾱ D(x))/√(1-ᾱ).
fn mean_of_images(law: Law, here: f64, to: f64) -> Law {
    let (first, second) = (DATA.x_start(here), DATA.x_start(to));
    let noise = first.mixed(1.0, -here.sqrt());
    let noise_weight = ((1.0 - to) / (1.0 - here)).sqrt();
    let (euler_slope, euler_offset) = (
        to.sqrt() * first.slope + noise_weight * noise.slope,
        to.sqrt() * first.offset + noise_weight * noise.offset,
    );
    let image = Affine {
        slope: (first.slope + second.slope * euler_slope) / 2.0,
        offset: (first.offset + second.slope * euler_offset + second.offset) / 2.0,
    };
    let map = Affine {
        slope: to.sqrt() * image.slope + noise_weight * noise.slope,
        offset: to.sqrt() * image.offset + noise_weight * noise.offset,
    };
    law.map_x(map, 0.0)
}
