//! What the network is: pure data, no arithmetic.
//!
//! `UnetConfig` → `Graph` (`build.rs` is the one definition of the network) → `Plan`. Parameter
//! table, executors, gradients and drawings all read the graph. It needs the feature `alloc`; without
//! it there are only [`Weights`], for a program that was compiled elsewhere.

#[cfg(feature = "alloc")]
pub(crate) mod alignment;
#[cfg(feature = "alloc")]
mod build;
#[cfg(feature = "alloc")]
mod check;
#[cfg(feature = "alloc")]
pub mod config;
#[cfg(feature = "alloc")]
pub mod dump;
pub mod error;
mod extents;
#[cfg(feature = "alloc")]
pub mod graph;
#[cfg(feature = "alloc")]
pub mod op;
#[cfg(feature = "alloc")]
mod operation;
#[cfg(feature = "alloc")]
pub mod params;
#[cfg(feature = "alloc")]
pub mod plan;
#[cfg(feature = "alloc")]
mod rules;
#[cfg(feature = "alloc")]
mod tensor;
mod weights;

#[cfg(feature = "alloc")]
pub use build::Extent;
#[cfg(feature = "alloc")]
pub use check::ELEMENTS_LIMIT;
#[cfg(feature = "alloc")]
pub use config::UnetConfig;
pub use error::{ConfigError, GraphError};
pub use extents::Extents;
#[cfg(feature = "alloc")]
pub use graph::{Graph, Node};
#[cfg(feature = "alloc")]
pub use op::{Conv, LossOp, NormOp, NormParam, Op};
#[cfg(feature = "alloc")]
pub use params::{Init, Param};
#[cfg(feature = "alloc")]
pub use plan::{Lifetime, Place, Plan};
#[cfg(feature = "alloc")]
pub use tensor::{Input, ParamId, Role, Shape, Tensor, TensorId};
pub use weights::Weights;
