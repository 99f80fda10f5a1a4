//! Figure 10: larger networks.

use super::super::cell::{Cell, Goal, Noise, Size};
use super::super::claim::{Claim, Drawing, Table, Test, above, mean, middle};
use super::super::draws::ddim50;
use super::super::program::Failure;
use super::super::scale::Scale;
use super::super::work::Work;

const SIZES: [Size; 3] = [Size::Short, Size::Deep, Size::Wide];

fn cell(size: Size, seed: u64) -> Cell {
    Cell {
        size,
        ..Cell::digits(Noise::Cosine, Goal::Hybrid, seed)
    }
}

fn bits(work: &Work<'_>, size: Size, quarter: u64) -> Result<Vec<f64>, Failure> {
    work.over_seeds(|seed| {
        let bits = work.bits_on_the_way(cell(size, seed), quarter, "early50")?;
        Ok(bits.mean())
    })
}

fn frechet(work: &Work<'_>, size: Size, quarter: u64) -> Result<Vec<f64>, Failure> {
    let (way_name, way) = ddim50();
    work.over_seeds(|seed| {
        let shares = work.shares_on_the_way(cell(size, seed), quarter, way_name, &way);
        Ok(shares?.frechet)
    })
}

pub(super) fn sizes(work: &Work<'_>) -> Result<Claim, Failure> {
    let mut table = Table::new([
        "network",
        "parameters",
        "steps",
        "TFLOP",
        "bits/dim",
        "Fréchet distance",
    ]);
    let (mut of_bits, mut of_frechet) = (Vec::new(), Vec::new());
    for size in SIZES {
        let (mut bit_line, mut frechet_line) = (Vec::new(), Vec::new());
        for quarter in 1..=Scale::QUARTERS {
            let (bits, frechet) = (bits(work, size, quarter)?, frechet(work, size, quarter)?);
            let cell = cell(size, 0);
            let trained = work.trained(cell)?;
            let until = trained.iter().take(quarter as usize);
            let flops = until.map(|quarter| quarter.flops).sum::<f64>() * 1e-12;
            let parameters = trained.first().map_or(0, |quarter| quarter.parameters);
            let steps = cell.steps(&work.scale) / Scale::QUARTERS * quarter;
            table.row([
                size.to_string(),
                parameters.to_string(),
                steps.to_string(),
                format!("{flops:.2}"),
                mean(&bits),
                mean(&frechet),
            ]);
            bit_line.push((flops, middle(&bits)));
            frechet_line.push((flops, middle(&frechet)));
        }
        of_bits.push((size.to_string(), bit_line));
        of_frechet.push((size.to_string(), frechet_line));
    }
    let usual = bits(work, Size::Short, Scale::QUARTERS)?;
    let usual_frechet = frechet(work, Size::Short, Scale::QUARTERS)?;
    let plot = |name, title, of, lines| {
        Drawing::new(name, title, ("work of training, TFLOP", true), of, lines)
    };
    Ok(Claim {
        number: 9,
        title: "Figure 10: larger networks",
        paper: "Bits/dim and FID fall with the size of the network and with the work of its training, FID as a power of it.",
        tests: vec![
            Test::above_zero(
                "as many steps: bits/dim of the usual network above those of twice the channels",
                "above 0 (figure 10)",
                &above(&usual, &bits(work, Size::Wide, Scale::QUARTERS)?),
            ),
            Test::above_zero(
                "as many steps: Fréchet distance of the usual network above that of twice the channels",
                "above 0 (figure 10)",
                &above(&usual_frechet, &frechet(work, Size::Wide, Scale::QUARTERS)?),
            ),
            Test::above_zero(
                "as many steps: bits/dim of the usual network above those of thrice the blocks",
                "above 0 (figure 10)",
                &above(&usual, &bits(work, Size::Deep, Scale::QUARTERS)?),
            ),
        ],
        tables: vec![table],
        plots: vec![
            plot(
                "figure-10-bits.svg",
                "Bits/dim against work, digits, cosine, L_hybrid",
                "bits/dim",
                of_bits,
            ),
            plot(
                "figure-10-frechet.svg",
                "Fréchet distance against work, digits, cosine, L_hybrid",
                "Fréchet distance",
                of_frechet,
            ),
        ],
    })
}
