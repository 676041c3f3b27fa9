//! Networks as users have them: certificates, proxies, gateways and silence, on real sockets of this machine.
//!
//! A fixture lives until it is dropped. One line each:
//!
//! ```ignore
//! let https = Https::new(Certificate::expired()).before(teamcity);       // TLS before a plain server
//! let proxy = Proxy::with_password("jane", "p#ss");                       // HTTP_PROXY, HTTPS_PROXY
//! let gateway = Gateway::redirecting("https://sso.example.com/login");    // answers in the server's place
//! let silent = silence::hung_handshake();                                 // nothing ever comes
//! let (status, text) = run(&Step::new().set("TEAMCITY_URL", &https.url()));
//! ```

pub mod certificate;
pub mod gateway;
mod message;
pub mod name_server;
mod place;
pub mod proxy;
pub mod silence;
mod tests;
pub mod tls;

pub use certificate::Certificate;
pub use gateway::Gateway;
pub use name_server::HungNameServer;
pub use place::Place;
pub use proxy::Proxy;
pub use tls::Https;

use crate::pipe::{Step, plain};

/// Each case in a thread of its own: through the binary they mostly wait.
pub fn at_once<T: Send>(cases: impl IntoIterator<Item = T>, case: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for one in cases {
            let case = &case;
            scope.spawn(move || case(one));
        }
    });
}

/// Runs the binary with a step's own variables, wherever they lead. Gives its exit status, 255 for a signal, and its output without colours.
pub fn run(step: &Step) -> (i32, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_teamcity-pipe"))
        .args(&step.arguments)
        .env_clear()
        .envs(&step.environment)
        .current_dir(step.directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(255), plain(&text))
}
