"""Gives every device function the CUDA thread that runs it as a hidden first parameter.

Why: native code has no special registers; what a thread is must come from somewhere. A parameter that all
device functions share keeps function pointers, recursion and virtual tables working without analysis.
C functions of the math library take no thread; calling them needs none.
"""

from __future__ import annotations

from ...errors import CompilerError
from ..ir.instructions import Call
from ..ir.types import PTR
from ..ir.values import Argument, Constant, Function, GlobalVariable, InlineAssembly, Module, Value
from .contract import THREAD_ATTRIBUTES, thread
from .externals import is_c_function


def run(module: Module) -> Module:
    defined = module.defined()
    for function in defined:
        function.arguments.insert(0, Argument(PTR, "cpl.thread", THREAD_ATTRIBUTES))
        type_ = function.function_type
        function.function_type = module.types.function(type_.result, (PTR, *type_.parameters), type_.variadic)
    for function in defined:
        self = thread(function)
        for instruction in function.instructions():
            if isinstance(instruction, Call) and _takes_thread(instruction.callee):
                _pass_thread(module, instruction, self)
    _refuse_addresses(module)
    return module


def _takes_thread(callee: Value) -> bool:
    if isinstance(callee, Function):
        return not callee.is_declaration
    return not isinstance(callee, InlineAssembly)


def _pass_thread(module: Module, call: Call, self: Value) -> None:
    type_ = call.function_type
    call.function_type = module.types.function(type_.result, (PTR, *type_.parameters), type_.variadic)
    call.operands.insert(0, self)
    call.argument_attributes.insert(0, ("noundef",))
    if call.tail == "musttail":
        raise CompilerError(f"a musttail call in '{call.callee_name}' is not supported")


def _refuse_addresses(module: Module) -> None:
    """A C function called through a pointer would get the thread as its first argument."""
    for function in module.defined():
        for instruction in function.instructions():
            values = instruction.operands[:-1] if isinstance(instruction, Call) else instruction.operands
            for value in values:
                _refuse(value)
    for variable in module.variables():
        if variable.initializer is not None and not variable.name.startswith("llvm."):
            _refuse(variable.initializer)


def _refuse(value: Value) -> None:
    if isinstance(value, Function) and value.is_declaration and is_c_function(value.name):
        raise CompilerError(f"the address of the library function '{value.name}' is taken; call it in a "
                            "__device__ function of your own and take that one's address")
    if isinstance(value, Constant) and not isinstance(value, GlobalVariable):
        for part in value.parts():
            _refuse(part)
