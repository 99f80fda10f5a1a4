//! Any bytes are refused as a saved run, or are one that is written and read back the same, and that a model
//! refuses or goes on with. Any text is refused as a drawing, or is one that is written and read back the same.
#![no_main]

use std::sync::OnceLock;

use iddpm::unet::UnetConfig;
use iddpm::{Device, Draw, Model, Saved};
use iddpm_fuzz::small_checkpoint;
use libfuzzer_sys::fuzz_target;

/// Bytes before those that the digest is of; the model's fingerprint follows, then that of the run.
const HEAD: usize = 16;
const FINGERPRINTS: usize = 16;
/// Images that are worth the time of a step.
const MOST: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = core::str::from_utf8(bytes) {
        check_drawing(text);
    }
    if Saved::from_bytes(bytes).is_ok() {
        check(bytes);
    }
    // Random bytes have no digest and no fingerprints that are right, but may be what is behind them.
    let own = own();
    let mut mended = own.get(..HEAD + FINGERPRINTS).unwrap_or_default().to_vec();
    mended.extend(bytes);
    let content = mended.iter().skip(HEAD);
    let digest = content.fold(0xCBF2_9CE4_8422_2325_u64, |digest, &byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    mended[8..HEAD].copy_from_slice(&digest.to_le_bytes());
    for version in 1..=3 {
        mended[4] = version;
        check(&mended);
    }
});

fn check_drawing(text: &str) {
    if let Ok(draw) = text.parse::<Draw>() {
        let written = draw.to_string();
        assert_eq!(written.parse(), Ok(draw), "{written}");
    }
}

fn check(bytes: &[u8]) {
    let Ok(saved) = Saved::from_bytes(bytes) else {
        return;
    };
    // A drawing may be written in other words than it was read from; those stay.
    let written = saved.to_bytes().expect("there is memory for what was read");
    let again = Saved::from_bytes(&written).expect("it was written");
    assert_eq!(again.to_bytes().expect("as before"), written);
    assert_eq!(
        (again.draw(), again.position(), again.made_with()),
        (saved.draw(), saved.position(), saved.made_with())
    );
    let mut studio = model()
        .on(Device::cpu().with_threads(1))
        .expect("a processor");
    if let Ok(mut run) = studio.resume(&saved) {
        assert_eq!(run.position(), saved.position());
        assert_eq!(run.samples(), saved.samples());
        if saved.samples().len() <= MOST {
            // Numbers may be too large for the network.
            let _ = run.advance();
        }
    }
}

/// A network as small as any.
fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| Model::from(small_checkpoint(UnetConfig::new(1, 32))))
}

/// A saved run of the model.
fn own() -> &'static [u8] {
    static OWN: OnceLock<Vec<u8>> = OnceLock::new();
    OWN.get_or_init(|| {
        let mut studio = model()
            .on(Device::cpu().with_threads(1))
            .expect("a processor");
        let mut run = studio.begin(&Draw::new().steps("5"), 1).expect("a drawing");
        let saved = run.save().expect("a beginning");
        saved.to_bytes().expect("a few bytes")
    })
}
