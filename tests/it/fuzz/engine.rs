//! Makes cases and runs them.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// One case may take this long, whatever it is.
const MOST: Duration = Duration::from_secs(30);
/// Cases are cut to so many bytes: what is larger is the matter of `tests/it/robust.rs`.
const LONGEST: usize = 32 * 1024;

/// A kind of input and what must hold for every text of it.
pub(crate) struct Target {
    /// Also the name of its folder.
    pub(crate) name: &'static str,
    /// Pieces that its texts are made of.
    pub(crate) words: &'static [&'static str],
    /// Panics where something does not hold.
    pub(crate) run: fn(&[u8]),
}

/// The folder with a folder of inputs per target.
pub(crate) fn corpus() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "it", "fuzz", "corpus"]
        .iter()
        .collect()
}

/// The inputs that a target starts from, in the order of their names.
pub(crate) fn inputs(name: &str) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(corpus().join(name)).unwrap();
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name} has no inputs");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}"))
    })
}

/// Runs the inputs of a target as they are, then cases made from them until the time is over.
pub(crate) fn run(target: &'static Target) {
    let time = Duration::from_secs(number("PCLUSTER_IAM_FUZZ_SECONDS", 2));
    let seed = number("PCLUSTER_IAM_FUZZ_SEED", 1);
    let inputs = inputs(target.name);
    let own = inputs.clone();
    let (starting, started) = mpsc::channel();
    let start = Instant::now();
    let worker = thread::spawn(move || {
        for number in 0_u64.. {
            let known = usize::try_from(number).ok().and_then(|n| own.get(n));
            if known.is_none() && start.elapsed() >= time {
                return Ok(number);
            }
            if starting.send(number).is_err() {
                return Ok(number);
            }
            let bytes = case(&own, target.words, seed, number);
            if panic::catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes))).is_err() {
                return Err(number);
            }
        }
        Ok(u64::MAX)
    });
    let mut last = 0;
    loop {
        match started.recv_timeout(MOST) {
            Ok(number) => last = number,
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                fail(target, &inputs, seed, last, "takes too long")
            }
        }
    }
    match worker.join().unwrap() {
        Ok(count) => println!("{}: {count} cases from seed {seed}", target.name),
        Err(number) => fail(target, &inputs, seed, number, "fails"),
    }
}

fn fail(target: &Target, inputs: &[Vec<u8>], seed: u64, number: u64, how: &str) -> ! {
    let bytes = case(inputs, target.words, seed, number);
    let name = format!("fuzz-{}-{seed}-{number}", target.name);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, &bytes).unwrap();
    let shown: String = String::from_utf8_lossy(&bytes)
        .chars()
        .take(2_000)
        .collect();
    panic!(
        "case {number} of seed {seed} {how}; its {} bytes are in {}:\n{shown}",
        bytes.len(),
        path.display()
    );
}

/// The case with this number: first the inputs themselves, then what changes make of them.
pub(crate) fn case(inputs: &[Vec<u8>], words: &[&str], seed: u64, number: u64) -> Vec<u8> {
    if let Some(input) = usize::try_from(number).ok().and_then(|n| inputs.get(n)) {
        return input.clone();
    }
    let mut random = Random::new(seed, number);
    let mut bytes = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(8) {
        change(&mut bytes, inputs, words, &mut random);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(bytes: &mut Vec<u8>, inputs: &[Vec<u8>], words: &[&str], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + 1 + random.below(24)).min(bytes.len());
    let word = words[random.below(words.len())].as_bytes();
    match random.below(10) {
        0 if at < end => bytes[at] ^= 1 << random.below(8),
        1 => bytes.insert(at, random.byte()),
        2 => {
            bytes.drain(at..end);
        }
        3 => {
            let copy = bytes[at..end].to_vec();
            let times = 1 + random.below(40);
            bytes.splice(at..at, copy.repeat(times));
        }
        4 => {
            bytes.splice(at..end, word.iter().copied());
        }
        5 => {
            bytes.splice(at..at, word.repeat(1 + random.below(3)));
        }
        6 => {
            let other = &inputs[random.below(inputs.len())];
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        7 => bytes
            .splice(at..at, word.repeat(random.below(300)))
            .for_each(drop),
        8 => bytes.truncate(at),
        _ => quoted(bytes, at, word),
    }
}

/// Puts a word in the place of the text between two quotes.
fn quoted(bytes: &mut Vec<u8>, at: usize, word: &[u8]) {
    let quote = |from: usize| {
        let rest = bytes.iter().skip(from);
        rest.copied().position(|b| b == b'"').map(|i| from + i)
    };
    if let Some(open) = quote(at)
        && let Some(close) = quote(open + 1)
    {
        bytes.splice(open + 1..close, word.iter().copied());
    }
}

/// The generator `SplitMix64`: small, and its numbers are the same everywhere.
struct Random(u64);

impl Random {
    fn new(seed: u64, number: u64) -> Self {
        let mut random = Random(seed);
        let start = random.next();
        Random(start ^ number.wrapping_mul(0x2545_F491_4F6C_DD1D))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
