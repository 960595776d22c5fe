"""The page's own certificate, made at the first start: WebXR only runs on pages that came over TLS or from loopback."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
from pathlib import Path

from mvp_real.errors import MvpRealError, require

YEARS = 2  # browsers mistrust longer ones


def default_folder() -> Path:
    """Where certificate and key are kept: the user's configuration folder."""
    root = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(root) / "mvp_real"


def own_addresses() -> list[str]:
    """This computer's IPv4 addresses that others may use, the one towards the default route first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        # An address of documentation: nothing is sent, only the route is looked up.
        probe.connect(("192.0.2.1", 9))
        found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        found += [str(item[4][0]) for item in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [a for a in dict.fromkeys(found) if not a.startswith("127.")]


def tls_context(folder: Path) -> ssl.SSLContext:
    """TLS with the certificate in a folder; made there if there is none or it has expired.

    Raises:
        MvpRealError: The files cannot be written or read.
    """
    certificate, key = folder / "teleop.crt", folder / "teleop.key"
    try:
        if not (certificate.is_file() and key.is_file() and _valid(certificate)):
            folder.mkdir(parents=True, exist_ok=True)
            _make(certificate, key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise MvpRealError(
            f"certificate '{certificate}' and key '{key}' cannot be used: {error}; delete both to have new ones made"
        ) from error
    return context


def fingerprint(folder: Path) -> str:
    """SHA-256 of the certificate, as browsers show it."""
    require("cryptography", "teleop")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    certificate = x509.load_pem_x509_certificate((folder / "teleop.crt").read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _valid(path: Path) -> bool:
    require("cryptography", "teleop")
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.not_valid_after_utc > datetime.datetime.now(datetime.timezone.utc)


def _make(certificate: Path, key: Path) -> None:
    require("cryptography", "teleop")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mvp_real teleoperation")])
    hosts: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname())]
    hosts += [x509.IPAddress(ipaddress.ip_address(a)) for a in ("127.0.0.1", *own_addresses())]
    now = datetime.datetime.now(datetime.timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Nobody else may read the key, not even for the moment before a chmod.
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
