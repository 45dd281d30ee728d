"""TLS in front of a PostgreSQL server, as a pooler does it, for the tests' server is built without: it answers the
protocol's request for encryption, shows a certificate of our own making, and passes on what is inside."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

_SSL_REQUEST = 80877103


def certificates(folder: Path, authority: str = "our authority") -> Path:
    """A certificate of 127.0.0.1 (server.crt, server.key) signed by an authority of our own, whose own is returned."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    own, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    for key, subject, is_authority, path in (
        (own, authority, True, "ca.pem"),
        (server, "db", False, "server.crt"),
    ):
        made = (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named(authority))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if not is_authority:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        (folder / path).write_bytes(made.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "ca.pem"


@contextmanager
def encrypting(port: int, folder: Path) -> Iterator[int]:
    """The port of 127.0.0.1 at which the server of `port` is, with TLS alone; `folder` is that of `certificates`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with suppress(OSError):  # closed
                while True:
                    client, _ = listening.accept()
                    threading.Thread(target=serve, args=(client,), daemon=True).start()

        def serve(client: socket.socket) -> None:
            with suppress(OSError), client:
                while struct.unpack("!II", client.recv(8, socket.MSG_WAITALL))[1] != _SSL_REQUEST:
                    client.sendall(b"N")
                client.sendall(b"S")
                inside = context.wrap_socket(client, server_side=True)
                with inside, socket.create_connection(("127.0.0.1", port)) as server:
                    back = threading.Thread(target=forward, args=(server, inside), daemon=True)
                    back.start()
                    forward(inside, server)
                    server.shutdown(socket.SHUT_RDWR)
                    back.join()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
