//! The public implementation's command line has no dead ends.

use iddpm::checkpoint::{CheckpointError as Error, Flags};
use iddpm::diffusion::WeightSet;

#[test]
fn every_flag_that_is_listed_is_known_and_no_other() {
    for name in Flags::NAMES {
        for value in ["", "1", "true", "linear"] {
            let set = Flags::default().set(name, value);
            assert!(!matches!(set, Err(Error::UnknownFlag { .. })), "{name}");
        }
    }
    let text = Flags::default().set("lr", "1e-4").unwrap_err().to_string();
    for name in Flags::NAMES {
        assert!(text.contains(name), "{text}");
    }
}

/// A size without multipliers of its own: the message says what to give, and that is enough.
#[test]
fn any_size_is_taken_with_its_multipliers() {
    let flags = |text: &str| text.parse::<Flags>().unwrap();
    for size in ["--image_size 128", "--large_size 512 --small_size 128"] {
        let text = flags(size).unet().unwrap_err().to_string();
        for part in ["128", "64", "256", "--channel-mult"] {
            assert!(text.contains(part) || size.contains("512"), "{text}");
        }
        let given = flags(&format!("{size} --channel_mult 1,1,2,3,4"));
        let unet = given.unet().unwrap();
        assert_eq!(unet.channel_mult, [1, 1, 2, 3, 4]);
        let side = given.image_size;
        assert_eq!(given.size().height, side);
        let factors = [side / 16, side / 8];
        let there: Vec<usize> = factors.into_iter().filter(|&factor| factor <= 16).collect();
        assert_eq!(unet.attention_factors, there);
    }
    // As many levels as no number has bits.
    let levels = vec!["1"; 100].join(",");
    let deep = flags(&format!("--image_size 128 --channel_mult {levels}"));
    assert!(matches!(deep.unet(), Err(Error::Config(_))));
    assert!(deep.describe(WeightSet::Raw, 0).is_ok());
}
