"""A Redis server of our own on a unix socket, when none is given. Knows no setting and no job."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis

from engine.errors import MotCuaError

LONGEST_SOCKET = 100  # bytes; the kernel's limit is 107 on Linux and 103 elsewhere


class NoRedis(MotCuaError):
    """No Redis server can be found or started."""

    code = "no-redis"


def find_server() -> Path:
    """The Redis to start: on PATH, else the one taken from the wheel into the environment."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    taken = Path(sys.prefix) / "redis" / "redis-server"
    if os.access(taken, os.X_OK):
        return taken
    raise NoRedis(
        "Không tìm thấy Redis: hãy chạy “make install”, hoặc cài redis-server hay valkey-server."
    )


def socket_path(data_dir: Path) -> Path:
    """The socket of this data folder; elsewhere when the folder's name is too long for one."""
    path = data_dir.absolute() / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"motcua-{os.getuid()}-{name}.sock"


def socket_url(data_dir: Path) -> str:
    """The URL that Redis clients take for :func:`socket_path`."""
    return f"unix://{socket_path(data_dir)}"


def command(data_dir: Path) -> list[str]:
    """The command line of our Redis. It keeps nothing on disk: the database knows what is owed."""
    socket = socket_path(data_dir)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(socket.parent),
        "daemonize": "no",
        "loglevel": "warning",
        "maxmemory-policy": "noeviction",
    }
    return [str(find_server()), *(part for k, v in options.items() for part in (f"--{k}", v))]


def wait_until_ready(url: str, seconds: float = 10.0) -> None:
    """Return when the Redis at ``url`` answers; NoRedis with a sentence when it does not."""
    client = redis.Redis.from_url(url, socket_timeout=2)
    end = time.monotonic() + seconds
    try:
        while True:
            try:
                client.ping()
            except redis.RedisError as error:
                if time.monotonic() > end:
                    raise NoRedis(f"Redis tại {url} không trả lời: {error}.") from None
                time.sleep(0.05)
            else:
                return
    finally:
        client.close()


def start(data_dir: Path, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start our Redis for ``data_dir`` and wait until it answers. The caller stops it."""
    with open(log or os.devnull, "ab") as output:
        process = subprocess.Popen(command(data_dir), stdout=output, stderr=output)
    try:
        wait_until_ready(socket_url(data_dir))
    except NoRedis:
        process.kill()
        process.wait()
        raise
    return process
