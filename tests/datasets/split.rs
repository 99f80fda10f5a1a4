//! A data set in two, by the pixels of its images.

use std::collections::BTreeSet;
use std::sync::Arc;

use iddpm::data::{Broken, DataError, Dataset, Images, Split};
use iddpm::unet::Extents;

const COUNT: u32 = 4000;

/// Images that differ in little, as many of a folder do, each twice.
fn images(order: impl Iterator<Item = u32>) -> Images {
    let extents = Extents {
        channels: 1,
        height: 2,
        width: 2,
    };
    let order: Vec<u32> = order.collect();
    let pixels = order.iter().flat_map(|at| (at / 2).to_le_bytes()).collect();
    let labels = order.iter().map(|at| at % 3).collect();
    Images::new(extents, pixels, Some(labels), Some(3)).unwrap()
}

fn pixels(data: &dyn Dataset) -> BTreeSet<Vec<u8>> {
    let all = (0..data.len()).map(|index| data.get(index).unwrap().pixels.into_owned());
    all.collect()
}

fn split(data: Images, share: f64) -> Result<Split, DataError> {
    Split::of(Arc::new(data), share, Broken::Fatal)
}

/// Within six standard deviations of the share, each image on one side alone, whatever the order is.
#[test]
fn a_share_is_held_out() {
    for share in [0.02, 0.1, 0.5, 0.9] {
        let parts = split(images(0..COUNT), share).unwrap();
        let (held_out, trained) = (pixels(&parts.held_out), pixels(&parts.trained));
        assert!(held_out.is_disjoint(&trained));
        assert_eq!(parts.held_out.len() + parts.trained.len(), COUNT as usize);
        let distinct = f64::from(COUNT / 2);
        let deviation = (share * (1.0 - share) * distinct).sqrt();
        let off = held_out.len() as f64 - share * distinct;
        assert!(off.abs() < 6.0 * deviation, "{share}: {off}");
        let other = split(images((0..COUNT).rev()), share).unwrap();
        assert_eq!(pixels(&other.held_out), held_out);
        // A larger share has all of a smaller one.
        let more = split(images(0..COUNT), share + 0.05).unwrap();
        assert!(pixels(&more.held_out).is_superset(&held_out));
    }
}

/// Classes and labels are the data's; what is beyond a part is not the data's next image.
#[test]
fn a_part_is_a_data_set() {
    let data = images(0..COUNT);
    let parts = split(data.clone(), 0.5).unwrap();
    for part in [&parts.held_out, &parts.trained] {
        assert_eq!((part.classes(), part.extents()), (Some(3), data.extents()));
        for index in 0..part.len() {
            let example = part.get(index).unwrap();
            let mut all = (0..data.len()).map(|at| data.get(at).unwrap());
            if index < 20 {
                assert!(all.any(|of| of == example));
            }
        }
        let len = part.len();
        let beyond = part.get(len).unwrap_err();
        assert_eq!(beyond, DataError::Index { index: len, len });
    }
}

#[test]
fn nothing_on_one_side_is_refused() {
    for (share, held_out) in [(0.0, 0), (-1.0, 0), (f64::NAN, 0), (1.0, 8), (2.0, 8)] {
        let refused = split(images(0..8), share).unwrap_err();
        let expected = DataError::Split {
            share: share.to_string(),
            held_out,
            examples: 8,
        };
        assert_eq!(refused, expected);
    }
}
