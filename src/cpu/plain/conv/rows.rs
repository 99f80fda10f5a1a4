//! A channel of the input under the kernels of several channels of the result, a row at a time.
//!
//! A row has columns all whose taps lie inside of the image, between a first and perhaps a last that lack one. Those are
//! zipped with what lies under them; the two at the edges are columns of their own.

use core::iter::once;
use core::ops::Range;

use super::super::Real;
use super::Window;
use crate::unet::Extents;

/// A number for each row and column of a kernel; of one of side 1 the first.
pub(super) type Kernel<R> = [[R; 3]; 3];

/// The rows of the input under a row of the output; above the first and below the last there may be none.
type Lines<'a, R> = [Option<&'a [R]>; 3];

/// Adds a channel under kernels. Each way over an image that networks go is a loop of its own, told the extents that make
/// it one.
pub(super) fn add_channel<R: Real>(
    shape: &Window,
    kernels: &[Kernel<R>],
    source: &[R],
    planes: &mut [R],
) {
    let Window {
        from,
        to,
        kernel,
        stride,
        upsample,
        ..
    } = *shape;
    let channels = Channels {
        positions: to.positions(),
        kernels,
    };
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
        (3, 1, true) => channels.add_rows(&upsampled, source, planes, under_upsampled),
        // A column that lacks two taps is no edge as a row has them.
        (3, 1, false) if from.width > 1 => {
            channels.add_rows(&adjacent, source, planes, under_adjacent);
        }
        (3, 2, false) if from.width > 1 => {
            channels.add_rows(&strided, source, planes, under_strided);
        }
        _ => channels.add_each(shape, source, planes),
    }
}

/// The channels of the result that are made at once.
struct Channels<'a, R> {
    /// Positions of each.
    positions: usize,
    /// The kernel of each.
    kernels: &'a [Kernel<R>],
}

impl<R: Real> Channels<'_, R> {
    /// Adds a channel under kernels of side 3. Of a row of the input, `under` gives what lies under the columns of the
    /// output that have all their taps inside, P of them at once.
    #[inline(always)]
    fn add_rows<'a, const P: usize, I: Iterator<Item = [[R; 3]; P]>>(
        &self,
        shape: &Window,
        source: &'a [R],
        planes: &mut [R],
        under: impl Fn(&'a [R]) -> I + Copy,
    ) {
        let inside = columns_inside(shape);
        let ([first, a, b], [c, d, last]) = (columns(shape, 0), columns(shape, inside.end));
        for y in 0..shape.to.height {
            let lines = lines(shape, source, y);
            let row = y * shape.to.width;
            let [start, end, next] = [inside.start, inside.end, shape.to.width].map(|x| row + x);
            self.add(planes, start..end, <[R; 3]>::clone, &lines, under);
            if shape.wrap.columns() {
                self.add_at(planes, row, &lines, &[first, a, b]);
                if end < next {
                    self.add_at(planes, end, &lines, &[c, d, last]);
                }
            } else {
                let [before, behind] = [[a, b], [c, d]].map(|columns| two(lines, columns));
                self.add(planes, row..start, last_two, &before, under_edge);
                self.add(planes, end..next, first_two, &behind, under_edge);
            }
        }
    }

    /// Adds a channel under kernels of any side, a position at a time.
    fn add_each(&self, shape: &Window, source: &[R], planes: &mut [R]) {
        let Extents { height, width, .. } = shape.to;
        for y in 0..height {
            let lines = lines(shape, source, y);
            for x in 0..width {
                self.add_at(planes, y * width + x, &lines, &columns(shape, x));
            }
        }
    }

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
        let planes = planes.chunks_exact_mut(self.positions.max(1));
        for (plane, kernel) in planes.zip(self.kernels) {
            if let Some(cells) = plane.get_mut(at.clone()) {
                add(cells.as_chunks_mut().0, kernel);
            }
        }
    }

    /// Adds to a position the taps that lie inside.
    fn add_at(&self, planes: &mut [R], at: usize, lines: &Lines<'_, R>, columns: &[usize; 3]) {
        let planes = planes.chunks_exact_mut(self.positions.max(1));
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
    let row = |i| (i < shape.kernel).then(|| shape.row(y, i)).flatten();
    [
        line(shape, source, row(0)),
        line(shape, source, row(1)),
        line(shape, source, row(2)),
    ]
}

/// A row of the input.
#[inline(always)]
fn line<'a, R>(shape: &Window, source: &'a [R], row: Option<usize>) -> Option<&'a [R]> {
    let width = shape.from.width;
    source.get(row? * width..)?.get(..width)
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

/// What lies under two taps, in each line; nothing of use where a row has no such edge.
#[inline(always)]
fn two<R: Real>(lines: Lines<'_, R>, columns: [usize; 2]) -> [Option<[R; 2]>; 3] {
    let value = |line: &[R], u| line.get(u).copied().unwrap_or_default();
    lines.map(|line| line.map(|line| columns.map(|u| value(line, u))))
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

/// Adds what lies under L rows of J taps, to P columns at once.
#[inline(always)]
pub(super) fn add_all<R: Real, const P: usize, const J: usize, const L: usize>(
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
