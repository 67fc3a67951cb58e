"""A model of the calls of macOS's kernel that the engine makes. Arguments that the kernel would bear with, but that are not what the
engine means, are failures as well: each call has to be right in every argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType

from memory import ALL, EXECUTE, READ, WRITE, Failure, Memory, Region
from processor import Architecture

Int = NewType("Int", int)  # a parameter of 32 bits

SUCCESS, INVALID_ADDRESS, PROTECTION_FAILURE, NO_SPACE, INVALID_ARGUMENT = range(5)
COPY = 0x10  # VM_PROT_COPY
FIXED, ANYWHERE, OVERWRITE = 0, 1, 0x4000
INHERIT_COPY = 1
TASK = 0x203
CS_HARD, CS_KILL, CS_RUNTIME = 0x100, 0x200, 0x1_0000
SHORT_INFORMATION = 12  # VM_REGION_SUBMAP_SHORT_INFO_COUNT_64
HIGHEST = 0x7FFF_FE00_0000


@dataclass
class Policy:
    """What the kernel refuses."""

    copy: bool = True  # whether VM_PROT_COPY makes text writable
    remap: bool = True  # whether pages may be mapped over text
    allocate: bool = True  # whether anonymous memory may become executable
    flags: int = 0  # of the program's signature


@dataclass
class Thread:
    """Another thread. It runs whenever it is not suspended; where it stands does not change meanwhile."""

    port: int
    structure: int  # its `pthread_t`
    state: bytes
    suspended: int = 0
    listed_from: int = 1  # the first listing that it is in: it is being started meanwhile


@dataclass
class Kernel:
    architecture: Architecture
    memory: Memory
    program: tuple[int, int]  # from where to where it has its code
    policy: Policy = field(default_factory=Policy)
    threads: list[Thread] = field(default_factory=list)
    own_port: int = 0x103
    rights: dict[int, int] = field(default_factory=dict)
    listings: int = 0
    next_address: int = 0x5_0000_0000
    fixed: list[tuple[int, int]] = field(default_factory=list)  # what was taken at a certain place
    opened: dict[int, bytes] = field(default_factory=dict)  # what was on pages of code that can be written
    lists: dict[int, int] = field(default_factory=dict)  # threads' lists that were not given back

    # What is checked at each step

    def stopped(self) -> bool:
        return any(thread.suspended for thread in self.threads)

    def running(self) -> list[Thread]:
        return [thread for thread in self.threads if not thread.suspended and thread.listed_from <= self.listings + 1]

    def _expect(self, right: bool, what: str) -> None:
        if not right:
            raise Failure(what)

    def _is_whole(self, start: int, size: int) -> bool:
        page = self.memory.page
        return start % page == 0 and size % page == 0 and size > 0

    def check_threads(self) -> None:
        """No thread that runs may stand on a page that does not."""
        for thread in self.running():
            at = self.architecture.stands_at(thread.state)
            region = self.memory.find(at)
            runs = region is not None and region.protection & EXECUTE
            self._expect(bool(runs), f"a thread that runs is at {at:#x}, on a page that does not")

    def check_change(self, before: bytes, start: int) -> None:
        """The program's code changes under threads that run only in one store, and only where none stands in the middle."""
        after = self.memory.read(start, len(before))
        changed = [start + at for at in range(len(before)) if before[at] != after[at]]
        if not changed or not self.running() or not self.program[0] <= start < self.program[1]:
            return
        self._expect(changed[0] // 8 == changed[-1] // 8, "code changes in several steps while threads run")
        stand = [self.architecture.stands_at(thread.state) for thread in self.running()]
        self._expect(not any(changed[0] < at <= changed[-1] for at in stand), "code changes under a thread that stands in it")

    def check_end(self) -> None:
        self._expect(not self.stopped(), "threads stay suspended")
        owed = {port: count for port, count in self.rights.items() if count}
        self._expect(not owed, f"rights to ports are not given back: {owed}")
        self._expect(not self.opened, "code stays writable")
        self._expect(not self.lists, "a list of threads is not given back")

    # Pages

    def mach_vm_allocate(self, task: Int, into: int, size: int, flags: Int) -> int:
        self._expect(task == TASK, "mach_vm_allocate: another task's")
        self._expect(flags in (FIXED, ANYWHERE), f"mach_vm_allocate: flags {flags:#x}")
        start = self.memory.word(into) if flags == FIXED else self._free(size)
        self._expect(self._is_whole(start, size), f"mach_vm_allocate of {size:#x} at {start:#x}: not whole pages")
        end = start + size
        if self.memory.overlaps(start, end) or end > HIGHEST:
            return NO_SPACE
        self.memory.map(Region(start, end, READ | WRITE, ALL))
        if flags == FIXED:
            self.fixed.append((start, size))
        self.memory.set_word(into, start)
        return SUCCESS

    def _free(self, size: int) -> int:
        while self.memory.overlaps(self.next_address, self.next_address + size):
            self.next_address += self.memory.page
        start = self.next_address + self.memory.page
        self.next_address = start + -(-size // self.memory.page) * self.memory.page + self.memory.page
        return start

    def stack(self) -> int:
        """A thread's stack: pages of their own, with nothing beside them. What it points at."""
        size = 4 * self.memory.page
        start = self._free(size)
        self.memory.map(Region(start, start + size, READ | WRITE, ALL))
        return start + size - 0x800

    def mach_vm_deallocate(self, task: Int, start: int, size: int) -> int:
        self._expect(task == TASK, "mach_vm_deallocate: another task's")
        if start in self.lists:
            self._expect(self.lists.pop(start) == size, "mach_vm_deallocate: not the size of the list of threads")
            size = self.memory.page
        self._expect(self._is_whole(start, size), f"mach_vm_deallocate of {size:#x} at {start:#x}: not whole pages")
        self._expect(self.memory.covers(start, start + size), "mach_vm_deallocate of what is not mapped")
        self.memory.unmap(start, start + size)
        return SUCCESS

    def mach_vm_protect(self, task: Int, start: int, size: int, most: Int, protection: Int) -> int:
        self._expect(task == TASK, "mach_vm_protect: another task's")
        self._expect(most == 0, "mach_vm_protect: the maximum is to change")
        self._expect(self._is_whole(start, size), f"mach_vm_protect of {size:#x} at {start:#x}: not whole pages")
        end, wanted = start + size, protection & ALL
        self._expect(protection & ~(ALL | COPY) == 0, f"mach_vm_protect: {protection:#x} is no protection")
        if not self.memory.covers(start, end):
            return INVALID_ADDRESS
        if self._refuses(start, end, protection):
            return PROTECTION_FAILURE
        self._note_opened(start, end, wanted)
        self.memory.protect(start, end, wanted, WRITE if protection & COPY else 0)
        self.check_threads()
        if wanted & EXECUTE and start in self.opened:
            self.check_change(self.opened.pop(start), start)
        return SUCCESS

    def _note_opened(self, start: int, end: int, wanted: int) -> None:
        """While code can be written it does not run: nobody else may, who could come by."""
        region = self.memory.find(start)
        if region is not None and region.protection & EXECUTE and not wanted & EXECUTE:
            self._expect(not self.running(), "a page of code does not run, and other threads do")
            self.opened[start] = self.memory.read(start, end - start)

    def _refuses(self, start: int, end: int, protection: int) -> bool:
        pages = [region for region in self.memory.regions if region.start < end and start < region.end]
        text = any(not region.most & WRITE for region in pages)
        if protection & WRITE and protection & EXECUTE and self.architecture.name == "aarch64":
            return True
        if protection & COPY:
            return not self.policy.copy
        if protection & WRITE and text:
            return True
        anonymous = any(region.most == ALL and not region.protection & EXECUTE for region in pages)
        return bool(protection & EXECUTE) and anonymous and not self.policy.allocate

    def mach_vm_remap(
        self,
        task: Int,
        into: int,
        size: int,
        mask: int,
        flags: Int,
        source_task: Int,
        source: int,
        copy: Int,
        current: int,
        most: int,
        inheritance: Int,
    ) -> int:
        start = self.memory.word(into)
        self._expect(task == TASK and source_task == TASK, "mach_vm_remap: another task's")
        self._expect(self._is_whole(start, size), f"mach_vm_remap of {size:#x} to {start:#x}: not whole pages")
        self._expect(source % self.memory.page == 0, f"mach_vm_remap from {source:#x}: no page begins there")
        self._expect(mask == 0 and inheritance == INHERIT_COPY and copy == 0, "mach_vm_remap: mask, inheritance or copy")
        if not flags & ANYWHERE and not flags & OVERWRITE and self.memory.overlaps(start, start + size):
            return NO_SPACE
        self._expect(flags == FIXED | OVERWRITE, f"mach_vm_remap: flags {flags:#x}")
        if not self.memory.covers(source, source + size):
            return INVALID_ADDRESS
        if not self.policy.remap:
            return PROTECTION_FAILURE
        self._map_over(start, source, size)
        region = self.memory.find(start)
        self.memory.set_word(current, region.protection if region else 0, 4)
        self.memory.set_word(most, region.most if region else 0, 4)
        return SUCCESS

    def _map_over(self, start: int, source: int, size: int) -> None:
        """The pages of a place come to another, with their protections, in one step."""
        before = self.memory.read(start, size)
        region = self.memory.find(source)
        assert region is not None
        self._expect(region.end >= source + size, "mach_vm_remap: from pages that are not alike")
        self.memory.write(start, self.memory.read(source, size))
        self.memory.protect(start, start + size, region.protection, region.most)
        self.check_threads()
        self.check_change(before, start)

    def mach_vm_region_recurse(self, task: Int, into: int, size: int, depth: int, information: int, count: int) -> int:
        """From the region around an address, or the next behind it. What is shared is told of as one, at the depth 0."""
        memory = self.memory
        self._expect(task == TASK, "mach_vm_region_recurse: another task's")
        self._expect(memory.word(count) & 0xFFFF_FFFF >= SHORT_INFORMATION, "mach_vm_region_recurse: no room for what it tells")
        address, wanted = memory.word(into), memory.word(depth) & 0xFFFF_FFFF
        found = next((region for region in memory.regions if region.end > address), None)
        if found is None:
            return INVALID_ADDRESS
        submap = found.shared and wanted == 0
        shown = self._whole_submap(found) if submap else found
        memory.set_word(into, shown.start)
        memory.set_word(size, shown.end - shown.start)
        memory.set_word(depth, min(wanted, int(found.shared)), 4)
        memory.write(information, bytes(4 * SHORT_INFORMATION))
        memory.set_word(information, shown.protection, 4)
        memory.set_word(information + 4, shown.most, 4)
        memory.set_word(information + 32, int(submap), 4)
        return SUCCESS

    def _whole_submap(self, part: Region) -> Region:
        parts = [region for region in self.memory.regions if region.shared]
        return Region(parts[0].start, parts[-1].end, READ, READ)

    def mach_vm_read_overwrite(self, task: Int, address: int, size: int, into: int, read: int) -> int:
        self._expect(task == TASK, "mach_vm_read_overwrite: another task's")
        first, last = self.memory.find(address), self.memory.find(address + size - 1)
        if not (first and last and first.protection & last.protection & READ):
            return INVALID_ADDRESS
        self.memory.write(into, self.memory.read(address, size))
        self.memory.set_word(read, size)
        return SUCCESS

    def sys_icache_invalidate(self, start: int, size: int) -> None:
        self.memory.flush(start, size)

    # Threads

    def mach_thread_self(self) -> int:
        self.rights[self.own_port] = self.rights.get(self.own_port, 0) + 1
        return self.own_port

    def mach_port_deallocate(self, task: Int, port: Int) -> int:
        self._expect(task == TASK, "mach_port_deallocate: another task's")
        self._expect(self.rights.get(port, 0) > 0, f"mach_port_deallocate of {port:#x}, to which there is no right")
        self.rights[port] -= 1
        return SUCCESS

    def task_threads(self, task: Int, into: int, count: int) -> int:
        self._expect(task == TASK, "task_threads: another task's")
        self.listings += 1
        ports = [self.own_port, *(thread.port for thread in self.threads if thread.listed_from <= self.listings)]
        start = self._free(self.memory.page)
        self.memory.map(Region(start, start + self.memory.page, READ | WRITE, ALL))
        self.memory.write(start, b"".join(port.to_bytes(4, "little") for port in ports))
        self.lists[start] = 4 * len(ports)
        for port in ports:
            self.rights[port] = self.rights.get(port, 0) + 1
        self.memory.set_word(into, start)
        self.memory.set_word(count, len(ports), 4)
        return SUCCESS

    def _thread(self, port: int) -> Thread:
        found = next((thread for thread in self.threads if thread.port == port), None)
        if found is None or not self.rights.get(port):
            raise Failure(f"the port {port:#x} is no other thread's")
        return found

    def thread_suspend(self, port: Int) -> int:
        self._thread(port).suspended += 1
        return SUCCESS

    def thread_resume(self, port: Int) -> int:
        thread = self._thread(port)
        self._expect(thread.suspended > 0, "thread_resume of a thread that is not suspended")
        thread.suspended -= 1
        self.check_threads()
        return SUCCESS

    def _state_of(self, port: int, flavour: int, count: int) -> Thread:
        thread = self._thread(port)
        self._expect(thread.suspended > 0, "the state of a thread that runs")
        self._expect(flavour == self.architecture.flavour, f"the flavour {flavour} of a thread's state")
        self._expect(count == self.architecture.state_words, f"{count} words for a thread's state")
        return thread

    def thread_get_state(self, port: Int, flavour: Int, into: int, count: int) -> int:
        thread = self._state_of(port, flavour, self.memory.word(count) & 0xFFFF_FFFF)
        self.memory.write(into, thread.state)
        return SUCCESS

    def thread_set_state(self, port: Int, flavour: Int, state: int, count: Int) -> int:
        thread = self._state_of(port, flavour, count)
        thread.state = self.memory.read(state, len(thread.state))
        return SUCCESS

    def csops(self, process: Int, operation: Int, into: int, size: int) -> int:
        self._expect((process, operation, size) == (PROCESS, 0, 4), "csops: not the flags of this process")
        self.memory.set_word(into, self.policy.flags, 4)
        return 0

    def proc_pidinfo(self, process: Int, flavour: Int, argument: int, into: int, size: Int) -> int:
        return 0


PROCESS = 4711
