//! Any calls of the door in C, in any order, with any words, sizes and handles that are alive, of whichever kind: each
//! comes to a result, one that failed has a sentence, and what is written lies within the bytes that were given.
#![no_main]

use std::ffi::{CString, c_char};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use iddpm::checkpoint::Dtype;
use iddpm::ffi::*;
use iddpm::unet::UnetConfig;
use iddpm_fuzz::small_checkpoint;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

/// Calls that are worth their time, and images of a run.
const CALLS: usize = 24;
const IMAGES: u32 = 3;

/// Which handle a call is given.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Handle {
    Right,
    Null,
    /// One that is alive, of another kind.
    Other,
}

#[derive(Arbitrary, Debug)]
enum Call {
    Begin(Handle, Box<Drawing>),
    /// For so many microseconds; the most stand for a step.
    Advance(Handle, u8),
    Look {
        run: Handle,
        preview: bool,
        image: u8,
        stride: u8,
        len: u16,
    },
    Save(Handle, Option<u16>),
    /// What was saved last, or these bytes.
    Resume(Handle, Option<Vec<u8>>),
    Cancel(Handle),
    FreeRun(Handle),
    Ask(Handle),
    ClassName(Handle, u32, u8),
    Info(Handle, u8),
    LastError(u8),
}

#[derive(Arbitrary, Debug)]
struct Drawing {
    size: Option<u16>,
    seed: u64,
    first: u64,
    count: u8,
    /// In sixteenths, up to 1 for the strength; or what is odd.
    guidance: u8,
    strength: u8,
    /// Words that may be right, or one that is odd.
    texts: [Option<u8>; 7],
    odd: Option<Odd>,
    palette: Option<Vec<[u8; 3]>>,
    init: Option<Picture>,
    mask: bool,
    /// Beside the one of the texts.
    classes: Vec<u8>,
}

/// What is in the place of one option: of these alone hardly a run would begin.
#[derive(Arbitrary, Debug)]
enum Odd {
    Guidance(f64),
    Strength(f64),
    Text(u8, Vec<u8>),
    LowRes(Picture),
}

/// Those of each option, in the order of a drawing's texts.
const WORDS: [&[&str]; 7] = [
    &["0", "1"],
    &["1", "2", "5", "all", "trailing3", "21"],
    &["dpm", "heun", "ddim", "ddim:0.5", "ancestral"],
    &["unit", "none", "dynamic"],
    &["x", "y", "xy", "none"],
    &["1", "2", "2,1"],
    &["7,2", "7,3"],
];

#[derive(Arbitrary, Debug)]
struct Picture {
    /// As large as the network's, whatever is said below.
    fits: bool,
    width: u8,
    height: u8,
    stride: u8,
    bytes: u8,
}

fuzz_target!(|program: (bool, Vec<Call>)| {
    let (enlarges, calls) = program;
    let mut host = Host::new(enlarges);
    for call in calls.iter().take(CALLS) {
        // SAFETY: the host keeps what the header asks for.
        unsafe { host.call(call) };
    }
});

/// A program in C.
struct Host {
    /// Whether the network enlarges pictures.
    enlarges: bool,
    model: *mut iddpm_model,
    studio: *mut iddpm_studio,
    run: *mut iddpm_run,
    saved: Vec<u8>,
}

impl Host {
    fn new(enlarges: bool) -> Self {
        let (file, cpu) = (model(enlarges), c(b"cpu"));
        let (mut model, mut studio) = (null_mut(), null_mut());
        // SAFETY: the bytes, the text and the places are there.
        unsafe {
            check(iddpm_model_from_memory(
                file.as_ptr(),
                file.len(),
                &mut model,
            ));
            check(iddpm_model_on(model, cpu.as_ptr(), 1, &mut studio));
        }
        assert!(!model.is_null() && !studio.is_null());
        let (run, saved) = (null_mut(), Vec::new());
        Self {
            enlarges,
            model,
            studio,
            run,
            saved,
        }
    }

    fn run(&self, handle: Handle) -> *mut iddpm_run {
        match handle {
            Handle::Right => self.run,
            Handle::Null => null_mut(),
            Handle::Other => self.studio.cast(),
        }
    }

    fn studio(&self, handle: Handle) -> *mut iddpm_studio {
        match handle {
            Handle::Right => self.studio,
            Handle::Null => null_mut(),
            Handle::Other => self.model.cast(),
        }
    }

    fn model(&self, handle: Handle) -> *mut iddpm_model {
        match handle {
            Handle::Right => self.model,
            Handle::Null => null_mut(),
            Handle::Other => self.studio.cast(),
        }
    }

    /// In place of the run that there was.
    unsafe fn take(&mut self, succeeded: bool, run: *mut iddpm_run) {
        assert_eq!(succeeded, !run.is_null());
        if !run.is_null() {
            // SAFETY: it is this host's, and nobody else's.
            unsafe { iddpm_run_free(self.run) };
            self.run = run;
        }
    }

    unsafe fn call(&mut self, call: &Call) {
        // SAFETY: all that is given is there, as long and as large as is said; see the header.
        unsafe {
            match *call {
                Call::Begin(studio, ref drawing) => {
                    let mut run = null_mut();
                    let result = drawing.with(self.enlarges, |draw| {
                        iddpm_run_begin(self.studio(studio), draw, &mut run)
                    });
                    self.take(check(result), run);
                }
                Call::Advance(run, u8::MAX) => {
                    check(iddpm_run_step(self.run(run)));
                }
                Call::Advance(run, microseconds) => {
                    check(iddpm_run_advance(self.run(run), microseconds.into()));
                }
                Call::Look {
                    run,
                    preview,
                    image,
                    stride,
                    len,
                } => {
                    let mut out = vec![0; len.into()];
                    let (place, stride) = (out.as_mut_ptr(), stride.into());
                    let look = if preview {
                        iddpm_run_preview
                    } else {
                        iddpm_run_pixels
                    };
                    check(look(self.run(run), image.into(), place, stride, out.len()));
                }
                Call::Save(run, room) => {
                    let mut out = vec![0; room.unwrap_or(0).into()];
                    let mut len = out.len();
                    let place = room.map_or(null_mut(), |_| out.as_mut_ptr());
                    let succeeded = check(iddpm_run_save(self.run(run), place, &mut len));
                    if succeeded && room.is_some() {
                        out.truncate(len);
                        self.saved = out;
                    }
                }
                Call::Resume(studio, ref bytes) => {
                    let bytes = bytes.as_ref().unwrap_or(&self.saved);
                    let mut run = null_mut();
                    let result = iddpm_run_resume(
                        self.studio(studio),
                        bytes.as_ptr(),
                        bytes.len(),
                        &mut run,
                    );
                    self.take(check(result), run);
                }
                Call::Cancel(run) => {
                    check(iddpm_run_cancel(self.run(run)));
                }
                Call::FreeRun(run) => {
                    iddpm_run_free(self.run(run));
                    if let Handle::Right = run {
                        self.run = null_mut();
                    }
                }
                Call::Ask(run) => {
                    let fraction = iddpm_run_fraction(self.run(run));
                    assert!(fraction == -1.0 || (0.0..=1.0).contains(&fraction));
                    assert!(iddpm_run_count(self.run(run)) <= IMAGES);
                }
                Call::ClassName(model, index, len) => {
                    let model = self.model(model);
                    text(len, |out, len| {
                        iddpm_model_class_name(model, index, out, len)
                    });
                }
                Call::Info(model, size) => {
                    let mut out = vec![0_u64; usize::from(size).div_ceil(8)];
                    let place: *mut iddpm_info = match size {
                        0 => null_mut(),
                        _ => out.as_mut_ptr().cast(),
                    };
                    check(iddpm_model_info(self.model(model), place, size.into()));
                }
                Call::LastError(len) => text(len, |out, len| iddpm_last_error(out, len)),
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: they are this host's, each freed once; runs and studios outlive what they are of.
        unsafe {
            iddpm_model_free(self.model);
            iddpm_studio_free(self.studio);
            iddpm_run_free(self.run);
        }
    }
}

impl Drawing {
    /// The drawing as the library is given it, with all that it points to.
    unsafe fn with(
        &self,
        enlarges: bool,
        call: impl FnOnce(*const iddpm_draw) -> iddpm_result,
    ) -> iddpm_result {
        let mut draw = std::mem::MaybeUninit::<iddpm_draw>::uninit();
        // SAFETY: so many bytes are there, and where the call succeeds all of them are filled.
        let mut draw = unsafe {
            check(iddpm_draw_init(draw.as_mut_ptr(), size_of::<iddpm_draw>()));
            draw.assume_init()
        };
        // A later version's struct would have as many bytes as it says: none is made up here.
        if let Some(size) = self
            .size
            .filter(|&size| usize::from(size) <= size_of::<iddpm_draw>())
        {
            draw.struct_size = size.into();
        }
        (draw.seed, draw.first) = (self.seed, self.first);
        draw.count = 1 + u32::from(self.count) % IMAGES;
        draw.guidance = f64::from(self.guidance) / 16.0;
        if self.init.is_some() {
            draw.strength = f64::from(self.strength % 17) / 16.0;
        }
        let mut texts = [const { None }; 7];
        for ((text, words), at) in texts.iter_mut().zip(WORDS).zip(self.texts) {
            *text = at.map(|at| c(words[usize::from(at) % words.len()].as_bytes()));
        }
        // What is refused beside what else there is.
        let [.., resample, between] = &mut texts;
        if !self.mask || self.init.is_none() {
            *resample = None;
        }
        if self.init.is_some() {
            *between = None;
        }
        match &self.odd {
            None | Some(Odd::LowRes(_)) => {}
            Some(Odd::Guidance(number)) => draw.guidance = *number,
            Some(Odd::Strength(number)) => draw.strength = *number,
            Some(Odd::Text(at, text)) => texts[usize::from(*at) % 7] = Some(c(text)),
        }
        let texts = texts
            .each_ref()
            .map(|text| text.as_ref().map_or(null(), |text| text.as_ptr()));
        [
            draw.class_name,
            draw.steps,
            draw.method,
            draw.clip,
            draw.wrap,
            draw.resample,
            draw.between,
        ] = texts;
        let words = WORDS[0];
        let named = self.classes.iter().take(IMAGES as usize);
        let named: Vec<_> = named
            .map(|&at| c(words[usize::from(at) % words.len()].as_bytes()))
            .collect();
        let classes: Vec<_> = named.iter().map(|text| text.as_ptr()).collect();
        (draw.classes, draw.class_count) = (classes.as_ptr(), classes.len());
        let mut colours = Vec::new();
        if let Some(palette) = &self.palette {
            let rgba = palette
                .iter()
                .map(|&[red, green, blue]| [red, green, blue, u8::MAX]);
            colours.extend(rgba.flatten());
            (draw.palette, draw.palette_count) = (colours.as_ptr(), palette.len() as u32);
        }
        let mut picture = Vec::new();
        if let Some(init) = &self.init {
            let [width, height, stride] = init.size(4);
            picture = init.pixels(4);
            (draw.init, draw.init_stride) = (picture.as_ptr(), stride.into());
            (draw.init_width, draw.init_height) = (width.into(), height.into());
        }
        if self.mask {
            (draw.mask, draw.mask_stride) = (picture.as_ptr(), draw.init_stride);
        }
        let fitting = Picture {
            fits: true,
            width: 0,
            height: 0,
            stride: 0,
            bytes: self.guidance,
        };
        let low_res = match &self.odd {
            Some(Odd::LowRes(picture)) => Some(picture),
            _ => enlarges.then_some(&fitting),
        };
        let small = low_res.map(|low_res| low_res.pixels(2));
        if let (Some(low_res), Some(small)) = (low_res, &small) {
            let [width, height, stride] = low_res.size(2);
            (draw.low_res, draw.low_res_stride) = (small.as_ptr(), stride.into());
            (draw.low_res_width, draw.low_res_height) = (width.into(), height.into());
        }
        call(&draw)
    }
}

impl Picture {
    /// Width, height and stride, where the network's are of this side.
    fn size(&self, side: u8) -> [u8; 3] {
        match self.fits {
            true => [side, side, 4 * side],
            false => [self.width, self.height, self.stride],
        }
    }

    fn pixels(&self, side: u8) -> Vec<u8> {
        let [width, height, stride] = self.size(side);
        let row = 4 * usize::from(width);
        vec![self.bytes; usize::from(height) * row.max(stride.into())]
    }
}

/// Whether a call succeeded; what failed has a sentence, and its result is the last.
fn check(result: iddpm_result) -> bool {
    assert_ne!(result, iddpm_result::IDDPM_PANIC);
    let failed = (result as i32) < 0;
    // SAFETY: nothing is written.
    assert!(
        !failed || unsafe { iddpm_last_error(null_mut(), 0) } > 1,
        "{result:?}"
    );
    assert!(!failed || iddpm_last_result() == result, "{result:?}");
    !failed
}

/// A text with room for so many bytes.
fn text(len: u8, put: impl FnOnce(*mut c_char, usize) -> usize) {
    let mut out = vec![0xFF_u8; len.into()];
    let needed = put(out.as_mut_ptr().cast(), out.len());
    if needed > 0 && len > 0 {
        assert!(out.iter().take(needed).any(|&byte| byte == 0));
    }
}

fn c(text: &[u8]) -> CString {
    let before = text.split(|&byte| byte == 0).next().unwrap_or_default();
    CString::new(before).expect("there is no 0 in it")
}

/// The file of a network as small as any that draws pictures, of two classes, or that enlarges them.
fn model(enlarges: bool) -> &'static [u8] {
    static MODELS: [OnceLock<Vec<u8>>; 2] = [const { OnceLock::new() }; 2];
    MODELS[usize::from(enlarges)].get_or_init(|| {
        let unet = UnetConfig::new(4, 32).with_classes(2).with_null_class();
        let unet = UnetConfig {
            super_resolution: enlarges,
            ..unet
        };
        let file = small_checkpoint(unet).to_bytes(Dtype::F32);
        file.expect("a small file")
    })
}
