//! What tests do to the world while it runs.

use std::time::Duration;

use crate::model::{Branch, Cancellation, Plan, Status, Token, Trigger, full_ref};
use crate::queueing::{Order, queue};
use crate::scenario::add_change;
use crate::simulator::{Mode, Simulator};
use crate::state::State;
use crate::succession::readd;

impl Simulator {
    fn change<T>(&self, change: impl FnOnce(&mut State, Duration) -> T) -> T {
        let result = {
            let mut state = self.lock();
            let now = state.clock.now();
            change(&mut state, now)
        };
        self.changed.notify_waiters();
        result
    }

    /// The server learns of a branch, on a root or on all roots of a build configuration.
    pub fn add_branch(&self, build_type_or_root: &str, name: &str) {
        self.change(|state, now| {
            let roots: Vec<String> = match state.build_type(build_type_or_root) {
                Some(build_type) => build_type
                    .roots
                    .iter()
                    .map(|(root, _)| root.clone())
                    .collect(),
                None => vec![build_type_or_root.to_owned()],
            };
            state.branches.extend(roots.into_iter().map(|root| Branch {
                root,
                vcs_ref: full_ref(name),
                known_at: Some(now),
            }));
        });
    }
    /// The server learns of a change.
    pub fn add_change(&self, root: &str, branch: &str, sha: &str) {
        self.change(|state, now| {
            add_change(&mut state.changes, root, branch, sha, Some(now), None)
        });
    }
    /// Somebody queues a build, on the default branch if none is named. Gives its number.
    pub fn queue_build(&self, build_type: &str, user: &str, branch: Option<&str>) -> u64 {
        self.change(|state, now| {
            let user = state.user_named(user).map_or(0, |user| user.id);
            let order = Order {
                branch: branch.map(str::to_owned),
                ..Order::plain(build_type, user)
            };
            queue(state, &order, now)
        })
    }
    /// A trigger queues a build on the default branch. Gives its number.
    pub fn trigger_build(&self, build_type: &str) -> u64 {
        self.change(|state, now| {
            queue(
                state,
                &Order {
                    trigger: Trigger::Vcs,
                    ..Order::plain(build_type, 0)
                },
                now,
            )
        })
    }
    /// Somebody cancels a build.
    pub fn cancel_build(&self, id: u64, user: &str, comment: &str) {
        self.change(|state, now| {
            let user = state.user_named(user).map(|user| user.id);
            if let Some(build) = state.builds.get_mut(&id) {
                build
                    .canceled
                    .get_or_insert(Cancellation::new(now, user, comment));
            }
        });
    }
    /// A build is stopped, and TeamCity puts it back into the queue. Gives the successor's number.
    pub fn readd_build(&self, id: u64, then: Plan) -> Option<u64> {
        self.change(|state, now| {
            let stop = Cancellation {
                shown: Some("Exit code 143".to_owned()),
                ..Cancellation::new(now, None, "")
            };
            state.builds.get_mut(&id)?.canceled.get_or_insert(stop);
            readd(state, id, None, then, now)
        })
    }
    /// A build is deleted.
    pub fn delete_build(&self, id: u64) {
        self.change(|state, now| {
            if let Some(build) = state.builds.get_mut(&id) {
                build.deleted = Some(now);
            }
        });
    }
    /// The queue's optimizer merges a build into another.
    pub fn merge(&self, absorbed: u64, survivor: u64) {
        self.change(|state, now| state.merges.push((now, absorbed, survivor)));
    }
    /// Sets how the server is.
    pub fn set_mode(&self, mode: Mode) {
        self.change(|state, _| {
            state.restarting = None;
            state.mode = mode;
        });
    }
    /// The server restarts: for a third of the time it refuses connections, then it shows the maintenance page.
    pub fn restart_for(&self, time: Duration) {
        self.change(|state, now| state.restarting = Some((now, now + time)));
    }
    /// A token is revoked.
    pub fn revoke_token(&self, value: &str) {
        self.change(|state, _| state.tokens.retain(|token| token.value != value));
    }
    /// All tokens, those that have expired too.
    pub fn tokens(&self) -> Vec<Token> {
        self.lock().tokens.clone()
    }
    /// A token is made.
    pub fn add_token(&self, token: Token) {
        self.change(|state, _| state.tokens.push(token));
    }
    /// Lines are added to a build's log.
    pub fn append_log<S: Into<String>>(&self, id: u64, lines: impl IntoIterator<Item = S>) {
        self.change(|state, now| {
            if let Some(build) = state.builds.get_mut(&id) {
                build
                    .extra_log
                    .extend(lines.into_iter().map(|line| (now, line.into())));
            }
        });
    }
    /// A build ends now, unless it is over already.
    pub fn finish_build(&self, id: u64, status: Status) {
        self.change(|state, now| {
            let over = state
                .timeline(id)
                .is_none_or(|course| course.finish.is_some_and(|finish| finish <= now));
            if let Some(build) = state.builds.get_mut(&id).filter(|_| !over) {
                build.forced_finish = Some((now, status));
            }
        });
    }
    /// A build starts now.
    pub fn start_build(&self, id: u64) {
        self.change(|state, now| {
            if let Some(build) = state.builds.get_mut(&id) {
                build.forced_start.get_or_insert(now);
            }
        });
    }
    /// A build that awaits approval is approved.
    pub fn approve(&self, id: u64) {
        self.change(|state, now| {
            if let Some(build) = state.builds.get_mut(&id) {
                build.approved.get_or_insert((now, 0));
            }
        });
    }
    /// The queue is paused or resumed.
    pub fn pause_queue(&self, paused: bool) {
        self.change(|state, now| state.pause(paused, now));
    }
    /// Scripts what further builds of a configuration do: the next one the first plan, and so on; the last repeats.
    pub fn set_plans(&self, build_type: &str, plans: impl IntoIterator<Item = Plan>) {
        self.change(|state, _| {
            state.plan_uses.remove(build_type);
            state
                .plans
                .insert(build_type.to_owned(), plans.into_iter().collect());
        });
    }
    /// Sets the URL that links are made of, without the context path.
    pub fn set_web_url(&self, base: &str) {
        self.change(|state, _| {
            state.web_url = format!("{}{}", base.trim_end_matches('/'), state.context_path)
        });
    }
}
