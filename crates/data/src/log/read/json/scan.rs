//! `Scan`: one line of JSON, token by token, with numbers as they stand: an id of any length keeps all its digits.
//!
//! # Reference
//! T. Bray, *The JavaScript Object Notation (JSON) Data Interchange Format*, RFC 8259.

/// Lists and objects within one another.
pub(super) const DEEPEST: u32 = 100;

/// A value, and where it stands: for a text, what is between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    Text { escaped: bool },
    List { numbers: bool },
    Object,
}

/// Why a line is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) what: &'static str,
}

/// A place in a text, which ends where the line does.
pub(super) struct Scan<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn fault<T>(&self, what: &'static str) -> Result<T, Fault> {
        Err(Fault { at: self.at, what })
    }

    /// The next byte that is no space, 0 at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        while let Some(&byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return byte;
            }
            self.at += 1;
        }
        0
    }

    /// Takes this byte.
    #[inline]
    pub(super) fn take(&mut self, byte: u8, what: &'static str) -> Result<(), Fault> {
        if self.peek() != byte {
            return self.fault(what);
        }
        self.at += 1;
        Ok(())
    }

    /// Takes the byte before the next element, or the one that closes: then `false`.
    #[inline]
    pub(super) fn more(&mut self, first: bool, close: u8, what: &'static str) -> Result<bool, Fault> {
        let byte = self.peek();
        if byte == close {
            self.at += 1;
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if byte != b',' {
            return self.fault(what);
        }
        self.at += 1;
        // A comma before the closing bracket.
        if self.peek() == close { self.fault("a value after the comma") } else { Ok(true) }
    }

    /// Takes a key and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Value, Fault> {
        if self.peek() != b'"' {
            return self.fault("a key in quotes");
        }
        let key = self.string()?;
        self.take(b':', "`:` behind the key")?;
        Ok(key)
    }

    /// Takes a value of any kind.
    pub(super) fn value(&mut self, depth: u32) -> Result<Value, Fault> {
        let first = self.peek();
        let start = self.at;
        let kind = match first {
            b'"' => return self.string(),
            b'{' => {
                self.skip_object(depth)?;
                Kind::Object
            }
            b'[' => Kind::List { numbers: self.skip_list(depth)? },
            b't' => self.literal(b"true", Kind::Boolean)?,
            b'f' => self.literal(b"false", Kind::Boolean)?,
            b'n' => self.literal(b"null", Kind::Null)?,
            b'-' | b'0'..=b'9' => {
                self.number()?;
                Kind::Number
            }
            _ => return self.fault("a value"),
        };
        Ok(Value { kind, start, end: self.at })
    }

    fn skip_object(&mut self, depth: u32) -> Result<(), Fault> {
        self.enter(depth)?;
        let mut first = true;
        while self.more(first, b'}', "`,` or `}`")? {
            first = false;
            self.key()?;
            self.value(depth + 1)?;
        }
        Ok(())
    }

    /// Whether the list holds numbers alone.
    fn skip_list(&mut self, depth: u32) -> Result<bool, Fault> {
        self.enter(depth)?;
        let (mut first, mut numbers) = (true, true);
        while self.more(first, b']', "`,` or `]`")? {
            first = false;
            numbers &= self.value(depth + 1)?.kind == Kind::Number;
        }
        Ok(numbers)
    }

    /// Takes an opening bracket.
    pub(super) fn enter(&mut self, depth: u32) -> Result<(), Fault> {
        if depth >= DEEPEST {
            return self.fault("fewer brackets within one another");
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<Kind, Fault> {
        if !self.text[self.at..].starts_with(word) {
            return self.fault("true, false or null");
        }
        self.at += word.len();
        Ok(kind)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let from = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == from { self.fault("a digit") } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), Fault> {
        self.at += usize::from(self.text[self.at] == b'-');
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
            if self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
                return self.fault("no digit behind a leading 0");
            }
        } else {
            self.digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(())
    }

    /// Takes a text, at whose opening quote this is.
    fn string(&mut self) -> Result<Value, Fault> {
        let start = self.at + 1;
        self.at = start;
        let mut escaped = false;
        loop {
            match self.text.get(self.at) {
                None => return self.fault("a closing quote"),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(..0x20) => return self.fault("no control character in a text"),
                Some(_) => self.at += 1,
            }
        }
        let end = self.at;
        self.at += 1;
        Ok(Value { kind: Kind::Text { escaped }, start, end })
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let Some(code) = hex(self.text, self.at + 2) else { return self.fault("four hexadecimal digits") };
                let paired = match code {
                    0xd800..0xdc00 => low(self.text, self.at + 6).is_some(),
                    0xdc00..0xe000 => return self.fault("both halves of a surrogate pair"),
                    _ => false,
                };
                if (0xd800..0xdc00).contains(&code) && !paired {
                    return self.fault("both halves of a surrogate pair");
                }
                self.at += if paired { 12 } else { 6 };
            }
            _ => return self.fault("a known escape"),
        }
        Ok(())
    }

    /// Whether nothing but spaces is left.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.peek();
        if self.at < self.text.len() { self.fault("nothing behind the object") } else { Ok(()) }
    }
}

fn hex(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.iter().try_fold(0, |code, &digit| Some(16 * code + char::from(digit).to_digit(16)?))
}

/// The second half of a surrogate pair, written as an escape.
fn low(text: &[u8], at: usize) -> Option<u32> {
    let escaped = text.get(at..at + 2)? == b"\\u";
    hex(text, at + 2).filter(|code| escaped && (0xdc00..0xe000).contains(code))
}

/// Puts a text without its escapes behind everything; the scan has found it sound.
pub(super) fn unescape(text: &mut Vec<u8>, mut at: usize, end: usize) {
    while at < end {
        let Some(place) = memchr::memchr(b'\\', &text[at..end]) else {
            text.extend_from_within(at..end);
            return;
        };
        text.extend_from_within(at..at + place);
        at += place;
        let plain = match text[at + 1] {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                at += unescape_code(text, at);
                continue;
            }
            other => other,
        };
        text.push(plain);
        at += 2;
    }
}

/// Adds the letter of a `\u` escape, and returns the length of what stands for it.
fn unescape_code(text: &mut Vec<u8>, at: usize) -> usize {
    let code = hex(text, at + 2).unwrap_or(0);
    let (code, length) = match low(text, at + 6) {
        Some(low) if (0xd800..0xdc00).contains(&code) => (0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), 12),
        _ => (code, 6),
    };
    let mut bytes = [0; 4];
    let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
    length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &[u8]) -> Result<Value, Fault> {
        let mut scan = Scan { text, at: 0 };
        let value = scan.value(0)?;
        scan.end()?;
        Ok(value)
    }

    #[test]
    fn values_keep_their_text() -> Result<(), Fault> {
        let text = b" 123456789012345678901234567890.50e+7 ";
        let value = whole(text)?;
        assert_eq!((value.kind, &text[value.start..value.end]), (Kind::Number, &text[1..37]));
        assert_eq!(whole(b"[1, -2.5]")?.kind, Kind::List { numbers: true });
        assert_eq!(whole(b"[1, null]")?.kind, Kind::List { numbers: false });
        Ok(())
    }

    #[test]
    fn faults_say_where_and_what_is_missing() {
        let fault = |text: &str| whole(text.as_bytes()).map_err(|fault| (fault.at, fault.what));
        assert_eq!(fault("{\"a\" 1}"), Err((5, "`:` behind the key")));
        assert_eq!(fault("{\"a\":1"), Err((6, "`,` or `}`")));
        assert_eq!(fault("[1,]"), Err((3, "a value after the comma")));
        assert_eq!(fault("01"), Err((1, "no digit behind a leading 0")));
        assert_eq!(fault("{\"a\":NaN}"), Err((5, "a value")));
        assert_eq!(fault("\"\\ud800\""), Err((1, "both halves of a surrogate pair")));
        assert_eq!(fault(&"[".repeat(200)), Err((100, "fewer brackets within one another")));
    }

    proptest! {
        #[test]
        fn what_is_json_is_what_serde_takes_for_it(text in r#"([\[\]{},: ]|"[a\\"ud8c9]{0,3}"|"\\u[0-9d][8c]3[0-9]"|-?[0-9.eE+]{1,4}|true|null){0,12}"#) {
            let ours = whole(text.as_bytes()).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // A number that no float64 holds is JSON all the same.
            let too_large = theirs.as_ref().is_err_and(|error| error.to_string().starts_with("number out of range"));
            prop_assert!(ours == theirs.is_ok() || (ours && too_large), "{text}");
        }

        #[test]
        fn texts_come_out_as_serde_reads_them(text in any::<String>(), ascii in any::<bool>()) {
            let mut json = serde_json::to_string(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
            if ascii {
                let escape = |letter: char| {
                    let mut units = [0; 2];
                    if letter.is_ascii() { return letter.to_string() }
                    letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
                };
                json = json.chars().map(escape).collect();
            }
            let value = whole(json.as_bytes()).map_err(|fault| TestCaseError::fail(fault.what))?;
            let mut out = json.into_bytes();
            let before = out.len();
            unescape(&mut out, value.start, value.end);
            prop_assert_eq!(String::from_utf8_lossy(&out[before..]), text);
        }
    }
}
