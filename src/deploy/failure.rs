//! Why a deploy cannot go on, in words for who runs it. Every reason is made here, and none of them holds a credential.

use std::io;

/// Why a deploy stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Failure {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }

    /// Something for which there is no better word.
    pub fn other(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// A file of this machine that cannot be read or written.
    pub fn io(error: &io::Error) -> Self {
        let help = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make room there and run this again; readers still see the site as it was"
            }
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                "see who may write there; readers still see the site as it was"
            }
            _ => return Self::other(error.to_string()),
        };
        Self::new(error.to_string(), help)
    }

    /// The place of a target is somebody else's.
    pub fn foreign_folder(folder: &str, what: &str) -> Self {
        Self::new(
            format!("{folder} is {what}, which no deploy made"),
            "move it away, or ship to a folder beside it: the place becomes a link that is switched at once",
        )
    }

    /// Another deploy came between the plan and now.
    pub fn overtaken(by: Option<&str>) -> Self {
        let by = by.map_or_else(String::new, |id| format!(": {id}"));
        Self::new(
            format!("another deploy changed the target since this plan was made{by}"),
            "run this again for a plan of what there is now",
        )
    }

    /// Another deploy is under way.
    pub fn busy(who: &str) -> Self {
        Self::new(
            format!("another deploy to this target is under way ({who})"),
            "wait until it is done; one that died is taken over after three minutes without a sign of life",
        )
    }

    /// Another deploy to a folder is under way.
    pub fn busy_folder(folder: &str) -> Self {
        Self::new(format!("another deploy to {folder} is under way"), "wait until it is done")
    }

    /// Another deploy of the same site is under way on this machine.
    pub fn busy_here() -> Self {
        Self::new("another deploy of this site is running on this machine", "wait until it is done")
    }

    /// A deploy that nobody knows.
    pub fn no_such_deploy(id: &str) -> Self {
        Self::new(format!("there is no deploy `{id}` to go back to"), "`nutgraf deploy --history` lists them")
    }

    /// There is nothing to go back to.
    pub fn no_way_back() -> Self {
        Self::new(
            "there is no earlier deploy to go back to",
            "a deploy can be gone back to once another one has taken its place, for as long as `keep` in nutgraf.yaml says",
        )
    }

    /// What was replaced is not kept any more.
    pub fn not_kept(id: &str, path: &str) -> Self {
        Self::new(
            format!(
                "the deploy {id} cannot be gone back to: its {path} is not kept any more, or was changed by hand"
            ),
            "build that revision of the sources again and deploy it",
        )
    }

    /// A record that cannot be read.
    pub fn bad_record(what: &str, why: &str) -> Self {
        Self::new(
            format!("the record of {what} at the target cannot be read: {why}"),
            "update nutgraf if it is older than the one that wrote it; otherwise delete the record, and everything is shipped again",
        )
    }

    /// A program that is not there.
    pub fn no_program(name: &str) -> Self {
        Self::new(
            format!("`{name}` is not installed, or not found in PATH"),
            format!(
                "this target needs it: install {name}, for example with `apt install {name}` or `brew install {name}`"
            ),
        )
    }

    /// A program that failed.
    pub fn program(name: &str, said: &str) -> Self {
        let said = &without_passwords(said.trim());
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let shown = lines[lines.len().saturating_sub(6)..].join("\n  ");
        let has = |words: &[&str]| words.iter().any(|word| said.to_ascii_lowercase().contains(word));
        let (message, help) = if has(&[
            "protected branch",
            "gh006",
            "not allowed to push",
            "pre-receive hook declined",
            "hook declined",
        ]) {
            ("the branch is protected", "let this user push to it, or name another branch in nutgraf.yaml")
        } else if has(&["stale info", "non-fast-forward", "fetch first", "cannot lock ref"]) {
            return Self::overtaken(None);
        } else if has(&[
            "could not resolve host",
            "temporary failure in name resolution",
            "name or service not known",
        ]) {
            ("there is no such host, or no network", "look at the address in nutgraf.yaml and at the network")
        } else if has(&[
            "connection refused",
            "connection timed out",
            "network is unreachable",
            "no route to host",
            "failed to connect",
        ]) {
            ("the host does not answer", "look at the address in nutgraf.yaml and at the network")
        } else if has(&[
            "permission denied (publickey",
            "permission denied (password",
            "permission denied (keyboard",
            "authentication failed",
            "could not read username",
            "auth failed",
            "invalid username",
            "http 401",
            "error: 403",
        ]) {
            ("the host does not know this user", "look at the key or token that it has there")
        } else if has(&["host key verification failed"]) {
            (
                "this machine does not know the host yet",
                "put what `ssh-keyscan` prints of it into ~/.ssh/known_hosts",
            )
        } else if has(&[
            "does not appear to be a git repository",
            "repository not found",
            "does not exist",
            "unknown module",
        ]) {
            (
                "there is nothing at this address",
                "look at the address in nutgraf.yaml; the repository or module must be there",
            )
        } else if has(&["no space left", "disk quota"]) {
            ("there is no room left", "make room there and run this again")
        } else if has(&["read only", "read-only"]) {
            ("nothing can be written there: it is read-only", "see who may write there")
        } else if has(&["permission denied"]) {
            ("nothing can be written there", "see who may write there")
        } else if name == "rsync" && has(&["no such file or directory"]) {
            ("there is no such folder", "make the folder that this one is to be in first")
        } else {
            return Self::other(format!("{name} failed:\n  {shown}"));
        };
        Self::new(format!("{message}; {name} says:\n  {shown}"), help)
    }

    /// A target of a kind that this program was built without.
    #[cfg(not(feature = "cloud"))]
    pub fn no_cloud() -> Self {
        Self::new(
            "this nutgraf was built without object stores",
            "`cargo install nutgraf --features cloud` gets one with them",
        )
    }

    /// There are no credentials.
    #[cfg(feature = "cloud")]
    pub fn no_credentials(vendor: &str, variables: &str) -> Self {
        Self::new(format!("there are no credentials for {vendor}"), format!("set {variables}"))
    }

    /// The credentials are wrong, or not enough.
    #[cfg(feature = "cloud")]
    pub fn refused(bucket: &str, said: &str) -> Self {
        Self::new(
            format!("the server refused access to `{bucket}`{}", quoted(said)),
            "look at the credentials in the environment, and at what they may do: read, write, copy and delete objects, and list them",
        )
    }

    /// There is no such bucket.
    #[cfg(feature = "cloud")]
    pub fn no_bucket(bucket: &str, said: &str) -> Self {
        Self::new(
            format!("there is no bucket `{bucket}`{}", quoted(said)),
            "make it first, or look at its name, `region` and `endpoint` in nutgraf.yaml",
        )
    }

    /// The server cannot be reached.
    #[cfg(feature = "cloud")]
    pub fn unreachable(server: &str, said: &str) -> Self {
        Self::new(
            format!("{server} cannot be reached{}", quoted(said)),
            "look at the network, and at `endpoint` and `region` in nutgraf.yaml",
        )
    }

    /// A server that gives up in the middle.
    #[cfg(feature = "cloud")]
    pub fn server(what: &str, said: &str) -> Self {
        Self::new(
            format!("{what} failed{}", quoted(said)),
            "run this again: what is there already is not sent twice, and readers see whole pages meanwhile",
        )
    }
}

/// What a program said, without the passwords of addresses in it.
fn without_passwords(said: &str) -> String {
    let mut clean = String::with_capacity(said.len());
    let mut rest = said;
    while let Some(at) = rest.find("://") {
        clean.push_str(&rest[..at + 3]);
        rest = &rest[at + 3..];
        let end =
            rest.find(|c: char| c == '/' || c == '\'' || c == '"' || c.is_whitespace()).unwrap_or(rest.len());
        if let Some(user) = rest[..end].rfind('@') {
            clean.push('…');
            rest = &rest[user..];
        }
    }
    clean + rest
}

/// What somebody else said, after a sentence.
#[cfg(feature = "cloud")]
fn quoted(said: &str) -> String {
    let said = said.trim().trim_end_matches('.');
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::io(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_what_programs_say_are_not_repeated() {
        let said = "fatal: unable to access 'https://x:ghp_secret@example.org/a.git/': The requested URL returned error: 403";
        let failure = Failure::program("git", said).message;
        assert!(
            !failure.contains("ghp_secret") && failure.contains("https://…@example.org/a.git/"),
            "{failure}"
        );
        assert!(failure.starts_with("the host does not know this user"), "{failure}");
    }
}
