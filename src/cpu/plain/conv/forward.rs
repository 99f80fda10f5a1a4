//! The convolution itself.
//!
//! The numbers of an output are added up in the order of the formula, whatever else goes first: k, then i, then j, the
//! residual last. So it has the same bits whatever is made together with it.
//!
//! What is asked of an image, of a row or of its edges is asked outside of the loop over columns, of some channels of the
//! result at once; and a weight is widened once.

use core::array::from_fn;
use core::ops::Range;

use super::super::Real;
use super::Window;
use crate::cpu::math::Number;
use crate::part::{item, part, part_mut, split_mut};

/// Channels of the result that are made at once.
const BLOCK: usize = 8;

/// A number for each row and column of a kernel.
type Kernel<R> = [[R; 3]; 3];

/// The rows of the input under a row of the output; above the first and below the last there may be none.
type Lines<'a, R> = [Option<&'a [R]>; 3];

/// The convolution.
pub(crate) fn forward<R: Real, W: Number>(
    shape: &Window,
    input: &[R],
    weight: &[W],
    bias: &[W],
    shift: Option<&[R]>,
    residual: Option<&[R]>,
    output: &mut [R],
) {
    let Window {
        from, to, kernel, ..
    } = *shape;
    let positions = to.positions();
    let taps = from.channels * kernel * kernel;
    let images = output
        .chunks_exact_mut(to.elements())
        .zip(input.chunks_exact(from.elements()));
    for (n, (image, input)) in images.enumerate() {
        let blocks = image.chunks_mut(BLOCK * positions);
        let parameters = weight.chunks(BLOCK * taps).zip(bias.chunks(BLOCK));
        for (b, (block, (weight, bias))) in blocks.zip(parameters).enumerate() {
            let first = n * to.channels + b * BLOCK;
            let planes = block.chunks_exact_mut(positions).zip(bias).enumerate();
            for (m, (plane, bias)) in planes {
                // Absent: 0.
                let shift = shift.map(|shift| item(shift, first + m));
                plane.fill(R::of(*bias) + shift.unwrap_or_default());
            }
            add_image(shape, input, weight, block);
            let Some(residual) = residual else { continue };
            let residual = part(residual, first * positions, block.len());
            for (out, &residual) in block.iter_mut().zip(residual) {
                *out = *out + residual;
            }
        }
    }
}

/// Adds Σ_{k, i, j} to a block of channels. Each way over an image that networks go is a loop of its own, told the extents
/// that make it one.
fn add_image<R: Real, W: Number>(shape: &Window, image: &[R], weight: &[W], block: &mut [R]) {
    let Window {
        from,
        kernel,
        stride,
        upsample,
        ..
    } = *shape;
    let adjacent = Window {
        kernel: 3,
        stride: 1,
        upsample: false,
        spread: 1,
        ..*shape
    };
    let strided = Window {
        stride: 2,
        ..adjacent
    };
    let upsampled = Window {
        upsample: true,
        ..adjacent
    };
    match (kernel, stride, upsample) {
        (1, 1, false) => add_pointwise(from.channels, image, weight, block),
        (3, 1, false) => add_kernels(shape, image, weight, block, |kernels, source, block| {
            add_rows(&adjacent, kernels, source, block, |line| {
                line.windows(3).map(|three| [all(three)])
            });
        }),
        (3, 2, false) => add_kernels(shape, image, weight, block, |kernels, source, block| {
            add_rows(&strided, kernels, source, block, |line| {
                let second = line.get(1..).unwrap_or_default();
                second.windows(3).step_by(2).map(|three| [all(three)])
            });
        }),
        (3, 1, true) => add_kernels(shape, image, weight, block, |kernels, source, block| {
            add_rows(&upsampled, kernels, source, block, |line| {
                line.windows(2).map(|two| {
                    let [a, b] = all(two);
                    [[a, a, b], [a, b, b]]
                })
            });
        }),
        _ => add_kernels(shape, image, weight, block, |kernels, source, block| {
            add_each(shape, kernels, source, block);
        }),
    }
}

/// The numbers of a slice that is as long.
#[inline(always)]
fn all<R: Real, const N: usize>(numbers: &[R]) -> [R; N] {
    debug_assert_eq!(numbers.len(), N);
    numbers.first_chunk().copied().unwrap_or([R::default(); N])
}

/// Adds the channels of an image, each by its weight: three at a time, so that a sum is held for as long.
fn add_pointwise<R: Real, W: Number>(channels: usize, image: &[R], weight: &[W], block: &mut [R]) {
    let positions = image.len() / channels.max(1);
    let planes = block.chunks_exact_mut(positions.max(1));
    for (plane, weight) in planes.zip(weight.chunks_exact(channels.max(1))) {
        let mut inputs = image.chunks_exact(positions.max(1));
        let mut next = || inputs.next().unwrap_or_default().iter();
        let (cells, _) = plane.as_chunks_mut::<1>();
        let (threes, others) = weight.as_chunks::<3>();
        for weights in threes {
            let lines = [next(), next(), next()].map(|line| line.map(|&number| [[number]]));
            add_three(cells, weights.map(|weight| [R::of(weight)]), lines);
        }
        for &weight in others {
            add_one(cells, [R::of(weight)], next().map(|&number| [[number]]));
        }
    }
}

/// Adds the channels of an image, each by kernels for the channels of a block.
#[inline(always)]
fn add_kernels<R: Real, W: Number>(
    shape: &Window,
    image: &[R],
    weight: &[W],
    block: &mut [R],
    add: impl Fn(&[Kernel<R>], &[R], &mut [R]),
) {
    let Window { from, kernel, .. } = *shape;
    let taps = kernel * kernel;
    let channels = weight.chunks_exact(from.channels * taps);
    let mut kernels = [Kernel::default(); BLOCK];
    for (k, source) in image.chunks_exact(from.positions()).enumerate() {
        for (kernel, weight) in kernels.iter_mut().zip(channels.clone()) {
            *kernel = widened(shape.kernel, part(weight, k * taps, taps));
        }
        add(&kernels, source, block);
    }
}

/// The weights of a kernel; one of side 1 has the first place.
#[inline(always)]
fn widened<R: Real, W: Number>(side: usize, weight: &[W]) -> Kernel<R> {
    let mut all = Kernel::default();
    for (row, weight) in all.iter_mut().zip(weight.chunks_exact(side)) {
        for (out, weight) in row.iter_mut().zip(weight) {
            *out = R::of(*weight);
        }
    }
    all
}

/// Adds a channel under kernels of side 3. Of a row of the input, `under` gives what lies under the columns of the output
/// that have all their taps inside, P of them at once.
#[inline(always)]
fn add_rows<'a, R: Real, const P: usize, I: Iterator<Item = [[R; 3]; P]>>(
    shape: &Window,
    kernels: &[Kernel<R>],
    source: &'a [R],
    block: &mut [R],
    under: impl Fn(&'a [R]) -> I,
) {
    let to = shape.to;
    let inside = columns_inside(shape);
    let edges = [0, inside.end].map(|x| columns(shape, x));
    for y in 0..to.height {
        let lines = lines(shape, source, y);
        let planes = block.chunks_exact_mut(to.positions());
        for (plane, kernel) in planes.zip(kernels) {
            let row = part_mut(plane, y * to.width, to.width);
            let (first, others) = split_mut(row, inside.start);
            let (inner, last) = split_mut(others, inside.len());
            add_lines(inner.as_chunks_mut().0, kernel, lines, &under);
            for (out, columns) in [first, last].into_iter().zip(&edges) {
                if let Some(out) = out.first_mut() {
                    *out = added(*out, kernel, lines, columns);
                }
            }
        }
    }
}

/// Adds a channel under kernels, a number at a time.
fn add_each<R: Real>(shape: &Window, kernels: &[Kernel<R>], source: &[R], block: &mut [R]) {
    let to = shape.to;
    for y in 0..to.height {
        let lines = lines(shape, source, y);
        for x in 0..to.width {
            let columns = columns(shape, x);
            let planes = block.chunks_exact_mut(to.positions());
            for (plane, kernel) in planes.zip(kernels) {
                if let Some(out) = plane.get_mut(y * to.width + x) {
                    *out = added(*out, kernel, lines, &columns);
                }
            }
        }
    }
}

/// The rows under a row of the output.
#[inline(always)]
fn lines<'a, R: Real>(shape: &Window, source: &'a [R], y: usize) -> Lines<'a, R> {
    let Window { from, kernel, .. } = *shape;
    from_fn(|i| {
        let v = (i < kernel).then(|| shape.row(y, i)).flatten()?;
        Some(part(source, v * from.width, from.width))
    })
}

/// The columns under one of the output; where there is none, one that no row has.
#[inline(always)]
fn columns(shape: &Window, x: usize) -> [usize; 3] {
    from_fn(|j| {
        let u = (j < shape.kernel).then(|| shape.column(x, j)).flatten();
        u.unwrap_or(usize::MAX)
    })
}

/// The columns of the output under which all taps of a kernel of side 3 lie inside of the image: all but the first, and
/// maybe the last.
#[inline(always)]
fn columns_inside(shape: &Window) -> Range<usize> {
    let all_inside = |&x: &usize| (0..3).all(|j| shape.column_inside(x, j).is_some());
    1..1 + (1..shape.to.width).take_while(all_inside).count()
}

/// Adds to columns all whose taps lie inside.
#[inline(always)]
fn add_lines<'a, R: Real, const P: usize, I: Iterator<Item = [[R; 3]; P]>>(
    cells: &mut [[R; P]],
    kernel: &Kernel<R>,
    lines: Lines<'a, R>,
    under: impl Fn(&'a [R]) -> I,
) {
    if let [Some(first), Some(second), Some(third)] = lines {
        add_three(cells, *kernel, [first, second, third].map(under));
    } else {
        for (line, &weights) in lines.into_iter().zip(kernel) {
            if let Some(line) = line {
                add_one(cells, weights, under(line));
            }
        }
    }
}

/// Adds what lies under three rows of taps.
#[inline(always)]
fn add_three<R: Real, const P: usize, const J: usize>(
    cells: &mut [[R; P]],
    [above, at, below]: [[R; J]; 3],
    [first, second, third]: [impl Iterator<Item = [[R; J]; P]>; 3],
) {
    let lines = first.zip(second).zip(third);
    for (cell, ((first, second), third)) in cells.iter_mut().zip(lines) {
        let lines = first.iter().zip(&second).zip(&third);
        for (out, ((first, second), third)) in cell.iter_mut().zip(lines) {
            *out = dot(dot(dot(*out, &above, first), &at, second), &below, third);
        }
    }
}

/// Adds what lies under a row of taps.
#[inline(always)]
fn add_one<R: Real, const P: usize, const J: usize>(
    cells: &mut [[R; P]],
    weights: [R; J],
    line: impl Iterator<Item = [[R; J]; P]>,
) {
    for (cell, under) in cells.iter_mut().zip(line) {
        for (out, under) in cell.iter_mut().zip(&under) {
            *out = dot(*out, &weights, under);
        }
    }
}

/// A sum, and the products that are added to it.
#[inline(always)]
fn dot<R: Real, const J: usize>(sum: R, weights: &[R; J], under: &[R; J]) -> R {
    let products = weights.iter().zip(under);
    products.fold(sum, |sum, (&weight, &value)| sum + weight * value)
}

/// A sum, and the products of the taps that lie inside.
#[inline(always)]
fn added<R: Real>(sum: R, kernel: &Kernel<R>, lines: Lines<'_, R>, columns: &[usize; 3]) -> R {
    let mut sum = sum;
    for (line, weights) in lines.into_iter().zip(kernel) {
        let Some(line) = line else { continue };
        for (&column, &weight) in columns.iter().zip(weights) {
            if let Some(&value) = line.get(column) {
                sum = sum + weight * value;
            }
        }
    }
    sum
}
