"""printf of the device: every kind of conversion, whole lines, all of them."""

import numpy as np
from kernel_case import Launch


def launches():
    for grid, block in ((1, 1), (2, 3), (1, 33)):
        lines = ["1.234568e+04|42    |+7|01.500|4000000000|-3|18446744073709551615", "plain", "0"]
        for i in range(grid * block):
            word = "odd" if i % 2 else "even"
            lines.append(f"thread {100 + i} of block {i // block}: {i * 0.5:5.2f} {word} {chr(97 + i % 26)} "
                         f"{i << 33} {i * 17:x} %")
        yield Launch("report", (grid,), (block,), [np.int32(100)], printed=lines)
