//! The values of a list whose elements may be lists or alternatives themselves.

/// A value that may be a list, or one of several alternatives.
pub(super) trait Branching: Sized {
    /// Takes the value apart by one step.
    fn branch(self) -> Branch<Self>;
}

/// One step into a value.
pub(super) enum Branch<V> {
    /// The elements of a list.
    List(Vec<V>),
    /// Alternatives, and the index of the hole that decides between them.
    Choice(usize, Vec<V>),
    /// No value.
    Nothing,
    /// Anything else.
    Leaf(V),
}

/// The values of a list in order, each with the hole that decides whether it is there: the innermost one, else
/// `within`. A value that is not a list stands for a list of it alone.
pub(super) fn leaves<V: Branching>(value: V, within: Option<usize>) -> Vec<(V, Option<usize>)> {
    let mut out = Vec::new();
    collect(value, within, &mut out);
    out
}

fn collect<V: Branching>(value: V, within: Option<usize>, out: &mut Vec<(V, Option<usize>)>) {
    match value.branch() {
        Branch::List(elements) => {
            for element in elements {
                collect(element, within, out);
            }
        }
        Branch::Choice(hole, alternatives) => {
            for alternative in alternatives {
                collect(alternative, Some(hole), out);
            }
        }
        Branch::Nothing => {}
        Branch::Leaf(value) => out.push((value, within)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    enum Tree {
        List(Vec<Tree>),
        Choice(usize, Vec<Tree>),
        Nothing,
        Leaf(char),
    }

    impl Branching for Tree {
        fn branch(self) -> Branch<Self> {
            match self {
                Tree::List(of) => Branch::List(of),
                Tree::Choice(hole, of) => Branch::Choice(hole, of),
                Tree::Nothing => Branch::Nothing,
                leaf @ Tree::Leaf(_) => Branch::Leaf(leaf),
            }
        }
    }

    #[test]
    fn the_innermost_hole_decides() {
        let inner = Tree::Choice(2, vec![Tree::Leaf('c'), Tree::Nothing]);
        let outer = Tree::Choice(1, vec![Tree::Leaf('b'), inner]);
        let tree = Tree::List(vec![
            Tree::Leaf('a'),
            outer,
            Tree::List(vec![Tree::Leaf('d')]),
        ]);
        let found: Vec<(char, Option<usize>)> = leaves(tree, Some(0))
            .into_iter()
            .filter_map(|(leaf, hole)| match leaf {
                Tree::Leaf(name) => Some((name, hole)),
                _ => None,
            })
            .collect();
        let expected = [
            ('a', Some(0)),
            ('b', Some(1)),
            ('c', Some(2)),
            ('d', Some(0)),
        ];
        assert_eq!(found, expected);
    }
}
