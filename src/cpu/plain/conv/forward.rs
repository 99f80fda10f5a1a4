//! The convolution itself.
//!
//! The numbers of an output are added up in the order of the formula, whatever else goes first: k, then i, then j, the
//! residual last. So it has the same bits whatever is made together with it.
//!
//! What is asked of an image, of a row or of its edges is asked outside of the loop over columns, of some channels of the
//! result at once; and a weight is widened once.

use core::iter::once;
use core::ops::Range;

use super::super::Real;
use super::Window;
use crate::cpu::math::Number;
use crate::part::{item, part};

/// Channels of the result that are made at once.
const BLOCK: usize = 16;

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
        // A column with a single tap inside is no edge as those below have them.
        (3, 1, false) if from.width > 1 => {
            add_kernels(shape, image, weight, block, |kernels, source, block| {
                add_rows(&adjacent, kernels, source, block, under_adjacent);
            });
        }
        (3, 2, false) if from.width > 1 => {
            add_kernels(shape, image, weight, block, |kernels, source, block| {
                add_rows(&strided, kernels, source, block, under_strided);
            });
        }
        (3, 1, true) => add_kernels(shape, image, weight, block, |kernels, source, block| {
            add_rows(&upsampled, kernels, source, block, under_upsampled);
        }),
        _ => add_kernels(shape, image, weight, block, |kernels, source, block| {
            add_each(shape, kernels, source, block);
        }),
    }
}

/// What lies under the columns that have all their taps inside, of a row of the input, at stride 1.
#[inline(always)]
fn under_adjacent<R: Real>(line: &[R]) -> impl Iterator<Item = [[R; 3]; 1]> {
    line.windows(3).map(|three| [all(three)])
}

/// The same at stride 2.
#[inline(always)]
fn under_strided<R: Real>(line: &[R]) -> impl Iterator<Item = [[R; 3]; 1]> {
    let others = line.get(1..).unwrap_or_default();
    others.windows(3).step_by(2).map(|three| [all(three)])
}

/// The same under two columns at once where each column of the input is seen twice.
#[inline(always)]
fn under_upsampled<R: Real>(line: &[R]) -> impl Iterator<Item = [[R; 3]; 2]> {
    line.windows(2).map(|two| {
        let [a, b] = all(two);
        [[a, a, b], [a, b, b]]
    })
}

/// The two taps inside of an edge.
#[inline(always)]
fn under_edge<R: Real>(two: [R; 2]) -> impl Iterator<Item = [[R; 2]; 1]> {
    once([two])
}

/// The weights of the two taps inside of the first column.
#[inline(always)]
fn last_two<R: Real>(&[_, b, c]: &[R; 3]) -> [R; 2] {
    [b, c]
}

/// The weights of the two taps inside of the last column.
#[inline(always)]
fn first_two<R: Real>(&[a, b, _]: &[R; 3]) -> [R; 2] {
    [a, b]
}

/// The numbers of a slice that is as long.
#[inline(always)]
fn all<R: Real, const N: usize>(numbers: &[R]) -> [R; N] {
    debug_assert_eq!(numbers.len(), N);
    numbers.first_chunk().copied().unwrap_or([R::default(); N])
}

/// Adds the channels of an image, each by its weight: four at a time, so that a sum is held for as long.
fn add_pointwise<R: Real, W: Number>(channels: usize, image: &[R], weight: &[W], block: &mut [R]) {
    let positions = image.len() / channels.max(1);
    let planes = block.chunks_exact_mut(positions.max(1));
    for (plane, weight) in planes.zip(weight.chunks_exact(channels.max(1))) {
        let mut inputs = image.chunks_exact(positions.max(1));
        let mut next = || inputs.next().unwrap_or_default().iter();
        let (cells, _) = plane.as_chunks_mut::<1>();
        let (fours, others) = weight.as_chunks::<4>();
        for weights in fours {
            let four = next().zip(next()).zip(next().zip(next()));
            let under = four.map(|((a, b), (c, d))| [a, b, c, d].map(|&number| [[number]]));
            add_all(cells, &weights.map(|weight| [R::of(weight)]), under);
        }
        for &weight in others {
            add_all(cells, &[[R::of(weight)]], next().map(|&a| [[[a]]]));
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
    planes: &mut [R],
    under: impl Fn(&'a [R]) -> I + Copy,
) {
    let width = shape.to.width;
    let inside = columns_inside(shape);
    let ([first, a, b], [c, d, last]) = (columns(shape, 0), columns(shape, inside.end));
    let of = Of {
        positions: shape.to.positions(),
        kernels,
    };
    for y in 0..shape.to.height {
        let lines = lines(shape, source, y);
        let row = y * width;
        let [start, end, next] = [row + inside.start, row + inside.end, row + width];
        of.add(planes, start..end, <[R; 3]>::clone, &lines, under);
        if shape.wrap.columns() {
            of.add_each(planes, row, &lines, &[first, a, b]);
            if end < next {
                of.add_each(planes, end, &lines, &[c, d, last]);
            }
        } else {
            of.add(
                planes,
                row..start,
                last_two,
                &two(lines, [a, b]),
                under_edge,
            );
            if end < next {
                of.add(
                    planes,
                    end..next,
                    first_two,
                    &two(lines, [c, d]),
                    under_edge,
                );
            }
        }
    }
}

/// The two taps of an edge that lie inside, in each line.
#[inline(always)]
fn two<R: Real>(lines: Lines<'_, R>, columns: [usize; 2]) -> [Option<[R; 2]>; 3] {
    let value = |line: &[R], u| line.get(u).copied().unwrap_or_default();
    lines.map(|line| line.map(|line| columns.map(|u| value(line, u))))
}

/// Adds a channel under kernels, a number at a time.
fn add_each<R: Real>(shape: &Window, kernels: &[Kernel<R>], source: &[R], planes: &mut [R]) {
    let to = shape.to;
    let of = Of {
        positions: to.positions(),
        kernels,
    };
    for y in 0..to.height {
        let lines = lines(shape, source, y);
        for x in 0..to.width {
            of.add_each(planes, y * to.width + x, &lines, &columns(shape, x));
        }
    }
}

/// What channels of a block are made of: a kernel for each.
struct Of<'a, R> {
    /// Positions of a channel.
    positions: usize,
    kernels: &'a [Kernel<R>],
}

impl<R: Real> Of<'_, R> {
    /// Adds to positions all whose `taps` lie inside; a function of its own, whose registers are those of its loops.
    #[inline(never)]
    fn add<T: Copy, const P: usize, const J: usize, I: Iterator<Item = [[R; J]; P]>>(
        &self,
        planes: &mut [R],
        at: Range<usize>,
        taps: impl Fn(&[R; 3]) -> [R; J],
        lines: &[Option<T>; 3],
        under: impl Fn(T) -> I,
    ) {
        match *lines {
            [Some(a), Some(b), Some(c)] => self.each(planes, at, |cells, [above, same, below]| {
                let lines = under(a).zip(under(b)).zip(under(c));
                let weights = [taps(above), taps(same), taps(below)];
                add_all(cells, &weights, lines.map(|((a, b), c)| [a, b, c]));
            }),
            [Some(a), Some(b), None] => self.each(planes, at, |cells, [above, same, _]| {
                let lines = under(a).zip(under(b));
                add_all(
                    cells,
                    &[taps(above), taps(same)],
                    lines.map(|(a, b)| [a, b]),
                );
            }),
            [None, Some(b), Some(c)] => self.each(planes, at, |cells, [_, same, below]| {
                let lines = under(b).zip(under(c));
                add_all(
                    cells,
                    &[taps(same), taps(below)],
                    lines.map(|(b, c)| [b, c]),
                );
            }),
            lines => self.each(planes, at, |cells, kernel| {
                for (line, weights) in lines.into_iter().zip(kernel) {
                    if let Some(line) = line {
                        add_all(cells, &[taps(weights)], under(line).map(|line| [line]));
                    }
                }
            }),
        }
    }

    /// The positions of each channel, P at once, and its kernel.
    #[inline(always)]
    fn each<const P: usize>(
        &self,
        planes: &mut [R],
        at: Range<usize>,
        add: impl Fn(&mut [[R; P]], &Kernel<R>),
    ) {
        let planes = planes.chunks_exact_mut(self.positions);
        for (plane, kernel) in planes.zip(self.kernels) {
            if let Some(cells) = plane.get_mut(at.clone()) {
                add(cells.as_chunks_mut().0, kernel);
            }
        }
    }

    /// Adds to a position the taps that lie inside.
    fn add_each(&self, planes: &mut [R], at: usize, lines: &Lines<'_, R>, columns: &[usize; 3]) {
        let planes = planes.chunks_exact_mut(self.positions);
        for (plane, kernel) in planes.zip(self.kernels) {
            let Some(out) = plane.get_mut(at) else {
                continue;
            };
            for (line, weights) in lines.iter().zip(kernel) {
                let Some(line) = line else { continue };
                for (&column, &weight) in columns.iter().zip(weights) {
                    if let Some(&value) = line.get(column) {
                        *out = *out + weight * value;
                    }
                }
            }
        }
    }
}

/// The rows under a row of the output.
#[inline(always)]
fn lines<'a, R: Real>(shape: &Window, source: &'a [R], y: usize) -> Lines<'a, R> {
    [
        line(shape, source, y, 0),
        line(shape, source, y, 1),
        line(shape, source, y, 2),
    ]
}

#[inline(always)]
fn line<'a, R>(shape: &Window, source: &'a [R], y: usize, i: usize) -> Option<&'a [R]> {
    let v = (i < shape.kernel).then(|| shape.row(y, i)).flatten()?;
    source.get(v * shape.from.width..)?.get(..shape.from.width)
}

/// The columns under one of the output; where there is none, one that no row has.
#[inline(always)]
fn columns(shape: &Window, x: usize) -> [usize; 3] {
    let column = |j| {
        let u = (j < shape.kernel).then(|| shape.column(x, j)).flatten();
        u.unwrap_or(usize::MAX)
    };
    [column(0), column(1), column(2)]
}

/// The columns of the output under which all taps of a kernel of side 3 lie inside of the image: all but the first, and
/// maybe the last.
#[inline(always)]
fn columns_inside(shape: &Window) -> Range<usize> {
    let all_inside = |&x: &usize| (0..3).all(|j| shape.column_inside(x, j).is_some());
    1..1 + (1..shape.to.width).take_while(all_inside).count()
}

/// Adds what lies under some rows of taps.
#[inline(always)]
fn add_all<R: Real, const P: usize, const J: usize, const L: usize>(
    cells: &mut [[R; P]],
    weights: &[[R; J]; L],
    under: impl Iterator<Item = [[[R; J]; P]; L]>,
) {
    for (cell, lines) in cells.iter_mut().zip(under) {
        for (p, out) in cell.iter_mut().enumerate() {
            let rows = weights.iter().zip(&lines);
            *out = rows.fold(*out, |sum, (weights, line)| {
                let values = line.get(p).into_iter().flatten();
                weights
                    .iter()
                    .zip(values)
                    .fold(sum, |sum, (&weight, &value)| sum + weight * value)
            });
        }
    }
}
