//! The time of a frame that a run may take, on the command line.

/// The most milliseconds of a frame.
pub(crate) const MOST_MILLISECONDS: f64 = 1000.0;

/// Reads milliseconds of a frame.
pub(crate) fn milliseconds(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let sound = number.filter(|number| *number > 0.0 && *number <= MOST_MILLISECONDS);
    sound.ok_or_else(|| format!("not a number above 0 and up to {MOST_MILLISECONDS}"))
}
