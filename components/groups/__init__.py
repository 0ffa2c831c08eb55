"""Groups of alike items side by side, with the one to keep."""

from components.groups.face import Group, GroupsData, Handlers, Member, Run, example, groups

__all__ = ["Group", "GroupsData", "Handlers", "Member", "Run", "example", "groups"]
