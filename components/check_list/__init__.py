"""The list of checks with how much each has found, and why some did not run."""

from components.check_list.face import CheckItem, CheckListData, check_list, example

__all__ = ["CheckItem", "CheckListData", "check_list", "example"]
