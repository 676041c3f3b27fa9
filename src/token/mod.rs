//! The `token` commands: TeamCity access tokens, kept in Bitbucket's secured variables.
//!
//! A token is read from standard input or asked for without echo, lives in [`crate::types::Secret`], and goes to TeamCity
//! and to Bitbucket alone. Since a secured value can't be read back, each is stored with a plain note ([`Info`]), which
//! lets people and `token list` see whose it is and for how long. `replace` has the one order in which tokens are replaced.
//!
//! Says what it does on the console, and changes nothing that the user was not asked about.

mod add;
mod command;
mod create;
mod entry;
mod info;
mod list;
mod record;
mod remove;
mod replace;
mod rotate;
mod scope;
mod server;
mod session;
mod store;
mod table;

pub use command::{Create, Rotate, TokenCommand};
pub use info::{Expiry, Info};
pub use record::{Authenticated, record_authenticated};
pub use scope::Scope;
pub use session::Session;

use crate::exit::ExitStatus;

/// Does what a token command says.
pub async fn run(session: &Session, command: TokenCommand) -> ExitStatus {
    let done = match command {
        TokenCommand::Add {
            server,
            scope,
            variable,
            yes,
        } => add::add(session, server, &scope, &variable, yes).await,
        TokenCommand::Create(command) => create::create(session, command).await,
        TokenCommand::Rotate(command) => rotate::rotate(session, command).await,
        TokenCommand::Remove {
            scope,
            variable,
            revoke,
            yes,
        } => remove::remove(session, &scope, &variable, revoke, yes).await,
        TokenCommand::List { scopes, json } => return list::list(session, &scopes, json).await,
    };
    match done {
        Ok(()) => ExitStatus::Success,
        Err(trouble) => {
            session.console.error(&trouble.to_string());
            trouble.status
        }
    }
}
