"""Progress bars: one line in a terminal, one element in a notebook, nothing elsewhere."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Progress = bool | Callable[[float, str], object]

_WIDTH = 24
_PAUSE = 0.2  # seconds between two updates


@contextmanager
def reporting(progress: Progress, title: str) -> Iterator[Callable[[float, str], object] | None]:
    """What the native code calls with the share of the work that is done, and a text."""
    if callable(progress):
        yield progress
        return
    bar = _bar(title) if progress else None
    try:
        yield bar
    finally:
        if bar is not None:
            bar.close()


def _bar(title: str) -> _Bar | None:
    if _in_notebook():
        return _NotebookBar(title)
    # None where Python runs without a console.
    if sys.stderr is not None and sys.stderr.isatty():
        return _TerminalBar(title)
    return None


def _in_notebook() -> bool:
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and shell.has_trait("kernel")


class _Bar:
    def __init__(self, title: str) -> None:
        self.title, self.begin, self.shown = title, time.monotonic(), 0.0

    def __call__(self, share: float, text: str) -> None:
        now = time.monotonic()
        if now - self.shown >= _PAUSE:
            self.shown = now
            self.show(min(max(share, 0.0), 1.0), text)

    def left(self, share: float) -> str:
        """The time that the rest takes at the present rate."""
        if share < 0.02:
            return ""
        seconds = (time.monotonic() - self.begin) * (1 - share) / share
        return f", {seconds:.0f} s left" if seconds < 120 else f", {seconds / 60:.0f} min left"

    def show(self, share: float, text: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _TerminalBar(_Bar):
    def show(self, share: float, text: str) -> None:
        done = round(share * _WIDTH)
        line = f"{self.title} [{'#' * done}{'.' * (_WIDTH - done)}] {share:4.0%}{self.left(share)} {text}"
        # `\033[K` clears the rest of the line.
        print(f"\r{line[:118]}\033[K", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


class _NotebookBar(_Bar):
    def __init__(self, title: str) -> None:
        super().__init__(title)
        import IPython.display

        shown: Any = IPython.display
        self.html = shown.HTML
        self.handle = shown.display(self.html(""), display_id=True)

    def show(self, share: float, text: str) -> None:
        note = html.escape(f"{share:.0%}{self.left(share)} {text}")
        self.handle.update(
            self.html(f"{html.escape(self.title)} <progress value='{share:.3f}' max='1'></progress> {note}")
        )

    def close(self) -> None:
        self.handle.update(self.html(""))
