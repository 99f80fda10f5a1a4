//! What the network is: pure data, no arithmetic.
//!
//! [`UnetConfig`] → [`Graph`] (`build.rs` is the one definition of the network) → [`Plan`]. Parameter
//! table, executors, gradients and drawings all read the graph.

mod build;
pub mod config;
pub mod error;
pub mod graph;
pub mod op;
pub mod params;
pub mod plan;

pub use build::Extent;
pub use config::UnetConfig;
pub use error::ConfigError;
pub use graph::{Graph, Input, Node, ParamId, Role, Shape, Tensor, TensorId};
pub use op::{Conv, Op};
pub use params::{Init, Param, Weights};
pub use plan::{Lifetime, Place, Plan};
