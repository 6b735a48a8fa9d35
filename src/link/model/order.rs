//! The order that levels must keep: a rarer name that two records share never weighs less than a
//! more frequent one.

use crate::comparison::Kind;

/// The shares among matches with the ratio to `u` made to fall, or stay, from the rarest band to the
/// most frequent; other kinds as they are. Neighbours that break the order share their matches out in
/// proportion to `u` (pool adjacent violators: Ayer and others, "An empirical distribution function
/// for sampling with incomplete information", Annals of Mathematical Statistics 26, 1955), so that
/// the sum stays what it was.
pub(super) fn in_order(kind: Kind, mut m: Vec<f64>, u: &[f64]) -> Vec<f64> {
    if kind != Kind::Frequency {
        return m;
    }
    // Pools from the rarest band on: the sums of m and u, and how many bands.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (m, u) in m.iter().zip(u).skip(1) {
        let mut pool = (*m, *u, 1);
        while let Some(last) = pools.last() {
            // The ratio before is less than this one: m₁/u₁ < m₂/u₂.
            if last.0 * pool.1 >= pool.0 * last.1 {
                break;
            }
            pool = (last.0 + pool.0, last.1 + pool.1, last.2 + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let mut place = 1;
    for (matches, others, bands) in pools {
        for _ in 0..bands {
            if let (Some(slot), Some(own)) = (m.get_mut(place), u.get(place))
                && bands > 1
                && others > 0.0
            {
                *slot = matches * own / others;
            }
            place += 1;
        }
    }
    m
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn a_break_of_the_order_is_pooled() {
        let u = [0.0, 0.1, 0.2, 0.3, 0.4];
        let kept = vec![0.0, 0.4, 0.3, 0.2, 0.1];
        assert_eq!(in_order(Kind::Frequency, kept.clone(), &u), kept);
        // The second band has a ratio of 0.5, the third of 1.0: together 0.8.
        let made = in_order(Kind::Frequency, vec![0.0, 0.5, 0.1, 0.3, 0.1], &u);
        for (made, expected) in made.iter().zip([0.0, 0.5, 0.16, 0.24, 0.1]) {
            assert!((made - expected).abs() < 1e-12, "{made} {expected}");
        }
        let other = vec![0.0, 0.1, 0.9];
        assert_eq!(
            in_order(Kind::Exact, other.clone(), &[0.0, 0.9, 0.1]),
            other
        );
    }

    proptest! {
        #[test]
        fn ratios_fall_and_the_sum_stays(
            m in prop::array::uniform4(0.0_f64..1.0), u in prop::array::uniform4(1e-6_f64..1.0),
        ) {
            let with_missing = |of: [f64; 4]| [0.0, of[0], of[1], of[2], of[3]];
            let (m, u) = (with_missing(m), with_missing(u));
            let made = in_order(Kind::Frequency, m.to_vec(), &u);
            let ratios: Vec<f64> = made.iter().zip(u).skip(1).map(|(m, u)| m / u).collect();
            prop_assert!(ratios.windows(2).all(|w| w[0] >= w[1] * (1.0 - 1e-9)), "{ratios:?}");
            let sum = |of: &[f64]| of.iter().sum::<f64>();
            prop_assert!((sum(&made) - sum(&m)).abs() < 1e-9);
        }
    }
}
