//! Text from outside made harmless. The one place for it.
//!
//! Names, status texts and build logs come from servers and from whoever may push. Shown as they are, they could
//! forge lines of the step's log, move the cursor, or turn the reading direction around.

const ESCAPE: char = '\u{1b}';
const RESET: &str = "\u{1b}[0m";
/// Longer sequences than this are no colours.
const LONGEST_COLOUR: usize = 40;

/// Longest line of several sentences, in characters.
const WIDTH: usize = 180;

/// A text of our own behind a prefix, on several lines where it is long: only between sentences, so that each name and link stays whole.
#[must_use]
pub fn under(prefix: &str, text: &str) -> Vec<String> {
    let mut lines = vec![prefix.to_owned()];
    let mut rest = text;
    while !rest.is_empty() {
        let mut ends = rest.match_indices(". ").filter_map(|(at, _)| {
            let (sentence, after) = rest.split_at_checked(at.saturating_add(1))?;
            Some((sentence, after.strip_prefix(' ')?))
        });
        let end = ends.find(|(_, after)| after.starts_with(char::is_uppercase));
        let (sentence, after) = end.unwrap_or((rest, ""));
        if let Some(line) = lines.last_mut() {
            let length = line.chars().count();
            if length <= prefix.chars().count() {
                line.push_str(sentence);
            } else if length.saturating_add(sentence.chars().count()) < WIDTH {
                line.push(' ');
                line.push_str(sentence);
            } else {
                lines.push(" ".repeat(prefix.chars().count()) + sentence);
            }
        }
        rest = after;
    }
    lines
}

/// One line of plain text of at most `max_chars` characters, for names, status texts and the like.
///
/// Escape sequences, control characters, and marks that hide or reorder text go away. Line breaks and tabs become
/// spaces. A text that is too long ends in `…`.
#[must_use]
pub fn one_line(text: &str, max_chars: usize) -> String {
    let mut line = String::new();
    for piece in pieces(text) {
        let Piece::Char(character) = piece else {
            continue;
        };
        if character.is_whitespace() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_hostile(character) {
            line.push(character);
        }
    }
    line.truncate(line.trim_end().len());
    if line.chars().count() <= max_chars {
        return line;
    }
    let kept: String = line.chars().take(max_chars.saturating_sub(1)).collect();
    let mut kept = kept.trim_end().to_owned();
    if max_chars > 0 {
        kept.push('…');
    }
    kept
}

/// A line with its spaces and tabs, and without colours or anything else that could be obeyed.
#[must_use]
pub fn plain_line(text: &str) -> String {
    pieces(text.trim_end_matches(['\r', '\n']))
        .filter_map(|piece| match piece {
            Piece::Char('\t') => Some('\t'),
            Piece::Char(character) if !is_hostile(character) => Some(character),
            Piece::Char(_) | Piece::Colour(_) => None,
        })
        .collect()
}

/// A line of a build log with its colours, and nothing else that a terminal would obey.
///
/// Of lines that overwrite themselves by carriage returns the last that shows something is kept. Tabs stay. A colour
/// that is still on at the end is turned off there.
#[must_use]
pub fn log_line(text: &str) -> String {
    let text = text.trim_end_matches(['\r', '\n']);
    let shown = text
        .rsplit(['\r', '\n'])
        .map(clean_segment)
        .find(|segment| segment.shows)
        .unwrap_or_default();
    shown.text
}

#[derive(Default)]
struct Segment {
    text: String,
    shows: bool,
}

fn clean_segment(segment: &str) -> Segment {
    let mut clean = Segment::default();
    let mut coloured = false;
    for piece in pieces(segment) {
        match piece {
            Piece::Colour(sequence) => {
                coloured = !is_reset(sequence);
                clean.text.push_str(sequence);
            }
            Piece::Char('\t') => clean.text.push('\t'),
            Piece::Char(character) if !is_hostile(character) => {
                clean.shows |= !character.is_whitespace();
                clean.text.push(character);
            }
            Piece::Char(_) => {}
        }
    }
    if coloured {
        clean.text.push_str(RESET);
    }
    clean
}

/// `ESC[m`, `ESC[0m`, `ESC[00m`, and sequences that end by resetting.
fn is_reset(sequence: &str) -> bool {
    let parameters = sequence
        .strip_prefix("\u{1b}[")
        .and_then(|rest| rest.strip_suffix('m'))
        .unwrap_or_default();
    // In `38;5;0` the last zero is a colour's number.
    !parameters.contains("8;5;")
        && !parameters.contains("8;2;")
        && !parameters.contains(':')
        && parameters
            .rsplit(';')
            .next()
            .is_some_and(|last| last.chars().all(|digit| digit == '0'))
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and marks that hide or reorder text.
fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

enum Piece<'text> {
    Char(char),
    Colour(&'text str),
}

/// Splits a text into characters and colours, leaving out every other escape sequence.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let whole = rest;
            let (character, behind) = first(whole)?;
            let (introducer, after) = match character {
                ESCAPE => {
                    let Some(next) = first(behind) else {
                        rest = behind;
                        continue;
                    };
                    next
                }
                // The one-character form of `ESC [`. The other characters of C1 are dropped, and the text behind them stays.
                '\u{9b}' => ('[', behind),
                _ => {
                    rest = behind;
                    return Some(Piece::Char(character));
                }
            };
            rest = match introducer {
                '[' => after_control_sequence(after),
                ']' | 'P' | 'X' | '^' | '_' => after_string(after),
                // ESC, intermediate characters, one final.
                ' '..='/' => after_intermediates(after),
                '0'..='~' => after,
                // No sequence: the character after the escape is judged on its own.
                _ => {
                    rest = behind;
                    continue;
                }
            };
            let sequence = whole.strip_suffix(rest).unwrap_or_default();
            if character == ESCAPE && is_colour(sequence) {
                return Some(Piece::Colour(sequence));
            }
        }
    })
}

/// The first character, and what is behind it.
fn first(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    Some((first, characters.as_str()))
}

fn is_colour(sequence: &str) -> bool {
    sequence.len() <= LONGEST_COLOUR
        && sequence
            .strip_prefix("\u{1b}[")
            .and_then(|rest| rest.strip_suffix('m'))
            .is_some_and(|parameters| {
                parameters
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b';' || byte == b':')
            })
}

/// Behind the parameters, intermediates and final character of `ESC [ …`. A broken one ends where it breaks.
fn after_control_sequence(text: &str) -> &str {
    let rest = text.trim_start_matches(|c| matches!(c, ' '..='?'));
    match first(rest) {
        Some(('@'..='~', behind)) => behind,
        _ => rest,
    }
}

fn after_intermediates(text: &str) -> &str {
    let rest = text.trim_start_matches(|c| matches!(c, ' '..='/'));
    match first(rest) {
        Some(('0'..='~', behind)) => behind,
        _ => rest,
    }
}

/// Behind a string (title, device control…) that ends with BEL or `ESC \`. Of one that never ends only the
/// introducer goes away, so that no text is lost.
fn after_string(text: &str) -> &str {
    let mut rest = text;
    while let Some((character, behind)) = first(rest) {
        match character {
            '\u{7}' | '\u{9c}' => return behind,
            ESCAPE => return behind.strip_prefix('\\').unwrap_or(text),
            _ => rest = behind,
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_keeps_its_letters_and_loses_all_tricks() {
        assert_eq!(one_line("Łódź – 日本 🚀", 40), "Łódź – 日本 🚀");
        assert_eq!(one_line("a\u{1b}[31mred\u{1b}[0m\u{7}b", 40), "aredb");
        assert_eq!(
            one_line("x\u{1b}]0;title\u{7}y\u{1b}]8;;http://e\u{1b}\\z", 40),
            "xyz"
        );
        assert_eq!(
            one_line("ab\u{202e}cd\u{200b}ef\u{9b}31mgh", 40),
            "abcdefgh"
        );
        assert_eq!(
            one_line("  two\r\nlines\t and\u{2028}more ", 40),
            "two lines and more"
        );
    }

    #[test]
    fn a_long_text_ends_in_an_ellipsis_within_the_limit() {
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
        assert_eq!(one_line("abc", 1), "…");
        assert_eq!(one_line("abc", 0), "");
    }

    #[test]
    fn a_plain_line_keeps_its_indentation() {
        assert_eq!(
            plain_line("\t at \u{1b}[31ma\u{202e}\u{7}  b\r\n"),
            "\t at a  b"
        );
    }

    #[test]
    fn a_log_line_keeps_its_colours_and_closes_them() {
        assert_eq!(
            log_line("\u{1b}[1;31mbad\u{1b}[0m ok"),
            "\u{1b}[1;31mbad\u{1b}[0m ok"
        );
        assert_eq!(log_line("\u{1b}[32mgreen"), "\u{1b}[32mgreen\u{1b}[0m");
        assert_eq!(
            log_line("\u{1b}[38;5;0mblack"),
            "\u{1b}[38;5;0mblack\u{1b}[0m"
        );
        assert_eq!(log_line("a\tb"), "a\tb");
    }

    #[test]
    fn a_log_line_obeys_nothing_else() {
        assert_eq!(log_line("\u{1b}[2J\u{1b}[1;1Hx\u{1b}[?25l"), "x");
        assert_eq!(
            log_line("a\u{1b}]0;evil\u{7}b\u{1b}Pq#1\u{1b}\\c\u{1b}(Bd\u{1b}7e"),
            "abcde"
        );
        assert_eq!(log_line("a\u{1b}]0;never closed"), "a0;never closed");
        assert_eq!(log_line("a\u{8}b\u{0}c\u{90}q\u{9c}d"), "abcqd");
        assert_eq!(log_line("a\u{1b}"), "a");
    }

    #[test]
    fn of_progress_the_last_state_is_kept() {
        assert_eq!(log_line("10 %\r50 %\r100 %\r\n"), "100 %");
        assert_eq!(log_line("done\r   \r"), "done");
        assert_eq!(log_line("done\r"), "done");
        assert_eq!(log_line("\r\n"), "");
    }

    /// Mostly what breaks things, some of it ordinary.
    fn hostile() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            3 => "[\\x1b\\[\\]m;0-9:?PX^_\\\\\\x07 -/@-~]{0,8}",
            1 => any::<String>(),
            1 => "[\u{80}-\u{9f}\u{200b}-\u{202e}\r\n\t]{0,4}",
        ];
        proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
    }

    fn without_colours(text: &str) -> String {
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(ESCAPE) {
            plain.push_str(&rest[..at]);
            let end = rest[at..]
                .find('m')
                .map(|length| at + length + 1)
                .expect("a closed colour");
            assert!(
                is_colour(&rest[at..end]),
                "{:?} is no colour",
                &rest[at..end]
            );
            rest = &rest[end..];
        }
        plain.push_str(rest);
        plain
    }

    #[test]
    fn long_texts_go_on_lines_of_their_own_after_a_full_stop() {
        let (short, long) = (
            "Look at a.b. ok. 7 are there.",
            format!("Or {}.", "x".repeat(200)),
        );
        assert_eq!(under("→ ", short), [format!("→ {short}")]);
        let lines = under("→ ", &format!("{short} {long} Then go on."));
        assert_eq!(
            lines,
            [
                format!("→ {short}"),
                format!("  {long}"),
                "  Then go on.".to_owned()
            ]
        );
    }

    proptest! {
        #[test]
        fn one_line_is_plain_short_and_stable(text in hostile(), max in 0_usize..60) {
            let line = one_line(&text, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.chars().any(is_hostile));
            prop_assert_eq!(one_line(&line, max), line);
        }

        #[test]
        fn log_line_has_colours_only_and_is_stable(text in hostile()) {
            let line = log_line(&text);
            prop_assert!(!without_colours(&line).chars().any(|c| c != '\t' && is_hostile(c)));
            prop_assert_eq!(log_line(&line), line);
        }
    }
}
