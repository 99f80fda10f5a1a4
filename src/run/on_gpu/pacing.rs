//! How much of a run fits into a frame.

/// The time of the device that a run may take of a frame.
///
/// ```no_run
/// use iddpm::gpu::wgpu;
/// use iddpm::run::Budget;
/// fn frame(run: &mut iddpm::Run, to: &mut wgpu::CommandEncoder) -> Result<bool, iddpm::Error> {
///     run.record(to, Budget::milliseconds(2.0)) // of the 16 that a frame has
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    milliseconds: f64,
}

impl Budget {
    /// So many milliseconds. At least one dispatch is recorded, however little they are.
    pub const fn milliseconds(milliseconds: f64) -> Self {
        Self { milliseconds }
    }
}

/// What a run has learnt of its device: how much of it fits into a frame.
///
/// ```no_run
/// fn say(run: &iddpm::Run) -> Result<(), iddpm::Error> {
///     let pacing = run.pacing()?;
///     let (step, left) = (pacing.milliseconds_per_step, run.steps() - run.position());
///     println!("{step:.1} ms a step, {:.0} ms of the device left", step * f64::from(left));
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pacing {
    /// Work of a millisecond, as far as is known: the unit is that of
    /// [`DeviceGeneration::work_of_step`](crate::gpu::DeviceGeneration::work_of_step).
    pub work_per_millisecond: f64,
    /// Milliseconds that a step takes at that.
    pub milliseconds_per_step: f64,
    /// The number of frames that were measured.
    pub measured: u64,
    /// The milliseconds of the frame that was measured last.
    pub last_milliseconds: f64,
    /// Whether the device measures by itself. Otherwise the host says what a frame took:
    /// [`Run::took`](crate::Run::took).
    pub has_clock: bool,
}

/// Milliseconds that a step is thought to take before anything was measured: careful, for any device.
const FIRST_GUESS: f64 = 1000.0;
/// The most by which the rate grows with a measurement: the first dispatches are not like the others.
const MOST_GROWTH: f64 = 2.0;

impl Pacing {
    pub(super) fn new(work_of_step: u64, has_clock: bool) -> Self {
        let mut pacing = Self {
            work_per_millisecond: 0.0,
            milliseconds_per_step: FIRST_GUESS,
            measured: 0,
            last_milliseconds: 0.0,
            has_clock,
        };
        pacing.work_per_millisecond = (work_of_step as f64 / FIRST_GUESS).max(1.0);
        pacing
    }

    /// The work that a budget has room for.
    pub(super) fn work_of(&self, budget: Budget) -> u64 {
        // Beyond u64 all of it, below 0 or NaN none: at least one dispatch is recorded.
        (self.work_per_millisecond * budget.milliseconds) as u64
    }

    /// Learns that some work took so long: half of what was shown, half of what was thought, as one slow frame
    /// is no rule.
    pub(super) fn learn(&mut self, work: u64, milliseconds: f64) {
        if work == 0 || !milliseconds.is_finite() || milliseconds < 0.0 {
            return;
        }
        let step = self.work_per_millisecond * self.milliseconds_per_step;
        let most = MOST_GROWTH * self.work_per_millisecond;
        // Less than the clock can tell: as fast as one may think.
        let shown = (work as f64 / milliseconds).min(f64::MAX);
        let rate = 0.5 * self.work_per_millisecond + 0.5 * shown;
        self.work_per_millisecond = rate.clamp(1.0, most.max(1.0));
        self.milliseconds_per_step = step / self.work_per_millisecond;
        self.last_milliseconds = milliseconds;
        self.measured += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::{assert, assert_eq};

    use super::{Budget, FIRST_GUESS, Pacing};

    const STEP: u64 = 1 << 30;

    /// Milliseconds of a frame on a device that takes so long for a step, and a little for each frame.
    fn frame(pacing: &mut Pacing, budget: Budget, step: f64) -> f64 {
        let work = pacing.work_of(budget).clamp(STEP / 400, STEP);
        let took = 0.02 + step * work as f64 / STEP as f64;
        pacing.learn(work, took);
        took
    }

    /// From a hundredth of a millisecond to seconds a step: after a few frames the budget holds, and never on
    /// the way to it is a frame longer than it or its least dispatch.
    #[test]
    fn any_device_is_learnt() {
        for step in [0.5, 4.0, 60.0, 900.0, 5000.0] {
            let mut pacing = Pacing::new(STEP, true);
            let budget = Budget::milliseconds(4.0);
            let least = 0.02 + step / 400.0;
            let most = 4.0_f64.max(least).max(4.0 * step / FIRST_GUESS + 0.02);
            for at in 0..40 {
                let took = frame(&mut pacing, budget, step);
                assert!(took <= 1.001 * most, "{step}, frame {at}: {took}");
            }
            let took = frame(&mut pacing, budget, step);
            assert!(took > 0.9 * 4.0_f64.min(step), "{step}: {took}");
            assert_eq!(pacing.measured, 41);
            let thought = pacing.milliseconds_per_step;
            assert!(
                (0.9..1.3 + 4.0 * least / step).contains(&(thought / step)),
                "{thought}"
            );
        }
    }

    /// A device that becomes slower, as one that grows hot, has the budget again after some frames.
    #[test]
    fn a_slower_device_is_noticed() {
        let mut pacing = Pacing::new(STEP, true);
        let budget = Budget::milliseconds(4.0);
        for _ in 0..40 {
            frame(&mut pacing, budget, 60.0);
        }
        let took: [f64; 8] = core::array::from_fn(|_| frame(&mut pacing, budget, 240.0));
        assert!(took[0] > 14.0 && took[5] < 5.0, "{took:?}");
    }

    #[test]
    fn what_is_no_measurement_changes_nothing() {
        let mut pacing = Pacing::new(STEP, false);
        let before = pacing;
        for (work, took) in [(0, 1.0), (1, f64::NAN), (1, -1.0), (1, f64::INFINITY)] {
            pacing.learn(work, took);
            assert_eq!(pacing, before);
        }
        assert_eq!(pacing.work_of(Budget::milliseconds(f64::NAN)), 0);
        assert_eq!(pacing.work_of(Budget::milliseconds(-1.0)), 0);
        assert_eq!(
            pacing.work_of(Budget::milliseconds(f64::INFINITY)),
            u64::MAX
        );
        // No time at all: twice as much, and no more.
        pacing.learn(1, 0.0);
        assert_eq!(
            pacing.work_per_millisecond,
            2.0 * before.work_per_millisecond
        );
    }
}
