"""Random CUDA kernels and a model of what they compute.

`grammar` writes a kernel from a seed, `text` prints it as CUDA C++, `model` computes it with NumPy, `trial` runs both
and compares. `python -m generated --help` in the folder above runs many seeds and shrinks what fails.
"""
