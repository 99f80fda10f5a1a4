//! Single operations.

use iddpm::cpu::{Extents, resize as crate_resize};
use iddpm::unet::{Conv, Op, Wrap};
use serde_json::Value;

use super::case::{Case, Outcome, Tensor, list, number, text, whole};
use super::network::generate;
use super::report::Report;
use super::runner::{compare, from_number, operation, single};

fn extents(tensor: &Tensor) -> Extents {
    Extents {
        channels: tensor.shape[1],
        height: tensor.shape[2],
        width: tensor.shape.get(3).copied().unwrap_or(1),
    }
}

pub(crate) fn group_norm(case: &Case, report: &mut Report) -> Outcome {
    let groups = whole(&case.params, "groups")? as usize;
    report.equal("eps", number(&case.params, "eps")?, 1e-5);
    for entry in list(&case.params, "entries")? {
        let id = whole(entry, "id")?;
        let tensor = |name: &str| case.tensor(&format!("{id}.{name}"));
        let x = tensor("x")?;
        let mut weights = single(&tensor("weight")?.values);
        let bias = weights.len();
        weights.extend(single(&tensor("bias")?.values));
        let norm = |input| Op::GroupNorm {
            input,
            weight: from_number(0),
            bias: from_number(bias),
            scale_shift: None,
            groups,
            silu: false,
        };
        let at = extents(x);
        let results = operation(x.shape[0], at, at, norm, &weights, &single(&x.values))?;
        let (out, double) = (tensor("out")?, tensor("out_f64")?);
        compare(report, &format!("{id}"), &results, out, Some(double));
    }
    Ok(())
}

pub(crate) fn attention(case: &Case, report: &mut Report) -> Outcome {
    for entry in list(&case.params, "entries")? {
        let id = whole(entry, "id")?;
        let heads = whole(entry, "num_heads")? as usize;
        let qkv = case.tensor(&format!("{id}.qkv"))?;
        let out = case.tensor(&format!("{id}.out"))?;
        let attention = |qkv| Op::Attention { qkv, heads };
        let results = operation(
            qkv.shape[0],
            extents(qkv),
            extents(out),
            attention,
            &[],
            &single(&qkv.values),
        )?;
        compare(report, &format!("{id}"), &results, out, None);
    }
    Ok(())
}

pub(crate) fn conv(case: &Case, upsample: bool, report: &mut Report) -> Outcome {
    let channels = whole(&case.params, "channels")? as usize;
    let len = channels * channels * 9;
    let (mut weights, bias) = match case.params.get("seed") {
        Some(_) => {
            let seed = u64::from(whole(&case.params, "seed")?);
            let scale = number(&case.params, "scale")?;
            (
                generate(seed, "w", len, 0.0, scale),
                generate(seed, "b", channels, 0.0, scale),
            )
        }
        None => (
            single(&case.tensor("weight")?.values),
            single(&case.tensor("bias")?.values),
        ),
    };
    weights.extend(bias);
    let (x, out) = (case.tensor("x")?, case.tensor("out")?);
    let conv = |input| {
        Op::Conv(Conv {
            input,
            weight: from_number(0),
            bias: from_number(len),
            kernel: 3,
            stride: if upsample { 1 } else { 2 },
            upsample,
            wrap: Wrap::None,
            shift: None,
            residual: None,
        })
    };
    let x_single = single(&x.values);
    let results = operation(
        x.shape[0],
        extents(x),
        extents(out),
        conv,
        &weights,
        &x_single,
    )?;
    compare(report, "out", &results, out, None);
    Ok(())
}

pub(crate) fn resize(case: &Case, report: &mut Report) -> Outcome {
    let x = case.tensor("x")?;
    let (from, batch, values) = (extents(x), x.shape[0], single(&x.values));
    for entry in list(&case.params, "entries")? {
        let name = text(entry, "tensor")?;
        let size: [usize; 2] = serde_json::from_value(entry["size"].clone())?;
        let to = Extents {
            height: size[0],
            width: size[1],
            ..from
        };
        let out = case.tensor(name)?;
        let mut result = vec![f32::NAN; batch * to.elements()];
        match text(entry, "mode")? {
            "bilinear" => {
                let [height, width] = size;
                let op = |input| Op::Bilinear {
                    input,
                    height,
                    width,
                };
                let results = operation(batch, from, to, op, &[], &values)?;
                compare(report, name, &results, out, None);
                crate_resize::bilinear(&values, from, &mut result, to)?;
            }
            "area" => crate_resize::area(&values, from, &mut result, to)?,
            "nearest" => {
                let results = operation(
                    batch,
                    from,
                    to,
                    |input| Op::Upsample { input },
                    &[],
                    &values,
                )?;
                compare(report, name, &results, out, None);
                continue;
            }
            other => return Err(format!("unknown mode {other}").into()),
        }
        compare(report, name, &[("resize", result)], out, None);
    }
    Ok(())
}

/// In f64 beside the formula; the reference's f32 is off by what the entry says.
pub(crate) fn timestep_embedding(case: &Case, report: &mut Report) -> Outcome {
    let timesteps = single(&case.tensor("timesteps")?.values);
    for entry in list(&case.params, "entries")? {
        let name = text(entry, "tensor")?;
        let dim = whole(entry, "dim")? as usize;
        let max_period = number(entry, "max_period")?;
        let floor = entry
            .get("max_abs_error_of_f32_vs_f64")
            .and_then(Value::as_f64);
        let floor = floor.ok_or("no noise floor")?;
        let mut result = vec![f32::NAN; timesteps.len() * dim];
        crate_resize::timestep_embedding(&timesteps, dim, max_period, &mut result)?;
        let want = &case.tensor(name)?.values;
        report.equal(name, result.len(), want.len());
        for (&got, &want) in result.iter().zip(want) {
            report.near(name, got.into(), want, floor + 1e-6);
        }
    }
    Ok(())
}
