//! Signatures of outgoing webhooks, as Standard Webhooks says: `v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

/// Header: the message's id, the same in every attempt.
pub const ID: &str = "webhook-id";
/// Header: seconds since 1970 when this attempt was sent.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header: the signature.
pub const SIGNATURE: &str = "webhook-signature";

/// The text is no secret.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a secret is whsec_ followed by base64")]
pub struct NotASecret;

/// Signs with a shared secret.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl Signer {
    /// From `whsec_<base64>`.
    pub fn new(secret: &str) -> Result<Self, NotASecret> {
        let encoded = secret.strip_prefix("whsec_").ok_or(NotASecret)?;
        let key = STANDARD.decode(encoded).map_err(|_| NotASecret)?;
        let mac = Hmac::new_from_slice(&key).map_err(|_| NotASecret)?;
        Ok(Self(mac))
    }

    /// The signature header's value.
    pub fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

#[cfg(test)]
mod tests {
    use super::{NotASecret, Signer};

    // The example of the Standard Webhooks reference libraries.
    #[test]
    fn the_published_example_is_signed_alike() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = signer.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_without_prefix_or_base64_is_refused() {
        for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%"] {
            assert_eq!(Signer::new(text).err(), Some(NotASecret), "{text}");
        }
    }
}
