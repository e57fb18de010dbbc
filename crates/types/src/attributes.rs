//! Attributes: a small map, sorted.

use crate::text::Text;
use crate::value::Value;

/// Keys and values, in the keys' byte order, each key once.
///
/// Events have a handful of them: a sorted list costs one allocation and a few comparisons, where a tree would cost a node of several
/// hundred bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<Entry>);

const HANDFUL: usize = 16;

impl Attributes {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn place(&self, key: &str) -> Result<usize, usize> {
        // Those that arrive in order, as encoders write them, go to the end at once.
        match self.0.last() {
            Some((last, _)) if last.as_str() < key => Err(self.0.len()),
            _ => self.0.binary_search_by(|(it, _)| it.as_str().cmp(key)),
        }
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        // Of a handful, looking at each is quicker than halving: most differ in length already.
        if self.0.len() <= HANDFUL {
            let mut all = self.0.iter();
            return all.find(|(it, _)| *it == key).map(|(_, value)| value);
        }
        self.place(key).ok().map(|at| &self.0[at].1)
    }

    /// Whether there is a value under the key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Puts a value under a key; the one that was there before. Many at once are better collected.
    pub fn insert(&mut self, key: Text, value: Value) -> Option<Value> {
        match self.place(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the keys' byte order.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

type Entry = (Text, Value);
type Iter<'a> = std::iter::Map<std::slice::Iter<'a, Entry>, fn(&Entry) -> (&Text, &Value)>;

impl IntoIterator for Attributes {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = (&'a Text, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Entry> for Attributes {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut attributes = Self::new();
        attributes.extend(entries);
        attributes
    }
}

impl Extend<Entry> for Attributes {
    /// Of two values under one key the later stays.
    fn extend<I: IntoIterator<Item = Entry>>(&mut self, more: I) {
        let entries = &mut self.0;
        entries.extend(more);
        if !entries.is_sorted_by(|(one, _), (next, _)| one < next) {
            // Reversed and sorted stably, so that of equal keys the later stands first and stays.
            entries.reverse();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            entries.dedup_by(|(one, _), (kept, _)| one == kept);
        }
    }
}

impl<const N: usize> From<[Entry; N]> for Attributes {
    fn from(entries: [Entry; N]) -> Self {
        entries.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Attributes;
    use crate::value::Value;

    proptest! {
        #[test]
        fn it_is_the_map_that_a_tree_would_be(entries in prop::collection::vec(("[a-d]{0,2}", any::<bool>()), 0..24)) {
            let value = |(key, truth): &(String, bool)| (key.as_str().into(), Value::Bool(*truth));
            let attributes: Attributes = entries.iter().map(value).collect();
            let tree: BTreeMap<_, _> = entries.iter().map(value).collect();
            prop_assert!(attributes.iter().eq(&tree));
            prop_assert_eq!((attributes.len(), attributes.is_empty()), (tree.len(), tree.is_empty()));
            for key in ["", "a", "ab", "b", "dd", "e"] {
                prop_assert_eq!(attributes.get(key), tree.get(key));
                prop_assert_eq!(attributes.contains_key(key), tree.contains_key(key));
            }
        }
    }
}
