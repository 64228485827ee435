//! Where the row of an action stands, found without a search: a table in which the hash of service and name says where
//! to look. The build script makes the one of the embedded catalogue.
//!
//! A slot is eight bytes, least significant first: the hash, and the byte of the text at which the row starts, 0 for a
//! slot that is free. An action stands in the first free slot from that of its hash on.

use std::iter;

const WIDTH: usize = 8;

/// The hash of an action, in any case (FNV-1a).
pub(super) fn hash(service: &str, name: &str) -> u32 {
    let fold = |hash: u32, byte: u8| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    };
    let service = service.bytes().fold(0x811c_9dc5, fold);
    let hash = name.bytes().fold(fold(service, b':'), fold);
    // The low bits choose the slot; the high ones are the better mixed.
    hash ^ (hash >> 15)
}

/// The table of actions, each by its hash and the byte at which its row starts.
pub(super) fn table(actions: &[(u32, u32)]) -> Vec<u8> {
    let slots = (actions.len() * 4 / 3 + 1).next_power_of_two();
    let mut table = vec![0; slots * WIDTH];
    for (hash, start) in actions {
        let place = probe(slots, *hash).find(|at| is_free(&table, *at));
        let slot = place.and_then(|at| table.get_mut(at..at + WIDTH));
        if let Some(slot) = slot {
            let bytes = hash.to_le_bytes().into_iter().chain(start.to_le_bytes());
            slot.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
    }
    table
}

/// Where the rows with this hash start.
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

/// The bytes at which the slots start that a hash may stand in, from the first one on.
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
