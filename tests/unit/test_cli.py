"""Command line: refusals are sentences with status 1, a wrong command line gives 2; no trace is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import EXPORTS, main
from app.commands_import import IMPORTS, SHOWN_WARNINGS, print_report
from app.terminal import rate_in_words
from data import exports
from data.imports.fields import KINDS
from data.imports.report import ImportReport
from geo.errors import Text


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(main, list(words), env=env)


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["import"],
        ["import", "poems", "x.csv"],
        ["import", "households", "/does/not/exist.csv"],
        ["export", "households"],
        ["export", "poems", "--out", "x.csv"],
        ["export", "households", "--out", "x.docx"],
        ["coverage", "--by", "planet"],
        ["sample"],
        ["sample", "--households", "0", "--load"],
        ["sample", "--households", "10000001", "--load"],
        ["sample", "--households", "10"],
        ["sample", "--households", "10", "--seed", "-1", "--load"],
        ["grids", "make"],
        ["grids", "make", "--village", "990101001001"],
        ["grids", "make", "--village", "990101001001", "--size", "50", "--along", "rivers"],
        ["user", "add", "x"],
        ["user", "add", "x", "--role", "king", "--area", "1"],
        ["user", "token"],
    ],
)
def test_a_wrong_command_line_gives_2(words: list[str]) -> None:
    assert run(*words).exit_code == 2


def test_a_mapping_needs_its_equals_sign(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    for pair in ("户名", "=head_name", "户名="):
        assert run("import", "households", str(file), "--map", pair).exit_code == 2


def test_what_is_said_of_no_row_is_said_of_the_whole_file(capsys: pytest.CaptureFixture[str]) -> None:
    report = ImportReport("households")
    report.warn(Text("没有户主姓名一列", "there is no column of names"))
    report.warn(Text("甲", "a"), row=3)
    print_report(report)
    whole, row = capsys.readouterr().err.splitlines()
    assert whole.strip() in ("整个文件：没有户主姓名一列", "the whole file: there is no column of names")
    assert "3" in row
    assert "整个文件" not in row


def test_a_report_names_what_was_left_out_and_counts_what_it_does_not_list(capsys: pytest.CaptureFixture[str]) -> None:
    report = ImportReport("households", batch=7, ignored_columns=["宗教信仰"], counts={"inserted": 1200, "outside": 0})
    for row in range(SHOWN_WARNINGS + 3):
        report.warn(Text("甲", "a"), row=row + 2)
    print_report(report)
    out, told = capsys.readouterr()
    assert "1,200" in out
    assert "outside" not in out
    assert "宗教信仰" in out
    assert "./fangtu undo 7" in out
    assert told.count("\n") == SHOWN_WARNINGS + 1
    assert " 3 " in told.splitlines()[-1]


def test_an_unknown_setting_is_said_in_words() -> None:
    answer = run("status", FANGTU_NONSENSE="1")
    assert answer.exit_code == 1
    assert "FANGTU_NONSENSE" in answer.output
    assert "Traceback" not in answer.output


def test_a_database_that_does_not_answer_is_said_in_words(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    address = f"postgresql+psycopg2://nobody@/none?host={tmp_path}"
    (secrets / "database.json").write_text(json.dumps({"admin_url": address, "app_password": "x"}))
    for words in (["status", "--json"], ["recheck"], ["user", "list"], ["coverage"]):
        answer = run(*words, FANGTU_VAR_DIR=str(tmp_path))
        assert answer.exit_code == 1, words
        assert "./fangtu status" in answer.output
        assert "Traceback" not in answer.output


def test_a_sample_is_written_and_told(tmp_path: Path) -> None:
    answer = CliRunner().invoke(
        main, ["sample", "--households", "250", "--seed", "4", "--out", str(tmp_path / "made"), "--json"]
    )
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["households"], told["seed"], told["area"]) == (250, 4, "9901")
    assert told["counts"]["households"] == 250
    assert "batch" not in told
    paths = [Path(path) for paths in told["files"].values() for path in paths]
    assert sorted(paths) == sorted((tmp_path / "made").iterdir())
    lines = run("sample", "--households", "250", "--out", str(tmp_path / "made")).stdout.splitlines()
    assert [line.split()[3] for line in lines if line.startswith("./fangtu import")] == [str(path) for path in paths]


def test_help_has_all_verbs() -> None:
    listed = run("--help").output
    for verb in ("upgrade", "import", "sample", "export", "coverage", "recheck", "status", "user"):
        assert verb in listed
    assert "load-sample" not in listed


def test_the_kinds_are_those_of_the_importer() -> None:
    assert set(IMPORTS) == set(KINDS)
    assert set(EXPORTS) == set(exports.KINDS)


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (None, "—"),
        (0, "0.0%"),
        (0.8345, "83.5%"),
        (0.9496, "94.9%"),
        (0.95, "95.0%"),
        (0.9997, "99.9%"),
        (1.04, "104.0%"),
    ],
)
def test_a_rate_never_looks_reached_before_it_is(ratio: float | None, shown: str) -> None:
    assert rate_in_words(ratio, 0.95) == shown
