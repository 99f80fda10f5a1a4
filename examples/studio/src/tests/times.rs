//! The histogram's numbers.

use crate::times::{BARS, Times};

#[test]
fn every_frame_is_in_a_bar() {
    let mut times = Times::default();
    for time in [0.0, 1.0, 3.99, 4.0, 7.99, 8.0, 900.0] {
        times.add(time);
    }
    let bars = times.bars(8.0);
    assert_eq!(bars.iter().sum::<usize>(), 7);
    assert_eq!(
        (bars[0], bars[4], bars[15], bars[16], bars[BARS - 1]),
        (1, 1, 1, 1, 3)
    );
    let at = [0.0, 0.5, 0.9, 1.0].map(|share| times.quantile(share));
    assert_eq!(at, [0.0, 4.0, 8.0, 900.0]);
    assert_eq!(Times::default().quantile(0.5), 0.0);
}
