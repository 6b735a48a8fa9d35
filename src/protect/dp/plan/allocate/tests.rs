//! The shares against the best that any linear mechanism can do: the singular value bound of the
//! workload (Li and Miklau, "Optimal Error of Query Sets under the Differentially-Private Matrix
//! Mechanism", ICDT 2013), (Σ singular values)² / cells.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use super::*;

fn flat(name: &str, n: usize) -> Axis {
    let codes: Vec<String> = (0..n).map(|i| format!("{i:03}")).collect();
    Axis::new(name, &codes, &BTreeMap::new()).expect("axis")
}

/// 175 areas in ten regions of unequal size.
fn areas() -> Axis {
    let codes: Vec<String> = (0..175).map(|i| format!("{i:03}")).collect();
    let sizes = [12, 23, 15, 9, 14, 11, 33, 19, 15, 24];
    let mut above = BTreeMap::new();
    let mut next = codes.iter();
    for (region, size) in sizes.into_iter().enumerate() {
        for code in next.by_ref().take(size) {
            above.insert(code.clone(), format!("R{region}"));
        }
    }
    Axis::new("la", &codes, &above).expect("axis")
}

fn domain(axes: Vec<Axis>, most: usize) -> Domain {
    let names: Vec<String> = axes.iter().map(|a| a.name().to_owned()).collect();
    let sets = (1..1_usize << names.len()).filter(|s| s.count_ones() as usize == most);
    let tables: Vec<Vec<String>> = sets
        .map(|s| {
            let chosen = names.iter().enumerate().filter(|(i, _)| s >> i & 1 == 1);
            chosen.map(|(_, n)| n.clone()).collect()
        })
        .collect();
    Domain::new(axes, &tables).expect("domain")
}

/// The singular value bound, component by component: in each, the eigenvalues of
/// Σ weight·spread·GᵀG over the levels of the tree, each as often as the component's rank.
fn bound(domain: &Domain, structure: &Structure, weights: &[f64]) -> f64 {
    let axis = &domain.axes()[structure.tree];
    let leaves = axis.leaves();
    let mut nuclear = 0.0;
    for component in &structure.components {
        let rank = component.parts[0].rank;
        let mut gram = DMatrix::<f64>::zeros(leaves.len(), leaves.len());
        for part in &component.parts {
            let up = |mut node: usize| {
                while !axis.level(part.level).contains(&node) {
                    node = axis.parent(node);
                }
                node
            };
            for a in leaves.clone() {
                for b in leaves.clone() {
                    if up(a) == up(b) {
                        gram[(a - leaves.start, b - leaves.start)] +=
                            weights[part.table] * part.spread;
                    }
                }
            }
        }
        let values = gram.symmetric_eigenvalues();
        nuclear += rank * values.iter().map(|v| v.max(0.0).sqrt()).sum::<f64>();
    }
    nuclear * nuclear / number(domain.cells(&domain.finest()))
}

struct Outcome {
    loss: f64,
    bound: f64,
}

fn outcome(domain: &Domain, goal: Goal) -> Outcome {
    let structure = Structure::new(domain);
    let weights: Vec<f64> = domain
        .tables()
        .iter()
        .map(|t| match goal {
            Goal::Mean => 1.0 / number(domain.cells(t)),
            _ => 1.0,
        })
        .collect();
    let tau = shares(domain, &structure, goal, Definition::Zcdp);
    let search = Search {
        domain,
        structure: &structure,
    };
    let tables = if goal == Goal::Mean {
        number(tau.len())
    } else {
        1.0
    };
    Outcome {
        loss: search.sum(&tau, &weights) / tables,
        bound: bound(domain, &structure, &weights) / tables,
    }
}

#[test]
fn total_variance_is_within_one_per_cent_of_the_bound() {
    // (workload, total variance at a budget of 1 known for it)
    let small = || vec![flat("a", 10), flat("b", 18), flat("c", 2)];
    let five = || [small(), vec![flat("d", 2), flat("e", 4)]].concat();
    for (name, domain, known, most) in [
        ("10x18x2", domain(small(), 3), Some(1434.9), 1.01),
        ("10x18x2 two ways", domain(small(), 2), None, 1.01),
        (
            "174x5x2",
            domain(vec![flat("a", 174), flat("b", 5), flat("c", 2)], 3),
            None,
            1.01,
        ),
        ("10x18x2x2x4", domain(five(), 5), None, 1.01),
        // Margins alone, without a negative precision, cannot reach the bound here.
        ("10x18x2x2x4 two ways", domain(five(), 2), None, 1.025),
        (
            "areas",
            domain(vec![areas(), flat("age", 5), flat("sex", 2)], 3),
            None,
            1.01,
        ),
    ] {
        let o = outcome(&domain, Goal::Total);
        println!(
            "{name}: {:.2} bound {:.2} excess {:.3} %",
            o.loss,
            o.bound,
            100.0 * (o.loss / o.bound - 1.0)
        );
        assert!(
            o.loss < most * o.bound && o.loss > 0.999 * o.bound,
            "{name}: {} {}",
            o.loss,
            o.bound
        );
        if let Some(known) = known {
            assert!((o.loss - known).abs() < 0.5, "{name}");
        }
    }
}

#[test]
fn the_mean_over_tables_is_near_its_bound() {
    let small = || vec![flat("a", 10), flat("b", 18), flat("c", 2)];
    let five = || [small(), vec![flat("d", 2), flat("e", 4)]].concat();
    for (name, domain, known, most) in [
        ("10x18x2", domain(small(), 3), 4.497, 1.01),
        ("10x18x2x2x4", domain(five(), 5), 9.33, 1.01),
        ("10x18x2x2x4 two ways", domain(five(), 2), 7.23, 1.01),
        // A tree of unequal groups: equal noise within a level cannot reach the bound.
        (
            "areas",
            domain(vec![areas(), flat("age", 5), flat("sex", 2)], 3),
            5.85,
            1.02,
        ),
    ] {
        let o = outcome(&domain, Goal::Mean);
        println!(
            "{name}: {:.3} bound {:.3} excess {:.3} %",
            o.loss,
            o.bound,
            100.0 * (o.loss / o.bound - 1.0)
        );
        assert!(
            o.loss < most * o.bound && o.loss > 0.999 * o.bound,
            "{name}: {} {}",
            o.loss,
            o.bound
        );
        assert!((o.loss / known - 1.0).abs() < 0.02, "{name}: {}", o.loss);
    }
}

#[test]
fn the_worst_cell_is_as_good_as_is_known() {
    let small = || vec![flat("a", 10), flat("b", 18), flat("c", 2)];
    for (name, domain, known) in [
        ("10x18x2", domain(small(), 3), 4.593),
        (
            "174x5x2",
            domain(vec![flat("a", 174), flat("b", 5), flat("c", 2)], 3),
            4.419,
        ),
        ("10x18x2 two ways", domain(small(), 2), 4.37),
    ] {
        let structure = Structure::new(&domain);
        let tau = shares(&domain, &structure, Goal::Worst, Definition::Zcdp);
        let search = Search {
            domain: &domain,
            structure: &structure,
        };
        let worst = search.worst(&tau).into_iter().fold(0.0, f64::max);
        println!("{name}: {worst:.3} known {known}");
        assert!(worst < known * 1.005, "{name}: {worst}");
    }
}

#[test]
fn pure_shares_beat_equal_ones() {
    let domain = domain(vec![flat("a", 10), flat("b", 18), flat("c", 2)], 3);
    let structure = Structure::new(&domain);
    let best = shares(&domain, &structure, Goal::Total, Definition::Pure);
    let search = Search {
        domain: &domain,
        structure: &structure,
    };
    let weights = vec![1.0; best.len()];
    let value = |s: &[f64]| search.sum(&precision(s, Definition::Pure), &weights);
    let equal = vec![1.0 / number(best.len()); best.len()];
    println!("pure: {:.1} equal {:.1}", value(&best), value(&equal));
    assert!(value(&best) < 0.9 * value(&equal));
    assert!((best.iter().sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn the_slope_is_that_of_the_sum() {
    let domain = domain(vec![areas(), flat("age", 3)], 2);
    let structure = Structure::new(&domain);
    let search = Search {
        domain: &domain,
        structure: &structure,
    };
    let tau = [0.3, 0.1, 0.25, 0.05, 0.2, 0.1];
    let weights = [1.0, 2.0, 0.5, 1.0, 1.0, 0.25];
    let (value, slope) = search.slope(&tau, &weights);
    // f is homogeneous of degree −1: Σ τ (−∂f/∂τ) = f (Euler).
    let told: f64 = tau.iter().zip(&slope).map(|(t, g)| t * g).sum();
    assert!((told / value - 1.0).abs() < 1e-4);
    assert!((search.sum(&tau, &weights) / value - 1.0).abs() < 1e-12);
    for table in 0..6 {
        let mut more = tau;
        more[table] *= 1.0 + 1e-5;
        let fall = (value - search.sum(&more, &weights)) / (tau[table] * 1e-5);
        assert!((fall / slope[table] - 1.0).abs() < 1e-3, "{table}");
    }
}
