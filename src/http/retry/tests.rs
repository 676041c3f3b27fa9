//! On paused time.

use super::*;

struct Quiet;
impl Watch for Quiet {
    fn outage(&self, _: &dyn fmt::Display, _: Duration) {}
    fn recovered(&self, _: Duration) {}
}

async fn give_up(retry: &Retry, trouble: Trouble) -> (u32, Duration) {
    let result: Result<(), _> = retry
        .run(&Quiet, |_| async {
            Err(Failure {
                error: "no",
                trouble,
            })
        })
        .await;
    let gave_up = result.unwrap_err();
    (gave_up.tries, gave_up.waited)
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_retried_for_as_long_as_asked_and_no_longer() {
    let (tries, waited) =
        give_up(&Retry::new(Duration::from_secs(600)), Trouble::Outage(None)).await;
    assert_eq!(waited, Duration::from_secs(600));
    assert!((30..200).contains(&tries), "{tries}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_asked_twice_more() {
    let retry = Retry::new(Duration::from_secs(600));
    assert_eq!(
        give_up(&retry, Trouble::Refusal).await,
        (3, CONFIRM_AFTER.iter().sum())
    );
    assert_eq!(
        give_up(&retry, Trouble::Unauthorized).await,
        (3, CONFIRM_AFTER.iter().sum())
    );
    assert_eq!(give_up(&retry, Trouble::Final).await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_costs_seconds_before_the_server_is_known_and_is_ridden_out_after() {
    let retry = Retry::new(Duration::from_secs(600));
    assert_eq!(give_up(&retry, Trouble::Lasting).await.1, DOUBT_LASTING_FOR);
    retry.prove();
    assert_eq!(
        give_up(&retry, Trouble::Lasting).await.1,
        Duration::from_secs(600)
    );
    assert_eq!(
        give_up(&retry, Trouble::Unauthorized).await.1,
        DOUBT_UNAUTHORIZED_FOR
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_counts_from_the_last_good_answer_and_is_over_for_all() {
    let retry = Retry::new(Duration::from_secs(60));
    retry.prove();
    let start = Instant::now();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let outage = Trouble::Outage(None);
    let (one, other) = tokio::join!(give_up(&retry, outage), async {
        tokio::time::sleep(Duration::from_secs(15)).await;
        give_up(&retry, Trouble::Lasting).await
    });
    assert_eq!(
        (one.1, other.1),
        (Duration::from_secs(40), Duration::from_secs(25))
    );
    assert_eq!(start.elapsed(), Duration::from_secs(60));
    assert!(retry.gave_up());
    assert_eq!(give_up(&retry, outage).await, (1, Duration::ZERO));
    retry.prove();
    assert_eq!(give_up(&retry, outage).await.1, Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn one_hiccup_is_asked_again_however_short_the_time() {
    let retry = Retry::new(Duration::from_secs(3));
    retry.prove();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(give_up(&retry, Trouble::Outage(None)).await, (2, ONCE_MORE));
    assert_eq!(
        give_up(&Retry::new(Duration::ZERO), Trouble::Outage(None)).await,
        (1, Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn one_thing_that_always_fails_has_an_end_and_ends_nothing_else() {
    let retry = Retry::new(Duration::from_secs(60));
    retry.prove();
    let others = async {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            retry.prove();
        }
    };
    let failed = tokio::select! {
        failed = give_up(&retry, Trouble::Outage(None)) => failed,
        () = others => unreachable!(),
    };
    assert_eq!(failed.1, Duration::from_secs(60));
    assert!(!retry.gave_up());
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_wait_is_obeyed() {
    let start = Instant::now();
    let retry = Retry::new(Duration::from_secs(600));
    let result: Result<u32, GaveUp<&str>> = retry
        .run(&Quiet, |attempt| async move {
            if attempt == 1 {
                Err(Failure {
                    error: "busy",
                    trouble: Trouble::Outage(Some(Duration::from_secs(40))),
                })
            } else {
                Ok(attempt)
            }
        })
        .await;
    assert_eq!(result.unwrap(), 2);
    assert!(start.elapsed() >= Duration::from_secs(40));
}
