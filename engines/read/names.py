"""What a file name tells before any file is opened: its id as text, whether it is junk, whether it may be a picture."""

from __future__ import annotations

import re

PICTURE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".avif", ".bmp", ".dib", ".tif", ".tiff"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".ico", ".cur", ".icns", ".jp2", ".j2k", ".jpx", ".jpc", ".tga", ".pcx"),
        *(".dds", ".sgi", ".rgb", ".qoi", ".mpo", ".psd", ".xbm", ".xpm"),
    }
)
OTHER_SUFFIXES = frozenset(
    {
        *(
            ".txt",
            ".md",
            ".rst",
            ".csv",
            ".tsv",
            ".json",
            ".jsonl",
            ".ndjson",
            ".parquet",
            ".arrow",
            ".feather",
            ".xml",
            ".yaml",
        ),
        *(".yml", ".toml", ".ini", ".cfg", ".html", ".htm", ".css", ".js", ".svg", ".svgz", ".eps", ".ps", ".pdf", ".ai"),
        *(".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".zip", ".gz", ".tar", ".tgz", ".7z", ".rar", ".bz2"),
        *(".xz", ".zst", ".py", ".ipynb", ".sh", ".c", ".cpp", ".h", ".java", ".m", ".mat", ".r", ".log", ".npy", ".npz"),
        *(".pkl", ".pt", ".pth", ".h5", ".hdf5", ".db", ".sqlite", ".mp3", ".wav", ".flac", ".ogg", ".mp4", ".mov", ".avi"),
        *(".mkv", ".webm", ".exe", ".dll", ".so", ".bak", ".tmp", ".part", ".crdownload", ".lock", ".sha256", ".md5"),
    }
)
JUNK = frozenset(
    {
        *(b".ds_store", b"thumbs.db", b"ehthumbs.db", b"desktop.ini", b"__macosx", b".ipynb_checkpoints", b"@eadir"),
        *(b".localized", b"icon\r", b"$recycle.bin", b"system volume information", b"lost+found"),
    }
)
MAGIC: tuple[tuple[bytes, int], ...] = (
    (b"\xff\xd8\xff", 0),
    (b"\x89PNG\r\n\x1a\n", 0),
    (b"GIF87a", 0),
    (b"GIF89a", 0),
    (b"WEBP", 8),
    (b"ftypavif", 4),
    (b"ftypavis", 4),
    (b"II*\x00", 0),
    (b"MM\x00*", 0),
    (b"\x00\x00\x00\x0cjP  ", 0),
    (b"\xff\x4f\xff\x51", 0),
    (b"qoif", 0),
    (b"DDS ", 0),
    (b"icns", 0),
)
MAGIC_LENGTH = 32

_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


def escape(raw: bytes) -> str:
    r"""Give raw path bytes as text: UTF-8 where they are, ``\xNN`` for other bytes and for the backslash itself.

    Two different paths never give the same text (``unescape`` is the inverse), and the text is never normalized.
    """
    safe = raw.replace(b"\\", b"\\x5c") if b"\\" in raw else raw
    return safe.decode("utf-8", "backslashreplace")


def unescape(text: str) -> bytes:
    """Give the raw bytes of an escaped path."""
    pieces = _ESCAPED.split(text)
    return b"".join(bytes([int(piece, 16)]) if number % 2 else piece.encode("utf-8") for number, piece in enumerate(pieces))


def is_junk(name: bytes) -> bool:
    """Tell whether an operating system or a program left this file or folder, not a person."""
    return name.lower() in JUNK or name.startswith(b"._") or name.endswith(b"~")


def suffix_of(name: bytes) -> str:
    """Give the suffix with its dot in lower case, or an empty text."""
    stem, dot, suffix = name.rpartition(b".")
    return "." + suffix.decode("utf-8", "backslashreplace").lower() if dot and stem else ""


def looks_like_picture(head: bytes) -> bool:
    """Tell by the first ``MAGIC_LENGTH`` bytes whether a file of unknown suffix may be a picture."""
    if any(head[at : at + len(magic)] == magic for magic, at in MAGIC):
        return True
    return head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00"
