//! Options from after the first files: what says nothing of them is as it was, and is written as it was.

use iddpm::checkpoint::{Checkpoint, Description, Dtype, WeightBuffer, WeightType};

const DIGITS: &str = "../examples/assets/digits16.safetensors";

fn shipped() -> Checkpoint {
    Checkpoint::open(DIGITS, WeightType::AsStored).unwrap()
}

/// Describes, writes and reads a network.
fn read_back(description: &Description) -> Description {
    let weights = vec![0.25; description.graph(1).unwrap().weights_len()];
    let checkpoint = Checkpoint::new(description.clone(), WeightBuffer::F32(weights)).unwrap();
    let file = checkpoint.to_bytes(Dtype::F32).unwrap();
    let read = Checkpoint::from_bytes(&file, WeightType::AsStored).unwrap();
    read.description().clone()
}

/// A file from before there were such.
#[test]
fn what_has_none_does_not_speak_of_it() {
    let description = shipped().description().clone();
    assert_eq!(description.unet.null_label(), None);
    assert_eq!(description.unet.norm_groups, 32);
    let metadata = description.to_metadata().unwrap();
    for option in ["null_class", "norm_groups"] {
        assert!(!metadata.values().any(|value| value.contains(option)));
    }
}

#[test]
fn groups_are_read_as_they_were_written() {
    let mut description = shipped().description().clone();
    description.unet.model_channels = 8;
    description.unet.norm_groups = 4;
    assert_eq!(read_back(&description), description);
}

#[test]
fn the_null_class_is_one_more_row_of_the_table_and_no_name() {
    let mut description = shipped().description().clone();
    let table = |description: &Description| {
        let graph = description.graph(1).unwrap();
        let mut of_name = graph
            .params()
            .iter()
            .filter(|p| p.name == "label_emb.weight");
        let shape = of_name.next().unwrap().shape.clone();
        (shape, graph.params().len(), graph.classes())
    };
    let (without, parameters, labels) = table(&description);
    assert_eq!(labels, Some(10));
    description.unet = description.unet.with_null_class();
    assert_eq!(description.unet.null_label(), Some(10));
    let (with, same, labels) = table(&description);
    assert_eq!(
        (with, same, labels),
        (vec![11, without[1]], parameters, Some(11))
    );

    assert_eq!(read_back(&description), description);
}

/// The table of a file must have the rows that are said.
#[test]
fn a_table_of_other_rows_is_refused() {
    let file = std::fs::read(DIGITS).unwrap();
    let mut description = shipped().description().clone();
    description.unet.null_class = true;
    let refused = Checkpoint::from_bytes_as(&file, description, WeightType::AsStored).unwrap_err();
    let table = "label_emb.weight is [10, 128], not [11, 128]";
    assert!(refused.to_string().contains(table), "{refused}");
}
