//! Reads some parts of a stored object. What is not asked for is skipped while it is parsed, and what is not of the expected shape counts
//! as not there: the object may have been stored under another schema.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What takes from a value what fits. Its default is what is known without it.
pub(super) trait Lenient: Default {
    /// The members that are asked for, where the value is an object.
    const MEMBERS: &'static [&'static str] = &[];

    /// Takes a text.
    fn take_text(&mut self, _: &str) {}

    /// Takes a whole number.
    fn take_number(&mut self, _: i64) {}

    /// Takes a truth value.
    fn take_flag(&mut self, _: bool) {}

    /// Takes that it is an object.
    fn take_object(&mut self) {}

    /// Takes the value of a member that is asked for.
    fn take_member<'de, A: MapAccess<'de>>(&mut self, _: &'static str, members: &mut A) -> Result<(), A::Error> {
        members.next_value::<IgnoredAny>().map(drop)
    }

    /// Takes the next item of a list. False at its end.
    fn take_item<'de, A: SeqAccess<'de>>(&mut self, items: &mut A) -> Result<bool, A::Error> {
        items.next_element::<IgnoredAny>().map(|item| item.is_some())
    }
}

/// A value that is read leniently.
#[derive(Default)]
pub(super) struct Lean<T>(pub(super) T);

impl<'de, T: Lenient> Deserialize<'de> for Lean<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData)).map(Self)
    }
}

/// The value of a member.
pub(super) fn value<'de, T: Lenient, A: MapAccess<'de>>(members: &mut A) -> Result<T, A::Error> {
    members.next_value::<Lean<T>>().map(|lean| lean.0)
}

/// Defines a struct that is read from the members of an object.
macro_rules! lenient_object {
    ($(#[$doc:meta])* $name:ident { $($member:literal => $field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Default)]
        struct $name { $($field: $type,)+ }

        impl $crate::resources::lenient::Lenient for $name {
            const MEMBERS: &'static [&'static str] = &[$($member),+];

            fn take_member<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                name: &'static str,
                members: &mut A,
            ) -> Result<(), A::Error> {
                match name {
                    $($member => self.$field = $crate::resources::lenient::value(members)?,)+
                    _ => drop(members.next_value::<serde::de::IgnoredAny>()?),
                }
                Ok(())
            }
        }
    };
}
pub(super) use lenient_object;

struct Reader<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<T, E> {
        Ok(taken(|value: &mut T| value.take_flag(flag)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        Ok(taken(|value: &mut T| value.take_number(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Ok(i64::try_from(number)
            .map_or_else(|_| T::default(), |number| taken(|value: &mut T| value.take_number(number))))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(taken(|value: &mut T| value.take_text(text)))
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<T, A::Error> {
        let mut value = T::default();
        value.take_object();
        while let Some(name) = members.next_key_seed(Name(T::MEMBERS))? {
            match name {
                Some(name) => value.take_member(name, &mut members)?,
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        let mut value = T::default();
        while value.take_item(&mut items)? {}
        Ok(value)
    }
}

fn taken<T: Lenient>(take: impl FnOnce(&mut T)) -> T {
    let mut value = T::default();
    take(&mut value);
    value
}

/// Finds the name of a member among those that are asked for.
struct Name(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|known| *known == name))
    }
}

impl<T: Lenient> Lenient for Vec<T> {
    fn take_item<'de, A: SeqAccess<'de>>(&mut self, items: &mut A) -> Result<bool, A::Error> {
        let item = items.next_element::<Lean<T>>()?;
        let has_more = item.is_some();
        self.extend(item.map(|lean| lean.0));
        Ok(has_more)
    }
}

impl Lenient for Option<Box<str>> {
    fn take_text(&mut self, text: &str) {
        *self = Some(text.into());
    }
}

impl Lenient for Option<i64> {
    fn take_number(&mut self, number: i64) {
        *self = Some(number);
    }
}

impl Lenient for Option<bool> {
    fn take_flag(&mut self, flag: bool) {
        *self = Some(flag);
    }
}

impl Lenient for Option<Timestamp> {
    fn take_text(&mut self, text: &str) {
        *self = text.parse().ok();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::{Value, from_str, json};

    use super::*;

    lenient_object! {
        /// Something with one member of each kind.
        Parts {
            "text" => text: Option<Box<str>>,
            "count" => count: Option<i64>,
            "on" => on: Option<bool>,
            "at" => at: Option<Timestamp>,
            "inner" => inner: Inner,
            "list" => list: Vec<Inner>,
        }
    }

    lenient_object! {
        /// Something in something.
        Inner { "name" => name: Option<Box<str>>, }
    }

    fn read(object: &Value) -> Parts {
        let Lean(parts) = from_str::<Lean<Parts>>(&object.to_string()).unwrap();
        parts
    }

    #[test]
    fn what_is_asked_for_is_read_and_the_rest_is_skipped() {
        let parts = read(&json!({
            "other": { "text": "no", "list": [{ "name": "no" }] },
            "text": "a \"quoted\" text", "count": -7, "on": true, "at": "2026-01-01T00:00:00Z",
            "inner": { "more": [[{}]], "name": "inner" }, "list": [{ "name": "a" }, { "name": "b", "more": {} }],
        }));
        assert_eq!((parts.text.as_deref(), parts.count, parts.on), (Some("a \"quoted\" text"), Some(-7), Some(true)));
        assert_eq!(parts.at, "2026-01-01T00:00:00Z".parse().ok());
        assert_eq!(parts.inner.name.as_deref(), Some("inner"));
        let names: Vec<_> = parts.list.iter().map(|item| item.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn no_shape_of_a_value_is_an_error() {
        let shapes = [
            json!(null),
            json!(true),
            json!(-1),
            json!(u64::MAX),
            json!(1.5),
            json!("text"),
            json!([]),
            json!([1, [{}], "x"]),
            json!({}),
            json!({ "name": [], "text": {} }),
        ];
        for shape in &shapes {
            read(shape);
            let parts = read(&json!({
                "text": shape, "count": shape, "on": shape, "at": shape, "inner": shape, "list": shape, "x": shape,
            }));
            assert_eq!(parts.text.is_some(), shape.is_string(), "{shape}");
            assert_eq!(parts.count, shape.as_i64(), "{shape}");
            assert_eq!(parts.on, shape.as_bool(), "{shape}");
            assert_eq!((parts.at, parts.inner.name), (None, None), "{shape}");
            assert_eq!(parts.list.len(), shape.as_array().map_or(0, Vec::len), "{shape}");
        }
    }
}
