//! Every colour under every alpha.

use iddpm::diffusion::pixels::{over, premultiply, unpremultiply};

/// The nearest whole number, by reals: no result of 255 lies in the middle of two.
#[test]
fn painting_over_rounds_to_the_nearest() {
    for colour in 0..=255_u8 {
        for alpha in 0..=255 {
            for ground in [0, 1, 100, 254, 255] {
                let [c, a, g] = [colour, alpha, ground].map(f64::from);
                let exact = (c * a + g * (255.0 - a)) / 255.0;
                assert_eq!(f64::from(over(colour, alpha, ground)), exact.round());
            }
            assert_eq!(over(colour, 0, 9), 9);
            assert_eq!(over(colour, 255, 9), colour);
            assert_eq!(premultiply(colour, alpha), over(colour, alpha, 0));
        }
    }
}

/// What is premultiplied comes back to the bit, a straight colour within 255/(2·alpha) + 1/2.
#[test]
fn premultiplying_and_back() {
    for colour in 0..=255_u8 {
        assert_eq!(unpremultiply(colour, 255), colour);
        assert_eq!(unpremultiply(colour, 0), 0);
        for alpha in 1..=255_u8 {
            let kept = premultiply(colour, alpha);
            assert!(kept <= alpha);
            let bound = 255.0 / (2.0 * f64::from(alpha)) + 0.5;
            let back = unpremultiply(kept, alpha);
            assert!(f64::from(back.abs_diff(colour)) <= bound);
            // Of what is no more than its alpha, the nearest, a half up.
            let of = colour.min(alpha);
            let exact = 255.0 * f64::from(of) / f64::from(alpha);
            let straight = unpremultiply(colour, alpha);
            assert_eq!(f64::from(straight), (exact + 0.5).floor());
            assert_eq!(premultiply(straight, alpha), of);
        }
    }
}
