//! A process that owns its steps is the one in the caller's storage.

use iddpm::diffusion::Error;
use iddpm::diffusion::{Diffusion, Level, ProcessView, Timesteps};
use proptest::prelude::*;

use crate::drawn::{self, SPACINGS};

proptest! {
    #![proptest_config(crate::config(1000))]

    #[test]
    fn an_owned_process_is_the_borrowed_one(
        (schedule, num_timesteps) in drawn::schedule(),
        kind in 0..SPACINGS,
        share in 0.0..1.02,
        zero in any::<bool>(),
        prediction in drawn::prediction(),
        variance in drawn::variance(),
    ) {
        let steps = (share * f64::from(num_timesteps + 1)) as u32;
        let timesteps = drawn::spacing(kind, steps);
        let model = Diffusion::new(schedule.borrow(), num_timesteps)
            .with_prediction(prediction)
            .with_variance(variance)
            .with_zero_terminal_snr(zero);
        let mut storage = vec![Level::default(); num_timesteps as usize];
        let borrowed = ProcessView::in_slice(&model, timesteps, &mut storage);
        match model.process(timesteps) {
            Ok(owned) => prop_assert_eq!(Ok(owned.view()), borrowed),
            // Some tell of NaN, which is not equal to itself.
            Err(error) => prop_assert_eq!(format!("{error:?}"), format!("{:?}", borrowed.unwrap_err())),
        }
    }
}

/// No room is made for more steps than there can be.
#[test]
fn far_too_many_steps() {
    let model = |num_timesteps| Diffusion::new(iddpm::diffusion::Schedule::Cosine, num_timesteps);
    let refused = model(u32::MAX).process(Timesteps::ALL);
    assert!(matches!(refused, Err(Error::TooManyTimesteps { .. })));
    let refused = model(1000).process(Timesteps::even(u32::MAX));
    assert!(matches!(refused, Err(Error::TooManySteps { .. })));
}
