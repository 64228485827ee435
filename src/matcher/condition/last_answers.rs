//! The answers to what was asked last: the requests of most actions give a condition key the same value.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::KeyValue;

/// So many answers are kept.
const MOST: usize = 4;

/// Answers to one question about some values of a condition key.
#[derive(Clone, Debug)]
pub struct LastAnswers<T>(RefCell<VecDeque<(KeyValue, T)>>);

impl<T> Default for LastAnswers<T> {
    fn default() -> Self {
        LastAnswers(RefCell::default())
    }
}

impl<T: Copy> LastAnswers<T> {
    /// The answer for a value, found once as long as it is kept.
    pub fn get(&self, value: &KeyValue, find: impl FnOnce() -> T) -> T {
        let known = |answers: &VecDeque<(KeyValue, T)>| {
            let mut answers = answers.iter();
            answers.find(|(of, _)| of == value).map(|(_, known)| *known)
        };
        if let Some(known) = known(&self.0.borrow()) {
            return known;
        }
        let found = find();
        let mut answers = self.0.borrow_mut();
        answers.truncate(MOST - 1);
        answers.push_front((value.clone(), found));
        found
    }
}
