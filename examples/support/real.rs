//! Real numbers on the command line.

/// Reads a number; its bounds are told by what takes it.
pub(crate) fn real(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "not a number".into())
}
