"""What `footfall doctor` says of one thing it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        words: what was found and, if it is not well, what to do.
        is_well: whether it is as it should be.
        is_fatal: whether a run could not work like this.
    """

    subject: str
    words: str
    is_well: bool = True
    is_fatal: bool = False

    @property
    def mark(self) -> str:
        return "ok  " if self.is_well else "MISS" if self.is_fatal else "note"
