//! Standard output, for which nothing waits: a thread of its own writes, since whoever reads may be slow, or gone, while signals are to
//! be obeyed and builds to be followed. What is not read yet is kept: that is a build log at most, which `LOG_LIMIT` bounds.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use crate::exit::ExitStatus;

/// Bytes that are written in one go, so that it shows whether somebody reads.
const PIECE: usize = 16 * 1024;
/// How long a reader may stand still at the end.
const STANDSTILL: Duration = Duration::from_secs(60);
/// How long one may take in all.
const LONGEST: Duration = Duration::from_secs(300);
/// The same after `TIMEOUT`, which the step may pass by seconds only.
const AFTER_TIMEOUT: Duration = Duration::from_secs(4);
/// From a signal on: Docker kills after ten seconds.
const AFTER_SIGNAL: Duration = Duration::from_millis(9_500);
/// How long a reader may stand still then.
const MOMENT: Duration = Duration::from_secs(1);
/// Until an output that takes nothing just now is tried again.
const AGAIN: Duration = Duration::from_millis(10);

/// The process's standard output.
#[derive(Debug, Clone)]
pub struct StandardOutput(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    text: Mutex<Text>,
    more: Condvar,
    moved: Notify,
}

#[derive(Debug, Default)]
struct Text {
    /// Not taken by the thread yet.
    waiting: Vec<u8>,
    /// Bytes that the thread has taken and not written.
    taken: usize,
}

impl StandardOutput {
    /// The real one.
    #[must_use]
    pub fn of_process() -> Self {
        // Not by `io::stdout()`, whose lock the thread would hold at the program's end.
        match io::stdout().as_fd().try_clone_to_owned() {
            Ok(output) => Self::to(File::from(output)),
            Err(_) => Self::to(io::sink()),
        }
    }

    /// A thread that writes to `output`. It ends with the process.
    #[must_use]
    pub fn to(output: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || of_thread.write_all_to(output));
        Self(shared)
    }

    /// Waits until all is written, as far as there is time at the end of a program with this status. Gives the status, which a signal
    /// changes meanwhile. `stop` ends with the signal's number and the moment when it came.
    pub async fn finish(
        &self,
        status: ExitStatus,
        stop: impl Future<Output = (u8, Instant)>,
    ) -> ExitStatus {
        match status {
            ExitStatus::Signal(_) => {
                let (_, came) = stop.await;
                let end = came.checked_add(AFTER_SIGNAL).unwrap_or(came);
                let _ = timeout_at(end, self.written(MOMENT)).await;
                status
            }
            ExitStatus::Timeout => {
                let _ = timeout(AFTER_TIMEOUT, self.written(AFTER_TIMEOUT)).await;
                status
            }
            _ => tokio::select! {
                biased;
                _ = timeout(LONGEST, self.written(STANDSTILL)) => status,
                (signal, _) = stop => {
                    let _ = timeout(MOMENT, self.written(MOMENT)).await;
                    ExitStatus::Signal(signal)
                }
            },
        }
    }

    /// Waits until all is written, or nothing was for so long.
    pub async fn written(&self, standstill: Duration) {
        loop {
            let moved = self.0.moved.notified();
            if self.0.text().is_empty() || timeout(standstill, moved).await.is_err() {
                return;
            }
        }
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.text().waiting.extend_from_slice(bytes);
        self.0.more.notify_one();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Text {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.taken == 0
    }
}

impl Shared {
    fn text(&self) -> MutexGuard<'_, Text> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all_to(&self, mut output: impl Write) {
        loop {
            for piece in self.take().chunks(PIECE) {
                write_piece(&mut output, piece);
                let mut text = self.text();
                text.taken = text.taken.saturating_sub(piece.len());
                drop(text);
                self.moved.notify_waiters();
            }
        }
    }

    fn take(&self) -> Vec<u8> {
        let mut text = self.text();
        while text.waiting.is_empty() {
            text = self.more.wait(text).unwrap_or_else(PoisonError::into_inner);
        }
        text.taken = text.waiting.len();
        std::mem::take(&mut text.waiting)
    }
}

/// Writes a piece. One that can't be written is lost: a log on a full disk, or that nobody reads any more, is no reason to fail.
fn write_piece(output: &mut impl Write, mut piece: &[u8]) {
    while !piece.is_empty() {
        match output.write(piece) {
            Ok(0) => return,
            Ok(written) => piece = piece.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(AGAIN),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// An output that takes a piece whenever it is allowed to.
    struct Reader {
        allowed: mpsc::Receiver<()>,
        read: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
            self.allowed.recv().map_err(gone)?;
            self.read.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn with_reader() -> (StandardOutput, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (allow, allowed) = mpsc::channel();
        let read = Arc::default();
        let reader = Reader {
            allowed,
            read: Arc::clone(&read),
        };
        (StandardOutput::to(reader), allow, read)
    }

    async fn never() -> (u8, Instant) {
        std::future::pending().await
    }

    #[tokio::test]
    async fn all_is_written_in_order() {
        let (mut output, allow, read) = with_reader();
        let mut wanted = Vec::new();
        for number in 0..10_000 {
            let line = format!("line {number}\n");
            output.write_all(line.as_bytes()).unwrap();
            wanted.extend_from_slice(line.as_bytes());
            allow.send(()).unwrap();
        }
        let status = output.finish(ExitStatus::BuildFailed, never()).await;
        assert_eq!(status, ExitStatus::BuildFailed);
        assert!(*read.lock().unwrap() == wanted);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_who_reads_nothing_is_waited_for_longer_than_it_makes_sense() {
        for (status, longest) in [
            (ExitStatus::Success, STANDSTILL),
            (ExitStatus::Timeout, AFTER_TIMEOUT),
            (ExitStatus::Signal(15), MOMENT),
        ] {
            let (mut output, _allow, _) = with_reader();
            output.write_all(&[b'x'; 3 * PIECE]).unwrap();
            let start = Instant::now();
            let ended = output.finish(status, async { (15, start) }).await;
            // A signal is obeyed at once, whatever the program would have ended with.
            let (wanted, longest) = match status {
                ExitStatus::Success => (ExitStatus::Signal(15), MOMENT),
                _ => (status, longest),
            };
            assert_eq!((ended, start.elapsed()), (wanted, longest));
            let start = Instant::now();
            if status == ExitStatus::Success {
                assert_eq!(output.finish(status, never()).await, status);
                assert_eq!(start.elapsed(), STANDSTILL);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_signal_the_ten_seconds_are_kept_however_late_it_gets() {
        let (mut output, _allow, _) = with_reader();
        output.write_all(b"x").unwrap();
        let came = Instant::now();
        tokio::time::sleep(AFTER_SIGNAL - Duration::from_millis(100)).await;
        output
            .finish(ExitStatus::Signal(15), async { (15, came) })
            .await;
        assert_eq!(came.elapsed(), AFTER_SIGNAL);
    }

    #[tokio::test]
    async fn an_output_that_takes_nothing_any_more_is_done_with() {
        let (mut output, allow, _) = with_reader();
        drop(allow);
        output.write_all(&[b'x'; 3 * PIECE]).unwrap();
        output.written(STANDSTILL).await;
        assert!(output.0.text().is_empty());
    }
}
