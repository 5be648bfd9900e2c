//! The administrator's token: drawn at the first start, kept in a file that only the owner of the
//! process can read. Never logged and never sent.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::data::{DataError, DataFolder, SECRET_BYTES};

/// Name of the token's file in the data folder.
const FILE: &str = "admin-token";

/// The administrator's token.
pub struct AdminToken(String);

impl AdminToken {
    /// The token of a data folder, and the file it lies in.
    ///
    /// # Errors
    /// [`DataError`] when it can be neither read nor made.
    pub fn of(data: &DataFolder) -> Result<(Self, PathBuf), DataError> {
        data.secret(
            FILE,
            |secret| format!("{}\n", URL_SAFE_NO_PAD.encode(secret)).into_bytes(),
            |bytes| {
                let token = str::from_utf8(bytes).ok()?.trim();
                let secret = URL_SAFE_NO_PAD.decode(token).ok()?;
                (secret.len() >= SECRET_BYTES).then(|| Self(token.to_owned()))
            },
        )
    }

    /// Whether the text is the token, without telling by the time it takes how near it was.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let (token, file) = AdminToken::of(&data).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(text.len(), 44);
        assert!(token.is(text.trim()));
        for wrong in ["", "x", &text] {
            assert!(!token.is(wrong), "{wrong:?}");
        }
    }
}
