//! What happened before the server's first request: builds of the past, and who may look.

use std::time::Duration;

use crate::model::{EarlierBuild, Tag, Trigger, User};
use crate::queueing::{Order, queue};
use crate::state::State;

/// Adds the user that stands for everybody without credentials, and gives the number.
pub(crate) fn welcome_guest(state: &mut State) -> u64 {
    let id = state.users.len() as u64 + 1;
    let mut guest = User::new("guest").name("Guest user").viewer();
    guest.id = id;
    state.users.push(guest);
    id
}

/// Queues the builds of the past, each at its time, and moves the clock to their future.
pub(crate) fn live_through(state: &mut State, mut earlier: Vec<EarlierBuild>) {
    let Some(lead) = earlier.iter().map(|build| build.ago).max() else {
        return;
    };
    state.clock = state.clock.up_for(lead);
    // What was set from the start of the server's requests stays there.
    for change in &mut state.changes {
        change.known_at = change
            .known_at
            .map(|at| if at.is_zero() { at } else { at + lead });
    }
    for token in &mut state.tokens {
        token.expires = token.expires.map(|at| at + lead);
    }
    for (from, until) in &mut state.pauses {
        *from += lead;
        *until = until.map(|until| until + lead);
    }
    // The sort keeps builds of the same time in the order in which they were given.
    earlier.sort_by_key(|build| std::cmp::Reverse(build.ago));
    for build in earlier {
        let at = lead.saturating_sub(build.ago);
        if state.build_type(&build.build_type).is_some() {
            one(state, build, at);
        }
    }
    // The past used up no plan of what comes.
    state.plan_uses.clear();
}

fn one(state: &mut State, earlier: EarlierBuild, at: Duration) {
    let user = earlier
        .user
        .as_deref()
        .and_then(|name| Some(state.user_named(name)?.id));
    let tag = |name: String| Tag { name, owner: None };
    let order = Order {
        branch: earlier.branch,
        personal: earlier.personal.then(|| user.unwrap_or(1)),
        comment: earlier.comment,
        trigger: user.map_or(Trigger::Vcs, Trigger::User),
        tags: earlier.tags.into_iter().map(tag).collect(),
        properties: earlier.properties,
        plan: Some(earlier.plan),
        ..Order::plain(earlier.build_type, user.unwrap_or(0))
    };
    let id = queue(state, &order, at);
    let finish = state.timeline(id).and_then(|course| course.finish);
    if let (Some(why), Some(build)) = (earlier.pinned, state.builds.get_mut(&id)) {
        build.kept = Some((why, user.unwrap_or(0), finish.unwrap_or(at)));
    }
}
