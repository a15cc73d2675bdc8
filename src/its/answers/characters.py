"""One character for those that mean the same: full width, the digits of other scripts."""

from __future__ import annotations

# Where the ten digits of a script begin: Arabic, Persian, N'Ko, the scripts of India, Thai, Lao,
# Tibetan, Burmese, Khmer, Mongolian.
_ZEROS = (
    *(0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50),
    *(0xED0, 0xF20, 0x1040, 0x17E0, 0x1810),
)
_PLAIN = {
    **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)},
    **{chr(zero + i): str(i) for zero in _ZEROS for i in range(10)},
    **{"\u3000": " ", "、": ",", "，": ",", "٫": ".", "٬": ",", "∴": " "},
}
_FOLDED = str.maketrans(_PLAIN)


def folded(text: str) -> str:
    """A text with plain digits, and Latin letters and signs of plain width."""
    return text if text.isascii() else text.translate(_FOLDED)
