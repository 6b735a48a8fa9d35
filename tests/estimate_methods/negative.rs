//! An estimator from which something was taken away must fail the gate, also that of a share.

use super::gate::Study;
use super::simulation_lists::{TWO_LISTS, siblings, three_lists, together};
use super::simulation_rest::{Screened, noisy, raked, screened};
use super::world::{self, Without, World};

fn must_fail(study: Study, what: &str) {
    study.tell(what);
    assert!(!study.passes(), "{what} passes: {study:?}");
    assert!(
        !study.passes_as_share(),
        "{what} passes as a share: {study:?}"
    );
}

fn without(world: World, without: Without) -> Study {
    Study::of(150, |r| world::run(world, without, r))
}

#[test]
fn without_the_clerical_variance() {
    for design in TWO_LISTS.iter().filter(|d| d.people == 100_000) {
        must_fail(Study::of(150, |r| design.run(r, false)), "two lists");
    }
    let world = together(15_000, true);
    must_fail(without(world, Without::ClericalVariance), "three lists");
}

#[test]
fn without_the_family_clustering() {
    must_fail(
        without(siblings(0.9), Without::FamilyClustering),
        "siblings",
    );
}

#[test]
fn without_the_transition_correction() {
    must_fail(
        without(three_lists(5_000), Without::Transition),
        "three lists",
    );
    must_fail(
        without(together(4_000, true), Without::Transition),
        "families",
    );
    must_fail(Study::of(150, |r| TWO_LISTS[2].naive(r)), "two lists");
}

#[test]
fn without_imputing_calibrating_or_the_variance_of_noise() {
    must_fail(
        Study::of(60, |r| screened(Screened::CompleteCases, r)),
        "complete cases",
    );
    must_fail(
        Study::of(60, |r| screened(Screened::Once, r)),
        "one imputation",
    );
    must_fail(Study::of(60, |r| raked(false, r)), "unweighted");
    must_fail(
        Study::of(150, |r| noisy(8.0, 8.0, false, r)),
        "noise forgotten",
    );
}
