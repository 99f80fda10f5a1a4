//! A network in flash, evaluated in pieces by the calls of `include/iddpm_network.h`: the bits of Rust's, and what is refused.

use iddpm::cpu::{Bare, ProgramBuf};
use iddpm::diffusion::{Denoiser, Noise, Query};
use iddpm::ffi::*;
use iddpm::unet::{ImageSize, Plan, UnetConfig, Weights};
use iddpm_result::{
    IDDPM_ARGUMENT, IDDPM_ENDED, IDDPM_MODEL, IDDPM_MORE, IDDPM_NOT_FINITE, IDDPM_OK,
};
use std::ptr::{null, null_mut};

use crate::refused::refused;
use crate::{check, made, zeroed};

/// A small network of classes that enlarges, on memory that it may keep.
struct Subject {
    program: Vec<u8>,
    weights: Vec<u8>,
    workspace: Vec<f32>,
    low_res: Vec<f32>,
    x: Vec<f32>,
    output: Vec<f32>,
}

fn normals(seed: u64, len: usize) -> Vec<f32> {
    let mut numbers = vec![0.0; len];
    let stream = Noise::new(seed).stream(0, Noise::INITIAL);
    stream.fill_normals(0, &mut numbers);
    numbers
}

impl Subject {
    fn new() -> Self {
        let config = UnetConfig {
            num_res_blocks: 1,
            super_resolution: true,
            ..UnetConfig::new(1, 8)
                .with_norm_groups(4)
                .with_multipliers(&[1, 2])
                .with_attention(&[2])
                .with_classes(10)
        };
        let size = ImageSize {
            height: 8,
            width: 8,
            low_res: Some((4, 4)),
        };
        let graph = config.graph(1, size).unwrap();
        let program = ProgramBuf::new(&graph, &Plan::single(&graph)).unwrap();
        let view = program.view().unwrap();
        let weights = normals(1, view.weights_len());
        let bits = weights
            .iter()
            .map(|weight| half::f16::from_f32(0.05 * weight).to_bits());
        Self {
            weights: bits.flat_map(u16::to_le_bytes).collect(),
            workspace: vec![f32::NAN; view.workspace_len()],
            low_res: normals(2, 16),
            x: normals(3, 64),
            output: vec![f32::NAN; view.output_len()],
            program: program.as_bytes().to_vec(),
        }
    }

    /// As Rust has it.
    fn in_rust(&self, timestep: f32, label: Option<u32>) -> Vec<f32> {
        let program = iddpm::cpu::Program::from_bytes(&self.program).unwrap();
        let weights = Weights::F16Bytes(self.weights.as_chunks().0);
        let mut workspace = vec![0.0; program.workspace_len()];
        let network = Bare::new(program, weights, &mut workspace).unwrap();
        let mut output = vec![0.0; program.output_len()];
        let query = Query {
            timestep,
            index: 0,
            label,
        };
        let mut network = network.with_low_res(&self.low_res).unwrap();
        network.denoise(query, &self.x, &mut output).unwrap();
        output
    }

    fn init(&mut self, network: &mut iddpm_network, error: *mut iddpm_error) -> iddpm_result {
        // SAFETY: everything stays as long as the test's network.
        unsafe {
            iddpm_network_init(
                network,
                self.program.as_ptr(),
                self.program.len(),
                self.weights.as_ptr(),
                self.weights.len(),
                self.workspace.as_mut_ptr(),
                self.workspace.len(),
                self.low_res.as_ptr(),
                self.low_res.len(),
                error,
            )
        }
    }

    fn begin(
        &mut self,
        network: &mut iddpm_network,
        (timestep, label): (f32, u32),
        error: *mut iddpm_error,
    ) -> iddpm_result {
        let (x, len) = (self.x.as_ptr(), self.x.len());
        let (output, output_len) = (self.output.as_mut_ptr(), self.output.len());
        // SAFETY: as above.
        unsafe { iddpm_network_begin(network, timestep, label, x, len, output, output_len, error) }
    }
}

fn advance(network: &mut iddpm_network, piece: u64, error: *mut iddpm_error) -> iddpm_result {
    // SAFETY: it is one, or zeroed.
    unsafe { iddpm_network_advance(network, piece, error) }
}

/// Of each step and class, in pieces of any size, on one workspace.
#[test]
fn pieces_have_the_bits_of_rust() {
    let mut subject = Subject::new();
    let mut network = zeroed();
    check(|error| subject.init(&mut network, error));
    let mut before = usize::MAX;
    for (piece, timestep, label) in [(0, 0.0, 0), (20_000, 999.0, 9), (u64::MAX, 7.5, 3)] {
        let begun = made(|error| subject.begin(&mut network, (timestep, label), error));
        assert_eq!(begun, IDDPM_MORE);
        let mut pieces = 1;
        while made(|error| advance(&mut network, piece, error)) == IDDPM_MORE {
            pieces += 1;
        }
        assert!(pieces < before, "{pieces} pieces of {piece}");
        before = pieces;
        assert_eq!(subject.output, subject.in_rust(timestep, Some(label)));
    }
    assert_eq!(before, 1);
}

/// One that was begun and left has no part in the next.
#[test]
fn one_that_is_left_is_forgotten() {
    let mut subject = Subject::new();
    let mut network = zeroed();
    check(|error| subject.init(&mut network, error));
    check(|error| subject.begin(&mut network, (500.0, 1), error));
    check(|error| advance(&mut network, 50_000, error));
    check(|error| subject.begin(&mut network, (1.0, 2), error));
    assert_eq!(
        made(|error| advance(&mut network, u64::MAX, error)),
        IDDPM_OK
    );
    assert_eq!(subject.output, subject.in_rust(1.0, Some(2)));
    refused(
        IDDPM_ENDED,
        "network: no evaluation is under way: iddpm_network_begin begins one",
        |error| advance(&mut network, 1, error),
    );
}

/// Each by its name; what is refused is no network, and begins nothing.
#[test]
fn what_is_wrong_with_a_network() {
    let whole = Subject::new();
    let due = whole.weights.len() / 2;
    let room = whole.workspace.len();
    type Wrong<'s> = (&'s str, iddpm_result, fn(&mut Subject));
    let wrong: [Wrong<'_>; 6] = [
        (
            "not a program: it does not begin with IDPM",
            IDDPM_MODEL,
            |it| it.program[0] ^= 1,
        ),
        (
            &format!(
                "weights {} bytes: this network has {}, two for each number",
                2 * due - 1,
                2 * due
            ),
            IDDPM_ARGUMENT,
            |it| it.weights.truncate(it.weights.len() - 1),
        ),
        (
            &format!(
                "weights {due} bytes: this network has {}, two for each number",
                2 * due
            ),
            IDDPM_ARGUMENT,
            |it| it.weights.truncate(it.weights.len() / 2),
        ),
        (
            &format!("workspace has {} elements, must have {room}", room - 1),
            IDDPM_ARGUMENT,
            |it| it.workspace.truncate(it.workspace.len() - 1),
        ),
        (
            "low_res has 15 elements, must have 16",
            IDDPM_ARGUMENT,
            |it| it.low_res.truncate(it.low_res.len() - 1),
        ),
        (
            "a program of 32 bytes, but 0 bytes were given",
            IDDPM_MODEL,
            |it| it.program.clear(),
        ),
    ];
    for (sentence, result, wrong) in wrong {
        let (mut subject, mut network) = (Subject::new(), zeroed());
        check(|error| subject.init(&mut network, error));
        wrong(&mut subject);
        refused(result, sentence, |error| subject.init(&mut network, error));
        // Nor is it the one before.
        let mut error = zeroed();
        let result = subject.begin(&mut network, (1.0, 1), &mut error);
        assert_eq!(result, IDDPM_ARGUMENT, "{sentence}");
    }
}

#[test]
fn what_is_wrong_with_an_evaluation() {
    let (mut subject, mut network) = (Subject::new(), zeroed());
    refused(
        IDDPM_ARGUMENT,
        "network NULL: it must lead somewhere",
        |error| unsafe { iddpm_network_advance(null_mut(), 1, error) },
    );
    check(|error| subject.init(&mut network, error));
    let begin = |network: &mut iddpm_network, subject: &mut Subject, label, sentence: &str| {
        refused(IDDPM_ARGUMENT, sentence, |error| {
            subject.begin(network, (1.0, label), error)
        });
        let mut error = zeroed();
        assert_eq!(advance(network, 1, &mut error), IDDPM_ENDED);
    };
    begin(
        &mut network,
        &mut subject,
        10,
        "image 0 is to be of class 10, must be below 10",
    );
    begin(
        &mut network,
        &mut subject,
        IDDPM_NO_CLASS,
        "the network needs labels, none are given",
    );
    let number = subject.x.pop().unwrap();
    begin(
        &mut network,
        &mut subject,
        1,
        "x has 63 elements, must have 64",
    );
    subject.x.push(number);
    let lain = std::mem::take(&mut subject.x);
    let (output, len) = (subject.output.as_mut_ptr(), subject.output.len());
    let (workspace, low_res) = (
        subject.workspace.as_mut_ptr(),
        subject.low_res.as_ptr().cast_mut(),
    );
    for (sentence, x, output) in [
        ("x NULL: it must lead somewhere", null(), output),
        (
            "output NULL: it must lead somewhere",
            lain.as_ptr(),
            null_mut(),
        ),
        (
            "output: it lies where x does, and must be apart from it",
            output.cast_const(),
            output,
        ),
        (
            "output: it lies where workspace does, and must be apart from it",
            lain.as_ptr(),
            workspace,
        ),
        (
            "workspace: it lies where x does, and must be apart from it",
            workspace.cast_const(),
            output,
        ),
        (
            "output: it lies where low_res does, and must be apart from it",
            lain.as_ptr(),
            low_res,
        ),
    ] {
        // One that is under way ends by that too.
        subject.x.clone_from(&lain);
        check(|error| subject.begin(&mut network, (1.0, 1), error));
        subject.x.clear();
        refused(IDDPM_ARGUMENT, sentence, |error| unsafe {
            iddpm_network_begin(&mut network, 1.0, 1, x, 64, output, len, error)
        });
        let mut error = zeroed();
        assert_eq!(
            advance(&mut network, 1, &mut error),
            IDDPM_ENDED,
            "{sentence}"
        );
    }
    subject.x = lain;
    subject.x[5] = f32::INFINITY;
    refused(
        IDDPM_NOT_FINITE,
        "x[5] is not finite: NaN or infinite",
        |error| subject.begin(&mut network, (1.0, 1), error),
    );
}
