//! The classes of a batch, checked, in the form in which the network reads them.

use std::vec::Vec;

use super::error::GpuError;

/// Classes that are told apart: a network reads them as f32, which has every whole number up to here.
const MOST: u32 = 1 << 24;

fn check(index: usize, label: u32, classes: Option<u32>) -> Result<(), GpuError> {
    // Where no class is known, none that is given passes.
    let classes = classes.unwrap_or(0).min(MOST);
    if label < classes {
        return Ok(());
    }
    Err(GpuError::Label {
        index,
        label,
        classes,
    })
}

/// The classes as words, whole numbers in f32, of a network that knows so many.
pub(super) fn label_words(labels: &[u32], classes: Option<u32>) -> Result<Vec<u32>, GpuError> {
    let word = |(index, &label)| {
        check(index, label, classes)?;
        Ok((label as f32).to_bits())
    };
    labels.iter().enumerate().map(word).collect()
}

/// Checks what is given as such words already.
pub(super) fn check_label_words(words: &[u32], classes: Option<u32>) -> Result<(), GpuError> {
    for (index, &word) in words.iter().enumerate() {
        let number = f32::from_bits(word);
        let label = number as u32;
        if label as f32 != number {
            return Err(GpuError::NoLabel { index, number });
        }
        check(index, label, classes)?;
    }
    Ok(())
}
