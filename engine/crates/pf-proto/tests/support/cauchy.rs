//! GF(2^8) with polynomial 0x11D, the Cauchy matrix of GameStream video and its solver, slow and plain.

use std::sync::LazyLock;

/// Product in the field.
pub fn multiply(a: u8, b: u8) -> u8 {
    PRODUCTS[usize::from(a)][usize::from(b)]
}

/// Inverse in the field.
pub fn inverse(value: u8) -> u8 {
    INVERSES[usize::from(value)].expect("zero has no inverse")
}

static PRODUCTS: LazyLock<Vec<[u8; 256]>> = LazyLock::new(|| {
    (0..=255)
        .map(|a| std::array::from_fn(|b| shift_and_add(a, b as u8)))
        .collect()
});

static INVERSES: LazyLock<Vec<Option<u8>>> = LazyLock::new(|| {
    (0..=255)
        .map(|a| (0..=255).find(|&b| multiply(a, b) == 1))
        .collect()
});

fn shift_and_add(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        a = (a << 1) ^ if a & 0x80 != 0 { 0x1D } else { 0 };
        b >>= 1;
    }
    product
}

/// The coefficient of data shard `i` in parity shard `j`.
pub fn coefficient(parity_count: usize, j: usize, i: usize) -> u8 {
    inverse(((parity_count + i) ^ j) as u8)
}

fn add_scaled(target: &mut [u8], source: &[u8], scale: u8) {
    let row = &PRODUCTS[usize::from(scale)];
    for (t, s) in target.iter_mut().zip(source) {
        *t ^= row[usize::from(*s)];
    }
}

/// Fills the parity shards behind the data shards: the closure of the packetizer.
pub fn encode(
    shards: &mut [u8],
    data: usize,
    parity: usize,
) -> Result<(), std::convert::Infallible> {
    let size = shards.len() / (data + parity);
    assert_eq!(shards.len(), size * (data + parity));
    let (data_shards, parity_shards) = shards.split_at_mut(data * size);
    for (j, target) in parity_shards.chunks_exact_mut(size).enumerate() {
        target.fill(0);
        for (i, source) in data_shards.chunks_exact(size).enumerate() {
            add_scaled(target, source, coefficient(parity, j, i));
        }
    }
    Ok(())
}

/// Rebuilds the missing data shards from any `data` shards by Gaussian elimination over the lost ones.
pub fn recover(shards: &[Option<Vec<u8>>], data: usize, parity: usize) -> Option<Vec<Vec<u8>>> {
    let lost: Vec<usize> = (0..data).filter(|&i| shards[i].is_none()).collect();
    let helpers: Vec<usize> = (0..parity)
        .filter(|&j| shards[data + j].is_some())
        .take(lost.len())
        .collect();
    if helpers.len() < lost.len() {
        return None;
    }
    let mut matrix: Vec<Vec<u8>> = Vec::new();
    let mut right: Vec<Vec<u8>> = Vec::new();
    for &j in &helpers {
        let mut rest = shards[data + j].clone()?;
        for i in (0..data).filter(|i| !lost.contains(i)) {
            add_scaled(&mut rest, shards[i].as_deref()?, coefficient(parity, j, i));
        }
        matrix.push(lost.iter().map(|&i| coefficient(parity, j, i)).collect());
        right.push(rest);
    }
    for column in 0..lost.len() {
        let pivot = (column..lost.len()).find(|&r| matrix[r][column] != 0)?;
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let scale = &PRODUCTS[usize::from(inverse(matrix[column][column]))];
        for value in matrix[column].iter_mut().chain(right[column].iter_mut()) {
            *value = scale[usize::from(*value)];
        }
        for other in (0..lost.len()).filter(|&r| r != column) {
            let factor = matrix[other][column];
            if factor != 0 {
                let (pivot_row, pivot_right) = (matrix[column].clone(), right[column].clone());
                add_scaled(&mut matrix[other], &pivot_row, factor);
                add_scaled(&mut right[other], &pivot_right, factor);
            }
        }
    }
    let mut recovered = right.into_iter();
    (0..data)
        .map(|i| shards[i].clone().or_else(|| recovered.next()))
        .collect()
}
