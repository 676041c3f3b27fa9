//! Questions that are asked ahead: once, and the answer is kept for whoever asks the same next, also while it is on its way.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tokio::sync::OnceCell;
use url::Url;

use super::error::{Error, ErrorKind};

/// An answer's body, or why there is none.
type Answer = Result<Vec<u8>, ErrorKind>;

/// What was asked ahead, by URL. Each answer serves once: what is asked later must be answered anew.
#[derive(Clone, Default)]
pub(super) struct Told(Rc<RefCell<HashMap<String, Rc<OnceCell<Answer>>>>>);

impl Told {
    /// Keeps what `answer` gives, and reads it.
    pub(super) async fn keep<T>(
        &self,
        url: &Url,
        answer: impl Future<Output = Answer>,
        read: impl Fn(&[u8]) -> Result<T, ErrorKind>,
    ) -> Result<T, Error> {
        let cell = Rc::clone(self.0.borrow_mut().entry(url.to_string()).or_default());
        let read = match cell.get_or_init(|| answer).await {
            Ok(body) => read(body),
            Err(error) => Err(error.clone()),
        };
        read.map_err(Error::from)
    }

    /// What was answered, if that will do. A refusal does where it `counts`, as one that need not be confirmed.
    pub(super) async fn take<T>(
        &self,
        url: &Url,
        counts: bool,
        read: impl Fn(&[u8]) -> Result<T, ErrorKind>,
    ) -> Option<Result<T, Error>> {
        let cell = self.0.borrow_mut().remove(url.as_str())?;
        // Where nobody is asking any more, nothing was told.
        let unanswered = || async { Err(ErrorKind::Unreachable("no answer".to_owned())) };
        match cell.get_or_init(unanswered).await {
            Ok(body) => read(body).ok().map(Ok),
            Err(error @ (ErrorKind::Forbidden(_) | ErrorKind::NotFound(_))) if counts => {
                Some(Err(error.clone().into()))
            }
            Err(_) => None,
        }
    }
}
