use super::{Subject, forward, normals};

const BATCH: usize = 4;

/// One image of a batch as a batch of its own.
fn alone(whole: &Subject, n: usize) -> Subject {
    let part = |values: &[f32]| {
        let len = values.len() / BATCH;
        values[n * len..][..len].to_vec()
    };
    Subject {
        x: part(&whole.x),
        timesteps: part(&whole.timesteps),
        low_res: part(&whole.low_res),
        labels: vec![whole.labels[n]],
        ..Subject::new(1)
    }
}

#[test]
fn a_batch_is_its_images_one_by_one() {
    let whole = Subject::new(BATCH);
    let (plain, fast) = (whole.plain(&whole.inputs()).unwrap(), whole.fast(2));
    let len = plain.len() / BATCH;
    for n in 0..BATCH {
        let one = alone(&whole, n);
        assert!(one.plain(&one.inputs()).unwrap() == plain[n * len..][..len]);
        assert!(one.fast(1) == fast[n * len..][..len]);
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let subject = Subject::new(3);
    let one = subject.fast(1);
    for threads in [0, 2, 3, 5] {
        assert!(subject.fast(threads) == one, "{threads} threads");
    }
}

#[test]
fn the_plain_way_and_the_fast_one_agree() {
    for width in [(32, 32), (8, 4), (16, 8), (24, 3), (64, 1)] {
        let subject = Subject::of(width, 2);
        let (plain, fast) = (subject.plain(&subject.inputs()).unwrap(), subject.fast(2));
        let largest = plain.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        assert!(largest > 0.01);
        for (a, b) in plain.iter().zip(&fast) {
            assert!((a - b).abs() < 2e-5 * largest, "{width:?}: {a} {b}");
        }
    }
}

#[test]
fn nothing_is_left_of_a_run_that_overflowed() {
    let mut subject = Subject::new(2);
    for weight in &mut subject.weights {
        *weight *= 10.0;
    }
    let mut network = subject.network(2);
    let huge = vec![f32::MAX; subject.x.len()];
    let mut inputs = subject.inputs();
    inputs.x = &huge;
    assert!(forward(&mut network, &inputs).is_err());
    assert!(forward(&mut network, &subject.inputs()).unwrap() == subject.fast(2));
}

#[test]
fn every_input_matters() {
    let subject = Subject::new(2);
    let base = subject.fast(1);
    let (other_x, other_low) = (
        normals(8, subject.x.len()),
        normals(9, subject.low_res.len()),
    );
    let inputs = subject.inputs();
    let variants = [
        iddpm::cpu::Inputs {
            x: &other_x,
            ..inputs
        },
        iddpm::cpu::Inputs {
            low_res: Some(&other_low),
            ..inputs
        },
        iddpm::cpu::Inputs {
            labels: Some(&[9, 9]),
            ..inputs
        },
        iddpm::cpu::Inputs {
            timesteps: &[900.0, 3.0],
            ..inputs
        },
    ];
    for variant in variants {
        assert!(forward(&mut subject.network(1), &variant).unwrap() != base);
    }
}
