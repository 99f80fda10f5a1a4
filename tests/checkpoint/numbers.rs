//! Numbers keep their value through every type that holds it, and are rounded to nearest otherwise.

use iddpm::checkpoint::{Checkpoint, Description, Dtype, WeightType, to_bytes};
use iddpm::unet::Weights;
use safetensors::SafeTensors;

use crate::edited::Edited;
use crate::{numbers, small};

/// What the bits of an f16 mean, from the definition of the type.
fn f16_value(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        _ => sign * (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

fn is_finite_f16(bits: u16) -> bool {
    bits >> 10 & 31 != 31
}

/// The offsets of the numbers that belong to a parameter, in the order of the file.
fn places(description: &Description) -> Vec<usize> {
    let graph = description.graph(1).unwrap();
    let params = graph.params().iter();
    params
        .flat_map(|param| param.offset..param.offset + param.elements())
        .collect()
}

/// A file of 16-bit numbers, all patterns that a condition takes, again and again.
fn patterns(dtype: Dtype, keep: impl Fn(u16) -> bool) -> (Vec<u8>, Vec<u16>) {
    let mut file = Edited::sound(dtype);
    let all: Vec<u16> = (0..=u16::MAX).filter(|&bits| keep(bits)).collect();
    let count = file.data.len() / 2;
    assert!(count >= all.len(), "the network is too small for this test");
    let bits: Vec<u16> = all.into_iter().cycle().take(count).collect();
    file.data = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    (file.bytes(), bits)
}

fn f32_weights(checkpoint: &Checkpoint) -> &[f32] {
    match checkpoint.weights() {
        Weights::F32(weights) => weights,
        _ => panic!("f16 where f32 was due"),
    }
}

fn f16_weights(checkpoint: &Checkpoint) -> &[u16] {
    match checkpoint.weights() {
        Weights::F16(weights) => weights,
        _ => panic!("f32 where f16 was due"),
    }
}

#[test]
fn every_f16_is_read_for_what_it_is() {
    let (file, bits) = patterns(Dtype::F16, is_finite_f16);
    let wide = Checkpoint::from_bytes(&file, WeightType::F32).unwrap();
    let kept = Checkpoint::from_bytes(&file, WeightType::AsStored).unwrap();
    for (place, bits) in places(&small()).into_iter().zip(bits) {
        let value = f32_weights(&wide)[place];
        assert_eq!(f64::from(value), f16_value(bits), "{bits:04x}");
        assert_eq!(value.is_sign_negative(), bits >> 15 == 1);
        assert_eq!(f16_weights(&kept)[place], bits);
    }
    let f32_of = |checkpoint: &Checkpoint| {
        let (_, _, weights) = checkpoint.clone().into_parts();
        weights.into_f32().unwrap()
    };
    assert_eq!(f32_of(&wide), f32_weights(&wide));
    assert_eq!(f32_of(&kept), f32_weights(&wide));
    assert_eq!(wide.to_bytes(Dtype::F16).unwrap(), file);
    assert_eq!(kept.to_bytes(Dtype::F16).unwrap(), file);
}

/// A bf16 is the upper half of an f32.
#[test]
fn every_bf16_is_read_for_what_it_is() {
    let (file, bits) = patterns(Dtype::Bf16, |bits| bits >> 7 & 255 != 255);
    let wide = Checkpoint::from_bytes(&file, WeightType::AsStored).unwrap();
    for (place, bits) in places(&small()).into_iter().zip(bits) {
        let expected = u32::from(bits) << 16;
        assert_eq!(f32_weights(&wide)[place].to_bits(), expected);
    }
    assert_eq!(wide.to_bytes(Dtype::Bf16).unwrap(), file);
}

/// Halfway between two f16 the even one is taken, and nearer to one, that one.
#[test]
fn f32_is_rounded_to_the_nearest_f16() {
    let description = small();
    let places = places(&description);
    let mut expected = Vec::new();
    for below in (0..0x7BFF_u16).flat_map(|bits| [bits, bits | 0x8000]) {
        let above = below + 1; // by magnitude
        let even = if below & 1 == 0 { below } else { above };
        // Exact: it has one bit more than an f16.
        let middle = ((f16_value(below) + f16_value(above)) / 2.0) as f32;
        let next = |step: i32| f32::from_bits(middle.to_bits().wrapping_add_signed(step));
        expected.extend([(next(-1), below), (middle, even), (next(1), above)]);
    }
    for chunk in expected.chunks(places.len()) {
        let mut weights = numbers(&description);
        for (&place, &(value, _)) in places.iter().zip(chunk) {
            weights[place] = value;
        }
        let file = to_bytes(&description, Weights::F32(&weights), Dtype::F16).unwrap();
        let stored = Checkpoint::from_bytes(&file, WeightType::AsStored).unwrap();
        for (&place, &(value, bits)) in places.iter().zip(chunk) {
            assert_eq!(f16_weights(&stored)[place], bits, "{value:e}");
        }
    }
}

#[test]
fn f32_keeps_every_bit_and_is_what_the_safetensors_crate_reads() {
    let description = small();
    let weights = numbers(&description);
    let file = to_bytes(&description, Weights::F32(&weights), Dtype::F32).unwrap();
    let other = SafeTensors::deserialize(&file).unwrap();
    let graph = description.graph(1).unwrap();
    assert_eq!(other.len(), graph.params().len());
    for param in graph.params() {
        let view = other.tensor(&param.name).unwrap();
        assert_eq!(view.shape(), param.shape);
        let stored = view.data().as_chunks().0.iter();
        let stored: Vec<f32> = stored.map(|&bytes| f32::from_le_bytes(bytes)).collect();
        assert_eq!(stored, weights[param.offset..][..param.elements()]);
    }
    let back = Checkpoint::from_bytes(&file, WeightType::AsStored).unwrap();
    assert_eq!(back.description(), &description);
    assert_eq!(back.to_bytes(Dtype::F32).unwrap(), file);
    for place in places(&description) {
        assert_eq!(f32_weights(&back)[place], weights[place]);
    }
}

/// A file whose tensors are of several types, in another order, is f32.
#[test]
fn types_may_be_mixed_and_tensors_in_any_order() {
    let wide = Edited::sound(Dtype::F32);
    let narrow = Edited::sound(Dtype::F16);
    let mut header: serde_json::Value = serde_json::from_str(&wide.header).unwrap();
    let mut data = Vec::new();
    let description = small();
    let graph = description.graph(1).unwrap();
    for (at, param) in graph.params().iter().rev().enumerate() {
        let (from, dtype) = if at % 2 == 0 {
            (&wide, "F32")
        } else {
            (&narrow, "F16")
        };
        let start = data.len();
        data.extend_from_slice(&from.data[from.place(&param.name)]);
        header[&param.name]["dtype"] = dtype.into();
        header[&param.name]["data_offsets"] = serde_json::json!([start, data.len()]);
    }
    let header = header.to_string();
    let mixed = Checkpoint::from_bytes(&Edited { header, data }.bytes(), WeightType::AsStored);
    let plain = Checkpoint::from_bytes(&wide.bytes(), WeightType::AsStored);
    assert_eq!(mixed, plain);
}
