"""The formats of strings that can be enforced, as grammars: see ``grammar`` for their shape."""

from __future__ import annotations

from collections.abc import Mapping

_TO_31 = '("0" [1-9] | [12] [0-9] | "3" [01])'
_TO_30 = '("0" [1-9] | [12] [0-9] | "30")'
_TO_28 = '("0" [1-9] | "1" [0-9] | "2" [0-8])'  # the year is free, so there is no 29th of February
_MONTHS = f'("0" ([13578] "-" {_TO_31} | [469] "-" {_TO_30} | "2-" {_TO_28}) | "1" ([02] "-" {_TO_31} | "1-" {_TO_30}))'
_DATE = f'[1-9] [0-9]{{3}} "-" {_MONTHS}'
_CLOCK = '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9]'  # RFC 3339, section 5.6
_TIME = f'{_CLOCK} ":" [0-5] [0-9] ("" | "." [0-9]{{1,6}}) ("Z" | [+-] {_CLOCK})'
_BYTE = (
    '("0" | "1" ("" | [0-9] ("" | [0-9])) | "2" ("" | [0-4] ("" | [0-9]) | "5" ("" | [0-5]) | [6-9]) '
    '| [3-9] ("" | [0-9]))'
)

FORMATS: Mapping[str, str] = {
    "date": _DATE,
    "time": _TIME,
    "date-time": f'{_DATE} "T" {_TIME}',
    "uuid": '[0-9a-f]{8} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{12}',
    "ipv4": f'{_BYTE} "." {_BYTE} "." {_BYTE} "." {_BYTE}',
}
