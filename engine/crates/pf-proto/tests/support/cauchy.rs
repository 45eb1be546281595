//! GF(2^8) with polynomial 0x11D, the Cauchy matrix of GameStream video and its solver, slow and plain.

/// Product in the field.
pub fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 != 0 {
            product ^= a;
        }
        a = a << 1 ^ if a & 0x80 != 0 { 0x1D } else { 0 };
        b >>= 1;
    }
    product
}

/// Inverse in the field: the 254th power.
pub fn inverse(value: u8) -> u8 {
    assert_ne!(value, 0);
    (1..=255)
        .find(|&candidate| multiply(value, candidate) == 1)
        .expect("every non-zero element has an inverse")
}

/// The coefficient of data shard `i` in parity shard `j`.
pub fn coefficient(parity_count: usize, j: usize, i: usize) -> u8 {
    inverse(((parity_count + i) ^ j) as u8)
}

/// All products of one coefficient.
fn row(coefficient: u8) -> [u8; 256] {
    std::array::from_fn(|value| multiply(coefficient, value as u8))
}

fn add_scaled(target: &mut [u8], source: &[u8], scale: u8) {
    let row = row(scale);
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
        let scale = row(inverse(matrix[column][column]));
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
