//! Data as a model takes it: opened so, and what was opened otherwise refused.

use std::format;
use std::path::Path;
use std::string::String;

use super::error::DrawError;
use super::model::Model;
use crate::Error;
use crate::data::{self, Classes, Dataset, Fit, Opened};
use crate::text::OneLine;

impl Model {
    /// Opens data as the network takes it: of its size, with its numbers for classes.
    ///
    /// # Errors
    /// [`DataError`](crate::data::DataError), which names the file.
    pub fn open_data(&self, path: impl AsRef<Path>) -> Result<Opened, Error> {
        let names = self.description().class_names.as_deref();
        let classes = Classes::of_network(self.description().unet.num_classes, names, true);
        let fit = Fit::Exactly(self.image());
        let alpha = None;
        let options = data::Options {
            fit,
            classes,
            alpha,
        };
        Ok(data::open(path, &options)?)
    }

    /// Refuses data of another size, or with other classes.
    pub(super) fn check_data(&self, data: &dyn Dataset) -> Result<(), DrawError> {
        let (found, due) = (data.extents(), self.image());
        if found != due {
            let why = format!("the network's are {due}");
            return Err(wrong(format!("images of {found}"), why));
        }
        let (found, due) = (data.classes().unwrap_or(0), self.classes());
        // Where the network takes no class, those of the data are not looked at.
        if due > 0 && found != due {
            let why =
                format!("the network has {due}, and Model::open_data numbers them as it does");
            return Err(wrong(format!("of {found} classes"), why));
        }
        self.check_class_names(data.class_names())
    }

    /// Refuses classes that are called otherwise, where it is known what each is called: another order would give
    /// each image another's class.
    fn check_class_names(&self, found: Option<&[String]>) -> Result<(), DrawError> {
        let (found, due) = (found.unwrap_or_default(), self.class_names());
        let mut pairs = found.iter().zip(due).enumerate();
        match pairs.find(|(_, (found, due))| found != due) {
            None => Ok(()),
            Some((number, (found, due))) => {
                let due = OneLine(due);
                let why = format!(
                    "the network calls its class {number} {due}: Model::open_data numbers classes as the network does"
                );
                Err(wrong(
                    format!("whose class {number} is {}", OneLine(found)),
                    why,
                ))
            }
        }
    }
}

fn wrong(value: String, why: String) -> DrawError {
    DrawError::value("data", value, why)
}
