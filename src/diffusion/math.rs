//! Every elementary function the crate evaluates, in one place.
//!
//! Coefficients are f64 and come from `libm`, whose results are the same bits on every target.
//! Pixels are f32 and come from the polynomials below: plain multiplications and additions, never
//! fused, so that they vectorise and also agree bit for bit everywhere.

pub(crate) use libm::{cos, exp, log as ln, sqrt, tanh};
