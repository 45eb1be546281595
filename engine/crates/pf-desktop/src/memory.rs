//! Memory that another process paints into: an anonymous file, sealed against shrinking, mapped and populated.
//! The only unsafe code of this crate.

use std::ffi::c_void;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use crate::SourceError;

/// A mapping of a file of our own that a display server maps as well.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    file: OwnedFd,
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to this value alone (`start` is never handed out beyond a borrow of it), and memory
// maps are not tied to a thread.
unsafe impl Send for SharedMemory {}

impl SharedMemory {
    /// Maps `bytes` of fresh zeroed memory, already backed by pages.
    ///
    /// # Errors
    /// [`SourceError::System`] when the system has none, or `bytes` is zero.
    pub(crate) fn new(bytes: usize) -> Result<Self, SourceError> {
        Self::map(bytes).map_err(|errno| SourceError::System {
            wanted: "memory for a picture",
            bytes,
            reason: errno.to_string(),
        })
    }

    fn map(bytes: usize) -> Result<Self, Errno> {
        let file = rustix::fs::memfd_create(
            c"punktfunk picture",
            MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
        )?;
        rustix::fs::ftruncate(&file, bytes as u64)?;
        // Without the seal a server could shorten the file and our next read would be a SIGBUS.
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        // SAFETY: a new mapping at an address of the kernel's choice, of a file that is exactly `bytes` long and
        // cannot shrink. It is unmapped only in `drop`.
        let start = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED | MapFlags::POPULATE,
                &file,
                0,
            )?
        };
        let start = NonNull::new(start.cast::<u8>()).ok_or(Errno::NOMEM)?;
        Ok(Self { file, start, bytes })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `start..start + bytes` is mapped, initialised (zero pages or what was painted) and lives as long
        // as `self`. The server writes only between our request and its answer, during which this crate lends no
        // slice; a server that breaks the protocol can change pixels under us, which are plain bytes.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and `&mut self` excludes every other slice of this process.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes) }
    }
}

impl AsFd for SharedMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: exactly the range that `map` got, unmapped once; no slice outlives `self`.
        // The only possible failure is a range that is not ours, which the invariant excludes.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast::<c_void>(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_zeroed_writable_and_shared_through_its_file() {
        let mut memory = SharedMemory::new(8192).expect("8 kB");
        assert!(memory.bytes().iter().all(|&byte| byte == 0));
        memory.bytes_mut()[4097] = 7;
        let mut read = [0u8; 1];
        assert_eq!(rustix::io::pread(&memory, &mut read, 4097), Ok(1));
        assert_eq!(read, [7]);
    }

    #[test]
    fn cannot_be_shortened_by_who_holds_the_file() {
        let memory = SharedMemory::new(8192).expect("8 kB");
        assert_eq!(rustix::fs::ftruncate(&memory, 0), Err(Errno::PERM));
    }

    #[test]
    fn refuses_nothing_and_too_much_with_the_number() {
        for bytes in [0, usize::MAX / 2] {
            let error = SharedMemory::new(bytes).expect_err("impossible size");
            assert!(
                matches!(error, SourceError::System { bytes: got, .. } if got == bytes),
                "{error}"
            );
        }
    }
}
