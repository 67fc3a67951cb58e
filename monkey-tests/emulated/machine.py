"""The library in an emulator: loaded, its imports bound to the models, its functions called."""

from __future__ import annotations

import inspect
from typing import Callable

import unicorn

from kernel import TASK, Kernel, Policy, Thread
from library import Library
from memory import ALL, EXECUTE, READ, WRITE, Failure, Memory, Region
from processor import Architecture
from program import IMAGE, Program, Segment

STUBS = 0x1_8000_0000  # libSystem, in what all processes share
STACK = 0x2_0000_0000
STACK_SIZE = 0x80_0000
SLOT = 16
TIME = 300_000_000  # in microseconds; a call takes some hundred thousand of an idle machine, and many more of a loaded one
MOST_CALLS = 2000  # of the kernel, in a case; most make a hundred
SHARED = STUBS + 0x2_0000  # a function of the system's libraries, which gives 7
RETURN = {"aarch64": bytes.fromhex("C0035FD6"), "x86_64": b"\xC3"}
SEVEN = {"aarch64": bytes.fromhex("E0008052 C0035FD6"), "x86_64": bytes.fromhex("B807000000 C3")}
# Changes an argument of a call: the call's name, the argument's number, what it becomes.
Mutation = tuple[str, int, Callable[[int], int]]


class Machine:
    """A process in which the library is loaded."""

    def __init__(
        self,
        architecture: Architecture,
        program: Program,
        environment: dict[str, str] | None = None,
        mutation: Mutation | None = None,
    ):
        self.architecture = architecture
        self.uc = architecture.emulator()
        self.memory = Memory(self.uc, architecture.page)
        self.kernel = Kernel(architecture, self.memory, program.text())
        self.library = Library(self.kernel, program.path, environment or {})
        self.symbols = {**program.symbols, "_subject_library": SHARED}
        self.initial_locals = program.initial_locals
        self.mutation = mutation
        self.calls: list[tuple[str, tuple[int, ...]]] = []
        self.failure: Exception | None = None
        self.slots: list[str] = []
        for text in [b"errno", *(f"kernel's error {code}".encode() for code in range(8))]:
            self.library.keep(text)
        self._map_own()
        self._load(program)

    @property
    def policy(self) -> Policy:
        return self.kernel.policy

    # Loading

    def _map_own(self) -> None:
        self.memory.map(Region(STUBS, STUBS + 0x1_0000, READ | EXECUTE, READ | EXECUTE, shared=True))
        self.memory.map(Region(STUBS + 0x1_0000, STUBS + 0x2_0000, READ | WRITE, READ | WRITE, shared=True))
        self.memory.map(Region(STACK, STACK + STACK_SIZE, READ | WRITE, ALL))
        self.memory.map(Region(SHARED, SHARED + 0x1_0000, READ | EXECUTE, READ | EXECUTE, shared=True))
        self.memory.write(SHARED, SEVEN[self.architecture.name])
        self.memory.flush(SHARED, SLOT)
        code = RETURN[self.architecture.name].ljust(SLOT, b"\0") * (0x1_0000 // SLOT)
        self.memory.write(STUBS, code)
        self.memory.flush(STUBS, len(code))
        self.uc.hook_add(unicorn.UC_HOOK_CODE, self._on_stub, begin=STUBS, end=STUBS + 0xFFFF)
        self.exit = self._slot("exit of a call")
        self.thread = self.library.start_thread()
        self.become(self.thread)

    def _slot(self, name: str) -> int:
        if name not in self.slots:
            self.slots.append(name)
        return STUBS + SLOT * self.slots.index(name)

    def _load(self, program: Program) -> None:
        self.library.image = IMAGE
        for segment in program.segments:
            self._map_segment(segment)
        for place, symbol in program.bindings:
            self._bind(place, symbol)
        for initialiser in program.initialisers:
            self.call(initialiser, 0, 0, 0, 0)

    def _map_segment(self, segment: Segment) -> None:
        page = self.memory.page
        text, protection = READ | EXECUTE, READ if segment.name == "__LINKEDIT" else READ | WRITE
        if segment.name == "__TEXT":
            protection = text
        end = segment.start + -(-segment.size // page) * page
        self.memory.map(Region(segment.start, end, protection, text if protection == text else READ | WRITE))
        self.memory.write(segment.start, segment.content)
        self.memory.flush(segment.start, end - segment.start)

    def _bind(self, place: int, symbol: str) -> None:
        data = {"_mach_task_self_": TASK, "_vm_page_size": self.memory.page, "_vm_kernel_page_mask": self.memory.page - 1}
        if symbol not in data:
            self.memory.set_word(place, self._slot(symbol))
            return
        cell = STUBS + 0x1_0000 + 8 * list(data).index(symbol)
        self.memory.set_word(cell, data[symbol])
        self.memory.set_word(place, cell)

    # Running

    def become(self, thread: int) -> None:
        """The thread that runs is another one from now on."""
        self.thread = thread
        self.uc.reg_write(self.architecture.slots, thread + 0xE0)

    def call(self, function: int | str, *arguments: int) -> int:
        """Calls a function of the library."""
        address = self.symbols[function] if isinstance(function, str) else function
        for register, argument in zip(self.architecture.arguments, arguments, strict=False):
            self.uc.reg_write(register, argument)
        top = STACK + STACK_SIZE - 0x1000
        if self.architecture.link is None:
            top -= 8
            self.memory.set_word(top, self.exit)
        else:
            self.uc.reg_write(self.architecture.link, self.exit)
        self.uc.reg_write(self.architecture.stack, top)
        return self.run(address)

    def run(self, address: int) -> int:
        """Runs from an address until the call that it is in returns."""
        stale = self.memory.stale()
        if stale is not None:
            raise Failure(f"code at {stale:#x} was changed, and its cache not flushed")
        try:
            self.uc.emu_start(address, self.exit, timeout=TIME)
            self._expect_end()
        except unicorn.UcError as error:
            at = self.uc.reg_read(self.architecture.counter)
            raise self.failure or Failure(f"{error} at {at:#x}") from error
        if self.failure is not None:
            raise self.failure
        return self.uc.reg_read(self.architecture.result)

    def _expect_end(self) -> None:
        at = self.uc.reg_read(self.architecture.counter)
        if self.failure is None and at != self.exit:
            raise Failure(f"it has not come to an end in time: it is at {at:#x}")

    # Imports

    def _on_stub(self, uc, address: int, size: int, _) -> None:
        name = self.slots[(address - STUBS) // SLOT]
        if (address - STUBS) % SLOT or address == self.exit:
            return
        try:
            self._import(name)
        except Exception as failure:  # raised where the emulator was started
            self.failure = failure
            uc.emu_stop()

    def _import(self, symbol: str) -> None:
        name = symbol.split("$")[0].lstrip("_")
        if name == "tlv_bootstrap":
            return self._local()
        of_kernel = getattr(self.kernel, name, None)
        function = of_kernel or getattr(self.library, name, None)
        if function is None:
            raise Failure(f"{name} is called, of which there is no model: {self.library.said.decode()}")
        if self.kernel.stopped() and of_kernel is None and name not in Library.PURE:
            raise Failure(f"{name} is called while other threads are suspended: one may hold its lock")
        arguments = self._arguments(name, function)
        if of_kernel is not None:
            self.calls.append((name, arguments))
            if len(self.calls) > MOST_CALLS:
                raise Failure(f"it calls the kernel without end, {name} at last")
        result = function(*arguments)
        self.uc.reg_write(self.architecture.result, (result or 0) % (1 << 64))

    def _arguments(self, name: str, function) -> tuple[int, ...]:
        parameters = list(inspect.signature(function).parameters.values())
        found = [self._argument(index) for index in range(len(parameters))]
        if self.mutation is not None and self.mutation[0] == name:
            index, change = self.mutation[1:]
            found[index] = change(found[index])
        narrow = [parameter.annotation == "Int" for parameter in parameters]
        return tuple(value & 0xFFFF_FFFF if narrow else value for value, narrow in zip(found, narrow, strict=True))

    def _argument(self, index: int) -> int:
        registers = self.architecture.arguments
        if index < len(registers):
            return self.uc.reg_read(registers[index])
        at = self.uc.reg_read(self.architecture.stack) + 8 * (index - len(registers))
        return self.memory.word(at + (8 if self.architecture.link is None else 0))

    def _local(self) -> None:
        """Finds a thread-local variable by its description. All registers but the result stay."""
        description = self.uc.reg_read(self.architecture.arguments[0])
        known = self.library.locals
        if self.thread not in known:
            known[self.thread] = self.library.allocate(len(self.initial_locals))
            self.memory.write(known[self.thread], self.initial_locals)
        self.uc.reg_write(self.architecture.result, known[self.thread] + self.memory.word(description + 16))

    def blocks(self) -> list[tuple[int, int]]:
        """Where memory was taken at a certain place, and how much."""
        return self.kernel.fixed

    # Other threads

    def add_thread(self, function: str, offset: int, argument: int, listed_from: int = 1) -> Thread:
        """A thread that stands in a function, by which it came with an argument, at an offset. It has run what is in front of that."""
        thread = self.library.start_thread()
        own, arch = self.thread, self.architecture
        stack, uc = self.kernel.stack(), self.uc
        if arch.link is None:
            stack -= 8
            self.memory.set_word(stack, self.exit)
        else:
            uc.reg_write(arch.link, self.exit)
        uc.reg_write(arch.stack, stack)
        uc.reg_write(arch.arguments[0], argument)
        self.become(thread)
        place = self.symbols[function]
        if offset:
            uc.emu_start(place, place + offset)
        uc.reg_write(arch.counter, place + offset)
        made = Thread(0x1003 + 4 * len(self.kernel.threads), thread, arch.state(uc), listed_from=listed_from)
        self.kernel.threads.append(made)
        self.become(own)
        return made

    def go_on(self, thread: Thread) -> int:
        """Runs another thread to the end of the call that it is in."""
        own = self.thread
        self.become(thread.structure)
        self.architecture.load(self.uc, thread.state)
        result = self.run(self.architecture.stands_at(thread.state))
        self.become(own)
        return result
