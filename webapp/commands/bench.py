"""``motcua bench``: the benchmarks, each in its own module, imported only when it is run."""

from __future__ import annotations

import importlib

import click

_BENCHMARKS = {
    "completions": "One completed task, the whole command, beside the bare rows.",
    "http": "The same through the API, beside the command without HTTP.",
    "inbox": "The first page of the inbox, with few and with very many dossiers.",
    "start": "Opening a dossier and finding one by code, with few and with very many.",
    "archive": "Closed dossiers put away and brought back, and what they weigh.",
    "calendar": "Deadlines worked out per second.",
    "feel": "One evaluation of a cached FEEL condition, beside plain Python.",
    "memory": "What a web and a worker process hold after very many completed tasks.",
    "timers": "Timers claimed and fired per second, with many more waiting.",
}


class _Benchmarks(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_BENCHMARKS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _BENCHMARKS:
            return None
        found: click.Command = importlib.import_module(f"webapp.bench.{name}").command
        return found


@click.group(cls=_Benchmarks, invoke_without_command=True)
@click.option("--names", is_flag=True, help="List the benchmarks' names and stop.")
@click.pass_context
def bench(context: click.Context, names: bool) -> None:
    """Measure the product against its limits, side by side in one run."""
    if names:
        click.echo("\n".join(_BENCHMARKS))
    elif context.invoked_subcommand is None:
        click.echo(context.get_help())
