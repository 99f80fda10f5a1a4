//! What `nll` makes of the classes of its data, and what it writes.

use image::{GrayImage, Luma};

use super::scratch::Scratch;
use super::{refuse, succeed};

/// Writes pictures of some classes, the same ones whatever the folder.
fn pictures(scratch: &Scratch, folder: &str, classes: &[(&str, u8)]) {
    std::fs::create_dir_all(scratch.join(folder)).unwrap();
    for (class, value) in classes {
        let picture = GrayImage::from_pixel(8, 8, Luma([*value]));
        let path = scratch.join(&format!("{folder}/{class}_0.png"));
        picture.save(path).unwrap();
    }
}

/// A class keeps the number that it has in training, though another is missing from the data.
#[test]
fn classes_go_by_their_names() {
    let scratch = Scratch::new("held-out");
    pictures(&scratch, "all", &[("axe", 10), ("coin", 90), ("gem", 200)]);
    pictures(&scratch, "gems", &[("gem", 200)]);
    pictures(&scratch, "other", &[("dog", 200)]);
    pictures(&scratch, "two", &[("gem", 200), ("coin", 90)]);
    succeed(
        "train",
        &scratch,
        "--data all --run r --grey --size 8 --multipliers 1 --attention 1 --batch 3 --steps 30 \
         --lr 1e-2 --warm-up 0 --sample-every 0 --backend cpu --ema 0.5",
    );
    let checkpoint = "--checkpoint r/step-00000030/model.safetensors --steps 20";
    let total = |options: &str| {
        let printed = succeed("nll", &scratch, &format!("{checkpoint} {options}"));
        let line = printed.lines().find(|line| line.starts_with("total"));
        line.unwrap().to_owned()
    };
    // One gem alone is class 2, as the same picture in an archive with that number says.
    let pixels = [200; 64];
    super::write_archive(&scratch.join("gem.npz"), [1, 8, 8, 1], &pixels, &[2]);
    super::write_archive(&scratch.join("axe.npz"), [1, 8, 8, 1], &pixels, &[0]);
    let gem = total("--data gem.npz");
    assert_eq!(total("--data gems"), gem);
    assert_ne!(total("--data axe.npz"), gem);

    let line = refuse("nll", &scratch, &format!("{checkpoint} --data other"));
    assert!(line.contains("dog") && line.contains("gem"), "{line}");

    succeed(
        "nll",
        &scratch,
        &format!("{checkpoint} --data two --out terms"),
    );
    for name in ["vb_terms.npz", "xstart_mse_terms.npz", "mse_terms.npz"] {
        let file = std::fs::File::open(scratch.join(&format!("terms/{name}"))).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let array = npyz::NpyFile::new(archive.by_name("arr_0.npy").unwrap()).unwrap();
        assert_eq!(array.shape(), [20], "{name}");
        let terms: Vec<f64> = array.into_vec().unwrap();
        assert!(
            terms.iter().all(|term| term.is_finite() && *term >= 0.0),
            "{name}"
        );
    }
    assert!(scratch.join("terms/terms.svg").exists());
}
