import math

import numpy as np
from suite.case import Case, Launch, Tolerance, groups

RATE, VOLATILITY = np.float32(0.02), np.float32(0.3)
# Without SciPy: erfc where the normal distribution is needed, interpolated between values that are close together.
_GRID = np.linspace(-9, 9, 180_001)
_NORMAL = np.array([0.5 * math.erfc(-d / math.sqrt(2)) for d in _GRID])


def _normal(d):
    return np.interp(d, _GRID, _NORMAL)


def _reference(a):
    price, strike, years = (a[name].astype(np.float64) for name in ("price", "strike", "years"))
    rate, volatility = float(RATE), float(VOLATILITY)
    root = np.sqrt(years)
    d1 = (np.log(price / strike) + (rate + 0.5 * volatility**2) * years) / (volatility * root)
    d2 = d1 - volatility * root
    discounted = strike * np.exp(-rate * years)
    return {"call": price * _normal(d1) - discounted * _normal(d2),
            "put": discounted * _normal(-d2) - price * _normal(-d1)}


def cases(small):
    n = 3000 if small else 1 << 20
    args = ("call", "put", "price", "strike", "years", RATE, VOLATILITY, np.int32(n))
    return [Case(
        name="black_scholes",
        inputs=lambda rng: {"price": rng.uniform(5, 30, n).astype(np.float32),
                            "strike": rng.uniform(1, 100, n).astype(np.float32),
                            "years": rng.uniform(0.25, 10, n).astype(np.float32),
                            "call": np.zeros(n, np.float32), "put": np.zeros(n, np.float32)},
        launches=(Launch("black_scholes", (groups(n, 256),), (256,), args),),
        function="black_scholes",
        args=args,
        reference=_reference,
        tolerance={"call": Tolerance(1e-4, 1e-4), "put": Tolerance(1e-4, 1e-4)},
        bytes_moved=20 * n,
        operations=100 * n,
        limit="operations of log, exp and erfc counted as 20 each",
    )]
