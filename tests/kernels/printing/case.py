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

    lines = [
        "0x1.8p+0|0X1.999999999999AP-4|1e-10|1.23457E+08|3.142e+00|1.000000E+100|-0.000000|      2.50|2.50      |+10.0",
        "10|BEEF|0xff|010|00000abc|123456789abc|FFFFFFFFFFFFFFFF|10000000000|ff|2345",
        f"8|7|{1 << 62}|-9|-56|4464|-5|{-(1 << 62)}| 3|   42|42   |00042|+0",
        "text|   right|left    |cu|    12|34  |1.235|x|  y|z  |(null)",
        "0xdeadbeef %|%|4294967295|-1|18446744073709551615",
        "inf -inf nan buffer", "no line end, 4 0", "1 -3 65535 0.100000001"]
    for grid, block in ((1, 1), (1, 32), (2, 40)):
        yield Launch("formats", (grid,), (block,), [np.zeros(1, np.uint8)], printed=lines)
