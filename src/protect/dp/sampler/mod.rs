//! Exact draws of integer noise: discrete Laplace and discrete Gaussian over rational parameters.
//!
//! Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (NeurIPS 2020),
//! algorithms 1 to 3. Every draw is a comparison of random bits with a fraction, so the
//! distribution is the stated one and not a neighbour of it: no floating point, no table, no
//! truncation.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `bits` | random words of a keyed generator; uniform whole numbers |
//! | `bernoulli` | a coin of a rational chance, and one of the chance exp(−γ) |
//! | `laplace` | P(x) ∝ exp(−\|x\|/scale) |
//! | `gaussian` | P(x) ∝ exp(−x²/2σ²) |
//!
//! What it does not do: the time of a draw depends on what is drawn. Whoever can time single draws
//! learns of the noise; the program draws whole tables in a batch.

#![deny(clippy::float_arithmetic)]

mod bernoulli;
mod bits;
mod gaussian;
mod laplace;

pub use bernoulli::{bernoulli, bernoulli_exp};
pub use bits::Bits;
pub use gaussian::DiscreteGaussian;
pub use laplace::DiscreteLaplace;

/// Why a parameter has no distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadParameter {
    /// The scale or variance is 0.
    #[error("a scale or variance of 0")]
    Zero,
    /// The scale is 2⁴⁰ or more, or the variance 2⁶²: noise of that size has no use, and a draw of
    /// it could leave the whole numbers of 64 bits.
    #[error("a scale of 2^40 or more, or a variance of 2^62 or more")]
    TooLarge,
}
