"""The two architectures: registers, calls, and a thread's state as the kernel tells it."""

from __future__ import annotations

from dataclasses import dataclass

import unicorn
from unicorn import arm64_const as arm64
from unicorn import x86_const as x86


@dataclass(frozen=True)
class Architecture:
    name: str
    page: int
    registers: tuple[int, ...]  # in the order of the thread's state
    arguments: tuple[int, ...]
    result: int
    stack: int
    counter: int
    link: int | None  # where a call leaves its return address; the stack otherwise
    slots: int  # the register that points at thread-specific data
    flavour: int
    state_words: int  # of four bytes

    def emulator(self) -> unicorn.Uc:
        if self.name == "aarch64":
            uc = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
            uc.ctl_set_cpu_model(arm64.UC_CPU_ARM64_MAX)
            return uc
        return unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)

    def state(self, uc: unicorn.Uc) -> bytes:
        words = b"".join(uc.reg_read(register).to_bytes(8, "little") for register in self.registers)
        return words.ljust(4 * self.state_words, b"\0")

    def load(self, uc: unicorn.Uc, state: bytes) -> None:
        for index, register in enumerate(self.registers):
            uc.reg_write(register, int.from_bytes(state[8 * index : 8 * index + 8], "little"))

    def register_in(self, state: bytes, register: int) -> int:
        at = 8 * self.registers.index(register)
        return int.from_bytes(state[at : at + 8], "little")

    def with_register(self, state: bytes, register: int, value: int) -> bytes:
        at = 8 * self.registers.index(register)
        return state[:at] + value.to_bytes(8, "little") + state[at + 8 :]

    def stands_at(self, state: bytes) -> int:
        return self.register_in(state, self.counter)


X = tuple(getattr(arm64, f"UC_ARM64_REG_X{number}") for number in range(31))

AARCH64 = Architecture(
    name="aarch64",
    page=0x4000,
    registers=(*X, arm64.UC_ARM64_REG_SP, arm64.UC_ARM64_REG_PC),
    arguments=X[:8],
    result=X[0],
    stack=arm64.UC_ARM64_REG_SP,
    counter=arm64.UC_ARM64_REG_PC,
    link=X[30],
    slots=arm64.UC_ARM64_REG_TPIDRRO_EL0,
    flavour=6,  # ARM_THREAD_STATE64
    state_words=68,
)

_STATE = "RAX RBX RCX RDX RDI RSI RBP RSP R8 R9 R10 R11 R12 R13 R14 R15 RIP EFLAGS"
X86_64 = Architecture(
    name="x86_64",
    page=0x1000,
    registers=tuple(getattr(x86, f"UC_X86_REG_{name}") for name in _STATE.split()),
    arguments=tuple(getattr(x86, f"UC_X86_REG_{name}") for name in "RDI RSI RDX RCX R8 R9".split()),
    result=x86.UC_X86_REG_RAX,
    stack=x86.UC_X86_REG_RSP,
    counter=x86.UC_X86_REG_RIP,
    link=None,
    slots=x86.UC_X86_REG_GS_BASE,
    flavour=4,  # x86_THREAD_STATE64
    state_words=42,
)

ARCHITECTURES = {architecture.name: architecture for architecture in (AARCH64, X86_64)}
