//! The one place where true counts and noise meet. The true table goes in and does not come out.

use serde::{Deserialize, Serialize};

use super::ledger::Reservation;
use super::noise_key::{NoiseKey, ReleaseId};
use super::plan::{Noise, Plan};
use super::sampler::{Bits, DiscreteGaussian, DiscreteLaplace};
use super::tabulate::TrueTable;

/// Noisy counts of every table that the plan measures, and what they were made with. Everything
/// that is published later is a function of this alone.
///
/// It is releasable: the guarantee holds for it, and so for whatever is computed from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurements {
    release: ReleaseId,
    plan: Plan,
    /// By table of the domain; none where the plan does not measure it.
    counts: Vec<Option<Vec<i64>>>,
}

/// Why nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The reservation is for another table, plan, label or key.
    #[error("the reservation is for another release")]
    Reservation,
    /// The plan is for another domain or another bound of contribution.
    #[error("the plan is for another table")]
    Plan,
}

/// The keyed name of a release of a table by a plan.
pub fn release_id(table: &TrueTable, plan: &Plan, label: &str, key: &NoiseKey) -> ReleaseId {
    key.release(&table.digest(), &plan.digest(), label)
}

/// Adds noise to every cell of every table of the plan. The true table is consumed:
///
/// ```
/// # use kinlink::protect::dp::{measure, reconstruct, Mismatch, NoiseKey, Plan, Reservation, TrueTable};
/// fn release(table: TrueTable, plan: &Plan, key: &NoiseKey, paid: &Reservation) -> Result<(), Mismatch> {
///     let measurements = measure(table, plan, key, paid)?;
///     let mut noisy = reconstruct(&measurements);
///     noisy.hide_below(5);
///     Ok(())
/// }
/// ```
///
/// so that suppression that looks at true counts cannot be written before noise is added,
///
/// ```compile_fail,E0599
/// # use kinlink::protect::dp::{measure, reconstruct, Mismatch, NoiseKey, Plan, Reservation, TrueTable};
/// fn release(mut table: TrueTable, plan: &Plan, key: &NoiseKey, paid: &Reservation) -> Result<(), Mismatch> {
///     table.hide_below(5);
///     let measurements = measure(table, plan, key, paid)?;
///     let noisy = reconstruct(&measurements);
///     Ok(())
/// }
/// ```
///
/// nor after it by the true table that the noise was added to,
///
/// ```compile_fail,E0382
/// # use kinlink::protect::dp::{measure, reconstruct, Mismatch, NoiseKey, Plan, Reservation, TrueTable};
/// fn release(table: TrueTable, plan: &Plan, key: &NoiseKey, paid: &Reservation) -> Result<(), Mismatch> {
///     let measurements = measure(table, plan, key, paid)?;
///     let noisy = reconstruct(&measurements);
///     let again = table.domain();
///     Ok(())
/// }
/// ```
///
/// nor can a true table be published,
///
/// ```compile_fail,E0308
/// # use kinlink::protect::dp::{reconstruct, TrueTable};
/// fn release(table: TrueTable) {
///     let mut noisy = reconstruct(&table);
///     noisy.hide_below(5);
/// }
/// ```
///
/// nor its counts be read.
///
/// ```compile_fail,E0616
/// # use kinlink::protect::dp::TrueTable;
/// fn small(table: &TrueTable) -> usize {
///     table.counts.iter().filter(|n| **n < 5).count()
/// }
/// ```
///
/// # Errors
/// [`Mismatch`] if the reservation was not made for just this release.
pub fn measure(
    table: TrueTable,
    plan: &Plan,
    key: &NoiseKey,
    reservation: &Reservation,
) -> Result<Measurements, Mismatch> {
    if table.domain() != plan.domain() || table.contribution() != plan.contribution() {
        return Err(Mismatch::Plan);
    }
    let release = release_id(&table, plan, reservation.label(), key);
    if release != *reservation.release() {
        return Err(Mismatch::Reservation);
    }
    let (domain, lattice) = table.into_lattice();
    let counts = domain
        .tables()
        .iter()
        .zip(plan.noise())
        .map(|(levels, noise)| {
            let noise = noise.as_ref()?;
            let mut bits = Bits::from_seed(key.seed(&release, levels));
            let draw = drawing(noise)?;
            let cells = domain.places(levels).into_iter();
            Some(cells.map(|at| lattice[at] + draw(&mut bits)).collect())
        })
        .collect();
    Ok(Measurements {
        release,
        plan: plan.clone(),
        counts,
    })
}

type Draw = Box<dyn Fn(&mut Bits) -> i64>;

/// Draws of a noise; none never, since a plan has no noise without a distribution.
fn drawing(noise: &Noise) -> Option<Draw> {
    match noise {
        Noise::Gaussian(variance) => {
            let gaussian = DiscreteGaussian::new(variance).ok()?;
            Some(Box::new(move |bits| gaussian.draw(bits)))
        }
        Noise::Laplace(scale) => {
            let laplace = DiscreteLaplace::new(scale).ok()?;
            Some(Box::new(move |bits| laplace.draw(bits)))
        }
    }
}

impl Measurements {
    /// The release.
    pub fn release(&self) -> &ReleaseId {
        &self.release
    }

    /// The plan that it followed.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Noisy counts by table of the domain, in row-major order; none where it is not measured.
    pub fn counts(&self) -> &[Option<Vec<i64>>] {
        &self.counts
    }

    /// Do the counts fit the domain? A file that was read may be any text.
    pub(super) fn is_sound(&self) -> bool {
        let domain = self.plan.domain();
        self.counts.len() == domain.tables().len()
            && self.counts.len() == self.plan.noise().len()
            && self
                .counts
                .iter()
                .zip(domain.tables())
                .zip(self.plan.noise())
                .all(|((counts, levels), noise)| match (counts, noise) {
                    (Some(counts), Some(_)) => counts.len() == domain.cells(levels),
                    (None, None) => true,
                    _ => false,
                })
    }
}
