"""Static files: only what is meant to be served, named by its checksum."""

from app.assets import StaticFiles


def test_files_are_found_compressed_and_read_again_when_they_change(tmp_path):
    (tmp_path / "css").mkdir()
    style = tmp_path / "css" / "a.css"
    style.write_text("a{}" * 1000)
    files = StaticFiles(tmp_path)
    first = files.find("css/a.css")
    assert first is not None
    assert first.mimetype == "text/css"
    assert first.zipped is not None
    assert len(first.zipped) < len(first.body)
    style.write_text("b{}")
    second = files.find("css/a.css")
    assert second is not None
    assert second.checksum != first.checksum
    assert second.zipped is None


def test_nothing_outside_hidden_or_of_the_build_is_served(tmp_path):
    folder = tmp_path / "static"
    for name in (".env", "node_modules/x.js", "package.json", "css/.x", "ok.js"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "secret.txt").write_text("x")
    files = StaticFiles(folder)
    assert files.find("ok.js") is not None
    for name in (
        ".env",
        "node_modules/x.js",
        "package.json",
        "css/.x",
        "../secret.txt",
        "/etc/passwd",
        "",
        "css",
        "none",
    ):
        assert files.find(name) is None, name
