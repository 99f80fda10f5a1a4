//! How far a result may be from the truth.

use iddpm::gpu::Precision;

use super::cases::Case;
use super::cases::rounding::{HALF, LEAST_HALF};

pub(crate) fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// What is off, if anything: how many numbers, and the worst with what it should have been.
///
/// A number is off where it is further from the truth than arithmetic explains, relatively to the largest of all, and rounding
/// to f16 where the result is kept in it.
pub(crate) fn off(
    case: &Case,
    tolerance: f64,
    precision: Precision,
    result: &[f32],
    truth: &[f64],
) -> Option<String> {
    assert_eq!(result.len(), truth.len(), "{}", case.name);
    let scale = truth.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let single = tolerance * scale;
    let half = |number: f64| match precision {
        Precision::Half => HALF * number + LEAST_HALF,
        Precision::Full | Precision::HalfWeights => 0.0,
        other => panic!("{other:?} has no formula here"),
    };
    let mut wrong = 0;
    let mut worst = (0.0_f64, 0);
    for (i, (&got, &want)) in result.iter().zip(truth).enumerate() {
        let error = (f64::from(got) - want).abs();
        // NaN is neither.
        let is_near = error <= single + half(want.abs() + single);
        let is_less = error <= worst.0;
        wrong += usize::from(!is_near);
        if !is_less {
            worst = (error, i);
        }
    }
    let (error, at) = worst;
    (wrong > 0).then(|| {
        format!(
            "{} ({precision:?}): {wrong} of {} wrong, [{at}] = {}, not {}: off by {:e} of {scale}\n",
            case.name,
            result.len(),
            result[at],
            truth[at],
            error / scale,
        )
    })
}
