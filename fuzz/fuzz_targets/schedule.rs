//! Any schedule for any T is refused, or its levels and coefficients are sound.
#![no_main]

use iddpm::diffusion::schedule::MAX_TIMESTEPS;
use iddpm::diffusion::{Diffusion, Level, Prediction, Process, Schedule, Timesteps};
use iddpm_fuzz::{check_levels, check_process};
use libfuzzer_sys::{arbitrary, fuzz_target};

#[derive(arbitrary::Arbitrary, Debug)]
struct Input {
    rule: u8,
    num_timesteps: u32,
    zero_terminal_snr: bool,
    start: f64,
    end: f64,
    tau: f64,
}

fuzz_target!(|input: Input| {
    let Input {
        rule,
        zero_terminal_snr,
        start,
        end,
        tau,
        ..
    } = input;
    let schedule = match rule % 3 {
        0 => Schedule::Linear,
        1 => Schedule::Cosine,
        _ => Schedule::Sigmoid { start, end, tau },
    };
    // Long walks only cost time.
    let num_timesteps = match input.num_timesteps {
        refused if refused > MAX_TIMESTEPS => refused,
        any => any % 5000,
    };
    let Ok(levels) = schedule.levels(num_timesteps, zero_terminal_snr) else {
        return;
    };
    let mut levels: Vec<Level> = levels.collect();
    assert_eq!(levels.len(), num_timesteps as usize);
    check_levels(&levels);

    // v, because ε is refused where the SNR ends at zero.
    let model = Diffusion::new(schedule, num_timesteps)
        .with_zero_terminal_snr(zero_terminal_snr)
        .with_prediction(Prediction::V);
    let process = Process::in_slice(&model, Timesteps::ALL, &mut levels).expect("sound levels");
    check_process(process);
});
