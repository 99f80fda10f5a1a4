//! Any bytes are refused as a saved state, or are exactly what saving it again gives.
#![no_main]

use iddpm::diffusion::{
    Clip, Diffusion, Error, InlineProcess, Method, Sampler, SamplerState, Schedule, Timesteps,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(state) = SamplerState::from_bytes(bytes) {
        assert_eq!(state.to_bytes(), bytes);
    }

    let number = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let position = u32::from_le_bytes([0, 1, 2, 3].map(number));
    let fingerprint = u64::from_le_bytes([4, 5, 6, 7, 8, 9, 10, 11].map(number));
    let state = SamplerState {
        fingerprint,
        position,
    };
    assert_eq!(SamplerState::from_bytes(&state.to_bytes()), Ok(state));

    // Any one bit altered is noticed.
    let mut altered = state.to_bytes();
    altered[usize::from(number(12)) % SamplerState::BYTES] ^= 1 << (number(13) % 8);
    assert!(SamplerState::from_bytes(&altered).is_err());

    // A run takes its own states up to its end, and no others.
    let model = Diffusion::new(Schedule::Cosine, 8);
    let process = InlineProcess::<4>::new(&model, Timesteps::even(4)).expect("a sound process");
    let mut sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).expect("a sound run");
    let own = sampler.state().fingerprint;
    assert_eq!(
        sampler.resume(state).is_ok(),
        fingerprint == own && position <= 4
    );
    match sampler.resume(SamplerState {
        fingerprint: own,
        position,
    }) {
        Ok(()) => assert_eq!(sampler.len(), 4 - position as usize),
        Err(error) => assert_eq!(error, Error::PositionOutOfRange { position, len: 4 }),
    }
});
