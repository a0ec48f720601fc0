//! What the tests of commands share.

use std::process::Output;

/// The one line on standard error of a command that must fail: exit code 2, nothing on standard output.
pub(crate) fn refusal(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len(), text.lines().count()), (Some(2), 0, 1), "{text}");
    text
}
