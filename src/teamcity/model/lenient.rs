//! One lenient reading of members: what is of an odd kind (null, negative, huge, a fraction, a text for a number) is
//! absent, or read as what it was meant for. A server's slip in what is only shown decides nothing.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::types::BuildId;

/// More than there is of anything, and small enough for sums of thousands.
const MOST: u64 = 1 << 50;

/// Memory that the items of one list may take, in bytes: no answer that means well has more, and `{}` a million times is
/// short as JSON alone.
const LARGEST_LIST: usize = 4 << 20;

/// A JSON value, as far as it matters.
enum Scalar {
    Text(String),
    Number(f64),
    /// Any that fits: exact, where a fraction would not be.
    Whole(i128),
    Bool(bool),
    Other,
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Scalars)
    }
}

struct Scalars;

impl<'de> Visitor<'de> for Scalars {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Whole(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Whole(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Scalar, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

impl Scalar {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Whole(number) => Some(number.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Other => None,
        }
    }

    fn whole(self) -> Option<i128> {
        match self {
            Self::Whole(number) => Some(number),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a cast ends at the largest"
            )]
            Self::Number(number) => Some(number as i128),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(_) | Self::Other => None,
        }
    }

    fn flag(self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(value),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Whole(_) | Self::Number(_) | Self::Other => None,
        }
    }
}

/// A text that may be missing.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Scalar::deserialize(from).map(Scalar::text)
}

/// A text; an empty one is none.
pub(super) fn word<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from).map(Option::unwrap_or_default)
}

/// A text with a type of its own. Nothing but a text is one.
pub(super) fn named<'de, D: Deserializer<'de>, T: From<String>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Ok(match Scalar::deserialize(from)? {
        Scalar::Text(text) => Some(text.into()),
        _ => None,
    })
}

/// A number that may be missing; absent where it does not fit.
pub(super) fn number<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let whole = Scalar::deserialize(from)?.whole();
    Ok(whole.and_then(|number| number.try_into().ok()))
}

/// A number that is 0 where it is missing.
pub(super) fn index<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    number(from).map(Option::unwrap_or_default)
}

/// A build's id.
pub(super) fn build_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BuildId>, D::Error> {
    let id: Option<u64> = number(from)?;
    Ok(id.map(BuildId))
}

/// An amount that may be missing; never so large that a sum could overflow.
pub(super) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let whole = Scalar::deserialize(from)?.whole();
    let most = i128::from(MOST);
    Ok(whole.and_then(|number| number.min(most).try_into().ok()))
}

/// A number of things; 0 where it is missing.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    amount(from).map(Option::unwrap_or_default)
}

/// Yes or no; no where it is missing.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    maybe(from).map(Option::unwrap_or_default)
}

/// Yes, no, or nothing.
pub(super) fn maybe<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Scalar::deserialize(from).map(Scalar::flag)
}

/// A part with members of its own; absent where it has none.
pub(super) fn part<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    struct Parts<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
        type Value = Option<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("anything")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members)).map(Some)
        }
    }

    from.deserialize_any(Parts(PhantomData))
}

/// A part, if it is one.
pub struct Part<T>(pub Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        part(from).map(Self)
    }
}

struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text(from).map(Self)
    }
}

/// A list of parts; items that are none are left out.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    items(from, |Part(part): Part<T>| part)
}

/// A list of texts.
pub(super) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    items(from, |Text(text)| text)
}

fn items<'de, D: Deserializer<'de>, I: Deserialize<'de>, T>(
    from: D,
    read: impl Fn(I) -> Option<T>,
) -> Result<Vec<T>, D::Error> {
    struct Items<I, F>(F, PhantomData<I>);

    impl<'de, I: Deserialize<'de>, T, F: Fn(I) -> Option<T>> Visitor<'de> for Items<I, F> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("anything")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(item) = items.next_element()? {
                all.extend((self.0)(item));
                if all.len() > most::<T>() {
                    return Err(A::Error::custom("the list has no end"));
                }
            }
            Ok(all)
        }
    }

    from.deserialize_any(Items(read, PhantomData))
}

/// How many items of a kind a list may have.
fn most<T>() -> usize {
    LARGEST_LIST
        .checked_div(size_of::<T>())
        .unwrap_or(LARGEST_LIST)
}

/// A list that decides by what is missing in it: what is no list is an error, and so is one without an end.
pub(super) fn sure<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    struct Sure<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Sure<T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(item) = items.next_element()? {
                all.push(item);
                if all.len() > most::<T>() {
                    return Err(A::Error::custom("the list has no end"));
                }
            }
            Ok(all)
        }
    }

    from.deserialize_seq(Sure(PhantomData))
}
