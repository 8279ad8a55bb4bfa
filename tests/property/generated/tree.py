"""The syntax trees of generated kernels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

SHARED_SLOTS = 1024  # elements of a shared array: one for each thread of the largest block
CELLS = 16  # elements of an array that atomics update
COLUMNS = 4  # rows of the arrays in which the threads' elements lie side by side
INPUT = 512  # elements of each input buffer


# ---- expressions -------------------------------------------------------------------------------
@dataclass(slots=True)
class Expression:
    type: str


@dataclass(slots=True)
class Constant(Expression):
    value: np.generic


@dataclass(slots=True)
class Variable(Expression):
    """A local variable, parameter, struct field or thread register."""

    name: str


@dataclass(slots=True)
class Apply(Expression):
    operation: str
    operands: list[Expression]


@dataclass(slots=True)
class Choice(Expression):
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(slots=True)
class Element(Expression):
    """Of an array, at `index` modulo its length (0: the threads of the block). space: input, constant, local,
    shared, own for the thread's own cells, column for its place in a row that all threads share, or near: an input
    array at `index` itself, 0 outside of it."""

    space: str
    array: str
    length: int
    index: Expression


@dataclass(slots=True)
class Invoke(Expression):
    """A device function; through a pointer when `table` names the functions and `index` picks one."""

    function: str
    arguments: list[Expression]
    table: list[str] = field(default_factory=list)
    index: Expression | None = None


# ---- statements --------------------------------------------------------------------------------
@dataclass(slots=True)
class Statement:
    pass


@dataclass(slots=True)
class Assign(Statement):
    variable: Variable
    value: Expression


@dataclass(slots=True)
class Store(Statement):
    """To a local array, to the thread's own slot of a shared one (index None), or to its place in a column."""

    space: str
    array: str
    length: int
    index: Expression | None
    value: Expression


@dataclass(slots=True)
class If(Statement):
    condition: Expression
    then: list[Statement]
    otherwise: list[Statement]


@dataclass(slots=True)
class Loop(Statement):
    """Runs `bound` times, counting in `counter`. style: for, while or do (which runs at least once)."""

    style: str
    counter: Variable
    bound: Expression
    body: list[Statement]


@dataclass(slots=True)
class Switch(Statement):
    """Cases of a value modulo 5; a case falls into the next one where its flag says so. The last is the default."""

    value: Expression
    cases: list[tuple[bool, list[Statement]]]


@dataclass(slots=True)
class Jump(Statement):
    """break, continue, goto the end of a Label, or return (of a kernel: results are stored first)."""

    kind: str
    condition: Expression
    value: Expression | None = None
    label: int = 0


@dataclass(slots=True)
class Label(Statement):
    """A body that jumps leave from anywhere inside it."""

    number: int
    body: list[Statement]


@dataclass(slots=True)
class Swap(Statement):
    """Two variables of one type change places."""

    variable: Variable
    other: Variable


@dataclass(slots=True)
class StructCall(Statement):
    """target = function(source, argument): a struct by value, in and out."""

    target: str
    source: str
    function: str
    argument: Expression
    recursive: bool = False


@dataclass(slots=True)
class PrivateAtomic(Statement):
    """old = atomic<Op>(own cell, value): nobody else touches the cell, so the old value is exact. The cell's number
    says its type."""

    variable: Variable
    operation: str
    cell: int
    operand: Expression
    compare: Expression | None = None


@dataclass(slots=True)
class SharedUpdate(Statement):
    """An update of a cell that many threads make in any order: by an atomic, a CAS loop or under a lock. Cells of the
    grid also know add64 (64 bits), imin (signed) and fadd (float, of small whole numbers, so exact)."""

    space: str  # global or shared
    operation: str
    how: str  # atomic, cas, lock
    index: Expression
    operand: Expression


@dataclass(slots=True)
class Barrier(Statement):
    """__syncthreads, or its counting forms with a predicate into a variable. kind: plain, count, and, or, function.

    Or made by spinning on shared memory: in `meet` each thread waits for all, in `chain` for the one that drew the
    number after its own; the variable receives how many live."""

    kind: str
    predicate: Expression | None = None
    variable: Variable | None = None


@dataclass(slots=True)
class Elect(Statement):
    """The thread that `place` names in its block, if it lives, writes a value that all others then read."""

    variable: Variable
    place: Expression
    value: Expression


@dataclass(slots=True)
class Epoch(Statement):
    """Shared cells are set, updated by the body in any order, and read after a barrier."""

    operation: str
    body: list[Statement]
    variable: Variable
    index: Expression


@dataclass(slots=True)
class Ballot(Statement):
    """mask = __ballot_sync(of, condition); a fresh one declares the mask variable."""

    mask: str
    of: str
    condition: Expression
    fresh: bool = True


@dataclass(slots=True)
class MaskIf(Statement):
    """if (condition of a Ballot): both arms may use warp operations with their masks."""

    mask: str
    of: str
    condition: Variable
    then: list[Statement]
    otherwise: list[Statement]


@dataclass(slots=True)
class WarpLoop(Statement):
    """A loop whose lanes leave one after the other; each round ballots who stays."""

    mask: str
    of: str
    counter: Variable
    bound: Expression
    body: list[Statement]


@dataclass(slots=True)
class Shuffle(Statement):
    """kind: idx, up, down, xor. A source lane outside the mask gives 0. `call` goes through a device function."""

    variable: Variable
    kind: str
    mask: str
    value: Expression
    lane: Expression
    width: int
    call: bool


@dataclass(slots=True)
class WarpCompute(Statement):
    """A vote, match or reduction: all any uni ballot match_any match_all sync, add min max and or xor."""

    variable: Variable
    kind: str
    mask: str
    value: Expression


# ---- programs ----------------------------------------------------------------------------------
@dataclass(slots=True)
class Function:
    """A device function. A recursive one has a first parameter `depth` and calls itself in `recurse`."""

    name: str
    result: str
    parameters: list[tuple[str, str]]  # type, name
    variables: list[tuple[str, str]]
    body: list[Statement]
    value: Expression
    inline: bool
    recursive: bool = False


@dataclass(slots=True)
class StructFunction:
    """Takes a struct by value, changes it and returns it. A recursive one takes a reference and runs its body up to
    four times."""

    name: str
    parameter: tuple[str, str]
    body: list[Statement]
    recursive: bool = False


@dataclass(slots=True)
class Kernel:
    name: str
    seed: int
    variables: list[tuple[str, str]]
    arrays: list[tuple[str, str, int]]  # type, name, length
    functions: list[Function | StructFunction]
    body: list[Statement]
    flags: int = 0  # condition variables of MaskIf
    constants: list[tuple[str, str, list[np.generic]]] = field(default_factory=list)  # __constant__ arrays
    warp: bool = True  # uses operations of a warp
    barriers: bool = True
    tail: bool = False  # threads that return early jump to where the results are stored


# One struct for all: fields by name, and an array.
STRUCT_FIELDS = (("c", "c"), ("i", "i"), ("d", "d"), ("s", "s"), ("m", "m"))
STRUCT_ARRAY = ("f", "f", 3)
PARAMETERS = (("i", "p_i"), ("c", "p_c"), ("d", "p_d"), ("f", "p_f"), ("l", "p_l"))
REGISTERS = ("tid", "gid", "lane", "bid", "threads", "blocks", "tx", "ty", "tz", "bx", "by", "bz")
OWN = "uimf"  # the types of a thread's own cells, each in 8 bytes
COLUMN = "ucsdm"  # the types of columns
