//! Whole runs against the sampler of Rust.

use std::ffi::CStr;
use std::ptr::null_mut;

use iddpm::diffusion::{
    Clip, Diffusion, Error, InlineProcess, Noise, Sampler, Schedule, Timesteps, pixels,
};
use iddpm::ffi::*;
use iddpm_result::{IDDPM_MORE, IDDPM_OK};

use crate::{LEN, MODEL, SEED, Slices, check, levels, network, next, sampler, zeroed};

const METHODS: [&CStr; 6] = [
    c"ancestral",
    c"ddim",
    c"ddim:0.5",
    c"ddim_reverse",
    c"dpm",
    c"heun",
];

type Image = [f32; LEN];

/// The same run in Rust: each x and x̂_0.
fn in_rust(method: &str) -> Result<Vec<(Image, Image)>, Error> {
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<8>::new(&model, Timesteps::parse("trailing8")?)?;
    let noise = Noise::new(SEED);
    let (mut x, mut z, mut history) = ([0.0; LEN], [0.0; LEN], [0.0; LEN]);
    noise.stream(0, Noise::INITIAL).fill_normals(0, &mut x);
    let mut all = Vec::new();
    for step in Sampler::new(&process, method.parse()?, Clip::Unit)? {
        noise.stream(0, step.position()).fill_normals(0, &mut z);
        let (output, mut x_start) = (network(&x), [0.0; LEN]);
        step.x_start(&x, &output, &mut x_start)?;
        step.apply_with_history(&mut x, &output, &z, &mut history)?;
        all.push((x, x_start));
    }
    Ok(all)
}

#[test]
fn every_method_has_the_bits_of_the_sampler() {
    let table = levels(&MODEL, c"trailing8");
    for method in METHODS {
        let expected = in_rust(method.to_str().unwrap()).unwrap();
        let (mut run, mut slices) = (sampler(table, method), Slices::begin());
        for (at, (x, preview)) in expected.iter().enumerate() {
            let step = next(&run).unwrap();
            assert_eq!(step.position as usize, at);
            assert_eq!(step.evaluations as usize, expected.len());
            let (output, mut x_start) = (network(&slices.x), [0.0; LEN]);
            check(|error| unsafe {
                let (x, out) = (slices.x.as_ptr(), x_start.as_mut_ptr());
                iddpm_sampler_x_start(&run, x, LEN, output.as_ptr(), 2 * LEN, out, error)
            });
            let is_last = at + 1 == expected.len();
            let result = slices.apply(&mut run, step);
            assert_eq!(result, if is_last { IDDPM_OK } else { IDDPM_MORE });
            assert_eq!((&slices.x, &x_start), (x, preview), "{method:?} at {at}");
        }
        assert_eq!(next(&run), None);
    }
}

#[test]
fn a_step_says_what_the_network_must_see() {
    let run = sampler(levels(&MODEL, c"trailing8"), c"ddim");
    let expected = iddpm_step {
        timestep: 999.0,
        position: 0,
        evaluations: 8,
        index: 7,
        needs_noise: 0,
    };
    assert_eq!(next(&run), Some(expected));
    // Looking moves nothing.
    assert_eq!(next(&run), Some(expected));
}

#[test]
fn a_run_goes_on_where_it_was_saved_and_a_copy_is_another() {
    let table = levels(&MODEL, c"trailing8");
    let expected = in_rust("dpm").unwrap();
    let (mut run, mut slices) = (sampler(table, c"dpm"), Slices::begin());
    for _ in 0..3 {
        let step = next(&run).unwrap();
        let _: iddpm_result = slices.apply(&mut run, step);
    }
    let mut state = [0; IDDPM_STATE_BYTES];
    check(|error| unsafe { iddpm_sampler_save(&run, state.as_mut_ptr(), error) });
    let mut other = sampler(table, c"dpm");
    check(|error| unsafe { iddpm_sampler_resume(&mut other, state.as_ptr(), state.len(), error) });
    let mut beside = slices.clone();
    while let Some(step) = next(&other) {
        let _: iddpm_result = beside.apply(&mut other, step);
    }
    assert_eq!(beside.x, expected[7].0);
    assert_eq!(next(&run).unwrap().position, 3);
}

#[test]
fn a_table_is_rusts_and_may_be_a_constant() {
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<10>::new(&model, Timesteps::even(10)).unwrap();
    let table = levels(&MODEL, c"10");
    let numbers = |level: &iddpm_level| (level.timestep, level.beta, level.alpha_bar);
    let expected = process.levels().iter();
    let expected = expected.map(|level| (level.timestep, level.beta, level.alpha_bar));
    assert!(table.iter().map(numbers).eq(expected));
}

#[test]
fn noise_is_the_same_in_pieces() {
    let whole = crate::noise(3);
    let mut piece = [0.0; 4];
    check(|error| unsafe { iddpm_noise(SEED, 0, 3, 5, piece.as_mut_ptr(), 4, error) });
    assert_eq!(piece, whole[5..9]);
    let mut other: [f32; LEN] = zeroed();
    check(|error| unsafe { iddpm_noise(SEED, 1, 3, 0, other.as_mut_ptr(), LEN, error) });
    assert_ne!(other, whole);
}

#[test]
fn an_output_is_guided_and_an_image_becomes_bytes() {
    let (mut output, without) = ([0.5, 0.25, 7.0, 8.0], [0.25, 0.5, 1.0, 1.0]);
    check(|error| unsafe { iddpm_guide(2.0, 2, without.as_ptr(), output.as_mut_ptr(), 4, error) });
    assert_eq!(output, [0.75, 0.0, 7.0, 8.0]);
    let (x, mut bytes) = ([-2.0, -1.0, 0.0, 1.0], [7; 4]);
    check(|error| unsafe { iddpm_bytes(x.as_ptr(), 4, bytes.as_mut_ptr(), error) });
    assert_eq!(bytes, x.map(pixels::to_u8));
    // What fails needs no place for the reason.
    let result = unsafe { iddpm_bytes([f32::NAN].as_ptr(), 1, bytes.as_mut_ptr(), null_mut()) };
    assert_eq!(result, iddpm_result::IDDPM_NOT_FINITE);
}
