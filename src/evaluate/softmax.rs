//! Probabilities of logits.

/// The probability of each class, by the logits of all.
pub(super) fn softmax(logits: &[f32]) -> impl Iterator<Item = f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let power = move |&logit: &f32| f64::from(logit - largest).exp();
    let sum: f64 = logits.iter().map(power).sum();
    logits.iter().map(move |logit| power(logit) / sum)
}
