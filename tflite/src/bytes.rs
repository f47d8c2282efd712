//! Memory that holds a model or a tensor, at an address that the runtime can work with.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr::NonNull;

use crate::error::{Error, Result};

/// A cache line, and what the runtime aligns its own tensors to.
const ALIGNMENT: usize = 64;

/// What constants inside a model are aligned to, counted from its first byte.
const CONSTANT_ALIGNMENT: usize = 16;

/// What must be readable behind the last byte: XNNPACK's kernels read constants where they lie in the
/// model, and up to 16 bytes more (`XNN_EXTRA_BYTES`), some twice that.
const SLACK: usize = 64;

/// The longest file that is read. A flatbuffer's offsets reach no further, and something without an
/// end, such as a device, must not fill the memory.
const MAX_FILE: u64 = (1 << 31) - 1;

/// The bytes of a model. They neither move nor change as long as this lives.
pub(crate) enum ModelBytes {
    Owned(AlignedBytes),
    Static(&'static [u8]),
    Mapped(Mapping),
}

impl ModelBytes {
    /// A copy, well aligned.
    pub(crate) fn copy(bytes: &[u8]) -> Result<Self> {
        let mut owned = AlignedBytes::zeroed(bytes.len())?;
        owned.as_mut_slice().copy_from_slice(bytes);
        Ok(Self::Owned(owned))
    }

    /// The bytes themselves if they are well aligned and what is behind them can be read, else a
    /// copy.
    pub(crate) fn from_static(bytes: &'static [u8]) -> Result<Self> {
        let range = bytes.as_ptr_range();
        if range.start.addr().is_multiple_of(CONSTANT_ALIGNMENT) && has_slack(range.end.addr()) {
            Ok(Self::Static(bytes))
        } else {
            Self::copy(bytes)
        }
    }

    /// What the file holds now.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let read_error = |source| Error::ReadModel {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(read_error)?;
        let length = file.metadata().map_err(read_error)?.len();
        let (Some(length), Ok(max)) = (
            usize::try_from(length).ok().filter(|_| length <= MAX_FILE),
            usize::try_from(MAX_FILE),
        ) else {
            return Err(read_error(too_long()));
        };
        let mut owned = AlignedBytes::zeroed(length)?;
        let filled = read_up_to(&mut file, owned.as_mut_slice()).map_err(read_error)?;
        // The length is only a hint: pipes have none, and files grow and shrink.
        let rest = read_rest(file, max - filled).map_err(read_error)?;
        if filled == length && rest.is_empty() {
            return Ok(Self::Owned(owned));
        }
        let mut all = owned.as_mut_slice()[..filled].to_vec();
        all.extend(rest);
        Self::copy(&all)
    }

    /// The file's pages themselves.
    ///
    /// # Safety
    ///
    /// Nobody may change or shorten the file while the result lives.
    pub(crate) unsafe fn map(path: &Path) -> Result<Self> {
        let read_error = |source| Error::ReadModel {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(read_error)?;
        // SAFETY: the caller's promise is the same.
        unsafe { Mapping::new(&file) }
            .map(Self::Mapped)
            .map_err(read_error)
    }

    /// Gives memory back that can be filled again from a file.
    pub(crate) fn release(&self) {
        if let Self::Mapped(mapping) = self {
            mapping.release();
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Owned(owned) => owned.as_slice(),
            Self::Static(bytes) => bytes,
            Self::Mapped(mapping) => mapping.as_slice(),
        }
    }
}

/// Whether what is behind this end is on the page of the last byte, and so can be read like it.
fn has_slack(end: usize) -> bool {
    /// The smallest page that Linux has.
    const PAGE: usize = 4096;
    let on_page = end % PAGE;
    on_page != 0 && on_page <= PAGE - SLACK
}

/// Reads to the end, which must come within `max` bytes.
fn read_rest(reader: impl Read, max: usize) -> io::Result<Vec<u8>> {
    let mut rest = Vec::new();
    // One byte more tells whether there are more.
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut rest)?;
    if rest.len() > max {
        return Err(too_long());
    }
    Ok(rest)
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("it is longer than {MAX_FILE} bytes"),
    )
}

/// Fills as much of the buffer as the reader can, and says how much.
fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// From this size on bytes come from the kernel: zeros that nobody has to write. With so large an
/// alignment `alloc_zeroed` writes them.
const LARGE: usize = 1 << 20;

/// Bytes of their own, aligned to a cache line, with some more behind them that can be read.
pub(crate) struct AlignedBytes {
    pointer: NonNull<u8>,
    length: usize,
    /// With what is behind them.
    layout: Layout,
}

impl AlignedBytes {
    pub(crate) fn zeroed(length: usize) -> Result<Self> {
        let no_memory = || Error::OutOfMemory { bytes: length };
        let size = length.checked_add(SLACK).ok_or_else(no_memory)?;
        let layout = Layout::from_size_align(size, ALIGNMENT).map_err(|_| no_memory())?;
        let pointer = if size >= LARGE {
            map_zeros(size)
        } else {
            // SAFETY: the layout's size is at least that of the slack, and so not 0.
            NonNull::new(unsafe { alloc_zeroed(layout) })
        };
        let pointer = pointer.ok_or_else(no_memory)?;
        Ok(Self {
            pointer,
            length,
            layout,
        })
    }

    pub(crate) fn as_ptr(&self) -> NonNull<u8> {
        self.pointer
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        // SAFETY: the allocation has these bytes, initialised, and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.length) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`; and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr(), self.length) }
    }
}

impl Drop for AlignedBytes {
    fn drop(&mut self) {
        let size = self.layout.size();
        if size >= LARGE {
            // SAFETY: memory of this size was mapped with this length and is given back once. A
            // failure would only leak it.
            let _ = unsafe { libc::munmap(self.pointer.as_ptr().cast(), size) };
        } else {
            // SAFETY: the memory was allocated with this layout and is freed once.
            unsafe { dealloc(self.pointer.as_ptr(), self.layout) };
        }
    }
}

/// Zeros on pages of their own.
fn map_zeros(length: usize) -> Option<NonNull<u8>> {
    map_pages(length, libc::PROT_READ | libc::PROT_WRITE)
}

fn map_pages(length: usize, protection: libc::c_int) -> Option<NonNull<u8>> {
    // SAFETY: a new mapping at an address of the kernel's choice touches no memory that exists.
    let pointer = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            length,
            protection,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if pointer == libc::MAP_FAILED {
        return None;
    }
    NonNull::new(pointer.cast())
}

// SAFETY: this owns its memory as a `Vec<u8>` does.
unsafe impl Send for AlignedBytes {}
// SAFETY: as for `Send`.
unsafe impl Sync for AlignedBytes {}

/// A file, mapped read-only, with some zeros behind it that can be read.
pub(crate) struct Mapping {
    pointer: NonNull<u8>,
    length: usize,
    /// With the zeros.
    mapped: usize,
}

impl Mapping {
    /// # Safety
    ///
    /// Nobody may change or shorten the file while the result lives.
    unsafe fn new(file: &File) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if length == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file is empty",
            ));
        }
        let mapped = length
            .checked_add(SLACK)
            .ok_or_else(|| io::Error::other("it is too long"))?;
        let pointer = map_pages(mapped, libc::PROT_READ).ok_or_else(io::Error::last_os_error)?;
        let mapping = Self {
            pointer,
            length,
            mapped,
        };
        // SAFETY: the file takes the place of the first pages of a mapping that was just made and
        // that nobody has looked at. `length` is not 0 and the descriptor is open.
        let file = unsafe {
            libc::mmap(
                pointer.as_ptr().cast(),
                length,
                libc::PROT_READ,
                libc::MAP_PRIVATE | libc::MAP_FIXED,
                file.as_raw_fd(),
                0,
            )
        };
        if file == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(mapping)
    }

    /// Gives the pages back, which are read again when they are needed.
    fn release(&self) {
        // SAFETY: these are pages of a private mapping of a file that nobody has written to, so
        // the kernel fills them with the same bytes again (madvise(2)); `new`'s caller promised
        // that the file does not change.
        let _ = unsafe {
            libc::madvise(
                self.pointer.as_ptr().cast(),
                self.length,
                libc::MADV_DONTNEED,
            )
        };
    }

    fn as_slice(&self) -> &[u8] {
        // SAFETY: the mapping is readable, has this length and lives as long as `self`; `new`'s
        // caller promised that its contents do not change.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: all of these pages were mapped by `new` and are given back once. A failure would
        // only leak them.
        let _ = unsafe { libc::munmap(self.pointer.as_ptr().cast(), self.mapped) };
    }
}

// SAFETY: this owns a mapping that nobody writes to; any thread may read and unmap it.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`.
unsafe impl Sync for Mapping {}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_is_aligned(bytes: &ModelBytes) -> bool {
        bytes.as_slice().as_ptr().addr().is_multiple_of(ALIGNMENT)
    }

    #[test]
    fn copies_are_aligned_whatever_they_come_from() {
        let bytes: Vec<u8> = (0..=255).collect();
        for start in 0..ALIGNMENT {
            let copy = ModelBytes::copy(&bytes[start..]).expect("memory");
            assert!(address_is_aligned(&copy));
            assert_eq!(copy.as_slice(), &bytes[start..]);
        }
    }

    #[test]
    fn nothing_is_also_bytes() {
        let empty = ModelBytes::copy(&[]).expect("memory");
        assert_eq!(empty.as_slice(), &[] as &[u8]);
    }

    #[test]
    fn large_and_small_bytes_are_zeros_that_can_be_written() {
        for length in [1, LARGE - 1, LARGE, LARGE + 1, 5 * LARGE + 4097] {
            let mut bytes = AlignedBytes::zeroed(length).expect("memory");
            assert!(bytes.as_slice().iter().all(|&byte| byte == 0));
            assert!(bytes.as_ptr().as_ptr().addr().is_multiple_of(ALIGNMENT));
            bytes.as_mut_slice().fill(7);
            assert!(bytes.as_slice().iter().all(|&byte| byte == 7));
        }
    }

    #[test]
    fn some_bytes_behind_the_last_one_can_be_read() {
        // As long as pages are: nothing of the last one is left.
        let path = std::env::temp_dir().join(format!("tflite-slack-{}", std::process::id()));
        for length in [64, 1 << 12, 1 << 16, LARGE, 2 * LARGE] {
            let bytes = vec![7; length];
            std::fs::write(&path, &bytes).expect("a folder for such files");
            // SAFETY: nobody else knows of this file.
            let mapped = unsafe { ModelBytes::map(&path) }.expect("a file");
            for bytes in [ModelBytes::copy(&bytes).expect("memory"), mapped] {
                let end = bytes.as_slice().as_ptr_range().end;
                for at in 0..SLACK {
                    let at = end.wrapping_add(at);
                    // SAFETY: that this memory is there is what is tested.
                    assert_eq!(unsafe { at.read_volatile() }, 0);
                }
            }
        }
        std::fs::remove_file(&path).expect("it is there");
    }

    #[test]
    fn static_bytes_that_end_with_a_page_are_copied() {
        for (end, expected) in [(4096, false), (4097, true), (8128, true), (8129, false)] {
            assert_eq!(has_slack(end), expected, "{end}");
        }
        // Two pages, of which one begins somewhere inside.
        let memory: &'static [u8] = Vec::leak(vec![7; 8192]);
        let rest = memory.as_ptr().addr().wrapping_neg() % 4096;
        let page = &memory[rest..rest + 4096];
        let copied = ModelBytes::from_static(page).expect("memory");
        assert_ne!(copied.as_slice().as_ptr(), page.as_ptr());
        assert_eq!(copied.as_slice(), page);
        let most = &page[..4000];
        let same = ModelBytes::from_static(most).expect("memory");
        assert_eq!(same.as_slice().as_ptr(), most.as_ptr());
    }

    #[test]
    fn too_much_is_an_error() {
        let too_much = usize::MAX - 10;
        let result = AlignedBytes::zeroed(too_much);
        assert!(matches!(result, Err(Error::OutOfMemory { bytes }) if bytes == too_much));
    }

    #[test]
    fn static_bytes_are_used_in_place_if_aligned() {
        #[repr(align(4096))]
        struct Aligned([u8; 65]);
        static BYTES: Aligned = Aligned([7; 65]);
        let in_place = ModelBytes::from_static(&BYTES.0).expect("no memory needed");
        assert_eq!(in_place.as_slice().as_ptr(), BYTES.0.as_ptr());
        let copied = ModelBytes::from_static(&BYTES.0[1..]).expect("memory");
        assert!(address_is_aligned(&copied));
    }

    #[test]
    fn what_has_no_end_is_not_read_for_ever() {
        let error = read_rest(io::repeat(0), 1000).expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_rest(&[7; 1000][..], 1000).expect("fits").len(), 1000);
    }

    #[test]
    fn files_without_a_length_can_be_read() {
        // The kernel says 0 bytes, and delivers some.
        let read = ModelBytes::read(Path::new("/proc/self/status")).expect("Linux");
        assert!(!read.as_slice().is_empty());
        assert!(address_is_aligned(&read));
    }
}
