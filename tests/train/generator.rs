//! The golden numbers' generator of parameters, in f64.

/// `len` numbers within `scale` of `center`, each one that f32 holds.
pub(crate) fn generate(seed: u64, name: &str, len: usize, center: f64, scale: f64) -> Vec<f64> {
    let numbers = super::network::generate(seed, name, len, center, scale);
    numbers.into_iter().map(f64::from).collect()
}
