//! Codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, steps of 30 s, which is what every app takes), and recovery codes
//! for when the app is lost.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;

use crate::{
    auth::keys::{hashed, same},
    clock::random_bytes,
};

/// Seconds that a code holds.
const STEP: i64 = 30;

/// An app's clock may be one step off either way (RFC 6238 §5.2).
const TOLERANCE: i64 = 1;

/// Octets of a secret: as long as SHA-1's output (RFC 4226 §4, R6).
const LENGTH: usize = 20;

/// What an authenticator app and the desk share. Prints as `TotpSecret(…)`.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; LENGTH]);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    /// A new one, which nobody can guess.
    #[must_use]
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// As it was kept; none: it is no secret of ours.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// To be sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// As people type it into an app: 32 capitals and digits.
    #[must_use]
    pub fn in_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// What the QR code says, as apps read it (Google Authenticator, "Key Uri Format"): whose desk, and which account there.
    #[must_use]
    pub fn address(&self, desk: &str, account: &str) -> String {
        let (desk, account) = (escaped(desk), escaped(account));
        format!("otpauth://totp/{desk}:{account}?secret={}&issuer={desk}&algorithm=SHA1&digits=6&period={STEP}", self.in_base32())
    }

    /// The code of a step (RFC 4226 §5.3).
    #[must_use]
    pub fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let octets = tag.as_ref();
        let at = usize::from(octets[octets.len() - 1] & 0x0f);
        let number = octets[at..at + 4].iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet)) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    /// Which step a code is of, among those that hold at `now`.
    #[must_use]
    pub fn step_of(&self, code: &AppCode, now: Timestamp) -> Option<i64> {
        let here = step(now);
        (here - TOLERANCE..=here + TOLERANCE).fold(None, |found, step| {
            let right = same(self.code(step).as_bytes(), code.0.as_bytes());
            if right { Some(step) } else { found }
        })
    }
}

/// Steps since 1970.
#[must_use]
pub fn step(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP)
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'@');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Six digits that somebody read off their app.
#[derive(Clone, PartialEq, Eq)]
pub struct AppCode(String);

/// A recovery code: 80 random bits in four groups of four, `k3zq-…`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(BASE32_NOPAD.encode(&random_bytes::<10>()).to_lowercase())
    }

    /// As it is shown, once.
    #[must_use]
    pub fn expose(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        letters.chunks(4).map(|it| it.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }

    /// As it is kept.
    #[must_use]
    pub fn hash(&self) -> String {
        hashed(&self.0)
    }
}

/// What somebody typed where a code is asked for.
#[derive(Clone, PartialEq, Eq)]
pub enum Code {
    /// Off their app.
    App(AppCode),
    /// One of those for when the app is lost.
    Recovery(RecoveryCode),
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(_) => f.write_str("App(…)"),
            Self::Recovery(_) => f.write_str("Recovery(…)"),
        }
    }
}

impl Code {
    /// Whatever its case, and with or without spaces and dashes. None: it can be neither.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let plain: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(17).collect();
        if plain.len() == 6 && plain.bytes().all(|it| it.is_ascii_digit()) {
            return Some(Self::App(AppCode(plain)));
        }
        // Neither 0 nor 1 is a letter of base 32: who types one means o or l.
        let plain = plain.to_ascii_lowercase().replace('0', "o").replace('1', "l");
        let whole = plain.len() == 16 && plain.bytes().all(|it| it.is_ascii_lowercase() || (b'2'..=b'7').contains(&it));
        whole.then_some(Self::Recovery(RecoveryCode(plain)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_the_rfc() -> TotpSecret {
        TotpSecret::read(b"12345678901234567890").unwrap()
    }

    fn app(code: &str) -> AppCode {
        match Code::parse(code) {
            Some(Code::App(code)) => code,
            Some(Code::Recovery(_)) | None => panic!("{code} is no code of an app"),
        }
    }

    /// RFC 6238, appendix B, the lines of SHA-1; six of their eight digits.
    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (second, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let now = Timestamp::from_second(second).unwrap();
            assert_eq!(of_the_rfc().code(step(now)), code[2..], "{second}");
            assert_eq!(of_the_rfc().step_of(&app(&code[2..]), now), Some(step(now)));
        }
    }

    /// RFC 4226, appendix D.
    #[test]
    fn the_codes_are_those_of_rfc_4226() {
        let codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(of_the_rfc().code(step), code, "{step}");
        }
    }

    #[test]
    fn a_clock_may_be_a_step_off_and_no_more() {
        let now = Timestamp::from_second(1_800_000_015).unwrap();
        for (off, right) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let then = step(now) + off / 30;
            let found = of_the_rfc().step_of(&app(&of_the_rfc().code(then)), now);
            assert_eq!(found, right.then_some(then), "{off} s");
        }
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        assert!(matches!(Code::parse(" 123 456\n"), Some(Code::App(_))));
        let code = RecoveryCode(String::from("abcdefghijo2lmno"));
        assert_eq!(code.expose(), "abcd-efgh-ijo2-lmno");
        for typed in ["abcd-efgh-ijo2-lmno", "ABCD EFGH IJ02 1MNO", "abcdefghijo2lmno"] {
            assert_eq!(Code::parse(typed), Some(Code::Recovery(code.clone())), "{typed}");
        }
        for wrong in ["", "12345", "1234567", "abcd-efgh", "abcd-efgh-ijo2-lmn9", "äöü456", "١٢٣٤٥٦", &"a".repeat(1000)] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_is_told_whose_desk_it_is_and_a_secret_never_prints() {
        let address = of_the_rfc().address("Skerry & Söner", "hal+x@desk.test");
        let name = "Skerry%20%26%20S%C3%B6ner";
        assert_eq!(
            address,
            format!(
                "otpauth://totp/{name}:hal%2Bx@desk.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer={name}&algorithm=SHA1&digits=6&period=30"
            )
        );
        assert_eq!(format!("{:?} {:?}", of_the_rfc(), Code::parse("123456")), "TotpSecret(…) Some(App(…))");
    }
}
