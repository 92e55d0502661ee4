//! Colours of settings and pictures, as `#rrggbb`.

/// Black or white, whichever is easier to read on a ground, by the contrast of WCAG 2.2.
pub fn ink_on(ground: &str) -> &'static str {
    let light = luminance(parse(ground));
    // The contrast with white is 1.05 / (l + 0.05), with black (l + 0.05) / 0.05.
    if (light + 0.05) * (light + 0.05) > 1.05 * 0.05 { "#000" } else { "#fff" }
}

/// `#rgb` or `#rrggbb` as three numbers; what is neither is black.
fn parse(hex: &str) -> [u8; 3] {
    let digits: Vec<u8> =
        hex.chars().filter_map(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    match digits.as_slice() {
        [r, g, b] => [r * 17, g * 17, b * 17],
        [r1, r2, g1, g2, b1, b2] => [r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2],
        _ => [0; 3],
    }
}

/// The relative luminance of WCAG 2.2, from 0 to 1.
fn luminance(colour: [u8; 3]) -> f64 {
    let linear = colour.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}
