//! Numbers from a name, as the golden parameters are made: any program can make the same ones, so that no
//! weights need to be passed on.

/// Numbers in center ± scale: splitmix64 under the key `seed` ⊕ fnv1a64(`name`), the upper 24 bits as u in
/// [0, 1), center + scale·(2u - 1).
pub(crate) fn generate(seed: u64, name: &str, len: usize, center: f64, scale: f64) -> Vec<f32> {
    let mut key = 0xCBF2_9CE4_8422_2325_u64;
    for byte in name.bytes() {
        key = (key ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    }
    let key = key ^ seed;
    let number = |i: u64| {
        let mut z = key.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        let u = (z >> 40) as f64 / f64::from(1 << 24);
        (center + scale * (2.0 * u - 1.0)) as f32
    };
    (0..len as u64).map(number).collect()
}
