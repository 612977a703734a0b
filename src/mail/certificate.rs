//! What is wrong with a server's certificate, in plain words: rustls tells most of it by the names of its own variants.

use rustls::CertificateError;

/// Why a certificate is refused, and the mend; what is about time, name or issuer is said better by whoever knows the server.
#[expect(clippy::wildcard_enum_match_arm, reason = "what rustls finds wrong with certificates grows; what is new is told by its name")]
pub(super) fn refused(fault: &CertificateError) -> String {
    let why = match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired; renew it",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; is this machine’s clock right?"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name; get one for this name, or use the name that it is for"
        }
        CertificateError::UnknownIssuer => "nobody we trust has signed it; get one that somebody known has signed",
        CertificateError::BadEncoding => "it cannot be read; get a new one",
        CertificateError::Revoked => "its authority has revoked it; get a new one",
        CertificateError::UnhandledCriticalExtension => "it has a critical extension that is not known here; get one without that",
        CertificateError::BadSignature => "its signature is not good; is the authority that is trusted here another one of the same name?",
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed in a way that is not trusted any more, such as with SHA-1; get one that is signed with SHA-256"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not one for servers; get one with extendedKeyUsage=serverAuth"
        }
        CertificateError::Other(other) => return of_webpki(&other.to_string()),
        other => return by_name(&format!("{other:?}")),
    };
    format!("its certificate is refused: {why}")
}

/// What rustls has no variant of its own for; its verifier, webpki, tells it by a name alone.
fn of_webpki(name: &str) -> String {
    let why = match name {
        "CaUsedAsEndEntity" => {
            "it is the certificate of an authority, given as a server’s own; make one for the server that the authority signed, or a \
             self-signed one with -addext basicConstraints=critical,CA:FALSE"
        }
        "EndEntityUsedAsCa" => "what signed it is no authority’s certificate; sign it with one that has basicConstraints=critical,CA:TRUE",
        "UnsupportedCertVersion" => "it is of an old version (X.509 v1); make one of version 3, with subjectAltName",
        "NameConstraintViolation" => "its authority may not sign for this name; get one from another authority",
        other => return by_name(other),
    };
    format!("its certificate is refused: {why}")
}

/// `MaximumPathDepthExceeded`, whatever follows it: `maximum path depth exceeded`.
fn by_name(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars().take_while(|it| it.is_ascii_alphanumeric()) {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    format!("its certificate is refused ({words}); get another one")
}

#[cfg(test)]
mod tests {
    use rustls::OtherError;

    use super::*;

    #[derive(Debug)]
    struct Named(&'static str);

    impl std::fmt::Display for Named {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Named {}

    #[test]
    fn no_fault_reaches_people_by_the_name_that_a_program_gives_it() {
        let other = |name| CertificateError::Other(OtherError(std::sync::Arc::new(Named(name))));
        for (fault, says) in [
            (
                other("CaUsedAsEndEntity"),
                "refused: it is the certificate of an authority, given as a server’s own; make one for the server",
            ),
            (other("MaximumPathDepthExceeded"), "refused (maximum path depth exceeded); get another one"),
            (other("TrailingData(Time)"), "refused (trailing data); get another one"),
            (CertificateError::Revoked, "refused: its authority has revoked it"),
            (CertificateError::ApplicationVerificationFailure, "refused (application verification failure); get another one"),
            (CertificateError::InvalidOcspResponse, "refused (invalid ocsp response)"),
            (CertificateError::InvalidPurpose, "it is not one for servers"),
        ] {
            let said = refused(&fault);
            assert!(said.contains(says), "{said}");
            assert!(!said.contains("Other") && !said.contains(&format!("{fault:?}")), "{said}");
        }
    }
}
