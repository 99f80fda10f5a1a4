//! Runs that hand a step to the device while the one before it runs: the same images as by single steps, the same states
//! on the way, and what goes wrong is said and loses no more.

use iddpm::gpu::Gpu;
use iddpm::{Device, Draw, Error};

use super::door::{begin, finish, model};
use super::gpu;

fn draw() -> Draw {
    Draw::new().steps("3").method("heun")
}

/// From wherever it begins, and stopped after any step: on the GPU behind the one that was under way, on the processor
/// at once.
#[test]
fn a_run_that_is_finished_is_the_run_that_is_stepped() {
    for device in [Device::cpu(), Device::from(gpu().clone())] {
        let mut studio = model().on(device).unwrap();
        let ahead = u32::from(begin(&mut studio, &draw(), 0).generation().is_some());
        let mut run = begin(&mut studio, &draw(), 0);
        let mut states = Vec::new();
        loop {
            states.push(run.save().unwrap().to_bytes().unwrap());
            if !run.advance().unwrap() {
                break;
            }
        }
        let (whole, steps) = (finish(run), states.len() as u32 - 1);
        for begun in 0..=steps {
            let mut run = begin(&mut studio, &draw(), begun);
            run.finish().unwrap();
            assert_eq!(finish(run), whole, "from {begun}");
            for last in begun + 1..=steps {
                let mut run = begin(&mut studio, &draw(), begun);
                let mut told = Vec::new();
                let is_left = run.finish_while(|done| {
                    told.push(done);
                    done < last
                });
                assert_eq!(told, Vec::from_iter(begun + 1..=last));
                let reached = steps.min(last + ahead);
                assert_eq!(is_left.unwrap(), reached < steps);
                let saved = run.save().unwrap();
                assert_eq!((saved.position(), run.position()), (reached, reached));
                let state = &states[reached as usize];
                assert!(saved.to_bytes().unwrap() == *state, "{begun}, {last}");
                assert_eq!(finish(run), whole, "from {begun}, stopped after {last}");
            }
        }
    }
}

/// A device that is lost while two steps are under way: the next is refused, and all that had come is there.
#[test]
fn a_device_that_is_lost_on_the_way() {
    let mut survivor = model().on(Device::from(gpu().clone())).unwrap();
    let whole = finish(begin(&mut survivor, &draw(), 0));
    for last in 1..4 {
        let doomed = Gpu::create_blocking()
            .unwrap()
            .with_variants(gpu().variants());
        let mut studio = model().on(Device::from(doomed.clone())).unwrap();
        let mut run = begin(&mut studio, &draw(), 0);
        let failed = run.finish_while(|done| {
            if done == last {
                doomed.device().destroy();
            }
            true
        });
        assert!(matches!(failed, Err(Error::Gpu(_))), "{failed:?}");
        let saved = run.save().unwrap();
        let position = saved.position();
        assert!(
            (last..=last + 1).contains(&position),
            "{position} of {last}"
        );
        assert_eq!(finish(survivor.resume(&saved).unwrap()), whole);
    }
}

/// A buffer that is gone on the way: no step is counted as done that was not.
#[test]
fn a_step_that_is_refused_on_the_way() {
    let mut studio = model().on(Device::from(gpu().clone())).unwrap();
    let whole = finish(begin(&mut studio, &draw(), 0));
    let mut run = begin(&mut studio, &draw(), 0);
    let x = run.generation().unwrap().x_buffer().clone();
    let failed = run.finish_while(|done| {
        if done == 2 {
            x.destroy();
        }
        true
    });
    assert!(matches!(failed, Err(Error::Gpu(_))), "{failed:?}");
    assert!(matches!(run.finish(), Err(Error::Gpu(_))));
    let saved = run.save().unwrap();
    assert!(
        (2..=3).contains(&saved.position()),
        "{} steps",
        saved.position()
    );
    assert_eq!(finish(studio.resume(&saved).unwrap()), whole);
}
