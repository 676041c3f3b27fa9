//! Pages of lists: `count`, `start`, `lookupLimit` in the locator, `nextHref` in the answer (TeamCity's source: PagerDataImpl.java).

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::errors::ApiError;
use super::fields::{Fields, split};
use super::locator::Locator;

/// Page size if nobody says another.
const DEFAULT_COUNT: i64 = 100;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) start: usize,
    /// `None` is everything.
    pub(crate) count: Option<usize>,
    pub(crate) lookup_limit: Option<usize>,
}

impl Page {
    /// Reads a locator's page; `default` is what stands for an absent count.
    pub(crate) fn read(
        locator: &Locator,
        default: Option<i64>,
        lookup_limit: Option<i64>,
    ) -> Result<Self, ApiError> {
        let count = locator.number("count")?.or(default).unwrap_or(-1);
        let start = locator.number("start")?.unwrap_or(0);
        // The default limit is never below the count.
        let limit = locator
            .number("lookupLimit")?
            .or(lookup_limit.map(|limit| limit.max(count)));
        Ok(Self {
            start: usize::try_from(start).unwrap_or(0),
            count: usize::try_from(count).ok(),
            lookup_limit: limit.and_then(|limit| usize::try_from(limit).ok()),
        })
    }

    pub(crate) fn usual(locator: &Locator) -> Result<Self, ApiError> {
        Self::read(locator, Some(DEFAULT_COUNT), None)
    }
}

/// One page of the items that fit.
pub(crate) struct Paged<T> {
    pub(crate) items: Vec<T>,
    /// Where the next page starts, and the lookup limit to try next if that was what ended this one.
    pub(crate) next: Option<(usize, Option<usize>)>,
}

/// Takes a page of what passes the filter.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = T>,
    page: Page,
    fits: impl Fn(&T) -> bool,
) -> Paged<T> {
    let mut found = Vec::new();
    let mut skipped = 0;
    for (looked, item) in items.into_iter().enumerate() {
        if page.lookup_limit.is_some_and(|limit| looked >= limit) {
            // Twice as far, but never more than 5000 further.
            let more = page.lookup_limit.map(|limit| limit + limit.clamp(1, 5000));
            return Paged {
                next: Some((page.start + found.len(), more)),
                items: found,
            };
        }
        if !fits(&item) {
            continue;
        }
        if skipped < page.start {
            skipped += 1;
            continue;
        }
        if page.count.is_some_and(|count| found.len() >= count) {
            break;
        }
        found.push(item);
    }
    // A full page has a next one, whether or not there is anything on it.
    let full = page
        .count
        .is_some_and(|count| count > 0 && found.len() == count);
    Paged {
        next: full.then_some((page.start + found.len(), None)),
        items: found,
    }
}

/// What stays bare in a `nextHref`'s locator.
const BARE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'=')
    .add(b'?')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'[')
    .add(b']');

/// A locator with a dimension set: in its place if it is there, at the end otherwise.
fn set_dimension(locator: &str, name: &str, value: usize) -> String {
    let new = format!("{name}:{value}");
    let is_it = |dimension: &str| dimension.split([':', '(']).next() == Some(name);
    let mut parts: Vec<String> = split(locator)
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    match parts.iter_mut().find(|part| is_it(part)) {
        Some(part) => *part = new,
        None => parts.push(new),
    }
    parts.join(",")
}

/// The href of the next page: the same request with another part of the list.
pub(crate) fn next_href(
    call: &super::Call<'_>,
    path: &str,
    locator: &str,
    count: Option<usize>,
    next: (usize, Option<usize>),
) -> String {
    let sorted = call.state.version.at_least(2026, 2, 0);
    let fields = call.query("fields");
    href_of_next(&call.href(path), locator, fields, count, next, sorted)
}

fn href_of_next(
    path: &str,
    locator: &str,
    fields: Option<&str>,
    count: Option<usize>,
    next: (usize, Option<usize>),
    sorted: bool,
) -> String {
    let mut locator = locator.to_owned();
    if next.0 > 0 {
        locator = set_dimension(&locator, "start", next.0);
        if let Some(count) = count {
            locator = set_dimension(&locator, "count", count);
        }
    }
    if let Some(limit) = next.1 {
        locator = set_dimension(&locator, "lookupLimit", limit);
    }
    let fields = fields.map(|fields| format!("fields={}", utf8_percent_encode(fields, BARE)));
    // 2026.2 puts `fields` first and the dimensions in order.
    if sorted {
        let mut dimensions = split(&locator);
        dimensions.sort_unstable();
        locator = dimensions.join(",");
    }
    let locator = format!("locator={}", utf8_percent_encode(&locator, BARE));
    let parts = if sorted {
        [fields, Some(locator)]
    } else {
        [Some(locator), fields]
    };
    let query: Vec<String> = parts.into_iter().flatten().collect();
    format!("{path}?{}", query.join("&"))
}

/// A list as TeamCity writes it: count, href of the next page, items.
pub(crate) fn list<T>(
    call: &super::Call<'_>,
    path: &str,
    locator: &str,
    page: Page,
    paged: &Paged<T>,
    item: &str,
    make: impl Fn(&T, &Fields) -> crate::json::Json,
) -> crate::json::Json {
    use super::fields::{Level, Obj};
    let fields = call.fields();
    let mut obj = Obj::new(&fields);
    obj.always("count", Level::Short, paged.items.len());
    obj.put(
        "href",
        Level::Short,
        if locator.is_empty() {
            call.href(path)
        } else {
            format!(
                "{}?locator={}",
                call.href(path),
                utf8_percent_encode(locator, BARE)
            )
        },
    );
    if page.start > 0 {
        let (start, count) = match page.count {
            Some(count) if count <= page.start => (page.start - count, count),
            _ => (0, page.start),
        };
        let before = set_dimension(&set_dimension(locator, "start", start), "count", count);
        obj.put(
            "prevHref",
            Level::Short,
            format!(
                "{}?locator={}",
                call.href(path),
                utf8_percent_encode(&before, BARE)
            ),
        );
    }
    if let Some(next) = paged.next {
        let next = next_href(call, path, locator, page.count, next);
        // Lists of builds name it only if they are asked to (2026.1.3).
        let level = if item == "build" {
            Level::Named
        } else {
            Level::Short
        };
        obj.put("nextHref", level, next);
    }
    obj.nest(item, Level::Long, &Fields::short(), |fields| {
        paged
            .items
            .iter()
            .map(|entry| make(entry, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_leads_on_and_an_exhausted_lookup_may_be_empty() {
        let wanted = Page {
            start: 2,
            count: Some(3),
            lookup_limit: None,
        };
        let first = page(0..100, wanted, |n| n % 2 == 0);
        assert_eq!(first.items, [4, 6, 8]);
        assert_eq!(first.next, Some((5, None)));
        let none = page(
            0..100,
            Page {
                start: 0,
                count: Some(3),
                lookup_limit: Some(10),
            },
            |n| *n > 50,
        );
        assert!(none.items.is_empty());
        assert_eq!(none.next, Some((0, Some(20))));
        assert_eq!(
            href_of_next(
                "/app/rest/builds",
                "tag:+,count:3,branch:(default:any)",
                Some("build(id)"),
                Some(3),
                (3, None),
                true
            ),
            "/app/rest/builds?fields=build(id)&locator=branch:(default:any),count:3,start:3,tag:%2B"
        );
        assert_eq!(
            href_of_next(
                "/app/rest/builds",
                "tag:a b,count:3,branch:(default:any)",
                Some("build(id)"),
                Some(3),
                (3, None),
                false
            ),
            "/app/rest/builds?locator=tag:a%20b,count:3,branch:(default:any),start:3&fields=build(id)"
        );
    }
}
