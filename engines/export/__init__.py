"""Stage export: how do the rows that stay, with what was decided, become files of their own?"""

from __future__ import annotations

from engines.export.plan import Plan, plan
from engines.export.write import RECORD, export
from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="export",
    table={
        "folder": Entry(
            "engines.export.folder:FolderExporter",
            "a folder per split and class with the pictures, and metadata.csv beside them",
        ),
        "csv": Entry("engines.export.text:CsvExporter", "samples.csv, one row per sample, safe to open in a spreadsheet"),
        "parquet": Entry("engines.export.parquet:ParquetExporter", "samples.parquet, one row per sample, types kept"),
        "jsonl": Entry("engines.export.text:JsonlExporter", "samples.jsonl, one JSON object per sample"),
    },
)

__all__ = ["ENGINES", "RECORD", "Plan", "export", "plan"]
