//! GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1 (0x11D), computed by the compiler into tables.

/// The low byte of the polynomial: what x^8 is congruent to.
const REDUCTION: u8 = 0x1D;

/// `PRODUCT[a][b]` = a · b.
pub(crate) static PRODUCT: [[u8; 256]; 256] = {
    let mut table = [[0; 256]; 256];
    let mut a = 0;
    while a < 256 {
        table[a] = multiples(a as u8);
        a += 1;
    }
    table
};

/// `INVERSE[a]` · a = 1. 0 has no inverse; its entry is 0, which drops a term that does not exist.
pub(crate) static INVERSE: [u8; 256] = {
    let mut table = [0; 256];
    let mut a = 1;
    while a < 256 {
        table[a] = inverse(a as u8);
        a += 1;
    }
    table
};

/// a · b by shifting and adding.
pub(crate) const fn product(a: u8, b: u8) -> u8 {
    let (mut power, mut rest, mut sum) = (a, b, 0);
    while rest != 0 {
        if rest & 1 == 1 {
            sum ^= power;
        }
        power = times_x(power);
        rest >>= 1;
    }
    sum
}

/// a⁻¹ = a^254, as a has order 255 or a divisor of it.
pub(crate) const fn inverse(a: u8) -> u8 {
    let (mut power, mut count) = (1, 0);
    while count < 254 {
        power = product(power, a);
        count += 1;
    }
    power
}

const fn times_x(a: u8) -> u8 {
    (a << 1) ^ (REDUCTION & (a >> 7).wrapping_neg())
}

/// a times every element. Linear in the second factor, so 8 products make 256.
const fn multiples(a: u8) -> [u8; 256] {
    let mut row = [0; 256];
    let mut power = a;
    let mut bit = 1;
    while bit < 256 {
        let mut low = 0;
        while low < bit {
            row[bit + low] = row[low] ^ power;
            low += 1;
        }
        power = times_x(power);
        bit <<= 1;
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_polynomial_0x11d() {
        assert_eq!(product(2, 0x80), 0x1D);
        assert_eq!(product(0x57, 0x83), 0x31);
        assert_eq!(product(0xFF, 0xFF), 0xE2);
    }

    #[test]
    fn inverses_are_those_of_the_specification() {
        let known = [
            (2, 0x8E),
            (3, 0xF4),
            (4, 0x47),
            (5, 0xA7),
            (0x53, 0x8C),
            (0x80, 0x1B),
            (0xFF, 0xFD),
        ];
        for (a, inverse_of_a) in known {
            assert_eq!(INVERSE[a], inverse_of_a, "inverse of {a:#x}");
        }
    }

    #[test]
    fn tables_agree_with_shifting_and_adding() {
        for a in 0..=255_u8 {
            for b in 0..=255_u8 {
                assert_eq!(PRODUCT[usize::from(a)][usize::from(b)], product(a, b));
            }
            if a != 0 {
                assert_eq!(product(a, INVERSE[usize::from(a)]), 1);
            }
        }
        assert_eq!(INVERSE[0], 0);
    }
}
