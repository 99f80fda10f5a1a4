//! A batch of images: from one step, and put where a saved one was; an image without a heap.

use iddpm::cpu::{Bare, Generation, Inputs, Network, NetworkError, NetworkSlice};
use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Image, InlineProcess, Method, Noise, Paused, Prediction, Query,
    RunError, Sample, Sampler, Schedule, Slice as DiffusionSlice, Timesteps,
};
use iddpm::unet::Weights;

use super::Subject;

fn begin<'p>(subject: &Subject, sampler: &Sampler<'p>) -> Generation<'p> {
    let sample = |number: u64| Sample {
        noise: Noise::new(4),
        number,
        label: Some(number as u32),
    };
    let generation = Generation::new(subject.network(1), sampler.clone(), &[sample(0), sample(1)]);
    generation.unwrap().with_low_res(&subject.low_res).unwrap()
}

/// Images without noise: the network's clipped prediction, the same for each method.
#[test]
fn one_step_gives_the_clipped_prediction() {
    let subject = Subject::new(2);
    // ε says next to nothing of x_0 where ᾱ is nearly 0: every pixel would be clipped.
    let model = Diffusion::new(Schedule::Cosine, 1000).with_prediction(Prediction::V);
    let process = InlineProcess::<1>::new(&model, Timesteps::trailing(1)).unwrap();
    let images = [
        Method::Ddim { eta: 0.0 },
        Method::DpmSolverPlusPlus2M,
        Method::Heun,
    ]
    .map(|method| {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let mut generation = begin(&subject, &sampler);
        assert!(generation.advance().unwrap());
        assert_eq!(generation.x(), generation.x_start());
        assert!(!generation.advance().unwrap());
        generation.x().to_vec()
    });
    assert!(images.iter().all(|image| *image == images[0]));
    assert!(images[0].iter().any(|x| x.abs() < 1.0));
}

#[test]
fn a_saved_batch_that_is_not_finite_is_refused() {
    let subject = Subject::new(2);
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<4>::new(&model, Timesteps::even(4)).unwrap();
    let sampler = Sampler::new(&process, Method::Heun, Clip::Unit).unwrap();
    let mut generation = begin(&subject, &sampler);
    let start = generation.paused().unwrap();
    generation.advance().unwrap();
    let paused = generation.paused().unwrap();

    let mut resumed = begin(&subject, &sampler);
    let bad = |values: &[f32]| {
        let mut values = values.to_vec();
        values[7] = f32::NAN;
        values
    };
    let refused = |slice| Err(RunError::Sampler(Error::NotFinite { slice, index: 7 }));
    let bad_x = Paused {
        x: bad(&paused.x),
        ..paused.clone()
    };
    assert_eq!(resumed.resume(&bad_x), refused(DiffusionSlice::X));
    let history = bad(&paused.history);
    let bad_history = Paused {
        history: history.clone(),
        ..paused.clone()
    };
    assert_eq!(
        resumed.resume(&bad_history),
        refused(DiffusionSlice::History)
    );
    assert_eq!(resumed.paused().unwrap(), start);
    // Before its first step a history may be anything.
    resumed.resume(&Paused { history, ..start }).unwrap();

    resumed.resume(&paused).unwrap();
    while generation.advance().unwrap() {}
    while resumed.advance().unwrap() {}
    assert_eq!(generation.x(), resumed.x());
}

/// An image of a run over borrowed slices alone: bit for bit the plain loops', stepped by hand.
#[test]
fn a_run_without_a_heap_is_the_plain_loops() {
    let subject = Subject::new(1);
    let buf = subject.program();
    let program = buf.view().unwrap();
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<4>::new(&model, Timesteps::even(4)).unwrap();
    let weights = Weights::F32(&subject.weights);
    let sample = Sample {
        noise: Noise::new(4),
        number: 9,
        label: Some(3),
    };
    for method in [Method::Ancestral, Method::DpmSolverPlusPlus2M] {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let elements = program.x_len();
        let kept = if method.needs_history() { elements } else { 0 };

        let mut workspace = vec![f32::NAN; program.workspace_len()];
        let network = Bare::new(program, weights, &mut workspace).unwrap();
        let mut network = network.with_low_res(&subject.low_res).unwrap();
        let (mut x, mut output) = (vec![0.0; elements], vec![0.0; 2 * elements]);
        let (mut noise, mut history) = (vec![0.0; elements], vec![0.0; kept]);
        let mut image = Image {
            x: &mut x,
            output: &mut output,
            noise: &mut noise,
            history: &mut history,
        };
        sample
            .run(sampler.clone(), &mut network, &mut image)
            .unwrap();
        // The whole image is the same wherever the sampler stands.
        let whole = image.x.to_vec();
        let mut midway = sampler.clone();
        midway.next();
        sample.run(midway, &mut network, &mut image).unwrap();
        assert_eq!(image.x, whole);

        let (mut by_hand, mut history) = (vec![0.0; elements], vec![0.0; kept]);
        sample.begin(&mut by_hand);
        for step in sampler {
            let inputs = Inputs {
                x: &by_hand,
                timesteps: &[step.timestep()],
                labels: Some(&[3]),
                low_res: Some(&subject.low_res),
            };
            let output = subject.plain(&inputs).unwrap();
            let stream = sample.noise.stream(9, step.position());
            stream.fill_normals(0, &mut noise);
            step.apply_with_history(&mut by_hand, &output, &noise, &mut history)
                .unwrap();
        }
        assert_eq!(x, by_hand, "{method}");
    }
}

/// However an evaluation is cut into pieces, and however the weights lie, it has the bits of one that is not cut.
#[test]
fn pieces_of_an_evaluation_make_the_whole() {
    let subject = Subject::new(1);
    let buf = subject.program();
    let program = buf.view().unwrap();
    let half = |weight: &f32| half::f16::from_f32(*weight);
    let bits: Vec<u16> = subject
        .weights
        .iter()
        .map(|it| half(it).to_bits())
        .collect();
    // At an odd address.
    let bytes = [0]
        .into_iter()
        .chain(bits.iter().flat_map(|bits| bits.to_le_bytes()));
    let bytes: Vec<u8> = bytes.collect();
    let rounded: Vec<f32> = subject.weights.iter().map(|it| half(it).to_f32()).collect();
    let query = Query {
        timestep: 7.5,
        index: 0,
        label: Some(3),
    };
    let evaluate = |weights, piece: u64| {
        let mut workspace = vec![f32::NAN; program.workspace_len()];
        let network = Bare::new(program, weights, &mut workspace).unwrap();
        let mut network = network.with_low_res(&subject.low_res).unwrap();
        let mut output = vec![f32::NAN; program.output_len()];
        let mut run = network.begin(query, &subject.x, &mut output).unwrap();
        let (mut pieces, mut done) = (1, run.fraction());
        assert_eq!(done, 0.0);
        while run.advance(piece).unwrap() {
            assert!((done..1.0).contains(&run.fraction()));
            done = run.fraction();
            pieces += 1;
        }
        assert_eq!(run.fraction(), 1.0);
        (output, pieces)
    };
    let (whole, one) = evaluate(Weights::F32(&rounded), u64::MAX);
    assert_eq!(one, 1);
    let layouts = [
        Weights::F32(&rounded),
        Weights::F16(&bits),
        Weights::F16Bytes(bytes[1..].as_chunks().0),
    ];
    for weights in layouts {
        let mut before = usize::MAX;
        for piece in [0, 30_000, 1_000_000, u64::MAX] {
            let (output, pieces) = evaluate(weights, piece);
            assert_eq!(output, whole, "{piece}");
            assert!(pieces < before, "{pieces} pieces of {piece}");
            before = pieces;
        }
        let mut network = Network::with_threads(subject.program(), weights, 1).unwrap();
        let fast = super::forward(&mut network, &subject.inputs()).unwrap();
        let wide = Weights::F32(&rounded);
        let mut network = Network::with_threads(subject.program(), wide, 1).unwrap();
        assert_eq!(
            fast,
            super::forward(&mut network, &subject.inputs()).unwrap()
        );
    }
    // A network that is evaluated whole is the same.
    let mut workspace = vec![f32::NAN; program.workspace_len()];
    let network = Bare::new(program, Weights::F16(&bits), &mut workspace).unwrap();
    let mut network = network.with_low_res(&subject.low_res).unwrap();
    let mut output = vec![f32::NAN; program.output_len()];
    network.denoise(query, &subject.x, &mut output).unwrap();
    assert_eq!(output, whole);
}

#[test]
fn what_a_bare_network_cannot_run_is_refused() {
    let (one, two) = (Subject::new(1), Subject::new(2));
    let (buf, of_two) = (one.program(), two.program());
    let program = buf.view().unwrap();
    let weights = Weights::F32(&one.weights);
    let mut workspace = vec![0.0; program.workspace_len()];
    let refused = |slice, len, expected| {
        Err(NetworkError::Length {
            slice,
            len,
            expected,
        })
    };
    let made = Bare::new(of_two.view().unwrap(), weights, &mut workspace).map(drop);
    assert_eq!(made, refused(NetworkSlice::Samples, 1, 2));
    let none = Weights::F16(&[]);
    let made = Bare::new(program, none, &mut workspace).map(drop);
    let due = program.weights_len();
    assert_eq!(made, refused(NetworkSlice::Weights, 0, due));
    let made = Bare::new(program, weights, &mut workspace[1..]).map(drop);
    let due = program.workspace_len();
    assert_eq!(made, refused(NetworkSlice::Workspace, due - 1, due));
    let mut network = Bare::new(program, weights, &mut workspace).unwrap();
    let query = |label| Query {
        timestep: 7.5,
        index: 0,
        label: Some(label),
    };
    let elements = program.x_len();
    let (x, mut output) = (vec![0.0; elements], vec![0.0; 2 * elements]);
    let begun = network.begin(query(3), &x, &mut output[1..]).map(drop);
    let due = 2 * elements;
    assert_eq!(begun, refused(NetworkSlice::Output, due - 1, due));
    let slice = NetworkSlice::LowRes;
    let begun = network.begin(query(3), &x, &mut output).map(drop);
    assert_eq!(begun, Err(NetworkError::Missing { slice }));
    let mut network = network.with_low_res(&one.low_res).unwrap();
    let begun = network.begin(query(10), &x, &mut output).map(drop);
    let (image, label, classes) = (0, 10, 10);
    assert_eq!(
        begun,
        Err(NetworkError::Label {
            image,
            label,
            classes
        })
    );
    let made = network.with_low_res(&one.low_res[1..]).map(drop);
    let due = one.low_res.len();
    assert_eq!(made, refused(NetworkSlice::LowRes, due - 1, due));
}
