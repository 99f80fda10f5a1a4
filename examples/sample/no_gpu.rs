//! Without the feature `gpu` there is none.

use iddpm::checkpoint::Checkpoint;

use super::backend::Backend;
use super::options::Options;

pub(crate) fn open<'c>(_: &Options, _: &'c Checkpoint) -> Result<Box<dyn Backend + 'c>, String> {
    Err("built without the feature gpu".into())
}
