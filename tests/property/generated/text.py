"""Kernels as CUDA C++."""

from __future__ import annotations

from collections.abc import Sequence

from . import tree
from .operations import OPERATIONS
from .scalars import SCALARS, literal

PRELUDE = r"""
typedef unsigned long long word;
#define FN static __device__ __forceinline__
FN int OPAQUE(int x) { asm volatile("mov.u32 %0, %1;" : "=r"(x) : "r"(x)); return x; }
FN unsigned int OPAQUE(unsigned int x) { asm volatile("mov.u32 %0, %1;" : "=r"(x) : "r"(x)); return x; }
FN long long OPAQUE(long long x) { asm volatile("mov.u64 %0, %1;" : "=l"(x) : "l"(x)); return x; }
FN word OPAQUE(word x) { asm volatile("mov.u64 %0, %1;" : "=l"(x) : "l"(x)); return x; }
FN float NUMBER(float x) { return x != x ? 0.0f : x; }
FN double NUMBER(double x) { return x != x ? 0.0 : x; }
FN word bits(int x) { return (word)(long long)x; }
FN word bits(unsigned int x) { return x; }
FN word bits(long long x) { return (word)x; }
FN word bits(word x) { return x; }
FN word bits(unsigned char x) { return x; }
FN word bits(short x) { return (word)(long long)x; }
FN word bits(float x) { return x != x ? 0x7fc00000u : __float_as_uint(x); }
FN word bits(double x) { return x != x ? 0x7ff8000000000000ull : (word)__double_as_longlong(x); }
struct S { unsigned char c; int i; double d; short s; word m; float f[3]; };
FN int source_idx(int lane, int b, int width) { return (lane & ~(width - 1)) | (b & (width - 1)); }
FN int source_up(int lane, int b, int width) { return lane - b < (lane & ~(width - 1)) ? lane : lane - b; }
FN int source_down(int lane, int b, int width) { return lane + b > (lane | (width - 1)) ? lane : lane + b; }
FN int source_xor(int lane, int b, int width) { return (lane ^ b) > (lane | (width - 1)) ? lane : lane ^ b; }
template <class T> __device__ __noinline__ T call_idx(unsigned int m, T x, int b) { return __shfl_sync(m, x, b); }
template <class T> __device__ __noinline__ T call_up(unsigned int m, T x, int b) { return __shfl_up_sync(m, x, b); }
template <class T> __device__ __noinline__ T call_down(unsigned int m, T x, int b) { return __shfl_down_sync(m, x, b); }
template <class T> __device__ __noinline__ T call_xor(unsigned int m, T x, int b) { return __shfl_xor_sync(m, x, b); }
template <class T> FN T near(const T *p, unsigned int i) { return OPAQUE(i) < 512u ? p[i] : (T)0; }
template <class T> FN T near(const T *p, int i) { return i >= 0 && i < 512 ? p[i] : (T)0; }
template <class T> FN T near(const T *p, long long i) { return i >= 0 && i < 512 ? p[i] : (T)0; }
__device__ __noinline__ void call_barrier() { __syncthreads(); }
__device__ int locks[4];
"""
INPUTS = "iulmfdcs"
_SHUFFLES = {"idx": "__shfl_sync", "up": "__shfl_up_sync", "down": "__shfl_down_sync", "xor": "__shfl_xor_sync"}
_ATOMICS = {"add": "atomicAdd", "sub": "atomicSub", "min": "atomicMin", "max": "atomicMax", "and": "atomicAnd",
            "or": "atomicOr", "xor": "atomicXor", "exch": "atomicExch", "inc": "atomicInc", "dec": "atomicDec"}
_COMBINED = {"add": "{0} + {1}", "min": "min({0}, {1})", "max": "max({0}, {1})", "xor": "{0} ^ {1}",
             "and": "{0} & {1}", "or": "{0} | {1}", "inc": "({0} >= {1} ? 0u : {0} + 1u)",
             "dec": "({0} == 0u || {0} > {1} ? {1} : {0} - 1u)"}
_WIDE = {"add64": "atomicAdd(&((word *)grid_add64)[k], (word)x * 0x100000001ull);",
         "imin": "atomicMin(&((int *)grid_imin)[k], (int)x);",
         "fadd": "atomicAdd(&((float *)grid_fadd)[k], (float)(x & 15u));"}
_SPINS = {"meet": "atomicAdd(&meeting, 1); while (*at < live) ;",
          "chain": "int turn = live - 1 - atomicAdd(&ticket, 1); while (*at != turn) ; *at = turn + 1;"}


def module_text(kernels: Sequence[tree.Kernel]) -> str:
    return PRELUDE + "".join(kernel_text(kernel) for kernel in kernels)


def expression(e: tree.Expression) -> str:
    match e:
        case tree.Constant():
            return literal(e.type, e.value)
        case tree.Variable():
            return e.name
        case tree.Apply():
            return OPERATIONS[e.operation].text.format(*map(expression, e.operands))
        case tree.Choice():
            return f"({expression(e.condition)} ? {expression(e.then)} : {expression(e.otherwise)})"
        case tree.Element(space="own"):
            return "*(unsigned int *)own"
        case tree.Element(space="near"):
            return f"near({e.array}, {expression(e.index)})"
        case tree.Element(space="column"):
            return column(e.array, e.index)
        case tree.Element():
            length = f"{e.length}u" if e.length else "(unsigned int)threads"
            return f"{e.array}[(unsigned int)({expression(e.index)}) % {length}]"
        case tree.Invoke():
            arguments = ", ".join(map(expression, e.arguments))
            if e.index is None:
                return f"{e.function}({arguments})"
            return f"{e.function}_table[(unsigned int)({expression(e.index)}) % {len(e.table)}u]({arguments})"
    raise AssertionError(e)


def column(array: str, index: tree.Expression) -> str:
    return f"{array}[((unsigned int)({expression(index)}) % {tree.COLUMNS}u) * everyone + gid]"


class Printer:
    """The statements of one function; `save` is the statement that ends a kernel's thread."""

    def __init__(self, save: str) -> None:
        self.lines: list[str] = []
        self.save = save
        self.fresh = 0

    def put(self, line: str, depth: int) -> None:
        self.lines.append("    " * depth + line)

    def block(self, statements: Sequence[tree.Statement], depth: int) -> None:
        for each in statements:
            self.statement(each, depth)

    def statement(self, s: tree.Statement, depth: int) -> None:
        match s:
            case tree.Assign():
                self.put(f"{s.variable.name} = {expression(s.value)};", depth)
            case tree.Store(space="column", index=tree.Expression()):
                self.put(f"{column(s.array, s.index)} = {expression(s.value)};", depth)
            case tree.Store():
                index = "tid" if s.index is None else f"(unsigned int)({expression(s.index)}) % {s.length}u"
                self.put(f"{s.array}[{index}] = {expression(s.value)};", depth)
            case tree.If():
                self.put(f"if ({expression(s.condition)}) {{", depth)
                self.block(s.then, depth + 1)
                if s.otherwise:
                    self.put("} else {", depth)
                    self.block(s.otherwise, depth + 1)
                self.put("}", depth)
            case tree.Loop():
                self.loop(s, depth)
            case tree.Switch():
                self.put(f"switch ((unsigned int)({expression(s.value)}) % 5u) {{", depth)
                for number, (falls, body) in enumerate(s.cases):
                    self.put("default: {" if number == len(s.cases) - 1 else f"case {number}: {{", depth)
                    self.block(body, depth + 1)
                    self.put("}" if falls else "} break;", depth)
                self.put("}", depth)
            case tree.Jump():
                self.jump(s, depth)
            case tree.Label():
                self.put("{", depth)
                self.block(s.body, depth + 1)
                self.put(f"}} label{s.number}: ;", depth)
            case tree.Swap():
                one, two = s.variable.name, s.other.name
                self.put(f"{{ {SCALARS[s.variable.type].name} kept = {one}; {one} = {two}; {two} = kept; }}", depth)
            case tree.StructCall():
                argument = expression(s.argument)
                if s.recursive:
                    self.put(f"{{ S changed = {s.source}; {s.function}(changed, {argument}, lane & 3); "
                             f"{s.target} = changed; }}", depth)
                else:
                    self.put(f"{s.target} = {s.function}({s.source}, {argument});", depth)
            case _:
                self.together(s, depth)

    def loop(self, s: tree.Loop, depth: int) -> None:
        counter, bound = s.counter.name, f"n{self.fresh}"
        self.fresh += 1
        self.put(f"const int {bound} = {expression(s.bound)};", depth)
        if s.style == "for":
            self.put(f"for ({counter} = 0; {counter} < {bound}; {counter}++) {{", depth)
            self.block(s.body, depth + 1)
            self.put("}", depth)
            return
        self.put(f"{counter} = -1;", depth)
        self.put(f"while (++{counter} < {bound}) {{" if s.style == "while" else "do {", depth)
        if s.style == "do":
            self.put(f"++{counter};", depth + 1)
        self.block(s.body, depth + 1)
        self.put("}" if s.style == "while" else f"}} while ({counter} + 1 < {bound});", depth)

    def jump(self, s: tree.Jump, depth: int) -> None:
        end = f"goto label{s.label};" if s.kind == "goto" else f"{s.kind};"
        if s.kind == "return":
            end = f"return {expression(s.value)};" if s.value is not None else f"{{ {self.save} }}"
        self.put(f"if ({expression(s.condition)}) {end}", depth)

    def together(self, s: tree.Statement, depth: int) -> None:
        """Statements that meet other threads."""
        match s:
            case tree.PrivateAtomic():
                type_ = SCALARS[tree.OWN[s.cell]].name
                cell = f"({type_} *)(own + {s.cell})"
                operand = f"({type_})({expression(s.operand)})"
                if s.compare is not None:
                    call = f"atomicCAS({cell}, ({type_})({expression(s.compare)}), {operand})"
                else:
                    call = f"{_ATOMICS[s.operation]}({cell}, {operand})"
                self.put(f"{s.variable.name} = {call};", depth)
            case tree.SharedUpdate():
                self.update(s, depth)
            case tree.Barrier():
                self.barrier(s, depth)
            case tree.Elect():
                self.put("__syncthreads(); chosen = 7; __syncthreads();", depth)
                self.put(f"if (tid == (unsigned int)({expression(s.place)}) % (unsigned int)threads) "
                         f"chosen = {expression(s.value)};", depth)
                self.put(f"__syncthreads(); {s.variable.name} = chosen;", depth)
            case tree.Epoch():
                self.put(f"__syncthreads(); for (int k = 0; k < {tree.CELLS}; k++) cells[k] = {initial(s.operation)}; "
                         "__syncthreads();", depth)
                self.block(s.body, depth)
                index = f"(unsigned int)({expression(s.index)}) % {tree.CELLS}u"
                self.put(f"__syncthreads(); {s.variable.name} = cells[{index}];", depth)
            case tree.Ballot():
                kind = "unsigned int " if s.fresh else ""
                self.put(f"{kind}{s.mask} = __ballot_sync({s.of}, {expression(s.condition)});", depth)
            case tree.MaskIf():
                other = f"{s.mask}e"
                self.put(f"{s.condition.name} = ({s.mask} >> lane) & 1;", depth)
                self.put(f"if ({s.condition.name}) {{", depth)
                self.block(s.then, depth + 1)
                self.put("} else {", depth)
                self.put(f"unsigned int {other} = {s.of} & ~{s.mask};", depth + 1)
                self.block(s.otherwise, depth + 1)
                self.put("}", depth)
            case tree.WarpLoop():
                bound = f"n{self.fresh}"
                self.fresh += 1
                self.put(f"const int {bound} = {expression(s.bound)}; unsigned int {s.mask} = {s.of};", depth)
                self.put(f"for ({s.counter.name} = 0;; {s.counter.name}++) {{", depth)
                self.put(f"{s.mask} = __ballot_sync({s.mask}, {s.counter.name} < {bound});", depth + 1)
                self.put(f"if (!({s.counter.name} < {bound})) break;", depth + 1)
                self.block(s.body, depth + 1)
                self.put("}", depth)
            case tree.Shuffle():
                self.shuffle(s, depth)
            case tree.WarpCompute():
                self.put(compute_text(s), depth)
            case _:
                raise AssertionError(s)

    def update(self, s: tree.SharedUpdate, depth: int) -> None:
        array = "cells" if s.space == "shared" else "grid_lock" if s.how == "lock" else f"grid_{s.operation}"
        self.put(f"{{ unsigned int k = (unsigned int)({expression(s.index)}) % {tree.CELLS}u, "
                 f"x = (unsigned int)({expression(s.operand)});", depth)
        if s.operation in _WIDE:
            self.put(_WIDE[s.operation], depth + 1)
        elif s.how == "atomic":
            self.put(f"{_ATOMICS[s.operation]}(&{array}[k], x);", depth + 1)
        elif s.how == "cas":
            self.put(f"unsigned int seen = {array}[k], old; do {{ old = seen; "
                     f"seen = atomicCAS(&{array}[k], old, {_COMBINED[s.operation].format('old', 'x')}); }} "
                     "while (seen != old);", depth + 1)
        else:
            self.put("while (atomicCAS(&locks[k & 3], 0, 1) != 0) ; __threadfence();", depth + 1)
            self.put(f"volatile unsigned int *at = &{array}[k]; unsigned int old = *at; "
                     f"*at = {_COMBINED[s.operation].format('old', 'x')};", depth + 1)
            self.put("__threadfence(); atomicExch(&locks[k & 3], 0);", depth + 1)
        self.put("}", depth)

    def barrier(self, s: tree.Barrier, depth: int) -> None:
        if s.kind in _SPINS and s.variable is not None:
            self.put(f"{{ int live = __syncthreads_count(1); volatile int *at = &meeting; {_SPINS[s.kind]} "
                     f"{s.variable.name} = live; __syncthreads(); meeting = ticket = 0; __syncthreads(); }}", depth)
            return
        if s.predicate is None or s.variable is None:
            self.put("call_barrier();" if s.kind == "function" else "__syncthreads();", depth)
            return
        call = f"__syncthreads_{s.kind}({expression(s.predicate)})"
        self.put(f"{s.variable.name} = {call if s.kind == 'count' else f'({call} != 0)'};", depth)

    def shuffle(self, s: tree.Shuffle, depth: int) -> None:
        name = SCALARS[s.variable.type].name
        width = f", {s.width}" if s.width != 32 else ""
        call = f"call_{s.kind}<{name}>({s.mask}, x, b)" if s.call else f"{_SHUFFLES[s.kind]}({s.mask}, x, b{width})"
        lane = f"({expression(s.lane)}) & 31"
        self.put(f"{{ {name} x = {expression(s.value)}; int b = {lane}; {name} got = {call};", depth)
        self.put(f"{s.variable.name} = {s.mask} >> source_{s.kind}(lane, b, {s.width}) & 1 ? got : ({name})0; }}",
                 depth + 1)


def compute_text(s: tree.WarpCompute) -> str:
    name, value, kind = s.variable.name, expression(s.value), s.kind
    if kind == "sync":
        return f"__syncwarp({s.mask});"
    if kind in ("all", "any", "uni"):
        return f"{name} = (__{kind}_sync({s.mask}, {value}) != 0);"
    if kind == "ballot":
        return f"{name} = (int)__ballot_sync({s.mask}, {value});"
    if kind == "match_any":
        return f"{name} = (int)__match_any_sync({s.mask}, {value});"
    if kind == "match_all":
        return (f"{{ int all; unsigned int who = __match_all_sync({s.mask}, {value}, &all); "
                f"{name} = (int)who ^ (all != 0); }}")
    return f"{name} = (int)__reduce_{kind}_sync({s.mask}, {value});"


def initial(operation: str) -> str:
    return {"and": "0xffffffffu", "min": "0xffffffffu"}.get(operation, "0u")


def _function_text(function: tree.Function | tree.StructFunction) -> str:
    printer = Printer("")
    if isinstance(function, tree.StructFunction):
        type_, name = function.parameter
        if function.recursive:
            printer.put(f"static __device__ __noinline__ void {function.name}(S &q, {SCALARS[type_].name} {name}, "
                        "int depth)\n{", 0)
            printer.block(function.body, 1)
            printer.put(f"if (depth > 0) {function.name}(q, {name}, depth - 1);\n}}", 1)
            return "\n".join(printer.lines) + "\n"
        printer.put(f"static __device__ __noinline__ S {function.name}(S q, {SCALARS[type_].name} {name})\n{{", 0)
        printer.block(function.body, 1)
        printer.put("return q;\n}", 1)
        return "\n".join(printer.lines) + "\n"
    parameters = ", ".join(f"{SCALARS[type_].name} {name}" for type_, name in function.parameters)
    keyword = "__forceinline__" if function.inline else "__noinline__"
    printer.put(f"static __device__ {keyword} {SCALARS[function.result].name} {function.name}({parameters})\n{{", 0)
    for type_, name in function.variables:
        printer.put(f"{SCALARS[type_].name} {name} = 0;", 1)
    if function.recursive:
        printer.put("if (depth <= 0) return x;", 1)
    printer.block(function.body, 1)
    printer.put(f"return {expression(function.value)};\n}}", 1)
    return "\n".join(printer.lines) + "\n"


def kernel_text(kernel: tree.Kernel) -> str:
    saved = [name for _, name in kernel.variables] + [f"{name}[{index}]" for _, name, length in kernel.arrays
                                                      for index in range(length)]
    saved += [f"p.{name}" for _, name in tree.STRUCT_FIELDS] + [f"p.f[{index}]" for index in range(3)]
    stores = " ".join(f"row[{number}] = bits({name});" for number, name in enumerate(saved, 1))
    save = f"SAVE_{kernel.name}"
    functions = "".join(f"__constant__ {SCALARS[type_].name} {name}[{len(values)}] = "
                        f"{{{', '.join(literal(type_, each) for each in values)}}};\n"
                        for type_, name, values in kernel.constants)
    functions += "".join(_function_text(function) for function in kernel.functions)
    for names in tables(kernel):
        example = next(each for each in kernel.functions if each.name == names[0])
        assert isinstance(example, tree.Function)
        parameters = ", ".join(SCALARS[type_].name for type_, _ in example.parameters)
        functions += (f"static __device__ {SCALARS[example.result].name} (*const {names[0]}_table[])({parameters}) = "
                      f"{{{', '.join(names)}}};\n")
    columns = ", ".join(f"{SCALARS[t].name} *col_{t}" for t in tree.COLUMN)
    count = ("unsigned int", "int", "long long", "size_t")[kernel.seed // 7 % 4]
    inputs = ", ".join(f"const {SCALARS[t].name} *in_{t}" for t in INPUTS)
    parameters = ", ".join(f"{SCALARS[t].name} {name}" for t, name in tree.PARAMETERS)
    printer = Printer("code = 1; goto done;" if kernel.tail else f"{save}(1) return;")
    head = f"""
#define {save}(code) row[0] = code; {stores}
{functions}
extern "C" __global__ void {kernel.name}({inputs}, word *out, unsigned int *cells_out, word *owned,
    {columns}, {parameters}, S p)
{{
    __shared__ unsigned int sh_u[{tree.SHARED_SLOTS}];
    __shared__ unsigned char sh_c[{tree.SHARED_SLOTS}];
    __shared__ double sh_d[{tree.SHARED_SLOTS}];
    __shared__ unsigned int cells[{tree.CELLS}];
    __shared__ int meeting, ticket, chosen;
    extern __shared__ word sh_m[];
    const int tid = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const int threads = blockDim.x * blockDim.y * blockDim.z, lane = tid & 31;
    const int bid = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const int blocks = gridDim.x * gridDim.y * gridDim.z, gid = bid * threads + tid;
    word *row = out + (long long)gid * {len(saved) + 1};
    const int tx = threadIdx.x, ty = threadIdx.y, tz = threadIdx.z;
    const int bx = blockIdx.x, by = blockIdx.y, bz = blockIdx.z;
    const {count} everyone = ({count})threads * blocks;
    word *own = owned + gid * 4;
    unsigned int *grid_add = cells_out, *grid_min = cells_out + 16, *grid_max = cells_out + 32,
        *grid_xor = cells_out + 48, *grid_and = cells_out + 64, *grid_or = cells_out + 80, *grid_lock = cells_out + 96,
        *grid_imin = cells_out + 112, *grid_fadd = cells_out + 128, *grid_add64 = cells_out + 144;
    sh_u[tid] = tid * 2654435761u; sh_c[tid] = (unsigned char)(tid * 7); sh_d[tid] = tid * 0.5; sh_m[tid] = tid;
"""
    if kernel.barriers:
        head += "    if (tid < 16) cells[tid] = 0;\n    meeting = ticket = 0;\n    __syncthreads();\n"
    if kernel.warp:
        head += "    unsigned int m0 = __ballot_sync(0xffffffffu, 1);\n"
    for type_, name in kernel.variables:
        printer.put(f"{SCALARS[type_].name} {name} = ({SCALARS[type_].name})gid;", 1)
    for type_, name, length in kernel.arrays:
        printer.put(f"{SCALARS[type_].name} {name}[{length}]; for (int k = 0; k < {length}; k++) {name}[k] = "
                    f"({SCALARS[type_].name})(k + tid);", 1)
    for number in range(kernel.flags):
        printer.put(f"int b{number} = 0;", 1)
    printer.put("S q = p;", 1)
    if kernel.tail:
        printer.put("int code = 2;", 1)
    printer.put("{", 1)
    printer.block(kernel.body, 2)
    printer.put("}", 1)
    printer.put(f"done: {save}(code)\n}}" if kernel.tail else f"{save}(2)\n}}", 1)
    return head + "\n".join(printer.lines) + "\n"


def tables(kernel: tree.Kernel) -> list[list[str]]:
    """Groups of functions of one signature that calls through pointers choose from."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for function in kernel.functions:
        if isinstance(function, tree.Function) and not function.recursive:
            key = function.result, *(type_ for type_, _ in function.parameters)
            groups.setdefault(key, []).append(function.name)
    return [names for names in groups.values() if len(names) > 1]
