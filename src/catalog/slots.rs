//! The position of the row of a service or an action, found without a search: a table in which the hash of its name
//! says where to look. The build script makes the one of the embedded catalogue.
//!
//! A slot is eight bytes, least significant first: the hash, and the byte of the text at which the row starts, 0 for a
//! slot that is free. A row is in the first free slot from that of its hash on.

use std::iter;

const WIDTH: usize = 8;

/// The hash of an action, in any case; that of a service has no name.
pub(super) fn hash(service: &str, name: &str) -> u32 {
    let hash = add(add(0, service), name);
    (hash ^ (hash >> 32)) as u32
}

/// Eight bytes at a time. The bit that distinguishes upper from lower case is set in all of them: then names that
/// differ in case alone have one hash, and the rows distinguish others with one hash.
fn add(hash: u64, text: &str) -> u64 {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    // An odd number of random bits (the first ones of the fractional part of pi).
    let mix = |hash: u64, word: u64| {
        (hash.rotate_left(23) ^ (word | LOWER)).wrapping_mul(0x243f_6a88_85a3_08d3)
    };
    let (words, rest) = text.as_bytes().as_chunks();
    let hash = { words.iter() }.fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let rest = { rest.iter() }.fold(0, |rest, byte| rest << 8 | u64::from(*byte));
    mix(hash, rest)
}

/// The table of rows, each by its hash and the byte at which it starts.
pub(super) fn table(rows: &[(u32, u32)]) -> Vec<u8> {
    let slots = (rows.len() * 4 / 3 + 1).next_power_of_two();
    let mut table = vec![0; slots * WIDTH];
    for (hash, start) in rows {
        let place = probe(slots, *hash).find(|at| is_free(&table, *at));
        let slot = place.and_then(|at| table.get_mut(at..at + WIDTH));
        if let Some(slot) = slot {
            let bytes = hash.to_le_bytes().into_iter().chain(start.to_le_bytes());
            slot.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
    }
    table
}

/// The first row with this hash.
pub(super) fn starts(table: &[u8], hash: u32) -> impl Iterator<Item = usize> {
    let slots = probe(table.len() / WIDTH, hash);
    let filled = slots.map_while(move |at| {
        let (own, start) = (number(table, at)?, number(table, at + 4)?);
        (start != 0).then_some((own, start))
    });
    { filled }
        .filter(move |(own, _)| *own == hash)
        .map(|(_, start)| start as usize)
}

/// The bytes at which the slots start that a hash may be in, from the first one on.
fn probe(slots: usize, hash: u32) -> impl Iterator<Item = usize> {
    let mask = slots.saturating_sub(1);
    let mut at = hash as usize & mask;
    iter::repeat_with(move || {
        let here = at;
        at = (at + 1) & mask;
        here * WIDTH
    })
    .take(slots)
}

fn number(table: &[u8], at: usize) -> Option<u32> {
    let bytes = table.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes))
}

fn is_free(table: &[u8], at: usize) -> bool {
    number(table, at + 4) == Some(0)
}
