//! What one dispatch does of several operations: a row of a table for each, that says where its numbers begin.

use std::string::String;
use std::vec::Vec;

use super::Recorder;
use crate::gpu::recording::{Binding, Contents, Width};

/// The most bytes of a stretch that has several: what every device binds.
const MOST: u64 = 1 << 27;

/// A row, and the stretches that its numbers lie in.
type Placed<R, const B: usize> = (R, [Binding; B]);

/// Rows of which one dispatch binds all: the stretches it binds, and how many numbers into each a row begins.
pub(super) struct Bound<R, const B: usize> {
    pub(super) spans: [Binding; B],
    pub(super) rows: Vec<(R, [u32; B])>,
}

/// Puts rows together whose stretches lie in the same buffers, in their order.
pub(super) fn bound<R, const B: usize>(
    all: impl IntoIterator<Item = Placed<R, B>>,
) -> Vec<Bound<R, B>> {
    let mut groups: Vec<([Binding; B], Vec<Placed<R, B>>)> = Vec::new();
    for (row, bindings) in all {
        let joined = groups.iter_mut().find_map(|(spans, rows)| {
            let wider = both(spans, &bindings)?;
            Some((spans, rows, wider))
        });
        match joined {
            Some((spans, rows, wider)) => {
                *spans = wider;
                rows.push((row, bindings));
            }
            None => groups.push((bindings, [(row, bindings)].into())),
        }
    }
    let placed = groups.into_iter().map(|(spans, rows)| {
        let rows = rows.into_iter().map(|(row, bindings)| {
            let mut begins = [0; B];
            for (begin, (span, binding)) in begins.iter_mut().zip(spans.iter().zip(&bindings)) {
                *begin = numbers_into(span, binding);
            }
            (row, begins)
        });
        Bound {
            spans,
            rows: rows.collect(),
        }
    });
    placed.collect()
}

/// The shortest stretches that have both of each pair, if such can be bound.
pub(super) fn both<const B: usize>(
    some: &[Binding; B],
    others: &[Binding; B],
) -> Option<[Binding; B]> {
    let mut all = *some;
    for (all, other) in all.iter_mut().zip(others) {
        let end = |binding: &Binding| binding.offset.saturating_add(binding.bytes);
        let offset = all.offset.min(other.offset);
        let bytes = end(all).max(end(other)) - offset;
        let is_longer = bytes > all.bytes.max(other.bytes);
        if all.buffer != other.buffer || is_longer && bytes > MOST {
            return None;
        }
        *all = Binding {
            offset,
            bytes,
            ..*all
        };
    }
    Some(all)
}

/// How many numbers of a stretch lie before one that is within it.
pub(super) fn numbers_into(span: &Binding, within: &Binding) -> u32 {
    let each = match span.width {
        Width::Full => 4,
        Width::Half => 2,
    };
    ((within.offset - span.offset) / each) as u32
}

impl Recorder<'_> {
    /// A buffer of rows as words, each of such fields.
    pub(super) fn table(
        &mut self,
        name: &str,
        fields: &[(&str, &str)],
        rows: &[Vec<u32>],
    ) -> Binding {
        let len = rows.len() * fields.len();
        self.recording
            .add_buffer(name, len, Contents::Constant(rows.concat()))
    }
}

/// The name of what does so many operations, the first of which has one.
pub(super) fn name_of(first: &str, count: usize) -> String {
    match count {
        1 => first.into(),
        _ => std::format!("{first} and others"),
    }
}
