//! Recorded runs of the public implementation, made on the device from x_T to the end: only x_T and the noise
//! are given, and the host is the network. As on the processor, an error at the beginning of a step is at its
//! end at most the step's slope times as large, and the step's own roundings come on top.

use iddpm::diffusion::Sampler;

use super::case::{Case, Outcome, build, cases, clip, diffusion, flag, golden_directory};
use super::report::Report;
use super::sampling_loop::Run;
use super::steps::{Stepper, single};

fn check(case: &Case, report: &mut Report) -> Outcome {
    let params = &case.params;
    let mut room = Vec::new();
    let spacing = Some(&params["timestep_respacing"]);
    let process = build(&diffusion(params)?, spacing, &mut room)?;
    let run = Run::of(case, process)?;
    let clip = clip(flag(params, "clip_denoised")?);
    let sampler = Sampler::new(&process, run.method, clip)?;
    let (samples, x_starts) = (case.tensor("samples")?, case.tensor("pred_xstart")?);
    let mut stepper = Stepper::new(&sampler, run.layout);
    let mut x = single(&case.tensor("x_init")?.values);
    let mut errors = vec![0.0; x.len()];
    stepper.run.write_x(&x)?;
    for (k, step) in sampler.enumerate() {
        let noise = match step.needs_noise() {
            true => single(case.tensor("step_noise")?.row(k)),
            false => Vec::new(),
        };
        let images = x.chunks(run.layout.elements);
        let output: Vec<f32> = images
            .flat_map(|x| run.model.output(run.layout, x, step.timestep()))
            .collect();
        stepper.step(None, &output, &noise)?;
        let (got, got_start) = (stepper.run.x_blocking()?, stepper.run.x_start_blocking()?);
        for i in 0..x.len() {
            let (noise, within) = (noise.get(i).copied(), i % run.layout.elements);
            let reach = run.reach(&step, within, x[i], errors[i], noise)?;
            let mut near = |name: &str, got: f32, want: f64, reach| {
                report.near(&format!("{name}[{k}, {i}] free"), got.into(), want, reach);
            };
            near("pred_xstart", got_start[i], x_starts.row(k)[i], reach.1);
            near("samples", got[i], samples.row(k)[i], reach.0);
            errors[i] = reach.0;
        }
        x = got;
    }
    report.equal("done", stepper.run.is_done(), true);
    report.equal("steps", stepper.run.position() as usize, samples.shape[0]);
    Ok(())
}

#[test]
fn recorded_runs() {
    let mut report = Report::new("free");
    for case in cases(&golden_directory(), "loop").unwrap() {
        report.begin(&case.name);
        let outcome = check(&case, &mut report);
        outcome.unwrap_or_else(|error| panic!("loop/{}: {error}", case.name));
    }
    println!("{report}");
    assert!(report.cases > 0, "no case of the group loop");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}
