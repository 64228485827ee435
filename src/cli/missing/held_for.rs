//! The values of a template's parameters that the printed statements hold for.

use std::fmt::Write as _;

use crate::inert;

/// Settings of parameters that a note lists.
const SHOWN: usize = 5;

/// The values of the parameters in one setting.
type Setting = Vec<(String, String)>;

/// The settings of parameters with several values.
pub(super) struct Values {
    first: Setting,
    /// How many settings the statements hold for.
    pub(super) together: usize,
    /// The settings that are judged with other values of placeholders: the statements do not hold for them.
    pub(super) apart: Vec<Setting>,
}

impl Values {
    pub(super) fn of(first: &[(String, String)]) -> Self {
        Values {
            first: first.to_vec(),
            together: 1,
            apart: Vec::new(),
        }
    }

    /// The settings that the statements hold for, where there are several.
    pub(super) fn notes(&self) -> String {
        let mut notes = String::new();
        if self.apart.is_empty() {
            if self.together > 1 {
                let names = self.first.iter().map(|(name, _)| format!("`{name}`"));
                let names = names.collect::<Vec<_>>().join(", ");
                let _ = writeln!(notes, "for every value of {}", inert::line(&names));
            }
            return notes;
        }
        let other = self.apart.iter().take(SHOWN).map(|setting| words(setting));
        let other = other.collect::<Vec<_>>().join("; ");
        let more = match self.apart.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let text = format!(
            "for {}, not for {other}{more}: names or values differ there; choose with --parameter NAME=VALUE",
            words(&self.first)
        );
        let _ = writeln!(notes, "{}", inert::line(&text));
        notes
    }
}

fn words(setting: &[(String, String)]) -> String {
    let all = setting
        .iter()
        .map(|(name, value)| format!("`{name}` = `{value}`"));
    all.collect::<Vec<_>>().join(" and ")
}
