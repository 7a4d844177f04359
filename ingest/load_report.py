"""What a load did, file by file, in numbers that add up."""

from dataclasses import dataclass, field, fields

from ingest.discover import Note

DROPPED = ("dropped_consent", "dropped_erased", "dropped_beyond_retention")
OUTCOMES = ("loaded", "duplicates", "rejected", *DROPPED)


@dataclass
class FileResult:
    """One file's rows by outcome.

    status: "loaded"; "rejected", the whole file, for `reason`; "known", the same content as load `load_id`.
    conflicts: those of `duplicates` whose content differs from another copy of the same event id.
    """

    path: str
    entity: str
    status: str
    reason: str | None = None
    size_bytes: int = 0
    load_id: int | None = None
    rows_read: int = 0
    loaded: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    dropped_consent: int = 0
    dropped_erased: int = 0
    dropped_beyond_retention: int = 0
    seconds: float = 0.0

    def check(self) -> None:
        """Raises ArithmeticError when the outcomes do not add up to the rows read: the load must not be committed."""
        total = sum(getattr(self, outcome) for outcome in OUTCOMES)
        if total != self.rows_read or self.loaded < 0:
            outcomes = ", ".join(f"{outcome} {getattr(self, outcome)}" for outcome in OUTCOMES)
            raise ArithmeticError(
                f"{self.path}: {self.rows_read} rows read but {total} accounted for ({outcomes}). "
                "Nothing of this file was loaded; please report this as a bug of Footfall."
            )


@dataclass
class LoadReport:
    """All files of a run, and the notes on those that were left alone.

    withdrawn: events that were stored before and deleted by this run, because consent does not cover them now.
    erased: people who were erased before anything of them could be read.
    """

    files: list[FileResult] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    withdrawn: int = 0
    erased: int = 0
    seconds: float = 0.0

    def total(self, outcome: str) -> int:
        """Sum of a number of FileResult over all files, `rows_read` and `size_bytes` included."""
        return sum(getattr(file, outcome) for file in self.files)

    @property
    def totals(self) -> dict[str, int]:
        numbers = [one.name for one in fields(FileResult) if one.type is int]
        return {name: self.total(name) for name in numbers}

    def lines(self) -> list[str]:
        """A plain text table for people: a line a file, their sum, then what was left alone."""
        columns = ("rows_read", "loaded", "duplicates", "conflicts", "rejected")
        header = ["file", *(column.replace("_", " ") for column in columns)]
        rows = [[_printable(file.path), *(f"{getattr(file, column):,}" for column in columns)] for file in self.files]
        rows.append([f"{len(self.files)} files", *(f"{self.total(column):,}" for column in columns)])
        widths = [max(len(row[index]) for row in [header, *rows]) for index in range(len(header))]
        table = [
            "  ".join(
                cell.ljust(width) if index == 0 else cell.rjust(width) for index, (cell, width) in enumerate(cells)
            )
            for cells in ([*zip(row, widths, strict=True)] for row in [header, *rows])
        ]
        refused = [
            f"refused {_printable(file.path)}: {file.reason}" for file in self.files if file.status == "rejected"
        ]
        known = [
            f"{_printable(file.path)}: same content as load {file.load_id}"
            for file in self.files
            if file.status == "known"
        ]
        dropped = [
            f"dropped for a policy ({outcome.removeprefix('dropped_').replace('_', ' ')}): {self.total(outcome):,} rows"
            for outcome in DROPPED
            if self.total(outcome)
        ]
        if self.withdrawn:
            dropped.append(f"deleted, for consent does not cover them now: {self.withdrawn:,} stored events")
        left_alone = [f"left alone {_printable(note.path)}: {note.reason}" for note in self.notes]
        return table + dropped + refused + known + left_alone


def _printable(path: str) -> str:
    """A path that cannot break the table or steer the terminal."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in path)
