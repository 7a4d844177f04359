"""What the commands of `footfall` share: options, settings, and how a failure is said."""

import logging
import os
import sys
from collections.abc import Sequence

import click
from pydantic import ValidationError

from orchestration.logs import show_progress
from orchestration.settings import Settings

EXIT_FAILED = 1
LOG_FORMAT = "FOOTFALL_LOG_FORMAT"

log = logging.getLogger("footfall")

target_option = click.option(
    "--target", type=click.Choice(["duckdb", "postgres"]), help="Engine; default: FOOTFALL_TARGET, else duckdb."
)

landing_option = click.option(
    "--landing", metavar="DIR", help="Landing folder or URL (s3://…); default: FOOTFALL_LANDING."
)


def _remember_log_format(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value:
        os.environ[LOG_FORMAT] = value


log_format_option = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    callback=_remember_log_format,
    expose_value=False,
    is_eager=True,
    help="Form of what commands say on stderr; default: FOOTFALL_LOG_FORMAT, else text.",
)


class FootfallGroup(click.Group):
    """The group of all commands; when JSON is asked for, an error that ends the command is a line of JSON too."""

    def main(self, *arguments: object, **options: object) -> None:
        try:
            code = super().main(*arguments, **{**options, "standalone_mode": False})
        except click.ClickException as error:
            if _is_json():
                show_progress("json")
                log.error(error.format_message())
            else:
                error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            say_failure("Aborted!")
            sys.exit(EXIT_FAILED)
        except Exception as error:
            if not _is_json():
                raise
            show_progress("json")
            log.critical("%s: %s", type(error).__name__, error, exc_info=True)
            sys.exit(EXIT_FAILED)
        sys.exit(code if isinstance(code, int) else 0)


def read_settings(target: str | None = None) -> Settings:
    """The settings of the environment.

    Args:
        target: the engine, when it was given on the command line.

    Raises:
        click.UsageError: a setting has an unusable value; the message names it.
    """
    if target:
        os.environ["FOOTFALL_TARGET"] = target
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"FOOTFALL_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        )
        raise click.UsageError(problems) from None


def say_failure(words: str, rows: Sequence[str] = ()) -> None:
    """Say on stderr what went wrong. rows: shown below it."""
    if _is_json():
        log.error(words, extra={"violations": list(rows)} if rows else None)
        return
    click.echo(f"\n{words}", err=True)
    for row in rows:
        click.echo(f"    {row}", err=True)


def _is_json() -> bool:
    return os.environ.get(LOG_FORMAT) == "json"
