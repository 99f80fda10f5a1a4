//! The names of the precisions in which weights are held.

use super::read::Precision;
use crate::diffusion::names::plain_names;

plain_names! {
    "precision", Precision[3]:
    AsStored = "as_stored", F32 = "f32", F16 = "f16"
}
