//! What is refused, by its name, and what a call that fails leaves.

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use iddpm::ffi::*;
use iddpm_result::{IDDPM_ARGUMENT, IDDPM_ENDED, IDDPM_NOT_FINITE, IDDPM_SAVED};

use crate::{LEN, MODEL, Slices, check, levels, network, next, noise, sampler, text, zeroed};

/// That a call fails so, by this sentence.
#[track_caller]
pub(crate) fn refused(
    expected: iddpm_result,
    sentence: &str,
    call: impl FnOnce(*mut iddpm_error) -> iddpm_result,
) {
    let mut error = zeroed();
    let result = call(&mut error);
    assert_eq!((result, text(&error).as_str()), (expected, sentence));
}

/// Refused as a table of steps.
#[track_caller]
fn no_levels(model: &iddpm_diffusion, steps: &CStr, sentence: &str) {
    let (mut table, mut len) = ([iddpm_level::default(); 4], 4);
    refused(IDDPM_ARGUMENT, sentence, |error| unsafe {
        iddpm_levels(model, steps.as_ptr(), table.as_mut_ptr(), &mut len, error)
    });
    assert_eq!(table, [iddpm_level::default(); 4]);
}

#[test]
fn flags_and_spacings() {
    let schedule = iddpm_diffusion {
        schedule: c"cosin".as_ptr(),
        ..MODEL
    };
    let known = "unknown schedule; known are linear, cosine, sigmoid, sigmoid:START,END,TAU";
    no_levels(&schedule, c"4", &format!("schedule cosin: {known}"));
    let long = iddpm_diffusion {
        schedule: c"a name that nobody would remember\n".as_ptr(),
        ..MODEL
    };
    let sentence = format!("schedule a name that nobody would remember…: {known}");
    no_levels(&long, c"4", &sentence);
    let none = iddpm_diffusion {
        variance: null(),
        ..MODEL
    };
    no_levels(&none, c"4", "variance NULL: it must lead somewhere");
    let prediction = iddpm_diffusion {
        prediction: c"".as_ptr(),
        ..MODEL
    };
    let sentence = "prediction \"\": unknown prediction; known are epsilon, x_start, previous_x, v";
    no_levels(&prediction, c"4", sentence);
    let latin = iddpm_diffusion {
        prediction: c"\xE9".as_ptr(),
        ..MODEL
    };
    no_levels(&latin, c"4", "prediction: it is no UTF-8 from byte 0 on");
    let flag = iddpm_diffusion {
        zero_terminal_snr: 2,
        ..MODEL
    };
    no_levels(&flag, c"4", "zero_terminal_snr 2: it is 0 or 1");
    let few = iddpm_diffusion {
        num_timesteps: 0,
        ..MODEL
    };
    no_levels(&few, c"4", "4 steps of only 0 timesteps");
    no_levels(&MODEL, c"1001", "1001 steps of only 1000 timesteps");
    no_levels(&MODEL, c"5", "5 entries are needed, there is room for 4");
}

#[test]
fn a_spacing_that_is_none_says_what_there_is() {
    let (mut error, mut len) = (zeroed(), 0);
    let steps = c"ddim2x".as_ptr();
    let result = unsafe { iddpm_levels(&MODEL, steps, null_mut(), &mut len, &mut error) };
    assert_eq!(result, IDDPM_ARGUMENT);
    let text = text(&error);
    assert!(
        text.starts_with("steps ddim2x: steps can be 50, "),
        "{text}"
    );
    assert!(text.ends_with("(not so at byte 4)"), "{text}");
}

#[test]
fn a_table_that_is_too_short_says_how_long_it_must_be() {
    let (mut table, mut len) = ([iddpm_level::default(); 4], 4);
    let (steps, table) = (c"50".as_ptr(), table.as_mut_ptr());
    let sentence = "50 entries are needed, there is room for 4";
    refused(IDDPM_ARGUMENT, sentence, |error| unsafe {
        iddpm_levels(&MODEL, steps, table, &mut len, error)
    });
    assert_eq!(len, 50);
    refused(
        IDDPM_ARGUMENT,
        "len NULL: it must lead somewhere",
        |error| unsafe { iddpm_levels(&MODEL, steps, table, null_mut(), error) },
    );
}

/// Refused as a run over these levels.
#[track_caller]
fn no_sampler(table: &[iddpm_level], method: &CStr, clip: &CStr, sentence: &str) {
    let mut run = sampler(levels(&MODEL, c"4"), c"ddim");
    let (levels, count) = (table.as_ptr(), table.len());
    let (method, clip) = (method.as_ptr(), clip.as_ptr());
    refused(IDDPM_ARGUMENT, sentence, |error| unsafe {
        iddpm_sampler_init(&mut run, &MODEL, levels, count, method, clip, error)
    });
    // Nor is it the run that it was.
    let (mut step, mut error) = (iddpm_step::default(), zeroed());
    let result = unsafe { iddpm_sampler_next(&run, &mut step, &mut error) };
    assert_eq!((result, step), (IDDPM_ARGUMENT, iddpm_step::default()));
    let text = text(&error);
    assert!(
        text.ends_with(": none that iddpm_sampler_init made"),
        "{text}"
    );
}

#[test]
fn what_a_run_is_begun_with() {
    let table = levels(&MODEL, c"4");
    let methods = "ancestral, ddim, ddim:ETA, ddim_reverse, dpm, heun";
    let sentence = format!("method euler: unknown method; known are {methods}");
    no_sampler(table, c"euler", c"unit", &sentence);
    no_sampler(table, c"ddim:2", c"unit", "eta = 2 is not within [0, 1]");
    let sentence = "clip hard: unknown clip; known are none, unit, dynamic, dynamic:RATIO,MAX";
    no_sampler(table, c"ddim", c"hard", sentence);
    let sentence = "0 steps kept, but a process needs at least 2, or, but for ancestral sampling, the last timestep \
                    alone (trailing1)";
    no_sampler(&[], c"ddim", c"unit", sentence);
    let mut broken = table.to_vec();
    broken[1].beta = f64::NAN;
    let sentence = "beta[1] = NaN is not within (0, 1), nor 1 at a last alpha_bar of 0";
    no_sampler(&broken, c"ddim", c"unit", sentence);
    broken[1] = table[2];
    let sentence = format!(
        "the timesteps must descend: {0} at 1 is not below the {0} beside it",
        table[2].timestep
    );
    no_sampler(&broken, c"ddim", c"unit", &sentence);
}

#[test]
fn slices_of_other_lengths_leave_all_as_it_was() {
    let table = levels(&MODEL, c"4");
    let (mut run, mut slices) = (sampler(table, c"dpm"), Slices::begin());
    let before = slices.x;
    let (output, mut noise) = (network(&slices.x), noise(0));
    let (x, history) = (slices.x.as_mut_ptr(), slices.history.as_mut_ptr());
    let (output, noise) = (output.as_ptr(), noise.as_mut_ptr());
    let cases: [(&str, _, _, *mut f32); 5] = [
        (
            "the network's output has 12 elements, expected 24",
            output,
            LEN,
            history,
        ),
        (
            "output NULL: it must lead somewhere",
            null(),
            2 * LEN,
            history,
        ),
        (
            "the history has 0 elements, expected 12",
            output,
            2 * LEN,
            null_mut(),
        ),
        (
            "x: it lies where history does, and must be apart from it",
            output,
            2 * LEN,
            x,
        ),
        (
            "history: it lies where noise does, and must be apart from it",
            output,
            2 * LEN,
            noise,
        ),
    ];
    for (sentence, output, output_len, history) in cases {
        refused(IDDPM_ARGUMENT, sentence, |error| unsafe {
            iddpm_sampler_apply(&mut run, x, LEN, output, output_len, noise, history, error)
        });
    }
    let odd = x.cast::<u8>().wrapping_add(1).cast::<f32>();
    let mut error = zeroed();
    let result =
        unsafe { iddpm_sampler_apply(&mut run, odd, 4, output, 8, null(), history, &mut error) };
    assert_eq!(result, IDDPM_ARGUMENT);
    assert!(text(&error).ends_with(": it is not aligned to 4 bytes"));
    let sentence = format!("x {} bytes: memory has at most {}", usize::MAX, isize::MAX);
    refused(IDDPM_ARGUMENT, &sentence, |error| unsafe {
        iddpm_sampler_apply(
            &mut run,
            x,
            usize::MAX,
            null(),
            0,
            null(),
            null_mut(),
            error,
        )
    });
    assert_eq!((slices.x, next(&run).unwrap().position), (before, 0));
}

#[test]
fn noise_that_is_needed_must_be_there() {
    let (mut run, mut slices) = (sampler(levels(&MODEL, c"4"), c"ancestral"), Slices::begin());
    let (output, x) = (network(&slices.x), slices.x.as_mut_ptr());
    let sentence = "the noise has 0 elements, expected 12";
    refused(IDDPM_ARGUMENT, sentence, |error| unsafe {
        let output = output.as_ptr();
        iddpm_sampler_apply(&mut run, x, LEN, output, 2 * LEN, null(), null_mut(), error)
    });
}

#[test]
fn a_run_that_met_what_is_not_finite_is_spent_until_it_is_resumed() {
    let (mut run, mut slices) = (sampler(levels(&MODEL, c"4"), c"ddim"), Slices::begin());
    let mut state = [0; IDDPM_STATE_BYTES];
    check(|error| unsafe { iddpm_sampler_save(&run, state.as_mut_ptr(), error) });
    let saved = slices.clone();
    let mut output = network(&slices.x);
    output[3] = f32::INFINITY;
    let sentence = "value 3 of the network's output is not finite, or too large";
    refused(IDDPM_NOT_FINITE, sentence, |error| unsafe {
        let (x, output) = (slices.x.as_mut_ptr(), output.as_ptr());
        iddpm_sampler_apply(&mut run, x, LEN, output, 2 * LEN, null(), null_mut(), error)
    });
    let sentence = "sampler: a step failed at a number that is not finite, and x is spent: begin anew, or resume";
    let mut step = iddpm_step::default();
    refused(IDDPM_ENDED, sentence, |error| unsafe {
        iddpm_sampler_next(&run, &mut step, error)
    });
    let mut unsaved = [7; IDDPM_STATE_BYTES];
    refused(IDDPM_ENDED, sentence, |error| unsafe {
        iddpm_sampler_save(&run, unsaved.as_mut_ptr(), error)
    });
    assert_eq!(unsaved, [7; IDDPM_STATE_BYTES]);
    check(|error| unsafe { iddpm_sampler_resume(&mut run, state.as_ptr(), state.len(), error) });
    let mut slices = saved;
    let step = next(&run).unwrap();
    let _: iddpm_result = slices.apply(&mut run, step);
}

#[test]
fn an_x_that_is_no_number() {
    let (mut run, mut slices) = (sampler(levels(&MODEL, c"4"), c"ddim"), Slices::begin());
    slices.x[2] = f32::NAN;
    let output = [0.0; 2 * LEN];
    refused(
        IDDPM_NOT_FINITE,
        "value 2 of x_t is not finite, or too large",
        |error| unsafe {
            let (x, output) = (slices.x.as_mut_ptr(), output.as_ptr());
            iddpm_sampler_apply(&mut run, x, LEN, output, 2 * LEN, null(), null_mut(), error)
        },
    );
}

#[test]
fn behind_the_end_there_is_no_step() {
    let (mut run, mut slices) = (sampler(levels(&MODEL, c"2"), c"ddim"), Slices::begin());
    while let Some(step) = next(&run) {
        let _: iddpm_result = slices.apply(&mut run, step);
    }
    let done = slices.x;
    let output = network(&slices.x);
    let sentence = "sampler: all 2 steps of the run were taken";
    refused(IDDPM_ENDED, sentence, |error| unsafe {
        let (x, output) = (slices.x.as_mut_ptr(), output.as_ptr());
        iddpm_sampler_apply(&mut run, x, LEN, output, 2 * LEN, null(), null_mut(), error)
    });
    assert_eq!(slices.x, done);
}

#[test]
fn states_of_others() {
    let table = levels(&MODEL, c"4");
    let (ddim, mut dpm) = (sampler(table, c"ddim"), sampler(table, c"dpm"));
    let mut state = [0; IDDPM_STATE_BYTES];
    check(|error| unsafe { iddpm_sampler_save(&ddim, state.as_mut_ptr(), error) });
    let mut resume = |state: &[u8]| {
        let mut error = zeroed();
        let (bytes, len) = (state.as_ptr(), state.len());
        let result = unsafe { iddpm_sampler_resume(&mut dpm, bytes, len, &mut error) };
        assert_eq!(result, IDDPM_SAVED);
        text(&error)
    };
    let other = resume(&state);
    assert!(other.contains("another"), "{other}");
    let short = resume(&state[1..]);
    assert!(short.contains("23") && short.contains("24"), "{short}");
    state[20] ^= 1;
    let corrupt = resume(&state);
    assert!(corrupt.contains("checksum"), "{corrupt}");
}

#[test]
fn opaque_structs_that_nobody_filled() {
    let run: iddpm_sampler = zeroed();
    let mut error = zeroed();
    let mut step = iddpm_step::default();
    let result = unsafe { iddpm_sampler_next(&run, &mut step, &mut error) };
    assert_eq!(result, IDDPM_ARGUMENT);
    let expected = format!("sampler {:p}: none that iddpm_sampler_init made", &run);
    assert_eq!(text(&error), expected);
    refused(
        IDDPM_ARGUMENT,
        "sampler NULL: it must lead somewhere",
        |error| unsafe { iddpm_sampler_next(null(), &mut step, error) },
    );
    // An error of no call, and none at all.
    assert_eq!(text(&zeroed()), "");
    assert_eq!(unsafe { iddpm_error_text(null(), null_mut(), 0) }, 0);
}

#[test]
fn guidance_has_bounds() {
    for (scale, value) in [(f32::NAN, "NaN"), (-1.0, "-1"), (1e30, "1e30")] {
        let (mut error, mut output) = (zeroed(), [0.5]);
        let result = unsafe { iddpm_guide(scale, 1, &0.0, output.as_mut_ptr(), 1, &mut error) };
        assert_eq!(result, IDDPM_ARGUMENT);
        let why = format!("value 0 of the scales of guidance is {value}: must be within 0 to 100");
        assert_eq!(text(&error), why);
        assert_eq!(output, [0.5]);
    }
}

#[test]
fn a_sentence_is_cut_where_there_is_no_room() {
    let mut error = zeroed();
    let mut x = [f32::NAN];
    let result = unsafe { iddpm_bytes(x.as_mut_ptr(), 1, [0].as_mut_ptr(), &mut error) };
    assert_eq!(result, IDDPM_NOT_FINITE);
    let all = text(&error);
    let mut out = [b'!'; 9];
    let needed = unsafe { iddpm_error_text(&error, out.as_mut_ptr().cast(), 8) };
    assert_eq!(needed, all.len() + 1);
    assert_eq!(&out[..7], &all.as_bytes()[..7]);
    assert_eq!(&out[7..], b"\0!");
    assert_eq!(unsafe { iddpm_error_text(&error, null_mut(), 0) }, needed);
}
