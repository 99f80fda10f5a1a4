//! The `gemm` crate's f32 rate: what the processor does where nothing but a product is asked of it.
#![allow(unsafe_code)]

use std::hint::black_box;
use std::time::Duration;

use super::timing::time;

/// GFLOP/s of a product of two square matrices.
pub(crate) fn gemm_rate(threads: usize) -> f64 {
    const N: usize = 1536;
    let (a, b) = (vec![0.5_f32; N * N], vec![0.25_f32; N * N]);
    let mut c = vec![0.0_f32; N * N];
    let parallelism = match threads {
        1 => gemm::Parallelism::None,
        threads => gemm::Parallelism::Rayon(threads),
    };
    let n = N as isize;
    let product = |c: &mut [f32]| {
        // SAFETY: three matrices of N×N numbers, row-major.
        unsafe {
            gemm::gemm(
                N,
                N,
                N,
                c.as_mut_ptr(),
                1,
                n,
                false,
                a.as_ptr(),
                1,
                n,
                b.as_ptr(),
                1,
                n,
                0.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            );
        }
        black_box(&c);
    };
    let timing = time(Duration::from_secs(2), |runs| {
        (0..runs).for_each(|_| product(&mut c));
    });
    2.0 * (N * N * N) as f64 / timing.fastest / 1e9
}
