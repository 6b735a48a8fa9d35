//! A name as a few minima of its pairs of letters (min-wise hashing; Broder, "On the resemblance
//! and containment of documents", 1997).
//!
//! Two names agree in one minimum with a probability equal to the share of letter pairs that they
//! have in common. A lane of a sketch joins two minima, so names of unrelated people nearly never
//! agree in one, and misspelt ones in some: what is shown is whether names are close, not how far
//! apart strangers are. The orders of the pairs are public; what is encoded is keyed by the block.

/// Lanes of a sketch.
pub(super) const LANES: usize = 8;
/// Minima joined in one lane.
const MINIMA: usize = 2;
const GRAMS: usize = 1024;
const ORDERS: usize = LANES * MINIMA;

/// The orders of the letter pairs: for each pair, its rank in each order.
pub(super) struct Orders(Box<[[u32; ORDERS]]>);

impl Orders {
    /// The orders, always the same.
    pub(super) fn new() -> Self {
        let mut state = 0x6b69_6e6c_696e_6b31_u64;
        let rows = (0..GRAMS)
            .map(|_| {
                std::array::from_fn(|_| {
                    let [a, b, c, d, ..] = split_mix(&mut state).to_le_bytes();
                    u32::from_le_bytes([a, b, c, d])
                })
            })
            .collect();
        Orders(rows)
    }

    /// The lanes of a name; none if it has no letter. Each is eight bytes.
    pub(super) fn lanes(&self, name: &str) -> Option<[[u8; 8]; LANES]> {
        let mut minima = [u32::MAX; ORDERS];
        let mut last = 0_usize;
        let mut any = false;
        for letter in name.bytes().map(code).filter(|c| *c > 0).chain([0]) {
            if letter == 0 && !any {
                return None;
            }
            any = true;
            if let Some(ranks) = self.0.get(last * 32 + letter) {
                for (minimum, rank) in minima.iter_mut().zip(ranks) {
                    *minimum = (*minimum).min(*rank);
                }
            }
            last = letter;
        }
        let mut out = [[0; 8]; LANES];
        for (lane, pair) in out.iter_mut().zip(minima.chunks_exact(MINIMA)) {
            let bytes = pair.iter().flat_map(|m| m.to_le_bytes());
            for (slot, byte) in lane.iter_mut().zip(bytes) {
                *slot = byte;
            }
        }
        Some(out)
    }
}

/// 1 to 26 for a letter, 27 to 31 for the bytes of others, 0 for a space.
fn code(byte: u8) -> usize {
    match byte {
        b'A'..=b'Z' => usize::from(byte - b'A') + 1,
        b' ' => 0,
        other => 27 + usize::from(other % 5),
    }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreements(a: &str, b: &str) -> usize {
        let orders = Orders::new();
        let (a, b) = (orders.lanes(a).unwrap(), orders.lanes(b).unwrap());
        a.iter().zip(&b).filter(|(x, y)| x == y).count()
    }

    #[test]
    fn close_names_agree_and_strangers_do_not() {
        assert_eq!(agreements("KATHERINE", "KATHERINE"), LANES);
        assert!(agreements("KATHERINE", "KATHARINE") >= 2);
        assert_eq!(agreements("KATHERINE", "DOUGLAS"), 0);
        assert_eq!(agreements("SMITH JONES", "SMITHJONES"), LANES);
        assert!(Orders::new().lanes("").is_none());
        assert!(Orders::new().lanes(" ").is_none());
    }

    #[test]
    fn the_orders_never_change() {
        let lane = Orders::new().lanes("ANN").unwrap();
        assert_eq!(lane[0], KNOWN);
    }

    const KNOWN: [u8; 8] = [166, 200, 245, 1, 231, 175, 214, 37];
}
