"""The `nvcc` of the toolkit folder: CUDA C++ files to cubin, PTX or fatbin, preprocessed text, dependencies.

Whole programs (host code with kernels in it) are refused by name. See docs/nvcc.md.
"""
