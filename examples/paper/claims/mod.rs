//! The claims, each in a file of its own or with those that are of the same networks.

mod known;
mod objectives;
mod recall;
mod samplers;
mod schedules;
mod sizes;
mod skipped;
mod strided;
mod terms;

use super::claim::Claim;
use super::program::Failure;
use super::work::Work;

/// Measures a claim.
type Measure = fn(&Work<'_>) -> Result<Claim, Failure>;

/// All of them, by their numbers.
pub(crate) const CLAIMS: [(u32, Measure); 11] = [
    (1, schedules::variances),
    (2, terms::shares),
    (3, objectives::schedules),
    (4, objectives::hybrid),
    (5, objectives::importance),
    (6, skipped::prefix),
    (7, samplers::methods),
    (8, strided::early),
    (9, sizes::sizes),
    (10, known::entropy),
    (11, recall::recall),
];
