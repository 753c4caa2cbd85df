"""Certificates for a client test, made by the openssl command line in a temporary folder."""
import contextlib
import os
import shutil
import subprocess
import tempfile


def openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def sign(folder, name, subject, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """name.crt and name.key, from the folder's authority, for localhost and 127.0.0.1."""
    openssl("req", "-newkey", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}",
            folder=folder)
    with open(os.path.join(folder, "names"), "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", f"{name}.crt", folder=folder)


@contextlib.contextmanager
def folder():
    """Yields a folder with ca, server, renewed, and client."""
    path = tempfile.mkdtemp(prefix="certificates-")
    try:
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout",
                "ca.key", "-out", "ca.crt", "-subj", "/CN=authority", folder=path)
        sign(path, "server", "server")
        sign(path, "renewed", "renewed")
        sign(path, "client", "client")
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def options(path, *more, clients="yes"):
    """The server's options."""
    where = {name: os.path.join(path, name) for name in ("ca.crt", "server.crt", "server.key")}
    return ["--tls-cert-file", where["server.crt"], "--tls-key-file", where["server.key"], "--tls-ca-cert-file",
            where["ca.crt"], "--tls-auth-clients", clients, *more]
