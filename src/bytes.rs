//! Search for a byte in a text.
//!
//! The functions of [`memchr`] ask the processor at their first call what it can do. In a virtual machine that takes
//! longer than all searches of a run; what every x86-64 processor can do is fast enough.

pub(crate) use arch::{find, find_either, rfind};

#[cfg(target_arch = "x86_64")]
mod arch {
    use memchr::arch::x86_64::sse2::memchr::{One, Two};

    /// The first place of a byte.
    pub(crate) fn find(byte: u8, text: &[u8]) -> Option<usize> {
        One::new(byte).map_or_else(|| memchr::memchr(byte, text), |one| one.find(text))
    }

    /// The last place of a byte.
    pub(crate) fn rfind(byte: u8, text: &[u8]) -> Option<usize> {
        One::new(byte).map_or_else(|| memchr::memrchr(byte, text), |one| one.rfind(text))
    }

    /// The first place of one of two bytes.
    pub(crate) fn find_either(a: u8, b: u8, text: &[u8]) -> Option<usize> {
        Two::new(a, b).map_or_else(|| memchr::memchr2(a, b, text), |two| two.find(text))
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod arch {
    pub(crate) use memchr::{memchr as find, memchr2 as find_either, memrchr as rfind};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_every_length_is_found() {
        for length in 0..70 {
            for at in 0..length {
                let mut text = vec![b'.'; length];
                text[at] = b'a';
                assert_eq!(
                    (find(b'a', &text), rfind(b'a', &text)),
                    (Some(at), Some(at))
                );
                assert_eq!(find_either(b'a', b'b', &text), Some(at));
                assert_eq!(find_either(b'b', b'a', &text), Some(at));
                text[length - 1] = b'a';
                assert_eq!(rfind(b'a', &text), Some(length - 1));
                assert_eq!(find(b'b', &text), None);
            }
        }
    }
}
