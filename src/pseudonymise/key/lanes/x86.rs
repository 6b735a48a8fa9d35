//! SHA-256 (FIPS 180-4, section 6.2.2) in the lanes of AVX2 and AVX-512 registers.
//!
//! The two differ in their operations alone, so that the steps are written once. Everything is
//! unrolled: the state and the sixteen words of the schedule then stay in registers.

use std::arch::x86_64::{
    __m256i, __m512i, _mm_extract_epi32, _mm256_add_epi32, _mm256_and_si256, _mm256_extract_epi32,
    _mm256_or_si256, _mm256_set1_epi32, _mm256_setr_epi32, _mm256_setzero_si256, _mm256_slli_epi32,
    _mm256_srli_epi32, _mm256_xor_si256, _mm512_add_epi32, _mm512_extracti32x4_epi32,
    _mm512_ror_epi32, _mm512_set1_epi32, _mm512_setr_epi32, _mm512_setzero_si512,
    _mm512_srli_epi32, _mm512_ternarylogic_epi32,
};

use super::Blocks;
use crate::pseudonymise::key::derive::Pseudonym;
use crate::pseudonymise::key::hmac_state::HmacState;

/// The constants of the steps (FIPS 180-4, section 4.2.2).
const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// The length in bits of a block and a digest: what the outer hash hashes.
const OUTER_BITS: i32 = (64 + 32) * 8;

/// One step: `t` and `i` make its number; from the seventeenth on a word of the schedule is made in
/// the place of the oldest.
macro_rules! step {
    ($op:ident, $w:ident, $t:ident, $i:literal,
     $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        if $t > 0 {
            let (near, far) = ($w[($i + 14) & 15], $w[($i + 1) & 15]);
            let low = $op!(xor $op!(turn far, 7, 25), $op!(turn far, 18, 14), $op!(shift far, 3));
            let high = $op!(xor $op!(turn near, 17, 15), $op!(turn near, 19, 13), $op!(shift near, 10));
            $w[$i] = $op!(add $op!(add $w[$i], low), $op!(add $w[($i + 9) & 15], high));
        }
        let sum = $op!(xor $op!(turn $e, 6, 26), $op!(turn $e, 11, 21), $op!(turn $e, 25, 7));
        let word = $op!(add $op!(all K[$t + $i]), $w[$i]);
        let first = $op!(add $op!(add $h, sum), $op!(add $op!(choose $e, $f, $g), word));
        let sum = $op!(xor $op!(turn $a, 2, 30), $op!(turn $a, 13, 19), $op!(turn $a, 22, 10));
        $d = $op!(add $d, first);
        $h = $op!(add first, $op!(add sum, $op!(majority $a, $b, $c)));
    };
}

/// The compression function: states and words are eight and sixteen registers.
macro_rules! compression {
    ($name:ident, $features:literal, $register:ty, $op:ident) => {
        #[target_feature(enable = $features)]
        #[inline]
        fn $name(state: &mut [$register; 8], mut w: [$register; 16]) {
            let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
            let mut t = 0;
            while t < 64 {
                step!($op, w, t, 0, a b c d e f g h);
                step!($op, w, t, 1, h a b c d e f g);
                step!($op, w, t, 2, g h a b c d e f);
                step!($op, w, t, 3, f g h a b c d e);
                step!($op, w, t, 4, e f g h a b c d);
                step!($op, w, t, 5, d e f g h a b c);
                step!($op, w, t, 6, c d e f g h a b);
                step!($op, w, t, 7, b c d e f g h a);
                step!($op, w, t, 8, a b c d e f g h);
                step!($op, w, t, 9, h a b c d e f g);
                step!($op, w, t, 10, g h a b c d e f);
                step!($op, w, t, 11, f g h a b c d e);
                step!($op, w, t, 12, e f g h a b c d);
                step!($op, w, t, 13, d e f g h a b c);
                step!($op, w, t, 14, c d e f g h a b);
                step!($op, w, t, 15, b c d e f g h a);
                t += 16;
            }
            let [sa, sb, sc, sd, se, sf, sg, sh] = *state;
            *state = [
                $op!(add sa, a), $op!(add sb, b), $op!(add sc, c), $op!(add sd, d),
                $op!(add se, e), $op!(add sf, f), $op!(add sg, g), $op!(add sh, h),
            ];
        }
    };
}

/// HMAC: the inner hash of each lane's blocks, then the outer hash of that.
macro_rules! hmac {
    ($name:ident, $compress:ident, $lanes:literal, $features:literal, $register:ty, $op:ident) => {
        /// The HMACs of messages of one number of blocks, cut to 16 bytes.
        #[target_feature(enable = $features)]
        pub(super) fn $name(state: &HmacState, messages: &[Blocks<'_>; $lanes]) -> [Pseudonym; $lanes] {
            let [a, b, c, d, e, f, g, h] = state.inner;
            let mut lanes = [
                $op!(all a), $op!(all b), $op!(all c), $op!(all d),
                $op!(all e), $op!(all f), $op!(all g), $op!(all h),
            ];
            for block in 0..messages[0].len() {
                let mut words = [$op!(zero); 16];
                for (t, slot) in words.iter_mut().enumerate() {
                    *slot = $op!(words |lane: usize| {
                        let bytes = messages[lane].get(block).map(|b| b.as_chunks::<4>().0);
                        let word = bytes.and_then(|b| b.get(t)).copied().unwrap_or_default();
                        i32::from_be_bytes(word)
                    });
                }
                $compress(&mut lanes, words);
            }
            let [a, b, c, d, e, f, g, h] = lanes;
            let (bit, zero) = ($op!(all 1_u32 << 31), $op!(zero));
            let words = [
                a, b, c, d, e, f, g, h,
                bit, zero, zero, zero, zero, zero, zero, $op!(all OUTER_BITS.cast_unsigned()),
            ];
            let [a, b, c, d, e, f, g, h] = state.outer;
            let mut lanes = [
                $op!(all a), $op!(all b), $op!(all c), $op!(all d),
                $op!(all e), $op!(all f), $op!(all g), $op!(all h),
            ];
            $compress(&mut lanes, words);
            let [a, b, c, d, ..] = lanes;
            let words = [$op!(out a), $op!(out b), $op!(out c), $op!(out d)];
            let mut macs = [[0; 16]; $lanes];
            for (lane, mac) in macs.iter_mut().enumerate() {
                for (slot, word) in mac.as_chunks_mut::<4>().0.iter_mut().zip(&words) {
                    *slot = word[lane].to_be_bytes();
                }
            }
            macs
        }
    };
}

/// The operations of AVX2.
macro_rules! avx2 {
    (zero) => {
        _mm256_setzero_si256()
    };
    (all $x:expr) => {
        _mm256_set1_epi32(($x).cast_signed())
    };
    (add $x:expr, $y:expr) => {
        _mm256_add_epi32($x, $y)
    };
    (turn $x:expr, $right:literal, $left:literal) => {
        _mm256_or_si256(
            _mm256_srli_epi32::<$right>($x),
            _mm256_slli_epi32::<$left>($x),
        )
    };
    (shift $x:expr, $n:literal) => {
        _mm256_srli_epi32::<$n>($x)
    };
    (xor $x:expr, $y:expr, $z:expr) => {
        _mm256_xor_si256(_mm256_xor_si256($x, $y), $z)
    };
    (choose $x:expr, $y:expr, $z:expr) => {
        _mm256_xor_si256($z, _mm256_and_si256($x, _mm256_xor_si256($y, $z)))
    };
    (majority $x:expr, $y:expr, $z:expr) => {
        _mm256_or_si256(
            _mm256_and_si256($x, $y),
            _mm256_and_si256($z, _mm256_or_si256($x, $y)),
        )
    };
    (words $word:expr) => {{
        let w = $word;
        _mm256_setr_epi32(w(0), w(1), w(2), w(3), w(4), w(5), w(6), w(7))
    }};
    (out $x:expr) => {
        [
            _mm256_extract_epi32::<0>($x),
            _mm256_extract_epi32::<1>($x),
            _mm256_extract_epi32::<2>($x),
            _mm256_extract_epi32::<3>($x),
            _mm256_extract_epi32::<4>($x),
            _mm256_extract_epi32::<5>($x),
            _mm256_extract_epi32::<6>($x),
            _mm256_extract_epi32::<7>($x),
        ]
    };
}

/// The operations of AVX-512: turns are one instruction, and so is any function of three bits.
macro_rules! avx512 {
    (zero) => {
        _mm512_setzero_si512()
    };
    (all $x:expr) => {
        _mm512_set1_epi32(($x).cast_signed())
    };
    (add $x:expr, $y:expr) => {
        _mm512_add_epi32($x, $y)
    };
    (turn $x:expr, $right:literal, $left:literal) => {
        _mm512_ror_epi32::<$right>($x)
    };
    (shift $x:expr, $n:literal) => {
        _mm512_srli_epi32::<$n>($x)
    };
    (xor $x:expr, $y:expr, $z:expr) => {
        _mm512_ternarylogic_epi32::<0x96>($x, $y, $z)
    };
    (choose $x:expr, $y:expr, $z:expr) => {
        _mm512_ternarylogic_epi32::<0xca>($x, $y, $z)
    };
    (majority $x:expr, $y:expr, $z:expr) => {
        _mm512_ternarylogic_epi32::<0xe8>($x, $y, $z)
    };
    (words $word:expr) => {{
        let w = $word;
        _mm512_setr_epi32(
            w(0),
            w(1),
            w(2),
            w(3),
            w(4),
            w(5),
            w(6),
            w(7),
            w(8),
            w(9),
            w(10),
            w(11),
            w(12),
            w(13),
            w(14),
            w(15),
        )
    }};
    (out $x:expr) => {{
        let four = [
            _mm512_extracti32x4_epi32::<0>($x),
            _mm512_extracti32x4_epi32::<1>($x),
            _mm512_extracti32x4_epi32::<2>($x),
            _mm512_extracti32x4_epi32::<3>($x),
        ];
        let mut out = [0; 16];
        let mut i = 0;
        while i < 4 {
            out[4 * i] = _mm_extract_epi32::<0>(four[i]);
            out[4 * i + 1] = _mm_extract_epi32::<1>(four[i]);
            out[4 * i + 2] = _mm_extract_epi32::<2>(four[i]);
            out[4 * i + 3] = _mm_extract_epi32::<3>(four[i]);
            i += 1;
        }
        out
    }};
}

compression!(compress_eight, "avx2", __m256i, avx2);
compression!(compress_sixteen, "avx512f,avx512bw", __m512i, avx512);
hmac!(eight, compress_eight, 8, "avx2", __m256i, avx2);
hmac!(
    sixteen,
    compress_sixteen,
    16,
    "avx512f,avx512bw",
    __m512i,
    avx512
);
