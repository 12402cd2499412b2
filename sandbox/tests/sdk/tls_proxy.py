"""A proxy that ends TLS for some hosts, with certificates of a CA that is made for the run."""

import contextlib
import datetime
import pathlib
import socket
import ssl
import threading


class Authority:
    """A CA for this run, and certificates of it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.key, self.certificate = self.make("Test CA", None, None)
        self.bundle = self.write("ca.pem", self.certificate)

    def make(self, name, issuer, names):
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.x509.oid import NameOID

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        )
        signer = self.key if issuer else key
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        builder = builder.add_extension(identifier, critical=False)
        if names:
            names = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(names, critical=False)
        else:
            usage = dict.fromkeys(
                ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
                 "decipher_only"], False)
            usage = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage)
            builder = builder.add_extension(usage, critical=True)
        return key, builder.sign(signer, hashes.SHA256())

    def write(self, name, certificate, key=None):
        from cryptography.hazmat.primitives import serialization

        pem = certificate.public_bytes(serialization.Encoding.PEM)
        if key:
            pem += key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        path = self.folder / name
        path.write_bytes(pem)
        return str(path)

    def server_context(self, hosts):
        key, certificate = self.make("hosts", self.certificate, hosts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.write("hosts.pem", certificate, key))
        context.set_alpn_protocols(["http/1.1"])
        return context


class Proxy:
    """Ends TLS for these hosts, hands their requests to the target, and refuses every other host."""

    def __init__(self, hosts, context, target):
        self.hosts, self.context, self.target = hosts, context, target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.refused = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            method, name, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            if method != "CONNECT" or name.rsplit(":", 1)[0] not in self.hosts:
                self.refused.append(name)
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with self.context.wrap_socket(connection, server_side=True) as inside:
                with socket.create_connection(self.target) as outside:
                    self.join(inside, outside)

    def join(self, inside, outside):
        def back():
            with contextlib.suppress(OSError):
                while data := outside.recv(65536):
                    inside.sendall(data)
                inside.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=back, daemon=True).start()
        while data := inside.recv(65536):
            outside.sendall(data)
        outside.shutdown(socket.SHUT_WR)
