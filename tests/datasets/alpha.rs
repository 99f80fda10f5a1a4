//! Transparency: kept, premultiplied, or painted over a ground; what lies under alpha 0 is seen nowhere.

use std::io::Cursor;
use std::path::Path;

use iddpm::data::{
    self, Alpha, Broken, Classes, DataError, Dataset, Fault, Fit, Kind, Opened, Options, decode,
    load, npz,
};
use iddpm::diffusion::pixels::{over, premultiply, unpremultiply};
use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage,
    Rgba, RgbaImage,
};

use super::scratch::Scratch;
use super::{extents, fault};

fn bytes(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    bytes(image, ImageFormat::Png)
}

/// Four of every six pixels opaque, one half so, one not at all: of this colour there.
fn picture(unseen: [u8; 3]) -> RgbaImage {
    RgbaImage::from_fn(6, 6, |x, y| {
        let [red, green, blue] = unseen;
        match (x + y) % 6 {
            0 => Rgba([red, green, blue, 0]),
            1 => Rgba([200, 100, 50, 128]),
            _ => Rgba([10 * x as u8, 20 * y as u8, 255, 255]),
        }
    })
}

fn open(path: impl AsRef<Path>, side: usize, alpha: Option<Alpha>) -> Result<Opened, DataError> {
    let fit = Fit::Pictures {
        extents: extents(3, side, side),
        given: &[],
    };
    let classes = Classes::None;
    data::open(
        path,
        &Options {
            fit,
            classes,
            alpha,
        },
    )
}

const BLACK: Alpha = Alpha::Over([0; 3]);

/// In a folder and in an archive, kept and painted over, resized and not.
#[test]
fn what_lies_under_alpha_0_is_no_part_of_the_data() {
    let scratch = Scratch::new("alpha-under");
    for (name, unseen) in [("one", [0, 255, 0]), ("two", [255, 0, 255])] {
        let picture = picture(unseen);
        scratch.write(&format!("{name}/a.png"), &png(picture.clone()));
        let archive = super::archive::archive([1, 6, 6, 4], picture.as_raw(), &[]);
        scratch.write(&format!("{name}.npz"), &archive);
    }
    let mut prints = Vec::new();
    for alpha in [None, Some(Alpha::Keep), Some(BLACK)] {
        for (side, suffix) in [(6, ""), (3, ""), (5, ""), (6, ".npz")] {
            let [one, two] = ["one", "two"]
                .map(|name| open(scratch.join(&format!("{name}{suffix}")), side, alpha).unwrap());
            assert_eq!(one.get(0).unwrap(), two.get(0).unwrap(), "{alpha:?}");
            assert_eq!((one.transparent(), two.transparent()), (1, 1));
            let [one, two] = [one, two].map(|data| data.fingerprint(Broken::Fatal).unwrap());
            assert_eq!(one, two, "{alpha:?}, {side}{suffix}");
            prints.push(one);
        }
    }
    prints.sort_unstable();
    prints.dedup();
    // An archive of its own accord is kept.
    assert_eq!(prints.len(), 3 * 4 - 1);
}

/// Where nothing is transparent, no choice of a ground changes what a run knows its data by.
#[test]
fn opaque_data_is_the_same_over_any_ground() {
    let scratch = Scratch::new("alpha-opaque");
    scratch.write(
        "a.png",
        &png(RgbaImage::from_pixel(4, 4, Rgba([1, 2, 3, 255]))),
    );
    scratch.write("b.png", &png(RgbImage::from_pixel(4, 4, Rgb([1, 2, 3]))));
    let print = |alpha| {
        let opened = open(scratch.path(), 4, alpha).unwrap();
        assert_eq!(opened.transparent(), 0);
        let text = opened.to_string();
        assert_eq!(
            text.contains("transparent"),
            alpha == Some(Alpha::Keep),
            "{text}"
        );
        opened.fingerprint(Broken::Fatal).unwrap()
    };
    assert_eq!(print(None), print(Some(BLACK)));
    assert_ne!(print(None), print(Some(Alpha::Keep)));
}

/// A red square on nothing, green under it. Halving is the mean of four premultiplied pixels, each axis rounded
/// to the nearest: within 1. The cubic is that of each premultiplied channel as a grey picture, and no colour is more
/// than its alpha.
#[test]
fn resizing_mixes_only_what_is_seen() {
    let alpha = |x: u32, y: u32| match (2..6).contains(&x) && (1..5).contains(&y) {
        true => (90 + 20 * x + y) as u8,
        false => 0,
    };
    let square = RgbaImage::from_fn(8, 8, |x, y| match alpha(x, y) {
        0 => Rgba([0, 255, 0, 0]),
        alpha => Rgba([220, 0, 0, alpha]),
    });
    let bytes = png(square);
    let red = |x, y| premultiply(220, alpha(x, y));
    let half = decode(&bytes, extents(4, 4, 4)).unwrap();
    for at in 0..16 {
        let (x, y) = (2 * (at % 4), 2 * (at / 4));
        let four = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)];
        let mean = |of: &dyn Fn(u32, u32) -> u8| {
            f64::from(four.map(|(x, y)| u32::from(of(x, y))).iter().sum::<u32>()) / 4.0
        };
        let at = at as usize;
        assert!((f64::from(half[at]) - mean(&red)).abs() <= 1.0);
        assert!((f64::from(half[48 + at]) - mean(&alpha)).abs() <= 1.0);
    }
    assert_eq!(half[16..48], [0; 32]);
    for side in [5, 7, 11] {
        let grey = |of: &dyn Fn(u32, u32) -> u8| {
            let plane = GrayImage::from_fn(8, 8, |x, y| Luma([of(x, y)]));
            decode(&png(plane), extents(1, side, side)).unwrap()
        };
        let (red, alpha) = (grey(&red), grey(&alpha));
        let fitted = decode(&bytes, extents(4, side, side)).unwrap();
        let (plane, planes) = (side * side, fitted.chunks(side * side));
        let [found_red, green, blue, found_alpha] = planes.collect::<Vec<_>>()[..] else {
            panic!("four planes");
        };
        assert_eq!(found_alpha, alpha);
        for at in 0..plane {
            assert_eq!(found_red[at], red[at].min(alpha[at]), "{side}: {at}");
        }
        assert!(green.iter().chain(blue).all(|&value| value == 0));
        assert!(alpha.iter().any(|alpha| (1..80).contains(alpha)), "an edge");
    }
}

/// A PNG of two pixels with a palette: red with this alpha, then blue, opaque.
fn with_palette(alpha: u8) -> Vec<u8> {
    let checksum = |bytes: &[u8]| {
        !bytes.iter().fold(!0_u32, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte), |sum, _| {
                (sum >> 1) ^ (0xEDB8_8320 * (sum & 1))
            })
        })
    };
    let chunk = |name: &[u8], data: &[u8]| {
        let named = [name, data].concat();
        let (len, sum) = (data.len() as u32, checksum(&named));
        [&len.to_be_bytes()[..], &named, &sum.to_be_bytes()].concat()
    };
    // A row: no filter, then the two places of the palette, stored and not packed; Adler's checksum.
    let data = [0x78, 1, 1, 3, 0, 0xFC, 0xFF, 0, 0, 1, 0, 5, 0, 2];
    [
        b"\x89PNG\r\n\x1A\n".to_vec(),
        chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0]),
        chunk(b"PLTE", &[255, 0, 0, 0, 0, 255]),
        chunk(b"tRNS", &[alpha]),
        chunk(b"IDAT", &data),
        chunk(b"IEND", &[]),
    ]
    .concat()
}

/// Two pixels beside each other; the first is transparent, or half so, the second opaque.
#[test]
fn every_kind_of_picture_kept_and_painted_over() {
    let scratch = Scratch::new("alpha-kinds");
    let wide: ImageBuffer<Rgba<u16>, Vec<u16>> = ImageBuffer::from_fn(2, 1, |x, _| match x {
        0 => Rgba([65535, 255, 0, 0x80FF]),
        _ => Rgba([0, 0, 65535, 65535]),
    });
    let eight = RgbaImage::from_raw(2, 1, vec![255, 0, 0, 128, 0, 0, 255, 255]).unwrap();
    let none = RgbaImage::from_raw(2, 1, vec![255, 0, 0, 0, 0, 0, 255, 255]).unwrap();
    let grey = GrayAlphaImage::from_fn(2, 1, |x, _| LumaA([[200, 128], [30, 255]][x as usize]));
    let half_red = ([128, 0, 0, 0, 0, 255, 128, 255], [255, 0, 127, 0, 127, 255]);
    let no_red = ([0, 0, 0, 0, 0, 255, 0, 255], [255, 0, 255, 0, 255, 255]);
    let half_grey = premultiply(200, 128);
    let white_grey = over(200, 128, 255);
    let cases = [
        ("palette-half", with_palette(128), half_red),
        ("palette", with_palette(0), no_red),
        ("rgba", png(eight.clone()), half_red),
        ("rgba16", png(wide), half_red),
        ("gif", bytes(none.clone(), ImageFormat::Gif), no_red),
        ("none", png(none), no_red),
        (
            "grey",
            png(grey),
            (
                [half_grey, 30, half_grey, 30, half_grey, 30, 128, 255],
                [white_grey, 30, white_grey, 30, white_grey, 30],
            ),
        ),
    ];
    for (name, bytes, (kept, painted)) in cases {
        let path = scratch.write(name, &bytes);
        assert_eq!(load(&path, extents(4, 1, 2)).unwrap(), kept, "{name}");
        assert_eq!(load(&path, extents(3, 1, 2)).unwrap(), painted, "{name}");
        let print = |alpha| {
            let fit = Fit::Pictures {
                extents: extents(3, 1, 2),
                given: &[],
            };
            let classes = Classes::None;
            let options = Options {
                fit,
                classes,
                alpha,
            };
            let opened = data::open(&path, &options).unwrap();
            assert_eq!(opened.transparent(), 1, "{name}");
            opened.fingerprint(Broken::Fatal).unwrap()
        };
        assert_eq!(print(None), print(Some(Alpha::WHITE)), "{name}");
        let others = [Some(Alpha::Keep), Some(BLACK)].map(print);
        assert!(
            others[0] != others[1] && !others.contains(&print(None)),
            "{name}"
        );
    }
    // What has none is opaque; a colour that is not seen is none.
    let opaque = png(RgbImage::from_pixel(2, 1, Rgb([1, 2, 3])));
    let kept = decode(&opaque, extents(4, 1, 2)).unwrap();
    assert_eq!(kept, [1, 1, 2, 2, 3, 3, 255, 255]);
    let jpeg = bytes(GrayImage::from_pixel(2, 1, Luma([9])), ImageFormat::Jpeg);
    let kept = decode(&jpeg, extents(4, 1, 2)).unwrap();
    assert_eq!(kept[6..], [255; 2]);
    let unseen = png(RgbaImage::from_raw(2, 1, vec![255, 0, 0, 0, 7, 7, 7, 255]).unwrap());
    assert_eq!(decode(&unseen, extents(1, 1, 2)).unwrap(), [255, 7]);
    let seen = decode(&png(eight), extents(1, 1, 2));
    let colour = Fault::Colour { x: 0, y: 0 };
    assert_eq!(seen.unwrap_err(), DataError::Images(colour));
}

/// Pictures with alpha and without are one data set, and what is said of it says what was done.
#[test]
fn a_mixed_folder() {
    let scratch = Scratch::new("alpha-mixed");
    scratch.write("a.png", &png(picture([0; 3])));
    scratch.write("b.png", &png(RgbImage::from_pixel(6, 6, Rgb([1, 2, 3]))));
    scratch.write("c.png", b"\x89PNG\r\n\x1A\n broken");
    for (alpha, channels, says) in [
        (None, 3, "\ntransparent: 1 image, painted over #ffffff"),
        (Some(Alpha::Over([1, 2, 0xAB])), 3, "painted over #0102ab"),
        (Some(Alpha::Keep), 4, "\ntransparent: 1 image, kept so"),
    ] {
        let opened = open(scratch.path(), 6, alpha).unwrap();
        assert_eq!(opened.extents(), extents(channels, 6, 6));
        assert!(opened.to_string().ends_with(says), "{opened}");
        let opaque = opened.get(1).unwrap().pixels;
        let planes = [[1; 36], [2; 36], [3; 36], [255; 36]].concat();
        assert_eq!(opaque[..], planes[..36 * channels]);
        assert!(matches!(
            fault(opened.get(2), "c.png"),
            Fault::Undecodable { .. }
        ));
    }
}

/// From a picture to what is trained on and back: exact where it is opaque or not at all, elsewhere within
/// 255/(2·alpha) + 1/2 of each colour.
#[test]
fn a_picture_comes_back() {
    let scratch = Scratch::new("alpha-back");
    let straight = RgbaImage::from_fn(256, 256, |x, y| {
        Rgba([x as u8, 255 - x as u8, (x / 3) as u8, y as u8])
    });
    scratch.write("a.png", &png(straight.clone()));
    let opened = open(scratch.path(), 256, Some(Alpha::Keep)).unwrap();
    let image = opened.get(0).unwrap().pixels;
    for (at, pixel) in straight.pixels().enumerate() {
        let alpha = pixel.0[3];
        assert_eq!(image[3 * 65536 + at], alpha);
        for channel in 0..3 {
            let kept = image[channel * 65536 + at];
            let (back, was) = (unpremultiply(kept, alpha), pixel.0[channel]);
            assert_eq!(premultiply(back, alpha), kept);
            match alpha {
                0 => assert_eq!((kept, back), (0, 0)),
                255 => assert_eq!((kept, back), (was, was)),
                _ => {
                    let bound = 255.0 / (2.0 * f64::from(alpha)) + 0.5;
                    assert!(f64::from(back.abs_diff(was)) <= bound, "{was}, {alpha}");
                }
            }
        }
    }
}

/// Straight in the file; premultiplied in memory, or painted over.
#[test]
fn archives_of_two_and_four_channels() {
    let scratch = Scratch::new("alpha-archives");
    let four = super::archive::archive([1, 1, 2, 4], &[255, 0, 9, 0, 200, 100, 50, 128], &[]);
    let four = scratch.write("four.npz", &four);
    let two = super::archive::archive([1, 1, 2, 2], &[200, 128, 9, 255], &[]);
    let two = scratch.write("two.npz", &two);
    let kept = [0, 100, 0, 50, 0, 25, 0, 128];
    assert_eq!(npz::open(&four).unwrap().pixels(), kept);
    assert_eq!(npz::open(&two).unwrap().pixels(), [100, 9, 128, 255]);
    let red = Alpha::Over([255, 0, 0]);
    for (path, alpha, channels, pixels) in [
        (&four, Some(Alpha::Keep), 4, &kept[..]),
        (&four, None, 4, &kept),
        (&four, Some(BLACK), 3, &kept[..6]),
        (&four, Some(red), 3, &[255, 227, 0, 50, 0, 25]),
        (&two, None, 2, &[100, 9, 128, 255]),
        (&two, Some(BLACK), 1, &[100, 9]),
        (&two, Some(red), 3, &[227, 9, 100, 9, 100, 9]),
    ] {
        let opened = open(path, 9, alpha).unwrap();
        assert_eq!(opened.extents(), extents(channels, 1, 2));
        assert_eq!(opened.get(0).unwrap().pixels, pixels, "{alpha:?}");
        let told = alpha.unwrap_or(Alpha::Keep);
        let says = if told == Alpha::Keep {
            "kept"
        } else {
            "painted"
        };
        let says = format!("\ntransparent: 1 image, {says}");
        assert!(opened.to_string().contains(&says), "{opened}");
        // A network's extents are those of what is made of it.
        let fit = Fit::Exactly(extents(channels, 1, 2));
        let classes = Classes::None;
        let options = Options {
            fit,
            classes,
            alpha,
        };
        assert_eq!(data::open(path, &options).unwrap().len(), 1);
    }
    let fit = Fit::Exactly(extents(3, 1, 2));
    let (classes, alpha) = (Classes::None, None);
    let other = data::open(
        &four,
        &Options {
            fit,
            classes,
            alpha,
        },
    );
    let (found, expected) = (extents(4, 1, 2), extents(3, 1, 2));
    assert_eq!(fault(other, "four.npz"), Fault::Extents { found, expected });
}

#[test]
fn what_cannot_be_done_with_alpha() {
    let scratch = Scratch::new("alpha-refused");
    super::grey(&scratch.join("grey.png"), 7);
    let path = scratch.join("grey.png");
    let asked = |fit, alpha| {
        let classes = Classes::None;
        let alpha = Some(alpha);
        data::open(
            &path,
            &Options {
                fit,
                classes,
                alpha,
            },
        )
    };
    let given = &[];
    let pictures = |channels| Fit::Pictures {
        extents: extents(channels, 4, 4),
        given,
    };
    let exactly = |channels| Fit::Exactly(extents(channels, 4, 4));
    let red = Alpha::Over([255, 0, 0]);
    for (fit, alpha, channels, says) in [
        (
            pictures(1),
            Alpha::Keep,
            1,
            "alpha keep: images are to have 1 channel,",
        ),
        (exactly(3), Alpha::Keep, 3, "have 4 where it is kept"),
        (pictures(4), Alpha::WHITE, 4, "alpha over:#ffffff: images"),
        (pictures(1), red, 1, "grey over a grey ground alone"),
    ] {
        let error = asked(fit, alpha).unwrap_err();
        assert_eq!(error, DataError::Alpha { alpha, channels });
        assert!(error.to_string().contains(says), "{error}");
    }
    for (fit, alpha, channels) in [
        (pictures(3), Alpha::Keep, 4),
        (exactly(4), Alpha::Keep, 4),
        (pictures(1), BLACK, 1),
        (exactly(3), red, 3),
    ] {
        assert_eq!(
            asked(fit, alpha).unwrap().extents(),
            extents(channels, 4, 4)
        );
    }
    let archive = super::archive::archive([1, 4, 4, 3], &[0; 48], &[]);
    let archive = scratch.write("x.npz", &archive);
    let batch = scratch.write("x.bin", &[0; 3073]);
    for (path, kind) in [(archive, Kind::Archive), (batch, Kind::Cifar10)] {
        for alpha in [Alpha::Keep, BLACK] {
            let error = open(&path, 4, Some(alpha)).unwrap_err();
            let path = path.clone();
            assert!(error.to_string().contains("whose images have no alpha"));
            assert_eq!(error, DataError::Opaque { path, kind, alpha });
        }
    }
}

#[test]
fn the_words_for_alpha() {
    for alpha in [Alpha::Keep, Alpha::WHITE, Alpha::Over([0, 0x1A, 0xFF])] {
        assert_eq!(alpha.to_string().parse(), Ok(alpha));
    }
    assert_eq!("over:#A0b1C2".parse(), Ok(Alpha::Over([0xA0, 0xB1, 0xC2])));
    for text in [
        "",
        "Keep",
        "over",
        "over:",
        "over:#12345",
        "over:#1234567",
        "over:#+12345",
        "over:white",
        "#ffffff",
    ] {
        let error = text.parse::<Alpha>().unwrap_err();
        assert_eq!(error.text, text);
        assert!(
            error.to_string().contains("keep nor over:#rrggbb"),
            "{error}"
        );
    }
}
