//! A study: an estimator run on many drawn worlds, and the gate that it must pass.

use kinlink::estimate::interval::Interval;
use rayon::prelude::*;

/// One run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub truth: f64,
    pub estimate: f64,
    pub interval: Interval,
}

/// What a study found.
#[derive(Debug, Clone, Copy)]
pub struct Study {
    pub runs: usize,
    /// Of the mean estimate, relative to the mean truth.
    pub bias: f64,
    /// The Monte Carlo error of that.
    pub bias_error: f64,
    /// Intervals that hold the truth.
    pub coverage: f64,
}

impl Study {
    /// Runs a study on all threads; each run is a function of its number.
    pub fn of(runs: u64, run: impl Fn(u64) -> Run + Sync + Send) -> Self {
        let all: Vec<Run> = (0..runs).into_par_iter().map(run).collect();
        let n = all.len() as f64;
        let truth = all.iter().map(|r| r.truth).sum::<f64>() / n;
        let off: Vec<f64> = all.iter().map(|r| r.estimate - r.truth).collect();
        let mean = off.iter().sum::<f64>() / n;
        let spread = off.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let held = all.iter().filter(|r| r.interval.holds(r.truth)).count();
        Study {
            runs: all.len(),
            bias: mean / truth,
            bias_error: (spread / n).sqrt() / truth,
            coverage: held as f64 / n,
        }
    }

    /// The gate: bias under 1 % and coverage between 93 and 97 %.
    pub fn passes(&self) -> bool {
        self.bias.abs() < 0.01 && (0.93..=0.97).contains(&self.coverage)
    }

    /// The gate of a share of a study: the same, but for three times the Monte Carlo error.
    pub fn passes_as_share(&self) -> bool {
        let error = 3.0 * (0.95_f64 * 0.05 / self.runs as f64).sqrt();
        self.bias.abs() < 0.01 + 3.0 * self.bias_error
            && (0.93 - error..=(0.97 + error).min(1.0)).contains(&self.coverage)
    }

    /// Prints and holds to the gate.
    pub fn must_pass(self, name: &str) {
        self.tell(name);
        assert!(self.passes(), "{name}: {self:?}");
    }

    /// Holds to the gate of a share.
    pub fn must_pass_as_share(self, name: &str) {
        assert!(self.passes_as_share(), "{name}: {self:?}");
    }

    /// Prints.
    pub fn tell(&self, name: &str) {
        println!(
            "{name}: bias {:+.2} % (± {:.2}), coverage {:.1} % of {} runs",
            100.0 * self.bias,
            100.0 * self.bias_error,
            100.0 * self.coverage,
            self.runs
        );
    }
}
