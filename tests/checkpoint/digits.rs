//! The shipped checkpoint.

use half::f16;
use iddpm::checkpoint::{Checkpoint, Dtype, WeightType};
use iddpm::unet::Weights;
use safetensors::SafeTensors;

static DIGITS: &[u8] = include_bytes!("../../examples/assets/digits16.safetensors");

/// Against another reader of the format.
#[test]
fn the_digits_are_read_as_the_safetensors_crate_reads_them() {
    let checkpoint = Checkpoint::from_bytes(DIGITS, WeightType::AsStored).unwrap();
    let Weights::F16(weights) = checkpoint.weights() else {
        panic!("the file is f16");
    };
    let file = SafeTensors::deserialize(DIGITS).unwrap();
    let params = checkpoint.graph().params();
    assert_eq!(file.len(), params.len());
    for param in params {
        let view = file.tensor(&param.name).unwrap();
        assert_eq!(view.shape(), param.shape, "{}", param.name);
        let bits = view.data().as_chunks().0.iter().copied();
        let stored: Vec<u16> = bits.map(u16::from_le_bytes).collect();
        assert_eq!(stored, weights[param.offset..][..param.elements()]);
    }
}

#[test]
fn f16_widens_exactly_and_returns() {
    let narrow = Checkpoint::from_bytes(DIGITS, WeightType::AsStored).unwrap();
    let wide = Checkpoint::from_bytes(DIGITS, WeightType::F32).unwrap();
    let (Weights::F16(bits), Weights::F32(numbers)) = (narrow.weights(), wide.weights()) else {
        panic!("not what was asked for");
    };
    let widened: Vec<f32> = bits.iter().map(|&b| f16::from_bits(b).to_f32()).collect();
    assert_eq!(widened, numbers);
    assert_eq!(wide.to_bytes(Dtype::F16).unwrap(), DIGITS);
}
