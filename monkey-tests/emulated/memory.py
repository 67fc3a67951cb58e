"""The process's memory: regions with protections, and what the processor's instruction fetch has seen of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

READ, WRITE, EXECUTE = 1, 2, 4
ALL = READ | WRITE | EXECUTE


class Failure(Exception):
    """A case fails: the engine did what it must not, or not what it must."""


@dataclass(frozen=True)
class Region:
    """Pages with one protection. `shared`: a part of what all processes share, a map within the map."""

    start: int
    end: int
    protection: int
    most: int
    shared: bool = False
    reserved: bool = False


class Memory:
    """Pages in the emulator, which enforces what may be done with them."""

    def __init__(self, uc, page: int):
        self.uc = uc
        self.page = page
        self.regions: list[Region] = []
        # What instruction fetch sees of pages that were executable once: what they had when their caches were flushed last.
        self.fetched: dict[int, bytes] = {}

    def map(self, region: Region) -> None:
        if self.overlaps(region.start, region.end):
            raise Failure(f"the model maps {region.start:#x} twice")
        if not region.reserved:
            self.uc.mem_map(region.start, region.end - region.start, region.protection)
        self.regions = sorted([*self.regions, region], key=lambda region: region.start)
        self._note_executable(region)

    def unmap(self, start: int, end: int) -> None:
        self._split(start, end)
        for region in self.within(start, end):
            self.uc.mem_unmap(region.start, region.end - region.start)
            self.regions.remove(region)
        for page in range(start, end, self.page):
            self.fetched.pop(page, None)

    def protect(self, start: int, end: int, protection: int, most: int) -> None:
        self._split(start, end)
        for region in self.within(start, end):
            changed = replace(region, protection=protection, most=region.most | most)
            self.regions[self.regions.index(region)] = changed
            self.uc.mem_protect(region.start, region.end - region.start, protection)
            self._note_executable(changed)

    def _note_executable(self, region: Region) -> None:
        if region.protection & EXECUTE and not region.reserved:
            for page in range(region.start, region.end, self.page):
                self.fetched.setdefault(page, bytes(self.uc.mem_read(page, self.page)))

    def _split(self, start: int, end: int) -> None:
        for cut in (start, end):
            for region in [region for region in self.regions if region.start < cut < region.end]:
                at = self.regions.index(region)
                self.regions[at : at + 1] = [replace(region, end=cut), replace(region, start=cut)]

    def within(self, start: int, end: int) -> list[Region]:
        return [region for region in self.regions if start <= region.start and region.end <= end]

    def overlaps(self, start: int, end: int) -> bool:
        return any(region.start < end and start < region.end for region in self.regions)

    def covers(self, start: int, end: int) -> bool:
        """Whether every page from one address to another is mapped."""
        at = start
        for region in self.regions:
            if region.start <= at < region.end and not region.reserved:
                at = region.end
        return at >= end

    def find(self, address: int) -> Region | None:
        return next((region for region in self.regions if region.start <= address < region.end), None)

    def protections(self, keep: Callable[[Region], bool]) -> list[tuple[int, int, int]]:
        """Who may do what, neighbours that are alike taken together."""
        joined: list[tuple[int, int, int]] = []
        for region in filter(keep, self.regions):
            if joined and joined[-1][1:] == (region.start, region.protection):
                joined[-1] = (joined[-1][0], region.end, region.protection)
            else:
                joined.append((region.start, region.end, region.protection))
        return joined

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.uc.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        self.uc.mem_write(address, data)
        self.uc.ctl_remove_cache(address, address + max(len(data), 1))

    def word(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def set_word(self, address: int, value: int, size: int = 8) -> None:
        self.write(address, (value % (1 << 8 * size)).to_bytes(size, "little"))

    def text(self, address: int) -> str:
        found = bytearray()
        while (byte := self.uc.mem_read(address + len(found), 1)[0]) != 0:
            found.append(byte)
        return found.decode()

    def flush(self, start: int, size: int) -> None:
        """Instruction fetch sees what is there now."""
        at = start
        while at < start + size:
            page = at - at % self.page
            end = min(start + size, page + self.page)
            if page in self.fetched:
                seen = bytearray(self.fetched[page])
                seen[at - page : end - page] = self.read(at, end - at)
                self.fetched[page] = bytes(seen)
            at = end

    def stale(self) -> int | None:
        """The first address where instruction fetch may still see what was there before."""
        for page, seen in self.fetched.items():
            region = self.find(page)
            if region is None or not region.protection & EXECUTE:
                continue
            now = self.read(page, self.page)
            if now != seen:
                return next(page + at for at in range(self.page) if now[at] != seen[at])
        return None
