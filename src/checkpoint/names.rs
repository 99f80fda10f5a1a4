//! The names of the precisions in which weights are held.

use super::read::WeightType;
use crate::diffusion::names::plain_names;

plain_names! {
    "precision", WeightType[3]:
    AsStored = "as_stored", F32 = "f32", F16 = "f16"
}
