"""Arguments of calls, each changed to what the engine does not mean."""

from __future__ import annotations

from machine import Mutation


def _more(value: int) -> int:
    return value + 0x1_0000


def _odd(value: int) -> int:
    return value + 8


def _other(value: int) -> int:
    return value ^ 1


def _without_copy(protection: int) -> int:
    return protection & ~0x10


def _writable(protection: int) -> int:
    return protection | 2


def _not_executable(protection: int) -> int:
    return protection & ~4


def _without_overwrite(flags: int) -> int:
    return flags & ~0x4000


def _anywhere(flags: int) -> int:
    return flags | 1


def _nothing(value: int) -> int:
    return 0


_CHANGES = {
    "mach_vm_allocate": [(0, _other), (2, _odd), (3, _other)],
    "mach_vm_deallocate": [(0, _other), (1, _odd), (2, _more)],
    "mach_vm_protect": [
        (0, _other),
        (1, _odd),
        (1, _more),
        (2, _more),
        (2, _nothing),
        (3, _other),
        (4, _without_copy),
        (4, _writable),
        (4, _not_executable),
    ],
    "mach_vm_remap": [
        (0, _other),
        (2, _more),
        (2, _nothing),
        (3, _other),
        (4, _without_overwrite),
        (4, _anywhere),
        (5, _other),
        (6, _odd),
        (7, _other),
        (10, _nothing),
    ],
    "mach_vm_region_recurse": [(0, _other), (1, _odd), (3, _odd)],
    "mach_vm_read_overwrite": [(0, _other), (1, _more), (2, _odd)],
    "sys_icache_invalidate": [(0, _more), (1, _nothing)],
    "task_threads": [(0, _other)],
    "thread_suspend": [(0, _odd)],
    "thread_resume": [(0, _odd)],
    "thread_get_state": [(0, _odd), (1, _other), (3, _odd)],
    "thread_set_state": [(0, _odd), (1, _other), (2, _odd), (3, _other)],
    "mach_port_deallocate": [(0, _other), (1, _odd)],
    "csops": [(0, _other), (1, _other), (3, _odd)],
}

MUTATIONS: dict[str, Mutation] = {
    f"{call}, argument {index}, {change.__name__.strip('_<>')}": (call, index, change)
    for call, changes in _CHANGES.items()
    for index, change in changes
}
assert len(MUTATIONS) == sum(len(changes) for changes in _CHANGES.values()), "two have one name"
