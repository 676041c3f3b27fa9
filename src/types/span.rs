//! Lengths of time, as people read them.

use std::time::Duration;

/// A length of time: seconds under a minute, then minutes with seconds, then hours with minutes.
#[must_use]
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, _) => format!("{rest}s"),
        (0, _, 0) => format!("{minutes}m"),
        (0, ..) => format!("{minutes}m {rest}s"),
        (_, 0, _) => format!("{hours}h"),
        _ => format!("{hours}h {minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_short() {
        let of = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(
            [of(0), of(59), of(60), of(61), of(3600), of(7320)],
            ["0s", "59s", "1m", "1m 1s", "1h", "2h 2m"]
        );
    }
}
