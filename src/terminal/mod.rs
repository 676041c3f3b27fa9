//! The real person: a terminal, or whatever writes to standard input.
//!
//! Reading blocks, and must not keep a signal from stopping the program: so it has a thread of its own, which ends with
//! the process.

mod standard_output;

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use secrecy::zeroize::Zeroizing;
use tokio::sync::oneshot;

pub use standard_output::StandardOutput;

use crate::world::BoxFuture;
use crate::world::Person;

/// No token or password is longer, in bytes.
const LONGEST_SECRET: usize = 64 * 1024;

/// How long a question waits for what is to be read before it.
const BEFORE_A_QUESTION: Duration = Duration::from_secs(1);

/// The process's own terminal and standard input.
pub struct Terminal(pub StandardOutput);

impl Person for Terminal {
    fn can_be_asked(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn ask<'a>(&'a self, question: &'a str) -> BoxFuture<'a, io::Result<String>> {
        Box::pin(async move {
            self.0.written(BEFORE_A_QUESTION).await;
            // Not on standard output, which may be a file that is to hold JSON.
            let mut error = io::stderr();
            write!(error, "{question}")?;
            error.flush()?;
            in_thread(|| {
                let mut line = String::new();
                io::stdin().read_line(&mut line)?;
                Ok(line.trim().to_owned())
            })
            .await
        })
    }

    fn ask_secretly<'a>(
        &'a self,
        question: &'a str,
    ) -> BoxFuture<'a, io::Result<Zeroizing<String>>> {
        let question = question.to_owned();
        Box::pin(async move {
            self.0.written(BEFORE_A_QUESTION).await;
            let _echo = Echo::remember();
            in_thread(move || rpassword::prompt_password(question).map(Zeroizing::new)).await
        })
    }

    fn standard_input(&self) -> BoxFuture<'_, io::Result<Zeroizing<String>>> {
        Box::pin(in_thread(|| {
            // Room for all from the start: a text that grows leaves copies behind that nobody wipes.
            let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LONGEST_SECRET));
            let limit = (LONGEST_SECRET as u64).saturating_add(1);
            io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
            if bytes.len() > LONGEST_SECRET {
                return Err(io::Error::other("it is too long for a token"));
            }
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| io::Error::other("it is not UTF-8 text"))?;
            Ok(Zeroizing::new(text.to_owned()))
        }))
    }

    fn columns(&self) -> Option<usize> {
        let columns = usize::from(tcgetwinsize(io::stdout()).ok()?.ws_col);
        (columns > 0).then_some(columns)
    }
}

async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the input ended early")))
}

/// Puts the terminal back as it was, also when a signal ends the question.
struct Echo(Option<Termios>);

impl Echo {
    fn remember() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
