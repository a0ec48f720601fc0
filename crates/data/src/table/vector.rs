//! A vector as text: numbers in brackets, such as `[0.1, -2]`.

/// Why a text is not the vector that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// It is no list of numbers in brackets.
    NotAVector,
    /// It has so many numbers, and another number of them is wanted.
    Length(usize),
}

/// Appends the `width` numbers of a text; NaN for each where the text is empty or `[]`. Each is read as the nearest float64
/// and rounded to float32, as a list of float64 is. Spaces do not count.
///
/// # Errors
/// A text that is no vector, or one of another length; `out` is then as it was.
pub fn push_vector(text: &[u8], width: usize, out: &mut Vec<f32>) -> Result<(), Misfit> {
    let (text, before) = (text.trim_ascii(), out.len());
    let inner = match text {
        [] => text,
        [b'[', inner @ .., b']'] => inner.trim_ascii(),
        _ => return Err(Misfit::NotAVector),
    };
    if inner.is_empty() {
        out.resize(before + width, f32::NAN);
        return Ok(());
    }
    for number in inner.split(|&byte| byte == b',') {
        match fast_float2::parse::<f64, _>(number.trim_ascii()) {
            Ok(number) => out.push(number as f32),
            Err(_) => {
                out.truncate(before);
                return Err(Misfit::NotAVector);
            }
        }
    }
    let found = out.len() - before;
    if found != width {
        out.truncate(before);
        return Err(Misfit::Length(found));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, width: usize) -> Result<Vec<f32>, Misfit> {
        let mut out = vec![7.0];
        let read = push_vector(text.as_bytes(), width, &mut out);
        assert!(read.is_ok() || out == [7.0], "left as it was");
        read.map(|()| out.split_off(1))
    }

    #[test]
    fn numbers_in_brackets_are_a_vector() {
        assert_eq!(read(" [0.1, -2,3e1 ] ", 3), Ok(vec![0.1, -2.0, 30.0]));
        assert_eq!(read("[0.1]", 2), Err(Misfit::Length(1)));
        for text in ["0.1, 2", "[0.1; 2]", "[0.1,]", "[a]", "["] {
            assert_eq!(read(text, 2), Err(Misfit::NotAVector), "{text}");
        }
    }

    #[test]
    fn an_empty_one_is_missing() {
        for text in ["", " ", "[]", "[ ]"] {
            assert!(read(text, 2).is_ok_and(|read| read.len() == 2 && read.iter().all(|x| x.is_nan())), "{text:?}");
        }
    }
}
