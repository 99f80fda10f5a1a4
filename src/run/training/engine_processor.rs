//! What trains on a GPU, where only the processor does: nothing.

use super::made::Made;
use super::student::Student;
use crate::Error;
use crate::run::DrawError;
use crate::run::gpu_type::Gpu;
use crate::train::TrainConfig;
use crate::unet::Graph;

pub(super) async fn on_gpu(
    _: &Gpu,
    _: &Graph,
    _: &TrainConfig,
    _: Option<Student>,
) -> Result<Made, Error> {
    let why = "built without the feature train, which trains on a GPU".into();
    Err(DrawError::NoGpu { why }.into())
}
