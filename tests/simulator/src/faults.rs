//! What goes wrong between client and server: which faults there are, and which requests they hit.

use std::time::Duration;

use crate::matcher::Matcher;
use crate::rest::resource::Resource;

/// A way in which a request fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// No connection.
    Refused,
    /// The connection is reset before the server reads the request.
    ResetBeforeRead,
    /// The server acts, and the connection is reset before the answer.
    ResetAfterActing,
    /// The server acts, and the connection ends in the middle of the answer.
    CutAnswer,
    /// An internal error before the server acts, as TeamCity words it.
    Status500,
    /// A proxy's HTML 502; the server never saw the request.
    Html502BeforeActing,
    /// A proxy's HTML 502; the server acted.
    Html502AfterActing,
    /// A proxy's HTML 504; the server acted.
    Html504AfterActing,
    /// TeamCity's maintenance page.
    Maintenance503,
    /// Too many requests.
    TooMany429 {
        /// The `Retry-After` header, if there is one.
        retry_after: Option<Duration>,
    },
    /// The token is not accepted.
    Unauthorized401,
    /// A node that lags does not know the thing.
    NotFound404,
    /// A login page with status 200.
    LoginPage200,
    /// A redirect to the login page.
    RedirectToLogin,
    /// A redirect to another host.
    RedirectToHost(String),
    /// No answer ever; the server did not act.
    HangBeforeActing,
    /// No answer ever; the server acted.
    HangAfterActing,
    /// The answer comes in 16 pieces.
    SlowBody {
        /// Time before each piece.
        per_chunk: Duration,
    },
    /// The answer has no body.
    EmptyBody,
    /// Every JSON value has another type.
    WrongJsonTypes,
    /// The JSON ends in the middle, properly framed.
    TruncatedJson,
    /// The answer is so many bytes long: a JSON object with a text, other answers lines.
    HugeBody(u64),
    /// `nextHref` leads to the same page.
    LoopingNextHref,
    /// `nextHref` leads to another host.
    NextHrefOtherHost(String),
    /// `nextHref` leads through so many pages back to the first, each with the same entries.
    NextHrefCircle(u32),
    /// `nextHref` leads to a new page with the same entries, for ever.
    NextHrefForEver,
    /// The answer comes byte by byte.
    Drip {
        /// Time before each byte.
        per_byte: Duration,
    },
    /// The answer goes on for ever: JSON in the middle of a text, other answers line by line.
    Endless {
        /// Time before each KiB.
        per_kilobyte: Duration,
    },
    /// The JSON has a member with an array in an array, so deep.
    DeepJson(usize),
    /// A balancer sends the request a second time: the server acts twice, and the second answer is the one that comes.
    ActsTwice,
    /// Every member of a name in the JSON has another value. See [`Self::member`].
    Member {
        /// The name, or the last names of the path with dots between.
        name: String,
        /// The value as JSON, which may be a number that fits nowhere.
        json: String,
    },
    /// Every member of a name is missing in the JSON.
    WithoutMember(String),
    /// Every list in the JSON has so many items.
    ManyItems(usize),
    /// `Content-Length` says so many bytes more than there are.
    LengthTooLong(u64),
    /// `Content-Length` says so many bytes fewer than there are.
    LengthTooShort(u64),
}

impl FaultKind {
    /// One of each, for campaigns.
    pub fn all() -> Vec<Self> {
        vec![
            Self::Refused,
            Self::ResetBeforeRead,
            Self::ResetAfterActing,
            Self::CutAnswer,
            Self::Status500,
            Self::Html502BeforeActing,
            Self::Html502AfterActing,
            Self::Html504AfterActing,
            Self::Maintenance503,
            Self::TooMany429 {
                retry_after: Some(Duration::from_secs(3)),
            },
            Self::TooMany429 { retry_after: None },
            Self::Unauthorized401,
            Self::NotFound404,
            Self::LoginPage200,
            Self::RedirectToLogin,
            Self::RedirectToHost("https://elsewhere.example.com".to_owned()),
            Self::HangBeforeActing,
            Self::HangAfterActing,
            Self::SlowBody {
                per_chunk: Duration::from_millis(500),
            },
            Self::EmptyBody,
            Self::WrongJsonTypes,
            Self::TruncatedJson,
            Self::HugeBody(50_000_000),
            Self::LoopingNextHref,
            Self::NextHrefOtherHost("https://elsewhere.example.com".to_owned()),
        ]
    }

    /// What can happen to a fetch that a client makes when a build has ended and its result is known, for campaigns: answers that never
    /// come, never end, are too large or lie.
    pub fn after_the_end() -> Vec<Self> {
        vec![
            Self::HangBeforeActing,
            Self::Html504AfterActing,
            Self::Drip {
                per_byte: Duration::from_secs(1),
            },
            Self::Endless {
                per_kilobyte: Duration::from_secs(1),
            },
            Self::HugeBody(100_000_000),
            Self::DeepJson(10_000),
            Self::LengthTooLong(1000),
            Self::LengthTooShort(10),
            Self::LoopingNextHref,
            Self::NextHrefCircle(3),
            Self::NextHrefForEver,
            Self::CutAnswer,
            Self::EmptyBody,
            Self::WrongJsonTypes,
        ]
    }

    /// Every member of a name in the JSON has this value, written as JSON: `null`, `-1`, `1e999`, `"7"`. The name may be the end of a
    /// path, such as `running-info.percentageComplete`.
    pub fn member(name: &str, json: &str) -> Self {
        Self::Member {
            name: name.to_owned(),
            json: json.to_owned(),
        }
    }

    /// Whether the server does what was asked in spite of the fault.
    pub fn acts(&self) -> bool {
        matches!(
            self,
            Self::ResetAfterActing
                | Self::CutAnswer
                | Self::Html502AfterActing
                | Self::Html504AfterActing
                | Self::HangAfterActing
                | Self::SlowBody { .. }
                | Self::EmptyBody
                | Self::WrongJsonTypes
                | Self::TruncatedJson
                | Self::HugeBody(_)
                | Self::LoopingNextHref
                | Self::NextHrefOtherHost(_)
                | Self::NextHrefCircle(_)
                | Self::NextHrefForEver
                | Self::Drip { .. }
                | Self::Endless { .. }
                | Self::DeepJson(_)
                | Self::LengthTooLong(_)
                | Self::LengthTooShort(_)
                | Self::ActsTwice
                | Self::Member { .. }
                | Self::WithoutMember(_)
                | Self::ManyItems(_)
        )
    }
}

/// From when on a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// At once.
    Now,
    /// The end of a build, or of every build that was queued by then.
    Ended(Option<u64>),
    /// The first good answer about that build that was asked for after its end.
    Told(Option<u64>),
}

#[derive(Debug, Clone, Copy)]
enum When {
    First(usize),
    Nth(usize),
    For(Duration),
    Always,
}

/// A fault to inject. Hits the first matching request unless told otherwise.
#[derive(Debug, Clone)]
pub struct Fault {
    kind: FaultKind,
    on: Matcher,
    when: When,
    since: Since,
}

impl Fault {
    /// A fault for the next request.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            on: Matcher::any(),
            when: When::First(1),
            since: Since::Now,
        }
    }
    /// All requests to a resource once every build has ended and the client knows it: what it fetches then. Of one build with
    /// [`Self::once_told_of`].
    pub fn after_the_end(resource: Resource, kind: FaultKind) -> Self {
        Self::new(kind)
            .on(Matcher::resource(resource))
            .once_told()
            .always()
    }
    /// Which requests it hits.
    pub fn on(mut self, on: Matcher) -> Self {
        self.on = on;
        self
    }
    /// The first `n` matching requests.
    pub fn times(mut self, n: usize) -> Self {
        self.when = When::First(n);
        self
    }
    /// Only the `k`th matching request, from 1.
    pub fn nth(mut self, k: usize) -> Self {
        self.when = When::Nth(k);
        self
    }
    /// All matching requests for a time from now.
    pub fn for_duration(mut self, time: Duration) -> Self {
        self.when = When::For(time);
        self
    }
    /// All matching requests.
    pub fn always(mut self) -> Self {
        self.when = When::Always;
        self
    }
    /// Only from the moment every build has ended, be it known or not.
    pub fn once_ended(mut self) -> Self {
        self.since = Since::Ended(None);
        self
    }
    /// Only from the moment this build has ended.
    pub fn once_ended_of(mut self, id: u64) -> Self {
        self.since = Since::Ended(Some(id));
        self
    }
    /// Only when every build has ended and a good answer has said so: a build's details, a list that names it, or the queue.
    pub fn once_told(mut self) -> Self {
        self.since = Since::Told(None);
        self
    }
    /// Only when this build has ended and a good answer has said so.
    pub fn once_told_of(mut self, id: u64) -> Self {
        self.since = Since::Told(Some(id));
        self
    }
    /// From when on it hits.
    pub(crate) fn since(&self) -> Since {
        self.since
    }
}

/// A fault that was injected, with its count.
#[derive(Debug)]
pub(crate) struct ActiveFault {
    fault: Fault,
    injected: Duration,
    seen: usize,
}

impl ActiveFault {
    pub(crate) fn new(fault: Fault, now: Duration) -> Self {
        Self {
            fault,
            injected: now,
            seen: 0,
        }
    }
    pub(crate) fn since(&self) -> Since {
        self.fault.since()
    }
}

/// The fault that hits a request, if any. The first that was injected wins; only it and those before it count the request.
/// `begun`: for each fault, whether its moment has come.
pub(crate) fn pick(
    faults: &mut [ActiveFault],
    begun: &[bool],
    (method, path, query): (&str, &str, &str),
    now: Duration,
) -> Option<FaultKind> {
    for (active, begun) in faults.iter_mut().zip(begun) {
        if !begun || !active.fault.on.hits(method, path, query) {
            continue;
        }
        active.seen += 1;
        let hit = match active.fault.when {
            When::First(n) => active.seen <= n,
            When::Nth(k) => active.seen == k,
            When::For(time) => now < active.injected + time,
            When::Always => true,
        };
        if hit {
            return Some(active.fault.kind.clone());
        }
    }
    None
}
