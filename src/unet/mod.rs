//! The network as pure data: its options, operations, graph and memory plan, without arithmetic.
//!
//! `UnetConfig` → `Graph` (`build.rs` is the one definition of the network) → `Plan`. Parameter
//! table, executors, gradients and drawings all read the graph. It needs the feature `alloc`; without
//! it there are only the operations and [`Weights`], for a program that was compiled elsewhere.

pub(crate) mod agree;
#[cfg(feature = "alloc")]
pub(crate) mod alignment;
#[cfg(feature = "alloc")]
mod build;
#[cfg(feature = "alloc")]
mod check;
#[cfg(feature = "alloc")]
pub mod config;
#[cfg(feature = "alloc")]
mod cost;
#[cfg(feature = "alloc")]
pub mod dump;
pub mod error;
pub(crate) mod expected;
mod extents;
#[cfg(feature = "alloc")]
pub mod graph;
#[cfg(feature = "alloc")]
mod layers;
#[cfg_attr(
    not(all(feature = "alloc", feature = "cpu")),
    allow(dead_code, reason = "programs are written and read with both")
)]
pub mod op;
#[cfg_attr(
    not(all(feature = "alloc", feature = "cpu")),
    allow(dead_code, reason = "programs are written and read with both")
)]
pub(crate) mod operation;
#[cfg(feature = "alloc")]
pub mod params;
#[cfg(feature = "alloc")]
pub mod plan;
mod rules;
#[cfg(feature = "alloc")]
mod size;
mod tensor;
mod weights;
mod wrap;

#[cfg(feature = "train_cpu")]
pub(crate) use build::CLASS_TABLE;
#[cfg(feature = "alloc")]
pub use check::ELEMENTS_LIMIT;
#[cfg(feature = "alloc")]
pub use config::UnetConfig;
pub use error::{ConfigError, GraphError};
pub use expected::Expected;
pub use extents::Extents;
#[cfg(feature = "alloc")]
pub use graph::{Graph, Node, Tensor};
#[cfg(feature = "train_cpu")]
pub(crate) use op::LEAST_DROPOUT;
pub use op::{Conv, LossOp, NormOp, NormParam, Op};
#[cfg(feature = "alloc")]
pub use params::{Init, Param};
#[cfg(feature = "alloc")]
pub use plan::{Lifetime, Place, Plan};
#[cfg(feature = "alloc")]
pub use size::ImageSize;
pub use tensor::{Input, ParamId, Role, Shape, TensorId};
pub use weights::Weights;
pub use wrap::Wrap;
