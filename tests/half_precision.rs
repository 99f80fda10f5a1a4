//! Values kept in 16 bits: the error of rounding, and what does not fit.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use half::{bf16, f16};
use iddpm::diffusion::Error;
use iddpm::diffusion::error::Slice;
use iddpm::diffusion::half_precision::{from_bf16, from_f16, to_bf16, to_f16};

fn through_f16(x: &[f32]) -> Result<Vec<f32>, Error> {
    let (mut half, mut back) = (vec![f16::ZERO; x.len()], vec![f32::NAN; x.len()]);
    to_f16(x, &mut half)?;
    from_f16(&half, &mut back)?;
    Ok(back)
}

fn through_bf16(x: &[f32]) -> Result<Vec<f32>, Error> {
    let (mut half, mut back) = (vec![bf16::ZERO; x.len()], vec![f32::NAN; x.len()]);
    to_bf16(x, &mut half)?;
    from_bf16(&half, &mut back)?;
    Ok(back)
}

/// Floats spread over all exponents from 2^`low` to 2^`high`, of both signs.
fn spread(low: i32, high: i32) -> Vec<f32> {
    let bits = |power: i32| ((power + 127) as u32) << 23;
    let positive = (bits(low)..bits(high)).step_by(4999).map(f32::from_bits);
    positive.flat_map(|x| [x, -x]).collect()
}

fn worst_relative(x: &[f32], back: &[f32]) -> f64 {
    let relative = |(&x, &back): (&f32, &f32)| (f64::from(back) / f64::from(x) - 1.0).abs();
    x.iter().zip(back).map(relative).fold(0.0, f64::max)
}

/// Half an ulp, relative: 2^-11 for the 11 significant bits of f16, 2^-8 for the 8 of bf16.
#[test]
fn rounding_is_within_half_an_ulp() {
    let x = spread(-14, 15);
    let worst = worst_relative(&x, &through_f16(&x).unwrap());
    println!("f16: {worst:e}");
    assert!(
        worst <= 2_f64.powi(-11) && worst > 2_f64.powi(-12),
        "{worst:e}"
    );
    let x = spread(-126, 127);
    let worst = worst_relative(&x, &through_bf16(&x).unwrap());
    println!("bf16: {worst:e}");
    assert!(
        worst <= 2_f64.powi(-8) && worst > 2_f64.powi(-9),
        "{worst:e}"
    );
}

/// Below 2^-14 f16 has a fixed step of 2^-24.
#[test]
fn small_values_round_to_a_fixed_step() {
    let x = spread(-40, -14);
    for (x, back) in x.iter().zip(through_f16(&x).unwrap()) {
        assert!(
            (f64::from(*x) - f64::from(back)).abs() <= 2_f64.powi(-25),
            "{x:e} {back:e}"
        );
    }
}

/// Every finite value of either kind comes back as itself, whatever the length.
#[test]
fn values_of_16_bits_survive() {
    let x: Vec<f32> = (0..=u16::MAX)
        .map(|bits| f16::from_bits(bits).to_f32())
        .filter(|x| x.is_finite())
        .collect();
    assert_eq!(through_f16(&x).unwrap(), x);
    let x: Vec<f32> = (0..=u16::MAX)
        .map(|bits| bf16::from_bits(bits).to_f32())
        .filter(|x| x.is_finite())
        .collect();
    assert_eq!(through_bf16(&x).unwrap(), x);
    for len in 0..40 {
        assert_eq!(through_f16(&vec![0.5; len]).unwrap(), vec![0.5; len]);
        assert_eq!(through_bf16(&vec![0.5; len]).unwrap(), vec![0.5; len]);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let error = |index| {
        Err(Error::NotFinite {
            slice: Slice::Output,
            index,
        })
    };
    // 65519.996 rounds to 65504, the largest f16; 65520 is halfway to 65536 and rounds up.
    assert_eq!(through_f16(&[65_519.996]).unwrap(), [65504.0]);
    for bad in [65520.0, -65520.0, 1e30, f32::INFINITY, f32::NAN] {
        for index in [0, 3, 8, 20] {
            let mut x = vec![1.0; 21];
            x[index] = bad;
            assert_eq!(through_f16(&x), error(index), "{bad}");
        }
    }
    for bad in [f32::MAX, f32::MIN, f32::NEG_INFINITY, f32::NAN] {
        for index in [0, 3, 8, 20] {
            let mut x = vec![1.0; 21];
            x[index] = bad;
            assert_eq!(through_bf16(&x), error(index), "{bad}");
        }
    }
}

#[test]
fn slices_of_another_length_are_left_alone() {
    let error = |len| {
        Err(Error::Length {
            slice: Slice::Output,
            len,
            expected: 9,
        })
    };
    for len in [0, 8, 10] {
        let mut half = vec![f16::ONE; len];
        assert_eq!(to_f16(&[0.0; 9], &mut half), error(len));
        assert_eq!(half, vec![f16::ONE; len]);
        let mut half = vec![bf16::ONE; len];
        assert_eq!(to_bf16(&[0.0; 9], &mut half), error(len));
        assert_eq!(half, vec![bf16::ONE; len]);
        let mut wide = vec![7.0; len];
        assert_eq!(from_f16(&[f16::ONE; 9], &mut wide), error(len));
        assert_eq!(from_bf16(&[bf16::ONE; 9], &mut wide), error(len));
        assert_eq!(wide, vec![7.0; len]);
    }
}

/// NaN and infinities of a paused image are found where it is read, as they are where it is written.
#[test]
fn what_is_not_finite_is_not_widened() {
    let mut out = [0.0; 3];
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let values = [1.0, -2.0, bad];
        let error = Error::NotFinite {
            slice: Slice::Output,
            index: 2,
        };
        let half = values.map(f16::from_f32);
        assert_eq!(from_f16(&half, &mut out), Err(error), "f16 {bad}");
        let half = values.map(bf16::from_f32);
        assert_eq!(from_bf16(&half, &mut out), Err(error), "bf16 {bad}");
    }
}
