//! What a register must be able to do for the algorithms to be written once for all of them.

/// As many field elements as fit a register.
///
/// Everything is `#[inline(always)]`, so that it compiles into the one function of each
/// instruction set that has `#[target_feature]`; called on its own it would be slow, not wrong.
///
/// # Safety
/// Each method may be called only where the processor has the instructions of the implementor.
/// [`Self::load`] reads and [`Self::store`] writes exactly [`Self::BYTES`] bytes, at any alignment.
#[allow(unsafe_code)]
pub(super) unsafe trait Lanes: Copy {
    /// Bytes, and so elements, of a register.
    const BYTES: usize;

    /// Whether 16 values, 8 sums and what multiplies them fit the registers at once: there are 32.
    const MANY_REGISTERS: bool;

    /// A constant, in the form that multiplies a register by it.
    type Factor: Copy;

    unsafe fn zero() -> Self;
    unsafe fn load(from: *const u8) -> Self;
    unsafe fn store(self, to: *mut u8);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn factor(element: u8) -> Self::Factor;
    unsafe fn times(self, factor: Self::Factor) -> Self;
}
