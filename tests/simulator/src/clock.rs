//! Time: how long the server has been up, and the dates that follow from it.

use std::time::Duration;

use chrono::{DateTime, TimeZone as _, Utc};
use tokio::time::Instant;

/// Seconds of 2026-01-15T10:00:00Z, the date at which a simulated server starts.
const EPOCH: i64 = 1_768_471_200;

/// The server's clock. It follows tokio's, so that paused time pauses the server too.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    epoch: DateTime<Utc>,
    lead: Duration,
}

impl Clock {
    /// A clock that starts now, at the default date.
    pub fn starting_now() -> Self {
        Self::starting_now_at(Utc.timestamp_opt(EPOCH, 0).single().unwrap_or_default())
    }

    /// A clock that starts now and shows `epoch` as its first date.
    pub fn starting_now_at(epoch: DateTime<Utc>) -> Self {
        Self {
            start: Instant::now(),
            epoch,
            lead: Duration::ZERO,
        }
    }

    /// The same clock, of a server that has been up for so long already.
    pub(crate) fn up_for(mut self, lead: Duration) -> Self {
        let step = chrono::TimeDelta::from_std(lead).unwrap_or(chrono::TimeDelta::zero());
        self.epoch = self.epoch.checked_sub_signed(step).unwrap_or(self.epoch);
        self.lead = lead;
        self
    }

    /// Time since the start.
    pub fn now(&self) -> Duration {
        self.lead + Instant::now().saturating_duration_since(self.start)
    }

    /// The date of a moment.
    pub fn date(&self, moment: Duration) -> DateTime<Utc> {
        let step = chrono::TimeDelta::from_std(moment).unwrap_or(chrono::TimeDelta::MAX);
        self.epoch.checked_add_signed(step).unwrap_or(self.epoch)
    }

    /// A moment in the form of TeamCity's JSON: `20260115T100000+0000`.
    pub fn compact(&self, moment: Duration) -> String {
        self.date(moment).format("%Y%m%dT%H%M%S+0000").to_string()
    }

    /// A moment with milliseconds, as in `/app/messages`: `2026-01-15T10:00:00.000+0000`.
    pub fn long(&self, moment: Duration) -> String {
        self.date(moment)
            .format("%Y-%m-%dT%H:%M:%S%.3f+0000")
            .to_string()
    }

    /// A moment with milliseconds in the compact form, as in the answer to a commit hook.
    pub fn compact_millis(&self, moment: Duration) -> String {
        self.date(moment)
            .format("%Y%m%dT%H%M%S%.3f+0000")
            .to_string()
    }

    /// The moment of a date in one of the forms that TeamCity reads; dates before the start become zero.
    pub fn parse(&self, text: &str) -> Option<Duration> {
        Some(self.offset(text)?.to_std().unwrap_or(Duration::ZERO))
    }

    /// How long after the start a date is, in whole seconds; negative before it.
    pub(crate) fn seconds(&self, text: &str) -> Option<i64> {
        Some(self.offset(text)?.num_seconds())
    }

    fn offset(&self, text: &str) -> Option<chrono::TimeDelta> {
        const FORMS: [&str; 5] = [
            "%Y%m%dT%H%M%S%z",
            "%Y%m%dT%H%M%S%.f%z",
            "%Y-%m-%dT%H:%M:%S%z",
            "%Y-%m-%dT%H:%M:%S%.f%z",
            "%Y-%m-%dT%H:%M:%SZ",
        ];
        // A `+` that was not percent-encoded arrives as a blank.
        let text = text.replace(' ', "+");
        let date = FORMS
            .iter()
            .find_map(|form| DateTime::parse_from_str(&text, form).ok())
            .map(|date| date.with_timezone(&Utc))
            .or_else(|| {
                let naive = chrono::NaiveDateTime::parse_from_str(&text, "%Y%m%dT%H%M%S").ok()?;
                Some(naive.and_utc())
            })
            .or_else(|| {
                Some(
                    DateTime::parse_from_rfc3339(&text)
                        .ok()?
                        .with_timezone(&Utc),
                )
            })?;
        Some(date - self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_back() {
        let clock = Clock::starting_now();
        let moment = Duration::from_secs(90);
        assert_eq!(clock.compact(moment), "20260115T100130+0000");
        assert_eq!(clock.parse("20260115T100130+0000"), Some(moment));
        assert_eq!(clock.parse("20260115T110130+0100"), Some(moment));
        assert_eq!(clock.parse("yesterday"), None);
    }
}
