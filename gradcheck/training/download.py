"""Files over the network: several mirrors, short time-outs, a checksum for each, kept for the next time."""

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

from gradcheck.training.dataset import DataError

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
PATIENCE = 4.0  # seconds for a first answer; without a network one is not kept waiting

Progress = Callable[[str, int, int], None]


def fetch(checksums: Mapping[str, str], remedy: str, progress: Progress | None = None) -> tuple[Path, str]:
    """The folder that holds these files, downloaded unless they are there already, and where they came from.

    Parameters
    ----------
    checksums
        The name of each file, and the MD5 of what it holds when decompressed: a mirror may compress as it
        likes.
    remedy
        What the user is told to do if it cannot be had.
    progress
        Called with a file's name, the bytes so far, and the bytes in all.

    Raises
    ------
    DataError
        If pooch is not installed, no mirror answers, or what they send is not what was asked for.
    """
    try:
        import pooch
    except ImportError as error:
        reason = "MNIST is not on this disk, and without pooch it cannot be downloaded"
        raise DataError(f'{reason}. Run pip install "gradcheck[examples]", or do without. {remedy}') from error

    folder = Path(pooch.os_cache("gradcheck")) / "mnist"
    missing = {name: md5 for name, md5 in checksums.items() if not _kept(folder / name, md5)}
    mirrors = _answering(f"{next(iter(missing))}.gz") if missing else []
    if missing and not mirrors:
        reason = f"MNIST is not on this disk, and no mirror answers within {PATIENCE:g} seconds"
        raise DataError(f"{reason} (tried {', '.join(MIRRORS)}). {remedy}")
    with _silenced(pooch.get_logger()):
        for name, md5 in missing.items():
            failures = _fetch_one(folder / name, md5, mirrors, progress)
            if len(failures) == len(mirrors):
                raise DataError(f"{name} could not be downloaded ({'; '.join(failures)}). {remedy}")
    return folder, f"{mirrors[0]} (kept in {folder})" if missing else str(folder)


def _kept(path: Path, md5: str) -> bool:
    import pooch

    return path.is_file() and pooch.file_hash(str(path), alg="md5") == md5


def _fetch_one(path: Path, md5: str, mirrors: list[str], progress: Progress | None) -> list[str]:
    """Download one file from the first mirror that sends it whole; what went wrong with those before."""
    import pooch

    failures = []
    for mirror in mirrors:
        url = f"{mirror}{path.name}.gz"
        try:
            # pooch writes beside the file, compares the checksum, and only then puts it in place.
            pooch.retrieve(url, f"md5:{md5}", path.name, path.parent, downloader=_Decompressing(path.name, progress))
        except (OSError, EOFError, ValueError, zlib.error) as error:
            failures.append(f"{url}: {error}")
        else:
            break
    return failures


class _Decompressing:
    """A downloader for pooch that stores the decompressed file: the checksum is that of the content."""

    def __init__(self, name: str, progress: Progress | None) -> None:
        self.bar = _Bar(name, progress) if progress else False

    def __call__(self, url: str, output_file: str, pooch_: Any) -> None:
        import pooch

        download = pooch.HTTPDownloader(
            self.bar, chunk_size=1 << 16, timeout=(PATIENCE, 10), headers={"Accept-Encoding": "identity"}
        )
        with tempfile.TemporaryFile() as compressed:
            download(url, compressed, pooch_)
            compressed.seek(0)
            with gzip.open(compressed) as plain, open(output_file, "wb") as out:
                shutil.copyfileobj(plain, out)


class _Bar:
    """What pooch calls a progress bar, as one function."""

    def __init__(self, name: str, progress: Progress) -> None:
        self.name, self.progress, self.total, self.done = name, progress, 0, 0

    def update(self, amount: int) -> None:
        self.done = min(self.done + amount, self.total)
        self.progress(self.name, self.done, self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def _answering(name: str) -> list[str]:
    """The mirrors that have this file, asked all at once, in threads: a name look-up knows no time-out."""
    answers: set[str] = set()
    threads = [Thread(target=_ask, args=(mirror, name, answers), daemon=True) for mirror in MIRRORS]
    deadline = monotonic() + PATIENCE
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
    return [mirror for mirror in MIRRORS if mirror in answers]


def _ask(mirror: str, name: str, answers: set[str]) -> None:
    import requests

    try:
        if requests.head(mirror + name, timeout=PATIENCE).ok:
            answers.add(mirror)
    except requests.RequestException:
        pass  # no answer is an answer


@contextmanager
def _silenced(logger: Any) -> Iterator[None]:
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
