//! TeamCity's dates: `20250710T080607+0000`, with the offset of the server's zone and no fraction.

use chrono::{DateTime, FixedOffset};
use serde::Deserializer;

use super::model::lenient;

/// Reads one; also the ISO form, which answers in XML show and a proxy's rewriting might.
pub(super) fn parse(text: &str) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    DateTime::parse_from_str(text, "%Y%m%dT%H%M%S%z")
        .or_else(|_| DateTime::parse_from_str(text, "%Y%m%dT%H%M%S%.f%z"))
        .or_else(|_| DateTime::parse_from_rfc3339(text))
        .ok()
}

/// For `#[serde(deserialize_with)]`: a date that can't be read is an absent one, since no date decides a result.
pub(super) fn lenient<'de, D>(deserializer: D) -> Result<Option<DateTime<FixedOffset>>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = lenient::text(deserializer)?;
    Ok(text.as_deref().and_then(parse))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_compact_and_the_iso_form() {
        let date = parse("20250710T080607+0200").unwrap();
        assert_eq!(date.to_rfc3339(), "2025-07-10T08:06:07+02:00");
        assert_eq!(parse("2025-07-10T06:06:07.000Z").unwrap(), date);
        assert_eq!(parse("yesterday"), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
