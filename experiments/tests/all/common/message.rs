//! Messages, whatever their width.

/// A message without its line breaks and frame: what it says must not depend on where it is broken.
pub fn unbroken(message: &str) -> String {
    message.split(|c: char| c.is_whitespace() || c == '│').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
