"""Large answers are compressed in less time, small ones to fewer bytes; both say the same as without."""

import gzip

import pytest
from flask import Flask, Response

from app.compression import LARGE_BYTES, LEVEL, QUICK_LEVEL, compress, init_app


@pytest.mark.parametrize(("size", "level"), [(LARGE_BYTES - 1, LEVEL), (LARGE_BYTES, QUICK_LEVEL)])
def test_answers_from_a_size_on_are_compressed_in_less_time(size: int, level: int) -> None:
    body = ",".join(str(n * n) for n in range(size // 4)).encode()[:size]
    assert len(body) == size
    app = Flask("told")
    init_app(app)
    app.add_url_rule("/", view_func=lambda: Response(body, mimetype="application/json"))
    answer = app.test_client().get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.data == compress(body, level)
    assert compress(body, LEVEL) != compress(body, QUICK_LEVEL)
    assert gzip.decompress(answer.data) == body
