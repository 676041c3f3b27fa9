//! The text log, past what was shown: for what can't be had live.

use std::collections::VecDeque;
use std::time::Duration;

use super::shown::{LogLimit, Shown};
use crate::results::log_end::level_of;
use crate::run::context::Context;
use crate::teamcity::{Error, Level, TextLine};
use crate::types::BuildId;

/// How often the text log is read again after its connection broke.
const TEXT_TRIES: u64 = 5;

/// Reads the text log past what was shown. A connection that breaks is read again from the start, past what was shown
/// by then.
pub async fn rest(
    id: BuildId,
    shown: &mut Shown,
    context: &Context<'_>,
    limit: &LogLimit,
) -> Result<(), Error> {
    // How many messages more the text log has up to where we stand: the two may not count alike.
    let mut ahead = None;
    let mut tries = 0_u64;
    loop {
        let read = match ahead {
            None if shown.messages > 0 => find_place(id, shown, context)
                .await
                .map(|found| ahead = Some(found)),
            _ => match read_text(id, shown, context, limit, ahead.unwrap_or(0)).await {
                Ok(()) => return Ok(()),
                Err(error) => Err(error),
            },
        };
        if let Err(error) = read {
            tries = tries.saturating_add(1);
            if tries
                > if error.kind.is_refusal() {
                    1
                } else {
                    TEXT_TRIES
                }
            {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_secs(tries)).await;
        }
    }
}

/// Finds the messages in the text log that were shown last.
async fn find_place(id: BuildId, shown: &Shown, context: &Context<'_>) -> Result<i64, Error> {
    let mut log = context.client.text_log(id).await?;
    let mut last: VecDeque<String> = VecDeque::new();
    let (mut number, mut nearest) = (0_i64, None::<i64>);
    let stand = i64::try_from(shown.messages).unwrap_or(i64::MAX);
    while let Some(line) = log.line().await? {
        if line.level == Level::Verbose || line.continues {
            continue;
        }
        number = number.saturating_add(1);
        if last.len() == shown.marks().len() {
            last.pop_front();
        }
        last.push_back(line.text);
        // A block's head has got its duration behind it by now.
        let fits = last.len() == shown.marks().len()
            && last
                .iter()
                .zip(shown.marks())
                .all(|(text, mark)| text.starts_with(mark.as_str()));
        let ahead = number.saturating_sub(stand);
        if fits && nearest.is_none_or(|nearest| ahead.abs() < nearest.abs()) {
            nearest = Some(ahead);
        }
    }
    Ok(nearest.unwrap_or(0))
}

/// Shows the text log from where we stand.
async fn read_text(
    id: BuildId,
    shown: &mut Shown,
    context: &Context<'_>,
    limit: &LogLimit,
    ahead: i64,
) -> Result<(), Error> {
    let mut log = context.client.text_log(id).await?;
    let mut messages = 0_u64;
    let mut continued = 0_u64;
    let mut head: Option<TextLine> = None;
    while let Some(line) = log.line().await? {
        let stand = shown.messages.saturating_add_signed(ahead);
        if line.level == Level::Verbose {
            head = None;
        } else if !line.continues {
            messages = messages.saturating_add(1);
            continued = 0;
            if messages > stand {
                shown.begin(&line.text, line.depth);
                shown.say(context, limit, level_of(&line), line.depth, &line.text);
            }
            head = Some(line);
        } else if let Some(head) = &head {
            continued = continued.saturating_add(1);
            if messages == stand && continued > shown.continued {
                shown.continued = continued;
                shown.say(context, limit, level_of(head), head.depth, &line.text);
            }
        }
        if limit.is_spent() {
            break;
        }
    }
    Ok(())
}
