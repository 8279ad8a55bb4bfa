"""A PTX module as device IR."""

from __future__ import annotations

from ...ir.types import I8
from ...ir.values import Function, Module, Value
from .fault import PtxFault
from .functions import FunctionBody, prototype
from .module_text import FunctionText, ModuleText, names_of
from .places import Places
from .signatures import function_type, known_type
from .variables import declare, initialise

_LAYOUT = "e-p6:32:32-i64:64-i128:128-i256:256-v16:16-v32:32-n16:32:64"
_LINKAGE = {"": ("internal",), "visible": ("dso_local",), "weak": ("weak",), "common": ("weak",), "extern": ()}


class Translation:
    """One module on its way; `names` are its variables and functions by their names in PTX."""

    def __init__(self, text: ModuleText) -> None:
        self.text = text
        self.module = Module()
        self.module.layout, self.module.triple = _LAYOUT, "nvptx64-nvidia-cuda"
        self.module.source_name = '"ptx"'
        self.texts = names_of(text.functions)
        self.functions: dict[str, Function] = {}
        self.aliases = dict(text.aliases)
        self.names: dict[str, Value] = {}
        self.places = Places(self.module, text.files)

    def find(self, name: str) -> Value | None:
        return self.names.get(self.aliases.get(name, name))

    def run(self) -> Module:
        for variable in self.text.variables:
            for name in declare(self.module, variable, True, self.find):
                found = self.module.symbols[name]
                self.names[name] = found
        for name, text in self.texts.items():
            self.functions[name] = self.names[name] = self._declare(text)
        for name, target in self.aliases.items():
            if target not in self.names:
                raise PtxFault(0, f"the alias '{name}' names '{target}', which there is not")
            self.names[name] = self.names[target]
        for variable in self.text.variables:
            initialise(self.module, variable, self.find)
        for name, text in self.texts.items():
            if text.defined:
                FunctionBody(self, text, self.functions[name]).run()
        return self.module

    def _declare(self, text: FunctionText) -> Function:
        types = self.module.types
        type_ = None if text.defined else known_type(types, text.name, text.signature)
        if text.kernel:
            prefix: tuple[str, ...] = ("dso_local", "ptx_kernel")
        else:
            prefix = _LINKAGE[text.linkage] if text.defined else ()
        function = prototype(type_ or function_type(types, text.signature), text, prefix)
        attributes = ["convergent", "nounwind"]
        if type_ is not None:
            attributes.append("nobuiltin")  # the optimiser has notions of its own of malloc: it never fails
        for word in ("maxntid", "reqntid"):
            if word in text.limits:
                attributes.append(f'"nvvm.{word}"="{",".join(str(each) for each in text.limits[word])}"')
        function.attributes = tuple(attributes)
        if text.kernel:
            for parameter, argument in zip(text.signature.parameters, function.arguments, strict=True):
                if parameter.array:
                    shape = types.array(parameter.array, I8)
                    argument.attributes = (f"byval({shape.text})", f"align {max(parameter.align, 1)}")
        self.module.add(function)
        return function
