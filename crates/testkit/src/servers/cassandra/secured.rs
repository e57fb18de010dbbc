//! A server that asks who is there and speaks TLS, with a certificate made for it on the spot.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may log in.
pub const USER: &str = "cassandra";
/// With what.
pub const PASSWORD: &str = "cassandra";

/// The certificate that signs itself.
pub(super) const AUTHORITY: &str = "authority.pem";
const STORE: &str = "node.p12";
const STORE_PASSWORD: &str = "only for tests";

/// Makes key and certificate. What the configuration says of them, and of logging in.
pub(super) fn make(folder: &Path) -> Result<String, String> {
    authority(folder)?;
    let store = folder.join(STORE);
    Ok(format!(
        "authenticator: PasswordAuthenticator\n\
         authorizer: CassandraAuthorizer\n\
         client_encryption_options: {{enabled: true, optional: false, keystore: \"{}\", keystore_password: \"{STORE_PASSWORD}\"}}\n",
        store.display()
    ))
}

/// Makes a key and the certificate of a node that signs itself, valid for loopback and `node.questline.test`; its PEM file.
pub fn authority(folder: &Path) -> Result<PathBuf, String> {
    keytool(
        folder,
        &[
            "-genkeypair",
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-dname",
            "CN=node.questline.test",
            "-ext",
            "SAN=ip:127.0.0.1,dns:node.questline.test",
            "-validity",
            "7",
            "-storetype",
            "PKCS12",
        ],
    )?;
    keytool(folder, &["-exportcert", "-rfc", "-file", AUTHORITY])?;
    Ok(folder.join(AUTHORITY))
}

fn keytool(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("keytool")
        .args(arguments)
        .args(["-keystore", STORE, "-storepass", STORE_PASSWORD])
        .args(["-alias", "node"])
        .current_dir(folder)
        .output()
        .map_err(|error| format!("keytool, which comes with the JDK, does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Err(format!("keytool: {said}"))
}

/// Whether the first user is there; it is made some time after requests are taken.
pub(super) fn is_ready(log: &str) -> bool {
    log.contains("Created default superuser role")
}
