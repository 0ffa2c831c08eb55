"""The errors that engines raise on purpose; anything else that escapes is a bug.

::

    DatasetExplorerError          carries a message and a hint of what to do; exit code 1
    ├── UserError                 the person's mistake                      exit code 2
    │   ├── SourceError           the source cannot be read as a data set
    │   ├── ParameterError        a parameter or a name of an engine is wrong
    │   ├── DecisionError         a decision that does not fit the data set or the log
    │   └── ExportError           the target of an export cannot be used
    ├── EnvironmentFault          disk, memory, permission, a missing package   exit code 3
    │   ├── MissingPackage        an engine needs a package that is not installed
    │   └── WorkerCrashed         a worker process died (killed, out of memory, segmentation fault)
    └── Cancelled                 a person stopped the work                 exit code 130
"""

from __future__ import annotations


class DatasetExplorerError(Exception):
    """Say what happened to which thing (``message``) and what to do about it (``hint``)."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UserError(DatasetExplorerError):
    """Report a mistake that the person can mend."""

    exit_code = 2


class SourceError(UserError):
    """Report a source that cannot be read as a data set."""


class ParameterError(UserError):
    """Report a parameter, or the name of an engine, that is wrong."""


class DecisionError(UserError):
    """Report a decision that does not fit the data set or the log."""


class ExportError(UserError):
    """Report an export target that cannot be used."""


class EnvironmentFault(DatasetExplorerError):
    """Report a fault of the machine: disk, memory, permission, a missing package."""

    exit_code = 3


class MissingPackage(EnvironmentFault):
    """Report that an engine needs a package that is not installed."""


class WorkerCrashed(EnvironmentFault):
    """Report that a worker process died without an answer."""


class Cancelled(DatasetExplorerError):
    """Stop the work because a person asked for it; raised from ``progress``."""

    exit_code = 130

    def __init__(self, message: str = "cancelled", hint: str = "") -> None:
        super().__init__(message, hint)
