//! The inner loop of every product, in the vectors that the processor turns out to have.

use pulp::{Arch, Simd, WithSimd};

/// Rows whose products are stored together.
pub(crate) const ROWS: usize = 8;

/// Numbers of a row that are taken between two checks of its length.
const STEP: usize = 16;

/// Columns of a panel: two vectors.
pub(crate) fn width(arch: Arch) -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            2 * S::F32_LANES
        }
    }
    arch.dispatch(Width)
}

/// Work in groups of rows, as many as the processor has registers for.
pub(crate) trait Groups {
    /// The work, T rows at a time.
    fn rows<S: Simd, const T: usize>(self, simd: S);
}

/// [`Groups`] as the processor takes them: [`ROWS`], or half where it has few registers.
pub(crate) struct InGroups<G>(pub(crate) G);

impl<G: Groups> WithSimd for InGroups<G> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.0.rows::<S, ROWS>(simd);
        } else {
            self.0.rows::<S, { ROWS / 2 }>(simd);
        }
    }
}

/// sums\[t\]\[w\] += Σ_k rows\[t\]\[k\]·panel\[k\]\[w\], k in ascending order; a row that is too short counts
/// as 0 from there on.
#[inline(always)]
pub(crate) fn multiply<S: Simd, const T: usize>(
    simd: S,
    rows: [&[f32]; T],
    panel: &[f32],
    sums: &mut [[S::f32s; 2]; T],
) {
    const ZEROS: [f32; STEP] = [0.0; STEP];
    let columns = S::as_simd_f32s(panel).0.as_chunks::<2>().0;
    let (steps, tail) = columns.as_chunks::<STEP>();
    let split = rows.map(|row| row.as_chunks::<STEP>());
    let mut local = *sums;
    for (at, step) in steps.iter().enumerate() {
        let values = split.map(|(steps, _)| steps.get(at).unwrap_or(&ZEROS));
        for (j, columns) in step.iter().enumerate() {
            add_products(
                simd,
                &values.map(|values| element(values, j)),
                columns,
                &mut local,
            );
        }
    }
    for (j, columns) in tail.iter().enumerate() {
        let values = split.map(|(_, tail)| element(tail, j));
        add_products(simd, &values, columns, &mut local);
    }
    *sums = local;
}

#[inline(always)]
fn element(values: &[f32], at: usize) -> f32 {
    values.get(at).copied().unwrap_or(0.0)
}

/// sums\[t\]\[w\] += values\[t\]·columns\[w\].
#[inline(always)]
pub(crate) fn add_products<S: Simd, const T: usize>(
    simd: S,
    values: &[f32; T],
    &[left, right]: &[S::f32s; 2],
    sums: &mut [[S::f32s; 2]; T],
) {
    for ([a, b], value) in sums.iter_mut().zip(values) {
        let value = simd.splat_f32s(*value);
        *a = simd.mul_add_e_f32s(value, left, *a);
        *b = simd.mul_add_e_f32s(value, right, *b);
    }
}

#[inline(always)]
pub(crate) fn zeros<S: Simd, const T: usize>(simd: S) -> [[S::f32s; 2]; T] {
    [[simd.splat_f32s(0.0); 2]; T]
}

/// Stores sums one row after the other.
#[inline(always)]
pub(crate) fn store<S: Simd, const T: usize>(sums: &[[S::f32s; 2]; T], out: &mut [f32]) {
    let rows = S::as_mut_simd_f32s(out).0.as_chunks_mut::<2>().0;
    for (out, sums) in rows.iter_mut().zip(sums) {
        *out = *sums;
    }
}
