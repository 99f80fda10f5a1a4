// cosine schedule, T = 4000, steps "10"; made by `flash_table`.
// Use it with `Process::from_table(&model, &STEPS)`.
use iddpm::diffusion::Level;

/// The levels that are kept, the least noisy first.
pub const STEPS: [Level; 10] = [
    Level {
        timestep: 0,
        beta: 9.865818813681315e-6,
        alpha_bar: 0.9999901341811863,
    },
    Level {
        timestep: 444,
        beta: 0.03397774861716596,
        alpha_bar: 0.9660127207823319,
    },
    Level {
        timestep: 889,
        beta: 0.09259019670408908,
        alpha_bar: 0.8765694129464435,
    },
    Level {
        timestep: 1333,
        beta: 0.15276931014255923,
        alpha_bar: 0.7426565084385472,
    },
    Level {
        timestep: 1777,
        beta: 0.21901988518289317,
        alpha_bar: 0.5799999652300083,
    },
    Level {
        timestep: 2222,
        beta: 0.29743040117578357,
        alpha_bar: 0.4074903428897064,
    },
    Level {
        timestep: 2666,
        beta: 0.39547956440539633,
        alpha_bar: 0.24633623958427972,
    },
    Level {
        timestep: 3110,
        beta: 0.5321497814719653,
        alpha_bar: 0.11524846352087956,
    },
    Level {
        timestep: 3555,
        beta: 0.742924150518797,
        alpha_bar: 0.029627596661033546,
    },
    Level {
        timestep: 3999,
        beta: 0.9999999948764644,
        alpha_bar: 1.5179804688514517e-10,
    },
];
