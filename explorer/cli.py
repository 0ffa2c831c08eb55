"""The command line: open a data set in the browser, analyze it headless, export, look into decisions, engines and workspaces."""

from __future__ import annotations

import os
import sys

# Before any library that brings OpenMP: idle threads must not spin, they would eat the processor of the others.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from engines.errors import Cancelled, DatasetExplorerError, UserError
from explorer.terminal import Meter, fail

F = TypeVar("F", bound=Callable[..., Any])

LIST_HELP = "comma-separated names"


class SourceFirst(click.Group):
    """A group whose unknown first word is a source: ``dataset-explorer FOLDER`` means ``dataset-explorer open FOLDER``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``open`` before everything that does not start with a command or an option of the group itself."""
        own = {"--help", "-h", "--version"}
        if args and args[0] not in self.commands and args[0] not in own:
            args = ["open", *args]
        return super().parse_args(ctx, args or ["--help"])


def _names(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:  # noqa: ARG001 - click's callback
    return tuple(name.strip() for name in value.split(",") if name.strip()) if value else ()


def common(function: F) -> F:
    """Add the options that every command over a source shares."""
    options = [
        click.option(
            "--embeddings", type=click.Path(path_type=Path), help="vectors of the rows (.npy, .npz), by id or by order"
        ),
        click.option("--label", metavar="COL", help="column that holds the label"),
        click.option("--text", metavar="COL", help="column that holds the text"),
        click.option("--image", metavar="COL", help="column that holds the picture"),
        click.option("--split", metavar="COL", help="column that holds the split"),
        click.option("--id", "id_", metavar="COL", help="column that holds the id"),
        click.option("--predictions", metavar="COL", help="column with the predictions of a model"),
        click.option("--probabilities", type=click.Path(path_type=Path), help="class probabilities of a model (.npy)"),
        click.option("--caption", metavar="COL", help="column that holds the caption of a picture"),
        click.option(
            "--features", metavar="A,B", help="columns of a table that make the vector of a row (all that fit unless given)"
        ),
        click.option(
            "--source-name", "source_names", multiple=True, metavar="NAME", help="what a source is called; once per source"
        ),
        click.option(
            "--encoder",
            "encoders",
            callback=_names,
            metavar="A,B",
            help="what turns rows into vectors: an engine, a model's folder or hub id; the first feeds the map, all are compared",
        ),
        click.option("--projector", "projectors", callback=_names, metavar="A,B", help=f"maps, {LIST_HELP}"),
        click.option("--clusterer", "clusterers", callback=_names, metavar="A,B", help=f"clusterings, {LIST_HELP}"),
        click.option("--neighbors", metavar="NAME", help="search of nearest neighbors, see `engines` (by size unless given)"),
        click.option("--measures", callback=_names, metavar="A,B", help=f"local geometry, {LIST_HELP} (all unless given)"),
        click.option("--checks", callback=_names, metavar="A,B", help=f"issue checks, {LIST_HELP} (all unless given)"),
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="use the first N usable rows in id order"),
        click.option(
            "--workspace", type=click.Path(path_type=Path), metavar="DIR", help="where results and decisions are kept"
        ),
        click.option(
            "--recipe", type=click.Path(path_type=Path), metavar="FILE", help="engines and parameters of an earlier run"
        ),
        click.option("--verify", is_flag=True, help="hash every file again, also those that look unchanged"),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="where the encoder runs"),
        click.option("--metric", type=click.Choice(["cosine", "euclidean"]), help="distance between vectors"),
        click.option("--seed", type=click.IntRange(min=0), help="seed of everything random (0 unless given)"),
        click.option("--threads", type=click.IntRange(min=1), help="processor threads to use"),
        click.option("--set", "settings", multiple=True, metavar="STAGE.PARAM=VALUE", help="a parameter of an engine"),
    ]
    for option in reversed(options):
        function = option(function)
    return function


SCREEN_MAPS = ("umap", "tsne", "pca")


def _open(sources: Sequence[str], *, maps: Sequence[str] = (), **given: Any) -> Any:
    """Make the Explorer that the options describe; ``maps`` are computed where neither option nor recipe names any."""
    from engines.recipe import parse_settings
    from explorer.opening import open as open_explorer

    given["id"] = given.pop("id_", None)
    given["settings"] = parse_settings(given.pop("settings", ()))
    if not given.get("projectors") and not given.get("recipe"):
        given["projectors"] = maps
    return open_explorer(list(sources), **{key: value for key, value in given.items() if value not in (None, ())})


def _json_out(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=True))


@click.group(cls=SourceFirst, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="dataset-explorer", prog_name="dataset-explorer")
def cli() -> None:
    """Map a data set, name its clusters, find its problems and export a clean subset.

    \b
    dataset-explorer demo            the bundled sample, in the browser
    dataset-explorer FOLDER          your pictures or vectors, in the browser
    """  # noqa: D301 - click reads the backspace as "do not wrap"


@cli.command("open")
@click.argument("sources", nargs=-1, required=True)
@common
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--port", type=click.IntRange(1, 65535), help="port to listen on (a free one unless given)")
@click.option("--no-browser", is_flag=True, help="do not open a browser, print the address only")
def open_command(*, sources: tuple[str, ...], host: str, port: int | None, no_browser: bool, **given: Any) -> None:
    """Open SOURCE in the browser at once and fill in as it computes."""
    from explorer.server import serve

    serve(_open(sources, maps=SCREEN_MAPS, **given), host=host, port=port, browser=not no_browser)


@cli.command()
@click.argument("name", required=False)
@common
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option("--port", type=click.IntRange(1, 65535), help="port to listen on (a free one unless given)")
@click.option("--no-browser", is_flag=True, help="do not open a browser, print the address only")
def demo(*, name: str | None, host: str, port: int | None, no_browser: bool, **given: Any) -> None:
    """Open the bundled sample NAME (the pictures unless given)."""
    import sample_data
    from explorer.server import serve

    known = sample_data.names()
    if name is not None and name not in known:
        raise UserError(f"there is no sample {name!r}", f"samples: {', '.join(known)}")
    source = str(sample_data.path(name or known[0]))
    serve(_open([source], maps=SCREEN_MAPS, **given), host=host, port=port, browser=not no_browser)


@cli.command()
@click.argument("sources", nargs=-1, required=True)
@common
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder for the tables")
@click.option("--apply", "apply", type=click.Path(path_type=Path), help="decisions (.jsonl) to show in the tables")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
def analyze(*, sources: tuple[str, ...], out: Path, apply: Path | None, as_json: bool, **given: Any) -> None:
    """Compute everything without a browser and write the tables to --out."""
    from explorer.report import require_usable, write_report

    explorer = _open(sources, **given)
    require_usable(out, explorer.sources)  # before anything is computed
    with Meter() as meter:
        explorer.analyze(progress=meter)
        decided = None
        if apply is not None:
            decided = explorer.decided(explorer.read_decisions(apply))
        summary = write_report(explorer, out, decided, meter)
    if as_json:
        _json_out(summary)
        return
    flagged = ", ".join(f"{count} {name}" for name, count in summary["issues"].items() if count) or "nothing"
    click.echo(f"{summary['rows']} rows, {summary['rejects']} rejects, {summary['clusters']} clusters; flagged: {flagged}")
    click.echo(f"tables in {summary['out']}")


@cli.command()
@click.argument("sources", nargs=-1, required=True)
@common
@click.option("--to", "to", required=True, type=click.Path(path_type=Path), help="folder that the export makes")
@click.option(
    "--format", "format_", default="folder", show_default=True, help="folder, csv, parquet, jsonl, ...: see `engines`"
)
@click.option(
    "--link",
    type=click.Choice(["copy", "hardlink", "symlink"]),
    default="copy",
    show_default=True,
    help="how pictures get there",
)
@click.option("--where", metavar="SQL", help="export only rows for which this expression over the samples is true")
@click.option(
    "--apply", "apply", type=click.Path(path_type=Path), help="use these decisions (.jsonl) in place of the workspace's"
)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
def export(
    *,
    sources: tuple[str, ...],
    to: Path,
    format_: str,
    link: str,
    where: str | None,
    apply: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Write the rows that stay, with the record of every decision, into a new folder."""
    settings = given.pop("settings", ())
    of_format = [pair.removeprefix("export.") for pair in settings if pair.startswith("export.")]
    parameters = dict(pair.split("=", 1) for pair in of_format if "=" in pair)
    if len(parameters) < len(of_format):
        raise UserError("--set export.NAME has no value", "write export.NAME=value, as in export.shard_mb=100")
    from engines.export.target import require_free
    from engines.recipe import registry

    explorer = _open(sources, settings=[pair for pair in settings if not pair.startswith("export.")], **given)
    registry("export").load(format_)  # before anything is computed
    require_free(to.expanduser(), explorer.sources)
    with Meter() as meter:
        explorer.analyze(progress=meter)
        options = {"format": format_, "link": link, "where": where, "apply": apply, "parameters": parameters}
        summary = explorer.export(to, progress=meter, **options)
    if as_json:
        _json_out(summary)
        return
    click.echo(f"{summary['rows_out']} of {summary['rows_in']} rows exported to {summary['to']}")


@cli.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--workspace", type=click.Path(path_type=Path), metavar="DIR", help="where results and decisions are kept")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object a line")
def decisions(sources: tuple[str, ...], workspace: Path | None, as_json: bool) -> None:
    """List what was decided about SOURCES, oldest first."""
    explorer = _open(sources, workspace=workspace)
    for decision in explorer.log.entries():
        if as_json:
            click.echo(decision.to_line())
        else:
            click.echo(f"{decision.seq:>5}  {decision.time}  {decision.who}  {explorer.describe(decision)}")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
def engines(as_json: bool) -> None:
    """List the engines of every stage: what is available, what is missing and how to get it."""
    from explorer.listing import engine_table

    table = engine_table()
    if as_json:
        _json_out(table)
        return
    stage = ""
    for row in table:
        if row["stage"] != stage:
            stage = row["stage"]
            click.echo(click.style(stage, bold=True))
        mark = " " if row["available"] else "-"
        kind = f"{row['modality']}: " if row["modality"] else ""
        click.echo(f" {mark} {row['name']:<22} {kind}{row['summary']}")
        if not row["available"]:
            click.echo(f"   {'':<22} missing: {', '.join(row['missing'])}; get it with: {row['install']}")


@cli.group()
def workspace() -> None:
    """Look at what is kept on disk, and delete it."""


@workspace.command("list")
@click.option("--workspace", "base", type=click.Path(path_type=Path), metavar="DIR", help="the folder of all workspaces")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object on stdout")
def list_command(base: Path | None, as_json: bool) -> None:
    """List the workspaces with source, size and whether they hold decisions."""
    from explorer.workspace import base_folder, listed

    found = listed(base)
    if as_json:
        _json_out(
            [
                {"folder": str(w.folder), "source": w.source, "opened": w.opened, "bytes": w.size, "decisions": w.decided}
                for w in found
            ]
        )
        return
    for item in found:
        decided = "with decisions" if item.decided else ""
        click.echo(f"{item.size / 1e6:>10.1f} MB  {item.opened:<26} {item.source}  {decided}\n{'':>15}{item.folder}")
    click.echo(f"{len(found)} in {base_folder(base)}")


@workspace.command()
@click.argument("source")
@click.option("--workspace", "base", type=click.Path(path_type=Path), metavar="DIR", help="the folder of all workspaces")
def prune(source: str, base: Path | None) -> None:
    """Remove what can be computed again for SOURCE; decisions stay."""
    from explorer import workspace as spaces

    freed = spaces.prune(spaces.find_workspace(Path(source), base))
    click.echo(f"freed {freed / 1e6:.1f} MB; decisions were kept")


@workspace.command()
@click.argument("source")
@click.option("--workspace", "base", type=click.Path(path_type=Path), metavar="DIR", help="the folder of all workspaces")
@click.option("--yes", is_flag=True, help="do not ask")
def delete(source: str, base: Path | None, yes: bool) -> None:
    """Remove the whole workspace of SOURCE, decisions included."""
    from explorer import workspace as spaces

    found = spaces.find_workspace(Path(source), base)
    if not yes:
        click.confirm(f"remove {found.folder} with all decisions?", abort=True)
    spaces.delete(found)
    click.echo(f"removed {found.folder}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit code: 0 done, 1 a bug, 2 the person's mistake, 3 environment, 130 cancelled."""
    try:
        result = cli.main(args=arguments, prog_name="dataset-explorer", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        return fail("cancelled", "", Cancelled.exit_code)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except DatasetExplorerError as error:
        return fail(error.message, error.hint, error.exit_code)
    except KeyboardInterrupt:
        return fail("cancelled", "", Cancelled.exit_code)
    except MemoryError:
        return fail("out of memory", "try --limit", 3)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - the reader has gone; nothing is left to say
        return 0
    except OSError as error:
        said = f"{error.filename or ''} {error.strerror or error}".strip()
        return fail(said, "look at that file or folder, and at the room on its disk", 3)
    except Exception as error:
        if os.environ.get("DATASET_EXPLORER_DEBUG"):
            raise
        return fail(f"a bug: {type(error).__name__}: {error}", "set DATASET_EXPLORER_DEBUG=1 to see where", 1)


if __name__ == "__main__":
    sys.exit(main())
