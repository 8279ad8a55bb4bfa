"""Fill functions of the driver API."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core.fill import fill
from compatlayer.core.stream import resolve
from compatlayer.frontends.driver.values import number


@entry("cuMemsetD8_v2")
def fill_8(dstDevice, uc, N):
    fill(resolve(0), dstDevice, uc, 1, N, wait=True)


@entry("cuMemsetD16_v2")
def fill_16(dstDevice, us, N):
    fill(resolve(0), dstDevice, us, 2, N, wait=True)


@entry("cuMemsetD32_v2")
def fill_32(dstDevice, ui, N):
    fill(resolve(0), dstDevice, ui, 4, N, wait=True)


@entry("cuMemsetD2D8_v2")
def fill_rows_8(dstDevice, dstPitch, uc, Width, Height):
    fill(resolve(0), dstDevice, uc, 1, Width, Height, dstPitch, wait=True)


@entry("cuMemsetD2D16_v2")
def fill_rows_16(dstDevice, dstPitch, us, Width, Height):
    fill(resolve(0), dstDevice, us, 2, Width, Height, dstPitch, wait=True)


@entry("cuMemsetD2D32_v2")
def fill_rows_32(dstDevice, dstPitch, ui, Width, Height):
    fill(resolve(0), dstDevice, ui, 4, Width, Height, dstPitch, wait=True)


@entry("cuMemsetD8Async", optional=("hStream",))
def fill_8_async(dstDevice, uc, N, hStream):
    fill(resolve(number(hStream)), dstDevice, uc, 1, N)


@entry("cuMemsetD16Async", optional=("hStream",))
def fill_16_async(dstDevice, us, N, hStream):
    fill(resolve(number(hStream)), dstDevice, us, 2, N)


@entry("cuMemsetD32Async", optional=("hStream",))
def fill_32_async(dstDevice, ui, N, hStream):
    fill(resolve(number(hStream)), dstDevice, ui, 4, N)


@entry("cuMemsetD2D8Async", optional=("hStream",))
def fill_rows_8_async(dstDevice, dstPitch, uc, Width, Height, hStream):
    fill(resolve(number(hStream)), dstDevice, uc, 1, Width, Height, dstPitch)


@entry("cuMemsetD2D16Async", optional=("hStream",))
def fill_rows_16_async(dstDevice, dstPitch, us, Width, Height, hStream):
    fill(resolve(number(hStream)), dstDevice, us, 2, Width, Height, dstPitch)


@entry("cuMemsetD2D32Async", optional=("hStream",))
def fill_rows_32_async(dstDevice, dstPitch, ui, Width, Height, hStream):
    fill(resolve(number(hStream)), dstDevice, ui, 4, Width, Height, dstPitch)
