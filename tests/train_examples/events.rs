//! The log for TensorBoard, read again from the definition of its format; grids as they are asked for.

use std::fs;

use super::scratch::Scratch;
use super::{refuse, succeed, write_archive};

const OPTIONS: &str = "--data d.npz --backend cpu --multipliers 1 --attention 1 --heads 1 --batch 4 \
     --timesteps 20 --log-every 1 --run r";

fn data(scratch: &Scratch) {
    let pixels: Vec<u8> = (0..64 * 9).map(|at| (at * at % 251) as u8).collect();
    let labels: Vec<i64> = (0..9).map(|at| at % 3).collect();
    write_archive(&scratch.join("d.npz"), [9, 8, 8, 1], &pixels, &labels);
}

/// CRC-32C bit by bit, and as TFRecord files mask it.
fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xA282_EAD8)
}

fn records(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    while !file.is_empty() {
        let len = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        assert_eq!(word(&file[8..12]), checksum(&file[..8]));
        let bytes = &file[12..12 + len];
        assert_eq!(word(&file[12 + len..16 + len]), checksum(bytes));
        all.push(bytes.to_vec());
        file = &file[16 + len..];
    }
    all
}

/// Fields of a message: number, and what is in it.
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let len = match key & 7 {
            0 => {
                all.push((key >> 3, Field::Number(varint(&mut bytes))));
                continue;
            }
            1 => 8,
            5 => 4,
            2 => varint(&mut bytes) as usize,
            kind => panic!("{kind}"),
        };
        all.push((key >> 3, Field::Bytes(bytes[..len].to_vec())));
        bytes = &bytes[len..];
    }
    all
}

/// Step, tag and number of each value.
fn scalars(scratch: &Scratch) -> Vec<(u64, String, f32)> {
    let file = fs::read(scratch.join("r/events.out.tfevents.iddpm")).unwrap();
    let mut all = Vec::new();
    for (at, event) in records(&file).iter().enumerate() {
        let fields_of = fields(event);
        let mut step = 0;
        for (number, field) in fields_of {
            match (number, field) {
                (1, Field::Bytes(time)) => assert_eq!(time.len(), 8),
                (2, Field::Number(number)) => step = number,
                (3, Field::Bytes(version)) => {
                    assert_eq!((at, &version[..]), (0, &b"brain.Event:2"[..]))
                }
                (5, Field::Bytes(summary)) => {
                    for (_, value) in fields(&summary) {
                        let Field::Bytes(value) = value else {
                            panic!("{step}")
                        };
                        let parts = fields(&value);
                        let [(1, Field::Bytes(tag)), (2, Field::Bytes(number))] = &parts[..] else {
                            panic!("{step}")
                        };
                        let tag = String::from_utf8(tag.clone()).unwrap();
                        all.push((
                            step,
                            tag,
                            f32::from_le_bytes(number[..].try_into().unwrap()),
                        ));
                    }
                }
                (other, _) => panic!("{other}"),
            }
        }
    }
    all
}

/// The same numbers as in the log's lines, also of a run that went back to a saved state.
#[test]
fn events_are_the_numbers_of_the_log() {
    let scratch = Scratch::new("train-events");
    data(&scratch);
    let options = format!("{OPTIONS} --sample-every 0 --save-every 2");
    succeed("train", &scratch, &format!("{options} --steps 5"));
    fs::remove_dir_all(scratch.join("r/step-00000005")).unwrap();
    fs::write(scratch.join("r/latest"), "step-00000004").unwrap();
    succeed("train", &scratch, "--run r --resume --steps 12");
    let found = scalars(&scratch);
    let log = fs::read_to_string(scratch.join("r/log.jsonl")).unwrap();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let (mut steps, mut count) = (Vec::new(), 0);
    for line in lines {
        let step = line["step"].as_u64().unwrap();
        steps.push(step);
        for (name, tag) in [
            ("loss", "loss"),
            ("mse", "mse"),
            ("lr", "lr"),
            ("grad_norm", "grad_norm"),
        ] {
            let same = |it: &&(u64, String, f32)| it.0 == step && it.1 == tag;
            let expected = line[name].as_f64().unwrap() as f32;
            let values: Vec<f32> = found.iter().filter(same).map(|it| it.2).collect();
            assert_eq!(values, [expected], "{step} {name}");
            count += 1;
        }
    }
    assert_eq!(steps, (1..=12).collect::<Vec<_>>());
    assert!(found.len() > count);
    assert!(found.iter().any(|it| it.1.starts_with("loss/")));
}

/// The plot is there from the first saved state on, grids are as large as asked for and of the classes asked for.
#[test]
fn grids_are_as_they_are_asked_for() {
    let scratch = Scratch::new("train-grids");
    data(&scratch);
    let grids =
        "--sample-every 2 --sample-steps 3 --sample-method ddim --sample-rows 2 --sample-class 1";
    succeed(
        "train",
        &scratch,
        &format!("{OPTIONS} {grids} --steps 2 --save-every 1"),
    );
    let grid = image::open(scratch.join("r/samples-00000002.png")).unwrap();
    // Three classes are three columns; eight pixels are shown as 64.
    assert_eq!(
        (grid.width(), grid.height()),
        (3 * 66 + 2, 2 * (64 + 12 + 2) + 2)
    );
    assert!(scratch.join("r/loss.svg").exists());
    for (bad, due) in [
        ("--sample-steps 99", "train: --sample-steps 99: "),
        ("--sample-class none", "train: --sample-class \"none\": "),
        ("--sample-rows 0", "--sample-rows"),
        ("--sample-method best", "--sample-method"),
    ] {
        let options = OPTIONS.replace("--run r", "--run q");
        let why = refuse("train", &scratch, &format!("{options} {bad} --steps 1"));
        assert!(why.contains(due) || due.starts_with("--"), "{bad}: {why}");
    }
}
