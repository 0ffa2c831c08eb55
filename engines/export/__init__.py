"""Stage export: how do the rows that stay, with what was decided, become files of their own?"""

from __future__ import annotations

from engines.export.fitting import fitting, require_fitting
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
        "table": Entry(
            "engines.export.table:TableExporter",
            "the table that was read, corrected: its own format, columns and order (CSV, TSV, JSON, Parquet, Arrow, Feather)",
        ),
        "csv": Entry("engines.export.text:CsvExporter", "samples.csv, one row per sample, safe to open in a spreadsheet"),
        "parquet": Entry("engines.export.parquet:ParquetExporter", "samples.parquet, one row per sample, types kept"),
        "jsonl": Entry("engines.export.text:JsonlExporter", "samples.jsonl, one JSON object per sample"),
        "hf": Entry(
            "engines.export.huggingface:HuggingFaceExporter",
            "a folder for datasets.load_dataset: Parquet files per split, pictures inside, labels as ClassLabel",
        ),
        "webdataset": Entry(
            "engines.export.webdataset:WebDatasetExporter",
            "tar files per split with key.jpg, key.cls and key.json, for streaming",
        ),
        "coco": Entry("engines.export.coco:CocoExporter", "the pictures of a COCO source with its annotation files, corrected"),
        "yolo": Entry(
            "engines.export.yolo:YoloExporter",
            "a YOLO source with its labels, corrected; other pictures as folders of classes for training",
        ),
    },
)

__all__ = ["ENGINES", "RECORD", "Plan", "export", "fitting", "plan", "require_fitting"]
