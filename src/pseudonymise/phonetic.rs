//! Soundex, the phonetic code of names (US National Archives, General Information Leaflet 55):
//! the first letter and three digits for the consonants that follow.

/// The Soundex code of a standardised name (A–Z and spaces), or none where it has no letter.
pub fn soundex(name: &str) -> Option<[u8; 4]> {
    let mut letters = name.bytes().filter(u8::is_ascii_uppercase);
    let first = letters.next()?;
    let mut code = [first, b'0', b'0', b'0'];
    let mut filled = 1;
    let mut last = digit(first);
    for letter in letters {
        let this = digit(letter);
        match this {
            // H and W do not separate two letters of one digit; vowels do.
            Sound::Silent => {}
            Sound::Vowel => last = Sound::Vowel,
            Sound::Digit(d) => {
                if last != this {
                    if let Some(slot) = code.get_mut(filled) {
                        *slot = d;
                        filled += 1;
                    } else {
                        break;
                    }
                }
                last = this;
            }
        }
    }
    Some(code)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sound {
    Vowel,
    Silent,
    Digit(u8),
}

/// The sounds of A to Z, made once: a name is looked at once a letter and recipe.
const SOUNDS: [Sound; 26] = {
    let mut sounds = [Sound::Vowel; 26];
    let mut letter = b'A';
    let mut place = 0;
    while place < sounds.len() {
        sounds[place] = sound(letter);
        letter += 1;
        place += 1;
    }
    sounds
};

fn digit(letter: u8) -> Sound {
    let place = usize::from(letter.wrapping_sub(b'A'));
    SOUNDS.get(place).copied().unwrap_or(Sound::Vowel)
}

const fn sound(letter: u8) -> Sound {
    match letter {
        b'B' | b'F' | b'P' | b'V' => Sound::Digit(b'1'),
        b'C' | b'G' | b'J' | b'K' | b'Q' | b'S' | b'X' | b'Z' => Sound::Digit(b'2'),
        b'D' | b'T' => Sound::Digit(b'3'),
        b'L' => Sound::Digit(b'4'),
        b'M' | b'N' => Sound::Digit(b'5'),
        b'R' => Sound::Digit(b'6'),
        b'H' | b'W' => Sound::Silent,
        _ => Sound::Vowel,
    }
}

#[cfg(test)]
mod tests {
    use super::soundex;

    #[test]
    fn the_national_archives_examples() {
        for (name, code) in [
            ("WASHINGTON", "W252"),
            ("LEE", "L000"),
            ("GUTIERREZ", "G362"),
            ("PFISTER", "P236"),
            ("JACKSON", "J250"),
            ("TYMCZAK", "T522"),
            ("VANDEUSEN", "V532"),
            ("ASHCRAFT", "A261"),
        ] {
            let got = soundex(name).expect("a code");
            assert_eq!(std::str::from_utf8(&got), Ok(code), "{name}");
        }
        assert_eq!(soundex(""), None);
    }
}
