//! `NO_COLOR` (no-color.org): the same words, without colours.

use std::process::Command;

#[test]
fn no_color_is_honoured() {
    let said = |value: &str| {
        let ran = Command::new(env!("CARGO_BIN_EXE_teamcity-pipe"))
            .env_clear()
            .env("NO_COLOR", value)
            .output()
            .unwrap();
        assert_eq!(ran.status.code(), Some(3));
        String::from_utf8(ran.stdout).unwrap()
    };
    let (plain, coloured) = (said("1"), said(""));
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert!(coloured.contains('\u{1b}'), "{coloured:?}");
    assert_eq!(crate::pipe::plain(&coloured), plain);
}
