//! A classifier in a file: what it was trained to be is not trained again.

use std::collections::BTreeMap;
use std::format;
use std::path::Path;
use std::string::{String, ToString};

use serde::{Deserialize, Serialize};

use super::classifier::Classifier;
use super::network::graph;
use crate::Error;
use crate::checkpoint::{CheckpointError, Header, open_graph, save_graph};
use crate::run::Threads;
use crate::unet::Extents;

/// Under which a file says which classifier it is.
const KEY: &str = "iddpm.classifier";

/// What a classifier is, beside its weights.
#[derive(Serialize, Deserialize)]
struct Said {
    channels: usize,
    height: usize,
    width: usize,
    classes: usize,
}

impl Classifier {
    /// Writes the classifier to a file of safetensors, whole or not at all.
    ///
    /// # Errors
    /// [`CheckpointError`], which names the file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let (path, image, classes) = (path.as_ref(), self.image(), self.classes());
        let said = Said {
            channels: image.channels,
            height: image.height,
            width: image.width,
            classes,
        };
        let said = serde_json::to_string(&said).map_err(|error| wrong(path, error.to_string()))?;
        let metadata = BTreeMap::from([(KEY.into(), said)]);
        let graph = graph(1, image, classes);
        Ok(save_graph(path, &graph, metadata, &self.weights)?)
    }

    /// Reads a classifier from a file that [`save`](Self::save) wrote. It judges as the one that was saved, to the bit.
    ///
    /// # Errors
    /// [`CheckpointError`] for whatever is wrong with the file, which it names; where there is too little memory.
    pub fn open(path: impl AsRef<Path>, threads: Threads) -> Result<Self, Error> {
        let path = path.as_ref();
        let header = Header::open(path)?;
        let Some(said) = header.metadata().get(KEY) else {
            let error = CheckpointError::MissingMetadata { key: KEY };
            return Err(error.in_file(path.display()).into());
        };
        let Said {
            channels,
            height,
            width,
            classes,
        } = serde_json::from_str(said).map_err(|error| wrong(path, error.to_string()))?;
        let image = Extents {
            channels,
            height,
            width,
        };
        if image.elements() == 0 || classes < 2 {
            let reason =
                format!("{classes} classes of images of {image}: two of some are told apart");
            return Err(wrong(path, reason).into());
        }
        let weights = open_graph(path, &graph(1, image, classes), |_| false)?;
        Self::of_weights(weights, image, classes, threads)
    }
}

fn wrong(path: &Path, reason: String) -> CheckpointError {
    CheckpointError::Metadata { key: KEY, reason }.in_file(path.display())
}
