//! SHA-256 (FIPS 180-4), only to compare with published digests without a dependency for it.

pub fn hex_digest(message: &[u8]) -> String {
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64) - 8, 0);
    padded.extend_from_slice(&(8 * message.len() as u64).to_be_bytes());

    let primes: Vec<u64> = (2..312).filter(|n| (2..*n).all(|d| n % d != 0)).collect();
    let constants: Vec<u32> = primes.iter().map(|&p| root_fraction(p, 3)).collect();
    let mut state: Vec<u32> = primes[..8].iter().map(|&p| root_fraction(p, 2)).collect();
    for block in padded.chunks_exact(64) {
        let next = compress(&state, block, &constants);
        for (word, next) in state.iter_mut().zip(next) {
            *word = word.wrapping_add(next);
        }
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}

fn compress(state: &[u32], block: &[u8], constants: &[u32]) -> [u32; 8] {
    let mut words: Vec<u32> = block
        .chunks_exact(4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    for t in 16..64 {
        let (x, y) = (words[t - 15], words[t - 2]);
        let small0 = x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3);
        let small1 = y.rotate_right(17) ^ y.rotate_right(19) ^ (y >> 10);
        words.push(
            words[t - 16]
                .wrapping_add(small0)
                .wrapping_add(words[t - 7])
                .wrapping_add(small1),
        );
    }
    let mut s: [u32; 8] = std::array::from_fn(|i| state[i]);
    for (word, constant) in words.iter().zip(constants) {
        let [a, b, c, d, e, f, g, h] = s;
        let big1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let one = [big1, choice, *constant, *word]
            .into_iter()
            .fold(h, u32::wrapping_add);
        let big0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        let two = big0.wrapping_add(majority);
        s = [one.wrapping_add(two), a, b, c, d.wrapping_add(one), e, f, g];
    }
    s
}

/// The first 32 bits of the fraction of the `degree`-th root of `n`, by bisection in integers.
fn root_fraction(n: u64, degree: u32) -> u32 {
    let scaled = u128::from(n) << (32 * degree);
    let (mut low, mut high) = (0_u128, 1 << 38);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if middle.pow(degree) <= scaled {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low & u128::from(u32::MAX)) as u32
}

#[test]
fn digests_are_those_of_the_standard() {
    assert_eq!(
        hex_digest(b""),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        hex_digest(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}
