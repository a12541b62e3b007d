"""A web server with TLS and HTTP/2 in front of the application, as phones reach it: no worker runs without TLS.

nginx of the system, or its package unpacked below ``var/peers``; its configuration is that of ``settings.md``.
"""

from __future__ import annotations

import datetime
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from data.settings import ROOT
from tests.benchmarks.peers import PEERS
from tests.browser.stand import START_S, end

DOCUMENT = ROOT / "templates" / "docs" / "settings.md"
_OWN = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{server}
}}
"""


def find_nginx() -> Path | None:
    """The program; None, with a sentence, where it cannot be had."""
    known = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if known:
        return Path(known)
    folder = PEERS / "nginx"
    program = folder / "usr" / "sbin" / "nginx"
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["apt-get", "download", "nginx"], cwd=folder, check=True, capture_output=True)
        package = next(folder.glob("nginx_*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        print(f"nginx could not be had and is left out: {error}", flush=True)
        return None
    return program


@contextmanager
def fronted(program: Path, site: str, folder: Path) -> Iterator[str]:
    """Serve an application by TLS and HTTP/2 on a free loopback port, with a certificate for this run alone.

    Parameters
    ----------
    program : Path
        nginx.
    site : str
        Address of the application.
    folder : Path
        Where it keeps what it writes.

    Yields
    ------
    str
        Address, ``https://localhost:…``; nobody vouches for its certificate.
    """
    _certify(folder)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = folder / "nginx.conf"
    settings.write_text(_OWN.format(folder=folder, server=_documented(site, port, folder)), "utf-8")
    with (folder / "front.log").open("wb") as out:
        server = subprocess.Popen([str(program), "-p", str(folder), "-c", str(settings)], stdout=out, stderr=out)
    try:
        _wait(server, port, folder / "front.log")
        yield f"https://localhost:{port}"
    finally:
        end(server)


def _documented(site: str, port: int, folder: Path) -> str:
    """The server of the document, with the names of this run."""
    found = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    if found is None:
        raise AssertionError(f"{DOCUMENT.name} shows no nginx configuration")
    text = found[1].replace("listen 443", f"listen 127.0.0.1:{port}").replace("127.0.0.1:8000", urlsplit(site).netloc)
    text = re.sub(r"ssl_certificate .*?;", f"ssl_certificate {folder}/front.pem;", text)
    return re.sub(r"ssl_certificate_key .*?;", f"ssl_certificate_key {folder}/front.key;", text)


def _certify(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "front.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "front.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until, unchecked = time.monotonic() + START_S, ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    unchecked.set_alpn_protocols(["h2"])
    while time.monotonic() < until and server.poll() is None:
        try:
            with unchecked.wrap_socket(socket.create_connection(("127.0.0.1", port), 5)) as line:
                if line.selected_alpn_protocol() == "h2":
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nginx did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
