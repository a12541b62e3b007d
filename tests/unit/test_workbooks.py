"""Large workbooks: what was written is what a spreadsheet reads, and text stays text."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from data.workbooks import write_rows
from geo.files import read_table


def test_text_stays_text_and_numbers_numbers(tmp_path: Path) -> None:
    out = tmp_path / "a.xlsx"
    rows = [
        ["'=1+1", 1, 2.5, None, " a & <b> ", "370725199001"],
        ["两\n行", -3, 1e-7, True, "", "\x01]]>"],
    ]
    wide = [*rows[0], *[None] * 24, "AE"]
    assert write_rows(out, "sites", [f"列{n}" for n in range(31)], [wide, *[[*rows[1], *[None] * 25]]]) == 2
    sheet = openpyxl.load_workbook(out)["sites"]
    assert sheet.freeze_panes == "A2"
    read = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert read[1][:6] == rows[0]
    assert read[1][30] == "AE"
    assert read[2][:4] == ["两\n行", -3, 1e-7, True]
    assert read[2][5] == " ]]>"
    for cell in ("A2", "F2"):
        assert (sheet[cell].data_type, sheet[cell].number_format) == ("s", "@")
    assert [str(name) for name in read_table(out)[0].frame.columns][:2] == ["列0", "列1"]


def test_rows_of_another_length_and_values_of_no_cell_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        write_rows(tmp_path / "a.xlsx", "t", ["a", "b"], [[1]])
    with pytest.raises(TypeError, match="no cell"):
        write_rows(tmp_path / "b.xlsx", "t", ["a"], [[object()]])
