"""A PostgreSQL in the cluster: one pod behind TLS, and the Secret of its database as CloudNativePG would write it.

Its data go with the pod. Must not: know the product.
"""

from __future__ import annotations

import os
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import trustme
from pytest_kind import KindCluster

from e2e.kube import Kube, pod

NAME, PLACE = "database", "hookwright-e2e-database"
HOST = f"{NAME}.{PLACE}"
"""As CloudNativePG names it in its Secrets; pods find it by their search domains."""

_START = """
set -eu
export PATH=$(echo /usr/lib/postgresql/*/bin):$PATH LC_ALL=C.UTF-8
initdb --pgdata=/data/db --username=postgres --auth=trust --no-sync >/data/initdb.log
echo 'local all all trust' >/data/hba
echo 'hostssl all all all scram-sha-256' >>/data/hba
postgres --single -D /data/db postgres </secret/first.sql >/dev/null
exec postgres -D /data/db -c hba_file=/data/hba -c listen_addresses='*' -c unix_socket_directories=/data \
    -c ssl=on -c ssl_cert_file=/secret/server.pem -c ssl_key_file=/secret/server.key -c log_min_messages=warning
"""


def image(cluster: KindCluster) -> str:
    """Its image, known to the cluster: the official one, unless the cluster can pull none."""
    name = os.environ["HOOKWRIGHT_POSTGRES_IMAGE"]
    if os.environ.get("HOOKWRIGHT_E2E") == "local":
        cluster.load_docker_image(name)
    return name


class Database:
    """The server. `authority` is the certificate authority that it is under."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self.authority = trustme.CA()
        self._password = "first/word"

    def start(self, image: str) -> None:
        """Until it takes connections."""
        self._kube.namespace(PLACE)
        certificate = self.authority.issue_cert(HOST, f"{HOST}.svc")
        metadata = {"name": NAME, "namespace": PLACE}
        secret = {
            "first.sql": f"CREATE ROLE app LOGIN PASSWORD '{self._password}'\nCREATE DATABASE app OWNER app\n",
            "server.pem": b"".join(each.bytes() for each in certificate.cert_chain_pems).decode(),
            "server.key": certificate.private_key_pem.bytes().decode(),
        }
        volumes = {
            "/secret": {"secret": {"secretName": NAME, "defaultMode": 0o440}},
            "/data": {"emptyDir": {}},
        }
        made = pod(NAME, PLACE, image, ["/bin/sh", "-c", _START], volumes)
        made["spec"]["securityContext"] |= {"runAsUser": 999, "runAsGroup": 999, "fsGroup": 999}
        probe = {"exec": {"command": ["/bin/sh", "-c", "/usr/lib/postgresql/*/bin/pg_isready -h /data"]}}
        made["spec"]["containers"][0]["readinessProbe"] = {**probe, "periodSeconds": 1, "timeoutSeconds": 5}
        ports = [{"port": 5432}]
        self._kube.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": {"app": NAME}, "ports": ports},
            },
            made,
        )
        self._kube.wait("Ready", f"pod/{NAME}", namespace=PLACE)

    def sql(self, statement: str) -> str:
        """What a statement in the database answers, as its operator asks."""
        ask = f'exec /usr/lib/postgresql/*/bin/psql -h /data -U postgres -XAt -v ON_ERROR_STOP=1 app -c "{statement}"'
        return self._kube("-n", PLACE, "exec", NAME, "--", "/bin/sh", "-c", ask).strip()

    def secrets(self, namespace: str) -> list[dict[str, Any]]:
        """What its operator writes for who uses it: `db-app` and `db-ca`, in the namespace of the user."""
        word = quote(self._password, safe="")
        told = {
            "username": "app",
            "password": self._password,
            "dbname": "app",
            "host": HOST,
            "port": "5432",
            "uri": f"postgresql://app:{word}@{HOST}:5432/app",
            "jdbc-uri": f"jdbc:postgresql://{HOST}:5432/app?password={word}&user=app",
            "pgpass": f"{HOST}:5432:app:app:{self._password}\n",
        }
        return [
            _secret(namespace, "db-app", "kubernetes.io/basic-auth", told),
            _secret(namespace, "db-ca", "Opaque", {"ca.crt": self.authority.cert_pem.bytes().decode()}),
        ]

    def change_password(self) -> None:
        """Another from now on, also for those who are connected."""
        self._password = "second:word@"
        self.sql(f"ALTER ROLE app PASSWORD '{self._password}'")

    def disconnect(self) -> None:
        """End the connections of all who use it."""
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")


def _secret(namespace: str, name: str, kind: str, told: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"name": name, "namespace": namespace},
        "data": {key: b64encode(text.encode()).decode() for key, text in told.items()},
    }
