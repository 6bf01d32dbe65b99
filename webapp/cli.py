"""The ``motcua`` program: which commands there are. Each is imported only when it is used."""

from __future__ import annotations

import importlib
import sys

import click

# name: ("module:command", what it does). The sentence stands here so that help imports nothing.
COMMANDS = {
    "demo": ("webapp.commands.house:demo", "Start the demo province, with all it needs."),
    "run": ("webapp.commands.house:run", "Start the product with the environment's settings."),
    "web": ("webapp.commands.programs:web", "Serve the pages and the API only."),
    "worker": ("webapp.commands.programs:worker", "Work the queue of jobs only."),
    "sweeper": ("webapp.commands.programs:sweeper", "Fire due timers and owed messages only."),
    "db": ("webapp.commands.database:db", "Create or upgrade the tables of the database."),
    "organisation": (
        "webapp.commands.organisation:organisation",
        "Import places, agencies and people.",
    ),
    "password": ("webapp.commands.organisation:password", "Set somebody's password."),
    "publish": ("webapp.commands.organisation:publish", "Publish the procedures of a folder."),
    "reset-demo": ("webapp.commands.database:reset_demo", "Throw the demo's data away."),
    "scenarios": ("webapp.scenarios:main", "Play every scenario of every procedure."),
    "check": ("webapp.commands.check:check", "Check procedure folders and BPMN files."),
    "dry-run": ("webapp.commands.dry_run:dry_run", "Run a drawing in simulated time, no database."),
    "deadline": ("webapp.commands.deadline:deadline", "Work out a legal limit, day by day."),
    "calendar": ("webapp.commands.calendar:calendar", "Show and import yearly calendars."),
    "incident": ("webapp.commands.incident:incident", "Leave an incident out of the clocks."),
    "archive": ("webapp.commands.archive:archive", "Put closed dossiers away; delete with proof."),
    "bench": ("webapp.commands.bench:bench", "Measure the product against its limits."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"Lệnh “{name}” không dùng được: thiếu mô-đun {error.name}. "
                "Hãy chạy “make install”."
            ) from None
        except AttributeError:
            raise click.ClickException(
                f"Lệnh “{name}” không dùng được: {module} không có “{attribute}”."
            ) from None
        if not isinstance(command, click.Command):
            command = click.command(name, help=COMMANDS[name][1])(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="motcua", prog_name="motcua")
def group() -> None:
    """Một Cửa: linked administrative procedures across agencies."""


def main() -> None:
    """Run the program; a refusal of ours is one sentence and exit code 1, never a traceback."""
    from engine.errors import MotCuaError

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        group(prog_name="motcua")
    except MotCuaError as error:
        click.echo(f"motcua: {error.message}", err=True)
        sys.exit(1)
    except ImportError as error:
        click.echo(
            f"motcua: bản cài đặt thiếu một phần ({error}); hãy chạy “make install”.", err=True
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
