"""Kafka's own jars: fetched once from Maven Central, each checked against the sum committed here."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from platformdirs import user_cache_path
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from services.runtime.errors import Problem
from services.runtime.kafka_dev.locks import locked

__all__ = ["Jar", "cache_folder", "fetched", "kafka_jars", "kafka_version", "pinned_jars"]

_CONNECTIONS = 4
_LINE = re.compile(
    r"(?P<group>[\w.-]+):(?P<artifact>[\w.-]+):(?P<version>[\w.-]+) (?P<size>\d+) (?P<sha256>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file: its Maven coordinates, its size in bytes and its SHA-256."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def pinned_jars(package: str = __package__) -> tuple[Jar, ...]:
    """The jars of the list committed in a package, in its order (which is also the order of the class path)."""
    text = resources.files(package).joinpath("jars.txt").read_text(encoding="utf-8")
    matches = [_LINE.fullmatch(line) for line in text.splitlines() if not line.startswith("#")]
    return tuple(
        Jar(m["group"], m["artifact"], m["version"], int(m["size"]), m["sha256"]) for m in matches if m is not None
    )


def kafka_version() -> str:
    """The version of the broker that the list pins."""
    return next(jar.version for jar in pinned_jars() if jar.artifact == "kafka_2.13")


def cache_folder() -> Path:
    """Where the jars and what Java makes of them are kept, for all checkouts of this user."""
    return user_cache_path("kithline") / f"kafka-{kafka_version()}"


def kafka_jars() -> list[Path]:
    """The class path of the broker. Fetches what is missing, with a progress bar on stderr.

    Raises Problem: no network, no space, folder not writable, or a file that is not what was pinned.
    """
    return fetched(pinned_jars(), cache_folder() / "jars", f"Apache Kafka {kafka_version()}")


def fetched(wanted: tuple[Jar, ...], folder: Path, label: str) -> list[Path]:
    """The files of pinned jars in `folder`, as a class path; what is missing is fetched. `label` names them to people.

    Raises Problem, as `kafka_jars` does.
    """
    if missing := _missing(wanted, folder):
        _make(folder)
        with locked(folder.parent / "fetch.lock"):  # a second process waits here, then finds all there
            if missing := _missing(wanted, folder):
                _fetch(missing, folder, label)
    return [folder / jar.file_name for jar in wanted]


def _missing(wanted: tuple[Jar, ...], folder: Path) -> list[Jar]:
    """By size only: sums are checked when a file comes in, and hashing 43 MB at every start would be felt."""
    return [jar for jar in wanted if not _has_size(folder / jar.file_name, jar.size)]


def _has_size(file: Path, size: int) -> bool:
    try:
        return file.stat().st_size == size
    except OSError:
        return False


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise Problem(
            f"cannot write Kafka's files to {folder} ({fault.strerror}); "
            "make it writable, or set XDG_CACHE_HOME to another folder"
        ) from fault


def _fetch(missing: list[Jar], folder: Path, label: str) -> None:
    needed = 2 * sum(jar.size for jar in missing)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Problem(
            f"no space for Kafka's files: {folder} has {free >> 20} MB free, {needed >> 20} MB are needed; "
            "free some, or set XDG_CACHE_HOME to a folder on another disk"
        )
    with (
        tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetch-") as scratch,
        _progress(sum(jar.size for jar in missing), label) as advance,
        ThreadPoolExecutor(_CONNECTIONS) as pool,
        _trust_of_this_machine(),
    ):
        jobs = [pool.submit(_fetch_one, jar, Path(scratch), folder, advance) for jar in missing]
        try:
            for job in jobs:
                job.result()
        finally:
            for job in jobs:
                job.cancel()


@contextmanager
def _trust_of_this_machine() -> Iterator[None]:
    """The certificates that the system trusts: many offices look into TLS with one of their own, which pip and the
    browser accept and requests alone (certifi's list) would not."""
    import truststore

    truststore.inject_into_ssl()
    try:
        yield
    finally:
        truststore.extract_from_ssl()


def _fetch_one(jar: Jar, scratch: Path, folder: Path, advance: Callable[[int], None]) -> None:
    """Downloads one jar aside, checks it, and only then moves it to its place."""
    # here and not at the top: these take 0.2 s to import and are used once in a machine's life
    import requests
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext, PythonResolver

    @contextmanager
    def report(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield advance

    context = MavenContext(resolver=PythonResolver(progress_callback=report), repo_cache=scratch, timeout=30)
    # who has set up a mirror for jgo (its `central`) or further repositories has done so for us too
    context.remote_repos.update(GlobalSettings.load().repositories)
    try:
        file = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != jar.sha256:
            raise Problem(
                f"{jar.file_name} from Maven Central is not the file that was pinned (SHA-256 {found[:12]}…, "
                f"expected {jar.sha256[:12]}…) and was not installed. Try again; if it stays so, something "
                "between you and Maven Central changes downloads"
            )
        file.replace(folder / jar.file_name)
    except requests.RequestException as fault:
        raise Problem(
            f"cannot fetch {jar.file_name} from Maven Central ({type(fault).__name__}): no network, or "
            f"a proxy is needed (HTTPS_PROXY). Without a network, copy {folder} from another machine, or set "
            "KITHLINE_KAFKA to a running cluster"
        ) from fault
    except OSError as fault:
        raise Problem(
            f"cannot write {jar.file_name} to {folder} ({fault.strerror}); free space or mend the folder"
        ) from fault
    except RuntimeError as fault:  # jgo's word for "no repository has it"
        raise Problem(
            f"Maven Central, or the mirror set up for jgo, does not give {jar.file_name}; try again later"
        ) from fault


@contextmanager
def _progress(total: int, label: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, two lines elsewhere; always on stderr, since stdout belongs to `bootstrap:`."""
    console = Console(stderr=True)
    label = f"{label} from Maven Central (once)"
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
    with bar if bar is not None else nullcontext():
        if bar is None:
            console.print(f"fetching {label}: {total >> 20} MB", highlight=False)
            yield lambda _count: None
        else:
            task = bar.add_task(label, total=total)
            yield lambda count: bar.update(task, advance=count)
    console.print(f"fetched {label}; sums checked", highlight=False)
