"""A transpose through a padded shared tile whose type depends on the template."""

import numpy as np
from kernel_case import Launch, values


def launches():
    for c_type, dtype in (("float", np.float32), ("double", np.float64), ("short", np.int16)):
        for rows, columns, height in ((1, 1, 16), (17, 33, 4), (48, 20, 8)):
            data = values(rows * columns, dtype).reshape(rows, columns)
            grid = (-(-columns // 16), -(-rows // 16))
            yield Launch(f"transpose<{c_type}>", grid, (16, height),
                         [data, np.zeros((columns, rows), dtype), np.int32(rows), np.int32(columns)],
                         {1: data.T.copy()})
