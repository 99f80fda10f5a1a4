//! Improved DDPM (Nichol & Dhariwal, ICML 2021, arXiv:2102.09672) that runs everywhere.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod diffusion;

pub use diffusion::Error;
