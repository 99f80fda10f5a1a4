//! Images in memory.

use iddpm::data::{DataError, Dataset, Fault, Images};

use super::extents;

#[test]
fn the_largest_label_is_the_last_class_where_none_is_named() {
    let images = |classes| Images::new(extents(1, 1, 2), vec![1; 6], Some(vec![0, 4, 2]), classes);
    assert_eq!(images(None).unwrap().classes(), Some(5));
    assert_eq!(images(Some(9)).unwrap().classes(), Some(9));
    let unlabelled = Images::new(extents(1, 1, 2), vec![1; 6], None, None).unwrap();
    assert_eq!((unlabelled.len(), unlabelled.classes()), (3, None));
    assert_eq!(unlabelled.get(2).unwrap().label, None);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let new = |pixels: usize, labels: Option<&[u32]>, classes| {
        let labels = labels.map(<[u32]>::to_vec);
        Images::new(extents(3, 2, 2), vec![0; pixels], labels, classes).unwrap_err()
    };
    let length = |bytes| DataError::Images(Fault::Length { bytes, record: 12 });
    assert_eq!(new(25, None, None), length(25));
    let count = |labels, images| DataError::Images(Fault::LabelCount { labels, images });
    assert_eq!(new(24, Some(&[1]), None), count(1, 2));
    assert_eq!(new(24, None, Some(3)), count(0, 2));
    let label = Fault::Label {
        index: 1,
        label: 3,
        classes: 3,
    };
    assert_eq!(new(24, Some(&[2, 3]), Some(3)), DataError::Images(label));
    for extents in [extents(0, 2, 2), extents(usize::MAX, 2, 2)] {
        let error = Images::new(extents, vec![0; 8], None, None).unwrap_err();
        assert!(matches!(error, DataError::Images(Fault::Length { .. })));
    }
}

#[test]
fn classes_are_named_by_their_numbers() {
    let images = || Images::new(extents(1, 1, 2), vec![1; 4], Some(vec![0, 2]), Some(3)).unwrap();
    let names = ["axe", "bow", "cap"].map(String::from);
    let named = images().with_class_names(names.to_vec()).unwrap();
    assert_eq!(named.class_names(), Some(&names[..]));
    assert_eq!(images().class_names(), None);
    let count = |names, classes| DataError::Images(Fault::NameCount { names, classes });
    let few = images().with_class_names(names[..2].to_vec());
    assert_eq!(few.unwrap_err(), count(2, 3));
    assert_eq!(count(2, 3).to_string(), "2 names for 3 classes");
    let unlabelled = Images::new(extents(1, 1, 2), vec![1; 4], None, None).unwrap();
    let error = unlabelled.with_class_names(names.to_vec()).unwrap_err();
    assert_eq!(error, count(3, 0));
}

#[test]
fn there_is_nothing_behind_the_last_image() {
    let images = Images::new(extents(1, 1, 2), vec![1, 2, 3, 4], None, None).unwrap();
    assert_eq!(images.get(1).unwrap().pixels.as_ref(), [3, 4]);
    let index = |index| DataError::Index { index, len: 2 };
    assert_eq!(images.get(2).unwrap_err(), index(2));
    assert_eq!(images.get(usize::MAX).unwrap_err(), index(usize::MAX));
    assert_eq!(index(7).to_string(), "image 7 of a data set of 2");
}
