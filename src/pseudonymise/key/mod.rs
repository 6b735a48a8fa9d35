//! Keys: the master key, where it comes from, how it is split, and the keys derived from it.
//!
//! The master key is 32 bytes from the operating system. It is never used to hash data:
//! HKDF-SHA-256 (RFC 5869) derives a key for every use, and HMAC-SHA-256 (RFC 2104) under that
//! key makes pseudonyms. Keys have no `Debug`, lie in locked memory where the system allows it,
//! are wiped when they are dropped, and never pass through arguments or the environment.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `master` | the master key, its strength, its fingerprint |
//! | `for_files` | the key of encrypted files, which is a kind of its own |
//! | `text` | the text of a key file, private files, and reading within bounds |
//! | `source` | where a key comes from: a file, a file descriptor, the output of a command |
//! | `shares` | Shamir's secret sharing: K of N custodians restore a key |
//! | `derive` | the derivation of the keys of a project |
//! | `hmac_state` | HMAC-SHA-256 after its key |
//! | `messages`, `lanes` | many messages of one key, hashed at once |
//! | `locked` | memory that is not written to swap |
//! | `hexadecimal` | bytes as hexadecimal digits and back |
//! | `error`, `explanations` | what can be wrong |

mod derive;
mod error;
mod explanations;
mod for_files;
mod hexadecimal;
mod hmac_state;
mod lanes;
mod locked;
mod master;
mod messages;
mod shares;
mod source;
mod text;

pub use derive::{ProjectKeys, Pseudonym, Salt, SubKey};
pub use error::{CommandFailure, Flaw, KeyError};
pub use explanations::EXPLANATIONS;
pub use for_files::{AnyKey, FileKey};
pub use master::{FOOTER, Fingerprint, MasterKey};
pub use messages::Messages;
pub use shares::{Split, combine, split};
pub use source::KeySource;

pub(crate) use derive::push_field;
