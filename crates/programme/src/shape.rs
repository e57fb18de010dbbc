//! What the keys of a programme are, and in which order the reference has them: for whoever writes programmes.

/// Keys of a map, and what stands behind each.
pub(crate) type Keys = &'static [(&'static str, fn() -> Shape)];

/// What can stand in a place of a programme.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A single value.
    Scalar,
    /// A list of things of one shape.
    List(fn() -> Shape),
    /// A map with keys of the author's own.
    Table(fn() -> Shape),
    /// A map with the keys that the language has there, in the order of the reference.
    Map(Keys),
}

impl Shape {
    /// What stands under a key, and the key's place among those that the language has here; `None` for a key that it does not know.
    pub fn field(self, key: &str) -> Option<(usize, Self)> {
        match self {
            Self::Map(fields) => {
                let mut fields = fields.iter().enumerate();
                let (place, (_, shape)) = fields.find(|(_, (name, _))| *name == key)?;
                Some((place, shape()))
            }
            Self::Table(value) => Some((0, value())),
            Self::Scalar | Self::List(_) => None,
        }
    }

    /// What stands in a list.
    pub fn item(self) -> Self {
        match self {
            Self::List(item) => item(),
            Self::Scalar | Self::Table(_) | Self::Map(_) => Self::Scalar,
        }
    }
}
