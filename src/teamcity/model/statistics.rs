//! Values of a build.

use serde::Deserialize;

use super::lenient;

/// Those of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Statistics {
    /// Each has another name.
    #[serde(deserialize_with = "lenient::list")]
    property: Vec<Statistic>,
}

/// One of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Statistic {
    /// Such as `BuildDurationNetTime`; scripts may report any.
    #[serde(deserialize_with = "lenient::text")]
    name: Option<String>,
    /// A number, as text.
    #[serde(deserialize_with = "lenient::text")]
    value: Option<String>,
}

impl Statistics {
    /// The value of this name, if it is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        let mut all = self.property.iter();
        let one = all.find(|one| one.name.as_deref() == Some(name))?;
        let number: f64 = one.value.as_deref()?.trim().parse().ok()?;
        number.is_finite().then_some(number)
    }

    /// The same without its fraction, if it is not below zero.
    pub fn amount(&self, name: &str) -> Option<u64> {
        let number = self.number(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not below zero, and far from the largest"
        )]
        (0.0..1e15).contains(&number).then_some(number as u64)
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_none() {
        let statistics: Statistics = serde_json::from_value(serde_json::json!({
            "count": 5,
            "property": [
                {"name": "a", "value": "81.25"}, {"name": "b", "value": 7}, {"name": "c", "value": "NaN"},
                {"name": "d", "value": "-1"}, {"name": "e"}, {"value": "3"},
            ],
        }))
        .unwrap();
        let numbers = ["a", "b", "c", "d", "e", "f"].map(|name| statistics.number(name));
        assert_eq!(
            numbers,
            [Some(81.25), Some(7.0), None, Some(-1.0), None, None]
        );
        let amounts = ["a", "b", "d"].map(|name| statistics.amount(name));
        assert_eq!(amounts, [Some(81), Some(7), None]);
    }
}
