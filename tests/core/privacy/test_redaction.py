"""What gets out of a text and what stays in it, where no order is known whose people could be taken out."""

import pytest

from order_sync.core.privacy.redaction import HIDDEN, shortened, without_secrets


@pytest.mark.parametrize(
    "private",
    [
        *("+44 20 7946 0958", "+49 (0)30 123456", "+1-202-555-0143", "+4917012345678", "0170 1234567", "030/123456"),
        *("(030) 123456", "020 7946 0958", "(202) 555-0143", "202-555-0143", "ann.other@example.co.uk"),
    ],
)
def test_phone_numbers_and_mail_addresses_get_out_of_a_text(private: str) -> None:
    assert without_secrets(f"call {private}, then ship") == f"call {HIDDEN}, then ship"


@pytest.mark.parametrize(
    "text",
    [
        "dynamics_web:5637144576/HOUSTON/000023/T0001234/usrt is failed",
        "placed at 2026-11-20T10:00:00+00:00, and again at 2026-11-20 10:00:00.123456+01:00",
        "SO-0000123 is over 1,120.00 EUR, the channel's over 0.05 EUR",
        "line 1: quantity 0.5 of SKU 'SKU-0001', and 0012 of 'EAN 4006381333931'",
        "HTTP 503 on 127.0.0.1:8000 from 2026-03-01 to 2026-03-02",
        "S0001, S0002, ID 17, R-2026-0001 and REC 000123",
    ],
)
def test_keys_numbers_amounts_and_instants_stay_in_it(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("one two", 7, "one two"),
        ("one two three", 12, "one two …"),
        ("one  two\nthree", 12, "one  two …"),
        ("abcdefghijkl", 5, "abcd…"),
        ("a bcdefghijkl", 5, "a bc…"),
        ("", 5, ""),
    ],
)
def test_a_text_that_is_too_long_ends_at_a_word_with_an_ellipsis(text: str, most: int, cut: str) -> None:
    assert shortened(text, most) == cut
    assert len(cut) <= most
