//! Any calls of the sampler in C without a heap, in any order, with any numbers, sizes and alignments: each comes to a
//! result, one that failed has a sentence and changes nothing that it does not say, and what is written lies within what
//! was given, which AddressSanitizer sees.
#![no_main]

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

use iddpm::ffi::*;
use iddpm_result::{IDDPM_ARGUMENT, IDDPM_MORE, IDDPM_NOT_FINITE, IDDPM_OK, IDDPM_PANIC};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

/// Calls that are worth their time.
const CALLS: usize = 48;

#[derive(Arbitrary, Debug)]
enum Call {
    /// The steps of a diffusion, into room for so many.
    Levels(Flags, Word, Option<u8>),
    /// Over the last table, or one of such numbers.
    Init(Flags, Word, Word, Option<Vec<(u32, f64, f64)>>),
    Next(Alignment),
    Apply {
        len: Length,
        output: Numbers,
        noise: Option<Numbers>,
        history: Option<Numbers>,
        /// x is written where the output is read.
        overlaps: bool,
    },
    XStart(Length, Numbers),
    Save(Alignment),
    /// What was saved last, or these bytes.
    Resume(Option<Vec<u8>>),
    /// Another x.
    Begin(Numbers),
    Noise(u64, u64, u32, u64, Numbers),
    Guide(f32, u8, Numbers, Numbers),
    Bytes(Numbers),
    Text(u8),
}

/// How far from where it should lie something lies.
#[derive(Arbitrary, Debug, Clone, Copy)]
struct Alignment(u8);

/// So many numbers: all of one value, or as they are listed.
#[derive(Arbitrary, Debug)]
struct Numbers {
    len: u8,
    alignment: Alignment,
    value: f32,
    listed: Vec<f32>,
}

/// How many numbers a network's output has beside x.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Length {
    AsX,
    Twice,
    Other(u8),
}

/// As a rule a text that may be right, else one that is odd, or none at all.
#[derive(Arbitrary, Debug)]
struct Word(u8, Vec<u8>);

#[derive(Arbitrary, Debug)]
struct Flags {
    schedule: Word,
    prediction: Word,
    variance: Word,
    num_timesteps: u16,
    rescale_timesteps: u8,
    zero_terminal_snr: u8,
}

const STEPS: &[&str] = &[
    "1",
    "2",
    "5",
    "all",
    "ddim5",
    "1,2",
    "trailing3",
    "custom:9,4,0",
];
const SCHEDULES: &[&str] = &["linear", "cosine", "sigmoid", "sigmoid:-3,3,0.9"];
const PREDICTIONS: &[&str] = &["epsilon", "x_start", "previous_x", "v"];
const VARIANCES: &[&str] = &["fixed_small", "fixed_large", "learned", "learned_range"];
const METHODS: &[&str] = &[
    "dpm",
    "heun",
    "ddim",
    "ddim:0.5",
    "ancestral",
    "ddim_reverse",
];
const CLIPS: &[&str] = &["unit", "none", "dynamic", "dynamic:0.9,2"];

/// Calls behind a run that is begun: of random calls alone hardly one would begin.
#[derive(Arbitrary, Debug)]
struct Program {
    prediction: u8,
    variance: u8,
    method: u8,
    clip: u8,
    calls: Vec<Call>,
}

fuzz_target!(|program: Program| {
    let mut host = Host::new();
    let begun = program.begun();
    for call in begun.iter().chain(&program.calls).take(CALLS) {
        // SAFETY: the host keeps what the header asks for.
        unsafe { host.call(call) };
    }
});

impl Program {
    fn begun(&self) -> [Call; 2] {
        let word = |at: u8| Word(at % 120, Vec::new());
        let flags = || Flags {
            schedule: word(1),
            prediction: word(self.prediction),
            variance: word(self.variance),
            num_timesteps: 100,
            rescale_timesteps: 0,
            zero_terminal_snr: 0,
        };
        let levels = Call::Levels(flags(), word(2), Some(5));
        let init = Call::Init(flags(), word(self.method), word(self.clip), None);
        [levels, init]
    }
}

/// A program in C: its memory.
struct Host {
    sampler: iddpm_sampler,
    error: iddpm_error,
    /// All that a sampler may have begun with; the last is the next one's.
    tables: Vec<Vec<iddpm_level>>,
    x: Vec<f32>,
    saved: Vec<u8>,
}

impl Host {
    fn new() -> Self {
        let (sampler, error) = (MaybeUninit::zeroed(), MaybeUninit::zeroed());
        Self {
            // SAFETY: both are plain bytes, which may be 0.
            sampler: unsafe { sampler.assume_init() },
            error: unsafe { error.assume_init() },
            tables: vec![Vec::new()],
            x: vec![0.0; 4],
            saved: Vec::new(),
        }
    }

    unsafe fn call(&mut self, call: &Call) {
        // SAFETY: all that is given is there, as long and as large as is said; see the header. Where it is not aligned it
        // is looked at by nobody.
        unsafe {
            match call {
                Call::Levels(flags, steps, room) => {
                    let steps = steps.of(STEPS);
                    let mut table = vec![iddpm_level::default(); room.unwrap_or(0).into()];
                    let mut len = table.len();
                    let out = room.map_or(null_mut(), |_| table.as_mut_ptr());
                    let error = &mut self.error;
                    let result =
                        flags.with(|flags| iddpm_levels(flags, at(&steps), out, &mut len, error));
                    if self.check(result) && room.is_some() {
                        table.truncate(len);
                        self.tables.push(table);
                    }
                }
                Call::Init(flags, method, clip, levels) => {
                    if let Some(levels) = levels {
                        let level = |&(timestep, beta, alpha_bar)| iddpm_level {
                            timestep,
                            beta,
                            alpha_bar,
                        };
                        self.tables.push(levels.iter().map(level).collect());
                    }
                    let table = self.tables.last().expect("there is one from the beginning");
                    let (levels, count) = (table.as_ptr(), table.len());
                    let (method, clip) = (method.of(METHODS), clip.of(CLIPS));
                    let (sampler, error) = (&mut self.sampler, &mut self.error);
                    let (method, clip) = (at(&method), at(&clip));
                    let result = flags.with(|flags| {
                        iddpm_sampler_init(sampler, flags, levels, count, method, clip, error)
                    });
                    self.check(result);
                }
                Call::Next(alignment) => {
                    let mut room = [0_u64; 1 + size_of::<iddpm_step>().div_ceil(8)];
                    let step = alignment.moved(room.as_mut_ptr().cast::<iddpm_step>());
                    let result = iddpm_sampler_next(&self.sampler, step, &mut self.error);
                    assert!(step.is_aligned() || result == IDDPM_ARGUMENT);
                    if self.check(result) && result == IDDPM_MORE {
                        let step = step.read();
                        assert!(step.position < step.evaluations && step.timestep.is_finite());
                    }
                }
                Call::Apply {
                    len,
                    output,
                    noise,
                    history,
                    overlaps,
                } => {
                    let output = output.made_of(len.beside(&self.x));
                    self.apply(output, noise.as_ref(), history.as_ref(), *overlaps);
                }
                Call::XStart(length, output) => {
                    let (x, len) = (self.x.as_ptr(), self.x.len());
                    let output = output.made_of(length.beside(&self.x));
                    let mut out = vec![0.0; len];
                    let result = iddpm_sampler_x_start(
                        &self.sampler,
                        x,
                        len,
                        output.at(),
                        output.len,
                        out.as_mut_ptr(),
                        &mut self.error,
                    );
                    if self.check(result) {
                        assert!(out.iter().all(|value: &f32| value.is_finite()));
                    }
                }
                Call::Save(alignment) => {
                    let mut room = vec![0_u8; IDDPM_STATE_BYTES + 8];
                    let out = alignment.moved(room.as_mut_ptr());
                    let result = iddpm_sampler_save(&self.sampler, out, &mut self.error);
                    if self.check(result) {
                        self.saved = std::slice::from_raw_parts(out, IDDPM_STATE_BYTES).to_vec();
                        assert_eq!(self.resume(&self.saved.clone()), IDDPM_OK);
                    }
                }
                Call::Resume(bytes) => {
                    let bytes = bytes.clone().unwrap_or_else(|| self.saved.clone());
                    let _ = self.resume(&bytes);
                }
                Call::Begin(numbers) => self.x = numbers.values().collect(),
                Call::Noise(seed, sample, step, first, numbers) => {
                    let mut out = numbers.made();
                    let (place, len) = (out.at_mut(), out.len);
                    let error = &mut self.error;
                    let result = iddpm_noise(*seed, *sample, *step, *first, place, len, error);
                    if self.check(result) && len > 0 {
                        assert!(out.read().iter().all(|value| value.is_finite()));
                        let mut last = 0.0;
                        let at = first.wrapping_add(len as u64 - 1);
                        let error = &mut self.error;
                        let again = iddpm_noise(*seed, *sample, *step, at, &mut last, 1, error);
                        assert_eq!(again, IDDPM_OK);
                        assert_eq!(Some(&last), out.read().last());
                    }
                }
                Call::Guide(scale, elements, without, output) => {
                    let (without, mut output) = (without.made(), output.made());
                    let (place, len) = (output.at_mut(), without.len.min(output.len));
                    let elements = usize::from(*elements);
                    let from = without.at();
                    let result = iddpm_guide(*scale, elements, from, place, len, &mut self.error);
                    if self.check(result) {
                        assert!((0.0..=100.0).contains(scale) && elements <= len);
                    }
                }
                Call::Bytes(x) => {
                    let x = x.made();
                    let mut out = vec![7_u8; x.len];
                    let result = iddpm_bytes(x.at(), x.len, out.as_mut_ptr(), &mut self.error);
                    if !self.check(result) {
                        assert!(out.iter().all(|&byte| byte == 7));
                    }
                }
                Call::Text(len) => {
                    let mut out = vec![0xFF_u8; (*len).into()];
                    let place = out.as_mut_ptr().cast();
                    let needed = iddpm_error_text(&self.error, place, out.len());
                    assert!(needed == 0 || out.is_empty() || out.contains(&0));
                }
            }
        }
    }

    /// A step that fails leaves all as it was, or is spent.
    unsafe fn apply(
        &mut self,
        mut output: Room,
        noise: Option<&Numbers>,
        history: Option<&Numbers>,
        overlaps: bool,
    ) {
        // Those that are given have as many numbers as x has.
        let like_x = |numbers: &Numbers| numbers.made_of(self.x.len());
        let (noise, mut history) = (noise.map(like_x), history.map(like_x));
        let (before, state) = (self.x.clone(), self.state());
        let (x, len) = match overlaps {
            true => (output.at_mut(), output.len),
            false => (self.x.as_mut_ptr(), self.x.len()),
        };
        let others = match overlaps {
            true => (null(), null_mut()),
            false => (
                noise.as_ref().map_or(null(), Room::at),
                history.as_mut().map_or(null_mut(), Room::at_mut),
            ),
        };
        // SAFETY: as for `call`.
        let result = unsafe {
            iddpm_sampler_apply(
                &mut self.sampler,
                x,
                len,
                output.at(),
                output.len,
                others.0,
                others.1,
                &mut self.error,
            )
        };
        let bits = |numbers: &[f32]| numbers.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
        match self.check(result) {
            true => {
                assert!(!overlaps || len == 0);
                // Of an output without a number x is as it was, and may be spent.
                assert!(overlaps || self.x.iter().all(|value| value.is_finite()));
            }
            false if result != IDDPM_NOT_FINITE => {
                assert_eq!(bits(&self.x), bits(&before));
                assert_eq!(self.state(), state);
            }
            // Found before anything was changed, or spent.
            false => {}
        }
    }

    /// Where the sampler stands, where it does.
    fn state(&mut self) -> Option<[u8; IDDPM_STATE_BYTES]> {
        let mut state = [0; IDDPM_STATE_BYTES];
        // SAFETY: so many bytes are there.
        let result = unsafe { iddpm_sampler_save(&self.sampler, state.as_mut_ptr(), null_mut()) };
        (result == IDDPM_OK).then_some(state)
    }

    unsafe fn resume(&mut self, state: &[u8]) -> iddpm_result {
        let (place, len) = (state.as_ptr(), state.len());
        // SAFETY: the bytes are there.
        let result =
            unsafe { iddpm_sampler_resume(&mut self.sampler, place, len, &mut self.error) };
        self.check(result);
        result
    }

    /// Whether a call succeeded; what failed has a sentence, what did not has none.
    fn check(&self, result: iddpm_result) -> bool {
        assert_ne!(result, IDDPM_PANIC);
        let succeeded = result as i32 >= 0;
        // SAFETY: nothing is written.
        let sentence = unsafe { iddpm_error_text(&self.error, null_mut(), 0) };
        assert_eq!(succeeded, sentence == 0, "{result:?}");
        succeeded
    }
}

/// Memory for so many numbers, which begins where it is said.
struct Room {
    bytes: Vec<u8>,
    alignment: Alignment,
    len: usize,
}

impl Room {
    fn at(&self) -> *const f32 {
        self.alignment.moved(self.bytes.as_ptr().cast_mut().cast())
    }

    fn at_mut(&mut self) -> *mut f32 {
        self.alignment.moved(self.bytes.as_mut_ptr().cast())
    }

    /// Where it is aligned.
    unsafe fn read(&self) -> &[f32] {
        // SAFETY: so many numbers were put there.
        unsafe { std::slice::from_raw_parts(self.at(), self.len) }
    }
}

impl Numbers {
    fn values(&self) -> impl Iterator<Item = f32> {
        let rest = std::iter::repeat(self.value);
        self.listed
            .iter()
            .copied()
            .chain(rest)
            .take(self.len.into())
    }

    fn made(&self) -> Room {
        self.made_of(self.len.into())
    }

    fn made_of(&self, len: usize) -> Room {
        let alignment = self.alignment;
        let bytes = vec![0; alignment.bytes() + 4 * len];
        let mut room = Room {
            bytes,
            alignment,
            len,
        };
        let place = room.at_mut();
        let values = self.values().chain(std::iter::repeat(self.value));
        for (at, value) in values.take(len).enumerate() {
            // SAFETY: there is room for them behind the bytes by which it is moved.
            unsafe { place.add(at).write_unaligned(value) };
        }
        room
    }
}

impl Alignment {
    /// As a rule none.
    fn bytes(self) -> usize {
        if self.0 < 224 { 0 } else { (self.0 % 8).into() }
    }

    fn moved<T>(self, place: *mut T) -> *mut T {
        place.wrapping_byte_add(self.bytes())
    }
}

impl Length {
    fn beside(self, x: &[f32]) -> usize {
        match self {
            Self::AsX => x.len(),
            Self::Twice => 2 * x.len(),
            Self::Other(len) => len.into(),
        }
    }
}

impl Word {
    fn of(&self, known: &[&str]) -> Option<CString> {
        let Self(at, odd) = self;
        let text = match *at {
            0..240 => known[usize::from(*at) % known.len()].as_bytes(),
            240..255 => odd.split(|&byte| byte == 0).next().unwrap_or_default(),
            255 => return None,
        };
        Some(CString::new(text).expect("there is no 0 in it"))
    }
}

fn at(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(null(), |text| text.as_ptr())
}

impl Flags {
    unsafe fn with(
        &self,
        call: impl FnOnce(*const iddpm_diffusion) -> iddpm_result,
    ) -> iddpm_result {
        let schedule = self.schedule.of(SCHEDULES);
        let (prediction, variance) = (self.prediction.of(PREDICTIONS), self.variance.of(VARIANCES));
        // Mostly 0 or 1.
        let flag = |value: u8| u32::from(value) * 3 / 256;
        call(&iddpm_diffusion {
            schedule: at(&schedule),
            prediction: at(&prediction),
            variance: at(&variance),
            num_timesteps: self.num_timesteps.into(),
            rescale_timesteps: flag(self.rescale_timesteps),
            zero_terminal_snr: flag(self.zero_terminal_snr),
        })
    }
}
