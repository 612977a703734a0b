//! Passwords: which are taken, and Argon2id.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

/// Each check works in 19 MiB; so many may run at once, the rest wait.
const AT_ONCE: usize = 2;

/// Shortest and longest, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// The commonest of at least twelve characters, and the words that the rest are made of; one a line, lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// A password that somebody chose and that is good enough to keep.
#[derive(Clone)]
pub struct NewPassword(String);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Under twelve characters.
    #[error("the password is too short; use at least 12 characters, for instance four words")]
    TooShort,
    /// Over 256 characters.
    #[error("the password is too long; at most 256 characters are taken")]
    TooLong,
    /// Among the first that a stranger tries.
    #[error("this password is among the first that strangers try; use one that is yours, for instance four words")]
    Common,
}

impl NewPassword {
    /// Takes what a person chose.
    ///
    /// # Errors
    /// [`WeakPassword`].
    pub fn parse(password: &str) -> Result<Self, WeakPassword> {
        let length = password.chars().count();
        if length < *LENGTH.start() {
            return Err(WeakPassword::TooShort);
        }
        if length > *LENGTH.end() {
            return Err(WeakPassword::TooLong);
        }
        if is_common(password) { Err(WeakPassword::Common) } else { Ok(Self(password.to_owned())) }
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// On the list as it is, a listed word with digits and signs around it, or one short piece again and again.
fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    let letters = folded.trim_matches(|c: char| !c.is_alphabetic());
    let plain: String = letters.chars().map(unleet).collect();
    let listed = |word: &str| COMMON.lines().any(|it| it == word);
    letters.is_empty() || listed(&folded) || listed(letters) || listed(&plain) || repeats(&folded)
}

fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// `abcabcabcabc`, `passwordpassword`: a piece of up to eight characters and nothing else.
fn repeats(password: &str) -> bool {
    let chars: Vec<char> = password.chars().collect();
    (1..=8).any(|size| chars.len() >= 2 * size && chars.iter().zip(chars.iter().skip(size)).all(|(one, next)| one == next))
}

/// Whether a password was the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It was.
    Right,
    /// It was not, or there is none to compare with.
    Wrong,
}

/// Hashing went wrong: not the password's fault.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Argon2 refuses.
    #[error("argon2: {0}")]
    Argon2(argon2::password_hash::Error),
    /// The desk is ending.
    #[error("the desk is ending")]
    Ending,
}

/// Argon2id with OWASP's parameters (19 MiB, two passes, one lane), two at a time, off the threads that serve.
#[derive(Clone, Debug)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    /// Compared with when there is nobody: an unknown address takes the same work as a wrong password.
    nobody: Arc<tokio::sync::OnceCell<String>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(AT_ONCE)), nobody: Arc::default() }
    }
}

impl Passwords {
    /// The password as it is kept: a PHC string.
    ///
    /// # Errors
    /// [`HashingError`].
    pub async fn hash(&self, password: &NewPassword) -> Result<String, HashingError> {
        let password = password.0.clone();
        self.work(move || hash(&password)).await
    }

    /// Whether `password` is the one kept as `hash`. None, or a hash that is none, takes as long and is wrong.
    ///
    /// # Errors
    /// [`HashingError`].
    pub async fn check(&self, password: &str, kept: Option<String>) -> Result<Match, HashingError> {
        // No password that was ever taken is longer; a longer one is work for nothing.
        let password: String = password.chars().take(LENGTH.end() + 1).collect();
        let nobody = self.nobody.get_or_try_init(|| self.work(|| hash("nobody has this password"))).await?.clone();
        self.work(move || {
            let found = verify(&password, kept.as_ref().unwrap_or(&nobody));
            Ok(if kept.is_some() { found } else { Match::Wrong })
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, HashingError> + Send + 'static) -> Result<T, HashingError> {
        let _slot = self.slots.acquire().await.map_err(|_| HashingError::Ending)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| HashingError::Ending)?
    }
}

fn hash(password: &str) -> Result<String, HashingError> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(HashingError::Argon2)?;
    Ok(hash.to_string())
}

fn verify(password: &str, kept: &str) -> Match {
    let right = PasswordHash::new(kept).is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok());
    if right { Match::Right } else { Match::Wrong }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_enough_and_not_among_the_commonest() {
        for (password, refused) in [
            ("correct horse battery", None),
            ("sommer in göteborg", None),
            ("elevenchars", Some(WeakPassword::TooShort)),
            ("password1234", Some(WeakPassword::Common)),
            ("P@ssw0rd!2024", Some(WeakPassword::Common)),
            ("123456789012", Some(WeakPassword::Common)),
            ("qwertyuiop123", Some(WeakPassword::Common)),
            ("aaaaaaaaaaaa", Some(WeakPassword::Common)),
            ("abcabcabcabc", Some(WeakPassword::Common)),
            ("letmeinletmein", Some(WeakPassword::Common)),
        ] {
            assert_eq!(NewPassword::parse(password).err(), refused, "{password}");
        }
        assert_eq!(NewPassword::parse(&"ab c".repeat(65)).err(), Some(WeakPassword::TooLong));
    }

    #[tokio::test]
    async fn the_right_password_is_known_and_no_other_is() {
        let passwords = Passwords::default();
        let kept = passwords.hash(&NewPassword::parse("correct horse battery").unwrap()).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_eq!(passwords.check("correct horse battery", Some(kept.clone())).await.unwrap(), Match::Right);
        assert_eq!(passwords.check("correct horse batterz", Some(kept)).await.unwrap(), Match::Wrong);
        assert_eq!(passwords.check("nobody has this password", None).await.unwrap(), Match::Wrong);
        assert_eq!(passwords.check("x", Some("damaged".to_owned())).await.unwrap(), Match::Wrong);
    }
}
