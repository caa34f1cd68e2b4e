"""The private Redis, where the machine has one; `make test` sees to it that it has."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import redis as client

from lastmeter.embedded import redis


def test_it_answers_on_a_private_socket_and_keeps_nothing_on_disk(tmp_path: Path) -> None:
    server = redis.start(tmp_path)
    assert server is not None, "install redis-server"
    with server, client.Redis.from_url(server.url) as connection:
        assert connection.ping()
        assert connection.config_get("port") == {"port": "0"}
        assert connection.config_get("save") == {"save": ""}
        assert server.socket.stat().st_mode & 0o077 == 0
    assert not server.socket.exists()


def test_a_killed_server_runs_again_after_a_restart(tmp_path: Path) -> None:
    server = redis.start(tmp_path)
    assert server is not None, "install redis-server"
    with server:
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(5)
        server.restart()
        with client.Redis.from_url(server.url) as connection:
            assert connection.ping()


def test_without_a_program_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "program", lambda: None)
    assert redis.start(tmp_path) is None
