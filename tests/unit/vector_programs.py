"""Random straight-line and branching programs on vectors of integers, as device IR."""

from __future__ import annotations

from random import Random

# No elements of odd sizes: LLVM's optimiser gets `<2 x i24>` wrong where the canonical form does not.
TYPES = ("<2 x i32>", "<4 x i16>", "<8 x i8>", "i64", "<4 x i32>", "<2 x i64>", "<8 x i16>", "i128", "<3 x i16>", "i48",
         "<6 x i8>")


def parts(type_: str) -> tuple[int, str]:
    """How many elements, and of which type; 0 for a scalar."""
    if type_[0] != "<":
        return 0, type_
    count, _, element = type_[1:-1].partition(" x ")
    return int(count), element


def bits(type_: str) -> int:
    count, element = parts(type_)
    return (count or 1) * int(element[1:])


class Program:
    """Writes the body of one kernel; `%ip` is where a thread reads, `%op` where it writes, `%x` a number."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.lines: list[str] = []
        self.values: dict[str, list[str]] = {type_: [] for type_ in TYPES}
        self.count = 0
        self.block = "entry"

    def put(self, type_: str, text: str) -> str:
        self.count += 1
        self.lines.append(f"  %v{self.count} = {text}")
        if type_ in self.values:
            self.values[type_].append(f"%v{self.count}")
        return f"%v{self.count}"

    def value(self, type_: str) -> str:
        return self.random.choice(self.values[type_])

    def vector(self) -> str:
        return self.random.choice([type_ for type_ in TYPES if type_[0] == "<"])

    def index(self, count: int) -> str:
        if self.random.random() < 0.5:
            return str(self.random.randrange(count))
        return self.put("i32", f"urem i32 %x, {count}")

    def step(self) -> None:
        self.random.choice((self.operator, self.operator, self.shuffle, self.element, self.insert, self.bitcast,
                            self.bitcast, self.choose, self.widen, self.diamond, self.reduce))()

    def operator(self) -> None:
        type_ = self.random.choice(TYPES)
        word = self.random.choice(("add", "sub", "mul", "and", "or", "xor"))
        self.put(type_, f"{word} {type_} {self.value(type_)}, {self.value(type_)}")

    def shuffle(self) -> None:
        type_ = self.vector()
        count, _ = parts(type_)
        mask = ", ".join(f"i32 {self.random.randrange(2 * count)}" for _ in range(count))
        left, right = self.value(type_), self.value(type_)
        self.put(type_, f"shufflevector {type_} {left}, {type_} {right}, <{count} x i32> <{mask}>")

    def element(self) -> None:
        type_ = self.vector()
        count, element = parts(type_)
        index = self.index(count)
        part = self.put(element, f"extractelement {type_} {self.value(type_)}, i32 {index}")
        if int(element[1:]) < 64:
            self.put("i64", f"zext {element} {part} to i64")

    def insert(self) -> None:
        type_ = self.vector()
        count, element = parts(type_)
        part = self.value("i64")
        if element != "i64":
            part = self.put(element, f"trunc i64 {part} to {element}")
        self.put(type_, f"insertelement {type_} {self.value(type_)}, {element} {part}, i32 {self.index(count)}")

    def bitcast(self) -> None:
        type_ = self.random.choice(TYPES)
        other = self.random.choice([each for each in TYPES if bits(each) == bits(type_)])
        self.put(other, f"bitcast {type_} {self.value(type_)} to {other}")

    def choose(self) -> None:
        type_ = self.vector()
        count, _ = parts(type_)
        word = self.random.choice(("slt", "ugt", "eq"))
        test = self.put("", f"icmp {word} {type_} {self.value(type_)}, {self.value(type_)}")
        self.put(type_, f"select <{count} x i1> {test}, {type_} {self.value(type_)}, {type_} {self.value(type_)}")

    def widen(self) -> None:
        wide = self.put("", f"{self.random.choice(('zext', 'sext'))} <4 x i16> {self.value('<4 x i16>')} to <4 x i32>")
        self.values["<4 x i32>"].append(wide)
        self.put("<4 x i16>", f"trunc <4 x i32> {self.value('<4 x i32>')} to <4 x i16>")

    def reduce(self) -> None:
        word = self.random.choice(("add", "xor", "smax", "umin"))
        part = self.put("", f"call i32 @llvm.vector.reduce.{word}.v4i32(<4 x i32> {self.value('<4 x i32>')})")
        self.put("i64", f"sext i32 {part} to i64")

    def diamond(self) -> None:
        """A branch; the values of one way are seen outside only through a phi."""
        type_ = self.random.choice(TYPES)
        first = self.value(type_)
        self.count += 1
        name = f"b{self.count}"
        test = self.put("", f"icmp ugt i64 {self.value('i64')}, {self.value('i64')}")
        self.lines += [f"  br i1 {test}, label %{name}, label %{name}e", f"{name}:"]
        known = {each: list(values) for each, values in self.values.items()}
        before = self.block
        other = self.put(type_, f"xor {type_} {first}, {self.value(type_)}")
        self.values = known
        self.lines += [f"  br label %{name}e", f"{name}e:"]
        self.block = f"{name}e"
        self.put(type_, f"phi {type_} [ {first}, %{before} ], [ {other}, %{name} ]")

    def text(self, steps: int) -> tuple[str, str]:
        """The body, and the declarations that it needs."""
        for at, type_ in enumerate(TYPES):
            address = self.put("", f"getelementptr i8, ptr %ip, i32 {8 * at}")
            self.put(type_, f"load {type_}, ptr {address}, align {self.random.choice((1, 2, 8))}")
        for _ in range(steps):
            self.step()
        for at, type_ in enumerate(TYPES):
            address = self.put("", f"getelementptr i8, ptr %op, i32 {32 * at}")
            self.lines.append(f"  store {type_} {self.values[type_][-1]}, ptr {address}, align 4")
        more = "".join(f"declare i32 @llvm.vector.reduce.{word}.v4i32(<4 x i32>)\n"
                       for word in ("add", "xor", "smax", "umin"))
        return "\n".join(self.lines), more
