//! What trains on a GPU, where that is built in.

use std::boxed::Box;

use super::made::Made;
use super::student::Student;
use crate::Error;
use crate::gpu::{DeviceNetwork, DeviceWeights, Gpu, Precision};
use crate::run::on_gpu::half;
use crate::train::{GpuEngine, TrainConfig};
use crate::unet::Graph;

pub(super) async fn on_gpu(
    gpu: &Gpu,
    graph: &Graph,
    config: &TrainConfig,
    student: Option<Student>,
) -> Result<Made, Error> {
    let (width, precision) = if config.half {
        half(gpu)
    } else {
        (Precision::Full, "")
    };
    let engine = GpuEngine::new(gpu, graph, &config.ema_rates, width).await?;
    let made = Made {
        bytes: engine.training().bytes(),
        engine: Box::new(engine),
        precision,
    };
    let Some(student) = student else {
        return Ok(made);
    };
    let graph = student.teacher_graph(config.microbatch)?;
    let weights = student.teacher.checkpoint().weights();
    let weights = DeviceWeights::upload(gpu, &graph, weights, width).await?;
    let teacher = DeviceNetwork::new(gpu, &graph, &weights).await?;
    let bytes = teacher.bytes();
    Ok(made.taught(student, Box::new(teacher), bytes))
}
