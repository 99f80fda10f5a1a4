//! The steps of a process whose noisiest are left out.

/// Steps of the whole process, of which the others take their part.
const STEPS: u32 = 50;

/// The steps that are left of T, evenly: noise alone is taken for x at the first of them.
pub(crate) fn left(timesteps: u32, skipped: u32) -> String {
    let begin = timesteps - timesteps * skipped / 100;
    let count = STEPS - STEPS * skipped / 100;
    let step = |at: u32| (begin * (count - at) / count - 1).to_string();
    let steps: Vec<String> = (0..count).map(step).collect();
    format!("custom:{}", steps.join(","))
}

#[cfg(test)]
mod tests {
    use super::{STEPS, left};
    use iddpm::diffusion::Timesteps;

    /// The whole process ends as every even spacing does, and what is left of it begins later.
    #[test]
    fn steps_are_left_out_at_the_noisy_end() {
        let steps = |skipped| {
            let text = left(1000, skipped);
            let mut kept = [0; STEPS as usize];
            let count = Timesteps::parse(&text)
                .unwrap()
                .fill(1000, &mut kept)
                .unwrap();
            kept.iter().copied().take(count).collect::<Vec<u32>>()
        };
        let all = steps(0);
        assert_eq!(
            (all.len(), all.first(), all.last()),
            (50, Some(&19), Some(&999))
        );
        let some = steps(20);
        assert_eq!(
            (some.len(), some.first(), some.last()),
            (40, Some(&19), Some(&799))
        );
    }
}
