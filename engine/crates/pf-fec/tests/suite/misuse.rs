//! What a caller can get wrong: an error with the numbers, and the block left as it was.

use pf_fec::{BlockLayout, FecError, Kernel, encode, reference};

const VALID: BlockLayout = BlockLayout {
    data: 4,
    parity: 2,
    shard_bytes: 100,
    stride_bytes: 128,
};

#[test]
fn each_fault_is_named_with_its_numbers_and_changes_nothing() {
    let cases = [
        (
            BlockLayout { data: 0, ..VALID },
            740,
            "expected at least 1 data shard, got 0",
        ),
        (
            BlockLayout {
                shard_bytes: 0,
                ..VALID
            },
            740,
            "expected shards of at least 1 byte, got 0",
        ),
        (
            BlockLayout {
                data: 200,
                parity: 56,
                ..VALID
            },
            100_000,
            "expected at most 255 shards, got 200 data + 56 parity",
        ),
        (
            BlockLayout {
                data: 1,
                parity: usize::MAX,
                ..VALID
            },
            740,
            "expected at most 255 shards, got 1 data + 18446744073709551615 parity",
        ),
        (
            BlockLayout {
                stride_bytes: 99,
                ..VALID
            },
            740,
            "expected a stride of at least 100 bytes (one shard), got 99",
        ),
        (
            VALID,
            739,
            "expected a block of at least 740 bytes, got 739",
        ),
        (VALID, 0, "expected a block of at least 740 bytes, got 0"),
        (
            BlockLayout {
                stride_bytes: usize::MAX,
                ..VALID
            },
            740,
            "expected a block of at least 18446744073709551615 bytes, got 740",
        ),
    ];
    for (layout, block_bytes, message) in cases {
        let before = vec![0x5A; block_bytes];
        for kernel in Kernel::available() {
            let mut block = before.clone();
            let error = encode(kernel, &mut block, layout).expect_err(message);
            assert_eq!(error.to_string(), message, "{}", kernel.name());
            assert_eq!(reference::encode(&mut block, layout), Err(error));
            assert_eq!(block, before);
        }
    }
}

#[test]
fn a_block_that_ends_with_its_last_shard_is_enough() {
    for kernel in Kernel::available() {
        assert_eq!(encode(kernel, &mut [0; 740], VALID), Ok(()));
    }
}

#[test]
fn no_parity_is_no_work_and_no_error() {
    let layout = BlockLayout { parity: 0, ..VALID };
    for kernel in Kernel::available() {
        let mut block = [0x5A; 484];
        assert_eq!(encode(kernel, &mut block, layout), Ok(()));
        assert_eq!(reference::encode(&mut block, layout), Ok(()));
        assert_eq!(block, [0x5A; 484]);
    }
}

#[test]
fn a_kernel_that_the_processor_lacks_is_refused() {
    for kernel in Kernel::ALL
        .into_iter()
        .filter(|kernel| !kernel.is_available())
    {
        let refused = encode(kernel, &mut [0; 740], VALID);
        assert_eq!(refused, Err(FecError::KernelUnavailable { kernel }));
    }
    assert_eq!(
        FecError::KernelUnavailable {
            kernel: Kernel::Avx2
        }
        .to_string(),
        "expected a kernel of this processor, got avx2"
    );
}

#[test]
fn the_fastest_kernel_is_one_of_this_processor_and_names_are_distinct() {
    assert_eq!(Some(Kernel::detect()), Kernel::available().last());
    assert!(Kernel::available().any(|kernel| kernel == Kernel::Scalar));
    let names = Kernel::ALL.map(Kernel::name);
    assert_eq!(names, ["scalar", "avx2", "gfni256", "gfni512"]);
}
