//! Any table of f64 (NaN, infinite and subnormal entries too) is refused, or makes a sound process.
#![no_main]

use iddpm::diffusion::{Diffusion, Level, Prediction, Process, Schedule, Timesteps};
use iddpm_fuzz::check_process;
use libfuzzer_sys::{arbitrary, fuzz_target};

#[derive(arbitrary::Arbitrary, Debug)]
struct Input<'a> {
    kind: u8,
    zero_terminal_snr: bool,
    /// Eight bytes each.
    entries: &'a [u8],
}

fuzz_target!(|input: Input| {
    let (entries, _) = input.entries.as_chunks();
    let table: Vec<f64> = entries
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .collect();
    let model = |schedule, len: usize| {
        Diffusion::new(schedule, len as u32)
            .with_zero_terminal_snr(input.zero_terminal_snr)
            .with_prediction(Prediction::V)
    };
    let schedule = match input.kind % 3 {
        0 => Schedule::Betas(&table),
        1 => Schedule::AlphaBars(&table),
        _ => {
            let (pairs, _) = table.as_chunks();
            let level = |(t, &[beta, alpha_bar]): (usize, &[f64; 2])| Level {
                timestep: t as u32,
                beta,
                alpha_bar,
            };
            let levels: Vec<Level> = pairs.iter().enumerate().map(level).collect();
            if let Ok(process) =
                Process::from_table(&model(Schedule::Cosine, levels.len()), &levels[..])
            {
                check_process(process);
            }
            return;
        }
    };
    let mut storage = vec![
        Level {
            timestep: 0,
            beta: 0.0,
            alpha_bar: 0.0
        };
        table.len()
    ];
    if let Ok(process) =
        Process::in_slice(&model(schedule, table.len()), Timesteps::ALL, &mut storage)
    {
        check_process(process);
    }
});
