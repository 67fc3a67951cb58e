"""The cases. Each gets a machine of its own, and raises a `Failure` or does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable

from kernel import ANYWHERE, COPY, CS_HARD, CS_RUNTIME, FIXED, INHERIT_COPY, OVERWRITE, TASK, Policy
from machine import STUBS, Machine
from memory import ALL, EXECUTE, READ, WRITE, Failure, Region
from program import IMAGE

TEXT = 4096  # bytes for an error
RUN = READ | EXECUTE
CASES: list["Case"] = []


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable[["Process"], None]
    environment: dict[str, str] = field(default_factory=dict)


def case(**environment: str) -> Callable[[Callable[["Process"], None]], Callable[["Process"], None]]:
    def register(run: Callable[[Process], None]) -> Callable[[Process], None]:
        CASES.append(Case(run.__name__.replace("_", " "), run, environment))
        return run

    return register


def expect(right: bool, what: str) -> None:
    if not right:
        raise Failure(what)


def equal(found: object, wanted: object, what: str) -> None:
    expect(found == wanted, f"{what}: {found!r}, not {wanted!r}")


class Process:
    """A machine, asked for what the cases need."""

    def __init__(self, machine: Machine):
        self.machine = machine
        self.memory = machine.memory
        self.error = machine.library.allocate(TEXT)
        self.text = self.protections()

    def symbol(self, name: str) -> int:
        return self.machine.symbols[f"_{name}"]

    def page(self, name: str) -> int:
        return self.symbol(name) // self.memory.page * self.memory.page

    def call(self, name: str, argument: int = 0) -> int:
        return self.machine.call(f"_subject_{name}", argument)

    def try_patch(self, target: int, replacement: str = "hundred") -> int:
        self.memory.write(self.error, bytes(TEXT))
        return self.machine.call("_emulated_patch", target, self.symbol(f"emulated_{replacement}"), self.error, TEXT - 1)

    def patch(self, name: str, replacement: str = "hundred") -> int:
        guard = self.try_patch(self.symbol(f"subject_{name}"), replacement)
        expect(guard != 0, f"{name} is not patched: {self.memory.text(self.error)}")
        return guard

    def refusal(self, name: str) -> str:
        guard = self.try_patch(self.symbol(f"subject_{name}"))
        expect(guard == 0, f"{name} is patched, and should not be")
        return self.memory.text(self.error)

    def drop(self, guard: int) -> None:
        self.machine.call("_emulated_drop", guard)

    def original(self, guard: int, argument: int = 0) -> int:
        return self.machine.call(self.machine.call("_emulated_original", guard), argument)

    def protections(self) -> list[tuple[int, int, int]]:
        """Of what was there when the program was loaded, but for the heap."""
        return self.memory.protections(lambda region: IMAGE <= region.start < STUBS and not region.reserved)

    def calls(self, *names: str) -> list[tuple[int, ...]]:
        return [arguments for name, arguments in self.machine.calls if name in names]

    def code(self, name: str, size: int = 16) -> bytes:
        return self.memory.read(self.symbol(f"subject_{name}"), size)

    def check_end(self) -> None:
        """What holds at the end of every case."""
        self.machine.kernel.check_end()
        equal(self.protections(), self.text, "the program's pages")
        expect(self.memory.stale() is None, "code was changed, and its cache not flushed")

    @property
    def is_arm(self) -> bool:
        return self.machine.architecture.name == "aarch64"


def works(process: Process, name: str, argument: int, result: int) -> None:
    """A replacement comes, its original is still there, and it goes again."""
    equal(process.call(name, argument), result, f"{name}, unpatched")
    guard = process.patch(name)
    equal(process.call(name, argument), 100, f"{name}, replaced")
    equal(process.original(guard, argument), result, f"the original of {name}")
    process.drop(guard)
    equal(process.call(name, argument), result, f"{name}, when its replacement is gone")


@case()
def a_first_hook_replaces_the_page_by_a_changed_copy(process: Process) -> None:
    before = process.memory.read(process.page("subject_adds"), process.memory.page)
    works(process, "adds", 1, 2)
    page, size = process.page("subject_adds"), process.memory.page
    after = process.memory.read(page, size)
    changed = {page + at for at in range(size) if before[at] != after[at]}
    length = 4 if process.is_arm else 5
    start = process.symbol("subject_adds")
    expect(changed <= set(range(start, start + length)) and bool(changed), "more than the jump has changed")
    equal(process.calls("thread_suspend"), [], "suspended threads")


@case()
def each_argument_of_the_replaced_page(process: Process) -> None:
    process.drop(process.patch("adds"))
    page, size = process.page("subject_adds"), process.memory.page
    *_, copy = [arguments for arguments in process.calls("mach_vm_allocate") if arguments[3] == ANYWHERE]
    equal((copy[0], copy[2]), (TASK, size), "mach_vm_allocate for the copy")
    remapped = process.calls("mach_vm_remap")[-1]
    source = remapped[6]
    wanted = (TASK, size, 0, FIXED | OVERWRITE, TASK, source, 0, INHERIT_COPY)
    equal((remapped[0], *remapped[2:8], remapped[10]), wanted, "mach_vm_remap")
    expect((TASK, source, size, 0, RUN) in process.calls("mach_vm_protect"), "the copy is not made executable")
    expect((TASK, source, size) in process.calls("mach_vm_deallocate"), "the copy is not given back")
    expect((page, size) in process.calls("sys_icache_invalidate"), "the page's cache is not flushed")


@case()
def toggles_are_data(process: Process) -> None:
    process.drop(process.patch("adds"))
    before = [name for name, _ in process.machine.calls if name.startswith("mach_vm_")]
    for _ in range(5):
        guard = process.patch("adds", "thousand")
        equal(process.call("adds", 1), 1000, "replaced again")
        process.drop(guard)
        equal(process.call("adds", 1), 2, "gone again")
    after = [name for name, _ in process.machine.calls if name.startswith("mach_vm_")]
    changing = {"mach_vm_protect", "mach_vm_remap", "mach_vm_allocate"}
    equal([name for name in after[len(before) :] if name in changing], [], "the kernel's calls for a toggle")


@case()
def guards_go_in_any_order(process: Process) -> None:
    first, second = process.patch("adds"), process.patch("adds", "thousand")
    equal(process.call("adds", 1), 1000, "the newest")
    process.drop(first)
    equal(process.call("adds", 1), 1000, "the newest, without the older one")
    process.drop(second)
    equal(process.call("adds", 1), 2, "none")


@case()
def functions_of_all_beginnings(process: Process) -> None:
    works(process, "loads", 0, 4711)
    works(process, "branches", 0, 1)
    works(process, "branches", 7, 2)
    works(process, "walks", 3, 34)
    works(process, "short", 9, 9)


@case()
def functions_of_the_systems_libraries(process: Process) -> None:
    works(process, "library", 0, 7)


@case(MONKEY_CODE_WRITE="copy")
def functions_of_the_systems_libraries_by_copies(process: Process) -> None:
    works(process, "library", 0, 7)


@case()
def a_jump_over_the_end_of_a_page(process: Process) -> None:
    works(process, "crosses", 3, 34)


@case(MONKEY_JUMP="far")
def far_jumps(process: Process) -> None:
    works(process, "walks", 3, 34)
    works(process, "crosses", 3, 34)


@case()
def far_jumps_where_nothing_is_free_near_by(process: Process) -> None:
    fence(process)
    works(process, "walks", 3, 34)


def fence(process: Process) -> None:
    """Takes all addresses within reach of a near jump, but for what is mapped there."""
    text = process.symbol("subject_adds")
    reach = 0x0800_0000 if process.is_arm else 0x8000_0000
    at = max(text - reach, process.memory.page)
    for region in [*process.memory.regions]:
        if at < region.start < text + reach:
            process.memory.map(Region(at, region.start, 0, 0, reserved=True))
        at = max(at, region.end) if region.start < text + reach else at
    if at < text + reach:
        process.memory.map(Region(at, text + reach, 0, 0, reserved=True))


@case()
def memory_comes_from_near_by_where_nothing_is(process: Process) -> None:
    process.drop(process.patch("adds"))
    taken = [arguments for arguments in process.calls("mach_vm_allocate") if arguments[3] == FIXED]
    equal(len(taken), 1, "blocks of hooks")
    start, size = process.machine.blocks()[0]
    reach = 0x0800_0000 if process.is_arm else 0x8000_0000
    expect(abs(start - process.symbol("subject_adds")) < reach, "the block is out of reach")
    code, data = process.memory.protections(lambda region: start <= region.start < start + size)
    equal((code[0], code[2]), (start, RUN), "the block's code")
    equal((data[1], data[2]), (start + size, READ | WRITE), "the block's data")


# Copy on write


@case(MONKEY_CODE_WRITE="copy")
def the_page_is_copied_on_write_while_all_others_are_suspended(process: Process) -> None:
    threads = [process.machine.add_thread("_subject_walks", 8, 3) for _ in range(2)]
    works(process, "adds", 1, 2)
    page, size = process.page("subject_adds"), process.memory.page
    expect((TASK, page, size, 0, READ | WRITE | COPY) in process.calls("mach_vm_protect"), "the page is not opened")
    expect((TASK, page, size, 0, RUN) in process.calls("mach_vm_protect"), "the page is not closed")
    suspended = {arguments[0] for arguments in process.calls("thread_suspend")}
    equal(suspended, {thread.port for thread in threads}, "who was suspended")
    equal([process.machine.go_on(thread) for thread in threads], [34, 34], "who was suspended goes on")


@case(MONKEY_CODE_WRITE="copy")
def a_thread_that_is_started_meanwhile_is_suspended_too(process: Process) -> None:
    process.machine.add_thread("_subject_walks", 8, 3)
    late = process.machine.add_thread("_subject_walks", 8, 3, listed_from=2)
    works(process, "adds", 1, 2)
    expect((late.port,) in process.calls("thread_suspend"), "the late one was not suspended")


@case(MONKEY_CODE_WRITE="copy")
def over_the_end_of_a_page_by_copies(process: Process) -> None:
    works(process, "crosses", 3, 34)


@case()
def where_pages_may_not_be_replaced_they_are_copied(process: Process) -> None:
    process.machine.policy.remap = False
    works(process, "adds", 1, 2)
    expect(bool(process.calls("mach_vm_remap")), "the first way was not tried")


# Threads on the instructions that change


@case(MONKEY_JUMP="far")
def a_thread_among_the_covered_instructions_goes_on_in_the_trampoline(process: Process) -> None:
    second = 4 if not process.is_arm else 8
    inside = process.machine.add_thread("_subject_walks", second, 3)
    behind = process.machine.add_thread("_subject_walks", 16, 5)
    begin = process.machine.add_thread("_subject_walks", 0, 3)
    stood = process.machine.architecture.stands_at(behind.state)
    guard = process.patch("walks")
    counter = process.machine.architecture.stands_at
    walks = process.symbol("subject_walks")
    expect(not walks <= counter(inside.state) < walks + 16, "it stands in the jump")
    equal(counter(behind.state), stood, "who stands behind the jump")
    equal(process.machine.go_on(inside), 34, "who stood inside")
    equal(process.machine.go_on(behind), 36, "who stood behind")
    equal(process.machine.go_on(begin), 34, "who has yet to begin, of another scope")
    equal(process.call("walks", 3), 100, "replaced")
    process.drop(guard)


@case()
def a_thread_on_the_page_runs_on(process: Process) -> None:
    thread = process.machine.add_thread("_subject_walks", 8, 3)
    works(process, "adds", 1, 2)
    equal(process.machine.go_on(thread), 34, "the thread")


def thread_in_a_handler(process: Process) -> int:
    """A signal came while a thread stood among the instructions: where on its stack the way back is."""
    thread = process.machine.add_thread("_subject_adds", 0, 3)
    stack = process.machine.architecture.register_in(thread.state, process.machine.architecture.stack)
    place = stack // 8 * 8 + 64
    process.memory.set_word(place, process.symbol("subject_walks") + (8 if process.is_arm else 4))
    return place


@case(MONKEY_JUMP="far")
def a_signal_handler_is_waited_for(process: Process) -> None:
    place = thread_in_a_handler(process)
    process.machine.library.while_asleep = lambda: process.memory.set_word(place, 0)
    works(process, "walks", 3, 34)


@case(MONKEY_JUMP="far")
def a_signal_handler_that_stays_is_an_error(process: Process) -> None:
    thread_in_a_handler(process)
    code = process.code("walks")
    text = process.refusal("walks")
    expect("signal handler" in text, f"the error does not say who is in the way: {text}")
    equal(process.code("walks"), code, "the target's code")


# Refusals


def refused(process: Process, *words: str) -> None:
    """Nothing has changed, and the error says why."""
    code = process.code("adds")
    text = process.refusal("adds")
    for word in words:
        expect(word in text, f"the error does not say `{word}`: {text}")
    equal(process.code("adds"), code, "the target's code")
    equal(process.call("adds", 1), 2, "the target")


@case(MONKEY_CODE_WRITE="copy")
def without_copies_the_error_names_the_call(process: Process) -> None:
    process.machine.policy.copy = False
    process.machine.add_thread("_subject_walks", 8, 3)
    refused(process, "mach_vm_protect with VM_PROT_COPY", "kernel's error 2")


def writers_own_page(process: Process) -> None:
    symbols = process.machine.symbols
    writer = next(symbols[name] for name in symbols if "code5macos5write" in name and "copy" in name)
    guard = process.try_patch(writer)
    text = process.memory.text(process.error)
    expect(guard == 0 and "the page that the writer runs on" in text, f"the writer's page: {text}")


@case(MONKEY_CODE_WRITE="copy")
def the_writers_own_page_is_not_opened(process: Process) -> None:
    writers_own_page(process)


@case(MONKEY_CODE_WRITE="copy", MONKEY_JUMP="far")
def the_writers_own_page_is_not_opened_for_several_steps(process: Process) -> None:
    process.machine.add_thread("_subject_walks", 0, 3)
    writers_own_page(process)


@case()
def a_hardened_program_is_refused_with_its_flags(process: Process) -> None:
    process.machine.kernel.policy = Policy(copy=False, remap=False, flags=CS_RUNTIME | CS_HARD)
    words = "mach_vm_remap", "VM_PROT_COPY", "CS_RUNTIME", "CS_HARD"
    refused(process, *words)


@case()
def without_executable_memory_it_says_so(process: Process) -> None:
    process.machine.kernel.policy = Policy(allocate=False, copy=False, remap=False, flags=CS_RUNTIME)
    refused(process, "mach_vm_allocate")


@case()
def what_another_copy_of_the_engine_has_hooked_is_refused(process: Process) -> None:
    equal(process.call("hooked"), 9, "it, unpatched")
    expect("another copy of this crate" in process.refusal("hooked"), "the error does not say who has hooked it")
    expect(bool(process.calls("mach_vm_read_overwrite")), "nobody has read in front of where it leads")


@case()
def data_is_no_code(process: Process) -> None:
    guard = process.try_patch(process.symbol("subject_value"))
    expect(guard == 0 and "rw-" in process.memory.text(process.error), "data was patched")
    guard = process.try_patch(0x7000_0000_0000)
    expect(guard == 0 and "nothing is mapped there" in process.memory.text(process.error), "nothing was patched")


# Started threads


@case()
def a_started_thread_comes_into_its_parents_scope(process: Process) -> None:
    machine, library = process.machine, process.machine.library
    guard = process.patch("adds")
    expect(library.hook != 0, "no hook for threads is installed")
    parent, child, other = machine.thread, library.start_thread(), library.start_thread()
    machine.call(library.hook, 1, child, child, 0x4000)
    for thread, result in ((child, 100), (other, 2)):
        machine.become(thread)
        machine.call(library.hook, 2, thread, thread, 0x4000)
        equal(process.call("adds", 1), result, "a call on a started thread")
        machine.call(library.hook, 3, thread, thread, 0x4000)
    machine.become(parent)
    process.drop(guard)


@case()
def the_scopes_words_are_neighbouring_keys(process: Process) -> None:
    process.drop(process.patch("adds"))
    equal(sorted(process.machine.library.deleted), [257, 259, 261], "the keys that are given back")
