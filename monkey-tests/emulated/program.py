"""The library's file, read once: its pages as they are when it is loaded, but for what the loader fills in for each process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lief

from memory import Failure

IMAGE = 0x1_0000_0000  # where it is loaded


@dataclass(frozen=True)
class Segment:
    name: str
    start: int
    size: int
    content: bytes


@dataclass(frozen=True)
class Program:
    path: Path
    architecture: str
    segments: list[Segment]
    bindings: list[tuple[int, str]]  # where the address of an import goes
    symbols: dict[str, int]
    initial_locals: bytes  # of a thread's variables
    initialisers: list[int]

    def text(self) -> tuple[int, int]:
        segment = next(segment for segment in self.segments if segment.name == "__TEXT")
        return segment.start, segment.start + segment.size


def read(path: Path) -> Program:
    lief.logging.disable()  # it does not know the linker's signature
    fat = lief.MachO.parse(str(path))
    binary = fat.at(0) if fat else None
    if binary is None:
        raise Failure(f"{path} is no Mach-O file")
    moved = {segment.name: bytearray(segment.content) for segment in binary.segments}
    for place in binary.relocations:
        _rebase(moved[place.segment.name], place.address - place.segment.virtual_address)
    segments = [
        Segment(segment.name, IMAGE + segment.virtual_address, segment.virtual_size, bytes(moved[segment.name]))
        for segment in binary.segments
    ]
    return Program(
        path,
        "aarch64" if binary.header.cpu_type.name == "ARM64" else "x86_64",
        segments,
        [(IMAGE + binding.address, binding.symbol.name) for binding in binary.bindings],
        {symbol.name: IMAGE + symbol.value for symbol in binary.symbols if symbol.value},
        _locals(binary, segments),
        _initialisers(binary, segments),
    )


def _rebase(content: bytearray, at: int) -> None:
    content[at : at + 8] = (int.from_bytes(content[at : at + 8], "little") + IMAGE).to_bytes(8, "little")


def _sections(binary, *kinds: str) -> list[tuple[int, int]]:
    sections = (section for section in binary.sections if section.type.name in kinds)
    return [(IMAGE + section.virtual_address, section.size) for section in sections]


def _content(segments: list[Segment], start: int, end: int) -> bytes:
    segment = next(segment for segment in segments if segment.start <= start < segment.start + segment.size)
    return segment.content[start - segment.start : end - segment.start].ljust(end - start, b"\0")


def _locals(binary, segments: list[Segment]) -> bytes:
    parts = _sections(binary, "THREAD_LOCAL_REGULAR", "THREAD_LOCAL_ZEROFILL")
    return _content(segments, min(start for start, _ in parts), max(start + size for start, size in parts))


def _initialisers(binary, segments: list[Segment]) -> list[int]:
    content = b"".join(
        _content(segments, start, start + size) for start, size in _sections(binary, "MOD_INIT_FUNC_POINTERS")
    )
    return [int.from_bytes(content[at : at + 8], "little") for at in range(0, len(content), 8)]
