"""Kernels of public programs, unmodified, with inputs of ours, give what NumPy gives, in both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from execution import first_run
from public_kernel import REPOSITORIES, PublicKernel, all_kernels, checkout

import compatlayer

KERNELS = all_kernels()


@pytest.fixture(scope="module")
def device() -> Iterator[compatlayer.Device]:
    with compatlayer.Device() as made:
        yield made


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["vector", "naive"])
@pytest.mark.parametrize("kernel", KERNELS, ids=[kernel.name for kernel in KERNELS])
def test_a_public_kernel_gives_what_its_meaning_says(kernel: PublicKernel, engine: str,
                                                     device: compatlayer.Device) -> None:
    if checkout(kernel.repository) is None:
        pytest.skip(f"needs COMPATLAYER_PUBLIC with a checkout of {kernel.repository}; see tests/public/README.md")
    if kernel.lockstep and engine == "naive":
        pytest.skip("the kernel needs warps in lockstep, which neither CUDA nor the naive engine promises")
    job = kernel.make(0)
    execution, _, _ = first_run(device, kernel, job, engine)
    try:
        job.verify(execution.contents())
    finally:
        execution.close()


def test_there_are_forty_kernels_of_known_repositories_with_names_of_their_own() -> None:
    assert len(KERNELS) >= 40
    assert len({kernel.name for kernel in KERNELS}) == len(KERNELS)
    assert {kernel.repository for kernel in KERNELS} <= REPOSITORIES.keys()
