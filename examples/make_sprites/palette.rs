//! Colours, as ramps from shadow to light. Hues turn cold in the shadow and warm in the light.

pub(crate) type Rgb = [u8; 3];

/// Behind every item, where pictures are to be opaque.
pub(crate) const GROUND: Rgb = [0x46, 0x50, 0x73];
/// Round every item, tinted by what it is round.
const INK: Rgb = [0x14, 0x10, 0x22];

/// A material: five shades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ramp(pub(crate) [u32; 5]);

impl Ramp {
    /// The shade for a level of light in [0, 1].
    pub(crate) fn shade(self, level: f32) -> Rgb {
        let at = (level * 5.0).clamp(0.0, 4.0) as usize;
        let [_, red, green, blue] = self.0[at].to_be_bytes();
        [red, green, blue]
    }

    /// The darkest shade, most of the way to ink.
    pub(crate) fn outline(self) -> Rgb {
        let dark = self.shade(0.0);
        std::array::from_fn(|at| ((u16::from(dark[at]) + 2 * u16::from(INK[at])) / 3) as u8)
    }
}

pub(crate) const RED: Ramp = Ramp([0x5a1029, 0x9e1c37, 0xd6353f, 0xf2665a, 0xffb199]);
pub(crate) const ORANGE: Ramp = Ramp([0x6b2412, 0xa8431a, 0xe06f24, 0xf79c3d, 0xffd27a]);
pub(crate) const GOLD: Ramp = Ramp([0x6e4016, 0xa86a1c, 0xdfa02c, 0xf8cc4a, 0xfff2a8]);
pub(crate) const GREEN: Ramp = Ramp([0x12402f, 0x1f6b3a, 0x3f9c43, 0x7cc94f, 0xc9ee84]);
pub(crate) const TEAL: Ramp = Ramp([0x0f3f4f, 0x14707a, 0x22a699, 0x5cd6b3, 0xbaf5d4]);
pub(crate) const BLUE: Ramp = Ramp([0x1d2a6b, 0x2848a8, 0x3a74dc, 0x62aaf2, 0xb4e2ff]);
pub(crate) const PURPLE: Ramp = Ramp([0x371a5e, 0x5f2c99, 0x8f4bd0, 0xbb7cee, 0xe9c0ff]);
pub(crate) const PINK: Ramp = Ramp([0x701a52, 0xb02f74, 0xe35a95, 0xf78fb5, 0xffcfdc]);
pub(crate) const STEEL: Ramp = Ramp([0x343a52, 0x5b6580, 0x8a97b0, 0xb9c6d6, 0xf4fafc]);
pub(crate) const IRON: Ramp = Ramp([0x22253a, 0x383f58, 0x565f78, 0x7e889a, 0xb5bfc9]);
pub(crate) const COPPER: Ramp = Ramp([0x5e2a1c, 0x944428, 0xc76d3f, 0xe89d63, 0xfbd09f]);
pub(crate) const BONE: Ramp = Ramp([0x6b5a52, 0xa08a76, 0xcdb99a, 0xe9dcbd, 0xfbf6e3]);
pub(crate) const WOOD: Ramp = Ramp([0x3f2218, 0x633823, 0x8b5530, 0xb57c45, 0xdba96b]);
pub(crate) const PALE: Ramp = Ramp([0x5b5470, 0x8f8aa3, 0xc3bfcd, 0xe6e2e6, 0xffffff]);
pub(crate) const GLASS: Ramp = Ramp([0x4a6a88, 0x7a9fb8, 0xa9c9d8, 0xd4eaef, 0xf8ffff]);
pub(crate) const DARK: Ramp = Ramp([0x16121f, 0x1f1a2b, 0x2b2438, 0x3b3348, 0x4f465c]);
pub(crate) const AUTUMN: Ramp = Ramp([0x5c1f1c, 0x963420, 0xcf5a26, 0xee8a32, 0xfcc163]);
pub(crate) const PINE: Ramp = Ramp([0x0e3138, 0x175247, 0x2b7a52, 0x55a35a, 0x9fd07a]);

/// The metals of coins, keys and fittings.
pub(crate) const METALS: [Ramp; 4] = [GOLD, GOLD, STEEL, COPPER];
/// What is bright.
pub(crate) const BRIGHTS: [Ramp; 7] = [RED, ORANGE, GREEN, TEAL, BLUE, PURPLE, PINK];
