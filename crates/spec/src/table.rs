//! The two words in which the language is defined. A `table!` is a struct whose doc comments are the reference and
//! whose fields name their form; a `choices!` is an enum whose variants name their word. Parser, schema, reference and
//! suggestions all come from the same lines.

/// Defines a table of the language.
///
/// Each field is `pub name: Type = rule(…)`, and `as "key"` where the key is not the field's name:
///
/// - `required(Form)`: must be written;
/// - `optional(Form)`: an `Option`;
/// - `several(Form)`: a collection, empty where not written;
/// - `default(Form, value)`: has a default, which `plan` prints;
/// - `implied(Form, "toml")`: an `Option` whose absence means this value to whoever goes by it;
/// - `nested(Form)`: a table that is there even when it is not written;
/// - `given(function)`: no key of its own; made from what stands around it.
///
/// `with Other` adds the keys of another table, which a `given` field goes by. `one_of [..]` and `plain "key"` say how
/// overlays change it (see [`crate::shape::TableShape`]).
macro_rules! table {
    (
        $(#[doc = $about:expr])*
        #[derive($($derive:ident),* $(,)?)]
        $vis:vis struct $Name:ident $(with $Other:ident)? $(one_of [$($one:literal),*])? $(plain $plain:literal)? {
            $(
                $(#[doc = $doc:expr])*
                $fvis:vis $field:ident : $Type:ty $(as $key:literal)? = $rule:ident ( $($argument:tt)* )
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive($($derive),*)]
        $vis struct $Name {
            $( $(#[doc = $doc])* $fvis $field: $Type, )*
        }

        impl $Name {
            /// The table as the schema and the reference see it.
            #[allow(clippy::vec_init_then_push)]
            pub(crate) fn table_shape() -> $crate::shape::TableShape {
                fn keys() -> Vec<$crate::shape::Key> {
                    let mut keys = Vec::new();
                    $(
                        let key = $crate::table::key!($field $($key)?);
                        $crate::table::rule!(@key keys [$(#[doc = $doc])*] (key) $rule ($($argument)*));
                    )*
                    $( keys.extend(($Other::table_shape().keys)()); )?
                    keys
                }
                $crate::shape::TableShape {
                    name: stringify!($Name),
                    about: &[$($about),*],
                    keys,
                    one_of: &[$($($one),*)?],
                    plain: [$($plain,)? ""].first().copied().filter(|plain| !plain.is_empty()),
                }
            }
        }

        impl $crate::form::Form for $Name {
            type Value = Self;

            fn read(node: &$crate::tree::Node, reader: &mut $crate::reader::Reader<'_>) -> Option<Self> {
                let shape = Self::table_shape();
                let known: Vec<&'static str> = (shape.keys)().iter().map(|key| key.name).collect();
                let table = reader.table(node, &known)?;
                // All keys are read before the first wrong one ends it, so that every mistake is told.
                $(
                    let key = $crate::table::key!($field $($key)?);
                    let $field = $crate::table::rule!(@read node, table, reader, (key) $rule ($($argument)*));
                )*
                Some(Self { $( $field: $field?, )* })
            }

            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Table(Self::table_shape())
            }
        }
    };
}

/// Keys of a table that no field of its own takes up, with the forms they are written in. A `given` field reads them,
/// or, as with `environments.NAME.set`, what comes before reading.
macro_rules! keys {
    (
        $(#[doc = $about:expr])*
        $vis:vis struct $Name:ident $(one_of [$($one:literal),*])? $(plain $plain:literal)? {
            $(
                $(#[doc = $doc:expr])*
                $key:literal = $rule:ident ( $($argument:tt)* )
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        $vis struct $Name;

        impl $Name {
            /// The keys as a table that is written nowhere by itself.
            $vis fn table_shape() -> $crate::shape::TableShape {
                fn keys() -> Vec<$crate::shape::Key> {
                    vec![$( $crate::table::rule!(@one [$(#[doc = $doc])*] ($key) $rule ($($argument)*)) ),*]
                }
                $crate::shape::TableShape {
                    name: stringify!($Name),
                    about: &[$($about),*],
                    keys,
                    one_of: &[$($($one),*)?],
                    plain: [$($plain,)? ""].first().copied().filter(|plain| !plain.is_empty()),
                }
            }
        }
    };
}

/// What each rule of a field means for the key list (`@key`) and for reading (`@read`).
macro_rules! rule {
    (@key $keys:ident [$(#[doc = $doc:expr])*] ($key:expr) given ($function:expr)) => {
        let _: &str = $key;
    };
    (@key $keys:ident [$(#[doc = $doc:expr])*] ($key:expr) $rule:ident ($Form:ty $(, $default:expr)?)) => {
        $keys.push($crate::table::rule!(@one [$(#[doc = $doc])*] ($key) $rule ($Form $(, $default)?)));
    };
    (@one [$(#[doc = $doc:expr])*] ($key:expr) $rule:ident ($Form:ty $(, $default:expr)?)) => {
        $crate::shape::Key {
            name: $key,
            about: &[$($doc),*],
            shape: <$Form as $crate::form::Form>::shape(),
            presence: $crate::table::rule!(@presence $rule ($Form $(, $default)?)),
        }
    };
    (@presence required ($Form:ty)) => { $crate::shape::Presence::Required };
    (@presence default ($Form:ty, $default:expr)) => {
        $crate::shape::Presence::Default(<$Form as $crate::form::Print>::print(&$default))
    };
    (@presence implied ($Form:ty, $text:expr)) => { $crate::shape::Presence::Default($text.to_owned()) };
    (@presence $rule:ident ($Form:ty)) => { $crate::shape::Presence::Optional };

    (@read $node:ident, $table:ident, $reader:ident, ($key:expr) required ($Form:ty)) => {
        $reader.required::<$Form>($node, $table, $key)
    };
    (@read $node:ident, $table:ident, $reader:ident, ($key:expr) optional ($Form:ty)) => {
        Some($reader.optional::<$Form>($table, $key))
    };
    (@read $node:ident, $table:ident, $reader:ident, ($key:expr) several ($Form:ty)) => {
        Some($reader.optional::<$Form>($table, $key).unwrap_or_default())
    };
    (@read $node:ident, $table:ident, $reader:ident, ($key:expr) default ($Form:ty, $default:expr)) => {
        Some($reader.or_default::<$Form>($node, $table, $key, $default))
    };
    (@read $node:ident, $table:ident, $reader:ident, ($key:expr) implied ($Form:ty, $text:expr)) => {{
        if !$table.contains_key($key) {
            $reader.default_in_force($node, $key, $text.to_owned());
        }
        Some($reader.optional::<$Form>($table, $key))
    }};
    (@read $node:ident, $table:ident, $reader:ident, ($key:expr) nested ($Form:ty)) => {
        $reader.nested::<$Form>($node, $table, $key)
    };
    (@read $node:ident, $table:ident, $reader:ident, ($key:expr) given ($function:expr)) => {
        {
            let _: &str = $key;
            $function($node, &mut *$reader)
        }
    };
}

/// A field's key: its own name, or the one that `as` gives it.
macro_rules! key {
    ($field:ident) => {
        $crate::table::bare(stringify!($field))
    };
    ($field:ident $key:literal) => {
        $key
    };
}

/// A field's name without the `r#` that Rust's own words need.
pub(crate) const fn bare(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Defines an enum whose variants are words of the language.
macro_rules! choices {
    (
        $(#[doc = $about:expr])*
        #[derive($($derive:ident),* $(,)?)]
        $vis:vis enum $Name:ident {
            $(
                $(#[doc = $doc:expr])*
                $Variant:ident = $word:literal
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive($($derive),*)]
        $vis enum $Name {
            $( $(#[doc = $doc])* $Variant, )*
        }

        impl $Name {
            const WORDS: &'static [$crate::shape::Word] =
                &[$($crate::shape::Word { word: $word, about: &[$($doc),*] }),*];

            /// The word of the file for it.
            $vis const fn word(self) -> &'static str {
                match self {
                    $( Self::$Variant => $word, )*
                }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $( $word => Some(Self::$Variant), )*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.word())
            }
        }

        impl $crate::form::Form for $Name {
            type Value = Self;

            fn read(node: &$crate::tree::Node, reader: &mut $crate::reader::Reader<'_>) -> Option<Self> {
                reader.choice(node, Self::WORDS, Self::from_word)
            }

            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Choice(Self::WORDS)
            }
        }

        impl $crate::form::Print for $Name {
            fn print(value: &Self) -> String {
                $crate::tree::quote(value.word())
            }
        }
    };
}

pub(crate) use {choices, key, keys, rule, table};
