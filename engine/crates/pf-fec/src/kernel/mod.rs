//! Which kernels exist, which of them this processor runs, and the way into them.

mod algorithm;
mod direct;
mod group;
mod lanes;
mod paired;
mod points;
mod scalar;
mod shards;
mod transform;
#[cfg(target_arch = "x86_64")]
mod x86;

use self::shards::Shards;
use crate::{BlockLayout, FecError};

/// An implementation of the code. All write the same bytes; they differ in the instructions used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// Portable: 8 bytes at a time in a general register.
    Scalar,
    /// x86-64 with AVX2: 32 bytes at a time, products by two 16-entry look-ups.
    Avx2,
    /// x86-64 with AVX2 and GFNI: 32 bytes at a time, products by one bit-matrix instruction.
    Gfni256,
    /// x86-64 with AVX-512F and GFNI: 64 bytes at a time, products by one bit-matrix instruction.
    Gfni512,
}

impl Kernel {
    /// All kernels, slowest first.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Avx2, Self::Gfni256, Self::Gfni512];

    /// The fastest kernel of this processor.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::Scalar)
    }

    /// The kernels of this processor, slowest first. [`Kernel::Scalar`] is always among them.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// Whether this processor has the instructions. Costs a few loads: the answers are cached.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Gfni256 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("gfni"),
            #[cfg(target_arch = "x86_64")]
            Self::Gfni512 => Self::Gfni256.is_available() && is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Gfni256 | Self::Gfni512 => false,
        }
    }

    /// A stable name for logs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Gfni256 => "gfni256",
            Self::Gfni512 => "gfni512",
        }
    }
}

/// Writes the parity shards of `block` from its data shards; nothing else of it is changed.
///
/// The parity shards need no preparation: what is in them is not read. Allocates nothing and builds
/// nothing; uses up to 16 KiB of stack. With `layout.parity == 0` there is nothing to do.
///
/// # Errors
/// Says what is wrong with the layout or the buffer, or that the processor lacks the kernel. The
/// block is then unchanged.
pub fn encode(kernel: Kernel, block: &mut [u8], layout: BlockLayout) -> Result<(), FecError> {
    let shards = Shards::new(block, layout)?;
    if !kernel.is_available() {
        return Err(FecError::KernelUnavailable { kernel });
    }
    if layout.parity == 0 {
        return Ok(());
    }
    match kernel {
        Kernel::Scalar => scalar::encode(&shards),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 | Kernel::Gfni256 | Kernel::Gfni512 => x86::encode(kernel, &shards),
        #[cfg(not(target_arch = "x86_64"))]
        Kernel::Avx2 | Kernel::Gfni256 | Kernel::Gfni512 => {}
    }
    Ok(())
}
