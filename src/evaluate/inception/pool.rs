//! Means and largest numbers of what lies under a window.

use super::tensor::Tensor;
use super::window::Window;
use crate::memory::MemoryError;

/// The mean at every position over what lies within the image: zeros around it are not counted.
pub(super) fn average(window: &Window, input: &Tensor) -> Result<Tensor, MemoryError> {
    pooled(window, input, 0.0, |out, seen| {
        let mut count = 0;
        for channels in seen {
            count += 1;
            for (out, number) in out.iter_mut().zip(channels) {
                *out += number;
            }
        }
        for out in out {
            *out /= count as f32;
        }
    })
}

/// The largest number at every position over what lies within the image.
pub(super) fn largest(window: &Window, input: &Tensor) -> Result<Tensor, MemoryError> {
    pooled(window, input, f32::NEG_INFINITY, |out, seen| {
        for channels in seen {
            for (out, &number) in out.iter_mut().zip(channels) {
                // A number that is none stays so, and is found.
                if number > *out || number.is_nan() {
                    *out = number;
                }
            }
        }
    })
}

/// An image of which each position is made of what lies under a window and within the image.
fn pooled(
    window: &Window,
    input: &Tensor,
    beginning: f32,
    pool: impl Fn(&mut [f32], &mut dyn Iterator<Item = &[f32]>),
) -> Result<Tensor, MemoryError> {
    let (height, width) = window.size(input);
    let mut output = Tensor::zeros(height, width, input.channels)?;
    output.numbers.fill(beginning);
    let places = output.numbers.chunks_exact_mut(input.channels);
    for (place, out) in places.enumerate() {
        let seen = window.under(input, place / width, place % width);
        pool(out, &mut seen.flatten());
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    /// 0 to 8, row by row.
    fn image() -> Tensor {
        let mut image = Tensor::zeros(3, 3, 1).unwrap_or_else(|error| unreachable!("{error}"));
        for (number, value) in image.numbers.iter_mut().zip(0_u8..) {
            *number = value.into();
        }
        image
    }

    #[test]
    fn what_lies_outside_is_not_counted() {
        let found = average(&Window::same([3, 3]), &image()).map(|found| found.numbers);
        let due = vec![2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0];
        assert_eq!(found, Ok(due));
    }

    #[test]
    fn what_is_no_number_is_not_lost() {
        let mut image = image();
        image.numbers.splice(..1, [f32::NAN]);
        let found = largest(&Window::valid([3, 3], 2), &image);
        assert!(found.is_ok_and(|found| found.numbers.iter().all(|number| number.is_nan())));
    }

    #[test]
    fn the_largest_at_every_position_or_of_whole_windows() {
        let found = largest(&Window::same([3, 3]), &image()).map(|found| found.numbers);
        assert_eq!(found, Ok(vec![4.0, 5.0, 5.0, 7.0, 8.0, 8.0, 7.0, 8.0, 8.0]));
        let found = largest(&Window::valid([3, 3], 2), &image()).map(|found| found.numbers);
        assert_eq!(found, Ok(vec![8.0]));
    }
}
