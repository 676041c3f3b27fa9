//! `or:(…)`, `and:(…)`, `not:(…)` in a locator of builds (TeamCity's source: AbstractFinder.java).

use crate::rest::Call;
use crate::rest::errors::ApiError;
use crate::rest::fields::split;
use crate::rest::locator::Locator;

use super::{BuildFilter, Test, filter};

/// A locator's conditions, without the defaults of a search.
fn plain<'a>(call: &'a Call<'_>, text: &str) -> Result<BuildFilter<'a>, ApiError> {
    let text = format!("defaultFilter:false,{text}");
    filter(call, &Locator::parse(&text)?)
}

pub(super) fn combined<'a>(
    call: &'a Call<'_>,
    locator: &Locator,
    tests: &mut Vec<Test<'a>>,
) -> Result<(), ApiError> {
    for text in locator.all("and") {
        let inner = plain(call, text)?;
        tests.push(Box::new(move |seen| inner.fits(seen)));
    }
    for text in locator.all("not") {
        let inner = plain(call, text)?;
        tests.push(Box::new(move |seen| !inner.fits(seen)));
    }
    for text in locator.all("or") {
        let parts = split(text)
            .into_iter()
            .map(|part| plain(call, part))
            .collect::<Result<Vec<_>, _>>()?;
        tests.push(Box::new(move |seen| {
            parts.iter().any(|part| part.fits(seen))
        }));
    }
    Ok(())
}
